"""A tick-to-trade result as a page: latency by percentile, as HdrHistogram draws it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from pyscalp.report_page import PAGE, STYLE, plot, section, table

_COLOURS = ("#1f5fa8", "#12876f", "#c98a12", "#8a5aa8", "#4aa3c7", "#c8452d")
_DASHES = {"engine": "solid", "echo": "dot", "asyncio": "dash"}
_TICKS = {1: "min", 2: "50 %", 10: "90 %", 100: "99 %", 1_000: "99.9 %", 10_000: "99.99 %"}


def figure(rows: Sequence[dict[str, Any]]) -> go.Figure:
    """Latency over percentile, both on logarithmic scales."""
    drawn = go.Figure()
    keys = list(dict.fromkeys((row["transport"], row["load"]) for row in rows))
    for row in rows:
        if not row["curve"]:
            continue
        colour = _COLOURS[keys.index((row["transport"], row["load"])) % len(_COLOURS)]
        name = row["name"] + (f", {row['load']:g}x" if row["load"] else "")
        drawn.add_trace(
            go.Scatter(
                x=[point[0] for point in row["curve"]],
                y=[point[1] / 1e3 for point in row["curve"]],
                mode="lines",
                name=name,
                line={"color": colour, "width": 1.8, "dash": _DASHES[row["role"]]},
                hovertemplate="%{y:,.2f} us<extra>" + html.escape(name) + "</extra>",
            )
        )
    drawn.update_xaxes(
        type="log", tickvals=list(_TICKS), ticktext=list(_TICKS.values()), title="percentile"
    )
    drawn.update_yaxes(type="log", title="trigger out to order in, us")
    drawn.update_layout(height=460, margin={"l": 60, "r": 20, "t": 20, "b": 50})
    return drawn


def page(result: dict[str, Any]) -> str:
    """One HTML page with everything in it."""
    parts = [("Nothing but the triggers", result["rows"])]
    if result["feed"] is not None:
        over = f"A feed behind them, over {result['feed']['transport']}"
        parts.append((over, result["feed"]["rows"]))
    sections = [
        section(title, "", plot(figure(rows), f"curve{i}") + _rows(rows))
        for i, (title, rows) in enumerate(parts)
    ]
    head = (
        '<header><div class="top"><span class="brand">pyscalp</span>'
        f'<h1>Tick to trade</h1></div><p class="facts">{html.escape(result["places"])}; '
        f"{html.escape(str(result['machine']['processor']))}</p></header>"
    )
    return PAGE.format(
        style=STYLE, plotly=get_plotlyjs(), header=head, sections="\n".join(sections)
    )


def _rows(rows: Sequence[dict[str, Any]]) -> str:
    columns = ("min", "p50", "p90", "p99", "p99.9", "max")
    return table(
        ["us", *columns, "no order"],
        [
            [
                row["name"] + (f", {row['load']:g}x" if row["load"] else ""),
                *(f"{row['wire'][key] / 1e3:,.2f}" for key in columns if row["wire"]["count"]),
                str(row["unanswered"]),
            ]
            for row in rows
        ],
    )
