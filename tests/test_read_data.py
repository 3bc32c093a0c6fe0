"""pyscalp.read on recorded data of real markets, against counts made otherwise."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import lzma
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

import pyscalp
from pyscalp import NO_PRICE, EventFlag, EventKind, EventSide

AMZN_AAPL = "itch/AMZN_AAPL_2012-06-21.itch50.xz"
LOBSTER = {1: "AMZN_2012-06-21_5", 2: "AAPL_2012-06-21_1"}


def kinds(events: np.ndarray) -> dict[str, int]:
    counts = Counter(events["kind"].tolist())
    return {EventKind(kind).name: count for kind, count in counts.items()}


def lobster_events(market_data: Path, locate: int) -> tuple[np.ndarray, polars.DataFrame]:
    path = market_data / f"lobster/LOBSTER_SampleFile_{LOBSTER[locate]}.zip"
    events = pyscalp.read(path).read_all()
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if "_message_" in name)
        columns = ["time", "type", "order", "size", "price", "direction"]
        frame = polars.read_csv(
            archive.read(name), has_header=False, new_columns=columns,
            schema_overrides={"time": polars.String},
        )  # fmt: skip
    return events, frame


# -- ITCH -----------------------------------------------------------------------------

ITCH_KINDS = {
    "A": "ADD", "F": "ADD", "E": "EXECUTE", "C": "EXECUTE", "X": "REDUCE", "D": "DELETE",
    "U": "REPLACE", "P": "TRADE", "Q": "TRADE", "B": "BREAK", "S": "SYSTEM",
    "R": "INSTRUMENT", "H": "STATUS", "h": "STATUS",
}  # fmt: skip


def itch_messages(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


@pytest.mark.parametrize("name", ["itch/12302019_SNIPPET.NASDAQ_ITCH50", AMZN_AAPL])
def test_itch_against_a_walk_by_hand(market_data: Path, name: str) -> None:
    path = market_data / name
    data = path.read_bytes()
    messages = list(itch_messages(lzma.decompress(data) if name.endswith("xz") else data))
    reader = pyscalp.read(path)
    events = reader.read_all()
    counts = Counter(ITCH_KINDS.get(chr(message[0]), "OTHER") for message in messages)
    assert kinds(events) == counts
    assert events["instrument"].tolist() == [
        struct.unpack_from(">H", message, 1)[0] for message in messages
    ]
    assert events["venue_time"].tolist() == [
        int.from_bytes(message[5:11], "big") for message in messages
    ]
    adds = [message for message in messages if message[0] in b"AF"]
    rows = events[events["kind"] == EventKind.ADD]
    assert rows["order"].tolist() == [struct.unpack_from(">Q", m, 11)[0] for m in adds]
    assert rows["price"].tolist() == [struct.unpack_from(">I", m, 32)[0] * 10**5 for m in adds]
    assert rows["qty"].tolist() == [struct.unpack_from(">I", m, 20)[0] for m in adds]
    assert rows["side"].tolist() == [int(m[19] != ord("B")) for m in adds]
    counters = reader.counters
    assert counters["undecodable"] == 0
    assert counters["unknown_types"] == {}
    for message in adds:
        locate = struct.unpack_from(">H", message, 1)[0]
        assert reader.instruments[locate] == message[24:32].decode().rstrip()


def test_itch_agrees_with_lobster(market_data: Path) -> None:
    itch = pyscalp.read(market_data / AMZN_AAPL).read_all()
    for locate in LOBSTER:
        lobster, _ = lobster_events(market_data, locate)
        ours = itch[itch["instrument"] == locate]
        for kind, fields in (
            (EventKind.EXECUTE, ["venue_time", "order", "qty"]),
            (EventKind.TRADE, ["venue_time", "order", "qty", "price", "flags"]),
        ):
            left, right = lobster[lobster["kind"] == kind], ours[ours["kind"] == kind]
            assert len(left) == len(right)
            for field in fields:
                assert np.array_equal(left[field], right[field]), (kind, field)
        # The ITCH file has further events that keep LOBSTER's window of levels right; a
        # partial cancel that left the window stands there as a deletion.
        columns = ["venue_time", "kind", "order"]
        rows = iter(ours[columns].tolist())
        whole = lobster["kind"] != EventKind.REDUCE
        assert all(row in rows for row in lobster[columns][whole].tolist()), "a subsequence"
        gone = {
            (time, order)
            for time, kind, order in ours[columns].tolist()
            if kind in (EventKind.REDUCE, EventKind.DELETE)
        }
        assert gone.issuperset(lobster[["venue_time", "order"]][~whole].tolist())
        added = ["venue_time", "order", "price", "qty", "side"]
        assert set(ours[added][ours["kind"] == EventKind.ADD].tolist()).issuperset(
            lobster[added][lobster["kind"] == EventKind.ADD].tolist()
        )


# -- LOBSTER --------------------------------------------------------------------------


@pytest.mark.parametrize("locate", LOBSTER)
def test_lobster_against_polars(market_data: Path, locate: int) -> None:
    events, frame = lobster_events(market_data, locate)
    of_type = {1: "ADD", 2: "REDUCE", 3: "DELETE", 4: "EXECUTE", 5: "TRADE"}
    assert kinds(events) == Counter(of_type[kind] for kind in frame["type"])
    times = [
        int((Decimal(text) * 10**9).to_integral_value(rounding="ROUND_HALF_UP"))
        for text in frame["time"]
    ]
    assert events["venue_time"].tolist() == times
    assert events["order"].tolist() == frame["order"].to_list()
    assert events["qty"].tolist() == frame["size"].to_list()
    assert events["price"].tolist() == (frame["price"] * 100_000).to_list()
    buys = events["side"] == EventSide.BUY
    hidden = frame["type"].to_numpy() == 5
    assert np.array_equal(buys ^ hidden, frame["direction"].to_numpy() == 1)
    assert np.array_equal((events["flags"] & EventFlag.HIDDEN) != 0, hidden)


def test_lobster_book_rows(market_data: Path) -> None:
    reader = pyscalp.read(market_data / "lobster/LOBSTER_SampleFile_AMZN_2012-06-21_5.zip")
    rows = np.concatenate(list(reader.book_rows()))
    assert rows.shape == (155_935, 20)
    assert rows[1, :4].tolist() == [223_950_000_000, 100, 223_810_000_000, 21]
    assert (rows[:, 0] > rows[:, 2]).all(), "asks above bids"


# -- captures -------------------------------------------------------------------------


def udp_payloads(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Receipt time in ns and payload of the whole packets of a pcap file."""
    magic = struct.unpack_from("<I", data)[0]
    unit = 1 if magic == 0xA1B23C4D else 1000
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, size = struct.unpack_from("<III", data, at)
        at += 16
        frame = data[at : at + size]
        at += size
        if len(frame) < size:
            return
        packet = frame[18 if frame[12:14] == b"\x81\x00" else 14 :]
        head = (packet[0] & 15) * 4
        (length,) = struct.unpack_from(">H", packet, 2)
        yield seconds * 10**9 + fraction * unit, packet[head + 8 : length]


@pytest.mark.parametrize(
    ("name", "format_kinds"),
    [
        ("iex/DEEP10.pcap.gz", {"8": "LEVEL", "5": "LEVEL"}),
        ("iex/TOPS16.pcapng.gz", {"Q": "TOUCH"}),
    ],
)
def test_iex_against_a_walk_by_hand(
    market_data: Path, name: str, format_kinds: dict[str, str]
) -> None:
    names = {"T": "TRADE", "B": "BREAK", "S": "SYSTEM", "D": "INSTRUMENT", "H": "STATUS",
             "O": "STATUS", **format_kinds}  # fmt: skip
    counts: Counter[str] = Counter()
    expected = []
    runs = before = partial = emptied = 0
    for receipt, payload in udp_payloads(gzip.decompress((market_data / name).read_bytes())):
        count, _, sequence = struct.unpack_from("<HQQ", payload, 14)
        runs += count != 0 and sequence == 1 and before != 0
        before = sequence if count else before
        at = 40
        for i in range(count):
            (length,) = struct.unpack_from("<H", payload, at)
            message = payload[at + 2 : at + 2 + length]
            at += 2 + length
            kind = names.get(chr(message[0]), "OTHER")
            times = 2 if kind == "TOUCH" else 1
            counts[kind] += times
            time = struct.unpack_from("<q", message, 2)[0]
            partial += kind == "LEVEL" and message[1] & 1 == 0
            emptied += kind == "LEVEL" and message[18:22] == bytes(4)
            expected += [(receipt, sequence + i, time)] * times
    if "DEEP" in name:
        # The capture cuts its last packet, whose messages are not counted either way.
        counts["CLEAR"] = runs
        reader = pyscalp.read(market_data / name)
        with pytest.warns(pyscalp.CutFileWarning, match="its last record is not whole"):
            events = reader.read_all()
        assert runs == 11
        assert reader.counters["messages"] == 391_999
    else:
        reader = pyscalp.read(market_data / name)
        events = reader.read_all()
        assert reader.counters["messages"] == 57_674
    assert kinds(events) == counts
    assert reader.counters["restarts"] == runs
    for counter in ("gaps", "missing", "undecodable", "duplicates", "other_packets"):
        assert reader.counters[counter] == 0
    told = events[events["kind"] != EventKind.CLEAR]
    assert told[["receipt_time", "sequence", "venue_time"]].tolist() == expected
    levels = events[events["kind"] == EventKind.LEVEL]
    assert ((levels["flags"] & EventFlag.LAST) == 0).sum() == partial
    assert (levels["qty"] == 0).sum() == emptied


def test_every_itch_capture(market_data: Path) -> None:
    folders = sorted((market_data / "pcap_samples/Nasdaq").glob("*TotalView.Itch.v5.0*"))
    assert len(folders) == 5
    messages = 0
    for folder in folders:
        for path in sorted(folder.glob("*.pcap")):
            reader = pyscalp.read(path)
            events = reader.read_all()
            expected = []
            packets = list(udp_payloads(path.read_bytes()))
            numbered = 0
            for receipt, payload in packets:
                session, sequence, count = struct.unpack_from(">10sQH", payload)
                at = 20
                for i in range(count):
                    (length,) = struct.unpack_from(">H", payload, at)
                    message = payload[at + 2 : at + 2 + length]
                    at += 2 + length
                    numbered += 1
                    number = numbered if session == bytes(10) else sequence + i
                    kind = ITCH_KINDS.get(chr(message[0]), "OTHER")
                    time = int.from_bytes(message[5:11], "big")
                    expected.append((receipt, number, time, EventKind[kind].value))
            got = events[["receipt_time", "sequence", "venue_time", "kind"]].tolist()
            if "20230822" in folder.name:
                assert got == expected, path
            else:
                # Real numbers: given in their order, each once.
                assert sorted(got, key=lambda row: row[1]) == sorted(
                    set(expected), key=lambda row: row[1]
                ), path
            assert reader.counters["other_packets"] == 0
            messages += len(got)
    assert messages == 227


def test_captures_of_other_protocols_give_nothing(market_data: Path) -> None:
    files = [
        path
        for path in sorted((market_data / "pcap_samples").rglob("*.pcap"))
        if "TotalView.Itch.v5.0" not in str(path)
        and "IexTp" not in str(path)
        # Filed under Memx, but a packet of Nasdaq's session 000010059B.
        and path.parts[-3:]
        != ("Memx", "Equities.MemiorDepth.v1.3", "StockTradingActionMessage.pcap")
    ]
    files += sorted(path for path in (market_data / "pcap").rglob("*") if path.is_file())
    assert len(files) > 300
    for path in files:
        reader = pyscalp.read(path)
        events = reader.read_all()
        assert len(events) == 0, path
        counters = reader.counters
        assert counters["packets"] == counters["other_packets"] > 0


# -- Binance --------------------------------------------------------------------------


def scaled(text: str, digits: int) -> int:
    value = Decimal(text).scaleb(digits)
    assert value == int(value)
    return int(value)


def binance_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """Events as json and Decimal make them: receipt, kind, side, price, qty, other."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            stamp, text = line.split(" ", 1)
            message = json.loads(text)
            data = message.get("data", message)
            receipt = int(stamp)
            if "lastUpdateId" in data:
                yield receipt, EventKind.CLEAR, 2, NO_PRICE, 0, data["lastUpdateId"]
                sides, last = (data["bids"], data["asks"]), data["lastUpdateId"]
            elif data.get("e") == "depthUpdate":
                sides, last = (data["b"], data["a"]), data["u"]
            elif data.get("e") == "trade":
                if data.get("X", "MARKET") != "MARKET":
                    continue
                price, qty = scaled(data["p"], 9), scaled(data["q"], 8)
                yield receipt, EventKind.TRADE, int(data["m"]), price, qty, data["t"]
                continue
            else:
                for side, key in ((0, "bB"), (1, "aA")):
                    price, qty = scaled(data[key[0]], 9), scaled(data[key[1]], 8)
                    yield receipt, EventKind.TOUCH, side, price, qty, data["u"]
                continue
            for side in (0, 1):
                for price, qty in sides[side]:
                    yield receipt, EventKind.LEVEL, side, scaled(price, 9), scaled(qty, 8), last


FIELDS = ["receipt_time", "kind", "side", "price", "qty", "other"]
BINANCE = ["spot_ethusdt_20240808", "cm_ethusd_perp_20240808", "usdm_ethusdt_20240808"]


@pytest.mark.parametrize("name", BINANCE[:2])
def test_binance_against_json(market_data: Path, name: str) -> None:
    path = market_data / f"binance/{name}.gz"
    reader = pyscalp.read(path)
    events = reader.read_all()
    # What is told again behind a snapshot is no event of the file's own.
    again = (events["code"] == b"d") & ((events["flags"] & EventFlag.SNAPSHOT) != 0)
    ours = events[~again & (events["kind"] != EventKind.OTHER)]
    rows = itertools.islice(binance_rows(path), 80_000)
    theirs = np.array([tuple(map(int, row)) for row in rows], dtype=np.int64)
    assert len(theirs) == 80_000
    for place, field in enumerate(FIELDS):
        assert np.array_equal(ours[field][:80_000].astype(np.int64), theirs[:, place]), field
    assert (ours["kind"] == EventKind.CLEAR).sum() == 1
    assert reader.counters["gaps"] == 0
    assert reader.counters["undecodable"] == 0
    with gzip.open(path) as lines:
        assert reader.counters["messages"] == sum(1 for _ in lines) == events["sequence"][-1]


@pytest.mark.parametrize("name", BINANCE)
def test_the_book_of_binance_is_its_own_ticker(market_data: Path, name: str) -> None:
    book: list[dict[int, int]] = [{}, {}]
    best: dict[int, tuple[tuple[int, int], ...]] = {}
    ticker: dict[int, tuple[tuple[int, int], ...]] = {}
    synchronised = False
    half: tuple[int, int] = (0, 0)
    columns = ["kind", "side", "price", "qty", "other", "flags"]
    for events in pyscalp.read(market_data / f"binance/{name}.gz"):
        for kind, side, price, qty, other, flags in events[columns].tolist():
            if kind == EventKind.CLEAR:
                book = [{}, {}]
                synchronised = True
            elif kind == EventKind.LEVEL:
                book[side][price] = qty
                if qty == 0:
                    del book[side][price]
                if flags & EventFlag.LAST and synchronised:
                    bid, ask = max(book[0]), min(book[1])
                    best[other] = ((bid, book[0][bid]), (ask, book[1][ask]))
            elif kind == EventKind.TOUCH:
                if side == EventSide.BUY:
                    half = (price, qty)
                else:
                    ticker[other] = (half, (price, qty))
        if len(best) > 2_000:
            break
    shared = best.keys() & ticker.keys()
    assert len(shared) > 100
    assert all(best[update] == ticker[update] for update in shared)


# -- DBN ------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "count"), [("20231224", 8_725), ("20231225", 68_792)])
def test_dbn_orders_balance(market_data: Path, day: str, count: int) -> None:
    reader = pyscalp.read(market_data / f"dbn/esh4-glbx-mdp3-{day}.mbo.dbn.zst")
    events = reader.read_all()
    assert len(events) == count
    assert reader.instruments == {17_077: "ESH4"}
    assert set(events["instrument"].tolist()) == {17_077}
    resting: dict[int, int] = {}
    unknown = 0
    for kind, order, qty in events[["kind", "order", "qty"]].tolist():
        if kind == EventKind.CLEAR:
            resting.clear()
        elif kind in (EventKind.ADD, EventKind.MODIFY):
            unknown += kind == EventKind.MODIFY and order not in resting
            resting[order] = qty
        elif kind == EventKind.REDUCE:
            unknown += order not in resting
            left = resting.pop(order, qty) - qty
            assert left >= 0
            if left:
                resting[order] = left
    assert unknown <= 3


def test_not_ours(market_data: Path) -> None:
    path = market_data / "bitstamp_l3/orders.csv.bz2"
    assert bz2.open(path).read(4)
    with pytest.raises(pyscalp.ReadError, match="text that begins with"):
        pyscalp.read(path)
