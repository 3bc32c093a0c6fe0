"""pyscalp.read: opening, unpacking, arrays, cut and damaged files, wrong requests."""

from __future__ import annotations

import gc
import gzip
import itertools
import lzma
import os
import random
import tracemalloc
import warnings
import zlib
from datetime import date
from pathlib import Path

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import (
    BINANCE,
    LOBSTER,
    PACKINGS,
    hftbacktest_rows,
    itch_day,
    npz,
    zipped,
)

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

import pyscalp
from pyscalp import EVENT_DTYPE, NO_PRICE, CutFileError, EventFlag, EventKind, EventSide, ReadError
from pyscalp._core import EventDecoder, event_values

DAY = itch_day()
EVENTS = 1002


def written(folder: Path, data: bytes, name: str = "recorded") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def warned_of_cut(path: Path) -> np.ndarray:
    with pytest.warns(pyscalp.CutFileWarning):
        return pyscalp.read(path, allow_cut=True).read_all()


# -- what an event is -----------------------------------------------------------------


def test_dtype_and_names_are_those_of_the_compiled_module() -> None:
    values = event_values()
    assert values["dtype"] == EVENT_DTYPE
    assert EVENT_DTYPE.itemsize == 64
    assert values["kinds"] == {kind.name: kind.value for kind in EventKind}
    assert values["sides"] == {side.name: side.value for side in EventSide}
    assert values["flags"] == {flag.name: flag.value for flag in EventFlag}
    assert values["no_price"] == NO_PRICE


def test_events_of_a_day(tmp_path: Path) -> None:
    reader = pyscalp.read(written(tmp_path, DAY))
    assert reader.format == "itch"
    events = reader.read_all()
    assert len(events) == EVENTS
    assert events.dtype == EVENT_DTYPE
    assert events["sequence"].tolist() == list(range(1, EVENTS + 1))
    assert events[2].tolist() == (
        34_200_000_000_001, 0, 3, 1, 0, 1_000_000_000, 100, 2, EventKind.ADD, EventSide.BUY,
        EventFlag.LAST, b"A",
    )  # fmt: skip
    assert events["price"][3] == NO_PRICE
    assert reader.instruments == {1: "AAA", 2: "BBB"}
    assert reader.counters["messages"] == EVENTS
    assert reader.qty_scale == 1
    assert reader.progress == 1.0
    assert reader.summary == "ITCH 5.0 (BinaryFILE): 1,002 messages, 1,002 events"
    assert list(reader) == []


# -- arrays ---------------------------------------------------------------------------


def test_arrays_own_their_memory_and_outlive_the_reader(tmp_path: Path) -> None:
    path = written(tmp_path, DAY)
    reader = pyscalp.read(path, chunk=100)
    arrays = list(reader)
    copies = [array.copy() for array in arrays]
    del reader
    gc.collect()
    for _ in range(3):
        pyscalp.read(path, chunk=100).read_all()
    for array, copy in zip(arrays, copies, strict=True):
        assert np.array_equal(array, copy)
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert type(array.base).__name__ == "PyCapsule", "the array's memory is its capsule's"
    spans = sorted((array.ctypes.data, array.nbytes) for array in arrays)
    for (start, size), (after, _) in itertools.pairwise(spans):
        assert start + size <= after, "no two arrays share memory"


def test_the_decoder_gives_its_own_buffer_away_without_a_copy() -> None:
    decoder = EventDecoder("itch")
    decoder.feed(DAY)
    first = decoder.take(10**6)
    address = first.ctypes.data
    fields = first["price"]
    assert fields.base is first
    assert fields.ctypes.data == address + 40
    decoder.feed(DAY)
    second = decoder.take(10**6)
    assert second.ctypes.data != address
    del decoder
    gc.collect()
    first["qty"][:] = 7
    assert not (second["qty"] == 7).any()


@pytest.mark.parametrize("chunk", [1, 7, 1002, 10**9])
def test_arrays_hold_chunk_events_but_for_the_last(tmp_path: Path, chunk: int) -> None:
    path = written(tmp_path, DAY)
    sizes = [len(array) for array in pyscalp.read(path, chunk=chunk)]
    assert sum(sizes) == EVENTS
    assert all(size == chunk for size in sizes[:-1])
    assert 0 < sizes[-1] <= chunk


SMALL = {
    "itch": itch_day(20),
    "lobster": LOBSTER * 10,
    "binance": BINANCE * 10,
    "hftbacktest": hftbacktest_rows(20).tobytes(),
}


@pytest.mark.parametrize("format_name", SMALL)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_pieces_cut_anywhere_give_the_same_events(format_name: str, data: st.DataObject) -> None:
    file = SMALL[format_name]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(file)), max_size=30)))
    scale = 10**8
    whole = EventDecoder(format_name, qty_scale=scale)
    whole.feed(file)
    whole.finish()
    pieces = EventDecoder(format_name, qty_scale=scale)
    taken = []
    for start, stop in zip([0, *cuts], [*cuts, len(file)], strict=True):
        pieces.feed(file[start:stop])
        taken.append(pieces.take(3))
    pieces.finish()
    taken.append(pieces.take(10**6))
    assert np.array_equal(np.concatenate(taken), whole.take(10**6))
    assert pieces.counters == whole.counters


def test_feed_takes_any_bytes_and_nothing_else() -> None:
    decoder = EventDecoder("itch")
    assert decoder.feed(bytearray(DAY)) == EVENTS
    assert decoder.feed(memoryview(DAY)) == 2 * EVENTS
    assert decoder.feed(np.frombuffer(DAY, np.uint8)) == 3 * EVENTS
    assert decoder.feed(b"") == 3 * EVENTS
    with pytest.raises(ValueError, match="contiguous"):
        decoder.feed(memoryview(DAY)[::2])
    with pytest.raises(TypeError):
        decoder.feed("text")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no format"):
        EventDecoder("tea leaves")


def test_a_reader_that_is_dropped_leaves_nothing_open(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(DAY))
    archive = written(tmp_path, npz(hftbacktest_rows(10_000)), "a.npz")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        for file in (path, archive):
            next(pyscalp.read(file, chunk=10))
            with pyscalp.read(file, chunk=10) as reader:
                next(reader)
            pyscalp.read(file).read_all()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "recorded"], "no temporary files"


def test_table(tmp_path: Path) -> None:
    table = pyscalp.read(written(tmp_path, DAY)).to_table()
    frame = polars.from_arrow(table)
    assert isinstance(frame, polars.DataFrame)
    assert frame.height == EVENTS
    assert frame["kind"].to_list()[:4] == ["instrument", "instrument", "add", "delete"]
    assert frame["symbol"].to_list()[:3] == ["AAA", "BBB", "BBB"]
    assert frame["side"].to_list()[2] == "buy"
    assert frame["code"].to_list()[2] == "A"
    assert table.to_pandas()["sequence"].tolist() == list(range(1, EVENTS + 1))
    empty = pyscalp.read(written(tmp_path, LOBSTER), instruments=2).to_table()
    assert empty.num_rows == 0


# -- packings -------------------------------------------------------------------------


@pytest.mark.parametrize("packing", PACKINGS)
def test_packed(tmp_path: Path, packing: str) -> None:
    pack = PACKINGS[packing]
    plain = pyscalp.read(written(tmp_path, DAY)).read_all()
    reader = pyscalp.read(written(tmp_path, pack(DAY), "misnamed.csv"))
    assert reader.packings == (packing,)
    assert np.array_equal(reader.read_all(), plain)
    several = pack(DAY[:5000]) + pack(b"") + pack(DAY[5000:])
    assert np.array_equal(pyscalp.read(written(tmp_path, several)).read_all(), plain)
    twice = pyscalp.read(written(tmp_path, gzip.compress(pack(DAY))))
    assert twice.packings == ("gzip", packing)
    assert np.array_equal(twice.read_all(), plain)


def test_zip_and_padding(tmp_path: Path) -> None:
    plain = pyscalp.read(written(tmp_path, DAY)).read_all()
    reader = pyscalp.read(written(tmp_path, zipped(day=gzip.compress(DAY))))
    assert reader.packings == ("zip", "gzip")
    assert np.array_equal(reader.read_all(), plain)
    padded = gzip.compress(DAY) + bytes(512)
    assert np.array_equal(pyscalp.read(written(tmp_path, padded)).read_all(), plain)


def test_packed_too_often(tmp_path: Path) -> None:
    data = DAY
    for _ in range(5):
        data = gzip.compress(data)
    with pytest.raises(ReadError, match="packed more than 4 times over"):
        pyscalp.read(written(tmp_path, data))


@pytest.mark.parametrize("packing", [*PACKINGS, "plain"])
def test_a_cut_file_gives_its_whole_events_and_then_says_where(
    tmp_path: Path, packing: str
) -> None:
    # Random order numbers, so that the packed bytes grow with the events.
    whole = pyscalp.read(written(tmp_path, DAY)).read_all()
    packed = PACKINGS.get(packing, lambda data: data)(DAY)
    given_so_far = -1
    for size in range(len(packed) - 1, len(packed) * 9 // 10, -max(1, len(packed) // 50)):
        path = written(tmp_path, packed[:size])
        arrays = []
        problem = None
        try:
            reader = pyscalp.read(path, chunk=64)
            for array in reader:
                arrays.append(array)
        except ReadError as error:
            problem = error
        events = np.concatenate(arrays) if arrays else whole[:0]
        assert np.array_equal(events, whole[: len(events)])
        if problem is None:
            assert packing == "plain", "a cut between messages cannot be seen"
            continue
        assert "cut" in str(problem), problem
        assert str(path) in str(problem)
        given_so_far = max(given_so_far, len(events))
        if isinstance(problem, CutFileError):
            assert f"the {len(events):,} messages before that" in str(problem)
            assert np.array_equal(warned_of_cut(path), events)
    assert given_so_far >= 0


def test_a_cut_file_gives_every_message_that_can_be_unpacked(tmp_path: Path) -> None:
    noise = random.Random(3)
    head = itch_day(2)
    day = head + b"".join(b"\x00\x13" + b"D\0\x01\0\0" + noise.randbytes(14) for _ in range(20_000))
    packed = gzip.compress(day)[:150_000]
    unpacked = zlib.decompressobj(wbits=31).decompress(packed)
    assert len(warned_of_cut(written(tmp_path, packed))) == 6 + (len(unpacked) - len(head)) // 21
    zstd = PACKINGS["zstd"](day)[:200_000]
    events = warned_of_cut(written(tmp_path, zstd))
    assert 6 + 128_000 // 21 < len(events) < 20_006


def test_damaged_packing(tmp_path: Path) -> None:
    for packing in ("gzip", "xz", "bzip2"):  # pyarrow's zstd has no checksum
        packed = bytearray(PACKINGS[packing](itch_day(5000)))
        middle = len(packed) // 2
        packed[middle : middle + 40] = bytes(40)
        path = written(tmp_path, bytes(packed))
        with pytest.raises(ReadError, match=r"damaged|cut|none of the formats") as caught:
            pyscalp.read(path).read_all()
        assert "\n" not in str(caught.value)


def test_a_bomb_stays_small(tmp_path: Path) -> None:
    # Zero bytes, 60 MiB of them: length 0 ends the session at once.
    compressor = lzma.LZMACompressor()
    zeros = bytes(1 << 20)
    data = compressor.compress(itch_day(3)) + b"".join(
        compressor.compress(zeros) for _ in range(60)
    )
    path = written(tmp_path, data + compressor.flush())
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    reader = pyscalp.read(path)
    assert len(reader.read_all()) == 8
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reader.counters["after_end"] == 60 * len(zeros) - 2
    assert peak < 20 << 20


# -- formats --------------------------------------------------------------------------


def test_formats_are_told_by_content(tmp_path: Path) -> None:
    files = {
        "itch": DAY,
        "lobster": LOBSTER,
        "binance": BINANCE,
        "hftbacktest": npz(hftbacktest_rows(3)),
    }
    for name, data in files.items():
        for file_name in ("x", "x.pcap", "x.dbn.zst"):
            reader = pyscalp.read(written(tmp_path, data, file_name))
            assert reader.format == name
            assert len(reader.read_all()) == reader.counters["events"] > 0


def test_lobster_pairs(tmp_path: Path) -> None:
    name = "AMZN_2012-06-21_34200000_57600000_{}_2.csv"
    book = b"2239500,100,2231800,100,9999999999,0,-9999999999,0\n" * 2
    written(tmp_path, LOBSTER, name.format("message"))
    written(tmp_path, book, name.format("orderbook"))
    archive = {name.format("message"): LOBSTER, name.format("orderbook"): book, "ReadMe.txt": b"x"}
    for path in (
        tmp_path,
        tmp_path / name.format("message"),
        written(tmp_path, zipped(**archive), "a.zip"),
    ):
        reader = pyscalp.read(path)
        events = reader.read_all()
        assert events["price"].tolist() == [223_820_000_000, 223_810_000_000]
        assert events["venue_time"].tolist() == [34_200_017_459_617, 34_200_189_607_670]
        assert reader.instruments == {1: "AMZN"}
        rows = np.concatenate(list(reader.book_rows()))
        assert rows.tolist() == [
            [223_950_000_000, 100, 223_180_000_000, 100, NO_PRICE, 0, NO_PRICE, 0]
        ] * 2  # fmt: skip
    with pytest.raises(ReadError, match="give the message file"):
        pyscalp.read(tmp_path / name.format("orderbook"))
    (tmp_path / name.format("orderbook")).unlink()
    with pytest.raises(ReadError, match="no LOBSTER orderbook file"):
        next(pyscalp.read(tmp_path / name.format("message")).book_rows())


def test_hftbacktest_files(tmp_path: Path) -> None:
    rows = hftbacktest_rows(1000)
    plain = tmp_path / "rows.npy"
    np.save(plain, rows)
    for path in (
        plain,
        written(tmp_path, npz(rows), "c.npz"),
        written(tmp_path, npz(rows, compressed=False), "s.npz"),
        written(tmp_path, gzip.compress(plain.read_bytes()), "g"),
    ):
        reader = pyscalp.read(path)
        events = reader.read_all()
        assert np.array_equal(events["price"] / 1e9, rows["px"])
        assert (events["qty"] == 100_000).all()
        assert np.array_equal(events["receipt_time"], rows["local_ts"])
        assert reader.qty_scale == 10**8
    rows["qty"][7] = 0.3e-8
    with pytest.raises(ReadError, match=r"row 8 has a quantity .* choose another qty_scale"):
        pyscalp.read(written(tmp_path, npz(rows))).read_all()
    np.save(plain, np.zeros(5, np.float64))
    with pytest.raises(ReadError, match="no hftbacktest data"):
        pyscalp.read(plain)
    cut = npz(hftbacktest_rows(1000), compressed=False)
    with pytest.raises(ReadError, match="damaged or cut zip archive"):
        pyscalp.read(written(tmp_path, cut[:5000]))
    np.save(plain, hftbacktest_rows(100))
    whole = plain.read_bytes()
    assert len(warned_of_cut(written(tmp_path, whole[:-64]))) == 99
    with pytest.raises(CutFileError, match="it states 100 rows"):
        pyscalp.read(written(tmp_path, whole[:-64])).read_all()


def test_binance_scale(tmp_path: Path) -> None:
    reader = pyscalp.read(written(tmp_path, BINANCE), qty_scale=1000)
    event = reader.read_all()[0]
    assert (event["qty"], event["price"]) == (6, 61_800_300_000_000)
    assert reader.qty_scale == 1000
    with pytest.raises(ReadError, match=r"0\.006, which is too fine for steps of 1e-2"):
        pyscalp.read(written(tmp_path, BINANCE), qty_scale=100).read_all()


# -- choices --------------------------------------------------------------------------


def test_instruments(tmp_path: Path) -> None:
    path = written(tmp_path, DAY)
    for choice in ("AAA", ["AAA"], 1, [1], np.int64(1), ("AAA", 1)):
        events = pyscalp.read(path, instruments=choice).read_all()  # type: ignore[arg-type]
        assert set(events["instrument"].tolist()) == {1}
        assert len(events) == 501
    with pytest.raises(ReadError, match="no instrument CCC; it has AAA, BBB"):
        pyscalp.read(path, instruments=["AAA", "CCC"]).read_all()
    for wrong in ([], [1.5], [True], [-1], [2**32]):
        with pytest.raises(ReadError, match="instrument"):
            pyscalp.read(path, instruments=wrong)  # type: ignore[arg-type]
    with pytest.raises(ReadError, match="does not say its symbol"):
        pyscalp.read(written(tmp_path, LOBSTER, "plain"), instruments="AMZN")


@pytest.mark.parametrize(
    ("day", "hour"), [(date(2019, 12, 30), 14.5), ("2020-07-01", 13.5), (date(2012, 6, 21), 13.5)]
)
def test_day_makes_eastern_times_utc(tmp_path: Path, day: date | str, hour: float) -> None:
    path = written(tmp_path, DAY)
    events = pyscalp.read(path, day=day).read_all()
    expected = np.datetime64(str(day), "ns").astype(np.int64) + int(hour * 3600) * 10**9 + 1
    assert events["venue_time"][2] == expected
    lobster = pyscalp.read(written(tmp_path, LOBSTER, "l"), day=day).read_all()
    assert lobster["venue_time"][0] == expected - 1 + 17_459_617


def test_wrong_options(tmp_path: Path) -> None:
    path = written(tmp_path, DAY)
    for options, text in (
        ({"chunk": 0}, "chunk"),
        ({"qty_scale": 3}, "qty_scale"),
        ({"qty_scale": 0}, "qty_scale"),
        ({"day": "yesterday"}, "day must be a date"),
        ({"day": 20191230}, "day must be a date"),
    ):
        with pytest.raises(ReadError, match=text):
            pyscalp.read(path, **options)  # type: ignore[arg-type]


# -- what cannot be read --------------------------------------------------------------


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = "No such file"
    secret = written(tmp_path, DAY, "secret")
    secret.chmod(0)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    cases = [
        (tmp_path / "absent", missing),
        (tmp_path / "folder", "is a directory; give a recorded file"),
        (tmp_path / "pipe", "is not a file"),
        ("$UNSET_NAME_HERE/x", "variable in this path is not set"),
        ("a\0b", "cannot read"),
        (written(tmp_path, b"", "empty"), "is empty"),
        (written(tmp_path, gzip.compress(b""), "empty.gz"), "unpacks to nothing"),
        (written(tmp_path, gzip.compress(DAY)[:12], "cut.gz"), "cut before anything"),
        (written(tmp_path, b"hello world\n", "text"), "text that begins with 'hello world'"),
        (written(tmp_path, b"PAR1" + bytes(50), "parquet"), "Parquet"),
        (written(tmp_path, zipped(a=DAY, b=DAY), "two.zip"), "holds 2 files (a, b)"),
        (written(tmp_path, zipped(), "none.zip"), "empty zip archive"),
        (written(tmp_path, gzip.compress(zipped(a=DAY)), "z.gz"), "zip archive inside gzip"),
        (written(tmp_path, b"PK\x03\x04" + bytes(60), "bad.zip"), "damaged or cut zip"),
        (written(tmp_path, b"\x93NUMPY\x01\x00\xff", "cut.npy"), "ends inside its .npy header"),
        (written(tmp_path, b"\x93NUMPY\x01\x00\x04\x00oops", "bad.npy"), "damaged .npy header"),
        (written(tmp_path, b"DBN\x09\x00\x00\x00\x00", "future.dbn"), "version 9"),
    ]
    if os.geteuid() != 0:
        cases.append((secret, "Permission denied"))
    for path, text in cases:
        with pytest.raises(ReadError) as caught:
            pyscalp.read(path).read_all()
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for name in ("LOB_2012-06-21_1_2_message_1.csv", "LOC_2012-06-21_1_2_message_1.csv"):
        written(tmp_path / "folder", LOBSTER, name)
    with pytest.raises(ReadError, match="holds 2 LOBSTER message files"):
        pyscalp.read(tmp_path / "folder")


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=3000), head=st.sampled_from(
    [b"", b"DBN\x03", b"\xd4\xc3\xb2\xa1\x02\0\x04\0", b"\x0a\x0d\x0d\x0a", b"\x93NUMPY\x01\x00",
     b"PK\x03\x04", b"\x1f\x8b\x08\0", b"\xfd7zXZ\x00", b"BZh9", b"\x28\xb5\x2f\xfd",
     b"\x00\x0cS", b"34200.1,1,", b'1723161255030314667 {"stream":']))  # fmt: skip
def test_random_bytes_end_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("random") / "x"
    path.write_bytes(head + data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pyscalp.CutFileWarning)
        problem = ""
        try:
            assert pyscalp.read(path).read_all().dtype == EVENT_DTYPE
        except ReadError as error:
            problem = str(error)
        assert not problem or str(path) in problem
        assert "\n" not in problem
