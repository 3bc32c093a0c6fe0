"""Recorded days: every packing, and every way in which a file can be none."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pyscalp.day_file import MESSAGE_LENGTHS, check_day, day_symbols, read_day
from pyscalp.errors import DayFileError


def message(kind: str, body: bytes = b"") -> bytes:
    length = MESSAGE_LENGTHS[kind]
    return struct.pack(">H", length) + kind.encode() + body.ljust(length - 1, b"\x00")


def directory(symbol: str) -> bytes:
    return message("R", bytes(10) + symbol.ljust(8).encode())


DAY = message("S") + directory("AMZN") + directory("AAPL") + message("A") * 3 + message("D")


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress, zstd])
def test_every_packing_is_told_by_its_first_bytes(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "day"
    path.write_bytes(pack(DAY))
    assert read_day(path) == DAY


def test_variables_in_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "day").write_bytes(DAY)
    monkeypatch.setenv("SOME_FOLDER", str(tmp_path))
    assert read_day("$SOME_FOLDER/day") == DAY
    monkeypatch.delenv("SOME_FOLDER")
    with pytest.raises(DayFileError, match="variable in this path is not set"):
        read_day("$SOME_FOLDER/day")


def test_symbols_of_the_directory() -> None:
    assert day_symbols(DAY) == ["AMZN", "AAPL"]
    assert day_symbols(message("A") + directory("LATE")) == []
    assert day_symbols(b"") == []


def test_count_and_session_end_mark() -> None:
    assert check_day(DAY, "x") == 7
    assert check_day(DAY + b"\x00\x00", "x") == 7
    assert check_day(DAY + b"\x00\x00" + b"whatever follows", "x") == 7


@pytest.mark.parametrize("cut", range(1, len(DAY)))
def test_a_cut_anywhere_is_found_and_placed(cut: int) -> None:
    day = DAY[:cut]
    ends, at = [0], 0
    while at < len(DAY):
        at += 2 + struct.unpack_from(">H", DAY, at)[0]
        ends.append(at)
    if cut in ends:
        assert check_day(day, "x") == ends.index(cut)
        return
    whole = max(end for end in ends if end < cut)
    with pytest.raises(DayFileError, match=f"cut inside a message at byte {whole}"):
        check_day(day, "x")


def test_the_remedy_of_a_cut_file_works(tmp_path: Path) -> None:
    path = tmp_path / "day.xz"
    path.write_bytes(lzma.compress(DAY[:-5]))
    with pytest.raises(DayFileError) as caught:
        read_day(path)
    remedy = re.search(r"whole messages before it: (.*)", str(caught.value))
    assert remedy is not None
    subprocess.run(remedy[1], shell=True, check=True, cwd=tmp_path)
    assert read_day(tmp_path / "whole.itch50") == DAY[: -2 - MESSAGE_LENGTHS["D"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "unpacks to nothing"),
        (lzma.compress(DAY)[:-20], "cut: its compressed data ends early"),
        (gzip.compress(DAY, mtime=0)[:-12], "cut: its compressed data ends early"),
        (lzma.compress(DAY)[:40] + b"garbage" * 9, "is damaged"),
        (gzip.compress(DAY, mtime=0)[:-8] + b"checksum", "is damaged"),
        (b"# A text\nof two lines\n", "not a recorded ITCH 5.0 day"),
        (b"\x00\x0cS", "cut inside a message at byte 0"),
        (b"\x00", "cut inside a message at byte 0"),
        (b"\x00\x00", "holds no message"),
        (b"\x00\x0dS" + bytes(12), "not a recorded ITCH 5.0 day"),
        (DAY + b"\x00\x10A" + bytes(15), "has 16 bytes, ITCH 5.0 says 36"),
        (b"\xd4\xc3\xb2\xa1" + bytes(40), "is a packet capture"),
        (gzip.compress(b"\x0a\x0d\x0d\x0a" + bytes(40), mtime=0), "is a packet capture"),
    ],
)
def test_what_is_no_day(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "day"
    path.write_bytes(content)
    with pytest.raises(DayFileError, match=re.escape(said)):
        read_day(path)


def test_no_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(DayFileError, match="No such file"):
        read_day(tmp_path / "none")
    with pytest.raises(DayFileError, match="directory"):
        read_day(tmp_path)


def test_unknown_types_are_passed_over() -> None:
    assert check_day(DAY + b"\x00\x05z1234", "x") == 8


def test_recorded_days(market_data: Path) -> None:
    day = read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")
    assert check_day(day, "day") == 381_980
    assert day_symbols(day) == ["AMZN", "AAPL"]
    snippet = read_day(market_data / "itch" / "12302019_SNIPPET.NASDAQ_ITCH50")
    assert check_day(snippet, "snippet") == 1_000
