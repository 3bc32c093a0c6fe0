"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

OUT = Console()
ERR = Console(stderr=True)


def print_json(value: object) -> None:
    """One JSON object on a line of its own."""
    print(json.dumps(value, default=str), flush=True)


def print_summary(summary: dict[str, Any], directory: Path | None) -> None:
    """The numbers of a run or a replay as a table."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    trips, net_bp = summary["round_trips"], summary["net_bp_per_trade"]
    parts = ("gross", "fees", "spread_slippage", "network")
    if net_bp is not None:
        gross, *costs = (summary[f"{part}_bp_per_trade"] for part in parts)
        split = " ".join(f"{-cost:+.2f}" for cost in costs)
        table.add_row(
            "net per trade",
            f"{net_bp:+.2f} bp = {gross:+.2f} {split}  (gross, fees, spread and slippage, network)",
        )
    table.add_row("net", f"{summary['net']:,.2f}, fees {summary['fees_all_fills']:,.2f}")
    won = f", {summary['winners'] / trips:.0%} won" if trips else ""
    table.add_row("round trips", f"{trips:,}{won}, {summary['fills']:,} fills")
    if trips:
        table.add_row("maker share", f"{summary['maker_share']:.0%}")
        table.add_row("longest holding", f"{summary['holding_s_max']:.1f} s")
    table.add_row("maximum drawdown", f"{summary['max_drawdown']:,.2f}")
    table.add_row("breakers", ", ".join(map(str, summary["breakers"])) or "none")
    speed = summary.get("messages_per_second")
    table.add_row("messages", f"{summary['messages'] or 0:,}" + (f", {speed:,}/s" if speed else ""))
    latency = summary["latency_ns"].get("tick_to_trade")
    if latency:
        table.add_row(
            "tick to trade",
            f"p50 {latency['p50'] / 1e3:,.1f} us, p99 {latency['p99'] / 1e3:,.1f} us",
        )
    agreement = summary["reconciliation"]
    if agreement is not None:
        said = (
            "agrees with the exchange's record"
            if agreement["agrees"]
            else (
                f"[bold red]{len(agreement['differences']):,} differences to the exchange's "
                "record[/bold red]"
            )
        )
        table.add_row("ledger", f"{said}, {agreement['fills_compared']:,} executions")
    if summary.get("hash"):
        table.add_row("hash", summary["hash"])
    if directory is not None:
        table.add_row("report", str(directory / "report.html"))
    OUT.print(table, highlight=False)


def complain(text: str) -> None:
    """What went wrong, in red on standard error."""
    ERR.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
