"""What a tick-to-trade result looks like on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from pyscalp.bench_tick_figures import explanation, to_bytes_ns

_COLUMNS = ("min", "p50", "p99", "p99.9", "max")


def print_bench_tick(result: dict[str, Any], console: Console) -> None:
    """The tables of `pyscalp.bench_tick.bench_tick_to_trade`."""
    machine, settings = result["machine"], result["settings"]
    console.print(
        f"{machine['cores']} cores of {machine['processor']}, load {machine['load']:.1f}; "
        f"{result['places']}; exchange on core {machine['cores_used'][0]}, contender on core "
        f"{machine['cores_used'][1]}; {settings['triggers']:,} triggers at "
        f"{settings['rate']:g}/s, {settings['rounds']} rounds in turns",
        highlight=False,
    )
    for transport, why in result["refused"].items():
        console.print(f"{transport} left out: {why}", highlight=False)
    _tables("nothing but the triggers", result["rows"], console)
    feed = result["feed"]
    if feed is not None:
        title = (
            f"over {feed['transport']}, books of {feed['instruments']:,} instruments, a feed "
            f"behind them in multiples of {feed['peak']:,.0f} messages/s, {feed['peak_of']}"
        )
        _tables(title, feed["rows"], console)
        for row in feed["rows"]:
            if row["day_ended"] or row["feed_not_sent"]:
                console.print(f"{_name(row)}: the feed was not whole", highlight=False)
    if result["figures"]:
        console.print(figures_table(result["figures"]), highlight=False)


def _tables(title: str, rows: Sequence[dict[str, Any]], console: Console) -> None:
    if not rows:
        return
    console.print(_wire(title, rows), highlight=False)
    console.print(_lines(rows), highlight=False)
    engines = [row for row in rows if "stages" in row]
    if engines:
        console.print(_stages(engines, rows), highlight=False)
        console.print(_spin(engines), highlight=False)


def table_of(title: str) -> Table:
    """An empty table as all of these are."""
    return Table(
        title=f"\n[bold]{title}[/bold]",
        title_justify="left",
        title_style="",
        box=None,
        padding=(0, 1, 0, 0),
    )


def micros(nanos: float | None) -> str:
    """Microseconds in three figures or more: what fits a terminal of 80 columns."""
    if nanos is None:
        return "-"
    micros = nanos / 1e3
    return f"{micros:,.{2 if abs(micros) < 10 else 1 if abs(micros) < 100 else 0}f}"


def _share(share: float) -> str:
    return f"{share:.2%}" if share else "-"


def _name(row: dict[str, Any]) -> str:
    return f"{row['name']}, {row['load']:g}x" if row["load"] else str(row["name"])


def _wire(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    table = table_of(f"{title}: trigger out to order in by the outsider's clock, us")
    table.add_column("", no_wrap=True)
    for heading in (*_COLUMNS, "intended\np99", "orders", "no\norder", "lost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        wire = row["wire"]
        cells = [micros(wire.get(key)) for key in _COLUMNS]
        cells[1] = f"[bold]{cells[1]}[/bold]"
        table.add_row(
            _name(row),
            *cells,
            micros(row["from_intended"].get("p99")),
            f"{wire['count']:,}",
            f"{row['unanswered']:,}",
            f"{row['lost'] + row.get('gaps', 0):,}",
        )
    return table


def _lines(rows: Sequence[dict[str, Any]]) -> str:
    """How near the two cores were to each other, which the rest hangs on."""
    lines = sorted(ns for row in rows for one in row["rounds"] for ns in one["line_ns"])
    if not lines:
        return ""
    middle = lines[len(lines) // 2]
    return (
        f"a cache line to the other core and back: {middle:,} ns, {lines[0]:,} to "
        f"{lines[-1]:,} before and after the measurements"
    )


def _stages(engines: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> Table:
    table = table_of("the engine's own stamps at p50, us, between the echo's way in and way out")
    table.add_column("", no_wrap=True)
    stages = ("feed", "signal", "gate", "encode", "send", "tick_to_trade")
    headings = ["way in", "to poll", *stages[:4], "to bytes", "way out", "rest", *stages[4:]]
    for heading in headings:
        shown = heading.replace("tick_to_trade", "in to out").replace(" ", "\n", 1)
        table.add_column(shown, justify="right", no_wrap=True)
    for row in engines:
        if not row["stages"].get("tick_to_trade", {}).get("count"):
            continue
        echo = next(
            (
                other
                for other in rows
                if other["role"] == "echo"
                and (other["transport"], other["load"]) == (row["transport"], row["load"])
                and other["wire"]["count"]
            ),
            None,
        )
        parts = {} if echo is None else explanation(row, echo)
        p50 = {stage: row["stages"][stage]["p50"] for stage in stages}
        table.add_row(
            _name(row),
            micros(parts.get("way_in")),
            micros(row["stages"].get("arrival", {}).get("p50")),
            *(micros(p50[stage]) for stage in stages[:4]),
            micros(to_bytes_ns(row)),
            micros(parts.get("way_out")),
            micros(parts.get("rest")),
            *(micros(p50[stage]) for stage in stages[4:]),
        )
    return table


def _spin(engines: Sequence[dict[str, Any]]) -> Table:
    table = table_of("when the engine's thread was not running")
    table.add_column("", no_wrap=True)
    for heading in ("gaps", "worst, us", "share of the run", "core taken", "stolen"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in engines:
        spin = row["spin"]
        table.add_row(
            _name(row),
            f"{spin['gaps']:,}",
            micros(spin["worst_ns"]),
            f"{spin['lost_share']:.2%}",
            f"{spin['taken_away']:,}",
            _share(max((one["stolen"] or 0.0 for one in row["rounds"]), default=0.0)),
        )
    return table


def _between(figure: dict[str, Any]) -> str:
    return f"{figure['least']:.3g} to {figure['most']:.3g}, {figure['rounds']}"


def figures_table(figures: Sequence[dict[str, Any]]) -> Table:
    """Ratios within a run, and what was wanted of them."""
    table = table_of(
        "figures, each within this run: the median of its rounds, least, most, how many"
    )
    for heading in ("", "found", "rounds", "wanted", ""):
        justify = "right" if heading in ("found", "wanted") else "left"
        table.add_column(heading, justify=justify, no_wrap=heading != "")  # type: ignore[arg-type]
    for figure in figures:
        sign = "<=" if figure["at_most"] else ">="
        table.add_row(
            figure["name"],
            f"{figure['value']:.3g}",
            "" if figure["least"] == figure["most"] else _between(figure),
            f"{sign} {figure['bound']:g}",
            "" if figure["met"] else "[yellow]missed[/yellow]",
        )
    return table
