"""A raw capture of a market by price as a venue's day, for the included crypto venue.

How the day is made is in ``cpp/capture/level_day.hpp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyscalp.config_sections import Instrument
from pyscalp.day_file import read_unpacked
from pyscalp.errors import PyscalpError


@dataclass(frozen=True)
class LevelDay:
    """A venue's day out of levels and trades.

    Attributes
    ----------
    messages : bytes
        ITCH 5.0 in BinaryFILE framing; prices in ticks, quantities in lots, stamps since
        midnight UTC. The n-th instrument has locate n.
    counters : dict of dict
        What became of the events, by symbol: see ``cpp/capture/level_day.hpp``.
    """

    messages: bytes
    counters: dict[str, dict[str, Any]]


def read_level_day(path: str | Path, instruments: Sequence[Instrument]) -> LevelDay:
    """Read a raw capture of Binance as a day of these instruments.

    Parameters
    ----------
    path : str or Path
        Lines of "<time of receipt> <JSON>" with a depth snapshot among them, plain or
        packed.
    instruments : sequence of Instrument
        Their symbols, ticks and lots. Symbols that the capture has besides are left out.

    Raises
    ------
    PyscalpError
        If the file cannot be read, or lacks a symbol or its snapshot.
    """
    from pyscalp import _core

    data = read_unpacked(path)
    given = [(one.symbol, int(one.tick.scaleb(9)), int(one.lot.scaleb(9))) for one in instruments]
    try:
        messages, counters = _core.level_day(data, given)
    except ValueError as error:
        raise PyscalpError(f"{path} cannot be played: {error}") from None
    for symbol, counted in counters.items():
        if counted["snapshots"] == 0:
            raise PyscalpError(
                f"{path} has no depth snapshot of {symbol}, and without one nobody knows its "
                "book; record it together with the streams"
            )
        if counted["at_level"]["count"] + counted["updates"] <= counted["refused"]:
            raise PyscalpError(
                f"{path}: the prices of {symbol} are no multiples of its tick; correct the "
                "tick of [[instruments]]"
            )
    return LevelDay(messages, counters)
