"""Names of Lean's tick files: which instrument, which day, quotes or trades."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_MEMBER = re.compile(r"(?:^|[/ ])(\d{8})_([A-Za-z0-9.\-]+)_(Quote|Trade)_Tick\.csv$", re.IGNORECASE)
_FILE = re.compile(r"^(\d{8})_(quote|trade)\.zip$", re.IGNORECASE)


@dataclass(frozen=True)
class TickName:
    """What the name of a tick file tells.

    Attributes
    ----------
    day : date
        The trading day.
    kind : str
        ``"quote"`` or ``"trade"``.
    symbol : str
        In capitals; empty where the name does not say it.
    """

    day: date
    kind: str
    symbol: str = ""


def member_name(name: str) -> TickName | None:
    """What ``20131007_aig_Quote_Tick.csv`` tells; None if it is no such name."""
    match = _MEMBER.search(name)
    day = _day(match.group(1)) if match else None
    if match is None or day is None:
        return None
    return TickName(day, match.group(3).lower(), match.group(2).upper())


def zip_name(name: str) -> TickName | None:
    """What ``20131007_quote.zip`` tells; None if it is no such name."""
    match = _FILE.match(name)
    day = _day(match.group(1)) if match else None
    if match is None or day is None:
        return None
    return TickName(day, match.group(2).lower())


def symbol_of(name: str) -> str:
    """The symbol that a tick file's name tells; empty if it tells none."""
    found = member_name(name)
    return found.symbol if found else ""


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
