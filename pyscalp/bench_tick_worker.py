"""One side of a tick-to-trade measurement: ``python -m pyscalp.bench_tick_worker JOB``.

It says on standard output that it is ready, as one JSON object, works, and says what it
found as another. A contender works until its standard input ends; so nothing survives
whoever started it, however that one went.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyscalp.errors import PyscalpError

SYMBOL = "TRIGGER"
"""The stock that triggers, as bench/trigger_stock.hpp has it."""

FEED_A, FEED_B = "239.255.77.1", "239.255.77.2"


@dataclass(frozen=True)
class Job:
    """What a worker is to do.

    Attributes
    ----------
    role : str
        A key of `ROLES`.
    core : int or None
        The core that the measuring thread runs on.
    spare_cores : tuple of int
        For every other thread of either side, none of them the contender's; empty: any.
    interface : str
        Address of our interface.
    exchange : str
        Address of the exchange's.
    feed_port : int
        Of both lines.
    orders_port : int
        Of the exchange; 0 lets it choose.
    locate : int
        Of the stock that triggers.
    triggers : int
        How many.
    period_ns : int
        From one to the next.
    patience_ns : int
        How long an order may take.
    transport : str
        Of the contender.
    day : str
        BinaryFILE that the exchange sends besides; empty: none.
    opening_bytes : int
        Of it, sent before.
    pace : float
        Nanoseconds of the day in one of ours; 0: the opening alone.
    max_orders : int
        Of all books.
    """

    role: str
    core: int | None
    spare_cores: tuple[int, ...]
    interface: str
    exchange: str
    feed_port: int
    orders_port: int
    locate: int
    triggers: int
    period_ns: int
    patience_ns: int
    transport: str = "auto"
    day: str = ""
    opening_bytes: int = 0
    pace: float = 0.0
    max_orders: int = 1 << 16

    @property
    def module(self) -> str:
        """That reads it."""
        return "pyscalp.bench_tick_worker"

    def to_json(self) -> str:
        """As the worker reads it from its command line."""
        return json.dumps(asdict(self))


Found = dict[str, Any]


def say(found: Found) -> None:
    """To whoever started us."""
    print(json.dumps(found), flush=True)


class Told:
    """Standard input has ended: whoever started us wants us to end, or is gone."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._stops: list[Callable[[], object]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        # Not by sys.stdin, whose lock an interpreter that ends would wait for.
        while os.read(0, 4096):
            pass
        self._over.set()
        for stop in self._stops:
            stop()

    def then(self, stop: Callable[[], object]) -> None:
        """Call `stop` when it comes to that, from a thread of its own."""
        self._stops.append(stop)
        if self._over.is_set():
            stop()

    def wait(self) -> None:
        """Until then."""
        self._over.wait()


def taken_away(thread: str) -> int:
    """How often another task took the core of a thread of ours, by the thread's name."""
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text().strip() == thread[:15]:
            status = (task / "status").read_text()
            return int(status.rpartition("nonvoluntary_ctxt_switches:")[2].split()[0])
    return 0


def pin(core: int | None) -> None:
    """Keep the calling thread on a core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def _outsider(job: Job, told: Told) -> Found:
    from pyscalp import _core

    pin(job.core)
    day = np.fromfile(job.day, dtype=np.uint8) if job.day else None
    outsider = _core.Outsider(
        feed=(FEED_A, job.feed_port),
        interface=job.interface,
        orders=(job.exchange, job.orders_port),
        locate=job.locate,
        triggers=job.triggers,
        period_ns=job.period_ns,
        patience_ns=job.patience_ns,
        day=None if day is None else day.data,
        opening_bytes=job.opening_bytes,
        pace=job.pace,
    )
    told.then(outsider.stop)
    say({"orders_port": outsider.orders})
    outsider.run()
    return {**outsider.counts(), "trips": outsider.trips().tolist()}


def _engine(job: Job, told: Told) -> Found:
    from pyscalp import _core

    session = _core.LiveSession(engine_config(job), "")
    session.start()
    note = session.snapshot()["transport"]
    say({"note": note["note"], "missing": note["missing"]})
    before = taken_away("pyscalp-engine")
    told.wait()
    return engine_found(session, taken_away("pyscalp-engine") - before)


def engine_found(session: Any, taken: int) -> Found:
    """End a session and tell what it did; `taken` is how often it lost its core."""
    session.request_stop()
    if not session.join(3.0):
        session.abandon("it did not get flat")
        session.join(5.0)
    snapshot, summary = session.snapshot(), session.summary()
    return {
        "stages": {
            stage: [np.asarray(values).tolist(), np.asarray(counts).tolist()]
            for stage, (values, counts) in session.histograms().items()
        },
        "lost": snapshot["transport"]["lost"],
        "gaps": snapshot["gaps"],
        "messages": snapshot["messages"],
        "records_lost": snapshot["events_lost"],
        "allocations": snapshot["allocations"],
        "orders": snapshot["orders_sent"],
        "denied": {key: n for key, n in snapshot["denied"].items() if n},
        "phase": snapshot["phase"],
        "error": summary["error"],
        "spin": summary["spin"],
        "taken_away": taken,
        "machine": summary["machine"],
    }


def engine_config(job: Job) -> dict[str, Any]:
    """The configuration of an engine that sends an order at each trigger."""
    from pyscalp.config import Config

    core = Config.loads(_ENGINE, source="the benchmark's configuration").to_core()
    core["venue"] |= {
        "feed_a": [FEED_A, job.feed_port],
        "feed_b": [FEED_B, job.feed_port],
        "retransmission": None,
        "snapshot": None,
        "orders": [job.exchange, job.orders_port],
        "interface": job.interface,
        "transport": job.transport,
    }
    core["engine"] |= {
        "cpu": -1 if job.core is None else job.core,
        "max_orders": job.max_orders,
    }
    return core


_ENGINE = f"""
[[instruments]]
symbol = "{SYMBOL}"

[signals.book_imbalance]
threshold = 0.5
levels = 1
persistence = "0s"
horizon_gain = 10

[tactics]
order_qty = 1
style = "taker"

[risk]
aum = 1_000_000
max_order_qty = 100
max_order_value = 50_000
price_collar = "1%"
max_position = 200
max_orders_working = 16
rate_limit = 1_000_000
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 60
max_rejects = 20

[engine]
pages = "huge"
lock_memory = true
"""


def _echo(job: Job, told: Told) -> Found:
    from pyscalp import _core

    pin(job.core)
    echo = _core.Echo(
        transport=job.transport,
        feed_a=(FEED_A, job.feed_port),
        feed_b=(FEED_B, job.feed_port),
        interface=job.interface,
        orders=(job.exchange, job.orders_port),
        locate=job.locate,
        triggers=job.triggers,
    )
    told.then(echo.stop)
    say({"note": echo.note, "missing": ""})
    echo.run()
    return {"echoed": echo.echoed().tolist(), "lost": echo.lost()}


def _asyncio(job: Job, told: Told) -> Found:
    from pyscalp.bench_tick_asyncio import trade

    pin(job.core)
    say({"note": "asyncio, datagram protocol and streams", "missing": ""})

    async def until_told() -> Found:
        orders = (job.exchange, job.orders_port)
        task = asyncio.ensure_future(trade((FEED_A, job.feed_port), job.interface, orders, SYMBOL))
        loop = asyncio.get_running_loop()
        told.then(lambda: loop.call_soon_threadsafe(task.cancel))
        return dict(await task)

    return asyncio.run(until_told())


ROLES: dict[str, Callable[[Job, Told], Found]] = {
    "outsider": _outsider,
    "engine": _engine,
    "echo": _echo,
    "asyncio": _asyncio,
}
"""What a worker can be."""


def serve(spare_cores: Sequence[int], work: Callable[[Told], Found]) -> int:
    """Do a worker's work; 0, or 1 with a line on standard error."""
    # Threads that come into being from here on stay off the contender's core.
    if spare_cores:
        os.sched_setaffinity(0, set(spare_cores))
    told = Told()
    try:
        say(work(told))
        # The exchange's end outlives the contender's, which closes its session in peace.
        told.wait()
    except (OSError, RuntimeError, ValueError, PyscalpError) as error:
        print(str(error), file=sys.stderr)
        return 1
    return 0


def main(text: str) -> int:
    """Do a job; 0, or 1 with a line on standard error."""
    job = Job(**json.loads(text))
    return serve(job.spare_cores, lambda told: ROLES[job.role](job, told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
