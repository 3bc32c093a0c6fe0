"""Equity ticks of Lean as a venue's day: quotes and trades of one date, merged by time.

How the day is made, and what it cannot know, is in ``docs/ticks.md``.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyscalp.errors import PyscalpError, ReadError, os_reason
from pyscalp.events import EventKind
from pyscalp.formats.lean import TickName, member_name, zip_name
from pyscalp.read import read

_KINDS = {"quote": EventKind.TOUCH, "trade": EventKind.TRADE}


@dataclass(frozen=True)
class TickDay:
    """A venue's day out of ticks.

    Attributes
    ----------
    date : date
        The trading day, as the files' names tell it.
    symbols : tuple of str
        The instruments; their ITCH locates are 1, 2, 3 …
    messages : bytes
        ITCH 5.0 in BinaryFILE framing, stamps since midnight in New York.
    counters : dict of dict
        What became of the rows, by symbol: see ``cpp/capture/touch_day.hpp``.
    left_out : tuple of str
        Sentences on the instruments that lack a file.
    """

    date: dt.date
    symbols: tuple[str, ...]
    messages: bytes
    counters: dict[str, dict[str, Any]]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Folder:
    """The tick files of one instrument, by day and kind."""

    path: Path
    files: dict[dt.date, dict[str, Path]]
    asked_for: bool
    """It was given itself, not found in a folder of folders."""


def read_tick_day(paths: Sequence[str | Path], date: dt.date | str | None = None) -> TickDay:
    """Read the quotes and trades of one day, of one instrument or several.

    Parameters
    ----------
    paths : sequence of str or Path
        Each a ``YYYYMMDD_quote.zip`` or ``YYYYMMDD_trade.zip``, which finds the other
        beside it; or a folder of such zips; or a folder of such folders, of which an
        instrument that lacks a file of the day is left out.
    date : date or "YYYY-MM-DD", optional
        Needed where the folders hold several days.

    Raises
    ------
    PyscalpError
        If there is no such day, if quotes or trades are missing, or a file is damaged.
    """
    wanted = _date(date)
    folders = [folder for path in paths for folder in _folders(_expanded(path))]
    day = _chosen_day(folders, wanted)
    found: dict[str, tuple[Path, Path]] = {}
    left_out: list[str] = []
    for folder in folders:
        files = folder.files.get(day, {})
        problem = _missing(folder, files, day)
        if problem:
            if folder.asked_for:
                raise PyscalpError(problem)
            left_out.append(f"left out: {problem}")
            continue
        symbol = _symbol(files["quote"], files["trade"], day)
        before = found.setdefault(symbol, (files["trade"], files["quote"]))
        if before != (files["trade"], files["quote"]):
            raise PyscalpError(
                f"{symbol} is there twice: {before[1]} and {files['quote']}; give one of them"
            )
    if not found:
        raise PyscalpError("\n".join(left_out))
    return _merged(day, found, tuple(left_out))


def _merged(
    day: dt.date, found: dict[str, tuple[Path, Path]], left_out: tuple[str, ...]
) -> TickDay:
    from pyscalp import _core

    symbols = tuple(sorted(found))
    # Of equal stamps the trades come first: the quote after a trade shows what it left.
    streams = [
        (number, _events(found[symbol][kind == "quote"], kind))
        for kind in ("trade", "quote")
        for number, symbol in enumerate(symbols, start=1)
    ]
    try:
        messages, counters = _core.touch_day(list(symbols), streams)
    except ValueError as error:
        raise PyscalpError(f"the ticks of {day} cannot be replayed: {error}") from None
    return TickDay(day, symbols, messages, counters, left_out)


def _events(path: Path, kind: str) -> NDArray[np.void]:
    with read(path, chunk=1 << 26) as reader:
        if reader.format != "lean":
            raise ReadError(f"{path} holds no ticks of Lean but {reader.format}")
        events = reader.read_all()
    kinds = set(np.unique(events["kind"])) - {int(EventKind.OTHER)}
    if not kinds:
        raise ReadError(f"{path} holds no {kind}; fetch it again")
    if kinds != {int(_KINDS[kind])}:
        other = "trades" if kind == "quote" else "quotes"
        raise ReadError(f"{path} is named for its {kind}s, but holds {other}")
    return events


def _symbol(quote: Path, trade: Path, day: dt.date) -> str:
    """The symbol that the archives' members tell, or else the folder."""
    names = [name for name in (_member(quote), _member(trade)) if name is not None]
    for name, path in zip(names, (quote, trade), strict=False):
        if name.day != day:
            raise PyscalpError(f"{path} is named for {day}, but holds {name.day}")
    symbols = {name.symbol for name in names} or {quote.resolve().parent.name.upper()}
    if len(symbols) > 1:
        raise PyscalpError(f"{quote} and {trade} are of {' and '.join(sorted(symbols))}")
    return symbols.pop()


def _member(path: Path) -> TickName | None:
    with read(path) as reader:
        return member_name(reader.name)


# -- which files ------------------------------------------------------------------------


def _folders(path: Path) -> Iterator[_Folder]:
    if not path.is_dir():
        name = zip_name(path.name)
        if name is None:
            raise PyscalpError(
                f"{path} is not named as a day of ticks is: 20131007_quote.zip or "
                "20131007_trade.zip"
            )
        if not path.is_file():
            raise PyscalpError(f"cannot read {path}: there is no such file")
        files = _tick_files(path.parent)
        yield _Folder(path.parent, {name.day: files.get(name.day, {})}, asked_for=True)
        return
    files = _tick_files(path)
    if files:
        yield _Folder(path, files, asked_for=True)
        return
    inner = [(one, _tick_files(one)) for one in _listed(path) if one.is_dir()]
    inner = [(one, files) for one, files in inner if files]
    if not inner:
        raise PyscalpError(
            f"{path} holds no ticks: neither files such as 20131007_quote.zip nor folders of them"
        )
    for one, files in inner:
        yield _Folder(one, files, asked_for=False)


def _tick_files(folder: Path) -> dict[dt.date, dict[str, Path]]:
    files: dict[dt.date, dict[str, Path]] = {}
    for path in _listed(folder):
        name = zip_name(path.name)
        if name is not None:
            files.setdefault(name.day, {})[name.kind] = path
    return files


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise PyscalpError(f"cannot read {folder}: {os_reason(error)}") from None


def _chosen_day(folders: Iterable[_Folder], wanted: dt.date | None) -> dt.date:
    days = sorted({day for folder in folders for day in folder.files})
    listed = ", ".join(map(str, days[:8])) + (" …" if len(days) > 8 else "")
    if wanted is not None:
        if wanted not in days:
            raise PyscalpError(f"there are no ticks of {wanted}; there are those of {listed}")
        return wanted
    if len(days) > 1:
        raise PyscalpError(f"there are ticks of {listed}; choose one day with --date")
    return days[0]


def _missing(folder: _Folder, files: dict[str, Path], day: dt.date) -> str:
    """Why an instrument cannot be replayed on a day; empty if it can."""
    if not files:
        return f"{folder.path} has no ticks of {day}"
    if "quote" not in files:
        return (
            f"{folder.path} has trades of {day} but no quotes, and trades alone do not tell "
            f"what could be bought or sold; put {day:%Y%m%d}_quote.zip beside them"
        )
    if "trade" not in files:
        return (
            f"{folder.path} has quotes of {day} but no trades, and without them no resting "
            f"order is ever filled; put {day:%Y%m%d}_trade.zip beside them"
        )
    return ""


def _expanded(path: str | Path) -> Path:
    name = os.path.expanduser(os.path.expandvars(str(path)))
    if "$" in name:
        raise PyscalpError(
            f"{path}: the variable in this path is not set; set it, or write the path out"
        )
    return Path(name)


def _date(date: dt.date | str | None) -> dt.date | None:
    if date is None or isinstance(date, dt.date):
        return date
    try:
        return dt.date.fromisoformat(date)
    except ValueError:
        raise PyscalpError(f"the date is one such as 2013-10-07, not {date!r}") from None
