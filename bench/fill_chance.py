#!/usr/bin/env python3
"""How often passive orders are filled, beside the chance that the tactic gave them.

    bench/fill_chance.py DAY.itch50.xz [--wait 2s] [--every 200] [--json]

At every so many-th event between 09:45 and 15:45 an imagined order of 10 shares joins the
end of the queue at the touch, on either side in turns. It is filled if within the wait
something is executed behind it at its price, or beyond its price. Its chance is that of
docs/tactics.md, worked out here again from the messages alone. Prints, for orders of like
chances, the mean chance and the share that were filled; and the Brier score (mean square
of chance less outcome) beside that of always saying the day's own share.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pyscalp
from pyscalp.duration import Duration
from pyscalp.errors import PyscalpError

SECOND = 10**9
SECONDS = 32
QTY = 10
FROM, TO = (9 * 60 + 45) * 60 * SECOND, (15 * 60 + 45) * 60 * SECOND
BUY, SELL, NONE = 0, 1, 2
EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass
class Imagined:
    """An order that nobody sent."""

    side: int
    price: int
    until: int
    ahead: set[int]
    chance: float
    filled: bool = False


@dataclass
class Side:
    """One side of a book, queue by queue, and what has left its touch lately."""

    sign: int
    levels: dict[int, OrderedDict[int, int]] = field(default_factory=dict)
    left: deque[tuple[int, int, bool]] = field(default_factory=deque)

    def best(self) -> int | None:
        return max(self.levels, key=lambda price: self.sign * price, default=None)

    def rates(self, second: int, first: int) -> tuple[float, float]:
        """Shares a second, executed and half of those cancelled, over the last 32 seconds."""
        while self.left and self.left[0][0] <= second - SECONDS:
            self.left.popleft()
        seconds = min(second - first + 1, SECONDS)
        executed = sum(qty for _, qty, traded in self.left if traded)
        cancelled = sum(qty // 2 for _, qty, traded in self.left if not traded)
        return executed / seconds, cancelled / seconds


class Instrument:
    """Follows one instrument's orders, and what would have become of imagined ones."""

    def __init__(self, wait: int, every: int) -> None:
        self.wait, self.every = wait, every
        self.sides = {BUY: Side(1), SELL: Side(-1)}
        self.orders: dict[int, tuple[int, int]] = {}
        self.first: int | None = None
        self.waiting: list[Imagined] = []
        self.done: list[Imagined] = []
        self.events = 0

    def add(self, reference: int, side: int, price: int, qty: int) -> None:
        self.orders[reference] = (side, price)
        self.sides[side].levels.setdefault(price, OrderedDict())[reference] = qty

    def take(self, reference: int, qty: int | None, now: int, executed: bool) -> None:
        """Takes shares off an order, all of them if `qty` is None."""
        if reference not in self.orders:
            return
        side, price = self.orders[reference]
        book = self.sides[side]
        queue = book.levels[price]
        qty = queue[reference] if qty is None else min(qty, queue[reference])
        if price == book.best():
            second = now // SECOND
            self.first = second if self.first is None else self.first
            book.left.append((second, qty, executed))
        if executed:
            self.fill(side, price, reference, book.sign)
        queue[reference] -= qty
        if queue[reference] == 0:
            del queue[reference], self.orders[reference]
            if not queue:
                del book.levels[price]

    def fill(self, side: int, price: int, reference: int, sign: int) -> None:
        for order in self.waiting:
            if order.side == side and not order.filled:
                beyond = sign * price < sign * order.price
                behind = price == order.price and reference not in order.ahead
                order.filled = beyond or behind

    def look(self, now: int) -> None:
        """After each event: orders whose time is over, and now and then a new one."""
        while self.waiting and self.waiting[0].until <= now:
            self.done.append(self.waiting.pop(0))
        self.events += 1
        if self.events % self.every or not FROM <= now < TO or self.first is None:
            return
        side = BUY if self.events // self.every % 2 else SELL
        book = self.sides[side]
        price = book.best()
        if price is None:
            return
        queue = book.levels[price]
        wait = self.wait / SECOND
        executed, cancelled = (rate * wait for rate in book.rates(now // SECOND, self.first))
        chance = executed / (executed + cancelled + sum(queue.values()) + QTY)
        self.waiting.append(Imagined(side, price, now + self.wait, set(queue), chance))


def imagined(path: str, wait: int, every: int) -> list[Imagined]:
    """All imagined orders of a day."""
    kind = pyscalp.EventKind
    instruments: dict[int, Instrument] = {}
    for events in pyscalp.read(path):
        columns = ("instrument", "kind", "venue_time", "order", "other", "side", "price", "qty")
        for number, what, now, reference, new, side, price, qty in zip(
            *(events[name].tolist() for name in columns), strict=True
        ):
            one = instruments.setdefault(number, Instrument(wait, every))
            if what == kind.ADD:
                one.add(reference, side, price, qty)
            elif what in (kind.EXECUTE, kind.REDUCE):
                one.take(reference, qty, now, what == kind.EXECUTE)
            elif what in (kind.DELETE, kind.REPLACE):
                side = one.orders.get(reference, (NONE, 0))[0]
                one.take(reference, None, now, False)
                if what == kind.REPLACE and side != NONE:
                    one.add(new, side, price, qty)
            else:
                continue
            one.look(now)
    return [order for one in instruments.values() for order in one.done]


def table(orders: list[Imagined]) -> dict[str, Any]:
    chances = np.array([order.chance for order in orders])
    filled = np.array([order.filled for order in orders], float)
    rows = []
    for low, high in itertools.pairwise(EDGES):
        inside = (chances >= low) & (chances < high)
        if inside.any():
            rows.append({"from": low, "to": high, "orders": int(inside.sum()),
                         "chance": float(chances[inside].mean()),
                         "filled": float(filled[inside].mean())})
    share = float(filled.mean())
    return {"orders": len(orders), "chance": float(chances.mean()), "filled": share,
            "brier": float(np.mean((chances - filled) ** 2)),
            "brier_of_the_share": share * (1 - share), "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day", help="ITCH 5.0 BinaryFILE, also packed")
    parser.add_argument("--wait", default="2s", help="how long an order rests")
    parser.add_argument("--every", type=int, default=200, help="events from one to the next")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        wait = int(Duration.parse(options.wait))
    except ValueError as error:
        raise PyscalpError(f"--wait {error}") from None
    orders = imagined(options.day, wait, options.every)
    if not orders:
        raise PyscalpError(f"{options.day} has no two-sided book between 09:45 and 15:45")
    result = table(orders)
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(f"{result['orders']:,} orders, {options.wait} each: chance {result['chance']:.1%} in "
          f"the mean, filled {result['filled']:.1%}; Brier score {result['brier']:.3f}, of the "
          f"day's own share {result['brier_of_the_share']:.3f}")
    print("| chance | orders | mean chance | filled |\n| --- | ---: | ---: | ---: |")
    for row in result["rows"]:
        print(f"| {row['from']:.0%} to {row['to']:.0%} | {row['orders']:,} | "
              f"{row['chance']:.1%} | {row['filled']:.1%} |")


if __name__ == "__main__":
    try:
        main()
    except PyscalpError as error:
        raise SystemExit(str(error)) from None
