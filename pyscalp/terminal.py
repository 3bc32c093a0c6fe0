"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pyscalp.errors import ResultsNotWritten, os_reason


class _Stream:
    """Standard output or error as Python has it just now, on which no session fails.

    A reader that has gone hears no more of it. What cannot be written for another reason
    is an error on standard output, where the results go, and passed over on the other.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _now(self) -> TextIO:
        stream: TextIO = getattr(sys, self._name)
        # While rich shows a live view, this is rich's own stand-in.
        return getattr(stream, "rich_proxied_file", stream)

    def __getattr__(self, name: str) -> Any:
        if name == "rich_proxied_file":
            raise AttributeError(name)
        return getattr(self._now, name)

    def write(self, text: str) -> int:
        """Write it, whether or not anybody reads it; raises ResultsNotWritten."""
        try:
            self._now.write(text)
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """As `write`."""
        try:
            self._now.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        # What is buffered still, and what is to come, goes nowhere: Python flushes at its
        # end, and would complain.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._now.fileno())
        os.close(nowhere)
        if self._name == "stdout" and not isinstance(error, BrokenPipeError):
            reason = os_reason(error)
            raise ResultsNotWritten(f"cannot write to standard output: {reason}") from None


OUT = Console(file=cast(TextIO, _Stream("stdout")))
ERR = Console(file=cast(TextIO, _Stream("stderr")), stderr=True)


def print_json(value: object) -> None:
    """One JSON object on a line of its own."""
    print(json.dumps(value, default=str), file=OUT.file, flush=True)


def print_summary(summary: dict[str, Any], directory: Path | None) -> None:
    """The numbers of a run or a replay as a table."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")  # a path is whole, however long
    trips, net_bp = summary["round_trips"], summary["net_bp_per_trade"]
    parts = ("gross", "fees", "half_spread", "slippage", "network")
    if net_bp is not None:
        gross, *costs = (summary[f"{part}_bp_per_trade"] for part in parts)
        split = " ".join(f"{0 - cost:+.2f}" for cost in costs)
        table.add_row(
            "net per trade",
            f"{net_bp:+.2f} bp = {gross:+.2f} {split}  "
            "(gross, fees, half-spread, slippage, network)",
        )
    table.add_row("net", f"{summary['net']:,.2f}, fees {summary['fees_all_fills']:,.2f}")
    won = f", {summary['winners'] / trips:.0%} won" if trips else ""
    table.add_row("round trips", f"{trips:,}{won}, {summary['fills']:,} fills")
    if trips:
        table.add_row("maker share", f"{summary['maker_share']:.0%}")
        table.add_row("longest holding", f"{summary['holding_s_max']:.1f} s")
    table.add_row("maximum drawdown", f"{summary['max_drawdown']:,.2f}")
    trips = len(summary.get("trips", []))
    none = f"none at the end, {trips:,} on the way" if trips else "none"
    table.add_row("breakers", ", ".join(map(str, summary["breakers"])) or none)
    speed = summary.get("messages_per_second")
    table.add_row("messages", f"{summary['messages'] or 0:,}" + (f", {speed:,}/s" if speed else ""))
    latency = summary["latency_ns"].get("tick_to_trade")
    if latency:
        table.add_row(
            "tick to trade",
            f"p50 {latency['p50'] / 1e3:,.1f} us, p99 {latency['p99'] / 1e3:,.1f} us",
        )
    if spin := summary.get("spin"):
        table.add_row(
            "engine not running",
            f"{spin['lost_share']:.3%} of the time, {spin['gaps']:,} gaps above "
            f"{spin['threshold_ns'] / 1e3:g} us, worst {spin['worst_ns'] / 1e6:,.2f} ms",
        )
    if own := summary.get("user_signal"):
        row = f"{own['name']}, {own['kind']}"
        if "calls" in own:
            row += f", {own['calls']:,} calls"
        if own.get("not_finite"):
            row += f", [bold red]{own['not_finite']:,} forecasts not finite[/bold red]"
        table.add_row("own signal", row)
    for place, line in enumerate(summary.get("machine", [])):
        table.add_row("" if place else "machine", escape(line))
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
    if directory is not None and (report := directory / "report.html").is_file():
        table.add_row("report", str(report))
    OUT.print(table, highlight=False)


def print_styles(styles: list[dict[str, Any]]) -> None:
    """The comparison of `pyscalp.styles`, costs negative, in basis points of entries.

    The last column is the adverse selection of fills as maker after 5 s.
    """
    names = ("gross", "fees", "half_spread", "slippage", "network", "net")
    table = Table(box=None, padding=(0, 1, 0, 0), title="\nbasis points", title_justify="left")
    table.add_column("style")
    headings = ("trades", "maker", "filled", "gross", "fees", "half-\nspread", "slip-\npage")
    for heading in (*headings, "net-\nwork", "net", "money", "against\nmakers"):
        table.add_column(heading, justify="right")
    for style in styles:
        parts = style["parts"]
        signs = (1, -1, -1, -1, -1, 1)
        bp = [
            f"{round(sign * parts[name]['bp'], 2) + 0:+.2f}" if parts else "-"
            for sign, name in zip(signs, names, strict=True)
        ]
        shares = [style["maker_share"], style["fill_rate"]]
        adverse = next(at["adverse_bp"] for at in style["adverse"]["maker"] if at["horizon_s"] == 5)
        table.add_row(
            style["style"],
            f"{style['trades']:,}",
            *("-" if share is None else f"{share:.0%}" for share in shares),
            *bp,
            f"{parts['net']['money']:,.0f}" if parts else "-",
            "-" if adverse is None else f"{adverse:+.2f}",
        )
    OUT.print(table, highlight=False)


def complain(text: str) -> None:
    """What went wrong, in red on standard error."""
    ERR.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def spoken_warnings(category: type[Warning]) -> Iterator[None]:
    """Warnings of one kind as lines on standard error, at once, without their place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", category)
        warnings.showwarning = lambda message, *_: ERR.print(
            str(message), style="yellow", markup=False, highlight=False, soft_wrap=True
        )
        yield
