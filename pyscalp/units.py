"""From lots, in which the engine counts, to units, in which people do.

A quantity of the engine is a number of lots and a price is that of one lot, both int64. A
share is a lot of its own; of a coin a lot is a power of ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscalp.events import NO_PRICE

SHARE = Decimal(1)
"""The lot of an instrument that is counted whole."""


def units(lots: npt.NDArray[np.int64], lot: Decimal) -> npt.NDArray[Any]:
    """Quantities in units: int64 as they are where a lot is one, else float64."""
    return lots if lot == SHARE else np.round(lots * float(lot), _decimals(lot))


def unit_prices(prices: npt.NDArray[np.int64], lot: Decimal) -> npt.NDArray[np.int64]:
    """Prices of a lot as those of a unit, int64 at 1e-9; `NO_PRICE` stays what it is."""
    if lot == SHARE:
        return prices
    lots, rest = divmod(1 / lot, 1)
    scaled = prices * int(lots) if rest == 0 else np.rint(prices / float(lot)).astype(np.int64)
    return np.where(prices == NO_PRICE, NO_PRICE, scaled)


def snapshot_in_units(snapshot: Mapping[str, Any], lot: Decimal) -> dict[str, Any]:
    """A snapshot of a session with its instruments' quantities and prices in units."""
    if lot == SHARE:
        return dict(snapshot)
    rows = []
    for row in snapshot["instruments"]:
        told = dict(row)
        for name in ("bid", "ask"):
            told[name] = int(unit_prices(np.array([row[name]]), lot)[0])
        for name in ("bid_qty", "ask_qty", "position"):
            told[name] = float(units(np.array([row[name]]), lot)[0])
        rows.append(told)
    return {**snapshot, "instruments": rows}


def _decimals(lot: Decimal) -> int:
    exponent = lot.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
