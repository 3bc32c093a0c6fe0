"""One measurement in a process of its own: ``python -m pyscalp.bench_worker JOB``.

A job names a piece of work and a file. The file is read into memory first, the work is
timed over it as often as the job says, and one JSON object comes out: the shortest time,
the memory the work grew by, and what it found. Whatever is measured gets the same bytes
in the same memory.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PIECE = 8 << 20


@dataclass(frozen=True)
class Job:
    """What a worker is to do.

    Attributes
    ----------
    work : str
        A key of `WORKS`.
    file : str
        ITCH 5.0 BinaryFILE, not compressed.
    core : int or None
        The only core to run on; None leaves the choice to the kernel.
    repeats : int
        How often, each time from nothing; the shortest time counts.
    limit_bytes : int
        Read no more of the file than this; 0 reads it whole.
    untimed_bytes : int
        Of the file's beginning, booked before the clock starts.
    options : dict
        What the work takes besides.
    """

    work: str
    file: str
    core: int | None = None
    repeats: int = 1
    limit_bytes: int = 0
    untimed_bytes: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """As the worker reads it from its command line."""
        return json.dumps(asdict(self))


Data = NDArray[np.uint8]
Found = dict[str, Any]


@dataclass
class Taken:
    """Time that a block took: by the wall's clock, and of all its threads."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0


Measured = tuple[Taken, Found]


@contextlib.contextmanager
def _clock() -> Iterator[Taken]:
    taken = Taken()
    began, cpu_began = time.perf_counter(), time.process_time()
    yield taken
    taken.seconds = time.perf_counter() - began
    taken.cpu_seconds = time.process_time() - cpu_began


def _walk(job: Job, data: Data) -> Measured:
    from pyscalp import _core

    with _clock() as taken:
        messages, total = _core.walk_frames(data.data)
    return taken, {"messages": messages, "sum": total}


def _decode(job: Job, data: Data) -> Measured:
    from pyscalp import _core

    with _clock() as taken:
        messages, total = _core.decode_fields(data.data)
    return taken, {"messages": messages, "sum": total}


def _decode_itchcpp(job: Job, data: Data) -> Measured:
    from itchcpp.parser import MessageParser

    whole = data.tobytes()
    messages = 0
    with _clock() as taken:
        for _ in MessageParser().parse_stream(whole):
            messages += 1
    return taken, {"messages": messages}


def _book(job: Job, data: Data) -> Measured:
    from pyscalp import _core

    run = _core.BookRun(**job.options)
    run.feed(data[: job.untimed_bytes].data)
    before = run.counters()["messages"]
    with _clock() as taken:
        run.feed(data[job.untimed_bytes :].data)
    counters = run.counters()
    return taken, {
        "messages": counters["messages"] - before,
        "live_orders": counters["live_orders"],
        "crossed_books": counters["crossed_books"],
        "refused": sum(n for status, n in counters["statuses"].items() if status != "ok"),
    }


def _book_itch_book(job: Job, data: Data) -> Measured:
    from itch_book._core import Session

    session = Session([], 0, [])
    session.feed(data[: job.untimed_bytes])
    before = session.stats()["messages"]
    with _clock() as taken:
        session.feed(data[job.untimed_bytes :])
    stats = session.stats()
    return taken, {
        "messages": stats["messages"] - before,
        "live_orders": stats["live_orders"],
        "crossed_books": stats["crossed_books"],
        "refused": stats["missing_ref"] + stats["dup_ref"] + stats["rejected"] + stats["clamped"],
    }


def _batches_itch_book(job: Job, data: Data) -> Measured:
    """What its users call, with no table wanted; reads the file itself."""
    import datetime

    import itch_book

    with _clock() as taken, itch_book.open(job.file, date=datetime.date(2019, 12, 30)) as feed:
        for _ in feed.batches(tables=()):
            pass
    stats: dict[str, Any] = feed.stats
    return taken, {"messages": stats["messages"], "live_orders": stats["live_orders"]}


def _book_itchcpp(job: Job, data: Data) -> Measured:
    from itchcpp.book import BookManager

    whole = data.tobytes()
    manager = BookManager()
    with _clock() as taken:
        manager.process_stream(whole)
    return taken, {"books": manager.book_count()}


def _operations(job: Job, data: Data) -> Measured:
    from pyscalp import _core

    with _clock() as taken:
        times = _core.operation_times(data.data, **job.options)
    return taken, {"times_ns": times}


def _touches(job: Job, data: Data) -> Measured:
    """The best bid and ask of every instrument at the end, as rows of seven numbers."""
    from pyscalp import _core

    run = _core.BookRun(**job.options)
    with _clock() as taken:
        run.feed(data.data)
    return taken, {"touches": run.levels(1).tolist()}


def _touches_itch_book(job: Job, data: Data) -> Measured:
    """The same, as the last row of each instrument in the table of best prices."""
    from itch_book._core import Session

    session = Session(["bbo"], 0, [])
    columns = ("bid_px", "bid_sz", "bid_ct", "ask_px", "ask_sz", "ask_ct")
    last = np.zeros((1 << 16, len(columns)), dtype=np.int64)
    with _clock() as taken:
        for at in range(0, len(data), _PIECE):
            session.feed(data[at : at + _PIECE])
            rows = session.take_bbo()
            # Where an instrument comes twice, the later row is the one that stays.
            last[rows["locate"]] = np.stack([rows[c].astype(np.int64) for c in columns], 1)
    there = np.flatnonzero(last.any(axis=1))
    return taken, {"touches": np.column_stack((there, last[there])).tolist()}


def _rows(file: Path) -> Found:
    import pyarrow.parquet

    return {"rows": pyarrow.parquet.read_metadata(file).num_rows, "bytes": file.stat().st_size}


def _parquet(job: Job, data: Data) -> Measured:
    """The command ``pyscalp book FILE --out bbo.parquet``."""
    from pyscalp.cli_book import book

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bbo.parquet"
        with _clock() as taken, contextlib.redirect_stdout(io.StringIO()):
            book(Path(job.file), out=out, table="top", day="2019-12-30", as_json=True)
        return taken, _rows(out)


def _parquet_itch_book(job: Job, data: Data) -> Measured:
    """Its own command, asked for the table of best prices alone and for no checksum."""
    from itch_book import cli

    with tempfile.TemporaryDirectory() as folder:
        arguments = ["convert", job.file, folder, "--tables", "bbo", "--date", "2019-12-30"]
        quiet = contextlib.redirect_stderr(io.StringIO())
        with _clock() as taken, quiet, contextlib.redirect_stdout(io.StringIO()):
            cli.main([*arguments, "--price-type", "fixed", "--no-md5"])
        return taken, _rows(Path(folder) / "bbo.parquet")


WORKS: dict[str, Callable[[Job, Data], Measured]] = {
    "walk": _walk,
    "decode": _decode,
    "decode-itchcpp": _decode_itchcpp,
    "book": _book,
    "book-itch-book": _book_itch_book,
    "batches-itch-book": _batches_itch_book,
    "book-itchcpp": _book_itchcpp,
    "operations": _operations,
    "touches": _touches,
    "touches-itch-book": _touches_itch_book,
    "parquet": _parquet,
    "parquet-itch-book": _parquet_itch_book,
}
"""Every piece of work that a job can name."""

_READS_ITSELF = {"batches-itch-book", "parquet", "parquet-itch-book"}


def _status_kib(key: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


def measure(job: Job) -> Found:
    """Do a job; its shortest times, the growth of memory in bytes, and what it found."""
    if job.core is not None:
        os.sched_setaffinity(0, {job.core})
    reads_itself = job.work in _READS_ITSELF
    count = 0 if reads_itself else job.limit_bytes or -1
    data = np.fromfile(job.file, dtype=np.uint8, count=count)
    resident_kib = _status_kib("VmRSS")
    runs = [WORKS[job.work](job, data) for _ in range(job.repeats)]
    grown_kib = _status_kib("VmHWM") - resident_kib
    return {
        "seconds": min(taken.seconds for taken, _ in runs),
        "cpu_seconds": min(taken.cpu_seconds for taken, _ in runs),
        "grown_bytes": grown_kib * 1024,
        **runs[-1][1],
    }


if __name__ == "__main__":
    print(json.dumps(measure(Job(**json.loads(sys.argv[1])))))
