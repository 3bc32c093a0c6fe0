"""The compiled feed on recorded sessions, beside a plain reference book."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pyscalp import _core
from pyscalp.reference.depth_book import DepthBook, exact

pytestmark = pytest.mark.skipif(
    not _core.has_binance, reason="built without simdjson: the venue is left out"
)

LEVELS = 8


@dataclass(frozen=True)
class Session:
    """Two days of one stream, or one."""

    name: str
    market: str
    symbol: str
    tick: str
    step: str
    days: tuple[str, ...] = ("20240808", "20240809")

    def text(self, folder: Path) -> bytes:
        parts = [
            gzip.decompress((folder / "binance" / f"{self.name}_{day}.gz").read_bytes())
            for day in self.days
        ]
        return b"".join(parts)

    def feed(self) -> _core.CryptoFeed:
        feed = _core.CryptoFeed(self.market, [(self.symbol, self.tick, self.step)])
        feed.on_up(0, 0)
        return feed


SESSIONS = [
    Session("spot_btcusdt", "spot", "BTCUSDT", "0.01", "0.00001"),
    Session("spot_ethusdt", "spot", "ETHUSDT", "0.01", "0.0001"),
    Session("usdm_btcusdt", "futures", "BTCUSDT", "0.1", "0.001", ("20240808",)),
    Session("usdm_ethusdt", "futures", "ETHUSDT", "0.01", "0.001", ("20240808",)),
    Session("cm_btcusd_perp", "futures", "BTCUSD_PERP", "0.1", "1"),
    Session("cm_ethusd_perp", "futures", "ETHUSD_PERP", "0.01", "1"),
]
LINES = 524_627


@pytest.fixture(params=SESSIONS, ids=lambda session: session.name)
def session(request: pytest.FixtureRequest) -> Session:
    return request.param


def json_lines(text: bytes) -> list[str]:
    return [line[line.index("{") :] for line in text.decode().splitlines()]


@pytest.mark.slow
def test_all_lines_are_decoded_and_both_parsers_agree(market_data: Path) -> None:
    lines = by_shape = 0
    for session in SESSIONS:
        said = session.feed().compare_parsers(session.text(market_data), session.symbol)
        assert said["different"] == 0, session
        assert said["refused"] == 0, session
        lines += said["lines"]
        by_shape += said["by_shape"]
    assert lines == LINES
    # Ten changes have a quantity finer than the step, which simdjson's side rounds.
    assert by_shape == LINES - 10


@pytest.mark.slow
def test_the_book_is_the_references_at_every_ticker(market_data: Path, session: Session) -> None:
    text = session.text(market_data)
    feed = session.feed()
    found = feed.run(text, LEVELS)
    reference = DepthBook(futures=session.market == "futures", step=session.step)
    rows, levels, depth_touch = found["rows"], found["levels"], found["depth_touch"]
    at = fresh = at_one_id = 0
    for number, line in enumerate(json_lines(text), 1):
        before = reference.ticker, reference.last_id
        message = reference.take(line)
        ticker = reference.ticker
        if ticker and ticker[0] == reference.last_id and before != (ticker, reference.last_id):
            # The venue's two streams themselves, at one update id.
            at_one_id += 1
            assert reference.touch() == (*ticker[1], *ticker[2])
        if "B" not in message:
            continue
        row = rows[at]
        assert row[0] == number
        assert row[2] == message["u"]
        if reference.joined:
            # No gap anywhere: once fresh, the book stays so.
            assert row[4] == 1, f"line {number}: stale"
            fresh += 1
            assert row[3] == reference.last_id
            assert tuple(row[5:7]) == reference.level_counts()
            assert tuple(depth_touch[at]) == reference.touch()
            assert levels[at].tolist() == [
                [list(level) for level in side] for side in reference.levels(LEVELS)
            ], f"line {number}"
        at += 1
    assert at == len(rows)
    assert fresh > 0.9 * at
    assert at_one_id > 100
    assert reference.gaps == 0
    counters = feed.counters()
    assert counters["statuses"]["gap"] == counters["statuses"]["mismatch"] == 0
    assert counters["snapshots_taken"] == counters["fresh"] == 1
    assert counters["stale"] == 0
    assert counters["by_fields"] == counters["rounded"] <= 10


@pytest.mark.slow
def test_trades_are_told_once_with_the_aggressor(market_data: Path, session: Session) -> None:
    text = session.text(market_data)
    feed = session.feed()
    feed.run(text, 0)
    told = [event[2:] for event in feed.take_told() if event[0] == "trade"]
    step = len(session.step.partition(".")[2])
    wanted = []
    reference = DepthBook(futures=session.market == "futures", step=session.step)
    newest = 0
    for line in json_lines(text):
        if '"e":"trade"' not in line:
            continue
        trade = reference.take(line)
        newest = max(newest, trade["T"])
        price = exact(trade["p"], 9) // 10**step
        wanted.append((price, exact(trade["q"], step), "sell" if trade["m"] else "buy"))
    assert told == wanted
    assert len(wanted) > 3_000
    assert feed.counters()["trades_missing"] == 0
    assert feed.venue_time() >= newest * 1_000_000


@pytest.mark.slow
def test_losses_on_real_lines_are_named_and_heal(market_data: Path) -> None:
    """Every 500th change of depth is lost: stale until a snapshot, right when fresh."""
    session = SESSIONS[2]
    feed = _core.CryptoFeed(
        session.market,
        [(session.symbol, session.tick, session.step)],
        snapshot_interval_ns=1_000_000,
        snapshot_backoff_ns=1_000_000,
    )
    feed.on_up(0, 0)
    reference = DepthBook(futures=True, step=session.step)
    changes = compared = lost = 0
    unnoticed = False  # until the next change of depth
    for number, line in enumerate(json_lines(session.text(market_data)[: 40 << 20])[:-1], 1):
        now = number * 1_000_000
        snapshot = line.startswith('{"lastUpdateId"')
        message = reference.take(line)
        changes += message.get("e") == "depthUpdate"
        if snapshot:
            assert feed.take_snapshot_request(now) == session.symbol
            assert feed.on_snapshot(session.symbol, line.encode(), now) == "ok"
            continue
        if message.get("e") == "depthUpdate" and reference.joined and changes % 500 == 0:
            lost += 1
            unnoticed = True
            continue
        if message.get("e") == "depthUpdate":
            unnoticed = False
        feed.on_message(0, line.encode(), now)
        if feed.stale(session.symbol) and reference.joined and number % 50 == 0:
            if feed.take_snapshot_request(now):
                feed.on_snapshot(session.symbol, picture(reference, session), now)
        elif not feed.stale(session.symbol) and number % 100 == 0 and not unnoticed:
            compared += 1
            bids, asks = reference.levels(LEVELS)
            assert feed.levels(session.symbol, "bid", LEVELS) == bids
            assert feed.levels(session.symbol, "ask", LEVELS) == asks
    counters = feed.counters()
    assert lost >= 8
    # A loss on the way to a snapshot is one more gap, and of a book that is stale already.
    assert counters["statuses"]["gap"] == lost
    assert lost - 2 <= counters["stale"] <= lost
    assert counters["statuses"]["mismatch"] == 0
    assert counters["fresh"] >= counters["stale"]
    assert compared > 300


def picture(reference: DepthBook, session: Session) -> bytes:
    """A snapshot of all that the reference's depth has."""
    ticker, reference.ticker = reference.ticker, None
    sides = reference.levels(1 << 20)
    reference.ticker = ticker
    decimals = len(session.step.partition(".")[2])

    def decimal(value: int, places: int) -> str:
        digits = str(value).rjust(places + 1, "0")
        return f"{digits[:-places]}.{digits[-places:]}"

    bids, asks = (
        ",".join(
            f'["{decimal(price, 9 - decimals)}","{decimal(lots, decimals)}"]'
            for price, lots in side
        )
        for side in sides
    )
    return f'{{"lastUpdateId":{reference.last_id},"bids":[{bids}],"asks":[{asks}]}}'.encode()


def test_rules_that_cannot_be_followed_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"symbol ETHBTC cannot be traded: .* 1e-8"):
        _core.CryptoFeed("spot", [("ETHBTC", "0.00001", "0.0001")])
    with pytest.raises(ValueError, match="spot or futures"):
        _core.CryptoFeed("margin", [("BTCUSDT", "0.01", "0.00001")])
    with pytest.raises(ValueError, match="1 to 1024 symbols"):
        _core.CryptoFeed("spot", [])
    feed = SESSIONS[0].feed()
    with pytest.raises(KeyError, match="not followed"):
        feed.stale("NOSUCH")
    with pytest.raises(ValueError, match="0 to 3"):
        feed.on_message(4, b"{}", 0)


def test_the_reference_reads_decimals_exactly() -> None:
    assert exact("61837.63000000", 2) == 6_183_763
    assert exact("0.00001", 5) == 1
    for text in ("1.001", "1e5", "-1", "", "1.2.3"):
        with pytest.raises(ValueError, match="multiple"):
            exact(text, 2)


def test_the_reference_follows_the_venues_rules() -> None:
    book = DepthBook(futures=False, step="1")

    def change(first: int, last: int, bids: str) -> str:
        return f'{{"e":"depthUpdate","U":{first},"u":{last},"b":[{bids}],"a":[]}}'

    book.take(change(3, 5, '["9","7"]'))
    book.take(change(6, 8, '["10","1"]'))
    book.take('{"lastUpdateId":6,"bids":[["10","2"],["8","1"]],"asks":[["12","3"]]}')
    assert book.touch() == (10 * 10**9, 1, 12 * 10**9, 3)
    assert book.joined
    assert book.gaps == 0
    book.take('{"u":9,"b":"9","B":"4","a":"11","A":"5"}')
    assert book.levels(3) == (
        [(9 * 10**9, 4), (8 * 10**9, 1)],
        [(11 * 10**9, 5), (12 * 10**9, 3)],
    )
    assert book.level_counts() == (2, 2)
    book.take(change(9, 9, '["10","0"]'))
    assert book.levels(1) == ([(8 * 10**9, 1)], [(12 * 10**9, 3)])
    book.take(change(11, 11, ""))
    assert book.gaps == 1


def test_arrays_of_a_run_have_the_shapes_that_are_said() -> None:
    feed = SESSIONS[0].feed()
    out = feed.run(
        b'1 {"u":9,"s":"BTCUSDT","b":"9","B":"4","a":"11","A":"5"}\n\n2 {"result":null,"id":1}', 2
    )
    assert out["rows"].shape == (1, 7)
    assert out["levels"].shape == (1, 2, 2, 2)
    assert out["depth_touch"].shape == (1, 4)
    assert out["rows"].dtype == np.int64
    assert out["rows"][0].tolist() == [1, 1, 9, 0, 0, 0, 0]
