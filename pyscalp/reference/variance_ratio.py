"""The variance ratio of Lo and MacKinlay over every window of a series of prices."""

from __future__ import annotations

import numpy as np

from pyscalp.reference.arrays import Floats, Ints, exactly, run_sums


def variance_ratios(prices: Ints, size: int, q: int) -> Floats:
    """VR(q) of every run of ``size`` prices x_0 … x_n.

    mu = (x_n - x_0) / n; var(1) = Σ(x_k - x_(k-1) - mu)² / (n - 1); var(q) =
    Σ(x_k - x_(k-q) - q·mu)² / (q(n - q + 1)(1 - q/n)) of the changes over q, which overlap;
    VR(q) = var(q) / var(1), infinite where var(1) is 0. Multiplied out and in integers:
    Σ(n·y - q·D)² = n²Σy² - 2nq·D·Σy + (n - q + 1)q²D².

    Parameters
    ----------
    prices : shape (closes,)
    size : int
        Prices of a window, n + 1.
    q : int
        2 to ``size - 2``.

    Returns
    -------
    shape (closes - size + 1,), or none where there are fewer

    References
    ----------
    Lo and MacKinlay, *Stock Market Prices Do Not Follow Random Walks* (1988).
    """
    n = size - 1
    if len(prices) < size:
        return np.zeros(0, np.float64)
    x = exactly(prices - prices[0])
    drift = x[n:] - x[:-n]

    def scaled(step: int) -> Floats:
        changes = x[step:] - x[:-step]
        terms = n - step + 1
        total = n * n * run_sums(changes * changes, terms)
        total = total - 2 * n * step * drift * run_sums(changes, terms)
        return np.asarray((total + terms * step * step * drift * drift).astype(np.float64))

    over_q, single = scaled(q), scaled(1)
    known = single != 0
    degrees = float(q * (n - q + 1) * (n - q))
    ratio = over_q * float(n * (n - 1)) / (np.where(known, single, 1.0) * degrees)
    return np.where(known, ratio, np.inf)
