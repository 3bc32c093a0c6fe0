"""The structs of ``pyscalp_signal.h`` for ctypes; that header says what the fields mean."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, Structure, c_double, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from typing import Any, cast

ABI = 1
NO_PRICE = 2**63 - 1
"""Price of a side that is empty, and of what is not known."""
UNIT = 10**9
"""So many 1e-9 are one unit of the currency."""
LONG = 1
"""The bit of long positions in `leave` and `veto`."""
SHORT = 2
"""The bit of short positions in `leave` and `veto`."""

LEVELS_MAX = 32
PARAMETERS_MAX = 64
STATE_MAX = 1 << 30
CALLS_PYTHON = 1
SYMBOL = "pyscalp_signal_v1"
CAPSULE = b"pyscalp.signal.v1"


class Level(Structure):
    """One price level: `price` in 1e-9, `qty` displayed, in so many `orders`."""

    _fields_ = (
        ("price", c_int64),
        ("qty", c_int64),
        ("orders", c_uint32),
        ("reserved", c_uint32),
    )


class Trade(Structure):
    """One execution: `price`, `qty`, `venue_time`, and `side`, 1, -1 or 0 (hidden)."""

    _fields_ = (
        ("price", c_int64),
        ("qty", c_int64),
        ("venue_time", c_int64),
        ("side", c_int32),
        ("reserved", c_uint32),
    )


class Market(Structure):
    """What there is to see; valid during the call that it is given to.

    Prices are in 1e-9 of the currency, times in nanoseconds. `bids` and `asks` are
    sequences of `Level`, best first.
    """

    _fields_ = (
        ("size", c_uint32),
        ("instrument", c_uint32),
        ("now", c_int64),
        ("venue_time", c_int64),
        ("bid", c_int64),
        ("ask", c_int64),
        ("bid_qty", c_int64),
        ("ask_qty", c_int64),
        ("mid", c_int64),
        ("microprice", c_int64),
        ("imbalance", c_double),
        ("depth_imbalance", c_double),
        ("_bids", c_void_p),
        ("_asks", c_void_p),
        ("bid_count", c_uint32),
        ("ask_count", c_uint32),
        ("trades", c_int64),
        ("buy_qty", c_int64),
        ("sell_qty", c_int64),
        ("hidden_qty", c_int64),
        ("last_price", c_int64),
        ("sound", c_uint32),
        ("reserved", c_uint32),
    )

    @property
    def bids(self) -> Sequence[Level]:
        """The best levels to buy at, best first."""
        return _levels(self._bids, self.bid_count)

    @property
    def asks(self) -> Sequence[Level]:
        """The best levels to sell at, best first."""
        return _levels(self._asks, self.ask_count)


def _levels(address: int | None, count: int) -> Sequence[Level]:
    if not address or not count:
        return ()
    levels: Any = (Level * count).from_address(address)
    return cast("Sequence[Level]", levels)


class ForecastOut(Structure):
    """What `on_book` fills in."""

    _fields_ = (("expected_move", c_double), ("leave", c_uint32), ("veto", c_uint32))


class ParameterEntry(Structure):
    """One parameter as the C interface has it."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("value", c_double),
        ("min", c_double),
        ("max", c_double),
    )


Create = ctypes.CFUNCTYPE(c_void_p, c_void_p, POINTER(c_double))
Destroy = ctypes.CFUNCTYPE(None, c_void_p)
Reset = ctypes.CFUNCTYPE(None, c_void_p, POINTER(c_double))
OnBook = ctypes.CFUNCTYPE(None, c_void_p, POINTER(c_double), POINTER(Market), POINTER(ForecastOut))
OnTrade = ctypes.CFUNCTYPE(None, c_void_p, POINTER(c_double), POINTER(Trade))


class Descriptor(Structure):
    """A signal; its functions are held as addresses."""

    _fields_ = (
        ("abi", c_uint32),
        ("size", c_uint32),
        ("name", ctypes.c_char_p),
        ("flags", c_uint32),
        ("levels", c_uint32),
        ("state_size", c_uint64),
        ("parameters", POINTER(ParameterEntry)),
        ("parameter_count", c_uint64),
        ("create", c_void_p),
        ("destroy", c_void_p),
        ("reset", c_void_p),
        ("on_book", c_void_p),
        ("on_trade", c_void_p),
    )
