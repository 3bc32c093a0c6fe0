"""The command ``pyscalp record``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.table import Table

from pyscalp.config import Config
from pyscalp.duration import Duration
from pyscalp.errors import PyscalpError
from pyscalp.record import RecordResult
from pyscalp.record import record as record_session
from pyscalp.record_feed import endpoint
from pyscalp.record_streams import StreamsResult, record_streams
from pyscalp.terminal import ERR, OUT, complain, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        epilog="Examples: pyscalp record --duration 10s --out first.itch; "
        "pyscalp record --config examples/binance_paper.toml --duration 10s --out btcusdt.gz"
    )(record)


def record(
    out: Annotated[
        Path, typer.Option(help="File to write: .pcap or .itch; of a crypto venue .gz or plain.")
    ],
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
    symbol: Annotated[
        list[str] | None,
        typer.Option(help="Of a crypto venue, also several.", show_default="[[instruments]]"),
    ] = None,
    streams: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Of a crypto venue: depth, bookTicker, trade, aggTrade.",
            show_default="depth,bookTicker and trade, on USD-M aggTrade",
        ),
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
    """Record a live session: multicast lines, or the streams of a crypto venue.

    Of multicast lines the datagrams (pcap) or the messages (ITCH). Where CONFIG has a
    crypto venue's protocol: a raw capture, each message as it came behind the time of its
    receipt, with the depth snapshots that books begin with.

    Without addresses, the included exchange. Ctrl-C ends the recording; the file is then
    whole. FILE.json beside it holds the figures. Exit status: 0 all is there, 2 nothing
    could be recorded, 3 the included exchange was lost, 6 messages are missing, 74 the
    file could not be written on.
    """
    settings = Config.load(config) if config else None
    if settings is not None and settings.venue.crypto:
        _refuse(
            "a crypto venue has neither lines nor a format to choose",
            line_a=line_a,
            line_b=line_b,
            retransmission=retransmission,
            interface=interface,
            format=file_format,
            from_start=from_start,
        )
        if exchange is not None and exchange == settings.binance.named:
            raise PyscalpError(
                "[binance] of the configuration says where the venue is: with addresses it is "
                "that one, without them the included exchange; leave --exchange out"
            )
        _end(
            record_streams(
                out,
                settings,
                symbols=symbol,
                streams=[one.strip() for one in streams.split(",")] if streams else None,
                duration=_duration(duration),
                messages=messages,
                overwrite=force,
                live=not as_json,
                console=ERR,
            ),
            as_json,
        )
    _refuse("is for a crypto venue; name one by --config", symbol=symbol, streams=streams)
    result = record_session(
        out,
        line_a=endpoint("--line-a", line_a, group=True),
        line_b=endpoint("--line-b", line_b, group=True),
        retransmission=endpoint("--retransmission", retransmission, group=False),
        interface=interface,
        config=settings,
        exchange=exchange,
        format=file_format,
        duration=_duration(duration),
        messages=messages,
        from_start=from_start,
        overwrite=force,
        live=not as_json,
        console=ERR,
    )
    _end(result, as_json)


def _refuse(why: str, **given: object) -> None:
    """Refuse options that have no meaning here."""
    for name, value in given.items():
        if value is not None:
            raise PyscalpError(f"--{name.replace('_', '-')}: {why}")


def _end(result: RecordResult | StreamsResult, as_json: bool) -> NoReturn:
    """Say what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session is over and written
    if as_json:
        print_json(result.to_json())
    else:
        rows = _rows(result) if isinstance(result, RecordResult) else _rows_of_streams(result)
        OUT.print(_table(rows), highlight=False)
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


def _table(rows: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def _rows(result: RecordResult) -> dict[str, str]:
    rows = {
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
    return rows


def _rows_of_streams(result: StreamsResult) -> dict[str, str]:
    kinds = [f"{count:,} {kind}" for kind, count in result.kinds.items() if count]
    rows = {
        "file": f"{result.path}, {result.bytes:,} bytes",
        "symbols": ", ".join(result.symbols),
        "messages": f"{result.messages:,}: {', '.join(kinds)}",
        "snapshots": f"{result.snapshots:,}",
    }
    for number, link in enumerate(result.links, start=1):
        again = f", made {link['connections']:,} times" if link["connections"] > 1 else ""
        rows[f"connection {number}"] = f"first with {link['first']:,} messages{again}"
    rows["repeated"] = f"{result.repeated:,} copies left out"
    rows["gaps"] = f"{result.gaps:,} of depth, {result.trades_missing:,} trades missing"
    rows["missing"] = "see below" if result.problems else "nothing"
    rows["time"] = f"{(result.last_time - result.first_time) / 1e9:,.1f} s, {result.end}"
    return rows
