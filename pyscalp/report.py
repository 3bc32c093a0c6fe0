"""report.html: one file that explains a run, with its plots, and needs no network."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from plotly.offline import get_plotlyjs

from pyscalp.latency_file import latency_table, stages_of
from pyscalp.report_economics import economics_sections, money
from pyscalp.report_machine import machine_section
from pyscalp.report_page import PAGE, STYLE, nothing, plot, section, table
from pyscalp.report_plots import (
    HOLDING_LIMIT_S,
    basis_points_text,
    equity_figure,
    holding_figure,
    latency_figure,
    nanos,
    price_figure,
    signed,
)
from pyscalp.run_directory import RunDirectory, WrittenRun
from pyscalp.transport import transport_lines, transport_rows

_PRICE_PLOTS_MAX = 8


def write_report(directory: str | Path) -> Path:
    """Make ``report.html`` out of the other files of a run directory.

    Raises
    ------
    PyscalpError
        If a file of the directory is missing or damaged.
    OSError
        If the report cannot be written.
    """
    target = Path(directory) / "report.html"
    partial = target.with_name(".report.html.part")
    try:
        partial.write_text(render(RunDirectory.open(directory).read()), encoding="utf-8")
        partial.replace(target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    return target


def render(run: WrittenRun) -> str:
    """The report as one HTML text."""
    sections = [
        *economics_sections(run),
        section("Equity and drawdown", _EQUITY, _equity(run)),
        section("Entries and exits", _PRICES, _prices(run)),
        section("How positions were held", _HOLDING, _holding(run)),
        section("Latency", _LATENCY, _latency(run)),
        section("Market data", _TRANSPORT, _transport(run)),
        *machine_section(run),
        section("Risk", _RISK, _risk(run)),
        section("Ledger against the exchange's record", "", _reconciliation(run)),
        section("Configuration as used", "", _configuration(run)),
    ]
    return PAGE.format(
        style=STYLE, plotly=get_plotlyjs(), header=_header(run), sections="\n".join(sections)
    )


_EQUITY = "Realised and unrealised, after fees, since the start; below, how far under its peak."
_PRICES = (
    "Bid and ask with our fills. Triangles up buy, triangles down sell; filled ones open a "
    "position, hollow ones close it. Bid and ask are drawn as sampled: between two samples a "
    "fill may lie off them."
)
_HOLDING = "From first fill to flat. The engine leaves every position under 60 s, always."
_LATENCY = (
    "From the datagram in user space to the order in the kernel's hands, stage by stage; "
    "the order's round trip contains the network and the venue."
)
_TRANSPORT = "Packets between the network and the engine; the feed asks for what was lost again."
_RISK = "Every order passes one gate. What tripped, and what the gate refused."


# -- header ---------------------------------------------------------------------------


def _header(run: WrittenRun) -> str:
    s = run.summary
    facts = [
        s.get("started", ""),
        s.get("venue", ""),
        ", ".join(s.get("symbols", [])),
        f"{s['duration_s']:,.0f} s" if s.get("duration_s") is not None else "",
        f"{s['messages']:,} messages" if s.get("messages") is not None else "",
        f"pyscalp {s.get('version', '')}",
        f"hash {s['hash']}" if s.get("hash") else "",
    ]
    line = " · ".join(html.escape(str(fact)) for fact in facts if fact)
    title = "Replay of a recorded day" if s.get("mode") == "replay" else "Trading session"
    problem = s.get("error")
    notice = f'<p class="notice">{html.escape(str(problem))}</p>' if problem else ""
    return (
        f'<header><div class="top"><span class="brand">pyscalp</span><h1>{title}</h1></div>'
        f'<p class="facts">{line}</p>{notice}<div class="tiles">{_tiles(run)}</div></header>'
    )


def _tiles(run: WrittenRun) -> str:
    s = run.summary
    trips, winners = s["round_trips"], s["winners"]
    breakers = s.get("breakers", [])
    agreement = s.get("reconciliation")
    longest = s.get("holding_s_max")
    share = s.get("maker_share")
    drop = s["max_drawdown_of_aum"]
    tiles = [
        ("Net PnL", money(s["net"]), f"{money(s['fees'])} fees", _tone(s["net"])),
        (
            "Net per trade",
            basis_points_text(s["net_bp_per_trade"]),
            "after all costs",
            _tone(s["net_bp_per_trade"]),
        ),
        ("Round trips", f"{trips:,}", f"{winners / trips:.0%} winners" if trips else "none", ""),
        (
            "Maximum drawdown",
            money(-s["max_drawdown"]) if s["max_drawdown"] else "$0.00",
            f"{drop:.3%} of AUM",
            "",
        ),
        ("Maker share", "–" if share is None else f"{share:.0%}", "of shares traded", ""),
        (
            "Longest holding",
            "–" if longest is None else f"{longest:.1f} s",
            "limit 60 s",
            "bad" if longest is not None and longest >= HOLDING_LIMIT_S else "",
        ),
        (
            "Breakers",
            str(len(breakers)),
            ", ".join(breakers).replace("_", " ") or _none_tripped(s.get("trips", [])),
            "bad" if breakers else "good",
        ),
    ]
    if agreement is not None:
        agrees = agreement["agrees"]
        tiles.append(
            (
                "Ledger",
                "agrees" if agrees else "differs",
                f"{agreement['fills_compared']:,} fills against the exchange's record",
                "good" if agrees else "bad",
            )
        )
    return "".join(
        f'<div class="tile {tone}"><span>{label}</span><strong>{html.escape(value)}</strong>'
        f"<em>{html.escape(note)}</em></div>"
        for label, value, note, tone in tiles
    )


def _none_tripped(trips: list[dict[str, Any]]) -> str:
    """What is said where no breaker is latched: others may have gone off, and back again."""
    if not trips:
        return "none tripped"
    return f"at the end; tripped {len(trips):,} time{'s' if len(trips) > 1 else ''}, see Risk"


def _tone(value: float | None) -> str:
    return "" if not value else "good" if value > 0 else "bad"


# -- time series ----------------------------------------------------------------------


def _equity(run: WrittenRun) -> str:
    if not run.samples.height:
        return nothing("The equity was never sampled.")
    return plot(equity_figure(run), "equity")


def _prices(run: WrittenRun) -> str:
    if not run.samples.height:
        return nothing("No prices were sampled.")
    symbols = run.samples["symbol"].cast(pl.String)
    fills = run.fills["symbol"].cast(pl.String)
    counts = dict(fills.value_counts().iter_rows())
    ranked = sorted(symbols.unique(), key=lambda symbol: (-counts.get(symbol, 0), symbol))
    shown = ranked[:_PRICE_PLOTS_MAX]
    parts = []
    for place, symbol in enumerate(shown):
        figure, note = price_figure(
            run, run.samples.filter(symbols == symbol), run.fills.filter(fills == symbol)
        )
        parts.append(
            f"<h3>{html.escape(str(symbol))} "
            f"<small>{counts.get(symbol, 0):,} fills{note}</small></h3>"
            + plot(figure, f"price{place}")
        )
    if len(ranked) > len(shown):
        rest = len(ranked) - len(shown)
        parts.append(f'<p class="note">{rest} more instruments had fewer fills.</p>')
    return "".join(parts)


# -- holding, latency -----------------------------------------------------------------


def _holding(run: WrittenRun) -> str:
    if not run.trades.height:
        return nothing("No position was closed.")
    trades = run.trades.with_columns(pl.col("exit_intent").cast(pl.String))
    reasons = (
        trades.group_by("exit_intent")
        .agg(
            pl.len().alias("n"),
            pl.col("net_bp").mean(),
            (pl.col("holding_ns").mean() / 1e9).alias("held"),
        )
        .sort("n", descending=True)
    )
    rows = [
        [
            str(row["exit_intent"]).replace("_", " "),
            f"{row['n']:,}",
            f"{row['n'] / trades.height:.0%}",
            signed(row["net_bp"]),
            f"{row['held']:.1f} s",
        ]
        for row in reasons.iter_rows(named=True)
    ]
    right = "<h3>Why they ended</h3>" + table(["Exit", "Trades", "Share", "Net bp", "Held"], rows)
    right += "<h3>Maker and taker</h3>" + _maker_table(run)
    left = f"<h3>Holding times</h3>{plot(holding_figure(run), 'holding')}"
    return f'<div class="pair"><div>{left}</div><div>{right}</div></div>'


def _maker_table(run: WrittenRun) -> str:
    fills = run.fills.with_columns(
        pl.col("liquidity").cast(pl.String),
        pl.when(pl.col("intent").cast(pl.String) == "entry")
        .then(pl.lit("entries"))
        .otherwise(pl.lit("exits"))
        .alias("leg"),
    )
    grouped = (
        fills.group_by("leg", "liquidity")
        .agg(pl.col("qty").sum(), (pl.col("fee_e9").sum() / 1e9).alias("fees"))
        .sort("leg", "liquidity")
    )
    total = dict(fills.group_by("leg").agg(pl.col("qty").sum()).iter_rows())
    rows = [
        [
            row["leg"],
            row["liquidity"],
            f"{row['qty']:,.10g}",
            f"{row['qty'] / total[row['leg']]:.0%}",
            money(row["fees"]),
        ]
        for row in grouped.iter_rows(named=True)
    ]
    return table(["Leg", "As", "Quantity", "Share", "Fees paid"], rows, text_columns=2)


def _latency(run: WrittenRun) -> str:
    stages = latency_table(stages_of(run.latency))
    if not stages:
        return nothing("No stage was timed in this run.")
    head = ["Stage", "Count", "Min", "p50", "p90", "p99", "p99.9", "Max"]
    rows = [
        [
            stage.replace("_", " "),
            f"{row['count']:,}",
            *(nanos(row[key]) for key in ("min", "p50", "p90", "p99", "p99.9", "max")),
        ]
        for stage, row in stages.items()
    ]
    return table(head, rows) + plot(latency_figure(run), "latency")


def _transport(run: WrittenRun) -> str:
    transport = run.summary.get("transport")
    if not transport:
        return nothing("There was no network: a replay has the exchange in the same process.")
    text = "".join(f"<p>{html.escape(line)}</p>" for line in transport_lines(transport))
    return text + table(["Packets", "Count"], transport_rows(transport))


# -- risk, record, configuration ------------------------------------------------------


def _risk(run: WrittenRun) -> str:
    rows = [
        [str(run.clock(np.array([trip["time"]], dtype=np.int64))[0])[11:23], trip["text"]]
        for trip in run.summary.get("trips", [])
    ]
    tripped = (
        table([run.clock_title.capitalize(), "What tripped"], rows, text_columns=2)
        if rows
        else nothing("No breaker tripped.")
    )
    denied = {reason: n for reason, n in run.summary.get("denied", {}).items() if n}
    refused = (
        table(
            ["Reason", "Orders refused"],
            [
                [str(reason).replace("_", " "), f"{n:,}"]
                for reason, n in sorted(denied.items(), key=lambda item: -item[1])
            ],
        )
        if denied
        else nothing("The gate refused no order.")
    )
    return (
        f'<div class="pair"><div><h3>Breakers</h3>{tripped}</div>'
        f"<div><h3>Refused at the gate</h3>{refused}</div></div>"
    )


def _reconciliation(run: WrittenRun) -> str:
    agreement = run.summary.get("reconciliation")
    if agreement is None:
        return nothing(
            "There was no record to compare with: a venue elsewhere keeps its own, and a "
            "replay has the exchange in the same process."
        )
    if agreement["agrees"]:
        return (
            f'<p class="agree">All {agreement["fills_compared"]:,} fills agree in quantity, price, '
            "fee and liquidity, and every final position is the same.</p>"
        )
    shown = agreement["differences"][:200]
    rows = [[d["what"], d["where"], str(d["ledger"]), str(d["record"])] for d in shown]
    count = len(agreement["differences"])
    limit = ", the first 200 shown" if count > 200 else ""
    return f'<p class="differ">{count:,} differences{limit}.</p>' + table(
        ["What", "Where", "Our ledger", "Exchange's record"], rows, text_columns=4
    )


def _configuration(run: WrittenRun) -> str:
    lines = [
        'password = "…"  # not shown' if line.startswith("password") else line
        for line in run.config.splitlines()
    ]
    text = html.escape("\n".join(lines))
    return f"<details><summary>config.toml</summary><pre>{text}</pre></details>"
