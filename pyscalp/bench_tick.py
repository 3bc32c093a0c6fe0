"""Tick-to-trade as an outsider sees it: a packet goes out, an order comes in.

The exchange's end (`_core.Outsider`) and the contender are processes in two networks, on
two cores. It stamps both, at its own socket; the contender's own stamps are told beside
and held against it. A round measures each contender once, in turns, engine and echo of a
transport one after the other, so that what disturbs the machine disturbs both. Quantiles
are of all rounds together, the figures are medians of the rounds' own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyscalp import _core
from pyscalp.bench_book import machine
from pyscalp.bench_day import write_day
from pyscalp.bench_networks import Places, places
from pyscalp.bench_tick_figures import figures
from pyscalp.bench_tick_run import Bench, Contender, Day, Measured
from pyscalp.bench_tick_samples import Samples
from pyscalp.errors import PyscalpError

TRANSPORTS = ("xdp", "packet", "socket", "blocking")
"""Ways of the feed into a contender."""

ROLES = ("engine", "echo", "asyncio")
"""Who answers the triggers."""

MAX_RATE = 800.0
"""Triggers a second; the outsider keeps late ones apart."""

_INSTRUMENTS = 8_906
_LIVE_ORDERS = 200_000
_MAX_ORDERS = 1 << 19

Progress = Callable[[str, int, int], None]
"""Told what is being done, steps done and steps in all."""


class Pool:
    """What all measurements of a contender found."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self._rounds: list[Samples] = []
        self._measured: list[Measured] = []

    def add(self, measured: Measured) -> None:
        """One round of it."""
        self._rounds.append(Samples.of(measured))
        self._measured.append(measured)

    def row(self) -> dict[str, Any]:
        """One row of the result; times in ns."""
        all_rounds = Samples.together(self._rounds)
        inside = [measured.contender for measured in self._measured]
        outside = [measured.outsider for measured in self._measured]
        out: dict[str, Any] = {
            "name": self.contender.name,
            "role": self.contender.role,
            "transport": self.contender.transport,
            "load": self.contender.load,
            "note": inside[-1]["note"],
            "missing": inside[-1]["missing"],
            "triggers": len(all_rounds.trips),
            "unanswered": int((~all_rounds.answered).sum()),
            "unexpected": sum(o["unexpected"] for o in outside),
            "order_bytes": outside[-1]["order_bytes"],
            "lost": sum(i.get("lost", 0) for i in inside),
            "feed_messages": sum(o["feed_messages"] for o in outside),
            "feed_behind_max_ns": max(o.get("behind_max_ns", 0) for o in outside),
            "feed_not_sent": sum(o.get("not_sent", 0) for o in outside),
            "day_ended": any(o.get("day_ended", False) for o in outside),
            **all_rounds.summary(),
            "rounds": [
                one.summary() | {"line_ns": measured.line_ns, "stolen": measured.stolen}
                for one, measured in zip(self._rounds, self._measured, strict=True)
            ],
            "curve": _curve(all_rounds.wire),
        }
        if self.contender.role == "engine":
            out |= _engine_counts(inside)
        return out


def _engine_counts(inside: Sequence[dict[str, Any]]) -> dict[str, Any]:
    spins = [found["spin"] for found in inside]
    watched = sum(spin["watched_ns"] for spin in spins)
    return {
        "gaps": sum(found["gaps"] for found in inside),
        "records_lost": sum(found["records_lost"] for found in inside),
        "denied": sum(sum(found["denied"].values()) for found in inside),
        "allocations": sum(found["allocations"] for found in inside),
        "phase": inside[-1]["phase"],
        "errors": sorted({found["error"] for found in inside if found["error"]}),
        "machine": inside[-1]["machine"],
        "spin": {
            "gaps": sum(spin["gaps"] for spin in spins),
            "worst_ns": max(spin["worst_ns"] for spin in spins),
            "lost_share": sum(spin["lost_ns"] for spin in spins) / max(watched, 1),
            "threshold_ns": spins[-1]["threshold_ns"],
            "taken_away": sum(found["taken_away"] for found in inside),
        },
    }


def _curve(wire: NDArray[np.int64]) -> list[list[float]]:
    """Points of a plot by percentile: (1 / (1 - quantile), ns)."""
    if wire.size == 0:
        return []
    steps = np.geomspace(1.0, wire.size, 120)
    values = np.quantile(wire, 1.0 - 1.0 / steps)
    return [[float(x), float(y)] for x, y in zip(steps, values, strict=True)]


def bench_tick_to_trade(
    *,
    triggers: int = 600,
    rate: float = 500.0,
    rounds: int = 7,
    transports: Iterable[str] = TRANSPORTS,
    roles: Iterable[str] = ROLES,
    loads: Iterable[float] = (0.0, 1.0, 2.0, 8.0),
    load_seconds: float = 10.0,
    load_rounds: int = 1,
    load_messages: int | None = None,
    veth: bool = True,
    seed: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure tick-to-trade by the outsider's clock.

    Parameters
    ----------
    triggers : int
        Of each measurement; the first hundred, or a tenth, warm up.
    rate : float
        Triggers a second, at most `MAX_RATE`.
    rounds : int
        How often each contender is measured, in turns.
    transports : iterable of str
        Of `TRANSPORTS`.
    roles : iterable of str
        Of ``engine``, ``echo`` and ``asyncio``.
    loads : iterable of float
        Feeds behind the triggers, in multiples of the busiest second of a made-up market
        day: engine and echo on the fastest transport of those measured, the asyncio
        client, and at the least feed the echo on every transport. 0 is the same books at
        rest; empty leaves this part out.
    load_seconds : float
        How long each of them runs.
    load_rounds : int
        How often each of them is measured, in turns.
    load_messages : int, optional
        Orders alive and instruments are cut down so that a day of this many messages
        holds them: for tests.
    veth : bool
        False measures on one loopback.
    seed : int
        Of the made-up day.
    progress : callable, optional
        Called with what is being done, steps done and steps in all.

    Returns
    -------
    dict
        ``machine``, ``places``, ``settings``, ``refused`` transports with the reason,
        ``rows`` (nothing behind the triggers), ``feed`` (``rows`` by load, ``peak``),
        and ``figures``, each with what was wanted of it. Times in ns.

    Raises
    ------
    PyscalpError
        If an argument makes no sense, or a measurement fails.
    """
    wanted, who = list(dict.fromkeys(transports)), list(dict.fromkeys(roles))
    _check(wanted, who, triggers, rate, min(rounds, load_rounds))
    tell: Progress = progress or (lambda text, done, total: None)
    with places(veth) as where:
        bench = Bench(where, triggers, rate)
        refused = _refused(where, wanted)
        had = [transport for transport in wanted if transport not in refused]
        if not had:
            raise PyscalpError("no transport can be had: " + "; ".join(refused.values()))
        contenders = [Contender(role, t) for t in had for role in who if role != "asyncio"]
        if "asyncio" in who:
            contenders.append(Contender("asyncio", "socket"))
        rows = _rounds(bench, contenders, rounds, None, tell)
        result: dict[str, Any] = {
            "machine": {**machine(), "cores_used": [bench.sides.cores[0], bench.sides.cores[-1]]},
            "places": where.note,
            "settings": {"triggers": triggers, "rate": rate, "rounds": rounds},
            "refused": refused,
            "rows": rows,
            "feed": None,
        }
        levels = sorted(dict.fromkeys(loads))
        if levels:
            feed = _Feed(levels, load_seconds, load_rounds, load_messages, seed)
            result["feed"] = _under_load(bench, rows, who, had, feed, tell)
    result["figures"] = figures(result)
    return result


def _check(
    transports: list[str], roles: list[str], triggers: int, rate: float, rounds: int
) -> None:
    for name in transports:
        if name not in TRANSPORTS:
            raise PyscalpError(f'no transport "{name}"; there are {", ".join(TRANSPORTS)}')
    for role in roles:
        if role not in ROLES:
            raise PyscalpError(f'nobody is called "{role}"; there are engine, echo, asyncio')
    if not transports or not roles or rounds < 1 or triggers < 10:
        raise PyscalpError("nothing to measure: rounds from 1, triggers from 10")
    if not 1 <= rate <= MAX_RATE:
        raise PyscalpError(f"rate must be 1 to {MAX_RATE:.0f} triggers a second")


def _refused(where: Places, transports: Sequence[str]) -> dict[str, str]:
    """Why a transport cannot be had here, found by a contender of a few triggers."""
    refused = {}
    bench = Bench(where, 10, MAX_RATE)
    for transport in transports:
        if transport in ("socket", "blocking"):
            continue
        try:
            bench.measure(Contender("echo", transport))
        except PyscalpError as error:
            refused[transport] = str(error).removeprefix("the echo: ")
    return refused


def _rounds(
    bench: Bench,
    contenders: Sequence[Contender],
    rounds: int,
    day: Day | None,
    tell: Progress,
) -> list[dict[str, Any]]:
    pools = [Pool(contender) for contender in contenders]
    done, total = 0, rounds * len(pools)
    for _ in range(rounds):
        for pool in pools:
            load = f", feed at {pool.contender.load:g}x" if day is not None else ""
            tell(pool.contender.name + load, done, total)
            pool.add(bench.measure(pool.contender, day))
            done += 1
    return [pool.row() for pool in pools]


@dataclass(frozen=True)
class _Feed:
    """What is asked of the part with a feed, as `bench_tick_to_trade` says."""

    levels: Sequence[float]
    seconds: float
    rounds: int
    messages: int | None
    seed: int


def _under_load(
    without: Bench,
    rows: Sequence[dict[str, Any]],
    roles: Sequence[str],
    transports: Sequence[str],
    feed: _Feed,
    tell: Progress,
) -> dict[str, Any]:
    """Engine and echo on the fastest transport, over the books of a whole market."""
    answered = [row for row in rows if row["wire"]["count"] and row["role"] != "asyncio"]
    if not answered:
        raise PyscalpError("no contender has answered a trigger")
    transport = min(answered, key=lambda row: float(row["wire"]["p50"]))["transport"]
    with tempfile.TemporaryDirectory(prefix="pyscalp-bench-") as folder:
        tell("writing a market day", 0, 1)
        day = _day(Path(folder), feed)
        bench = Bench(without.places, max(10, round(without.rate * feed.seconds)), without.rate)
        contenders = [
            Contender(role, "socket" if role == "asyncio" else transport, load)
            for load in feed.levels
            for role in roles
        ]
        least = next((load for load in feed.levels if load > 0), None)
        if "echo" in roles and least is not None:
            others = [other for other in transports if other != transport]
            contenders += [Contender("echo", other, least) for other in others]
        return {
            "transport": transport,
            "seconds": feed.seconds,
            "rounds": feed.rounds,
            "peak": day.peak,
            "peak_of": "the busiest second of the made-up market day",
            "instruments": day.instruments,
            "rows": _rounds(bench, contenders, feed.rounds, day, tell),
        }


def _day(folder: Path, feed: _Feed) -> Day:
    """A made-up day that is long enough, and how fast it is."""
    messages, load = feed.messages, max(*feed.levels, 1.0)
    instruments = _INSTRUMENTS if messages is None else min(_INSTRUMENTS, messages // 100)
    live = _LIVE_ORDERS if messages is None else messages // 10
    opening = live + 4 * instruments
    # The mean is 11,500 messages a second; its busiest second is a little above,
    # and triggers that are held up make the run longer.
    wanted = messages or opening + round(1.6 * 11_500 * (feed.seconds + 2.0) * load)
    made = write_day(folder / "day.itch", wanted, instruments, seed=feed.seed, live_orders=live)
    with made.file.open("rb") as file:
        file.seek(made.opening_bytes)
        rest = np.frombuffer(file.read(), dtype=np.uint8)
    count, nanos, peak = _core.day_pace(rest.data)
    mean = count / max(nanos / 1e9, 1e-9)
    return Day(str(made.file), made.opening_bytes, max(peak, mean), mean, instruments, _MAX_ORDERS)


def save_plot(result: dict[str, Any], file: Path) -> None:
    """Write the page of `pyscalp.bench_tick_plot.page` to a file."""
    from pyscalp.bench_tick_plot import page

    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        part.write_text(page(result), encoding="utf-8")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
