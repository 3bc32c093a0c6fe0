"""Recorded market data of any known format as NumPy arrays of events.

>>> import pyscalp
>>> with pyscalp.read("12302019.NASDAQ_ITCH50.gz") as reader:     # doctest: +SKIP
...     for events in reader:
...         trades = events[events["kind"] == pyscalp.EventKind.TRADE]
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from pyscalp._core import EventDecoder
from pyscalp.errors import CutFileError, CutFileWarning, ReadError
from pyscalp.events import EVENT_DTYPE, EventKind, EventSide
from pyscalp.formats import lobster
from pyscalp.formats.opening import Opened, opened
from pyscalp.formats.recognition import FORMATS

if TYPE_CHECKING:
    import pyarrow

_PIECE = 1 << 17
"""Bytes fed to the decoder at a time; bounds what waits beyond one array."""

_DBN_TYPES = {
    0x11: "ohlcv-deprecated",
    0x13: "instrument-def",
    0x14: "imbalance",
    0x15: "error",
    0x17: "system",
    0x18: "statistics",
    0x20: "ohlcv-1s",
    0x21: "ohlcv-1m",
    0x22: "ohlcv-1h",
    0x23: "ohlcv-1d",
    0x24: "ohlcv-eod",
}

CRYPTO_QTY_SCALE = 10**8
"""Steps of a crypto quantity in one coin or contract, unless `read` is told otherwise."""


def read(
    path: str | os.PathLike[str],
    *,
    instruments: str | int | Iterable[str | int] | None = None,
    day: date | str | None = None,
    chunk: int = 65_536,
    qty_scale: int = CRYPTO_QTY_SCALE,
    allow_cut: bool = False,
) -> EventReader:
    """Open a recorded file and read it as events, in bounded memory.

    The format is told by the bytes, not by the name: ITCH 5.0 in BinaryFILE framing;
    pcap and pcapng with ITCH on MoldUDP64 or IEX DEEP, TOPS, DEEP+; LOBSTER messages (the
    .csv, its directory or its .zip); equity quotes or trades of Lean; Databento DBN;
    hftbacktest .npz and .npy; raw Binance captures. Any of them plain or packed by gzip,
    xz, bzip2, zstd or zip.

    Parameters
    ----------
    path : str or path
        ``~`` and ``$NAME`` are replaced.
    instruments : str, int or several of them, optional
        Give only the events of these symbols or numbers, and those of no instrument.
    day : date or "YYYY-MM-DD", optional
        The day of the file. ITCH, LOBSTER and Lean times are since midnight US Eastern; with
        the day they become UTC, without they stay as they are. Other formats carry
        their dates, and leave it aside.
    chunk : int
        Events in each array but the last.
    qty_scale : int
        For Binance and hftbacktest, whose quantities are fractions: steps of ``qty`` in
        one coin or contract, a power of ten. In all other formats a step is one share
        or contract.
    allow_cut : bool
        Only warn (`CutFileWarning`) where the file ends too early. A packet capture
        whose last packet is cut is only warned of in any case.

    Returns
    -------
    EventReader

    Raises
    ------
    ReadError
        If the file cannot be opened, is of no known format, or an option is wrong. What
        goes wrong later is raised by the reader, behind the events before it.
    """
    if chunk < 1:
        raise ReadError(f"chunk must be at least 1 event, not {chunk}")
    if qty_scale not in {10**n for n in range(13)}:
        raise ReadError(f"qty_scale must be a power of ten from 1 to 10**12, not {qty_scale}")
    midnight = midnight_ns(day) if day is not None else 0
    return EventReader(opened(path), _chosen(instruments), midnight, chunk, qty_scale, allow_cut)


def midnight_ns(day: date | str) -> int:
    """Midnight in New York at the start of `day`, in ns since 1970-01-01 UTC.

    Raises
    ------
    ReadError
        If `day` is no date.
    """
    try:
        if isinstance(day, str):
            day = date.fromisoformat(day)
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
    except (ValueError, TypeError, AttributeError):
        raise ReadError(f"day must be a date such as 2019-12-30, not {day!r}") from None
    except ZoneInfoNotFoundError:
        raise ReadError(
            "the time zone America/New_York is not known here; install the package tzdata"
        ) from None
    return int(local.astimezone(timezone.utc).timestamp()) * 10**9


def _chosen(
    instruments: str | int | Iterable[str | int] | None,
) -> tuple[list[str], list[int]] | None:
    if instruments is None:
        return None
    single = isinstance(instruments, (str, int, np.integer))
    several: list[Any] = [instruments] if single else list(instruments)  # type: ignore[arg-type]
    for one in several:
        if not isinstance(one, (str, int, np.integer)) or isinstance(one, bool):
            raise ReadError(f"instruments are symbols or numbers, not {one!r}")
        if not isinstance(one, str) and not 0 <= one < 2**32:
            raise ReadError(f"an instrument's number lies from 0 to 2**32 - 1, not at {one}")
    if not several:
        raise ReadError("instruments is empty; leave it out to read all")
    return (
        [one for one in several if isinstance(one, str)],
        [int(one) for one in several if not isinstance(one, str)],
    )


class EventReader:
    """The events of one recorded file, once, in arrays; an iterator and a context manager.

    Each array is structured, of `EVENT_DTYPE`, one-dimensional and aligned to 64 bytes.
    It owns its memory: it stays valid whatever becomes of the reader. Reading the same
    file again gives the same events, whatever `chunk` is.

    A file that is damaged or cut gives its events up to there; then the next step raises
    `ReadError` or `CutFileError`, which say where.

    Not thread-safe. Made by `read`.
    """

    def __init__(
        self,
        file: Opened,
        chosen: tuple[list[str], list[int]] | None,
        midnight: int,
        chunk: int,
        qty_scale: int,
        allow_cut: bool,
    ) -> None:
        self._file = file
        self._chosen = chosen
        self._chunk = chunk
        self._allow_cut = allow_cut
        self._decoder = EventDecoder(
            file.format, midnight_ns=midnight, qty_scale=qty_scale, symbol=file.symbol
        )
        if chosen is not None:
            if file.format in ("lobster", "lean", "hftbacktest") and not file.symbol and chosen[0]:
                file.stream.close()
                raise ReadError(
                    f"{file.name} does not say its symbol; choose instrument 1, or none"
                )
            self._decoder.choose(*chosen)
        self._waiting = 0
        self._ended = False
        self._problem: ReadError | None = None

    @property
    def name(self) -> str:
        """What errors call the file."""
        return self._file.name

    @property
    def format(self) -> str:
        """One of itch, pcap, lobster, lean, dbn, hftbacktest, binance."""
        return self._file.format

    @property
    def packings(self) -> tuple[str, ...]:
        """What the file is packed by, from the outside in: zip, gzip, xz, bzip2, zstd."""
        return tuple(self._file.packings)

    @property
    def instruments(self) -> dict[int, str]:
        """Number to symbol, of all instruments that have been named so far.

        The numbers are ITCH's stock locate, DBN's instrument id, elsewhere 1, 2, 3 … in
        order of appearance. LOBSTER, Lean and hftbacktest files are of one instrument, 1.
        """
        instruments: dict[int, str] = self._decoder.instruments
        return instruments

    @property
    def qty_scale(self) -> int:
        """Steps of ``qty`` in one share, contract or coin."""
        scale: int = self._decoder.qty_scale
        return scale

    @property
    def progress(self) -> float:
        """How much of the file has been read, 0 to 1."""
        origin = self._file.origin
        return min(1.0, origin.taken / origin.size) if origin.size else 1.0

    @property
    def counters(self) -> dict[str, Any]:
        """What has been met so far, by name.

        ``messages`` (packets' messages, records, rows or lines), ``events`` (before any
        choice of instruments), ``bytes`` (unpacked), ``undecodable``, ``unknown_types``
        (a dict by type), ``gaps`` and ``missing`` (messages), ``restarts``, and what the
        format adds: see the headers of ``cpp/capture``.
        """
        counters: dict[str, Any] = self._decoder.counters
        unknown = counters["unknown_types"]
        names = _DBN_TYPES if self.format == "dbn" else {}
        counters["unknown_types"] = {
            names.get(type_)
            or (chr(type_) if 32 < type_ < 127 and self.format != "dbn" else f"0x{type_:02x}"): n
            for type_, n in unknown.items()
        }
        return counters

    @property
    def summary(self) -> str:
        """One line about what has been read so far."""
        counters = self.counters
        parts = [f"{counters['messages']:,} messages", f"{counters['events']:,} events"]
        unknown = counters["unknown_types"]
        if unknown:
            parts.append(
                f"{sum(unknown.values()):,} of unknown types ({', '.join(sorted(unknown))})"
            )
        for key, words in (
            ("undecodable", "undecodable"),
            ("gaps", "gaps"),
            ("missing", "missing"),
            ("restarts", "restarts"),
            ("other_packets", "packets of other protocols"),
            ("duplicates", "duplicates"),
            ("after_end", "bytes after the end of the session"),
            ("exchange_only", "rows for the exchange's clock alone"),
            ("suspicious", "suspicious rows"),
            ("silent", "quotes of no side"),
            ("before_snapshot", "diffs older than their snapshot"),
        ):
            if counters.get(key):
                parts.append(f"{counters[key]:,} {words}")
        return f"{FORMATS[self.format]}: " + ", ".join(parts)

    def __iter__(self) -> Iterator[NDArray[np.void]]:
        return self

    def __next__(self) -> NDArray[np.void]:
        while self._waiting < self._chunk and not self._ended:
            self._advance()
        if self._waiting:
            events: NDArray[np.void] = self._decoder.take(self._chunk)
            self._waiting -= len(events)
            return events
        self.close()
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise problem
        raise StopIteration

    def _advance(self) -> None:
        try:
            piece = self._file.stream.read(_PIECE)
        except ReadError as problem:
            self._ended, self._problem = True, problem
            return
        if piece:
            self._waiting = self._decoder.feed(piece)
        else:
            self._waiting = self._decoder.finish()
            self._ended = True
        if failure := self._decoder.failure:
            self._ended = True
            self._problem = ReadError(
                f"{self.name} {failure}, at byte {self._decoder.failed_at:,}{self._unpacked()}"
            )
        elif self._ended:
            self._problem = self._cut() or self._missing()

    def _unpacked(self) -> str:
        return " of its unpacked data" if self._file.packings else ""

    def _cut(self) -> ReadError | None:
        counters = self._decoder.counters
        if self._file.stream.cut:
            where = f"its packed data ends early, after {counters['bytes']:,} unpacked bytes"
        elif self._decoder.cut:
            where = f"its last record is not whole, at byte {self._decoder.failed_at:,}"
            where += self._unpacked()
        elif 0 <= self._file.rows != counters["messages"]:
            where = f"it states {self._file.rows:,} rows"
        else:
            return None
        text = (
            f"{self.name} is cut: {where}; the {counters['messages']:,} messages before that "
            "were read; fetch it again"
        )
        if self._allow_cut or (self.format == "pcap" and not self._file.stream.cut):
            warnings.warn(text, CutFileWarning, stacklevel=4)
            return None
        return CutFileError(text + ", or read it with allow_cut=True")

    def _missing(self) -> ReadError | None:
        if self._chosen is None:
            return None
        known = set(self.instruments.values())
        absent = [symbol for symbol in self._chosen[0] if symbol not in known]
        if not absent:
            return None
        some = sorted(known)
        shown = ", ".join(some[:8]) + (f" and {len(some) - 8:,} more" if len(some) > 8 else "")
        return ReadError(f"{self.name} has no instrument {', '.join(absent)}; it has {shown or 0}")

    def read_all(self) -> NDArray[np.void]:
        """All events that have not been given yet, in one array.

        Returns
        -------
        ndarray of EVENT_DTYPE, shape (n,)

        Raises
        ------
        ReadError
            As iterating does; the events before the fault are then lost, so iterate,
            or use ``allow_cut``, to have them.
        """
        arrays = list(self)
        if not arrays:
            return np.empty(0, EVENT_DTYPE)
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def to_table(self) -> pyarrow.Table:
        """All events that have not been given yet, as an Arrow table.

        One column a field, and ``symbol``; ``kind``, ``side``, ``code`` and ``symbol`` are
        dictionaries of text. ``polars.from_arrow`` and ``.to_pandas()`` take it from there.
        """
        events = self.read_all()
        return events_table(events, self.instruments)

    def book_rows(self) -> Iterator[NDArray[np.int64]]:
        """LOBSTER's own book after each event, from the orderbook file beside it.

        Yields
        ------
        ndarray of int64, shape (n, 4 * levels)
            Ask price, ask size, bid price, bid size of each level, best first, prices
            in 1e-9; `NO_PRICE` and 0 where there is no level. Rows go with the events.

        Raises
        ------
        ReadError
            If there is no such file.
        """
        if self._file.orderbook is None:
            raise ReadError(f"{self.name} has no LOBSTER orderbook file beside it")
        source, name = self._file.orderbook()
        try:
            yield from lobster.book_rows(source, name, self._chunk)
        finally:
            source.close()

    def close(self) -> None:
        """Close the file; what has been decoded can still be taken."""
        self._ended = True
        self._file.stream.close()

    def __enter__(self) -> EventReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EventReader of {self.name}: {self.summary}>"


def events_table(events: NDArray[np.void], instruments: dict[int, str]) -> pyarrow.Table:
    """An Arrow table of events, as `EventReader.to_table` makes it."""
    import pyarrow

    columns: dict[str, Any] = {
        name: np.ascontiguousarray(events[name])
        for name in EVENT_DTYPE.names or ()
        if name not in ("kind", "side", "code")
    }
    for name, enum in (("kind", EventKind), ("side", EventSide)):
        columns[name] = pyarrow.DictionaryArray.from_arrays(
            pyarrow.array(events[name].astype(np.int8)), [member.name.lower() for member in enum]
        )
    codes, places = np.unique(events["code"], return_inverse=True)
    columns["code"] = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(places.astype(np.int16)), [code.decode("latin-1") for code in codes]
    )
    numbers, places = np.unique(events["instrument"], return_inverse=True)
    columns["symbol"] = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(places.astype(np.int32)), [instruments.get(int(n), "") for n in numbers]
    )
    return pyarrow.table(columns)
