"""Books of other venues' files, each against plain dictionaries filled another way."""

from __future__ import annotations

import gzip
import json
import struct
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import pyscalp

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

NANO = 10**9
TOUCH = ("bid", "bid_qty", "ask", "ask_qty")


def touch_rows(tables: Any) -> dict[tuple[int, str], tuple[Any, ...]]:
    """The last touch of each message and instrument: key (sequence, symbol)."""
    top = tables.top
    keys = zip(top["sequence"].to_pylist(), top["instrument"].to_pylist(), strict=True)
    return dict(
        zip(keys, zip(*(top[name].to_pylist() for name in TOUCH), strict=True), strict=True)
    )


def best(bids: dict[int, int], asks: dict[int, int]) -> tuple[Any, ...]:
    bid, ask = max(bids, default=None), min(asks, default=None)
    return (bid, bids.get(bid) if bid else None, ask, asks.get(ask) if ask else None)


def test_iex_deep_against_dictionaries(market_data: Path) -> None:
    path = market_data / "iex" / "DEEP10.pcap.gz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pyscalp.CutFileWarning)  # the capture's last packet
        tables = pyscalp.book(path, tables=("top",))
        with pyscalp.read(path) as reader:
            events = reader.read_all()
            symbols = reader.instruments
    wanted = events[np.isin(events["kind"], [pyscalp.EventKind.LEVEL, pyscalp.EventKind.CLEAR])]
    assert len(wanted) > 20_000
    books: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
    last: dict[int, tuple[Any, ...]] = {}
    expected = []
    empty = (None, None, None, None)
    for event in wanted.tolist():
        _, _, sequence, _, _, price, qty, instrument, kind, side, flags, _ = event
        if kind == pyscalp.EventKind.CLEAR:
            assert instrument == 0
            books.clear()
            for number in sorted(last):
                if last[number] != empty:
                    expected.append((sequence, symbols[number], empty))
            last.clear()
            continue
        levels = books.setdefault(instrument, ({}, {}))[side]
        if qty:
            levels[price] = qty
        else:
            levels.pop(price, None)
        now = best(*books[instrument])
        if flags & pyscalp.EventFlag.LAST and now != last.get(instrument, empty):
            last[instrument] = now
            expected.append((sequence, symbols[instrument], now))
    top = tables.top
    told = list(
        zip(
            top["sequence"].to_pylist(),
            top["instrument"].to_pylist(),
            zip(*(top[name].to_pylist() for name in TOUCH), strict=True),
            strict=True,
        )
    )
    assert told == expected
    assert set(top["bid_orders"].to_pylist()) == {None}
    assert tables.counters["no_price"] == 0


def test_iex_tops_is_its_own_touch(market_data: Path) -> None:
    path = market_data / "iex" / "TOPS16.pcapng.gz"
    tables = pyscalp.book(path, tables=("top", "trades"))
    with pyscalp.read(path) as reader:
        events = reader.read_all()
        symbols = reader.instruments
    quotes = events[events["kind"] == pyscalp.EventKind.TOUCH]
    told = touch_rows(tables)
    state: dict[int, list[Any]] = {}
    rows = 0
    for event in quotes.tolist():
        _, _, sequence, _, _, price, qty, instrument, _, side, flags, _ = event
        now = state.setdefault(instrument, [None] * 4 + [(None,) * 4])
        there = price != pyscalp.NO_PRICE and qty
        now[2 * side : 2 * side + 2] = (price, qty) if there else (None, None)
        if flags & pyscalp.EventFlag.LAST and tuple(now[:4]) != now[4]:
            now[4] = tuple(now[:4])
            rows += 1
            assert told[sequence, symbols[instrument]] == now[4]
    assert rows == tables.top.num_rows > 3000
    assert tables.trades.num_rows == np.sum(events["kind"] == pyscalp.EventKind.TRADE)


# -- Databento -------------------------------------------------------------------------------


def market_by_order(path: Path) -> Any:
    """The records of a DBN file of type MBO, read here from its bytes."""
    with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
        data = stream.read()
    assert data[:3] == b"DBN"
    (length,) = struct.unpack_from("<I", data, 4)
    at = 8 + length
    while at < len(data):
        size = 4 * data[at]
        if data[at + 1] == 0xA0:
            instrument = struct.unpack_from("<I", data, at + 4)[0]
            order, price, qty, flags, _, action, side = struct.unpack_from(
                "<QqIBBcc", data, at + 16
            )
            yield instrument, order, price, qty, flags, action.decode(), side.decode()
        at += size


@pytest.mark.parametrize("day", ["20231224", "20231225"])
def test_databento_against_a_naive_book(market_data: Path, day: str) -> None:
    path = market_data / "dbn" / f"esh4-glbx-mdp3-{day}.mbo.dbn.zst"
    tables = pyscalp.book(path, tables=("top",), tick="0.25")
    orders: dict[int, list[Any]] = {}
    levels: dict[str, dict[int, int]] = {"B": {}, "A": {}}
    counts: dict[str, dict[int, int]] = {"B": {}, "A": {}}
    expected: list[tuple[Any, ...]] = []

    def change(side: str, price: int, qty: int, count: int) -> None:
        for table, amount in ((levels, qty), (counts, count)):
            left = table[side].get(price, 0) + amount
            assert left >= 0
            if left:
                table[side][price] = left
            else:
                table[side].pop(price, None)

    last = (None, None, None, None)
    for _, order, price, qty, flags, action, side in market_by_order(path):
        if action == "R":
            orders.clear()
            for table in (levels, counts):
                for one in table.values():
                    one.clear()
        elif action == "A":
            assert order not in orders
            orders[order] = [side, price, qty]
            change(side, price, qty, 1)
        elif action == "C":
            held = orders[order]
            held[2] -= qty
            change(held[0], held[1], -qty, -(held[2] == 0))
            if held[2] == 0:
                del orders[order]
        elif action == "M":
            held = orders[order]
            change(held[0], held[1], -held[2], -1)
            orders[order] = [held[0], price, qty]
            change(held[0], price, qty, 1)
        if flags & 0x80:
            now = best(levels["B"], levels["A"])
            if now != last:
                bid_orders = counts["B"].get(now[0]) if now[0] else None
                ask_orders = counts["A"].get(now[2]) if now[2] else None
                expected.append((*now, bid_orders, ask_orders))
                last = now
    names = (*TOUCH, "bid_orders", "ask_orders")
    told = list(zip(*(tables.top[name].to_pylist() for name in names), strict=True))
    assert told == expected
    # Before the open, orders that cross wait for the auction.
    assert tables.counters["crossed"] == (day == "20231225")
    assert tables.instruments["flagged"][0].as_py() == (day == "20231225")
    odd = ("unknown_order", "duplicate_order", "overfill", "zero_quantity", "no_price")
    assert not any(tables.counters[name] for name in odd)


def test_places_in_the_queues_of_databento(market_data: Path) -> None:
    """Every order's place, against lists, where the file ends."""
    path = market_data / "dbn" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    queues: dict[tuple[str, int], dict[int, int]] = {}
    where: dict[int, tuple[str, int]] = {}
    for _, order, price, qty, _, action, side in market_by_order(path):
        if action == "R":
            queues.clear()
            where.clear()
        elif action == "A":
            where[order] = (side, price)
            queues.setdefault((side, price), {})[order] = qty
        elif action in "CM":
            queue = queues[where[order]]
            if action == "C":
                queue[order] -= qty
                if queue[order] == 0:
                    del queue[order]
                    del where[order]
            elif price == where[order][1] and qty <= queue[order]:
                queue[order] = qty
            else:
                del queue[order]
                where[order] = (where[order][0], price)
                queues.setdefault(where[order], {})[order] = qty
    books = pyscalp.Books()
    with pyscalp.read(path) as reader:
        for events in reader:
            books.apply(events)
        books.name(reader.instruments)
    checked = 0
    for (side, price), queue in queues.items():
        name = "buy" if side == "B" else "sell"
        told = books.queue("ESH4", name, price)
        assert told.order.tolist() == list(queue)
        assert told.qty.tolist() == list(queue.values())
        ahead = 0
        for rank, (order, qty) in enumerate(queue.items()):
            assert books.place(order) == ("ESH4", name, price, qty, rank, ahead)
            ahead += qty
            checked += 1
    assert checked > 1000
    assert books.place(1) is None


# -- Binance ---------------------------------------------------------------------------------


def nanos(text: str) -> int:
    return int(Decimal(text) * NANO)


@pytest.mark.parametrize("name", ["spot_btcusdt_20240808", "usdm_ethusdt_20240808"])
def test_binance_books_are_the_tickers_at_shared_ids(market_data: Path, name: str) -> None:
    """protocols: the book after a diff equals the bookTicker of the same update id."""
    path = market_data / "binance" / f"{name}.gz"
    tickers: dict[int, tuple[int, int, int, int]] = {}
    diffs: dict[int, int] = {}
    with gzip.open(path, "rt") as lines:
        for number, line in enumerate(lines, 1):
            message = json.loads(line.split(" ", 1)[1])
            message = message.get("data", message)
            if message.get("e", "bookTicker") == "bookTicker" and "B" in message:
                tickers[message["u"]] = tuple(nanos(message[key]) for key in ("b", "B", "a", "A"))  # type: ignore[assignment]
            elif message.get("e") == "depthUpdate":
                diffs[message["u"]] = number
    shared = tickers.keys() & diffs.keys()
    assert len(shared) > 100

    tables = pyscalp.book(path, tables=("top",), prices="decimal")
    assert tables.counters["beside_the_book"] > 0
    top = tables.top
    sequence = np.asarray(top["sequence"])
    compared = 0
    for update in sorted(shared):
        at = int(np.searchsorted(sequence, diffs[update], side="right")) - 1
        if at < 0:
            continue  # before the snapshot
        row = tuple(int(top[column][at].as_py() * NANO) for column in TOUCH)
        assert row == tickers[update], update
        compared += 1
    assert compared > 100
