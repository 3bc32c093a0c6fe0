"""Momentum expansion over whole arrays, as ``cpp/signal/momentum.hpp``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from pyscalp.reference.arrays import NO_PRICE, Floats, Ints, as_columns, exactly
from pyscalp.reference.volume_profile import WHOLE, Profiles, counted, profiles

PARTS: Final = 10
_HALF_HOUR: Final = 1_800 * 10**9
_LONG, _SHORT = 1, 2


@dataclass(frozen=True)
class MomentumOptions:
    """As ``signal::MomentumOptions``: times in ns, prices and shares at 1e-9."""

    bucket: int = 10_000_000
    window: int = 60 * 10**9
    min_trades: int = 20
    value_share: int = 700_000_000
    width_max: int = 1_000_000
    consolidation: int = 10 * 10**9
    surge: float = 3.0
    surge_window: int = 10**9
    history: int = 60
    day_curve: tuple[float, ...] = ()
    gain: float = 1.0
    hold: int = 5 * 10**9
    failure: int = 3 * 10**9
    confirm_imbalance: float = 0.0


def momentum(
    time: ArrayLike,
    bid: ArrayLike,
    bid_qty: ArrayLike,
    ask: ArrayLike,
    ask_qty: ArrayLike,
    trade_time: ArrayLike,
    trade_price: ArrayLike,
    trade_qty: ArrayLike,
    trades_seen: ArrayLike,
    options: MomentumOptions | None = None,
) -> pl.DataFrame:
    """Forecasts that a break out of a tight range goes on, one for each book event.

    What a profile, its value area and the relative volume are, and which are taken of
    several, is said in ``docs/signals.md``. Before an event is added to it, the profile is
    *tight* if it holds ``min_trades`` trades and its value area is at most ``width_max`` of
    the price at the point of control. A trade above or below all that the profile holds
    *breaks* it, if it has been tight at every event for ``consolidation`` and the relative
    volume, with this trade, is at least ``surge``. For ``hold``, ``gain`` times the height
    of the range is expected and entries against the break are vetoed. A trade at or inside
    the edge of the value area within ``failure`` ends it, and what was entered on it is to
    be left. Time is never taken back.

    Parameters
    ----------
    time, bid, bid_qty, ask, ask_qty : shape (events,)
        The book after every change; `NO_PRICE` for a side that is not there.
    trade_time, trade_price, trade_qty : shape (trades,)
        In order. Trades of no quantity or price are passed over.
    trades_seen : shape (events,)
        How many of the trades came before each event.
    options : MomentumOptions, optional

    Returns
    -------
    polars.DataFrame
        One row for each event: ``time``, ``tight`` (0 while a break lives), ``poc``,
        ``value_low``, ``value_high``, ``low``, ``high`` (lower edges of buckets, `NO_PRICE`
        where the profile is empty), ``relative_volume`` (at the last trade, 0 where it is
        not known), ``expected_move`` (0 for no opinion), ``leave`` and ``veto`` (1 longs,
        2 shorts).

    Raises
    ------
    ValueError
        Arrays of different lengths.

    References
    ----------
    Those of ``docs/signals.md``.
    """
    chosen = options or MomentumOptions()
    times, bids, bid_sizes, asks, ask_sizes, seen = as_columns(
        time, bid, bid_qty, ask, ask_qty, trades_seen
    )
    trade_times, prices, quantities = as_columns(trade_time, trade_price, trade_qty)
    real = counted(prices, quantities)
    seen = np.concatenate(([0], np.cumsum(real)))[seen]
    trades = _Trades(prices[real] // chosen.bucket, quantities[real])

    order = _Order.of(times, trade_times[real], seen)
    profile = profiles(
        order.now, order.before, order.now[order.trades], trades.bucket, trades.qty,
        chosen.window, chosen.value_share,
    )  # fmt: skip
    buckets = profile.value_high - profile.value_low + 1
    tight = (profile.trades >= chosen.min_trades) & (
        exactly(buckets) * WHOLE <= exactly(profile.poc) * chosen.width_max
    ).astype(bool)
    factor, surging = _relative_volume(order.now[order.trades], trades.qty, chosen)

    sound = (bids != NO_PRICE) & (asks != NO_PRICE) & (bids < asks)
    total = bid_sizes + ask_sizes
    lean = np.where(total != 0, (bid_sizes - ask_sizes) / np.where(total == 0, 1, total), 0)
    confirmed = [
        sound & (sign * lean >= chosen.confirm_imbalance) | (chosen.confirm_imbalance == 0)
        for sign in (-1, 1)
    ]
    said = _breaks(order, profile, tight, trades, surging, confirmed, chosen)

    held = profile.trades[order.books] > 0

    def edge(buckets: Ints) -> Ints:
        return np.where(held, buckets[order.books] * chosen.bucket, NO_PRICE)

    return pl.DataFrame(
        {
            "time": times,
            "tight": np.where(said.broken, 0, tight[order.books]),
            "poc": edge(profile.poc),
            "value_low": edge(profile.value_low),
            "value_high": edge(profile.value_high),
            "low": edge(profile.low),
            "high": edge(profile.high),
            "relative_volume": np.concatenate(([0.0], factor))[seen],
            "expected_move": np.where(sound, said.move, 0),
            "leave": said.leave,
            "veto": said.veto,
        }
    )


class _Trades(NamedTuple):
    bucket: Ints
    qty: Ints


class _Order(NamedTuple):
    """Books and trades as one sequence: where each stands, when, after how many trades."""

    now: Ints
    before: Ints
    books: Ints
    trades: Ints

    @classmethod
    def of(cls, book_time: Ints, trade_time: Ints, seen: Ints) -> _Order:
        books = seen + np.arange(len(seen))
        is_book = np.zeros(len(book_time) + len(trade_time), bool)
        is_book[books] = True
        trades = np.flatnonzero(~is_book)
        times = np.zeros(len(is_book), np.int64)
        times[books], times[trades] = book_time, trade_time
        now = np.maximum(np.maximum.accumulate(times), 0)
        return cls(now, np.cumsum(~is_book) - ~is_book, books, trades)


class _Said(NamedTuple):
    """At each book event; ``broken`` where nothing is judged to be tight."""

    move: Ints
    leave: Ints
    veto: Ints
    broken: NDArray[np.bool_]


def _breaks(
    order: _Order,
    profile: Profiles,
    tight: NDArray[np.bool_],
    trades: _Trades,
    surging: NDArray[np.bool_],
    confirmed: list[NDArray[np.bool_]],
    options: MomentumOptions,
) -> _Said:
    """What is said of the breaks, found one after the other."""
    count = len(order.books)
    said = _Said(*(np.zeros(count, kind) for kind in (np.int64, np.int64, np.int64, bool)))
    began = tight & ~np.concatenate(([False], tight[:-1]))
    run = np.maximum.accumulate(np.where(began, np.arange(len(tight)), 0))
    at = order.trades
    above, below = trades.bucket > profile.high[at], trades.bucket < profile.low[at]
    candidates = np.flatnonzero(tight[at] & surging & (above | below))

    free = 0  # where in the order a consolidation may begin
    for k in candidates:
        here = int(at[k])
        if here < free:
            continue
        since = order.now[max(int(run[here]), free)]
        if order.now[here] - since < options.consolidation:
            continue
        up = bool(above[k])
        over = int(np.searchsorted(order.now, order.now[here] + options.hold, side="left"))
        first_book = int(np.searchsorted(order.books, here))
        failed = _failure(order, profile, trades, int(k), up, options)
        end, free, fails = over, over, False
        if failed is not None and failed < over:
            end, free, fails = failed, failed + 1, True
        book = int(order.books[first_book]) if first_book < count else end
        if book < end and not confirmed[up][first_book]:
            end, free, fails = book, book + 1, False
        last_book = int(np.searchsorted(order.books, end))
        height = int(profile.high[here] - profile.low[here] + 1) * options.bucket
        wanted = (1 if up else -1) * options.gain * float(height)
        said.move[first_book:last_book] = int(np.trunc(wanted + np.copysign(0.5, wanted)))
        said.veto[first_book:last_book] = _SHORT if up else _LONG
        if fails and last_book < count:
            said.leave[last_book] |= _LONG if up else _SHORT
        said.broken[first_book : int(np.searchsorted(order.books, free))] = True
    return said


def _failure(
    order: _Order, profile: Profiles, trades: _Trades, k: int, up: bool, options: MomentumOptions
) -> int | None:
    """Where in the order the break by trade ``k`` fails, whatever its life."""
    here = order.trades[k]
    times = order.now[order.trades]
    last = int(np.searchsorted(times, order.now[here] + options.failure, side="right"))
    later = trades.bucket[k + 1 : last]
    back = later <= profile.value_high[here] if up else later >= profile.value_low[here]
    return int(order.trades[k + 1 + int(np.argmax(back))]) if back.any() else None


def _relative_volume(
    now: Ints, qty: Ints, options: MomentumOptions
) -> tuple[Floats, NDArray[np.bool_]]:
    """The factor at each trade, and whether it is a surge."""
    length = options.surge_window // PARTS
    held = (options.history + 1) * PARTS
    part = now // length
    volume = np.concatenate((np.zeros(1, np.int64), np.cumsum(qty)))
    until = volume[1:]
    middle = volume[np.searchsorted(part, part - PARTS, side="right")]
    recent = exactly(until - middle)
    usual = exactly(middle - volume[np.searchsorted(part, part - held, side="right")])

    # Weights of the parts held, newest first; of each part that a trade fell into.
    parts, which = np.unique(part, return_inverse=True)
    curve = np.array([round(weight * 10**6) for weight in options.day_curve or (1.0,) * 48])
    weights = np.zeros((len(parts), 2), np.int64)
    for first in range(0, len(parts), 4096):
        begins = np.maximum(parts[first : first + 4096, None] - np.arange(held), 0) * length
        each = curve[begins // _HALF_HOUR % 48]
        weights[first : first + 4096, 0] = each[:, :PARTS].sum(axis=1)
        weights[first : first + 4096, 1] = each[:, PARTS:].sum(axis=1)
    known = (part - part[:1] >= held - 1) & (usual > 0)
    over = (recent * weights[which, 1]).astype(np.float64)
    under = (usual * weights[which, 0]).astype(np.float64)
    factor = np.where(known, over / np.where(known, under, 1), 0.0)
    return factor, known & (over >= options.surge * under)
