"""`pyscalp record` at a crypto venue: its streams into a raw capture."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from pyscalp.config import Config
from pyscalp.duration import Duration
from pyscalp.errors import EXIT_NOT_WRITTEN, EXIT_OK, PyscalpError
from pyscalp.exchange import ExchangeProcess, StopSignals, exchange_process, joined
from pyscalp.record_session import (
    EXIT_INCOMPLETE,
    RecordingSession,
    refuse_earlier,
    write_sidecar,
)
from pyscalp.record_view import RecordingView
from pyscalp.terminal import ERR

USUAL = {
    "binance-spot": ("depth", "bookTicker", "trade"),
    "binance-usdm": ("depth", "bookTicker", "aggTrade"),
}
"""What is recorded where nothing else is asked for, by `venue.protocol`."""

_ROUTES = {"depth": "/public", "bookTicker": "/public", "trade": "/market", "aggTrade": "/market"}
"""Of USD-M; spot has none."""
_STREAMS_MOST = 100
"""On one connection."""
_SNAPSHOT_LEVELS = 1000
_OTHER_PACKINGS = (".xz", ".bz2", ".zst", ".zip")


@dataclass(frozen=True)
class Gap:
    """A break in a symbol's depth: what lay between two update ids never came."""

    symbol: str
    after: int
    before: int

    def __str__(self) -> str:
        return f"{self.symbol} {self.after}-{self.before}"


@dataclass(frozen=True)
class StreamsResult:
    """What a raw capture holds, and what it lacks.

    Times are nanoseconds since 1970 UTC, at which the first and the last message were
    read.
    """

    path: Path
    end: str
    """``stopped``, ``messages``, ``write failed``."""
    symbols: list[str]
    messages: int
    """Lines of the file: each message once, and the snapshots."""
    bytes: int
    kinds: dict[str, int]
    """Messages by what they are: depth, bookTicker, trade, aggTrade, other."""
    snapshots: int
    snapshots_failed: int
    repeated: int
    """Copies that a second connection brought, which are left out."""
    undecodable: int
    """Messages that are no JSON object; they are in the file."""
    gaps: int
    gap_ids: list[Gap]
    """The first 10,000 of them."""
    trades_missing: int
    """Numbers of trades that nobody told."""
    dropped: int
    """Messages that the disk was too slow for."""
    unfinished: list[str]
    """Symbols whose book cannot be made of the end of the file."""
    outages: int
    """Times that streams were on no connection any more."""
    outage_s: float
    links: list[dict[str, Any]]
    """Each connection: `first`, the messages that it was first to bring, `connections`,
    `failures`, `renewals` and the last `failure`."""
    first_time: int
    last_time: int
    duration_s: float
    problems: list[str] = field(default_factory=list)
    """What the recording lacks and why, in sentences; empty where it is whole."""
    exit_status: int = EXIT_OK

    @property
    def complete(self) -> bool:
        """True if everything that was sent while recording is in the file."""
        return self.exit_status == EXIT_OK

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON holds them."""
        return asdict(self) | {"path": str(self.path), "complete": self.complete}


def record_streams(
    out: str | Path,
    config: Config,
    *,
    symbols: Sequence[str] | None = None,
    streams: Sequence[str] | None = None,
    duration: Duration | str | None = None,
    messages: int | None = None,
    overwrite: bool = False,
    live: bool = True,
    console: Console | None = None,
) -> StreamsResult:
    """Record the streams of a crypto venue until the time is over or somebody stops it.

    Each line of the file is the time of receipt in ns since 1970, a blank, and a message
    as it came; the depth snapshots that a book begins with are among them, asked for by
    REST, and again after each gap. `pyscalp.read`, `pyscalp.book` and the included
    exchange take such a file. With several symbols each snapshot stands in
    ``{"stream":"btcusdt@depthSnapshot","data":…}``, as it does not say whose it is. The
    file is written as the session goes on: what is there when the process is killed can
    be read. Beside it goes ``<out>.json`` with the figures of the result. Must be called
    from the main thread, as it minds Ctrl-C.

    Parameters
    ----------
    out : str or Path
        File to write, packed where it ends in ``.gz``.
    config : Config
        Its ``venue.protocol`` is that of a crypto venue, whose addresses ``[binance]``
        has: `streams`, `rest`, `ca_file`, `connections`, `depth`. Without addresses an
        exchange of one's own is started with its section ``exchange``.
    symbols : sequence of str, optional
        Such as ``["BTCUSDT"]``; those of its ``[[instruments]]`` if none are given.
    streams : sequence of str, optional
        Of depth, bookTicker, trade and aggTrade; `USUAL` for the venue if none are given.
    duration : Duration or str, optional
        Such as ``"60s"``.
    messages : int, optional
        Stop after so many.
    overwrite : bool
        Replace a file that exists.
    live : bool
        Show how far it is where `console` is a terminal.
    console : rich.console.Console, optional
        Where progress goes; standard error if none is given.

    Raises
    ------
    PyscalpError
        If the venue cannot be reached, the file cannot be created, or nothing came.
    """
    path = Path(out)
    if path.name.lower().endswith(_OTHER_PACKINGS):
        raise PyscalpError(f"{path}: a raw capture is packed by gzip, or not; end it in .gz")
    if not config.venue.crypto:
        raise PyscalpError("streams are of a crypto venue; set venue.protocol")
    if messages is not None and messages < 1:
        raise PyscalpError(f"messages must be at least 1, not {messages}")
    length = Duration.parse(duration) if isinstance(duration, str) else duration
    kinds = _kinds(config, streams)
    names = [symbol.upper() for symbol in symbols or [one.symbol for one in config.instruments]]
    if len(set(names)) != len(names):
        raise PyscalpError("a symbol is named twice; name each once")
    if not overwrite:
        refuse_earlier(path)
    console = console or ERR
    with StopSignals() as signals, _venue(config) as (at, own):
        session = _Session(_settings(path, at, names, kinds, messages, overwrite), own, signals)
        source = f"{', '.join(names)} of {at.binance.streams}"
        with _StreamsView(console, path, source, live=live) as view:
            session.run(view, length)
    result = session.result(path, names, at)
    write_sidecar(result, console, overwrite)
    return result


def _kinds(config: Config, streams: Sequence[str] | None) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(streams)) if streams else USUAL[config.venue.protocol]
    for kind in chosen:
        if kind not in _ROUTES:
            raise PyscalpError(f"there is no stream {kind!r}; there are {', '.join(_ROUTES)}")
    return chosen


@contextlib.contextmanager
def _venue(config: Config) -> Iterator[tuple[Config, ExchangeProcess | None]]:
    """The configuration with a venue's addresses, and the exchange started for it."""
    if config.binance.named:
        yield config, None
        return
    with (
        tempfile.TemporaryDirectory(prefix="pyscalp-record-") as folder,
        exchange_process(config, Path(folder)) as own,
    ):
        yield joined(config, own.wait_ready()), own


def _settings(
    path: Path,
    config: Config,
    symbols: Sequence[str],
    kinds: Sequence[str],
    messages: int | None,
    overwrite: bool,
) -> dict[str, Any]:
    """The form of `pyscalp._core.CryptoRecorder`."""
    spot = config.venue.protocol == "binance-spot"
    routes: dict[str, list[str]] = {}
    for symbol in symbols:
        for kind in kinds:
            name = f"{kind}@{config.binance.depth}" if kind == "depth" else kind
            routes.setdefault("" if spot else _ROUTES[kind], []).append(f"{symbol.lower()}@{name}")
    urls = [
        f"{config.binance.streams}{route}/stream?streams={'/'.join(names[at : at + _STREAMS_MOST])}"
        for route, names in routes.items()
        for at in range(0, len(names), _STREAMS_MOST)
    ]
    depth = "/api/v3/depth" if spot else "/fapi/v1/depth"
    return {
        "path": str(path),
        "overwrite": overwrite,
        "packed": path.name.lower().endswith(".gz"),
        "futures": not spot,
        "symbols": list(symbols),
        "streams": urls * config.binance.connections,
        "depth": "depth" in kinds,
        "rest": str(config.binance.rest),
        "snapshot_target": f"{depth}?limit={_SNAPSHOT_LEVELS}&symbol=",
        "ca_file": config.binance.ca_file or "",
        "messages_max": messages or 0,
    }


class _Session(RecordingSession):
    """A recording of streams."""

    def __init__(
        self, settings: dict[str, Any], own: ExchangeProcess | None, signals: StopSignals
    ) -> None:
        from pyscalp import _core

        super().__init__(lambda: _core.CryptoRecorder(settings), own, signals)

    def result(self, path: Path, symbols: list[str], config: Config) -> StreamsResult:
        """What came of it; the file is taken away again where nothing did."""
        figures = self.core.snapshot()
        gaps = [Gap(*entry) for entry in self.core.gaps()]
        failed = figures["end"] == "write failed"
        if figures["written"] == 0 and not failed:
            if path.is_file():
                path.unlink()
            if self.lost is not None:
                raise self.lost
            raise PyscalpError(f"nothing was recorded: {_nothing(figures, config)}")
        problems = _problems(figures, gaps, config)
        status = EXIT_INCOMPLETE if problems else EXIT_OK
        if failed:
            problems.insert(
                0,
                f"{figures['error']}; {path} holds the first {figures['written']:,} messages, "
                "whole",
            )
            status = EXIT_NOT_WRITTEN
        if self.lost is not None:
            problems.append(str(self.lost))
            status = self.lost.exit_status
        same = (
            "end", "bytes", "kinds", "snapshots", "snapshots_failed", "repeated", "undecodable",
            "gaps", "trades_missing", "dropped", "unfinished", "outages", "links", "first_time",
            "last_time",
        )  # fmt: skip
        return StreamsResult(
            path=path,
            symbols=symbols,
            messages=figures["written"],
            gap_ids=gaps,
            outage_s=round(figures["outage_ns"] / 1e9, 3),
            duration_s=round(self.duration_s, 3),
            problems=problems,
            exit_status=status,
            **{name: figures[name] for name in same},
        )


def _nothing(figures: dict[str, Any], config: Config) -> str:
    venue = config.binance.streams
    if figures["end"] == "not connected":
        return f"no connection to {venue}: {figures['failure']}; check [binance]"
    return f"no message came from {venue}; does it trade these symbols?"


def _problems(figures: dict[str, Any], gaps: list[Gap], config: Config) -> list[str]:
    problems = []
    if figures["dropped"]:
        problems.append(
            f"{figures['dropped']:,} messages were dropped, as the disk did not keep up"
        )
    if figures["outages"]:
        why = next((link["failure"] for link in figures["links"] if link["failure"]), "")
        problems.append(
            f"connections were lost and made again {_times(figures['outages'])}, for "
            f"{figures['outage_ns'] / 1e9:,.1f} s in all, and what was sent meanwhile is missing"
            + (f" ({why})" if why else "")
        )
    if figures["gaps"]:
        shown = ", ".join(map(str, gaps[:4])) + (", …" if len(gaps) > 4 else "")
        problems.append(
            f"changes of depth are missing {_times(figures['gaps'])}, by update id: {shown}; "
            "each time another snapshot was asked for"
        )
    if figures["trades_missing"]:
        problems.append(f"{figures['trades_missing']:,} trades are missing, by their numbers")
    if figures["unfinished"]:
        why = figures["rest_failure"] or "none came in time"
        problems.append(
            f"there is no depth snapshot for {', '.join(figures['unfinished'])} that its stream "
            f"follows on ({config.binance.rest}: {why}), so its book at the end is not known"
        )
    return problems


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


class _StreamsView(RecordingView):
    """That of a crypto venue's streams."""

    def _parts(self, figures: dict[str, Any]) -> list[str]:
        open_now = sum(link["open"] for link in figures["links"])
        parts = [
            f"{open_now} of {len(figures['links'])} connections",
            f"{figures['snapshots']:,} snapshots",
        ]
        if figures["gaps"]:
            parts.append(f"[red]{figures['gaps']:,} gaps[/red]")
        if figures["trades_missing"]:
            parts.append(f"[red]{figures['trades_missing']:,} trades missing[/red]")
        return parts

    def _hints(self, figures: dict[str, Any]) -> list[str]:
        hints = [
            f"no connection: {link['failure']}"
            for link in figures["links"]
            if not link["open"] and link["failure"]
        ]
        if figures["unfinished"] and figures["rest_failure"]:
            hints.append(
                f"no depth snapshot for {', '.join(figures['unfinished'])} yet: "
                f"{figures['rest_failure']}"
            )
        return hints
