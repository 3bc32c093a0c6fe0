"""What a benchmark's result looks like on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_bench_book(result: dict[str, Any], console: Console) -> None:
    """The tables of `pyscalp.bench_book.bench_book`."""
    machine = result["machine"]
    peers = ", ".join(f"{name} {number}" for name, number in machine["peers"].items())
    console.print(
        f"{machine['cores']} cores of {machine['processor']}, load {machine['load']:.1f}, "
        f"Python {machine['python']}; {peers or 'no peers'}; {result['rounds']} rounds in turns",
        highlight=False,
    )
    for peer in result["missing"]:
        console.print(f"{peer} is not installed: pip install 'pyscalp[bench]'", highlight=False)
    if result["check"]:
        console.print(
            f"equal to itch-book at the end: best prices of {result['check']['instruments']:,} "
            "instruments",
            highlight=False,
        )
    for section in result["sections"].values():
        console.print(_section(section), highlight=False)
    if "operations" in result:
        console.print(_operations(result["operations"]), highlight=False)


def print_bench_micro(result: dict[str, Any], console: Console) -> None:
    """The table of `pyscalp.bench_micro.bench_micro`."""
    machine = result["machine"]
    console.print(
        f"{machine['cores']} cores of {machine['processor']}, load {machine['load']:.1f}; "
        f"{result['compiler']}; {result['rounds']} rounds, each a process",
        highlight=False,
    )
    for name, why in result["left_out"].items():
        console.print(f"{name} left out: {why}", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("ns of one operation")
    for heading in ("min", "median", "worst", "spread"):
        table.add_column(heading, justify="right", no_wrap=True)
    group = ""
    for row in result["rows"]:
        if row["name"].split("/")[0] != group:
            group = row["name"].split("/")[0]
            table.add_row()
        table.add_row(
            row["name"],
            f"[bold]{row['ns_min']:,.2f}[/bold]",
            f"{row['ns_median']:,.2f}",
            f"{row['ns_max']:,.2f}",
            f"{row['ns_median'] / row['ns_min'] - 1:.1%}",
        )
    console.print(table, highlight=False)


def _section(section: dict[str, Any]) -> Table:
    table = Table(
        title=f"\n[bold]{section['title']}[/bold]: {section['messages']:,} messages, "
        f"{section['bytes'] / 1e6:,.0f} MB{_found(section['contenders'])}",
        title_justify="left",
        title_style="",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("ns a message", no_wrap=True)
    for heading in ("min", "median", "worst", "CPU", "ratio", "memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in section["contenders"]:
        table.add_row(
            row["name"],
            f"[bold]{row['ns_min']:.1f}[/bold]",
            f"{row['ns_median']:.1f}",
            f"{row['ns_max']:.1f}",
            f"{row['cpu_ns_min']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['grown_bytes'] / 1e6:,.0f} MB",
        )
    return table


def _found(contenders: list[dict[str, Any]]) -> str:
    """What the contenders made of the file; said once where they agree."""
    said = []
    for key, words in (
        ("live_orders", "orders alive"),
        ("rows", "rows"),
        ("crossed_books", "books crossed"),
        ("refused", "messages refused"),
    ):
        numbers = sorted({row[key] for row in contenders if key in row})
        if numbers and (numbers != [0]):
            said.append(f"{' or '.join(f'{n:,}' for n in numbers)} {words}")
    return "; " + ", ".join(said) if said else ""


def _operations(operations: dict[str, Any]) -> Table:
    table = Table(
        title=f"\n[bold]single operations[/bold]: one in {operations['every']} timed, the "
        "clock's own time among it; ns with notice of what comes, and alone",
        title_justify="left",
        title_style="",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("")
    ways = ("announced", "alone")
    for way in ways:
        for quantile in ("p50", "p99", "p99.9"):
            heading = quantile if way == "announced" else f"alone {quantile}"
            table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("timed", justify="right")
    for kind in operations["times_ns"][ways[0]]:
        rows = [operations["times_ns"][way][kind] for way in ways]
        cells = [f"{row[key]:,}" for row in rows for key in ("p50", "p99", "p999")]
        table.add_row(kind, *cells, f"{rows[0]['count']:,}")
    return table
