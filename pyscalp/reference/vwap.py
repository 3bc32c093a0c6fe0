"""Volume-weighted mean and deviation of any run of trades, of exact prefix sums."""

from __future__ import annotations

import numpy as np

from pyscalp.reference.arrays import Floats, Ints, exactly, rounded


class Vwap:
    """Of the trades ``low`` … ``high - 1``, which each method is given as arrays.

    A run of no trades is NaN.
    """

    def __init__(self, prices: Ints, quantities: Ints) -> None:
        self._first = int(prices[0]) if len(prices) else 0
        d = exactly(prices - self._first)
        q = exactly(quantities)
        none = np.zeros(1, object)
        self._volume = np.concatenate((none, np.cumsum(q)))
        self._sum = np.concatenate((none, np.cumsum(q * d)))
        self._squares = np.concatenate((none, np.cumsum(q * d * d)))

    def mean(self, low: Ints, high: Ints) -> Floats:
        """The weighted mean price, in 1e-9."""
        return np.asarray(self._first + self._mean(low, high), np.float64)

    def sigma(self, low: Ints, high: Ints) -> Floats:
        """sqrt(Σq·Σqp² - (Σqp)²) / Σq."""
        volume = self._volume[high] - self._volume[low]
        total = self._sum[high] - self._sum[low]
        scaled = volume * (self._squares[high] - self._squares[low]) - total * total
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(scaled.astype(np.float64)) / volume.astype(np.float64))

    def deviation(self, mids: Ints, low: Ints, high: Ints) -> Floats:
        """How far each mid is above the mean."""
        return np.asarray((mids - self._first).astype(np.float64) - self._mean(low, high))

    def move_to_mean(self, mids: Ints, low: Ints, high: Ints) -> Ints:
        """The way from each mid to the mean, to the nearest 1e-9; no run may be empty."""
        volume = self._volume[high] - self._volume[low]
        total = self._sum[high] - self._sum[low]
        return rounded(total - exactly(mids - self._first) * volume, volume)

    def _mean(self, low: Ints, high: Ints) -> Floats:
        volume = self._volume[high] - self._volume[low]
        total = self._sum[high] - self._sum[low]
        known = volume != 0
        mean = (total / np.where(known, volume, 1)).astype(np.float64)
        return np.where(known, mean, np.nan)
