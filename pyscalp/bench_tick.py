"""Tick-to-trade as an outsider sees it: a packet goes out, an order comes in.

The exchange's end (`_core.Outsider`) and the contender are processes in two networks, on
two cores. It stamps both, at its own socket; the contender's own stamps are told beside
and held against it. A round measures each contender once, in turns, so that what disturbs
the machine disturbs all of them; the samples of all rounds count together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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
from pyscalp.errors import PyscalpError

TRANSPORTS = ("xdp", "packet", "socket", "blocking")
"""Ways of the feed into a contender."""

STAGES = ("feed", "signal", "gate", "encode", "send", "tick_to_trade")
"""Of the engine, in order; the last one spans the others."""

MAX_RATE = 800.0
"""Triggers a second; the outsider keeps late ones apart."""

_INSTRUMENTS = 8_906
_LIVE_ORDERS = 200_000
_MAX_ORDERS = 1 << 19
_QUANTILES = {"min": 0, "p50": 50, "p90": 90, "p99": 99, "p99.9": 99.9, "max": 100}

Progress = Callable[[str, int, int], None]
"""Told what is being done, steps done and steps in all."""


@dataclass
class _Pool:
    """What all measurements of a contender found."""

    contender: Contender
    trips: list[NDArray[np.int64]] = field(default_factory=list)
    echoed: list[NDArray[np.int64]] = field(default_factory=list)
    stages: dict[str, list[NDArray[np.int64]]] = field(default_factory=dict)
    outside: list[dict[str, Any]] = field(default_factory=list)
    inside: list[dict[str, Any]] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        """The first triggers of a measurement warm everything up and do not count."""
        untimed = min(100, len(measured.trips) // 10)
        went = int((measured.trips[:, 1] > 0).sum())
        self.trips.append(measured.trips[untimed:went])
        found = dict(measured.contender)
        if "echoed" in found:
            echoed = np.asarray(found.pop("echoed"), dtype=np.int64).reshape(-1, 2)
            self.echoed.append(echoed[untimed:went])
        for stage, (values, counts) in found.pop("stages", {}).items():
            pair = np.asarray([values, counts], dtype=np.int64)
            self.stages.setdefault(stage, []).append(pair)
        self.outside.append(measured.outsider)
        self.inside.append(found)

    def row(self) -> dict[str, Any]:
        """One row of the result; times in ns."""
        trips = np.concatenate(self.trips)
        answered = trips[:, 2] > 0
        wire = trips[answered, 2] - trips[answered, 1]
        out: dict[str, Any] = {
            "name": self.contender.name,
            "role": self.contender.role,
            "transport": self.contender.transport,
            "load": self.contender.load,
            "note": self.inside[-1]["note"],
            "missing": self.inside[-1]["missing"],
            "triggers": len(trips),
            "unanswered": int((~answered).sum()),
            "unexpected": sum(o["unexpected"] for o in self.outside),
            "order_bytes": self.outside[-1]["order_bytes"],
            "lost": sum(i.get("lost", 0) for i in self.inside),
            "feed_messages": sum(o["feed_messages"] for o in self.outside),
            "feed_behind_max_ns": max(o["behind_max_ns"] for o in self.outside),
            "feed_not_sent": sum(o["not_sent"] for o in self.outside),
            "day_ended": any(o["day_ended"] for o in self.outside),
            "wire": quantiles(wire),
            "wire_p50_by_round": [_p50_of(t) for t in self.trips],
            "from_intended": quantiles(trips[answered, 2] - trips[answered, 0]),
            "sent_late": quantiles(trips[:, 1] - trips[:, 0]),
            "curve": _curve(wire),
        }
        if self.echoed:
            out |= self._echo_parts(trips, answered)
        if self.stages:
            out |= self._engine_parts()
        return out

    def _echo_parts(self, trips: NDArray[np.int64], answered: NDArray[np.bool_]) -> dict[str, Any]:
        echoed = np.concatenate(self.echoed)
        seen, sent = echoed[answered, 0], echoed[answered, 1]
        return {
            "way_in": quantiles(seen - trips[answered, 1]),
            "way_out": quantiles(trips[answered, 2] - seen),
            "send_call": quantiles(sent - seen),
        }

    def _engine_parts(self) -> dict[str, Any]:
        spins = [inside["spin"] for inside in self.inside]
        watched = sum(spin["watched_ns"] for spin in spins)
        return {
            "stages": {
                stage: quantiles(_expanded(self.stages[stage]))
                for stage in STAGES
                if stage in self.stages
            },
            "gaps": sum(inside["gaps"] for inside in self.inside),
            "records_lost": sum(inside["records_lost"] for inside in self.inside),
            "denied": sum(sum(inside["denied"].values()) for inside in self.inside),
            "allocations": sum(inside["allocations"] for inside in self.inside),
            "phase": self.inside[-1]["phase"],
            "errors": sorted({i["error"] for i in self.inside if i["error"]}),
            "machine": self.inside[-1]["machine"],
            "spin": {
                "gaps": sum(spin["gaps"] for spin in spins),
                "worst_ns": max(spin["worst_ns"] for spin in spins),
                "lost_share": sum(spin["lost_ns"] for spin in spins) / max(watched, 1),
                "threshold_ns": spins[-1]["threshold_ns"],
            },
        }


def quantiles(samples: NDArray[np.int64]) -> dict[str, float]:
    """Count, min, p50, p90, p99, p99.9 and max; the count alone where there are none."""
    if samples.size == 0:
        return {"count": 0}
    values = np.percentile(samples, list(_QUANTILES.values()))
    found = dict(zip(_QUANTILES, (float(v) for v in values), strict=True))
    return {"count": int(samples.size), **found}


def _p50_of(trips: NDArray[np.int64]) -> float | None:
    answered = trips[trips[:, 2] > 0]
    return float(np.median(answered[:, 2] - answered[:, 1])) if len(answered) else None


def _expanded(pairs: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    together = np.concatenate(pairs, axis=1)
    return np.repeat(together[0], together[1])


def _curve(wire: NDArray[np.int64]) -> list[list[float]]:
    """Points of a plot by percentile: (1 / (1 - quantile), ns)."""
    if wire.size == 0:
        return []
    steps = np.geomspace(1.0, wire.size, 120)
    values = np.quantile(wire, 1.0 - 1.0 / steps)
    return [[float(x), float(y)] for x, y in zip(steps, values, strict=True)]


def bench_tick_to_trade(
    *,
    triggers: int = 2_000,
    rate: float = 500.0,
    rounds: int = 3,
    transports: Iterable[str] = TRANSPORTS,
    roles: Iterable[str] = ("engine", "echo", "asyncio"),
    loads: Iterable[float] = (0.0, 1.0, 2.0, 8.0),
    load_seconds: float = 10.0,
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
        day: engine and echo on the fastest transport of those measured, and at 1 the
        asyncio client. 0 is the same books at rest; empty leaves this part out.
    load_seconds : float
        How long each of them runs.
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
    _check(wanted, who, triggers, rate, rounds)
    tell: Progress = progress or (lambda text, done, total: None)
    with places(veth) as where:
        bench = Bench(where, triggers, rate)
        refused = _refused(where, wanted)
        had = [transport for transport in wanted if transport not in refused]
        if not had:
            raise PyscalpError("no transport can be had: " + "; ".join(refused.values()))
        contenders = [Contender(role, t) for role in who if role != "asyncio" for t in had]
        if "asyncio" in who:
            contenders.append(Contender("asyncio", "socket"))
        rows = _rounds(bench, contenders, rounds, None, tell)
        result: dict[str, Any] = {
            "machine": {**machine(), "cores_used": [bench.cores[0], bench.cores[-1]]},
            "places": where.note,
            "settings": {"triggers": triggers, "rate": rate, "rounds": rounds},
            "refused": refused,
            "rows": rows,
            "feed": None,
        }
        levels = sorted(dict.fromkeys(loads))
        if levels:
            result["feed"] = _under_load(
                where, rows, who, levels, rate, load_seconds, load_messages, seed, tell
            )
    result["figures"] = figures(result)
    return result


def _check(
    transports: list[str], roles: list[str], triggers: int, rate: float, rounds: int
) -> None:
    for name in transports:
        if name not in TRANSPORTS:
            raise PyscalpError(f'no transport "{name}"; there are {", ".join(TRANSPORTS)}')
    for role in roles:
        if role not in ("engine", "echo", "asyncio"):
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
    pools = [_Pool(contender) for contender in contenders]
    done, total = 0, rounds * len(pools)
    for _ in range(rounds):
        for pool in pools:
            load = f", feed at {pool.contender.load:g}x" if day is not None else ""
            tell(pool.contender.name + load, done, total)
            pool.add(bench.measure(pool.contender, day))
            done += 1
    return [pool.row() for pool in pools]


def _under_load(
    where: Places,
    rows: Sequence[dict[str, Any]],
    roles: Sequence[str],
    levels: Sequence[float],
    rate: float,
    seconds: float,
    messages: int | None,
    seed: int,
    tell: Progress,
) -> dict[str, Any]:
    """Engine and echo on the fastest transport, over the books of a whole market."""
    answered = [row for row in rows if row["wire"]["count"] and row["role"] != "asyncio"]
    if not answered:
        raise PyscalpError("no contender has answered a trigger")
    transport = min(answered, key=lambda row: float(row["wire"]["p50"]))["transport"]
    with tempfile.TemporaryDirectory(prefix="pyscalp-bench-") as folder:
        tell("writing a market day", 0, 1)
        day = _day(Path(folder), max(levels), seconds, messages, seed)
        bench = Bench(where, max(10, round(rate * seconds)), rate)
        contenders = [
            Contender(role, transport, load)
            for load in levels
            for role in roles
            if role != "asyncio"
        ]
        if "asyncio" in roles and 1.0 in levels:
            contenders.append(Contender("asyncio", "socket", 1.0))
        return {
            "transport": transport,
            "seconds": seconds,
            "peak": day.peak,
            "peak_of": "the busiest second of the made-up market day",
            "instruments": day.instruments,
            "rows": _rounds(bench, contenders, 1, day, tell),
        }


def _day(folder: Path, load: float, seconds: float, messages: int | None, seed: int) -> Day:
    """A made-up day that is long enough, and how fast it is."""
    instruments = _INSTRUMENTS if messages is None else min(_INSTRUMENTS, messages // 100)
    live = _LIVE_ORDERS if messages is None else messages // 10
    opening = live + 4 * instruments
    # The mean is 11,500 messages a second; its busiest second is a little above,
    # and triggers that are held up make the run longer.
    wanted = messages or opening + round(1.6 * 11_500 * (seconds + 2.0) * max(load, 1.0))
    made = write_day(folder / "day.itch", wanted, instruments, seed=seed, live_orders=live)
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
