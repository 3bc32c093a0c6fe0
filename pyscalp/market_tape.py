"""One stock's tape: what happens in the window of its book, read off ITCH messages.

The book here is a dictionary in plain Python, made for reading a day once and keeping
what `pyscalp.market_statistics` needs of it; trading uses the compiled one.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

_REFERENCE_SHARES = struct.Struct(">QI")
_ADD = struct.Struct(">QcI8sI")
_REPLACE = struct.Struct(">QQII")


class _Side:
    """The displayed prices of one side, ascending by ``sign * price``: best last."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.shares: dict[int, int] = {}

    def change(self, price: int, by: int) -> None:
        key = self.sign * price
        now = self.shares.get(key)
        if now is None:
            if by <= 0:
                return
            self.keys.insert(bisect_left(self.keys, key), key)
            self.shares[key] = by
        elif now + by > 0:
            self.shares[key] = now + by
        else:
            del self.keys[bisect_left(self.keys, key)]
            del self.shares[key]

    def in_window(self, price: int, levels: int) -> bool:
        return len(self.keys) < levels or self.sign * price >= self.keys[-levels]


@dataclass
class _Order:
    buy: bool
    shares: int
    price: int
    born: int
    counted: bool


@dataclass
class Series:
    """What one pass over the messages collects. Times in ns, prices in 1e-4.

    ``touch`` holds, for every change: time, bid, ask, shares at either, shares in the
    window of either side, and the mean distance between levels in hundredths of 1e-4.
    ``trades`` holds time, sign, shares and number of executions of every aggressor.
    """

    levels: int
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys("ADXEP", 0))
    message_times: list[int] = field(default_factory=list)
    lifetimes: list[int] = field(default_factory=list)
    touch: list[tuple[int, int, int, int, int, int, int, int]] = field(default_factory=list)
    trades: list[list[int]] = field(default_factory=list)
    opened: int | None = None
    closed: int | None = None

    def count(self, kind: str, time: int) -> None:
        """Counts one message in the window."""
        self.counts[kind] += 1
        self.message_times.append(time)

    def uncount_add(self, time: int) -> None:
        """Takes back the add that came last, if it came at this time."""
        if self.message_times and self.message_times[-1] == time:
            self.counts["A"] -= 1
            self.message_times.pop()

    def trade(self, time: int, sign: int, shares: int) -> None:
        """Notes an execution; those of one time and sign are one trade."""
        last = self.trades[-1] if self.trades else None
        if last is not None and last[0] == time and last[1] == sign:
            last[2] += shares
            last[3] += 1
        else:
            self.trades.append([time, sign, shares, 1])

    def look(self, time: int, bids: _Side, asks: _Side) -> None:
        """Notes touch and window depth after a change; the last of a time stands."""
        if not bids.keys or not asks.keys:
            return
        bid, ask = bids.keys[-1], -asks.keys[-1]
        if bid >= ask:
            return
        near_bids, near_asks = bids.keys[-self.levels :], asks.keys[-self.levels :]
        bid_window = sum(bids.shares[key] for key in near_bids)
        ask_window = sum(asks.shares[key] for key in near_asks)
        gaps = len(near_bids) + len(near_asks) - 2
        reach = bid - near_bids[0] - near_asks[0] - ask
        now = (
            time,
            bid,
            ask,
            bids.shares[bid],
            asks.shares[-ask],
            bid_window,
            ask_window,
            reach * 100 // max(gaps, 1),
        )
        if self.touch and self.touch[-1][0] == time:
            self.touch[-1] = now
        else:
            self.touch.append(now)


def _messages(file: bytes) -> Iterator[bytes]:
    at, end = 0, len(file)
    while at + 2 <= end:
        length = file[at] << 8 | file[at + 1]
        if length == 0 or at + 2 + length > end:
            return
        yield file[at + 2 : at + 2 + length]
        at += 2 + length


class _Reading:
    """One pass over a file: the book of one stock, and the series read off it."""

    def __init__(self, symbol: str, levels: int, filler_from: int | None) -> None:
        self.symbol = symbol.encode().ljust(8)
        self.levels = levels
        self.filler_from = filler_from if filler_from is not None else 1 << 64
        self.locate: bytes | None = None
        self.series = Series(levels)
        self.orders: dict[int, _Order] = {}
        self.bids, self.asks = _Side(1), _Side(-1)

    def run(self, file: bytes) -> Series:
        for message in _messages(file):
            if len(message) < 11:
                continue
            kind = chr(message[0])
            time = int.from_bytes(message[5:11], "big")
            if kind == "S":
                self._system(message, time)
            elif kind == "R" and message[11:19] == self.symbol:
                self.locate = message[1:3]
            elif message[1:3] == self.locate and kind in "AFEXCDUP":
                self._order(kind, message, time)
        return self.series

    def _system(self, message: bytes, time: int) -> None:
        if message[11:12] == b"Q":
            self.series.opened = time
        elif message[11:12] == b"M":
            self.series.closed = time

    def _trading(self, time: int) -> bool:
        series = self.series
        return series.closed is None and (series.opened is None or time > series.opened)

    def _order(self, kind: str, message: bytes, time: int) -> None:
        if kind in "AF":
            reference, side, shares, _, price = _ADD.unpack_from(message, 11)
            self._add(reference, side == b"B", shares, price, time)
        elif kind in "EC":
            reference, shares = _REFERENCE_SHARES.unpack_from(message, 11)
            self._reduce(reference, shares, "E", time)
        elif kind == "X":
            reference, shares = _REFERENCE_SHARES.unpack_from(message, 11)
            self._reduce(reference, shares, "X", time)
        elif kind == "D":
            (reference,) = struct.unpack_from(">Q", message, 11)
            self._reduce(reference, 1 << 40, "D", time)
        elif kind == "U":
            old, new, shares, price = _REPLACE.unpack_from(message, 11)
            order = self.orders.get(old)
            if order is not None:
                self._reduce(old, 1 << 40, "D", time)
                self._add(new, order.buy, shares, price, time)
        elif self._trading(time):
            self.series.count("P", time)
        if self._trading(time):
            self.series.look(time, self.bids, self.asks)

    def _add(self, reference: int, buy: bool, shares: int, price: int, time: int) -> None:
        side = self.bids if buy else self.asks
        side.change(price, shares)
        counted = reference < self.filler_from and self._trading(time)
        if counted and side.in_window(price, self.levels):
            self.series.count("A", time)
        else:
            counted = False
        self.orders[reference] = _Order(buy, shares, price, time, counted)

    def _reduce(self, reference: int, shares: int, kind: str, time: int) -> None:
        order = self.orders.get(reference)
        if order is None:
            return
        side = self.bids if order.buy else self.asks
        taken = min(shares, order.shares)
        seen = side.in_window(order.price, self.levels)
        side.change(order.price, -taken)
        order.shares -= taken
        if self._trading(time) and reference < self.filler_from and seen:
            if kind == "D" and order.counted:
                if order.born < time:
                    self.series.lifetimes.append(time - order.born)
                else:
                    self.series.uncount_add(time)
            self.series.count(kind, time)
        if kind == "E" and self._trading(time):
            self.series.trade(time, -1 if order.buy else 1, taken)
        if order.shares == 0:
            del self.orders[reference]


def read_tape(file: bytes, symbol: str, *, levels: int, filler_from: int | None) -> Series | None:
    """Reads a BinaryFILE in memory; None where it names no such stock."""
    reading = _Reading(symbol, levels, filler_from)
    series = reading.run(file)
    return None if reading.locate is None else series
