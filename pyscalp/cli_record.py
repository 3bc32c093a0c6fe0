"""The command ``pyscalp record``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from pyscalp.config import Config
from pyscalp.duration import Duration
from pyscalp.errors import PyscalpError
from pyscalp.record import RecordResult
from pyscalp.record import record as record_session
from pyscalp.record_feed import endpoint
from pyscalp.terminal import ERR, OUT, complain, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(epilog="Example: pyscalp record --duration 10s --out first.itch")(record)


def record(
    out: Annotated[Path, typer.Option(help="File to write: .pcap or .itch.")],
    line_a: Annotated[
        str | None, typer.Option(metavar="GROUP:PORT", help="Multicast group of line A.")
    ] = None,
    line_b: Annotated[
        str | None, typer.Option(metavar="GROUP:PORT", help="And of line B, if there is one.")
    ] = None,
    retransmission: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Server that repeats lost packets.")
    ] = None,
    interface: Annotated[
        str | None,
        typer.Option(metavar="ADDR", help="Where the feed arrives.", show_default="127.0.0.1"),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML configuration whose venue to record.")
    ] = None,
    exchange: Annotated[
        bool | None,
        typer.Option(
            "--exchange/--no-exchange",
            help="Start the included exchange, or join the one that is running.",
            show_default="start it unless it is running",
        ),
    ] = None,
    file_format: Annotated[
        Literal["pcap", "itch"] | None,
        typer.Option("--format", help="What to write.", show_default="by the name of the file"),
    ] = None,
    duration: Annotated[str | None, typer.Option(help="How long, such as 60s or 5m.")] = None,
    messages: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    from_start: Annotated[
        bool | None,
        typer.Option(
            "--from-start/--from-now",
            help="Also ask for what was sent before.",
            show_default="from the start if there is a server to ask",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Record a live multicast session: its datagrams (pcap) or its messages (ITCH).

    Without addresses, the included exchange. Ctrl-C ends the recording; the file is then
    whole. FILE.json beside it holds the figures. Exit status: 0 all is there, 2 nothing
    could be recorded, 3 the included exchange was lost, 6 messages are missing, 74 the
    file could not be written on.
    """
    result = record_session(
        out,
        line_a=endpoint("--line-a", line_a, group=True),
        line_b=endpoint("--line-b", line_b, group=True),
        retransmission=endpoint("--retransmission", retransmission, group=False),
        interface=interface,
        config=Config.load(config) if config else None,
        exchange=exchange,
        format=file_format,
        duration=_duration(duration),
        messages=messages,
        from_start=from_start,
        overwrite=force,
        live=not as_json,
        console=ERR,
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session is over and written
    if as_json:
        print_json(result.to_json())
    else:
        OUT.print(_summary(result), highlight=False)
    for problem in result.problems:
        complain(problem)
    raise typer.Exit(result.exit_status)


def _duration(text: str | None) -> Duration | None:
    if text is None:
        return None
    try:
        length = Duration.parse(text)
    except ValueError as error:
        raise PyscalpError(f"--duration {error}") from None
    if length == 0:
        raise PyscalpError("--duration must be longer than nothing")
    return length


def _summary(result: RecordResult) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    rows: dict[str, Any] = {
        "file": f"{result.path}, {result.bytes:,} bytes",
        "session": f"{result.session.strip() or 'unknown'}, {result.end}",
        "messages": f"{result.messages:,}",
    }
    if result.messages:
        rows["messages"] += f", {result.first_sequence:,} to {result.last_sequence:,}"
    if result.format == "pcap":
        rows["datagrams in it"] = f"{result.packets:,}"
    for line, name in (("a", "line A"), ("b", "line B"), ("retransmission", "repeated")):
        if result.datagrams[line]:
            rows[name] = (
                f"{result.datagrams[line]:,} datagrams, first with {result.first[line]:,} messages"
            )
    rows["duplicates"] = f"{result.duplicates:,} datagrams"
    rows["gaps"] = f"{result.gaps:,}, {result.recovered:,} messages recovered"
    rows["missing"] = f"{result.missing_messages:,} messages" if result.problems else "nothing"
    rows["time"] = f"{(result.last_time - result.first_time) / 1e9:,.1f} s"
    for name, text in rows.items():
        table.add_row(name, text)
    return table
