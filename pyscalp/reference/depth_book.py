"""Binance's local book and bookTicker, kept in dictionaries by the venue's own words.

What the compiled feed is compared with: every message is read by :mod:`json`, the depth
is a dictionary of prices, and the book with the ticker on top is put together anew each
time that it is asked for.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Any

Level = tuple[int, int]
"""Price of a lot at 1e-9 of the quote currency, and lots."""


def exact(text: str, decimals: int) -> int:
    """A decimal text in units of 10^-``decimals``.

    Raises
    ------
    ValueError
        Where the text is no plain decimal number, or is finer than the unit.
    """
    whole, _, fraction = text.partition(".")
    kept, rest = fraction[:decimals], fraction[decimals:]
    digits = whole + kept.ljust(decimals, "0")
    if not (whole + fraction).isdigit() or rest.strip("0"):
        raise ValueError(f"{text!r} is no multiple of 1e-{decimals}")
    return int(digits)


@dataclass
class _Side:
    """One side of the depth; ``sign`` is 1 for bids, so that the best key is the largest."""

    sign: int
    lots: dict[int, int] = field(default_factory=dict)
    keys: list[int] = field(default_factory=list)

    def set(self, price: int, lots: int) -> None:
        key = price * self.sign
        if lots and key not in self.lots:
            insort(self.keys, key)
        if lots:
            self.lots[key] = lots
        elif self.lots.pop(key, 0):
            del self.keys[bisect_left(self.keys, key)]

    def best(self, count: int, below: int | None = None) -> list[Level]:
        """The best levels, of those that are worse than the key ``below``."""
        end = len(self.keys) if below is None else bisect_left(self.keys, below)
        keys = self.keys[max(end - count, 0) : end][::-1]
        return [(key * self.sign, self.lots[key]) for key in keys]

    def worse(self, below: int) -> int:
        return bisect_left(self.keys, below)


class DepthBook:
    """The book of one symbol.

    Parameters
    ----------
    futures : bool
        USD-M and COIN-M, where changes name the one before them (``pu``).
    step : str
        LOT_SIZE.stepSize of the symbol: 1 or 0.1, 0.01 and so on.

    Attributes
    ----------
    last_id : int
        ``u`` of the last change in the book; 0 without a book.
    gaps : int
        How often a change did not follow on the one before it.
    """

    def __init__(self, *, futures: bool, step: str) -> None:
        self.futures = futures
        self.step_decimals = len(step.partition(".")[2].rstrip("0"))
        self.last_id = 0
        self.gaps = 0
        self.joined = False
        self.ticker: tuple[int, Level, Level] | None = None
        self._waiting: list[dict[str, Any]] = []
        self._bids = _Side(1)
        self._asks = _Side(-1)

    def take(self, text: str) -> dict[str, Any]:
        """Take one message or snapshot; returns its fields, without the wrapper."""
        message: dict[str, Any] = json.loads(text)
        message = message.get("data", message)
        if "lastUpdateId" in message:
            self._snapshot(message)
        elif message.get("e") == "depthUpdate":
            self._change(message)
        elif "B" in message and (self.ticker is None or message["u"] > self.ticker[0]):
            bid = self._level(message["b"], message["B"])
            ask = self._level(message["a"], message["A"])
            self.ticker = (message["u"], bid, ask)
        return message

    def touch(self) -> tuple[int, int, int, int]:
        """Bid, its lots, ask and its lots, as the depth alone tells them."""
        return (*self._bids.best(1)[0], *self._asks.best(1)[0])

    def levels(self, count: int) -> tuple[list[Level], list[Level]]:
        """The best bids and asks of the book, with the ticker on top where it is later."""
        if self.ticker is None or self.ticker[0] <= self.last_id:
            return self._bids.best(count), self._asks.best(count)
        _, bid, ask = self.ticker
        return (
            [bid, *self._bids.best(count - 1, bid[0])],
            [ask, *self._asks.best(count - 1, -ask[0])],
        )

    def level_counts(self) -> tuple[int, int]:
        """How many levels each side of that book has."""
        if self.ticker is None or self.ticker[0] <= self.last_id:
            return len(self._bids.keys), len(self._asks.keys)
        _, bid, ask = self.ticker
        return 1 + self._bids.worse(bid[0]), 1 + self._asks.worse(-ask[0])

    def _level(self, price: str, qty: str) -> Level:
        # A lot is 10^-step_decimals of a unit.
        unit = exact(price, 9)
        lot, rest = divmod(unit, 10**self.step_decimals)
        if rest:
            raise ValueError(f"a lot at {price} is no multiple of 1e-9")
        # Orders from before the step was made coarser: rounded down, to one lot at least.
        fine = exact(qty, 8)
        lots = fine // 10 ** (8 - self.step_decimals)
        return lot, max(lots, 1 if fine else 0)

    def _apply(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for side, rows in ((self._bids, bids), (self._asks, asks)):
            for price, qty, *_ in rows:
                side.set(*self._level(price, qty))

    def _snapshot(self, message: dict[str, Any]) -> None:
        self._bids, self._asks = _Side(1), _Side(-1)
        self._apply(message["bids"], message["asks"])
        self.last_id = message["lastUpdateId"]
        self.joined = False
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            self._change(change)

    def _change(self, message: dict[str, Any]) -> None:
        if not self.last_id:
            self._waiting.append(message)
            return
        last = message["u"]
        if not self.joined:
            if last < self.last_id or (not self.futures and last == self.last_id):
                return
            follows = (message["pu"] if self.futures else message["U"] - 1) <= self.last_id
        elif self.futures:
            follows = message["pu"] == self.last_id
        else:
            follows = message["U"] == self.last_id + 1
        if not follows:
            self.gaps += 1
        self.joined = True
        self._apply(message["b"], message["a"])
        self.last_id = last
