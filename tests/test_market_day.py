"""The made-up market day through Python, and its books beside itch-book's."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

_core = pytest.importorskip(
    "pyscalp._core", reason="pyscalp is not installed with its compiled module"
)

from pyscalp.bench_day import given_day, write_day  # noqa: E402
from pyscalp.errors import PyscalpError  # noqa: E402

PIECE = 1 << 20


def pieces(file: Path) -> list[np.ndarray]:
    data = np.fromfile(file, dtype=np.uint8)
    return [data[at : at + PIECE] for at in range(0, len(data), PIECE)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of 200,000 messages of 500 instruments."""
    path = tmp_path_factory.mktemp("market") / "day.itch"
    write_day(path, 200_000, 500)
    return path


def test_a_seed_is_a_day(file: Path, tmp_path: Path) -> None:
    write_day(tmp_path / "again.itch", 200_000, 500)
    write_day(tmp_path / "other.itch", 200_000, 500, seed=2)
    first, again, other = (
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (file, tmp_path / "again.itch", tmp_path / "other.itch")
    )
    assert first == again != other
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.itch", "other.itch"]


def test_the_day_is_what_was_asked_for(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    day = write_day(
        tmp_path / "day.itch",
        200_000,
        50,
        live_orders=10_000,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert day.messages == 200_000
    assert seen
    assert all(total == 200_000 for _, total in seen)
    counted = given_day(day.file)
    assert (counted.messages, counted.size) == (day.messages, day.size)
    data = np.fromfile(day.file, dtype=np.uint8)
    run = _core.BookRun()
    run.feed(data[: day.opening_bytes])
    assert run.counters()["messages"] == day.opening_messages
    assert run.counters()["live_orders"] == pytest.approx(10_000, abs=100)
    run.feed(data[day.opening_bytes :])
    assert run.counters()["live_orders"] == pytest.approx(10_000, rel=0.05)


def test_every_message_is_taken_however_the_file_is_cut(file: Path) -> None:
    data = np.fromfile(file, dtype=np.uint8)
    whole = _core.BookRun()
    whole.feed(data)
    counters = whole.counters()
    assert counters["messages"] == 200_000
    assert {status for status, n in counters["statuses"].items() if n} == {"ok"}
    assert not any(
        counters[key]
        for key in (
            "unknown_types",
            "undecodable",
            "wrong_locate",
            "crossed_books",
            "flagged_books",
            "pending_bytes",
        )
    )
    cut, random = _core.BookRun(), np.random.default_rng(1)
    at = 0
    while at < len(data):
        size = int(random.choice([1, 2, 3, 17, 4_001, 90_001]))
        cut.feed(data[at : at + size])
        at += size
    assert cut.counters() == counters
    assert np.array_equal(cut.levels(20), whole.levels(20))
    cut.feed(b"\x00")
    assert cut.counters()["pending_bytes"] == 1
    for _ in range(2):  # a block of length 0 ends the stream, whatever comes after it
        cut.feed(b"\x00" + data.tobytes())
        assert cut.counters() == counters | {"pending_bytes": 2}


def test_touches_tell_each_change_once(file: Path) -> None:
    run = _core.BookRun()
    rows = np.concatenate([run.feed_touches(piece) for piece in pieces(file)])
    assert rows.shape[1] == 8
    assert (np.diff(rows[:, 0]) > 0).all()
    last = {int(row[1]): row[2:].tolist() for row in rows}
    final = {int(row[0]): row[1:].tolist() for row in run.levels(1)}
    # Numbers of orders may change while price and quantity stay.
    without = {locate: [v for i, v in enumerate(row) if i % 3 != 2] for locate, row in last.items()}
    for locate, row in final.items():
        assert without[locate] == [v for i, v in enumerate(row) if i % 3 != 2]


def test_decoding_reads_every_field(file: Path) -> None:
    data = np.fromfile(file, dtype=np.uint8)
    messages, total = _core.decode_fields(data)
    assert messages == 200_000 == _core.walk_frames(data)[0]
    at = 2 + int.from_bytes(data[:2].tobytes(), "big")  # the first instrument's listing
    for offset, weight in ((2 + 11, 1), (2 + 21, 1 << 24), (2 + 38, 1)):
        changed = data.copy()
        changed[at + offset] += 1
        difference = (_core.decode_fields(changed)[1] - total) % 2**64
        assert difference == weight


def test_operation_times_count_what_they_time(file: Path) -> None:
    data = np.fromfile(file, dtype=np.uint8)
    for look_ahead in (True, False):
        times = _core.operation_times(data, every=10, untimed=100_000, look_ahead=look_ahead)
        kinds = ("add", "delete", "replace", "execute", "cancel")
        assert 9_500 < sum(times[kind]["count"] for kind in kinds) <= 10_000
        assert all(times[kind]["p50"] <= times[kind]["p999"] for kind in kinds)
        assert times["clock"]["count"] == 100_000


@pytest.mark.parametrize(
    ("messages", "instruments", "live", "said"),
    [
        (1_000, 500, 0, "messages must be at least 3000 for 500 instruments"),
        (10_000, 0, 0, "instruments must be 1 to 65534"),
        (10_000, 10, 9_000, "live_orders must be at most half of the messages"),
    ],
)
def test_days_that_cannot_be(
    tmp_path: Path, messages: int, instruments: int, live: int, said: str
) -> None:
    with pytest.raises(PyscalpError, match=said):
        write_day(tmp_path / "day.itch", messages, instruments, live_orders=live)
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match=r"cannot write .*No such file"):
        write_day(tmp_path / "no" / "day.itch", 10_000, 10)
    with pytest.raises(PyscalpError, match=r"cannot read .*No such file"):
        given_day(tmp_path / "nothing.itch")
    (tmp_path / "empty.itch").touch()
    with pytest.raises(PyscalpError, match="it is empty"):
        given_day(tmp_path / "empty.itch")
    (tmp_path / "packed.itch").write_bytes(b"\x1f\x8b" + bytes(100))
    with pytest.raises(PyscalpError, match="has to be unpacked first"):
        given_day(tmp_path / "packed.itch")


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_day(tmp_path / "day.itch", 200_000, 10, progress=interrupted)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_books_equal_those_of_itch_book(tmp_path: Path) -> None:
    """The touch after every message; levels, ten deep, after every piece of the file.

    A million messages, ten million with PYSCALP_LONG=1. itch-book tells no queues; those
    are compared with the naive book in tests/cpp/book/book_equality_test.cpp.
    """
    core = pytest.importorskip("itch_book._core", reason="itch-book is not installed")
    messages = 10_000_000 if os.environ.get("PYSCALP_LONG") else 1_000_000
    path = tmp_path / "day.itch"
    write_day(path, messages, 8_906, seed=5)
    ours, theirs = _core.BookRun(), core.Session(["bbo"], 10, [])
    columns = [
        f"{side}_{what}_{rank:02}"
        for rank in range(10)
        for side in ("bid", "ask")
        for what in ("px", "sz", "ct")
    ]
    latest = np.zeros((1 << 16, len(columns)), dtype=np.int64)
    changes = 0
    for number, piece in enumerate(pieces(path)):
        rows = ours.feed_touches(piece)
        theirs.feed(piece)
        bbo = theirs.take_bbo()
        touches = ["seq", "locate", *(name[:-3] for name in columns[:6])]
        expected = np.stack([bbo[name].astype(np.int64) for name in touches], axis=1)
        expected[:, 0] -= 1  # it counts from 1
        assert np.array_equal(rows, expected), f"a touch in piece {number}"
        changes += len(rows)
        depth = theirs.take_depth()
        latest[depth["locate"]] = np.stack([depth[c].astype(np.int64) for c in columns], axis=1)
        levels = ours.levels(10)
        there = np.flatnonzero(latest.any(axis=1))
        assert np.array_equal(levels[:, 0], there), f"the instruments of piece {number}"
        assert np.array_equal(levels[:, 1:], latest[there]), f"a level in piece {number}"
    stats, counters = theirs.stats(), ours.counters()
    assert counters["messages"] == stats["messages"] == messages
    assert counters["live_orders"] == stats["live_orders"]
    assert changes > messages // 4
