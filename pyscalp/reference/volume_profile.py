"""Rolling volume profiles over whole arrays, as ``cpp/signal/volume_profile.hpp``.

Every profile is the difference of two rows of a table of running totals, a column a
bucket; the value areas of many profiles grow at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyscalp.reference.arrays import Ints, exactly

MAX_TRADES: Final = 8192
MAX_BUCKETS: Final = 1024
MAX_QTY: Final = 1 << 48
MAX_PRICE: Final = 1 << 61
WHOLE: Final = 10**9

# What a table may be large: profiles, and buckets unless one profile alone has more.
_ROWS: Final = 4096
_COLUMNS: Final = 4096


@dataclass(frozen=True)
class Profiles:
    """Of many moments: buckets by number, inclusive; 0 in all of them where ``trades`` is 0."""

    trades: Ints
    poc: Ints
    value_low: Ints
    value_high: Ints
    low: Ints
    high: Ints


def counted(price: Ints, qty: Ints) -> NDArray[np.bool_]:
    """Whether each trade is one to a profile: of a quantity, at a price within +-2^61."""
    return (qty > 0) & (price >= -MAX_PRICE) & (price <= MAX_PRICE)


def profiles(
    now: Ints, before: Ints, trade_now: Ints, bucket: Ints, qty: Ints, window: int, share: int
) -> Profiles:
    """The profile at each moment.

    Parameters
    ----------
    now, before : shape (moments,)
        The time of each, ns, and how many of the trades came before it; neither decreases.
    trade_now, bucket, qty : shape (trades,)
        The time of each trade, ns, which does not decrease; its bucket; its quantity.
    window : int
        ns; a trade that is as old or older has left.
    share : int
        Of the volume that the value area holds, at 1e-9.
    """
    starts = np.searchsorted(trade_now, now - window, side="right")
    starts = np.maximum(starts, before - MAX_TRADES)
    restarts = _restarts(trade_now, bucket, window)
    if len(restarts):
        latest = np.searchsorted(restarts, before, side="left") - 1
        starts = np.maximum(starts, np.where(latest >= 0, restarts[latest], 0))
    starts = np.minimum(starts, before)

    # Moments between which no trade came or went have the same profile.
    fresh = np.ones(len(now), bool)
    fresh[1:] = (np.diff(starts) != 0) | (np.diff(before) != 0)
    rows = np.flatnonzero(fresh & (before > starts))
    found = np.zeros((5, len(now)), np.int64)
    for first in range(0, len(rows), _ROWS):
        chunk = rows[first : first + _ROWS]
        found[:, chunk] = _areas(
            starts[chunk], before[chunk], bucket, np.minimum(qty, MAX_QTY), share
        )
    found = found[:, np.maximum.accumulate(np.where(fresh, np.arange(len(now)), 0))]
    return Profiles(before - starts, *found)


def _restarts(trade_now: Ints, bucket: Ints, window: int) -> Ints:
    """The trades that a profile began anew with, as they lay too far from one it held."""
    if len(bucket) == 0 or int(bucket.max()) - int(bucket.min()) < MAX_BUCKETS:
        return np.zeros(0, np.int64)
    found: list[int] = []
    begun = 0
    by_time = np.searchsorted(trade_now, trade_now - window, side="right")
    for i in range(len(bucket)):
        held = bucket[max(begun, int(by_time[i]), i + 1 - MAX_TRADES) : i]
        if np.any(np.abs(held - bucket[i]) >= MAX_BUCKETS):
            found.append(i)
            begun = i
    return np.array(found, np.int64)


def _areas(starts: Ints, ends: Ints, bucket: Ints, qty: Ints, share: int) -> Ints:
    """Point of control, value area and range of the trades in each ``[start, end)``."""
    first, last = int(starts.min()), int(ends.max())
    held, amounts = bucket[first:last], qty[first:last]
    base, width = int(held.min()), int(held.max() - held.min()) + 1
    if width > _COLUMNS and len(starts) > 1:
        half = len(starts) // 2
        parts = (slice(None, half), slice(half, None))
        return np.concatenate(
            [_areas(starts[part], ends[part], bucket, qty, share) for part in parts], axis=1
        )
    totals = np.zeros((len(held) + 1, width), np.int64)
    totals[np.arange(1, len(held) + 1), held - base] = amounts
    np.cumsum(totals, axis=0, out=totals)
    # Two empty columns on each side, to look beyond the ends.
    volumes = np.pad(totals[ends - first] - totals[starts - first], ((0, 0), (2, 2)))

    traded = volumes > 0
    low = np.argmax(traded, axis=1)
    high = volumes.shape[1] - 1 - np.argmax(traded[:, ::-1], axis=1)
    off_middle = np.abs(2 * np.arange(volumes.shape[1]) - (low + high)[:, None])
    most = volumes == volumes.max(axis=1)[:, None]
    poc = np.argmin(np.where(most, off_middle, 4 * volumes.shape[1]), axis=1)

    wanted = -(-exactly(volumes.sum(axis=1)) * share // WHOLE)
    bottom, top = poc.copy(), poc.copy()
    inside = volumes[np.arange(len(poc)), poc]
    growing = np.flatnonzero(inside < wanted)
    while len(growing):
        rows, lower, upper = growing, bottom[growing], top[growing]
        above = volumes[rows, upper + 1] + volumes[rows, upper + 2]
        below = volumes[rows, lower - 1] + volumes[rows, lower - 2]
        up = (lower == low[rows]) | ((upper != high[rows]) & (above >= below))
        top[rows] = np.where(up, np.minimum(upper + 2, high[rows]), upper)
        bottom[rows] = np.where(up, lower, np.maximum(lower - 2, low[rows]))
        inside[rows] += np.where(up, above, below)
        growing = rows[inside[rows] < wanted[rows]]
    return np.stack([poc, bottom, top, low, high]) + (base - 2)
