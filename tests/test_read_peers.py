"""pyscalp.read against the readers and writers that others made of the same formats."""

from __future__ import annotations

import gzip
import itertools
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from recorded import npz

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

import pyscalp
from pyscalp import NO_PRICE, EventFlag, EventKind, EventSide
from pyscalp.formats.hftbacktest import ROW_DTYPE

# -- databento-dbn --------------------------------------------------------------------

ACTIONS = {"A": "ADD", "C": "REDUCE", "M": "MODIFY", "R": "CLEAR", "T": "TRADE"}
SIDES = {"B": EventSide.BUY, "A": EventSide.SELL, "N": EventSide.NONE}


@pytest.fixture
def dbn() -> Any:
    return pytest.importorskip("databento_dbn", reason="databento-dbn is not installed")


def metadata(dbn: Any, schema: Any, version: int = 3) -> bytes:
    start, end = date(2024, 1, 1), date(2024, 1, 2)
    mappings = [
        SimpleNamespace(
            raw_symbol=symbol,
            intervals=[SimpleNamespace(start_date=start, end_date=end, symbol=str(number))],
        )
        for symbol, number in (("ESH4", 17), ("NQH4", 18))
    ]
    encoded: bytes = dbn.Metadata(
        dataset="GLBX.MDP3", start=0, stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID, schema=schema, symbols=["ESH4", "NQH4"],
        partial=[], not_found=[], mappings=mappings, version=version,
    ).encode()  # fmt: skip
    return encoded


def read_records(tmp_path: Path, dbn: Any, schema: Any, records: list[Any]) -> np.ndarray:
    path = tmp_path / "records.dbn"
    path.write_bytes(metadata(dbn, schema) + b"".join(map(bytes, records)))
    reader = pyscalp.read(path)
    events = reader.read_all()
    assert reader.instruments == {17: "ESH4", 18: "NQH4"}
    assert reader.counters["messages"] == len(records)
    return events


@pytest.mark.parametrize("day", ["20231224", "20231225"])
def test_every_field_of_recorded_orders(market_data: Path, dbn: Any, day: str) -> None:
    zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")
    path = market_data / f"dbn/esh4-glbx-mdp3-{day}.mbo.dbn.zst"
    with open(path, "rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file).read()
    decoder = dbn.DBNDecoder()
    decoder.write(raw)
    _, *records = decoder.decode()
    events = pyscalp.read(path).read_all()
    assert len(events) == len(records)
    for event, record in zip(events.tolist(), records, strict=True):
        action = str(record.action)
        kind = EventKind[ACTIONS.get(action, "OTHER")]
        cleared = kind == EventKind.CLEAR
        flags = int(record.flags)
        expected = (
            record.ts_event,
            record.ts_recv,
            record.sequence,
            record.order_id,
            0,
            NO_PRICE if cleared else record.price,
            0 if cleared else record.size,
            record.instrument_id,
            kind,
            EventSide.NONE if cleared else SIDES[str(record.side)],
            (EventFlag.LAST if flags & dbn.F_LAST else 0)
            | (EventFlag.SNAPSHOT if flags & dbn.F_SNAPSHOT else 0)
            | (EventFlag.PLACE_BY_RULE if kind == EventKind.MODIFY else 0),
            action.encode(),
        )
        assert event == expected


def test_metadata_of_every_version(tmp_path: Path, dbn: Any) -> None:
    for version in (1, 2, 3):
        path = tmp_path / f"v{version}.dbn"
        path.write_bytes(metadata(dbn, dbn.Schema.MBO, version))
        reader = pyscalp.read(path)
        assert len(reader.read_all()) == 0
        assert reader.instruments == {17: "ESH4", 18: "NQH4"}


def test_records_that_the_peer_writes(tmp_path: Path, dbn: Any) -> None:
    common = {"publisher_id": 1, "instrument_id": 17, "ts_event": 100, "ts_recv": 200}
    traded = {"price": 5, "size": 6, "side": dbn.Side.ASK}
    action = {"action": dbn.Action.TRADE}
    pair = dbn.BidAskPair(bid_px=4, bid_sz=10)
    both = dbn.ConsolidatedBidAskPair(bid_px=4, ask_px=7, bid_sz=10, ask_sz=11)
    cases = [
        (dbn.Schema.TRADES, dbn.TradeMsg(**common, **traded, **action, depth=0, sequence=9), "T"),
        (dbn.Schema.MBP_1, dbn.MBP1Msg(**common, **traded, **action, depth=0, sequence=9,
                                       levels=pair), "Tba"),
        (dbn.Schema.TBBO, dbn.MBP1Msg(**common, **traded, **action, depth=0, sequence=9,
                                      levels=pair), "baT"),
        (dbn.Schema.BBO_1S, dbn.BBOMsg(dbn.RType.BBO_1S, **common, **traded, sequence=9,
                                       levels=pair), "ba"),
        (dbn.Schema.CMBP_1, dbn.CMBP1Msg(dbn.RType.CMBP_1, **common, **traded, **action,
                                         levels=both), "Tba"),
        (dbn.Schema.TCBBO, dbn.CMBP1Msg(dbn.RType.TCBBO, **common, **traded, **action,
                                        levels=both), "baT"),
        (dbn.Schema.CBBO_1M, dbn.CBBOMsg(dbn.RType.CBBO_1M, **common, **traded, levels=both),
         "ba"),
    ]  # fmt: skip
    for schema, record, shape in cases:
        events = read_records(tmp_path, dbn, schema, [record])
        numbered = schema not in (dbn.Schema.CMBP_1, dbn.Schema.TCBBO, dbn.Schema.CBBO_1M)
        ask = (NO_PRICE, 0) if numbered else (7, 11)
        wanted = {
            "T": (EventKind.TRADE, EventSide.SELL, 5, 6),
            "b": (EventKind.TOUCH, EventSide.BUY, 4, 10),
            "a": (EventKind.TOUCH, EventSide.SELL, *ask),
        }
        assert events[["kind", "side", "price", "qty"]].tolist() == [wanted[c] for c in shape]
        assert (events["venue_time"] == 100).all()
        assert (events["receipt_time"] == 200).all()
        assert (events["instrument"] == 17).all()
        assert (events["sequence"] == (9 if numbered else 0)).all()


def test_ten_levels_rebuild_the_records(tmp_path: Path, dbn: Any) -> None:
    random = np.random.default_rng(5)
    records, ladders = [], []
    for _ in range(300):
        depth = [int(random.integers(0, 11)) for _ in range(2)]
        bids = sorted(random.choice(20, depth[0], replace=False) + 80, reverse=True)
        asks = sorted(random.choice(20, depth[1], replace=False) + 101)
        sizes = random.integers(1, 4, 20).tolist()
        levels = [
            dbn.BidAskPair(
                bid_px=int(bids[i]) if i < depth[0] else NO_PRICE,
                ask_px=int(asks[i]) if i < depth[1] else NO_PRICE,
                bid_sz=sizes[i] if i < depth[0] else 0,
                ask_sz=sizes[10 + i] if i < depth[1] else 0,
            )
            for i in range(10)
        ]
        instrument = int(random.integers(17, 19))
        records.append(
            dbn.MBP10Msg(publisher_id=1, instrument_id=instrument, ts_event=1, price=1, size=1,
                         action=dbn.Action.MODIFY, side=dbn.Side.BID, depth=0, ts_recv=2,
                         sequence=len(records) + 1, levels=levels)
        )  # fmt: skip
        of_bids = {int(price): sizes[i] for i, price in enumerate(bids)}
        of_asks = {int(price): sizes[10 + i] for i, price in enumerate(asks)}
        ladders.append((instrument, (of_bids, of_asks)))
    events = read_records(tmp_path, dbn, dbn.Schema.MBP_10, records)
    books: dict[int, tuple[dict[int, int], dict[int, int]]] = {17: ({}, {}), 18: ({}, {})}
    columns = ["sequence", "instrument", "side", "price", "qty", "flags"]
    told = {
        sequence: list(rows)
        for sequence, rows in itertools.groupby(events[columns].tolist(), lambda row: row[0])
    }
    for sequence, (instrument, ladder) in enumerate(ladders, 1):
        rows = told.get(sequence, [])
        for _, number, side, price, qty, _ in rows:
            assert number == instrument
            books[number][side][price] = qty
            if qty == 0:
                del books[number][side][price]
        assert books[instrument] == ladder
        assert [row[5] for row in rows] == [0] * (len(rows) - 1) + [EventFlag.LAST] * bool(rows)


# -- hftbacktest ----------------------------------------------------------------------


@pytest.fixture
def hft() -> Any:
    return pytest.importorskip("hftbacktest", reason="hftbacktest is not installed")


def test_rows_are_those_of_the_peer(tmp_path: Path, hft: Any) -> None:
    from hftbacktest import types

    assert {name: entry[:2] for name, entry in types.event_dtype.fields.items()} == {
        name: entry[:2] for name, entry in ROW_DTYPE.fields.items()
    }
    expected = {
        types.DEPTH_EVENT: "LEVEL",
        types.TRADE_EVENT: "TRADE",
        types.DEPTH_CLEAR_EVENT: "CLEAR",
        types.DEPTH_SNAPSHOT_EVENT: "LEVEL",
        types.DEPTH_BBO_EVENT: "TOUCH",
        types.ADD_ORDER_EVENT: "ADD",
        types.CANCEL_ORDER_EVENT: "DELETE",
        types.MODIFY_ORDER_EVENT: "MODIFY",
        types.FILL_EVENT: "EXECUTE",
    }
    for side, bit in ((EventSide.BUY, types.BUY_EVENT), (EventSide.SELL, types.SELL_EVENT)):
        for code, name in expected.items():
            rows = np.zeros(1, types.event_dtype)
            rows["ev"] = code | bit | types.LOCAL_EVENT | types.EXCH_EVENT
            rows["px"] = 1.5
            path = tmp_path / "rows.npz"
            path.write_bytes(npz(rows))
            event = pyscalp.read(path).read_all()[0]
            assert (event["kind"], event["side"]) == (EventKind[name], side)


def test_what_the_peer_converts_is_what_we_read(
    market_data: Path, tmp_path: Path, hft: Any
) -> None:
    from hftbacktest.data.utils import binancefutures

    source = tmp_path / "raw.gz"
    with gzip.open(market_data / "binance/usdm_ethusdt_20240808.gz") as lines:
        source.write_bytes(gzip.compress(b"".join(itertools.islice(lines, 5_000)), 1))
    converted = tmp_path / "converted.npz"
    binancefutures.convert(str(source), str(converted), buffer_size=200_000)
    theirs = pyscalp.read(converted).read_all()
    ours = pyscalp.read(source).read_all()
    again = (ours["code"] == b"d") & ((ours["flags"] & EventFlag.SNAPSHOT) != 0)
    ours = ours[~again]
    fields = ["venue_time", "side", "price", "qty"]
    for kind in (EventKind.LEVEL, EventKind.TRADE):
        left, right = (events[events["kind"] == kind][fields] for events in (theirs, ours))
        assert len(left) > 100
        assert sorted(left.tolist()) == sorted(right.tolist())
