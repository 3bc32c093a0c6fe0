"""The command ``pyscalp book``."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pyscalp.errors import EXIT_USER, PyscalpError
from pyscalp.terminal import ERR, OUT, complain, print_json

if TYPE_CHECKING:
    from pyscalp.book_tables import BookTables

_SHOWN = 20
"""Instruments in the table on the terminal."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        epilog="Example: pyscalp book 12302019.NASDAQ_ITCH50.gz --out bbo.parquet "
        "--instruments AMZN,AAPL"
    )(book)


def book(
    file: Annotated[Path, typer.Argument(help="Recorded file, also packed: ITCH, pcap, DBN, …")],
    out: Annotated[
        Path | None, typer.Option(help="File to write: .parquet, .csv or .arrow.")
    ] = None,
    instruments: Annotated[
        str | None, typer.Option(metavar="SYMBOL,…", help="All, unless some are named.")
    ] = None,
    table: Annotated[
        Literal["top", "depth", "trades", "features"], typer.Option(help="What to write.")
    ] = "top",
    levels: Annotated[
        int, typer.Option(min=1, max=64, help="Levels of each side in depth and features.")
    ] = 5,
    day: Annotated[
        str | None,
        typer.Option(help="Such as 2012-06-21.", show_default="by the name of the file"),
    ] = None,
    prices: Annotated[
        Literal["int64", "float64", "decimal"],
        typer.Option(help="int64 is in units of 1e-9."),
    ] = "int64",
    tick: Annotated[str, typer.Option(help="What distances are counted in.")] = "0.01",
    depth_ticks: Annotated[
        int, typer.Option(min=0, max=4096, help="How far from the touch depth is summed up.")
    ] = 5,
    price_step: Annotated[
        str, typer.Option(help="Prices of books by order are multiples of it.")
    ] = "0.0001",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Books of a recorded file: a table for the researcher, or their last state.

    Without --out, the touch of the most active instruments as the file leaves it.

    Exit status: 0 done, 2 the file is cut or damaged (the rows before that are written)
    or something asked for is not there, 74 the table could not be written, 130 stopped
    by Ctrl-C (nothing is written).
    """
    from pyscalp.book_file import format_of

    if out is not None:
        format_of(out)
    options: dict[str, Any] = {
        "instruments": _symbols(instruments),
        "levels": levels,
        "day": day,
        "prices": prices,
        "tick": tick,
        "depth_ticks": depth_ticks,
        "price_step": price_step,
    }
    begun = time.perf_counter()
    with warnings.catch_warnings(record=True) as said:
        last = _write(file, out, table, options) if out else _last_state(file, options)
    for warning in said:
        ERR.print(str(warning.message), style="yellow", markup=False, highlight=False)
    seconds = time.perf_counter() - begun
    summary = _summary(last, seconds)
    if out is not None:
        summary |= {"out": str(out), "table": table, "rows": last.rows}
    if as_json:
        print_json(summary | ({} if out else {"touches": last.touches}))
    else:
        if out is None:
            _print_touches(last)
        _print_summary(summary)
    if last.tables.problem:
        written = f"; the {last.rows:,} rows before that are in {out}" if out else ""
        complain(last.tables.problem + written)
        raise typer.Exit(EXIT_USER)


class _Last:
    """What the file came to."""

    def __init__(self, tables: BookTables, rows: int, touches: list[dict[str, Any]]) -> None:
        self.tables = tables
        self.rows = rows
        self.touches = touches


def _symbols(text: str | None) -> list[str] | None:
    if text is None:
        return None
    symbols = [symbol.strip() for symbol in text.split(",") if symbol.strip()]
    if not symbols:
        raise PyscalpError("--instruments names none; write symbols such as AMZN,AAPL")
    return symbols


def _bar() -> Progress:
    return Progress(
        TextColumn("book"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal,
    )


def _write(file: Path, out: Path, table: str, options: dict[str, Any]) -> _Last:
    from pyscalp.book_file import TableFile
    from pyscalp.book_tables import book_batches

    last: BookTables | None = None
    with _bar() as bar:
        task = bar.add_task("book", total=None)
        parts = book_batches(
            file,
            tables=(table,),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            **options,
        )
        # The first part shows whether the file can be read; only then is one written.
        first = next(parts)
        with TableFile(out) as written:
            written.write(first[table])
            for last in parts:
                written.write(last[table])
    return _Last(last or first, written.rows, [])


def _last_state(file: Path, options: dict[str, Any]) -> _Last:
    from pyscalp.book_tables import last_touches

    with _bar() as bar:
        task = bar.add_task("book", total=None)
        tables, touches = last_touches(
            file,
            most=_SHOWN,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            **options,
        )
    return _Last(tables, 0, touches)


def _summary(last: _Last, seconds: float) -> dict[str, Any]:
    counters = last.tables.counters
    flagged = last.tables.instruments["flagged"].to_pylist()
    return {
        "messages": counters["messages"],
        "seconds": round(seconds, 3),
        "messages_per_second": round(counters["messages"] / seconds) if seconds else 0,
        "instruments": len(flagged),
        "flagged": sum(flagged),
        "counters": counters,
        "problem": last.tables.problem,
    }


def _print_summary(summary: dict[str, Any]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row(
        "messages", f"{summary['messages']:,}, {summary['messages_per_second']:,} a second"
    )
    if "out" in summary:
        table.add_row("rows", f"{summary['rows']:,} of {summary['table']} in {summary['out']}")
    table.add_row("instruments", f"{summary['instruments']:,}")
    table.add_row("flagged books", f"{summary['flagged']:,}")
    for name, count in summary["counters"].items():
        if count and name != "messages":
            table.add_row(name.replace("_", " "), f"{count:,}")
    OUT.print(table, highlight=False)


def _print_touches(last: _Last) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("instrument")
    for heading in ("messages", "bid qty", "bid", "ask", "ask qty", "spread"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in last.touches:
        bid, ask = row["bid"], row["ask"]
        spread = _price(ask - bid) if bid is not None and ask is not None else ""
        table.add_row(
            row["instrument"],
            f"{row['messages']:,}",
            f"{row['bid_qty']:,}" if bid is not None else "",
            _price(bid),
            _price(ask),
            f"{row['ask_qty']:,}" if ask is not None else "",
            spread,
            "[red]flagged[/red]" if row["flagged"] else "",
        )
    OUT.print(table, highlight=False)


def _price(nanos: int | None) -> str:
    """A price at 1e-9 with at least two decimals and no idle zeros past them."""
    if nanos is None:
        return ""
    whole, part = divmod(abs(nanos), 10**9)
    decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nanos < 0 else ''}{whole:,}.{decimals}"
