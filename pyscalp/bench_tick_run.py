"""One tick-to-trade measurement: an exchange and a contender, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pyscalp import _core
from pyscalp.bench_networks import Place, Places
from pyscalp.bench_tick_worker import Job
from pyscalp.errors import PyscalpError

_ORDERS_PORT = 26_502
_FEED_PORT = 26_500
PATIENCE_NS = 100_000_000
"""How long an order may take before it counts as none."""

_START_S = 60.0

Found = dict[str, Any]


class WorkerJob(Protocol):
    """What a worker process is told by its command line."""

    @property
    def role(self) -> str:
        """Who it is."""

    @property
    def module(self) -> str:
        """That is run."""

    def to_json(self) -> str:
        """As `module` reads it."""


@dataclass(frozen=True)
class Contender:
    """Who answers the triggers, and what goes on meanwhile.

    Attributes
    ----------
    role : str
        ``engine``, ``echo`` or ``asyncio``.
    transport : str
        How the feed comes in.
    load : float
        The day behind the triggers, in multiples of its peak; 0: none.
    """

    role: str
    transport: str
    load: float = 0.0

    @property
    def name(self) -> str:
        """For people."""
        if self.role == "asyncio":
            return "asyncio client"
        return f"{'engine' if self.role == 'engine' else 'bare echo'}, {self.transport}"


@dataclass(frozen=True)
class Day:
    """What runs behind the triggers.

    Attributes
    ----------
    file : str
        BinaryFILE.
    opening_bytes : int
        Of it, sent before.
    peak : float
        Messages of its busiest second.
    mean : float
        Messages a second.
    instruments : int
        In its directory.
    max_orders : int
        That live at once.
    """

    file: str
    opening_bytes: int
    peak: float
    mean: float
    instruments: int
    max_orders: int


@dataclass
class Measured:
    """What came of one measurement.

    Attributes
    ----------
    trips : ndarray
        int64, shape (triggers, 3): intended, sent and arrived, ns; arrived 0: no order.
    outsider : dict
        The exchange's counts.
    contender : dict
        What the contender said, its ``note`` among it.
    line_ns : list of int
        What a cache line took to the other core and back, before and after; empty where
        that cannot be told. It is what most of a way through the kernel is made of, and
        changes as a hypervisor moves its guests about.
    stolen : float or None
        Share of the contender's core that the hypervisor gave to others meanwhile.
    """

    trips: NDArray[np.int64]
    outsider: dict[str, Any]
    contender: dict[str, Any]
    line_ns: list[int]
    stolen: float | None


class Sides:
    """The two cores of a measurement, and what is looked at around it."""

    def __init__(self) -> None:
        self.cores = sorted(os.sched_getaffinity(0))

    @property
    def spare(self) -> list[int]:
        """Neither core of the measurement; on two cores the exchange's end shares its own."""
        return self.cores[1:-1] or self.cores[:-1]

    def core(self, outside: bool) -> int | None:
        """For the exchange's end or the contender; nothing where there is one core."""
        return self.cores[0 if outside else -1] if len(self.cores) > 1 else None

    def measured(self, run: Callable[[], tuple[NDArray[np.int64], Found, Found]]) -> Measured:
        """What `run` gives: trips, what the outsider counted and what the contender said."""
        lines, ticks = self._line_rounds(), _core_ticks(self.cores[-1])
        with aside(self.spare):
            trips, outsider, said = run()
        lines += self._line_rounds()
        return Measured(trips, outsider, said, lines, _stolen(ticks, _core_ticks(self.cores[-1])))

    def _line_rounds(self) -> list[int]:
        if len(self.cores) < 2:
            return []
        try:
            return [_core.line_round(self.cores[0], self.cores[-1])]
        except OSError:
            return []


def run_pair(
    outsider: WorkerJob,
    contender: Callable[[int], WorkerJob],
    places: Places,
    limit_s: float,
) -> tuple[NDArray[np.int64], Found, Found]:
    """Start the exchange's end, then the contender at its port; end them the other way."""
    with worker(outsider, places.exchange, limit_s) as exchange:
        job = contender(exchange.hear()["orders_port"])
        with worker(job, places.engine, limit_s) as other:
            said = other.hear()
            # A contender that ends early takes the order session with it.
            try:
                counted = exchange.hear()
            except PyscalpError as error:
                other.end()
                why = other.hear().get("error") or "it gives no reason"
                raise PyscalpError(f"{error}; the {job.role}: {why}") from None
            other.end()
            said |= other.hear()
        exchange.end()
    trips = np.asarray(counted.pop("trips"), dtype=np.int64).reshape(-1, 3)
    return trips, counted, said


@dataclass
class Bench:
    """Where measurements are made, and how.

    Attributes
    ----------
    places : Places
        Both sides.
    triggers : int
        Of a measurement.
    rate : float
        Triggers a second.
    """

    places: Places
    triggers: int
    rate: float
    sides: Sides = field(default_factory=Sides)

    def measure(self, contender: Contender, day: Day | None = None) -> Measured:
        """Start the exchange, then the contender; end them in the other order.

        Raises
        ------
        PyscalpError
            If either fails; with the last line that it said.
        """
        limit_s = limit_of(self.triggers, self.rate)
        outsider = self._job(contender, day, "outsider")

        def job(port: int) -> Job:
            return self._job(contender, day, contender.role, port)

        return self.sides.measured(lambda: run_pair(outsider, job, self.places, limit_s))

    def _job(self, contender: Contender, day: Day | None, role: str, port: int = 0) -> Job:
        outside = role == "outsider"
        place = self.places.exchange if outside else self.places.engine
        joined = place.network is None
        return Job(
            role=role,
            core=self.sides.core(outside),
            spare_cores=tuple(self.sides.spare),
            interface=place.address,
            exchange=self.places.exchange.address,
            feed_port=_FEED_PORT,
            orders_port=port or (0 if joined else _ORDERS_PORT),
            locate=1 if day is None else day.instruments + 1,
            triggers=self.triggers,
            period_ns=int(1e9 / self.rate),
            patience_ns=PATIENCE_NS,
            transport=contender.transport,
            day="" if day is None else day.file,
            opening_bytes=0 if day is None else day.opening_bytes,
            pace=0.0 if day is None else contender.load * day.peak / day.mean,
            max_orders=1 << 16 if day is None else day.max_orders,
        )


def limit_of(triggers: int, rate: float) -> float:
    """How long a measurement may take, in seconds, before its workers are killed."""
    return _START_S + triggers / rate + 2 * triggers * PATIENCE_NS / 1e9


@contextlib.contextmanager
def aside(cores: list[int]) -> Iterator[None]:
    """Keep the calling thread, and those it makes, on these cores meanwhile."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _core_ticks(core: int) -> NDArray[np.int64]:
    """The kernel's account of a core, as /proc/stat has it; the eighth is what was stolen."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, _, counts = line.partition(" ")
        if name == f"cpu{core}":
            return np.asarray(counts.split()[:8], dtype=np.int64)
    return np.zeros(8, dtype=np.int64)


def _stolen(before: NDArray[np.int64], after: NDArray[np.int64]) -> float | None:
    passed = after - before
    return float(passed[7] / passed.sum()) if passed.sum() > 0 else None


class _Worker:
    """A process that says JSON objects, a line each."""

    def __init__(self, process: subprocess.Popen[str], role: str) -> None:
        self._process = process
        self._role = role
        self._errors: list[str] = []
        assert process.stderr is not None
        self._reader = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
        self._reader.start()

    def _listen(self, errors: Any) -> None:
        self._errors += [line for line in errors.read().splitlines() if line.strip()]

    def hear(self) -> dict[str, Any]:
        """What it says next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._reader.join(5.0)
            said = self._errors[-1] if self._errors else f"it ended with status {status}"
            raise PyscalpError(f"the {self._role}: {said}")
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """Tell it to end."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()


@contextlib.contextmanager
def worker(job: WorkerJob, place: Place, limit_s: float) -> Iterator[_Worker]:
    """A worker that does not outlive the block, nor `limit_s` seconds, nor us."""
    # Of a session of its own, so that Ctrl-C reaches us alone.
    process = subprocess.Popen(
        place.command(sys.executable, "-m", job.module, job.to_json()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=place.descriptors,
        start_new_session=True,
    )
    timer = threading.Timer(limit_s, process.kill)
    timer.daemon = True
    timer.start()
    started = _Worker(process, job.role)
    try:
        yield started
        started.end()
        process.wait(10.0)
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
