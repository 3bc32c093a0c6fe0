"""A recorded file pushed through the compiled books, piece by piece."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol

from pyscalp import _core
from pyscalp.book_arrow import NANO, TABLES
from pyscalp.errors import PyscalpError, ReadError
from pyscalp.formats.opening import Opened, opened
from pyscalp.read import midnight_ns, read
from pyscalp.read_ahead import ReadAhead

Progress = Callable[[int, int], None]
"""Called with the bytes of the file that are done, and all."""


class BookFeed(Protocol):
    """What fills the tables from a file.

    Attributes
    ----------
    builder : _core.ItchTables or _core.EventTables
    source : str
        The file's name.
    dated : bool
        Whether venue times are since 1970-01-01 UTC.
    qty_scale : int
        How many units of a quantity make one share, contract or coin.
    problem : str
        What is wrong with the file, once it was met: it is cut or damaged.
    """

    builder: Any
    source: str
    problem: str

    @property
    def dated(self) -> bool:
        """See above."""

    @property
    def qty_scale(self) -> int:
        """See above."""

    def __iter__(self) -> Iterator[None]:
        """Feed the file; gives control back after every piece."""

    def symbol(self, number: int) -> str:
        """The symbol of an instrument's number; empty where none is known."""


class ItchFeed:
    """An ITCH 5.0 BinaryFILE, straight from its bytes."""

    qty_scale = 1

    def __init__(
        self,
        file: Opened,
        tables: Sequence[str],
        instruments: Sequence[str],
        day: dt.date | None,
        shape: dict[str, int],
        progress: Progress | None,
    ) -> None:
        self._file = file
        self._wanted = instruments
        self._progress = progress
        self.source = file.name
        self.problem = ""
        self.dated = day is not None
        midnight = midnight_ns(day) if day else 0
        self.builder = _core.ItchTables(list(tables), list(instruments), midnight, **shape)

    def symbol(self, number: int) -> str:
        """The symbol of an instrument's number; empty where none is known."""
        return str(self.builder.symbol(number))

    def __iter__(self) -> Iterator[None]:
        """Feed the file; gives control back after every piece."""
        checked = False
        with ReadAhead(self._file) as pieces:
            try:
                for piece in pieces:
                    more = self.builder.feed(piece)
                    if not checked and self.builder.listed:
                        checked = True
                        self._check_instruments()
                    if self._progress:
                        self._progress(pieces.taken, pieces.size)
                    yield
                    if not more:
                        break
            except ReadError as error:
                self.problem = str(error)
            self.problem = self.problem or self._damage(pieces.cut)
        if not self.problem:
            self._check_instruments()

    def _damage(self, packed_cut: bool) -> str:
        at = f"at byte {self.builder.offset:,}{' of its unpacked data' * bool(self._file.packings)}"
        if self.builder.damaged:
            return (
                f"{self.source} is damaged: what stands {at} is no ITCH 5.0 message; fetch it again"
            )
        if packed_cut:
            return f"{self.source} is cut: its packed data ends early, {at}; fetch it again"
        if self.builder.cut:
            return f"{self.source} is cut: its last message is not whole, {at}; fetch it again"
        return ""

    def _check_instruments(self) -> None:
        if self._wanted:
            _, _, known, _, _ = self.builder.instruments()
            check_instruments(self._wanted, known, self.source)


class EventFeed:
    """Any other recorded file, through `pyscalp.read`."""

    def __init__(
        self,
        name: str,
        tables: Sequence[str],
        instruments: Sequence[str],
        day: dt.date | None,
        step: int,
        shape: dict[str, int],
        progress: Progress | None,
    ) -> None:
        self._reader = read(name, instruments=instruments or None, day=day)
        self._wanted = instruments
        self._progress = progress
        self.source = name
        self.problem = ""
        self._symbols: dict[int, str] = {}
        self._symbols_current = False
        # These alone have times of day.
        self.dated = self._reader.format not in ("lobster", "lean") or day is not None
        self.builder = _core.EventTables(list(tables), step=step, **shape)

    @property
    def qty_scale(self) -> int:
        """How many units of a quantity make one share, contract or coin."""
        return self._reader.qty_scale

    def symbol(self, number: int) -> str:
        """The symbol of an instrument's number; empty where none is known."""
        venue_number = self.builder.number(number)
        if venue_number not in self._symbols and not self._symbols_current:
            self._symbols = self._reader.instruments
            self._symbols_current = True
        return self._symbols.get(venue_number, "")

    def __iter__(self) -> Iterator[None]:
        """Feed the file; gives control back after every array of events."""
        size = os.path.getsize(self.source)
        with self._reader as reader:
            try:
                for events in reader:
                    self.builder.feed(events)
                    self._symbols_current = False
                    if self._progress:
                        self._progress(int(reader.progress * size), size)
                    yield
            except ReadError as error:
                check_instruments(self._wanted, list(reader.instruments.values()), self.source)
                self.problem = str(error)


def open_feed(
    path: str | Path,
    *,
    tables: Sequence[str],
    instruments: str | Sequence[str] | None,
    levels: int,
    day: dt.date | str | None,
    tick: float | str | Decimal,
    depth_ticks: int,
    price_step: float | str | Decimal,
    progress: Progress | None,
) -> BookFeed:
    """The feed that fits a file, which is told by its first bytes."""
    wrong = [name for name in tables if name not in TABLES]
    if wrong:
        raise PyscalpError(f'there is no table "{wrong[0]}"; the tables are {", ".join(TABLES)}')
    if not 1 <= levels <= 64:
        raise PyscalpError(f"levels must be 1 to 64, not {levels}")
    if not 0 <= depth_ticks <= 4096:
        raise PyscalpError(f"depth_ticks must be 0 to 4096, not {depth_ticks}")
    wanted = [instruments] if isinstance(instruments, str) else list(instruments or ())
    shape = {"levels": levels, "ticks": depth_ticks, "tick": nanos("tick", tick)}
    step = nanos("price_step", price_step)
    file = opened(path)
    try:
        of_day = session_day(day, file.name)
        if file.format == "itch":
            return ItchFeed(file, tables, wanted, of_day, shape, progress)
    except BaseException:
        file.stream.close()
        raise
    file.stream.close()
    name = os.path.expanduser(os.path.expandvars(str(path)))
    return EventFeed(name, tables, wanted, of_day, step, shape, progress)


def nanos(what: str, amount: float | str | Decimal) -> int:
    """A positive amount of the currency as an int at 1e-9."""
    try:
        exact = Decimal(str(amount)) * NANO
        if exact <= 0 or exact != int(exact):
            raise ValueError
    except (InvalidOperation, ValueError, OverflowError):
        raise PyscalpError(
            f"{what} must be a positive price with at most nine decimals, not {amount}"
        ) from None
    return int(exact)


def check_instruments(wanted: Sequence[str], known: Sequence[str], source: str) -> None:
    """Raise PyscalpError for the first wanted symbol that the file does not have."""
    there = {name for name in known if name}
    for symbol in wanted:
        if symbol in there:
            continue
        near = difflib.get_close_matches(symbol.upper(), sorted(there), n=3, cutoff=0.5)
        if near:
            hint = f"; near it: {', '.join(near)}"
        elif there:
            hint = f"; it has {', '.join(sorted(there)[:5])}{', …' if len(there) > 5 else ''}"
        else:
            hint = "; it names none"
        raise PyscalpError(f"{source} has no instrument {symbol}{hint}")


_DAYS = (
    (re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"), (0, 1, 2)),
    (re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?!\d)"), (0, 1, 2)),
    (re.compile(r"(?<!\d)(\d{2})(\d{2})(20\d{2})(?!\d)"), (2, 0, 1)),
)


def session_day(day: dt.date | str | None, name: str) -> dt.date | None:
    """The day given, or else the one in the file's name; None where neither tells it.

    ``AMZN_2012-06-21.itch50.xz``, ``S20191230.txt`` and ``12302019.NASDAQ_ITCH50`` are
    understood.
    """
    if isinstance(day, dt.datetime):
        return day.date()
    if isinstance(day, dt.date):
        return day
    if day is not None:
        try:
            return dt.date.fromisoformat(day)
        except ValueError:
            raise PyscalpError(f"the day must be such as 2012-06-21, not {day}") from None
    for pattern, order in _DAYS:
        for found in pattern.finditer(Path(name).name):
            year, month, date = (int(found.group(i + 1)) for i in order)
            try:
                return dt.date(year, month, date)
            except ValueError:
                continue
    return None
