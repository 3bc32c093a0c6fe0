"""A raw capture played by the included crypto venue: what it streams is what was captured."""

from __future__ import annotations

import bisect
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crypto_client import Socket, running
from websockets.exceptions import ConnectionClosed

from pyscalp.config_sections import Instrument
from pyscalp.errors import PyscalpError
from pyscalp.level_day import read_level_day

CAPTURE = "binance/usdm_btcusdt_20240808.gz"
USDM = Instrument(symbol="BTCUSDT", tick="0.10", lot="0.001")


DEPTH = 20
"""Levels a side by which books are compared; a snapshot of the venue ends at 1,000."""

Book = tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]


class Levels:
    """A book by price, sorted; prices in hundredths, those of bids negative."""

    def __init__(self) -> None:
        self.prices: dict[str, list[int]] = {"b": [], "a": []}
        self.qty: dict[tuple[str, int], str] = {}

    def put(self, side: str, price: str, qty: str) -> None:
        key = round(float(price) * 100) * (-1 if side == "b" else 1)
        prices = self.prices[side]
        at = bisect.bisect_left(prices, key)
        there = at < len(prices) and prices[at] == key
        if float(qty) == 0:
            if there:
                del prices[at]
            self.qty.pop((side, key), None)
            return
        if not there:
            prices.insert(at, key)
        self.qty[side, key] = qty

    def diff(self, told: dict[str, Any]) -> None:
        for side in "ba":
            for price, qty in told[side]:
                self.put(side, price, qty)

    def best(self) -> Book:
        bids, asks = (
            tuple((key, self.qty[side, key]) for key in self.prices[side][:DEPTH]) for side in "ba"
        )
        return bids, asks


def captured(path: Path) -> Iterator[Book]:
    """The captured book after each depth update, by the venue's own rules."""
    levels, last = Levels(), -1
    early: list[dict[str, Any]] = []
    with gzip.open(path, "rt") as file:
        for line in file:
            told = json.loads(line.partition(" ")[2])
            if "lastUpdateId" in told:
                for side, name in (("b", "bids"), ("a", "asks")):
                    for price, qty in told[name]:
                        levels.put(side, price, qty)
                last = told["lastUpdateId"]
                updates = [one for one in early if one["u"] >= last]
            elif told["data"]["e"] == "depthUpdate":
                updates = [told["data"]]
                if last < 0:
                    early += updates
                    continue
            else:
                continue
            for update in updates:
                if update["u"] >= last:
                    levels.diff(update)
            yield levels.best()


def streamed(socket: Socket, snapshot: dict[str, Any]) -> Iterator[Book]:
    """The streamed book after the snapshot and after each diff behind it."""
    levels = Levels()
    for side, name in (("b", "bids"), ("a", "asks")):
        for price, qty in snapshot[name]:
            levels.put(side, price, qty)
    yield levels.best()
    chain = None
    while True:
        try:
            told = json.loads(socket.recv(timeout=10))
        except ConnectionClosed:
            return
        if told["u"] <= snapshot["lastUpdateId"]:
            continue
        assert chain is None or told["pu"] == chain
        chain = told["u"]
        levels.diff(told)
        yield levels.best()


def test_streams_of_a_replayed_capture_are_the_captured_books(
    market_data: Path, tmp_path: Path
) -> None:
    exchange = f'driver = "replay"\nfile = "{market_data / CAPTURE}"\nspeed = 30'
    with (
        running(tmp_path, "binance-usdm", exchange) as venue,
        venue.connect("/public/ws/btcusdt@depth@0ms") as socket,
    ):
        while True:
            _, snapshot, _ = venue.rest("GET", "/depth", {"symbol": "BTCUSDT", "limit": 1000})
            if snapshot["bids"]:
                break
            time.sleep(0.01)
        told = list(streamed(socket, snapshot))
    books = list(captured(market_data / CAPTURE))
    # More is streamed than was captured: trades change the book between two updates. So
    # the captured books from where we joined are among the streamed ones, in their order.
    known = {book: place for place, book in enumerate(books)}
    at, first = next((at, known[book]) for at, book in enumerate(told) if book in known)
    for place in range(first, len(books)):
        while at < len(told) and told[at] != books[place]:
            at += 1
        assert at < len(told), f"captured book {place} of {len(books)} was not streamed"
    assert len(books) - first > 4_000


def test_a_capture_that_cannot_be_played_is_refused_in_a_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    with pytest.raises(PyscalpError, match="no depth snapshot of BTCUSDT"):
        read_level_day(empty, [USDM])
    with pytest.raises(PyscalpError, match="cannot read"):
        read_level_day(tmp_path / "none.gz", [USDM])
    line = (
        '1 {"lastUpdateId":5,"E":1723161256501,"T":1723161256493,'
        '"bids":[["100.05","1"]],"asks":[["100.15","1"]]}\n'
        '2 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161256502,'
        '"T":1723161256502,"s":"BTCUSDT","U":5,"u":7,"pu":4,"b":[["100.05","2"]],"a":[]}}\n'
    )
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(line)
    with pytest.raises(PyscalpError, match="no multiples of its tick"):
        read_level_day(wrong, [USDM])
    right = read_level_day(wrong, [Instrument(symbol="BTCUSDT", tick="0.05", lot="1")])
    assert right.counters["BTCUSDT"]["updates"] == 2
