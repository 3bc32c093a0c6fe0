"""The page that a report is set in: its frame, its style and the pieces it is made of."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go
import plotly.io as pio

STYLE = """
:root { --ink:#16212c; --soft:#5d6b78; --line:#e1e6eb; --back:#f3f5f7; --blue:#1f5fa8;
  --gain:#12876f; --loss:#c8452d; }
* { box-sizing:border-box; }
body { margin:0; background:var(--back); color:var(--ink); font:15px/1.5 Inter,system-ui,
  -apple-system,"Segoe UI",Roboto,sans-serif; font-variant-numeric:tabular-nums; }
main { max-width:1240px; margin:0 auto; padding:28px 24px 60px; }
header { margin-bottom:22px; }
.top { display:flex; align-items:baseline; gap:14px; }
.brand { color:var(--blue); font-weight:700; letter-spacing:.02em; font-size:17px; }
h1 { font-size:26px; font-weight:650; margin:0; }
h2 { font-size:18px; font-weight:650; margin:0 0 4px; }
h3 { font-size:14px; font-weight:600; margin:16px 0 4px; }
h3 small { color:var(--soft); font-weight:400; font-size:13px; margin-left:6px; }
.facts { color:var(--soft); margin:4px 0 16px; overflow-wrap:anywhere; }
.notice { background:#fdecea; border-left:4px solid var(--loss); padding:10px 14px; }
.tiles { display:grid; grid-template-columns:repeat(auto-fit,minmax(250px,1fr)); gap:12px; }
.tile { background:#fff; border:1px solid var(--line); border-radius:8px; padding:12px 16px;
  display:flex; flex-direction:column; }
.tile span { color:var(--soft); font-size:13px; }
.tile strong { font-size:25px; font-weight:650; line-height:1.3; }
.tile em { color:var(--soft); font-style:normal; font-size:13px; overflow-wrap:anywhere; }
.tile.good strong { color:var(--gain); } .tile.bad strong { color:var(--loss); }
section { background:#fff; border:1px solid var(--line); border-radius:8px;
  padding:20px 22px; margin-bottom:16px; }
.note { color:var(--soft); margin:0 0 8px; max-width:82ch; }
.nothing { color:var(--soft); margin:8px 0; }
.agree { color:var(--gain); font-weight:600; margin:8px 0 0; }
.differ { color:var(--loss); font-weight:600; margin:8px 0; }
.pair { display:grid; grid-template-columns:repeat(2,minmax(0,1fr)); gap:8px 32px; }
@media (max-width:900px) { .pair { grid-template-columns:minmax(0,1fr); } }
.plot { min-width:0; }
.scroll { overflow-x:auto; }
table { border-collapse:collapse; width:100%; font-size:14px; margin:8px 0; }
th { color:var(--soft); font-weight:500; font-size:13px; }
th, td { text-align:right; padding:6px 10px; border-bottom:1px solid var(--line);
  white-space:nowrap; }
th.text, td.text { text-align:left; } td.text:last-child { white-space:normal; }
th:first-child, td:first-child { padding-left:0; }
th:last-child, td:last-child { padding-right:0; }
summary { cursor:pointer; color:var(--blue); }
pre { background:var(--back); padding:14px; border-radius:6px; overflow-x:auto; font-size:13px; }
"""

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>pyscalp report</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style><script>{plotly}</script></head>
<body><main>{header}
{sections}
</main></body></html>
"""


def plot(figure: go.Figure, name: str) -> str:
    """A figure as HTML; `name` is its id on the page."""
    text: str = pio.to_html(
        figure,
        include_plotlyjs=False,
        full_html=False,
        div_id=name,
        config={"displayModeBar": False, "responsive": True},
    )
    return f'<div class="plot">{text}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """A table; the first `text_columns` columns are text, the others numbers."""

    def cells(tag: str, values: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=text' if i < text_columns else ''}>{html.escape(str(v))}</{tag}>"
            for i, v in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    top = f"<thead><tr>{cells('th', head)}</tr></thead>"
    return f'<div class="scroll"><table>{top}<tbody>{body}</tbody></table></div>'


def section(title: str, note: str, body: str) -> str:
    """A part of the page with its heading."""
    lead = f'<p class="note">{note}</p>' if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{lead}{body}</section>"


def nothing(text: str) -> str:
    """What stands where there is nothing to show."""
    return f'<p class="nothing">{html.escape(text)}</p>'
