"""Scheduled releases read from a file: when the market is about to be told something."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyscalp.duration import ClockTime
from pyscalp.errors import PyscalpError, os_reason

_COLUMNS = ("date", "time", "name")
_DATES = (
    (re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)"), (1, 2, 3)),
    (re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)"), (3, 1, 2)),  # MMDDYYYY, as Nasdaq's
)


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    Attributes
    ----------
    date : datetime.date
        Day of the market.
    time : ClockTime
        By the venue's clock, ns since its midnight.
    name : str
        What is released.
    """

    date: dt.date
    time: ClockTime
    name: str


def read_releases(path: str | Path) -> list[Release]:
    """Read a calendar file.

    Parameters
    ----------
    path : str or Path
        CSV in UTF-8 whose first line names the columns ``date`` (YYYY-MM-DD), ``time``
        (as ``08:30`` or ``08:30:00.5``, by the venue's clock) and ``name``; others are
        passed over, as are empty lines.

    Returns
    -------
    list of Release
        In the order of the file.

    Raises
    ------
    PyscalpError
        If it cannot be read, or a line is not a release: with the line's number.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return list(_releases(csv.DictReader(file), path))
    except UnicodeDecodeError as error:
        raise PyscalpError(
            f"{path} is not text in UTF-8 (byte {error.start}); is it a calendar?"
        ) from None
    except csv.Error as error:
        raise PyscalpError(f"{path} is not CSV: {error}") from None
    except OSError as error:
        raise PyscalpError(f"cannot read the calendar {path}: {os_reason(error)}") from None


def _releases(rows: csv.DictReader[str], path: str | Path) -> Iterator[Release]:
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise PyscalpError(
            f"{path}: line 1 does not name the column {missing[0]}; "
            "a calendar begins with date,time,name"
        )
    for row in rows:
        where = f"{path}: line {rows.line_num}"
        date, time, name = ((row[column] or "").strip() for column in _COLUMNS)
        try:
            yield Release(dt.date.fromisoformat(date), ClockTime.parse(time), name)
        except ValueError:
            raise PyscalpError(
                f'{where}: "{date} {time}" is not a date and time such as 2012-06-21 10:00'
            ) from None


def date_in_name(path: str | Path) -> dt.date | None:
    """The day that a recording's name tells: YYYY-MM-DD, YYYYMMDD or MMDDYYYY."""
    for pattern, order in _DATES:
        for found in pattern.finditer(Path(path).name):
            try:
                return dt.date(*(int(found[group]) for group in order))
            except ValueError:
                continue
    return None


def times_of(
    releases: Sequence[Release], day: dt.date, only: Sequence[str] = ()
) -> list[ClockTime]:
    """When something is released on that day, in order, each time once.

    Parameters
    ----------
    releases : sequence of Release
    day : datetime.date
    only : sequence of str
        Names, or parts of them in any case; releases that contain none of these do not
        count. Empty: all count.
    """
    wanted = [part.casefold() for part in only]
    return sorted(
        {
            release.time
            for release in releases
            if release.date == day
            and (not wanted or any(part in release.name.casefold() for part in wanted))
        }
    )
