"""The window of ``cpp/signal/sliding_sums.hpp``: the open slot of time and the 63 before it."""

from __future__ import annotations

import numpy as np

from pyscalp.reference.arrays import Ints

#: Slots of a window.
SLOTS = 64


def slot_numbers(clock: Ints, window: int) -> Ints:
    """The slot that each moment lies in; ``clock`` is in ns and never decreases."""
    return clock // -(-window // SLOTS)


def first_within(slots: Ints, now: Ints) -> Ints:
    """Of things that came in ``slots``, the first still within the window in slot ``now``."""
    return np.searchsorted(slots, now - SLOTS, side="right").astype(np.int64)


def common_clock(times: Ints, trade_times: Ints, seen: Ints) -> tuple[Ints, Ints]:
    """The latest time seen at each event and at each trade, of both kinds together.

    ``seen`` is how many of the trades came before each event.
    """
    events = np.concatenate(([0], np.maximum.accumulate(times)))
    trades = np.concatenate(([0], np.maximum.accumulate(trade_times)))
    before = np.searchsorted(seen, np.arange(len(trade_times)), side="right")
    return np.maximum(events[1:], trades[seen]), np.maximum(trades[1:], events[before])
