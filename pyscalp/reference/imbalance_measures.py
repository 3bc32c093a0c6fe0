"""What ``cpp/signal/book_imbalance.hpp`` can measure, over matrices of levels.

In all functions `bid_price`, `bid_qty`, `ask_price` and `ask_qty` have the shape (events,
shown levels), best first, with `NO_PRICE` and 0 where there is no level. Each yields one
value an event, in [-1, 1] and above 0 for buyers; 0 where the book is not sound (a side
missing, locked or crossed).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyscalp.reference.arrays import NO_PRICE, Floats, Ints
from pyscalp.reference.sliding import first_within, slot_numbers

Flags = NDArray[np.bool_]


def depth_imbalance(
    bid_price: ArrayLike, bid_qty: ArrayLike, ask_price: ArrayLike, ask_qty: ArrayLike, levels: int
) -> Floats:
    """(b - a) / (b + a) of the quantities summed over the first `levels` levels."""
    bids, bid_sizes, asks, ask_sizes = _levels(bid_price, bid_qty, ask_price, ask_qty, levels)
    ours = bid_sizes.sum(axis=1).astype(np.float64)
    theirs = ask_sizes.sum(axis=1).astype(np.float64)
    return _ratio(ours, theirs, _sound(bids, asks))


def weighted_imbalance(
    bid_price: ArrayLike,
    bid_qty: ArrayLike,
    ask_price: ArrayLike,
    ask_qty: ArrayLike,
    levels: int,
    tick: int,
) -> Floats:
    """As `depth_imbalance`, each quantity divided by 1 + its distance from the best in ticks."""
    bids, bid_sizes, asks, ask_sizes = _levels(bid_price, bid_qty, ask_price, ask_qty, levels)
    sides = []
    for prices, sizes in ((bids, bid_sizes), (asks, ask_sizes)):
        there = prices != NO_PRICE
        best = np.where(there[:, :1], prices[:, :1], 0)
        distance = np.abs(np.where(there, prices - best, 0)) / tick
        shares = np.where(there, sizes / (1.0 + distance), 0.0)
        # Rank by rank, as a pairwise sum would round in another order.
        sides.append(np.cumsum(shares, axis=1)[:, -1])
    return _ratio(sides[0], sides[1], _sound(bids, asks))


def order_flow_imbalance(
    time: ArrayLike,
    bid_price: ArrayLike,
    bid_qty: ArrayLike,
    ask_price: ArrayLike,
    ask_qty: ArrayLike,
    levels: int,
    window: int,
    scale: str = "flow",
) -> Floats:
    """Net order flow of the last `window` ns as a share of all flow, or of the average depth.

    From one sound book to the next, with prices P and quantities q of level m before (') and
    after:

    - e = [P_b ≥ P_b']·q_b - [P_b ≤ P_b']·q_b' - [P_a ≤ P_a']·q_a + [P_a ≥ P_a']·q_a'
    - g = the absolute value of the first two terms plus that of the last two

    A level that is not there has a quantity of 0 and the worst price. Both are summed over
    levels and over the events of the window: the slot of time of the event (a 64th of the
    window) and the 63 before it. The result is Σe / Σg for a `scale` of ``"flow"``, and for
    ``"depth"`` Σe divided by the average of (b + a) / 2 over the sound events in the window,
    b and a being the sums over levels, and cut to [-1, 1].

    References
    ----------
    Cont, Kukanov, Stoikov, *The Price Impact of Order Book Events* (2014); Xu, Gould,
    Howison, *Multi-Level Order-Flow Imbalance in a Limit Order Book* (2018).
    """
    if scale not in ("flow", "depth"):
        raise ValueError(f"scale of {scale!r}: neither flow nor depth")
    times = np.asarray(time, np.int64)
    bids, bid_sizes, asks, ask_sizes = _levels(bid_price, bid_qty, ask_price, ask_qty, levels)
    sound = _sound(bids, asks)
    compared = sound[1:] & sound[:-1]
    ours = _flow(np.where(bids == NO_PRICE, -NO_PRICE, bids), bid_sizes)
    theirs = _flow(-asks, ask_sizes)
    net = np.zeros(len(times), np.int64)
    gross, depth = net.copy(), net.copy()
    net[1:] = np.where(compared, (ours - theirs).sum(axis=1), 0)
    gross[1:] = np.where(compared, (np.abs(ours) + np.abs(theirs)).sum(axis=1), 0)
    depth[:] = np.where(sound, bid_sizes.sum(axis=1) + ask_sizes.sum(axis=1), 0)

    slots = slot_numbers(np.maximum.accumulate(times), window)
    first = first_within(slots, slots)

    def within(values: Ints) -> Floats:
        total = np.concatenate(([0], np.cumsum(values)))
        return np.asarray((total[1:] - total[first]).astype(np.float64))

    if scale == "flow":
        share = _quotient(within(net), within(gross))
    else:
        share = _quotient(within(net) * 2 * within(sound.astype(np.int64)), within(depth))
    return np.where(sound, np.clip(share, -1, 1), 0.0)


def _flow(keys: Ints, sizes: Ints) -> Ints:
    """From each event to the next; of two keys the higher is the better price."""
    come = np.where(keys[1:] >= keys[:-1], sizes[1:], 0)
    gone = np.where(keys[1:] <= keys[:-1], sizes[:-1], 0)
    return np.asarray(come - gone)


def _levels(
    bid_price: ArrayLike, bid_qty: ArrayLike, ask_price: ArrayLike, ask_qty: ArrayLike, levels: int
) -> list[Ints]:
    """The first `levels` columns of each; a ValueError unless all are of one shape."""
    matrices = [np.asarray(m, np.int64) for m in (bid_price, bid_qty, ask_price, ask_qty)]
    shapes = [matrix.shape for matrix in matrices]
    if len(set(shapes)) != 1 or len(shapes[0]) != 2 or shapes[0][1] < levels:
        raise ValueError(f"levels of shapes {shapes}, of which {levels} are to be counted")
    return [matrix[:, :levels] for matrix in matrices]


def _sound(bids: Ints, asks: Ints) -> Flags:
    bid, ask = bids[:, 0], asks[:, 0]
    return np.asarray((bid != NO_PRICE) & (ask != NO_PRICE) & (bid < ask))


def _ratio(ours: Floats, theirs: Floats, sound: Flags) -> Floats:
    return np.where(sound, _quotient(ours - theirs, ours + theirs), 0.0)


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    """0 where the denominator is."""
    known = denominator != 0
    return np.where(known, numerator / np.where(known, denominator, 1.0), 0.0)
