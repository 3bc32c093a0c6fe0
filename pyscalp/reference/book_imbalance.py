"""Book imbalance over whole arrays, as ``cpp/signal/book_imbalance.hpp``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from pyscalp.reference.arrays import NO_PRICE, as_columns, shares


@dataclass(frozen=True)
class BookImbalanceOptions:
    """As ``signal::BookImbalanceOptions``; ``persistence`` in ns."""

    threshold: float = 0.6
    levels: int = 5
    persistence: int = 50_000_000
    horizon_gain: float = 1.0


def book_imbalance(
    time: ArrayLike,
    bid: ArrayLike,
    bid_qty: ArrayLike,
    ask: ArrayLike,
    ask_qty: ArrayLike,
    bid_depth: ArrayLike,
    ask_depth: ArrayLike,
    options: BookImbalanceOptions | None = None,
) -> pl.DataFrame:
    """Forecasts that the mid follows the heavier side, one for each book event.

    - ``imbalance`` = (b - a) / (b + a) of the sizes at the touch (``levels`` 1) or of the
      depths, 0 where both are 0 or the book is not sound
    - ``microprice`` = bid + (ask - bid) · bid_qty / (bid_qty + ask_qty), rounded down

    The forecast is ``horizon_gain`` · (microprice - mid), to the nearest 1e-9, if the
    imbalance has been at or beyond ``threshold`` on one side, at every event, for at least
    ``persistence`` ns and the microprice lies on that side of the mid. Time is never taken
    back: an event stamped earlier than one before it counts as of that one's time.

    Parameters
    ----------
    time, bid, bid_qty, ask, ask_qty, bid_depth, ask_depth : shape (events,)
        The book after every change; `NO_PRICE` for a side that is not there.
    options : BookImbalanceOptions, optional

    Returns
    -------
    polars.DataFrame
        One row for each event: ``time``, ``imbalance``, ``side`` (1, 0, -1: beyond the
        threshold), ``held`` (ns on that side), ``mid``, ``microprice`` (`NO_PRICE` where
        the book is not sound) and ``expected_move`` (int64, 0 for no opinion).

    Raises
    ------
    ValueError
        Arrays of different lengths.

    References
    ----------
    Cartea, Jaimungal, Penalva, *Algorithmic and High-Frequency Trading* (2015), 3.5;
    Gatheral and Oomen, *Zero-intelligence realized variance estimation* (2010).
    """
    chosen = options or BookImbalanceOptions()
    times, bids, bid_sizes, asks, ask_sizes, bid_depths, ask_depths = as_columns(
        time, bid, bid_qty, ask, ask_qty, bid_depth, ask_depth
    )
    sound = (bids != NO_PRICE) & (asks != NO_PRICE) & (bids < asks)
    ours, theirs = (bid_sizes, ask_sizes) if chosen.levels == 1 else (bid_depths, ask_depths)
    total = ours + theirs
    imbalance = np.where(sound & (total != 0), (ours - theirs) / np.where(total == 0, 1, total), 0)
    side = np.where(np.abs(imbalance) >= chosen.threshold, np.sign(imbalance), 0).astype(np.int64)

    now = np.maximum.accumulate(times)
    changed = side != np.concatenate(([0], side[:-1]))
    since = np.maximum.accumulate(np.where(changed, np.arange(len(times)), 0))
    held = np.where(side != 0, now - now[since], 0)

    spread = np.where(sound, asks - np.where(sound, bids, 0), 0)
    mid = np.where(sound, bids + spread // 2, NO_PRICE)
    micro = np.where(sound, bids + shares(spread, bid_sizes, bid_sizes + ask_sizes), NO_PRICE)

    lean = micro - mid
    wanted = chosen.horizon_gain * lean.astype(np.float64)
    opinion = (side != 0) & (held >= chosen.persistence) & (np.sign(lean) == side)
    move = np.where(opinion, np.trunc(wanted + np.copysign(0.5, wanted)), 0).astype(np.int64)
    return pl.DataFrame(
        {
            "time": times,
            "imbalance": imbalance,
            "side": side,
            "held": held,
            "mid": mid,
            "microprice": micro,
            "expected_move": move,
        }
    )
