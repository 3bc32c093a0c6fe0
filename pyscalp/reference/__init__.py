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

from pyscalp.reference.arrays import NO_PRICE
from pyscalp.reference.book_imbalance import BookImbalanceOptions, book_imbalance
from pyscalp.reference.iceberg import iceberg
from pyscalp.reference.iceberg_chains import IcebergOptions, Message
from pyscalp.reference.imbalance_measures import (
    depth_imbalance,
    order_flow_imbalance,
    weighted_imbalance,
)
from pyscalp.reference.mean_reversion import MeanReversionOptions, mean_reversion
from pyscalp.reference.momentum import MomentumOptions, momentum

__all__ = [
    "NO_PRICE",
    "BookImbalanceOptions",
    "IcebergOptions",
    "MeanReversionOptions",
    "Message",
    "MomentumOptions",
    "book_imbalance",
    "depth_imbalance",
    "iceberg",
    "mean_reversion",
    "momentum",
    "order_flow_imbalance",
    "weighted_imbalance",
]
