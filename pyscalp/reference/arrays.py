"""What the references share: arrays of integers, and exact sums and quotients of them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Exact = NDArray[np.object_]

#: The price of a side that is not there, as ``kNoPrice`` in the engine.
NO_PRICE: Final = int(np.iinfo(np.int64).max)


def as_columns(*arrays: ArrayLike) -> list[Ints]:
    """Each as int64; a ValueError unless all are of one dimension and length."""
    columns = [np.asarray(array, dtype=np.int64) for array in arrays]
    if any(column.ndim != 1 or len(column) != len(columns[0]) for column in columns):
        raise ValueError(f"columns of shapes {[column.shape for column in columns]}")
    return columns


def trades_before(times: Ints, trade_times: Ints, given: ArrayLike | None) -> Ints:
    """How many trades came before each event: as given, or those stamped no later than it."""
    if given is not None:
        (seen,) = as_columns(given)
        if len(seen) != len(times):
            raise ValueError(f"trades_seen of {len(seen)} entries for {len(times)} events")
        return seen
    if np.any(np.diff(trade_times) < 0):
        raise ValueError("trade_time decreases: pass trades_seen")
    return np.searchsorted(trade_times, times, side="right").astype(np.int64)


def exactly(values: Ints) -> Exact:
    """The same numbers as Python integers, whose sums and squares cannot overflow."""
    return values.astype(object)


def run_sums(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Sums over every run of ``size`` neighbours; none if there are fewer."""
    totals = np.concatenate((np.zeros(1, values.dtype), np.cumsum(values)))
    sums: NDArray[Any] = totals[size:] - totals[:-size]
    return sums


def at(values: NDArray[Any], row: Ints, otherwise: float = np.nan) -> NDArray[Any]:
    """``values[row]``, and ``otherwise`` where a row is below 0: not known yet."""
    kind = values.dtype if otherwise == 0 else np.float64
    found = np.full(len(row), otherwise, dtype=kind)
    found[row >= 0] = values[row[row >= 0]]
    return found


def rounded(numerator: NDArray[Any], denominator: Any) -> Ints:
    """The quotient to the nearest integer, half away from zero."""
    size = (2 * np.abs(numerator) + denominator) // (2 * denominator)
    nearest: Ints = np.where(numerator < 0, -size, size).astype(np.int64)
    return nearest


def shares(whole: Ints, part: Ints, total: Ints) -> Ints:
    """``whole · part / total`` rounded down, half of ``whole`` where the total is 0."""
    scaled = exactly(whole) * part // np.where(total == 0, 1, total)
    return np.where(total == 0, whole // 2, scaled).astype(np.int64)
