"""pyscalp.read keeps its memory however large the file is."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recorded import BINANCE, LOBSTER, framed, hftbacktest_rows, itch_day

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

LARGE = 200 << 20
ALLOWED = 100 << 20

READ = """
import sys
import pyscalp
def peak():  # of this program alone; ru_maxrss keeps that of its parent
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
small, large = sys.argv[1:]
for events in pyscalp.read(small):
    pass
before = peak()
count = 0
for events in pyscalp.read(large):
    count += len(events)
print(count, peak() - before)
"""


def repeated(path: Path, block: bytes, size: int = LARGE, head: bytes = b"") -> int:
    times = size // len(block)
    many = block * max(1, (1 << 20) // len(block))
    with open(path, "wb") as file:
        file.write(head)
        for _ in range(times * len(block) // len(many)):
            file.write(many)
    return (path.stat().st_size - len(head)) // len(block)


def grown(small: Path, large: Path) -> tuple[int, int]:
    """How many events a large file has, and what reading it took beyond a small one."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, str(small), str(large)],
        capture_output=True, text=True, check=True, timeout=250,
    )  # fmt: skip
    count, growth = map(int, result.stdout.split())
    return count, growth


@pytest.mark.slow
@pytest.mark.parametrize("name", ["itch", "gzip", "lobster", "binance", "hftbacktest"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    day = itch_day(500)
    if name == "itch":
        times, each = repeated(large, day), 1002
        small.write_bytes(day)
    elif name == "gzip":
        # Members that each unpack to a thousand times their size: 200 MB in all.
        block = framed(*[b"S\0\0\0\0" + bytes(6) + b"O"] * 75_000)
        times, each = 200, 75_000
        large.write_bytes(gzip.compress(block) * times)
        small.write_bytes(gzip.compress(day))
        assert large.stat().st_size < 5 << 20
    elif name == "lobster":
        times, each = repeated(large, LOBSTER), 2
        small.write_bytes(LOBSTER)
    elif name == "binance":
        times, each = repeated(large, BINANCE), 1
        small.write_bytes(BINANCE)
    else:
        np.save(tmp_path / "small.npy", hftbacktest_rows(10))
        rows, times, each = 3_200_000, 3_200_000, 1
        small = tmp_path / "small.npy"
        large = tmp_path / "large.npy"
        np.save(large, hftbacktest_rows(rows))
    count, growth = grown(small, large)
    assert count == times * each
    assert growth < ALLOWED
