"""LOBSTER's pairs of files: which belong together, and the book after each event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyscalp.errors import ReadError
from pyscalp.events import NO_PRICE
from pyscalp.formats.source import ArrowFile, Source

_NAME = re.compile(r"(?:^|/)([A-Za-z0-9.\-]+)_(\d{4}-\d\d-\d\d)_\d+_\d+_message_\d+\.csv$")
_DUMMY = 9_999_999_999
"""LOBSTER's price of a level that is not there, negative on the bid side."""


def symbol_of(name: str) -> str:
    """The symbol that a message file's name tells; empty if it tells none."""
    match = _NAME.search(name)
    return match.group(1) if match else ""


def orderbook_of(message_name: str) -> str:
    """The name of the orderbook file that goes with a message file; empty if none can."""
    head, found, tail = message_name.rpartition("_message_")
    return f"{head}_orderbook_{tail}" if found else ""


def book_rows(source: Source, name: str, rows: int) -> Iterator[NDArray[np.int64]]:
    """The rows of an orderbook file in arrays of at most `rows`.

    Yields
    ------
    ndarray of int64, shape (n, 4 * levels)
        Ask price, ask size, bid price, bid size of each level, best first. Prices in
        1e-9; a level that is not there has price `NO_PRICE` and size 0.

    Raises
    ------
    ReadError
        If a line is no row of the book.
    """
    import pyarrow
    from pyarrow import csv

    try:
        table: Any = csv.open_csv(
            pyarrow.PythonFile(ArrowFile(source), "r"),
            read_options=csv.ReadOptions(
                use_threads=False, block_size=1 << 20, autogenerate_column_names=True
            ),
        )
        for batch in table:
            columns = [np.asarray(column.cast(pyarrow.int64())) for column in batch.columns]
            block = np.stack(columns, axis=1)
            prices = block[:, 0::2]
            dummy = np.abs(prices) == _DUMMY
            prices *= 100_000
            prices[dummy] = NO_PRICE
            for first in range(0, len(block), rows):
                yield block[first : first + rows].copy()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        raise ReadError(f"{name} is no LOBSTER orderbook file: {error}") from None
