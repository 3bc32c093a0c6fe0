"""Market events as rows of NumPy arrays: the dtype, and what its numbers mean.

The same 64 bytes as `MarketEvent` of ``cpp/event/market_event.hpp``, which says which
fields mean something for which kind.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np

EVENT_DTYPE = np.dtype(
    [
        ("venue_time", "<i8"),
        ("receipt_time", "<i8"),
        ("sequence", "<u8"),
        ("order", "<u8"),
        ("other", "<u8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("instrument", "<u4"),
        ("kind", "u1"),
        ("side", "u1"),
        ("flags", "u1"),
        ("code", "S1"),
    ]
)
"""One event, 64 bytes.

``venue_time`` and ``receipt_time`` are ns since 1970-01-01 UTC (``venue_time`` since
the venue's midnight where the file has no date and none was given; 0 where nobody
said); ``price`` is in 1e-9 of the quote currency, `NO_PRICE` where there is none;
``qty`` in steps of ``1 / EventReader.qty_scale``; ``sequence`` is the number of the
message in its feed or file; ``code`` is the venue's letter.
"""

NO_PRICE = 2**63 - 1
"""The price of a side that is not there, and of an event that has none."""

PRICE_SCALE = 10**9
"""Steps of ``price`` in one unit of the quote currency."""


class EventKind(IntEnum):
    """What happened."""

    OTHER = 0
    """Touches no book and is no trade; ``code`` is the venue's type."""
    ADD = 1
    """``order`` of ``side`` rests at the end of the queue at ``price`` with ``qty``."""
    EXECUTE = 2
    """``qty`` of ``order`` traded; match number ``other``."""
    REDUCE = 3
    """``qty`` was taken off ``order``, which keeps its place; at 0 it is gone."""
    DELETE = 4
    """``order`` is gone."""
    REPLACE = 5
    """``order`` is gone; ``other`` rests at ``price`` with ``qty`` on the same side."""
    MODIFY = 6
    """``order`` now has ``qty`` and ``price``; the flags tell of its place."""
    LEVEL = 7
    """All that rests at ``price`` on ``side`` is now ``qty``; 0: the level is gone."""
    TOUCH = 8
    """The best of ``side`` is now ``qty`` at ``price``; `NO_PRICE`: the side is empty."""
    TRADE = 9
    """A trade that no resting order's event tells of."""
    BREAK = 10
    """Trade ``other`` is void."""
    CLEAR = 11
    """The instrument's book is void, or the ``side`` of it, or what of the side rests at
    ``price`` or better; instrument 0: the books of all."""
    STATUS = 12
    """Trading state of the instrument: ``code``."""
    SYSTEM = 13
    """The venue's day: ``code``."""
    INSTRUMENT = 14
    """The instrument has a name from here on."""


class EventSide(IntEnum):
    """Of the resting order or level; of the aggressor in a TRADE, where it is known."""

    BUY = 0
    SELL = 1
    NONE = 2


class EventFlag(IntFlag):
    """Bits of ``flags``."""

    LAST = 1
    """Nothing more belongs to the same change: books are whole."""
    HIDDEN = 2
    """A trade against an order that was not displayed."""
    NOT_PRINTABLE = 4
    """Told again in a later bulk trade: leave out of volume."""
    OWN_PRICE = 8
    """An execution at a price other than the order's."""
    SNAPSHOT = 16
    """State told again, not a change."""
    KEEPS_PLACE = 32
    """A MODIFY that leaves the order where it stands in its queue."""
    CROSS = 64
    """An auction's trade."""
    PLACE_BY_RULE = 128
    """A MODIFY that loses its place if its price changes or its quantity grows."""
