"""A recorded day, whatever it was recorded as, ready to be played by the exchange."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyscalp.day_file import read_day
from pyscalp.errors import PyscalpError
from pyscalp.release_calendar import date_in_name
from pyscalp.tick_day import read_tick_day

_ZIP = b"PK"


@dataclass(frozen=True)
class RecordedDay:
    """The messages of a day, and what is known of it.

    Attributes
    ----------
    messages : bytes
        ITCH 5.0 in BinaryFILE framing.
    name : str
        What errors call it.
    title : str
        What reports call it.
    date : date or None
        The trading day, where the recording tells it.
    touch_only : bool
        Made from quotes and trades: no queue and no depth was recorded.
    ticks : dict
        Of such a day, what became of its rows, by symbol: see
        ``cpp/capture/touch_day.hpp``.
    left_out : tuple of str
        Sentences on what the day does not hold though it was asked for.
    """

    messages: bytes
    name: str
    title: str
    date: dt.date | None = None
    touch_only: bool = False
    ticks: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def read_recorded_day(
    path: str | Path | Sequence[str | Path], date: dt.date | str | None = None
) -> RecordedDay:
    """Read a day of ITCH 5.0 or of equity ticks; which it is, its bytes tell.

    Parameters
    ----------
    path : str, Path or several of them
        One BinaryFILE, see `pyscalp.day_file.read_day`; or ticks, see
        `pyscalp.tick_day.read_tick_day`.
    date : date or "YYYY-MM-DD", optional
        Which day of a folder of ticks.

    Raises
    ------
    PyscalpError
        If it cannot be read as a whole day.
    """
    paths = [path] if isinstance(path, (str, Path)) else list(path)
    if not paths:
        raise PyscalpError("there is no file to replay")
    if any(_holds_ticks(one) for one in paths):
        ticks = read_tick_day(paths, date)
        return RecordedDay(
            ticks.messages,
            ", ".join(map(str, paths)),
            f"{' '.join(ticks.symbols)} {ticks.date}, touch and trades",
            ticks.date,
            touch_only=True,
            ticks=ticks.counters,
            left_out=ticks.left_out,
        )
    if len(paths) > 1:
        raise PyscalpError(
            f"{paths[1]} is a second file; several are for equity ticks, of ITCH one is a day"
        )
    if date is not None:
        raise PyscalpError(f"{paths[0]} is one day as it is; a date chooses among ticks")
    name = Path(paths[0]).name
    return RecordedDay(read_day(paths[0]), str(paths[0]), name, date_in_name(name))


def _holds_ticks(path: str | Path) -> bool:
    name = os.path.expanduser(os.path.expandvars(str(path)))
    if os.path.isdir(name):
        return True
    try:
        with open(name, "rb") as file:
            return file.read(2) == _ZIP or name.endswith(".zip")
    except OSError:
        return name.endswith(".zip")
