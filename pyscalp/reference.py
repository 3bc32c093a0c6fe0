"""The signals again, in NumPy over whole arrays: what the compiled ones are held against.

Each function takes the events of one instrument and yields, event by event, the values
and the forecast that the class of the same name in ``cpp/signal`` arrives at. The sums
are taken another way: here over whole arrays, by the textbook formulas, in Python's
integers of any length.

Conventions of all functions: prices are int64 at 1e-9 of the currency, `NO_PRICE` where
there is none; times are int64 nanoseconds of the venue; quantities are int64. Nothing
here is fast; the engine does not use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Exact = NDArray[np.object_]

#: The price of a side that is not there, as ``kNoPrice`` in the engine.
NO_PRICE: Final = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class MeanReversionOptions:
    """As ``signal::MeanReversionOptions``; ``bar`` in ns."""

    k_sigma: float = 3.0
    bars: int = 20
    bar: int = 1_000_000_000
    efficiency_max: float = 0.3
    min_trades: int = 50
    use_vwap: bool = True
    use_bollinger: bool = True


@dataclass(frozen=True)
class BookImbalanceOptions:
    """As ``signal::BookImbalanceOptions``; ``persistence`` in ns."""

    threshold: float = 0.6
    levels: int = 5
    persistence: int = 50_000_000
    horizon_gain: float = 1.0


def mean_reversion(
    mid_time: ArrayLike,
    mid: ArrayLike,
    trade_time: ArrayLike,
    trade_price: ArrayLike,
    trade_qty: ArrayLike,
    options: MeanReversionOptions | None = None,
    *,
    trades_seen: ArrayLike | None = None,
) -> pl.DataFrame:
    """Forecasts of a return to the average, one for each book event.

    With trades (p, q) of the session so far and closes c_1 … c_n of the last n bars:

    - ``vwap`` = Σqp / Σq, ``vwap_sigma``² = Σq(p - vwap)² / Σq = (Σq·Σqp² - (Σqp)²) / (Σq)²
    - ``bollinger_mean`` = Σc / n, ``bollinger_sigma``² = (n·Σc² - (Σc)²) / n²
    - ``efficiency_ratio`` = abs(c_n - c_1) / Σ abs(c_i - c_(i-1)), 0 where nothing moved

    The forecast is the way to ``bollinger_mean`` if the mid is more than ``k_sigma``
    deviations off both averages on the same side, neither deviation is 0, the efficiency
    ratio is at most ``efficiency_max`` and there were ``min_trades`` trades.

    Bars lie on multiples of ``bar``. A bar closes at the last mid before its end; one
    without a mid repeats the close before; the first is the one of the first mid. An event
    stamped earlier than one before it belongs to the bar that is open.

    Parameters
    ----------
    mid_time, mid : shape (events,)
        Every change of the book; `NO_PRICE` where it was not sound (a side missing,
        locked or crossed): bars go on, but there is no forecast.
    trade_time, trade_price, trade_qty : shape (trades,)
        In order. Trades of no quantity or price are passed over.
    options : MeanReversionOptions, optional
    trades_seen : shape (events,), optional
        How many of the trades came before each event. By default those stamped no later
        than it, for which ``trade_time`` must not decrease.

    Returns
    -------
    polars.DataFrame
        One row for each event: ``time``, ``mid``, ``trades``, ``vwap``, ``vwap_sigma``,
        ``bars`` (completed), ``bollinger_mean``, ``bollinger_sigma``,
        ``bollinger_lower``, ``bollinger_upper``, ``efficiency_ratio`` (NaN where not yet
        known) and ``expected_move`` (int64, 0 for no opinion).

    Raises
    ------
    ValueError
        Arrays of different lengths, or trade times that decrease without `trades_seen`.

    References
    ----------
    Bollinger, *Bollinger on Bollinger Bands* (2001); Kaufman, *Trading Systems and
    Methods* (2013), "efficiency ratio".
    """
    chosen = options or MeanReversionOptions()
    times, mids = _columns(mid_time, mid)
    trade_times, prices, quantities = _columns(trade_time, trade_price, trade_qty)
    seen = _trades_seen(times, trade_times, trades_seen)

    real = (quantities > 0) & (prices != NO_PRICE)
    trades = np.concatenate(([0], np.cumsum(real)))[seen]
    session = _Session(prices[real], quantities[real])
    vwap, vwap_sigma = session.vwap(trades), session.sigma(trades)

    sound = mids != NO_PRICE
    windows = _Windows(times, mids, sound, chosen.bars, chosen.bar)

    above_bands, below_bands = windows.outside(mids, chosen.k_sigma)
    deviation = session.deviation(mids, trades)
    limit = chosen.k_sigma * vwap_sigma
    with np.errstate(invalid="ignore"):
        above_vwap = (limit > 0) & (deviation > limit)
        below_vwap = (limit > 0) & (deviation < -limit)
        sideways = windows.efficiency_ratio <= chosen.efficiency_max

    above, below = sound.copy(), sound.copy()
    if chosen.use_bollinger:
        above, below = above & above_bands, below & below_bands
    if chosen.use_vwap:
        above, below = above & above_vwap, below & below_vwap
    opinion = sideways & (trades >= chosen.min_trades) & (above | below)

    move = np.zeros(len(times), np.int64)
    if chosen.use_bollinger:
        move[opinion] = windows.move_to_mean(mids[opinion], windows.row[opinion])
    else:
        move[opinion] = session.move_to_mean(mids[opinion], trades[opinion])

    mean, sigma = windows.mean, windows.sigma
    return pl.DataFrame(
        {
            "time": times,
            "mid": mids,
            "trades": trades,
            "vwap": vwap,
            "vwap_sigma": vwap_sigma,
            "bars": windows.completed,
            "bollinger_mean": mean,
            "bollinger_sigma": sigma,
            "bollinger_lower": mean - chosen.k_sigma * sigma,
            "bollinger_upper": mean + chosen.k_sigma * sigma,
            "efficiency_ratio": windows.efficiency_ratio,
            "expected_move": move,
        }
    )


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
    times, bids, bid_sizes, asks, ask_sizes, bid_depths, ask_depths = _columns(
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
    micro = np.where(sound, bids + _shares(spread, bid_sizes, bid_sizes + ask_sizes), NO_PRICE)

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


class _Session:
    """Volume-weighted mean and deviation after each trade; ``n`` counts trades so far."""

    def __init__(self, prices: Ints, quantities: Ints) -> None:
        self._first = int(prices[0]) if len(prices) else 0
        d = _exact(prices - self._first)
        q = _exact(quantities)
        self._volume = np.cumsum(q)
        self._sum = np.cumsum(q * d)
        squares = np.cumsum(q * d * d)
        scaled = (self._volume * squares - self._sum * self._sum).astype(np.float64)
        self._mean = (self._sum / self._volume).astype(np.float64)
        self._sigma = np.sqrt(scaled) / self._volume.astype(np.float64)

    def vwap(self, n: Ints) -> Floats:
        return np.asarray(self._first + _at(self._mean, n - 1), np.float64)

    def sigma(self, n: Ints) -> Floats:
        return _at(self._sigma, n - 1)

    def deviation(self, mids: Ints, n: Ints) -> Floats:
        off: Floats = (mids - self._first).astype(np.float64) - _at(self._mean, n - 1)
        return off

    def move_to_mean(self, mids: Ints, n: Ints) -> Ints:
        volume = self._volume[n - 1]
        return _rounded(self._sum[n - 1] - _exact(mids - self._first) * volume, volume)


class _Windows:
    """The closes of the last ``size`` bars at each event, and what is read off them."""

    def __init__(self, times: Ints, mids: Ints, sound: NDArray[np.bool_], size: int, bar: int):
        self._size = size
        self.completed = np.zeros(len(times), np.int64)
        # As `completed`, but for gaps longer than a window, after which a window is of one
        # close however long they were.
        place = np.zeros(len(times), np.int64)
        closes = np.zeros(0, np.int64)
        if sound.any():
            first = int(np.argmax(sound))
            bars = np.maximum.accumulate(times[first:]) // bar
            self.completed[first:] = bars - bars[0]
            place[first:] = np.cumsum(np.minimum(np.diff(bars, prepend=bars[0]), size))
            # The mid a bar closes at: the last one of that bar or of an earlier one.
            last = np.searchsorted(place[sound], np.arange(place[-1]), side="right") - 1
            closes = mids[sound][last]
        self._first = int(closes[0]) if len(closes) else 0
        d = closes - self._first
        exact = _exact(d)
        self._sum = _sums(d, size)
        scaled = size * _sums(exact * exact, size) - _exact(self._sum) ** 2
        self._scaled_sigma = np.sqrt(scaled.astype(np.float64))
        # Row k of the windows is that of the closes k … k + size - 1.
        self.row = row = place - size
        path = _sums(np.abs(np.diff(d)), size - 1)
        way = np.abs(d[size - 1 :] - d[: len(path)])
        self.mean = self._first + _at(self._sum / size, row)
        self.sigma = _at(self._scaled_sigma / size, row)
        self.efficiency_ratio = _at(np.where(path == 0, 0, way / np.maximum(path, 1)), row)

    def outside(self, mids: Ints, k: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each mid is above the upper or below the lower band."""
        band = k * _at(self._scaled_sigma, self.row)
        safe = np.where(mids == NO_PRICE, self._first, mids) - self._first
        off = self._size * safe - _at(self._sum, self.row, 0)
        with np.errstate(invalid="ignore"):
            return (band > 0) & (off > band), (band > 0) & (off < -band)

    def move_to_mean(self, mids: Ints, row: Ints) -> Ints:
        """The way from each mid to the mean of the window in each row."""
        sums = self._sum[row]
        return _rounded(sums - self._size * (mids - self._first), np.int64(self._size))


def _columns(*arrays: ArrayLike) -> list[Ints]:
    columns = [np.asarray(array, dtype=np.int64) for array in arrays]
    if any(column.ndim != 1 or len(column) != len(columns[0]) for column in columns):
        raise ValueError(f"columns of shapes {[column.shape for column in columns]}")
    return columns


def _trades_seen(times: Ints, trade_times: Ints, given: ArrayLike | None) -> Ints:
    if given is not None:
        (seen,) = _columns(given)
        if len(seen) != len(times):
            raise ValueError(f"trades_seen of {len(seen)} entries for {len(times)} events")
        return seen
    if np.any(np.diff(trade_times) < 0):
        raise ValueError("trade_time decreases: pass trades_seen")
    return np.searchsorted(trade_times, times, side="right").astype(np.int64)


def _exact(values: Ints) -> Exact:
    """The same numbers as Python integers, whose sums and squares cannot overflow."""
    return values.astype(object)


def _sums(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Sums over every run of ``size`` neighbours; none if there are fewer."""
    totals = np.concatenate((np.zeros(1, values.dtype), np.cumsum(values)))
    sums: NDArray[Any] = totals[size:] - totals[:-size]
    return sums


def _at(values: NDArray[Any], row: Ints, otherwise: float = np.nan) -> NDArray[Any]:
    """``values[row]``, and ``otherwise`` where a row is below 0: not known yet."""
    kind = values.dtype if otherwise == 0 else np.float64
    found = np.full(len(row), otherwise, dtype=kind)
    found[row >= 0] = values[row[row >= 0]]
    return found


def _rounded(numerator: NDArray[Any], denominator: Any) -> Ints:
    """The quotient to the nearest integer, half away from zero."""
    size = (2 * np.abs(numerator) + denominator) // (2 * denominator)
    nearest: Ints = np.where(numerator < 0, -size, size).astype(np.int64)
    return nearest


def _shares(whole: Ints, part: Ints, total: Ints) -> Ints:
    """``whole · part / total`` rounded down, half of ``whole`` where the total is 0."""
    scaled = _exact(whole) * part // np.where(total == 0, 1, total)
    return np.where(total == 0, whole // 2, scaled).astype(np.int64)
