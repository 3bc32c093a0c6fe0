"""The commands ``pyscalp bench …``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pyscalp.errors import PyscalpError, ResultsNotWritten, os_reason
from pyscalp.terminal import ERR

_COUNT = re.compile(r"(\d+(?:\.\d+)?)([kKM]?)")
_FACTORS = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}

Save = Annotated[Path | None, typer.Option(help="Write the result to this JSON file.")]
Against = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Compare with this saved result, row by row.")
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Compare although machine or settings differ.")
]
FailIfSlower = Annotated[
    float | None,
    typer.Option(
        min=0, metavar="PERCENT", help="End with status 8 where a row is slower by more than this."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

bench = typer.Typer(
    name="bench",
    help="Measure pyscalp: against its peers, piece by piece, against an earlier run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(bench)


@bench.callback()
def _bench() -> None:
    """Measure pyscalp against its peers, on this machine, on the same data."""


@bench.command(epilog="Example: pyscalp bench book --messages 3M --rounds 3 --only decode,book")
def book(
    file: Annotated[
        Path | None,
        typer.Argument(help="ITCH 5.0 BinaryFILE, unpacked; a made-up day without one."),
    ] = None,
    messages: Annotated[str, typer.Option(help="Of the made-up day, such as 3M.")] = "30M",
    instruments: Annotated[int, typer.Option(min=1, max=65_534, help="Of the same.")] = 8_906,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each contender.")] = 5,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="SECTION,…",
            help="Of decode, book, one, real, scaling, operations and table.",
            show_default="all of them",
        ),
    ] = None,
    scaling: Annotated[
        bool, typer.Option("--scaling", help="Scale to 100M messages rather than 10M (3 GB).")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the made-up day.")] = 1,
    save: Save = None,
    against: Against = None,
    anyway: Anyway = False,
    fail_if_slower: FailIfSlower = None,
    as_json: Json = False,
) -> None:
    """Decoding and order books, ours and the installed peers', in turns on one file.

    Peers: itch-book and itchcpp (pip install 'pyscalp[bench]'). Each measurement is a
    process of its own; minima count, medians tell how disturbed the machine was.
    """
    from pyscalp.bench_book import SECTIONS, bench_book
    from pyscalp.bench_outcome import Outcome
    from pyscalp.bench_report import print_bench_book

    count = _count("--messages", messages)
    asked = {
        "file": None if file is None else file.name,
        "messages": count,
        "instruments": instruments,
        "seed": seed,
    }
    outcome = Outcome("book", asked, save, against, anyway, fail_if_slower)
    with _progress() as tell:
        result = bench_book(
            file,
            messages=count,
            instruments=instruments,
            rounds=rounds,
            sections=SECTIONS if only is None else [part.strip() for part in only.split(",")],
            scaling=(1_000_000, 100_000_000 if scaling else 10_000_000),
            seed=seed,
            progress=tell,
        )
    outcome.finish(result, print_bench_book, as_json)


@bench.command(
    name="tick-to-trade",
    epilog="Example: pyscalp bench tick-to-trade --triggers 500 --loads none --plot latency.html",
)
def tick_to_trade(
    triggers: Annotated[int, typer.Option(min=10, help="Of each measurement.")] = 600,
    rate: Annotated[float, typer.Option(help="Triggers a second, at most 800.")] = 500.0,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each contender.")] = 7,
    venue: Annotated[
        str, typer.Option(help="nasdaq, or crypto: over TLS, on the loopback, without feeds.")
    ] = "nasdaq",
    transports: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…",
            help="Of xdp, packet, socket and blocking; of crypto: websocket and rest.",
            show_default="all of them",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="WHO,…",
            help="Of engine, echo and asyncio; of crypto the first two.",
            show_default="all of them",
        ),
    ] = None,
    loads: Annotated[
        str,
        typer.Option(
            metavar="FACTOR,…", help="Feeds behind the triggers, times its busiest second; or none."
        ),
    ] = "0,1,2,8",
    load_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long each of these runs.")
    ] = 10.0,
    load_rounds: Annotated[
        int, typer.Option(min=1, help="Measurements of each of these, in turns.")
    ] = 1,
    loopback: Annotated[
        bool, typer.Option("--loopback", help="On one loopback; needs no privilege.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the made-up market day.")] = 1,
    save: Save = None,
    against: Against = None,
    anyway: Anyway = False,
    fail_if_slower: FailIfSlower = None,
    drawing: Annotated[
        Path | None, typer.Option("--plot", help="Draw it by percentile into this HTML file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """From a packet out to an order in, by the clock of whoever is at the other end.

    Exchange and engine run on two cores, in two networks joined by a veth pair (root), else
    on the loopback. Beside the engine, on each transport: a bare echo of the same bytes;
    and under each feed an asyncio client in Python that does the same work. With --venue
    crypto both talk TLS on the loopback: book changes by a WebSocket, orders by another or
    by REST.
    """
    from pyscalp.bench_crypto_trade import PATHS, bench_crypto_trade
    from pyscalp.bench_outcome import Outcome
    from pyscalp.bench_tick import ROLES, TRANSPORTS, bench_tick_to_trade, save_plot
    from pyscalp.bench_tick_report import print_bench_tick

    if venue not in ("nasdaq", "crypto"):
        raise PyscalpError(f'--venue is nasdaq or crypto: "{venue}"')
    crypto = venue == "crypto"
    asked: dict[str, Any] = {
        "triggers": triggers,
        "rate": rate,
        "load_seconds": load_seconds,
        "loopback": loopback or crypto,
        "seed": seed,
    }
    if crypto:
        asked["venue"] = venue
    outcome = Outcome("tick-to-trade", asked, save, against, anyway, fail_if_slower)
    with _progress() as tell:
        if crypto:
            result = bench_crypto_trade(
                triggers=triggers,
                rate=rate,
                rounds=rounds,
                paths=_names(transports, PATHS),
                roles=_names(only, ("engine", "echo")),
                progress=tell,
            )
        else:
            result = bench_tick_to_trade(
                triggers=triggers,
                rate=rate,
                rounds=rounds,
                transports=_names(transports, TRANSPORTS),
                roles=_names(only, ROLES),
                loads=_loads(loads),
                load_seconds=load_seconds,
                load_rounds=load_rounds,
                veth=not loopback,
                seed=seed,
                progress=tell,
            )
    if drawing is not None:
        try:
            save_plot(result, drawing)
        except OSError as error:
            raise ResultsNotWritten(f"cannot write {drawing}: {os_reason(error)}") from None
    outcome.finish(result, print_bench_tick, as_json)


@bench.command(
    name="crypto-feed",
    epilog="Example: pyscalp bench crypto-feed --rounds 3 --save feed.json",
)
def crypto_feed(
    file: Annotated[
        Path | None,
        typer.Argument(help="Raw capture of USD-M BTCUSDT; without it, one of PYSCALP_DATA."),
    ] = None,
    messages: Annotated[str, typer.Option(help="From its beginning, such as 20k.")] = "20k",
    rate: Annotated[
        float, typer.Option(min=1, help="Messages a second, where latency is measured.")
    ] = 2_000.0,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each client.")] = 5,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="CLIENT,…",
            help='Of pyscalp, "picows + orjson" and "websockets + json".',
            show_default="all of them",
        ),
    ] = None,
    save: Save = None,
    against: Against = None,
    anyway: Anyway = False,
    fail_if_slower: FailIfSlower = None,
    as_json: Json = False,
) -> None:
    """From socket bytes to book over TLS, ours and two Python clients', in turns.

    A server of Python's own ssl streams recorded messages on one core, each client keeps
    the book on another; all books must be equal at the end. Peers: pip install
    'pyscalp[bench]'.
    """
    from pyscalp.bench_crypto_client import CLIENTS
    from pyscalp.bench_crypto_feed import bench_crypto_feed
    from pyscalp.bench_crypto_report import print_bench_feed
    from pyscalp.bench_outcome import Outcome

    count = _count("--messages", messages)
    asked = {"file": None if file is None else file.name, "messages": count, "rate": rate}
    outcome = Outcome("crypto-feed", asked, save, against, anyway, fail_if_slower)
    with _progress() as tell:
        result = bench_crypto_feed(
            file,
            messages=count,
            rate=rate,
            rounds=rounds,
            clients=_names(only, tuple(CLIENTS)),
            progress=tell,
        )
    outcome.finish(result, print_bench_feed, as_json)


@bench.command(epilog="Example: pyscalp bench micro --only gate,encode --against before.json")
def micro(
    rounds: Annotated[
        int, typer.Option(min=1, help="Measurements of each piece, each in a process of its own.")
    ] = 9,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="PIECE,…",
            help="Of decode, book, features, signals, gate, ring and encode.",
            show_default="all of them",
        ),
    ] = None,
    min_time: Annotated[
        float, typer.Option(metavar="SECONDS", help="Of each measurement, at least.")
    ] = 0.05,
    program: Annotated[
        Path | None, typer.Option(help="A micro_bench that is built already, in any way.")
    ] = None,
    save: Save = None,
    against: Against = None,
    anyway: Anyway = False,
    fail_if_slower: FailIfSlower = None,
    as_json: Json = False,
) -> None:
    """The pieces between packet and order, each by itself, in nanoseconds.

    Builds bench/micro_*.cpp of its checkout with CMake and Google
    Benchmark (Debian: libbenchmark-dev). --save keeps the samples of every round,
    --against says of each piece whether it is faster, slower, or no difference is seen.
    """
    from pyscalp.bench_micro import GROUPS, bench_micro
    from pyscalp.bench_outcome import Outcome
    from pyscalp.bench_report import print_bench_micro

    asked = {"min_time_s": min_time}
    outcome = Outcome("micro", asked, save, against, anyway, fail_if_slower)
    with _progress() as tell:
        result = bench_micro(
            groups=GROUPS if only is None else [part.strip() for part in only.split(",")],
            rounds=rounds,
            min_time_s=min_time,
            program=program,
            progress=tell,
        )
    outcome.finish(result, print_bench_micro, as_json)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, and nothing elsewhere."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal,
    ) as bar:
        task = bar.add_task("bench", total=None)
        yield lambda text, done, total: bar.update(
            task, description=text, completed=done, total=total
        )


def _names(text: str | None, every: Sequence[str]) -> list[str]:
    """Parts between commas; all of them where nothing is said."""
    return list(every) if text is None else [part.strip() for part in text.split(",")]


def _loads(text: str) -> list[float]:
    """Factors such as ``0,1,8``; ``none`` is none."""
    if text.strip() == "none":
        return []
    try:
        loads = [float(part) for part in text.split(",")]
    except ValueError:
        loads = [-1.0]
    if not all(0 <= load <= 100 for load in loads):
        raise PyscalpError(f'--loads are factors from 0 to 100, or none: "{text}"')
    return loads


def _count(option: str, text: str) -> int:
    """A number such as ``30M``, ``1.5M``, ``200k`` or ``1_000_000``."""
    match = _COUNT.fullmatch(text.strip().replace("_", "").replace(",", ""))
    value = float(match[1]) * _FACTORS[match[2]] if match else 0.0
    if value < 1 or value != int(value):
        raise PyscalpError(f'{option} is not a whole number: "{text}"; write such as 30M')
    return int(value)
