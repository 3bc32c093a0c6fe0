"""Books to be asked between arrays of events: touch, levels, queues, an order's place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyscalp import _core
from pyscalp.book_feed import check_instruments, nanos
from pyscalp.errors import PyscalpError

Symbol = str | int
"""An instrument by its symbol, or by its venue's number."""
Side = Literal["buy", "sell"]


class Touch(NamedTuple):
    """The best of both sides; prices are int at 1e-9, None where a side is empty."""

    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int


class Levels(NamedTuple):
    """The best levels of a side, best first; arrays of shape (n,) that own their memory."""

    price: NDArray[np.int64]
    """At 1e-9."""
    qty: NDArray[np.int64]
    orders: NDArray[np.uint32]
    """0 where the venue tells no orders."""


class Queue(NamedTuple):
    """The orders at a price, first to trade first; arrays of shape (n,)."""

    order: NDArray[np.uint64]
    qty: NDArray[np.int64]


class Place(NamedTuple):
    """Where an order stands."""

    instrument: str
    side: Side
    price: int
    """At 1e-9."""
    qty: int
    orders_ahead: int
    qty_ahead: int


class Books:
    """Books of all instruments of a feed, order by order or by level, as it tells.

    Everything that is returned is a copy: what a book does later leaves it as it is. Not
    thread-safe.

    Parameters
    ----------
    instruments : mapping of int to str, optional
        Number to symbol, such as `EventReader.instruments`; without it, instruments are
        asked for by number. It is looked into at every question, so a mapping that grows
        is welcome; or give a new one by `name`.
    price_step : price
        Prices of books kept order by order are multiples of it.

    Examples
    --------
    >>> books = pyscalp.Books()                            # doctest: +SKIP
    >>> with pyscalp.read("12302019.NASDAQ_ITCH50.gz") as reader:
    ...     for events in reader:
    ...         books.apply(events)
    ...     books.name(reader.instruments)
    >>> books.touch("AAPL")
    """

    def __init__(
        self,
        instruments: Mapping[int, str] | None = None,
        *,
        price_step: float | str | Decimal = "0.0001",
    ) -> None:
        self._book = _core.EventBook(nanos("price_step", price_step))
        self._instruments: Mapping[int, str] = instruments if instruments is not None else {}

    def name(self, instruments: Mapping[int, str]) -> None:
        """Tell which number is which symbol from here on."""
        self._instruments = instruments

    def apply(self, events: NDArray[np.void]) -> None:
        """Apply events in their order.

        Parameters
        ----------
        events : ndarray of EVENT_DTYPE, shape (n,)

        Raises
        ------
        TypeError
            If it is another array, or not contiguous.
        """
        self._book.apply(events)

    def touch(self, instrument: Symbol) -> Touch:
        """The best bid and ask."""
        return Touch(*self._book.touch(self._number(instrument)))

    def levels(self, instrument: Symbol, side: Side, count: int = 10) -> Levels:
        """The best `count` levels of a side."""
        return Levels(*self._book.levels(self._number(instrument), _side(side), count))

    def queue(self, instrument: Symbol, side: Side, price: int) -> Queue:
        """The orders at a price (int at 1e-9); none where the venue tells none."""
        return Queue(*self._book.queue(self._number(instrument), _side(side), price))

    def place(self, order: int) -> Place | None:
        """Where an order stands in its queue; None where no such order rests."""
        found = self._book.place(order)
        if found is None:
            return None
        number, side, *rest = found
        symbol = self._instruments.get(number, f"#{number}")
        return Place(symbol, "sell" if side else "buy", *rest)

    def flagged(self, instrument: Symbol) -> bool:
        """Whether the book met something impossible and is not to be believed."""
        return bool(self._book.flagged(self._number(instrument)))

    @property
    def counters(self) -> dict[str, int]:
        """Events, and everything odd by name."""
        return dict(self._book.counters)

    def _number(self, instrument: Symbol) -> int:
        if not isinstance(instrument, str):
            return int(instrument)
        for number, symbol in self._instruments.items():
            if symbol == instrument:
                return number
        check_instruments([instrument], list(self._instruments.values()), "the books")
        raise AssertionError


def _side(side: Any) -> int:
    if side not in ("buy", "sell"):
        raise PyscalpError(f'a side is "buy" or "sell", not {side!r}')
    return int(side == "sell")
