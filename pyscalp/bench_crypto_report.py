"""What a result of the crypto feed bench looks like on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from pyscalp.bench_tick_report import figures_table, micros, table_of

_COLUMNS = ("min", "p50", "p90", "p99", "p99.9")


def print_bench_feed(result: dict[str, Any], console: Console) -> None:
    """The tables of `pyscalp.bench_crypto_feed.bench_crypto_feed`."""
    machine, settings, levels = result["machine"], result["settings"], result["levels"]
    console.print(
        f"{machine['cores']} cores of {machine['processor']}, load {machine['load']:.1f}; TLS "
        f"over one loopback, server on core {machine['cores_used'][0]}, client on core "
        f"{machine['cores_used'][1]}; {settings['messages']:,} messages, "
        f"{settings['rounds']} rounds in turns; books equal at the end: "
        f"{levels['bids']:,} bids, {levels['asks']:,} asks",
        highlight=False,
    )
    for name, why in result["left_out"].items():
        console.print(f"{name} left out: {why}", highlight=False)
    table = table_of(
        f"from the server's send to the book, us, at {settings['rate']:,.0f} messages/s; and "
        "at full speed"
    )
    table.add_column("", no_wrap=True)
    for heading in (*_COLUMNS, "p50 by round", "messages/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result["rows"]:
        medians = [one["p50"] for one in row["rounds"]]
        cells = [micros(row["latency"][key]) for key in _COLUMNS]
        cells[1] = f"[bold]{cells[1]}[/bold]"
        spread = f"{micros(min(medians))} to {micros(max(medians))}"
        table.add_row(row["name"], *cells, spread, f"{row['per_second']:,.0f}")
    console.print(table, highlight=False)
    said = {k: v for row in result["rows"] for k, v in row["versions"].items()}
    if said:
        console.print(", ".join(f"{name} {number}" for name, number in said.items()))
    if result["figures"]:
        console.print(figures_table(result["figures"]), highlight=False)
