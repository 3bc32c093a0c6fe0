"""Mean reversion over whole arrays, as ``cpp/signal/mean_reversion.hpp``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from pyscalp.reference.arrays import (
    NO_PRICE,
    Floats,
    Ints,
    as_columns,
    at,
    exactly,
    rounded,
    run_sums,
    trades_before,
)


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
    times, mids = as_columns(mid_time, mid)
    trade_times, prices, quantities = as_columns(trade_time, trade_price, trade_qty)
    seen = trades_before(times, trade_times, trades_seen)

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


class _Session:
    """Volume-weighted mean and deviation after each trade; ``n`` counts trades so far."""

    def __init__(self, prices: Ints, quantities: Ints) -> None:
        self._first = int(prices[0]) if len(prices) else 0
        d = exactly(prices - self._first)
        q = exactly(quantities)
        self._volume = np.cumsum(q)
        self._sum = np.cumsum(q * d)
        squares = np.cumsum(q * d * d)
        scaled = (self._volume * squares - self._sum * self._sum).astype(np.float64)
        self._mean = (self._sum / self._volume).astype(np.float64)
        self._sigma = np.sqrt(scaled) / self._volume.astype(np.float64)

    def vwap(self, n: Ints) -> Floats:
        return np.asarray(self._first + at(self._mean, n - 1), np.float64)

    def sigma(self, n: Ints) -> Floats:
        return at(self._sigma, n - 1)

    def deviation(self, mids: Ints, n: Ints) -> Floats:
        off: Floats = (mids - self._first).astype(np.float64) - at(self._mean, n - 1)
        return off

    def move_to_mean(self, mids: Ints, n: Ints) -> Ints:
        volume = self._volume[n - 1]
        return rounded(self._sum[n - 1] - exactly(mids - self._first) * volume, volume)


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
        exact = exactly(d)
        self._sum = run_sums(d, size)
        scaled = size * run_sums(exact * exact, size) - exactly(self._sum) ** 2
        self._scaled_sigma = np.sqrt(scaled.astype(np.float64))
        # Row k of the windows is that of the closes k … k + size - 1.
        self.row = row = place - size
        path = run_sums(np.abs(np.diff(d)), size - 1)
        way = np.abs(d[size - 1 :] - d[: len(path)])
        self.mean = self._first + at(self._sum / size, row)
        self.sigma = at(self._scaled_sigma / size, row)
        self.efficiency_ratio = at(np.where(path == 0, 0, way / np.maximum(path, 1)), row)

    def outside(self, mids: Ints, k: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each mid is above the upper or below the lower band."""
        band = k * at(self._scaled_sigma, self.row)
        safe = np.where(mids == NO_PRICE, self._first, mids) - self._first
        off = self._size * safe - at(self._sum, self.row, 0)
        with np.errstate(invalid="ignore"):
            return (band > 0) & (off > band), (band > 0) & (off < -band)

    def move_to_mean(self, mids: Ints, row: Ints) -> Ints:
        """The way from each mid to the mean of the window in each row."""
        sums = self._sum[row]
        return rounded(sums - self._size * (mids - self._first), np.int64(self._size))
