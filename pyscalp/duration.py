"""Lengths of time and times of day as people write them, in whole nanoseconds."""

from __future__ import annotations

import re
from datetime import time as TimeOfDay
from decimal import Decimal

_UNITS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|h)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?")
_INT64_MAX = 2**63 - 1


class Duration(int):
    """A length of time in nanoseconds that is written with its unit, as ``250ms``."""

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read ``"250ms"``, ``"1.5s"``, ``"1m30s"``, ``"2h"``, ``"0s"``.

        Raises
        ------
        ValueError
            If the unit is missing or unknown, or the time is not whole nanoseconds.
        """
        position, total = 0, Decimal(0)
        for part in _PART.finditer(text):
            if part.start() != position:
                break
            unit = part[2].replace("µs", "us")
            total += Decimal(part[1]) * _UNITS[unit]
            position = part.end()
        if position == 0 or text[position:].strip():
            raise ValueError(
                f'is not a length of time: "{text}"; write a number and its unit '
                '(ns, us, ms, s, m, h), such as "250ms" or "30s"'
            )
        if total != int(total) or total > _INT64_MAX:
            raise ValueError(f'cannot be kept in whole nanoseconds: "{text}"')
        return cls(int(total))

    def __str__(self) -> str:
        if self == 0:
            return "0s"
        for unit, nanos in _UNITS.items():
            if self % nanos == 0:
                return f"{self // nanos}{unit}"
        return f"{int(self)}ns"

    __repr__ = __str__


class ClockTime(int):
    """A time of day in nanoseconds since midnight, written as ``09:45``."""

    @classmethod
    def parse(cls, text: str | TimeOfDay) -> ClockTime:
        """Read ``"09:45"``, ``"09:45:30"``, ``"09:45:30.25"`` or a TOML local time.

        Raises
        ------
        ValueError
            If it is not a time of one day.
        """
        match = _CLOCK.fullmatch(str(text).strip())
        if match is None:
            raise ValueError(f'is not a time of day: "{text}"; write it as "09:45"')
        hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
        if hours > 23 or minutes > 59 or seconds > 59:
            raise ValueError(f'is not a time of day: "{text}"; write 00:00 to 23:59:59')
        nanos = int((match[4] or "0").ljust(9, "0"))
        return cls(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + nanos)

    def __str__(self) -> str:
        seconds, nanos = divmod(int(self), 1_000_000_000)
        text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
        if seconds % 60 or nanos:
            text += f":{seconds % 60:02}"
        if nanos:
            text += f".{nanos:09}".rstrip("0")
        return text

    __repr__ = __str__
