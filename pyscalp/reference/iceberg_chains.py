"""Chains of refills in plain Python: the part of `pyscalp.reference.iceberg` that finds.

Follows the rules that ``cpp/signal/iceberg_detector.hpp`` and ``slice_counts.hpp`` state,
with objects and lists where the compiled detector has tables of fixed size, and with NumPy
where that has loops.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FULL_SHARE = 0.9
_SAME_AGAIN = 0.3
_CHANCE_WEIGHT = 1000.0
_PRINT_HOLDS = 10 * 10**9
_SIZES = 512
_CHAINS = 8


@dataclass(frozen=True)
class IcebergOptions:
    """As ``signal::IcebergOptions`` with its detector's; times in ns."""

    threshold: float = 0.98
    prior: float = 0.02
    at_once: float = 0.95
    at_once_by_chance: float = 0.01
    refill_within: int = 0
    late_by_chance: float = 0.1
    slice_spread: float = 0.0
    min_reserve: float = 100.0
    gain: float = 1.0
    leave_for: int = 250_000_000


class Message(NamedTuple):
    """One message of an instrument and the touch after it.

    ``kind`` is as in ITCH: A an order is added, E executed, X reduced, D removed, P a
    hidden order traded; others only show the touch. ``shares`` are those added or taken
    off, ``left`` those of the order that stay, ``side`` is 1 for buyers and -1 for sellers.
    Prices in 1e-9, times in ns.
    """

    kind: str
    time: int
    reference: int
    shares: int
    left: int
    price: int
    side: int
    bid: int
    bid_qty: int
    ask: int
    ask_qty: int


@dataclass
class _Chain:
    """A run of refills that may be an iceberg."""

    side: int
    price: int
    slice: int
    executed: int
    log_odds: float
    reference: int = 0
    shown: int = 0
    open: int = 0
    refills: int = 0
    late: int = 0
    last: bool = False
    waiting: bool = False
    printed: bool = False
    hidden: int = 0
    reserve: float = 0.0


@dataclass
class _Taken:
    """An order executed in full."""

    price: int
    slice: int
    time: int
    event: int
    chain: _Chain | None
    waiting: bool = True


@dataclass
class _Side:
    chains: list[_Chain | None] = field(default_factory=lambda: [None] * _CHAINS)
    taken: deque[_Taken] = field(default_factory=lambda: deque(maxlen=4))
    parts: deque[list[int]] = field(default_factory=lambda: deque(maxlen=8))


class _Slices:
    """How many more slices there are, from how the believed ones went on."""

    def __init__(self) -> None:
        self.trials = np.zeros(16)
        self.ends = np.zeros(16)
        self.whole = 0

    def count(self, refills: int, after: str) -> None:
        place = min(refills // 4, 15)
        self.trials[place] += 1
        self.ends[place] += after != "full"
        self.whole += after == "none"

    def expected(self, refills: int) -> float:
        prior = 1 / (4 * np.arange(16) + 3.5)
        hazard = (self.ends + 2 * prior) / (self.trials + 2)
        ahead = hazard[np.minimum((refills + np.arange(128)) // 4, 15)]
        alive = np.concatenate(([1.0], np.cumprod(1 - ahead)[:-1]))
        # Probability of fewer than j more full slices.
        mass = np.concatenate(([0.0], np.cumsum(alive * ahead)))
        beyond = 1 + 0.5 * (1 - (self.whole + 1) / (self.ends.sum() + 2))
        return _least_relative_error(mass, beyond)


def _least_relative_error(mass: NDArray[np.float64], beyond: float) -> float:
    """2ab / (a + b) of the interval [a, b] with half of the mass and the least b / a."""
    number = len(mass) - 1
    first, last = np.meshgrid(np.arange(number), np.arange(number), indexing="ij")
    enough = (last >= first) & (mass[last + 1] - mass[first] >= 0.5 * mass[-1])
    ratio = np.where(enough, (beyond + last) / (beyond + first), np.inf)
    place = int(np.argmin(ratio))
    a, b = beyond + place // number, beyond + place % number
    return float(2 * a * b / (a + b))


class Chains:
    """All chains of one instrument, and what was said of them."""

    def __init__(self, options: IcebergOptions) -> None:
        self.options = options
        self.threshold = math.log(options.threshold / (1 - options.threshold))
        self.sides = {1: _Side(), -1: _Side()}
        self.slices = _Slices()
        self.sizes = np.zeros(_SIZES, np.int64)
        self.unfollowed = 0
        self.by_chance = {True: 0, False: 0}
        self.prints: deque[tuple[int, int]] = deque(maxlen=8)
        self.events = 0
        self.latest = 0
        self.gone_at: dict[int, int] = {}
        self.sightings: list[dict[str, object]] = []

    def take(self, message: Message) -> None:
        """Follow one message."""
        self.latest = max(self.latest, message.time)
        if message.kind == "P":
            self._hidden_trade(message)
        elif message.kind in "AEXD":
            self._order_event(message)
            self.events += 1

    def _order_event(self, message: Message) -> None:
        refilled = message.kind == "A" and self._refill(message)
        for side in self.sides.values():
            for taken in side.taken:
                if taken.waiting and self._too_late(taken):
                    self._give_up(taken)
        if message.kind == "A":
            if not refilled:
                self.sizes[message.shares % _SIZES] += 1
        elif message.kind == "E":
            self._executed(message)
        else:
            self._taken_off(message)

    def _too_late(self, taken: _Taken) -> bool:
        within = self.options.refill_within
        return within == 0 or self.latest - taken.time > within

    def _refill(self, message: Message) -> bool:
        fits = []
        for taken in self.sides[message.side].taken:
            if not taken.waiting or taken.price != message.price:
                continue
            width = int(self.options.slice_spread * taken.slice)
            at_once = taken.event == self.events - 1 and taken.time == message.time
            alike = abs(message.shares - taken.slice) <= width
            smaller = message.shares < taken.slice - width
            if (at_once and (alike or smaller)) or (alike and not self._too_late(taken)):
                fits.append((taken.event, taken, at_once, alike))
        if not fits:
            return False
        _, taken, at_once, alike = max(fits, key=lambda fit: fit[0])
        taken.waiting = False
        self._link(taken, at_once, alike, message)
        return True

    def _link(self, taken: _Taken, at_once: bool, alike: bool, message: Message) -> None:
        chain = taken.chain
        before = chain is not None and self.believed(chain)
        if chain is None:
            seen = any(
                price == message.price and self.latest - time <= _PRINT_HOLDS
                for price, time in self.prints
            )
            prior = math.log(self.options.prior / (1 - self.options.prior))
            chain = _Chain(
                message.side, message.price, taken.slice, taken.slice,
                prior + (math.log(2) if seen else 0.0),
            )  # fmt: skip
            self._place(chain)
        if before:
            self.slices.count(chain.refills, "full" if alike else "smaller")
        chain.log_odds += self._time_odds(at_once) + self._size_odds(chain.slice, alike)
        chain.refills += 1
        chain.late += not at_once
        chain.reference = message.reference
        if alike:
            chain.slice = message.shares
        chain.shown = chain.open = message.shares
        chain.last = not alike
        chain.waiting = chain.printed = False
        chain.reserve = (
            0.0 if chain.last else (self.slices.expected(chain.refills) - 1) * chain.slice
        )
        self._say("refilled", before, chain)

    def _place(self, chain: _Chain) -> None:
        side = self.sides[chain.side]
        free = [i for i, other in enumerate(side.chains) if other is None]
        if free:
            side.chains[free[0]] = chain
            return
        weakest = min(
            range(_CHAINS), key=lambda i: (side.chains[i] or chain).log_odds
        )  # all places are taken
        for taken in side.taken:
            if taken.chain is side.chains[weakest]:
                taken.chain = None
        side.chains[weakest] = chain

    def _time_odds(self, at_once: bool) -> float:
        options = self.options
        share = options.at_once if at_once else 1 - options.at_once
        stated = options.at_once_by_chance if at_once else options.late_by_chance
        chance = (_CHANCE_WEIGHT * stated + self.by_chance[at_once]) / (
            _CHANCE_WEIGHT + self.unfollowed
        )
        return math.log(share / chance)

    def _size_odds(self, size: int, alike: bool) -> float:
        share = (int(self.sizes[size % _SIZES]) + 1) / (int(self.sizes.sum()) + _SIZES)
        again = _SAME_AGAIN + (1 - _SAME_AGAIN) * max(share, self.options.slice_spread)
        if alike:
            return math.log(_FULL_SHARE / again)
        return math.log((1 - _FULL_SHARE) / (0.5 * (1 - again)))

    def _executed(self, message: Message) -> None:
        side = self.sides[message.side]
        chain = self._chain_of(message)
        if chain is None:
            size = self._whole_size(side, message)
            if message.left == 0:
                self.unfollowed += 1
                self._await_refill(side, message, size, None)
            return
        chain.open -= message.shares
        chain.executed += message.shares
        if message.left > 0:
            return
        if chain.last:
            self._await_refill(side, message, chain.shown, None)
            self._end(chain, "exhausted")
        else:
            chain.waiting = True
            self._await_refill(side, message, chain.slice, chain)

    def _await_refill(self, side: _Side, message: Message, size: int, chain: _Chain | None) -> None:
        if len(side.taken) == side.taken.maxlen and side.taken[0].waiting:
            self._give_up(side.taken[0])
        side.taken.append(_Taken(message.price, size, message.time, self.events, chain))

    @staticmethod
    def _whole_size(side: _Side, message: Message) -> int:
        for part in side.parts:
            if part[0] == message.reference:
                part[1] += message.shares
                size = part[1]
                if message.left == 0:
                    part[:] = [0, 0]
                return size
        if message.left > 0:
            side.parts.append([message.reference, message.shares])
        return message.shares

    def _taken_off(self, message: Message) -> None:
        chain = self._chain_of(message)
        if chain is None:
            return
        if message.left == 0:
            self._end(chain, "withdrawn")
            return
        chain.open -= message.shares
        chain.shown -= message.shares
        chain.last = True
        chain.reserve = 0.0
        self._say("uncovered", self.believed(chain), chain)

    def _give_up(self, taken: _Taken) -> None:
        taken.waiting = False
        if taken.chain is not None:
            self._end(taken.chain, "exhausted")

    def _end(self, chain: _Chain, kind: str) -> None:
        before = self.believed(chain)
        if kind == "exhausted":
            if not before:
                self.by_chance[True] += chain.refills - chain.late
                self.by_chance[False] += chain.late
            elif not chain.last:
                self.slices.count(chain.refills, "none")
        else:
            chain.open = 0
        chain.reserve = 0.0
        chains = self.sides[chain.side].chains
        chains[next(i for i, other in enumerate(chains) if other is chain)] = None
        self._say(kind, before, chain)

    def _chain_of(self, message: Message) -> _Chain | None:
        for chain in self.sides[message.side].chains:
            if chain and not chain.waiting and chain.reference == message.reference:
                return chain
        return None

    def believed(self, chain: _Chain) -> bool:
        """Whether its log-odds reach the threshold."""
        return chain.log_odds >= self.threshold

    def _hidden_trade(self, message: Message) -> None:
        self.prints.append((message.price, message.time))
        for side in self.sides.values():
            for chain in side.chains:
                if chain and chain.price == message.price:
                    chain.hidden += message.shares
                    if not chain.printed:
                        chain.printed = True
                        chain.log_odds += math.log(2)

    def _say(self, kind: str, before: bool, chain: _Chain) -> None:
        self.sightings.append(
            {
                "event": self.events, "time": self.latest, "kind": kind, "side": chain.side,
                "price": chain.price, "reference": chain.reference, "refills": chain.refills,
                "slice": chain.slice, "open": chain.open, "executed": chain.executed,
                "hidden": chain.hidden, "last": int(chain.last),
                "believed": int(self.believed(chain)), "believed_before": int(before),
                "log_odds": chain.log_odds, "reserve": chain.reserve,
            }
        )  # fmt: skip
        if before and (kind != "refilled" or chain.last):
            self.gone_at[chain.side] = self.latest
