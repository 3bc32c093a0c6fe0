"""The order book against its peers on the same file, one after the other, in turns.

Every measurement is a process of its own (`pyscalp.bench_worker`) on one core, and a
round measures each contender once, so that what disturbs the machine disturbs all of
them. The minimum over the rounds counts; the median says how disturbed it was.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pyscalp.bench_day import Day, given_day, real_day, write_day
from pyscalp.bench_worker import Job
from pyscalp.errors import PyscalpError

PEERS = ("itch-book", "itchcpp")
SECTIONS = ("decode", "book", "one", "real", "scaling", "operations", "table")
"""What can be measured; `bench_book` takes any of them."""

_OURS = {"orders": 1 << 23, "levels": 1 << 22}
_SCALING_LIVE = 200_000
_DECODED_BY_PYTHON = 100 << 20  # bytes of the file that a decoder into objects is given

Progress = Callable[[str, int, int], None]
"""Told what is being done, steps done and steps in all."""


@dataclass(frozen=True)
class Contender:
    """Who does a piece of work, and how it is told to."""

    name: str
    work: str
    peer: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    pinned: bool = True
    limit_bytes: int = 0


@dataclass(frozen=True)
class Section:
    """One comparison: the same work on the same file."""

    key: str
    title: str
    day: Day
    contenders: tuple[Contender, ...]
    repeats: int = 1
    after_opening: bool = False


_PYSCALP = Contender("pyscalp", "book", options=_OURS)
_HUGE = Contender("pyscalp, huge pages", "book", options={**_OURS, "huge_pages": True})
_ITCH_BOOK = Contender("itch-book Session.feed", "book-itch-book", peer="itch-book")
_ITCHCPP = Contender("itchcpp BookManager", "book-itchcpp", peer="itchcpp")

_CONTENDERS: dict[str, tuple[Contender, ...]] = {
    "decode": (
        Contender("pyscalp", "decode"),
        Contender("pyscalp framing alone", "walk"),
        Contender(
            "itchcpp to objects",
            "decode-itchcpp",
            peer="itchcpp",
            limit_bytes=_DECODED_BY_PYTHON,
        ),
    ),
    "book": (
        _PYSCALP,
        _HUGE,
        _ITCH_BOOK,
        # Its reader is a thread beside the books, so it may have both cores.
        Contender("itch-book batches", "batches-itch-book", peer="itch-book", pinned=False),
        _ITCHCPP,
    ),
    "one": (_PYSCALP, _ITCH_BOOK, _ITCHCPP),
    "real": (_PYSCALP, _HUGE, _ITCH_BOOK, _ITCHCPP),
    "scaling": (_PYSCALP, _ITCH_BOOK),
    "table": (
        Contender("pyscalp book --out", "parquet", pinned=False),
        Contender("itch-book convert", "parquet-itch-book", peer="itch-book", pinned=False),
    ),
}


def missing_peers() -> list[str]:
    """The rivals that are not installed."""
    missing = []
    for peer in PEERS:
        try:
            version(peer)
        except PackageNotFoundError:
            missing.append(peer)
    return missing


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    peers = {peer: version(peer) for peer in PEERS if peer not in missing_peers()}
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "peers": peers,
    }


def run_job(job: Job) -> dict[str, Any]:
    """Do a job in a process of its own.

    Raises
    ------
    PyscalpError
        If the process fails; with the last line it said.
    """
    finished = subprocess.run(
        [sys.executable, "-m", "pyscalp.bench_worker", job.to_json()],
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        said = finished.stderr.strip().splitlines() or [f"status {finished.returncode}"]
        raise PyscalpError(f"the measurement {job.work} failed: {said[-1]}")
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def _job(section: Section, contender: Contender) -> Job:
    return Job(
        work=contender.work,
        file=str(section.day.file),
        core=max(os.sched_getaffinity(0)) if contender.pinned else None,
        repeats=section.repeats,
        limit_bytes=contender.limit_bytes,
        untimed_bytes=section.day.opening_bytes if section.after_opening else 0,
        options=contender.options,
    )


def _measure(section: Section, rounds: int, step: Callable[[str], None]) -> dict[str, Any]:
    """All contenders of a section, `rounds` times in turns."""
    results: dict[str, list[dict[str, Any]]] = {c.name: [] for c in section.contenders}
    for _ in range(rounds):
        for contender in section.contenders:
            step(f"{section.title}: {contender.name}")
            results[contender.name].append(run_job(_job(section, contender)))
    rows = [_row(section, name, found) for name, found in results.items() if found]
    for row in rows:
        row["ratio"] = row["ns_min"] / rows[0]["ns_min"]
    return {
        "title": section.title,
        "file": section.day.file.name,
        "messages": section.day.messages,
        "bytes": section.day.size,
        "contenders": rows,
    }


def _row(section: Section, name: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    messages = found[0].get("messages", section.day.messages)
    nanos = [f["seconds"] * 1e9 / messages for f in found]
    kept = ("live_orders", "crossed_books", "refused", "rows", "bytes")
    return {
        "name": name,
        "messages": messages,
        "ns_min": min(nanos),
        "ns_median": statistics.median(nanos),
        "ns_max": max(nanos),
        "ns_rounds": nanos,
        "cpu_ns_min": min(f["cpu_seconds"] for f in found) * 1e9 / messages,
        "grown_bytes": max(f["grown_bytes"] for f in found),
        **{key: found[0][key] for key in kept if key in found[0]},
    }


def same_touches(day: Day) -> dict[str, Any]:
    """Compare the best prices of every instrument at the end with itch-book's.

    Raises
    ------
    PyscalpError
        If they differ, or a message was refused: then no figure means anything.
    """
    ours = run_job(Job("touches", str(day.file), options=_OURS))["touches"]
    theirs = run_job(Job("touches-itch-book", str(day.file)))["touches"]
    if ours != theirs:
        differing = [a[0] for a, b in zip(ours, theirs, strict=False) if a != b]
        where = f"first at instrument {differing[0]}" if differing else "in their number"
        raise PyscalpError(f"{day.file}: our best prices and itch-book's differ, {where}")
    return {"instruments": len(ours), "equal": True}


def _operations(day: Day, every: int) -> dict[str, Any]:
    """Times of single operations, with and without notice of what comes."""
    options = {**_OURS, "every": every, "untimed": day.messages // 10}
    out = {}
    for name, look_ahead in (("announced", True), ("alone", False)):
        job = Job(
            "operations",
            str(day.file),
            core=max(os.sched_getaffinity(0)),
            options={**options, "look_ahead": look_ahead},
        )
        out[name] = run_job(job)["times_ns"]
    return {"every": every, "untimed": options["untimed"], "times_ns": out}


@dataclass
class _Days:
    """The files of one run, written when first asked for."""

    folder: Path
    seed: int
    written: Callable[[str, int, int], None]

    def made(self, messages: int, instruments: int, live_orders: int = 0) -> Day:
        """A made-up day of that size."""
        file = self.folder / f"day-{messages}-{instruments}-{live_orders}.itch"
        label = f"writing a day of {messages:,} messages"
        return write_day(
            file,
            messages,
            instruments,
            seed=self.seed,
            live_orders=live_orders,
            progress=lambda done, total: self.written(label, done, total),
        )


def bench_book(
    file: Path | None = None,
    *,
    messages: int = 30_000_000,
    instruments: int = 8_906,
    rounds: int = 5,
    sections: Iterable[str] = SECTIONS,
    scaling: Sequence[int] = (1_000_000, 10_000_000),
    seed: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure decoding and books, ours and the peers' that are installed.

    Parameters
    ----------
    file : Path, optional
        ITCH 5.0 BinaryFILE, not compressed; without one a day is made up.
    messages, instruments, seed
        Of the made-up day.
    rounds : int
        How often each contender is measured.
    sections : iterable of str
        Of `SECTIONS`.
    scaling : sequence of int
        Lengths, in messages after the opening, that are compared at 200,000 orders alive.
    progress : callable, optional
        Called with what is being done, steps done and steps in all.

    Returns
    -------
    dict
        ``machine``, ``missing`` peers, ``sections`` by key, each with its contenders'
        nanoseconds a message (``ns_rounds``, of which ``ns_min``, ``ns_median`` and
        ``ns_max``; ``cpu_ns_min`` of processor time), ``ratio`` to the first contender
        and ``grown_bytes`` of memory; ``check`` against itch-book.

    Raises
    ------
    PyscalpError
        If a file cannot be read or written, a section is not known, a measurement
        fails, or our books and itch-book's differ.
    """
    wanted = list(dict.fromkeys(sections))
    for key in wanted:
        if key not in SECTIONS:
            raise PyscalpError(f'no section "{key}"; there are {", ".join(SECTIONS)}')
    if rounds < 1:
        raise PyscalpError("rounds must be at least 1")
    tell: Progress = progress or (lambda text, done, total: None)
    missing = missing_peers()
    result: dict[str, Any] = {
        "machine": machine(),
        "missing": missing,
        "rounds": rounds,
        "check": None,
        "sections": {},
    }
    with tempfile.TemporaryDirectory(prefix="pyscalp-bench-") as folder:
        days = _Days(Path(folder), seed, tell)
        plan = _Plan(days, missing, scaling, messages, instruments, file)
        market = plan.market(wanted)
        if market is not None and "itch-book" not in missing:
            tell("comparing the books", 0, 1)
            result["check"] = same_touches(market)
        for key in wanted:
            if key == "operations":
                tell("timing single operations", 0, 1)
                assert market is not None
                result["operations"] = _operations(market, every=64)
                continue
            for section in plan.sections(key, market):
                total = rounds * len(section.contenders)
                done = iter(range(total))

                def step(text: str, done: Any = done, total: int = total) -> None:
                    tell(text, next(done), total)

                result["sections"][section.key] = _measure(section, rounds, step)
    return result


@dataclass
class _Plan:
    """Which sections there are, on which files."""

    days: _Days
    missing: Sequence[str]
    scaling: Sequence[int]
    messages: int
    instruments: int
    file: Path | None

    def market(self, wanted: Sequence[str]) -> Day | None:
        """The whole market's day, if a section wants it."""
        if not {"decode", "book", "operations", "table"} & set(wanted):
            return None
        if self.file is not None:
            return given_day(self.file)
        return self.days.made(self.messages, self.instruments)

    def sections(self, key: str, market: Day | None) -> list[Section]:
        """The comparisons of a key; none where a file or every contender is missing."""
        if key == "one":
            one = self.days.made(max(self.messages // 3, 10_000), 1)
            return self._section(key, "one busy instrument", one)
        if key == "real":
            day = real_day(self.days.folder)
            title = "AMZN and AAPL, 2012-06-21"
            return [] if day is None else self._section(key, title, day)
        if key == "scaling":
            found = []
            for messages in self.scaling:
                live = min(_SCALING_LIVE, messages // 4)
                length = messages + live + 4 * self.instruments
                day = self.days.made(length, self.instruments, live)
                title = f"{messages:,} messages at {live:,} orders alive"
                for section in self._section(f"scaling-{messages}", title, day, key):
                    found.append(replace(section, after_opening=True))
            return found
        assert market is not None
        titles = {
            "decode": "decoding",
            "book": "books of the whole market",
            "table": "best prices of the whole file to Parquet",
        }
        return self._section(key, titles[key], market)

    def _section(self, key: str, title: str, day: Day, kind: str = "") -> list[Section]:
        contenders = tuple(c for c in _CONTENDERS[kind or key] if c.peer not in self.missing)
        if not contenders:
            return []
        repeats = max(1, 2_000_000 // day.messages)
        return [Section(key, title, day, contenders, repeats)]
