"""`pyscalp record`: a live multicast session into a pcap or an ITCH file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from pyscalp.config import Config
from pyscalp.config_values import Endpoint
from pyscalp.duration import Duration
from pyscalp.errors import EXIT_NOT_WRITTEN, EXIT_OK, PyscalpError
from pyscalp.exchange import ExchangeProcess, StopSignals
from pyscalp.record_feed import Feed, named_feed, opened_feed
from pyscalp.record_session import (
    EXIT_INCOMPLETE,
    RecordingSession,
    refuse_earlier,
    write_sidecar,
)
from pyscalp.record_view import RecordView
from pyscalp.terminal import ERR

__all__ = ["EXIT_INCOMPLETE", "Missing", "RecordResult", "record"]

_PACKED = (".gz", ".xz", ".bz2", ".zst")

Format = Literal["pcap", "itch"]


@dataclass(frozen=True)
class Missing:
    """Messages ``first``, ``first + 1``, ... that a recording lacks."""

    first: int
    count: int
    reason: str
    """``never arrived``, or ``dropped``: the disk did not keep up."""

    def __str__(self) -> str:
        last = self.first + self.count - 1
        return f"{self.first}" if self.count == 1 else f"{self.first}-{last}"


@dataclass(frozen=True)
class RecordResult:
    """What a recording holds, and what it lacks.

    Times are nanoseconds since 1970 UTC by the kernel's clock, at which the first and the
    last datagram arrived. The figures by line have the keys ``a``, ``b`` and
    ``retransmission``.
    """

    path: Path
    format: Format
    end: str
    """``stopped``, ``messages``, ``session ended``, ``session changed``, ``write failed``."""
    session: str
    messages: int
    """In an ITCH file: those that are in it. In a pcap: each once, however often it came."""
    packets: int
    """Datagrams in a pcap; 0 for an ITCH file."""
    bytes: int
    first_sequence: int
    last_sequence: int
    datagrams: dict[str, int]
    first: dict[str, int]
    """Messages by the line that was the first to bring them."""
    duplicates: int
    """Datagrams with nothing new in them."""
    gaps: int
    requests: int
    recovered: int
    """Messages that only the retransmission server brought."""
    missing_messages: int
    missing: list[Missing]
    """The first 10,000 ranges of them."""
    dropped: int
    """Records that the disk was too slow for: datagrams, or datagrams' worth of messages."""
    kernel_dropped: int
    """Datagrams that the sockets had no room for."""
    malformed: int
    foreign: int
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


def record(
    out: str | Path,
    *,
    line_a: Endpoint | str | None = None,
    line_b: Endpoint | str | None = None,
    retransmission: Endpoint | str | None = None,
    interface: str | None = None,
    config: Config | None = None,
    exchange: bool | None = None,
    format: Format | None = None,
    duration: Duration | str | None = None,
    messages: int | None = None,
    from_start: bool | None = None,
    overwrite: bool = False,
    live: bool = True,
    console: Console | None = None,
) -> RecordResult:
    """Record a MoldUDP64 session until it ends, the time is over or somebody stops it.

    A pcap holds every datagram of both lines, and of the answers to requests for
    retransmission, as it arrived. An ITCH file (BinaryFILE) holds every message once and
    in sequence. Both are written as the session goes on: what is there when the process
    is killed can be read. Beside the file goes ``<out>.json`` with the figures of the
    result. Must be called from the main thread, as it minds Ctrl-C.

    Parameters
    ----------
    out : str or Path
        File to write: ``.pcap``, or ``.itch`` and names that end so.
    line_a, line_b : Endpoint or str, optional
        Multicast groups, such as ``"239.255.10.1:26400"``; the second may be left out.
        Without any, the venue of `config`; without that, the included exchange.
    retransmission : Endpoint or str, optional
        Server to ask for what both lines lost, such as ``"10.0.0.1:26401"``.
    interface : str, optional
        Address of the interface that the feed arrives at; ``"127.0.0.1"`` if not given.
    config : Config, optional
        Its section ``venue`` says where the feed is; where it does not, an exchange of
        one's own is started with its section ``exchange``.
    exchange : bool, optional
        Without addresses: start an exchange of one's own, or join the one that serves at
        the usual addresses. By default join it if it is there.
    format : {"pcap", "itch"}, optional
        Told by the name of the file if not given.
    duration : Duration or str, optional
        Such as ``"60s"``.
    messages : int, optional
        Stop after so many.
    from_start : bool, optional
        Ask for the messages from before the recording began, too. By default if there is
        a server to ask.
    overwrite : bool
        Replace a file that exists.
    live : bool
        Show how far it is where `console` is a terminal.
    console : rich.console.Console, optional
        Where progress goes; standard error if none is given.

    Raises
    ------
    PyscalpError
        If a group cannot be joined, the file cannot be created, or nothing came.
    """
    path = Path(out)
    kind = format or _format_of(path)
    length = Duration.parse(duration) if isinstance(duration, str) else duration
    if messages is not None and messages < 1:
        raise PyscalpError(f"messages must be at least 1, not {messages}")
    if config is not None and config.venue.crypto:
        raise PyscalpError("the configuration's venue is a crypto venue: use record_streams")
    named = named_feed(line_a, line_b, retransmission, interface)
    if named is not None and (config is not None or exchange):
        raise PyscalpError("give the addresses of the lines, a configuration, or an exchange")
    if not overwrite:
        refuse_earlier(path)
    console = console or ERR
    with StopSignals() as signals, opened_feed(named, config, exchange, interface) as (feed, own):
        start = feed.retransmission is not None if from_start is None else from_start
        if start and feed.retransmission is None:
            raise PyscalpError("to record from the start needs a server of retransmission to ask")
        session = _Session(
            {
                "path": str(path),
                "overwrite": overwrite,
                "format": kind,
                "line_a": feed.line_a,
                "line_b": feed.line_b,
                "retransmission": feed.retransmission,
                "interface": feed.interface,
                "from_start": start,
                "messages_max": messages or 0,
            },
            feed,
            own,
            signals,
        )
        view = RecordView(console, path, feed, live=live)
        with view:
            session.run(view, length)
    result = session.result(path, kind)
    write_sidecar(result, console, overwrite)
    return result


def _format_of(path: Path) -> Format:
    name = path.name.lower()
    if name.endswith(_PACKED):
        raise PyscalpError(
            f"{path}: recordings are written plain, as a packed one could not be read after a "
            f"crash; leave {path.suffix} out, and pack the file when it is done"
        )
    if name.endswith((".pcap", ".cap")):
        return "pcap"
    if name.endswith((".itch", "itch50", ".bin")):
        return "itch"
    raise PyscalpError(
        f"{path}: the name does not say what to write; end it in .pcap (datagrams) or .itch "
        "(messages), or give the format"
    )


# -- recording ----------------------------------------------------------------------------


class _Session(RecordingSession):
    """A recording of multicast lines."""

    def __init__(
        self,
        settings: dict[str, Any],
        feed: Feed,
        own: ExchangeProcess | None,
        signals: StopSignals,
    ) -> None:
        from pyscalp import _core

        super().__init__(lambda: _core.Recorder(settings), own, signals)
        self._feed = feed

    def result(self, path: Path, kind: Format) -> RecordResult:
        """What came of it; the file is taken away again where nothing did."""
        figures = self.core.snapshot()
        missing = [Missing(*entry) for entry in self.core.missing()]
        failed = figures["end"] == "write failed"
        kept = figures["written"] if kind == "itch" else figures["packets"]
        if kept == 0 and not failed:
            if path.is_file():
                path.unlink()
            raise PyscalpError(self._nothing(figures))
        problems, status = self._problems(figures, kind, missing, path)
        if self.lost is not None:
            problems.append(str(self.lost))
            status = status or self.lost.exit_status
        same = (
            "end", "session", "packets", "bytes", "first_sequence", "last_sequence", "datagrams",
            "first", "duplicates", "gaps", "requests", "recovered", "dropped", "kernel_dropped",
            "malformed", "foreign", "first_time", "last_time",
        )  # fmt: skip
        return RecordResult(
            path=path,
            format=kind,
            messages=figures["written"] if kind == "itch" else figures["messages"],
            missing_messages=figures["missing"],
            missing=missing,
            duration_s=round(self.duration_s, 3),
            problems=problems,
            exit_status=status,
            **{name: figures[name] for name in same},
        )

    def _nothing(self, figures: dict[str, Any]) -> str:
        """Why there is no recording."""
        head = "nothing was recorded: "
        arrived = sum(figures["datagrams"].values())
        if arrived == 0:
            return (
                f"{head}no datagram arrived on {self._feed} at {self._feed.interface}; are groups "
                "and ports right, does the feed come in at that interface (`ip address` lists "
                "them), and is no firewall in between?"
            )
        if figures["malformed"] == arrived:
            return f"{head}none of the {arrived:,} datagrams that arrived was MoldUDP64"
        if figures["end"] == "session ended":
            return f"{head}session {figures['session'].strip()} had ended already"
        return f"{head}in session {figures['session'].strip()} no message came"

    def _problems(
        self, figures: dict[str, Any], kind: Format, missing: list[Missing], path: Path
    ) -> tuple[list[str], int]:
        problems, status = [], EXIT_OK
        if figures["missing"]:
            shown = ", ".join(map(str, missing[:8])) + (", ..." if len(missing) > 8 else "")
            one = figures["missing"] == 1
            server = self._feed.retransmission
            why = "there is no server of retransmission to ask"
            if any(entry.reason == "dropped" for entry in missing):
                why = "the disk did not keep up"
            elif figures["server_silent"]:
                why = f"{server} did not answer"
            elif server is not None:
                why = f"{server} did not repeat them in time"
            problems.append(
                f"{figures['missing']:,} message{'' if one else 's'} of the session "
                f"{'is' if one else 'are'} missing ({why}), by sequence number: {shown}"
            )
        if kind == "pcap" and figures["dropped"]:
            problems.append(
                f"{figures['dropped']:,} datagrams were dropped, as the disk did not keep up"
            )
        if figures["kernel_dropped"] and (kind == "pcap" or figures["missing"]):
            problems.append(
                f"the kernel dropped {figures['kernel_dropped']:,} datagrams for want of room; "
                f"its buffers hold {figures['socket_buffer']:,} bytes a line, "
                "`sysctl net.core.rmem_max` allows more"
            )
        if figures["end"] == "session changed":
            problems.append(
                f"session {figures['session'].strip()} was followed by another one without an "
                "end; the recording ends there"
            )
        if problems:
            status = EXIT_INCOMPLETE
        if figures["end"] == "write failed":
            what = (
                f"{figures['written']:,} messages"
                if kind == "itch"
                else f"{figures['packets']:,} datagrams"
            )
            problems.insert(0, f"{figures['error']}; {path} holds the first {what}, whole")
            status = EXIT_NOT_WRITTEN
        return problems, status
