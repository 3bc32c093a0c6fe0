"""Real days of equity ticks, held against the files themselves, read without pyscalp."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from processes import run_command
from ticks import (
    CLOSE_MS,
    DATES,
    E4,
    NO_PRICE,
    OPEN_MS,
    SYMBOLS,
    messages,
    quote_zip,
    quotes,
    traded_by_kind,
    trades,
)

import pyscalp
from pyscalp import _core
from pyscalp.config import Config
from pyscalp.config_sections import Instrument
from pyscalp.config_signals import BookImbalance, MeanReversion, Signals
from pyscalp.replay import replay
from pyscalp.tick_day import read_tick_day

MS = 10**6
FEED_LATENCY_NS = 50_000
SETTLES_MS = 50
"""After so long without a trade or a quote the last quote stands again."""

QUICK = [("IBM", "2013-10-07")]
ALL = [
    pytest.param(symbol, date, marks=() if (symbol, date) in QUICK else pytest.mark.slow)
    for symbol in SYMBOLS
    for date in DATES
]


class Day(NamedTuple):
    """One instrument's day: pyscalp's messages, and the rows of the files."""

    messages: bytes
    counters: dict[str, Any]
    quotes: pl.DataFrame
    trades: pl.DataFrame


def day_of(market_data: Path, symbol: str, date: str) -> Day:
    path = quote_zip(market_data, symbol, date)
    day = read_tick_day([path])
    assert str(day.date) == date
    return Day(
        day.messages,
        day.counters[symbol],
        quotes(path),
        trades(path.with_name(path.name.replace("quote", "trade"))),
    )


def expected_touch(rows: pl.DataFrame) -> np.ndarray:
    """Ask, its size, bid, its size after each row, as `book_rows` writes them."""
    columns = ["ask_after", "ask_qty_after", "bid_after", "bid_qty_after"]
    touch = rows.select(columns).to_numpy().astype(np.int64)
    touch[:, (0, 2)] = np.where(touch[:, (0, 2)] == 0, NO_PRICE, touch[:, (0, 2)])
    return touch


# -- the touch ---------------------------------------------------------------------------


@pytest.mark.parametrize(("symbol", "date"), ALL)
def test_the_book_is_the_quotes_after_every_row(market_data: Path, symbol: str, date: str) -> None:
    """Each row is given a time of its own, so that the book after it can be told."""
    path = quote_zip(market_data, symbol, date)
    rows = quotes(path)
    events = pyscalp.read(path).read_all()
    assert len(events) == len(rows), "the files have rows of one side only"
    events["venue_time"] = np.arange(1, len(rows) + 1)
    day, _ = _core.touch_day([symbol], [(1, events)])
    times = np.array([said.time for said in messages(day)])
    numbers, books = _core.book_rows(day, 1, 1)
    after = np.searchsorted(times[numbers], np.arange(1, len(rows) + 1), side="right")
    assert after.min() > 0
    assert np.array_equal(books[after - 1], expected_touch(rows))


@pytest.mark.parametrize(("symbol", "date"), ALL)
def test_with_the_trades_each_side_is_its_last_quote(
    market_data: Path, symbol: str, date: str
) -> None:
    """At the end of every millisecond, of each side that was quoted in it."""
    day = day_of(market_data, symbol, date)
    times = np.array([said.time for said in messages(day.messages)])
    assert (np.diff(times) >= 0).all()
    numbers, books = _core.book_rows(day.messages, 1, 1)
    ms = day.quotes["ms"].to_numpy()
    expected = expected_touch(day.quotes)
    for side, columns in (("ask", [0, 1]), ("bid", [2, 3])):
        spoken = ((pl.col(side) != 0) & (pl.col("bad") == 0)).alias("spoken")
        at = np.flatnonzero(day.quotes.select(spoken)["spoken"].to_numpy())
        last = at[np.r_[ms[at][1:] != ms[at][:-1], True]]
        after = np.searchsorted(times[numbers], ms[last] * MS, side="right") - 1
        assert np.array_equal(books[after][:, columns], expected[last][:, columns]), side


# -- the trades --------------------------------------------------------------------------


@pytest.mark.parametrize(("symbol", "date"), ALL)
def test_the_touch_is_the_quoted_one_but_for_a_moment_after_a_trade(
    market_data: Path, symbol: str, date: str
) -> None:
    """At the end of every millisecond in which anything was told, unless a trade at the
    touch or beyond it came on that side within the last 50."""
    day = day_of(market_data, symbol, date)
    times = np.array([said.time for said in messages(day.messages)])
    numbers, books = _core.book_rows(day.messages, 1, 1)
    quoted = day.quotes["ms"].to_numpy()
    moments = np.unique(np.r_[quoted, day.trades["ms"].to_numpy()])
    moments = moments[moments >= quoted[1]]
    after = np.searchsorted(times[numbers], (moments + 1) * MS, side="left") - 1
    expected = expected_touch(day.quotes)[np.searchsorted(quoted, moments, side="right") - 1]
    traded = day.trades.filter(pl.col("fate") == "continuous")["ms"].to_numpy()
    last = np.searchsorted(traded, moments, side="right") - 1
    since = np.where(last >= 0, moments - traded[last], SETTLES_MS)
    quiet = since >= SETTLES_MS
    assert quiet.mean() > 0.5
    assert np.array_equal(books[after][quiet], expected[quiet])
    for price, size in ((0, 1), (2, 3)):  # what trades take is less, never more
        level = books[after][:, price] != NO_PRICE
        assert np.array_equal(books[after][level, price], expected[level, price])
        assert (books[after][:, size] <= expected[:, size]).all()


@pytest.mark.parametrize(("symbol", "date"), ALL)
def test_no_share_is_lost(market_data: Path, symbol: str, date: str) -> None:
    day = day_of(market_data, symbol, date)
    counted = {
        fate: day.trades.filter(pl.col("fate") == fate)["qty"].sum()
        for fate in ("official", "off_exchange", "auction", "untimely", "continuous")
    }
    for fate in ("official", "off_exchange", "auction", "untimely"):
        assert day.counters[fate]["shares"] == counted[fate], fate
    told = traded_by_kind(day.messages, 1)
    assert told["Q"] == counted["auction"]
    assert told["E"] == day.counters["at_touch"]["shares"]
    assert told["C"] == day.counters["beyond"]["shares"]
    assert told["P"] == day.counters["undisplayed"]["shares"]
    assert told["E"] + told["C"] + told["P"] == counted["continuous"]
    assert sum(counted.values()) == day.trades["qty"].sum()
    assert day.counters["refused"] == day.counters["backward"] == 0
    assert day.counters["suspicious"] == day.quotes["bad"].sum()


def test_how_often_the_touches_lock_and_cross(market_data: Path) -> None:
    day = day_of(market_data, "IBM", "2013-10-07")
    bid, ask = day.quotes["bid_after"].to_numpy(), day.quotes["ask_after"].to_numpy()
    told = (day.quotes["bad"].to_numpy() == 0) & (bid > 0) & (ask > 0)
    assert day.counters["locked"] == (told & (bid == ask)).sum() > 0
    assert day.counters["crossed"] == (told & (bid > ask)).sum() > 0


# -- the replay --------------------------------------------------------------------------


class Run(NamedTuple):
    """A replay of one instrument's day, with what it wrote."""

    printed: dict[str, Any]
    folder: Path
    fills: pl.DataFrame
    quotes: pl.DataFrame
    trades: pl.DataFrame


@pytest.fixture(scope="module")
def run(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = quote_zip(market_data, "IBM", "2013-10-07")
    folder = tmp_path_factory.mktemp("ticks") / "run"
    ended = run_command("replay", path.parent, "--date", "2013-10-07", "--json", "--out", folder)
    assert ended.status == 0, ended.err
    trade = path.with_name(path.name.replace("quote", "trade"))
    return Run(
        json.loads(ended.out),
        folder,
        pl.read_parquet(folder / "fills.parquet"),
        quotes(path),
        trades(trade),
    )


def test_the_day_trades_within_its_rules(run: Run, market_data: Path) -> None:
    printed = run.printed
    assert printed["date"] == "2013-10-07"
    assert printed["fills"] == run.fills.height > 50
    assert 0 < printed["holding_s_max"] < 60
    assert printed["final_positions"] == {"IBM": 0}
    assert printed["reconciliation"]["agrees"]
    assert printed["engine"]["rejects"] == 0
    assert (run.folder / "report.html").stat().st_size > 10_000
    times = run.fills["time_ns"]
    assert times.min() >= OPEN_MS * MS
    assert times.max() < CLOSE_MS * MS
    again = run_command("replay", quote_zip(market_data, "IBM", "2013-10-07"), "--json")
    assert json.loads(again.out)["hash"] == printed["hash"]


def test_the_ledger_is_the_exchanges_record(run: Run) -> None:
    with (run.folder / "exchange" / "record.csv").open(encoding="utf-8") as file:
        theirs = {
            (int(row["match"]), int(row["order_reference"])): (int(row["qty"]), int(row["fee_e9"]))
            for row in csv.DictReader(file)
            if row["event"] == "executed"
        }
    ours: dict[tuple[int, int], tuple[int, int]] = {}
    for fill in run.fills.iter_rows(named=True):
        key = (fill["match"], fill["order_reference"])
        qty, fee = ours.get(key, (0, 0))  # booked in two as it went through zero
        ours[key] = (qty + fill["qty"], fee + fill["fee_e9"])
    assert ours == theirs


def venue_ms(fill: dict[str, Any]) -> int:
    """The millisecond in which the venue filled it: its answer took 50 us to come."""
    return int((fill["time_ns"] - 50_000) // MS)


def test_every_passive_fill_has_its_trade_or_quote(run: Run) -> None:
    """Somebody traded at our price or beyond it, or quoted through us, in that very ms."""
    of_the_moment = run.trades.filter(pl.col("fate") == "continuous")
    makers = run.fills.filter(pl.col("liquidity") == "maker")
    assert makers.height > 20
    for fill in makers.iter_rows(named=True):
        buys = fill["side"] == "buy"
        ms = venue_ms(fill)
        traded = of_the_moment.filter(pl.col("ms") == ms)
        other = run.quotes.filter((pl.col("ms") == ms) & (pl.col("bad") == 0))
        if buys:
            reached = traded.filter(pl.col("price") <= fill["price_e9"]).height
            crossed = other.filter((pl.col("ask") > 0) & (pl.col("ask") * E4 <= fill["price_e9"]))
        else:
            reached = traded.filter(pl.col("price") >= fill["price_e9"]).height
            crossed = other.filter(pl.col("bid") * E4 >= fill["price_e9"])
        assert reached or crossed.height, fill


def test_every_taken_fill_was_on_display(run: Run) -> None:
    """It took no more than the size that the quotes showed, at the price that they had."""
    takers = run.fills.filter(pl.col("liquidity") == "taker")
    assert takers.height > 5
    ms = run.quotes["ms"].to_numpy()
    for fill in takers.iter_rows(named=True):
        at = np.searchsorted(ms, venue_ms(fill), side="right") - 1
        side = "ask" if fill["side"] == "buy" else "bid"
        shown = run.quotes.row(int(at), named=True)
        assert fill["price_e9"] == shown[f"{side}_after"], fill
        assert fill["qty"] <= shown[f"{side}_qty_after"], fill


def test_without_orders_the_engines_book_is_the_days(market_data: Path) -> None:
    """Every second the engine's touch is the book after what it had heard by then."""
    quiet = Signals(
        mean_reversion=MeanReversion(enabled=False), book_imbalance=BookImbalance(enabled=False)
    )
    config = Config.included().replace("signals", **dict(quiet))
    fields = {name: getattr(config, name) for name in type(config).model_fields}
    path = quote_zip(market_data, "IBM", "2013-10-08")
    result = replay(path, Config(**(fields | {"instruments": (Instrument(symbol="IBM"),)})))
    day = read_tick_day([path]).messages
    times = np.array([said.time for said in messages(day)])
    numbers, books = _core.book_rows(day, 1, 1)
    samples = result.results.samples
    heard = np.searchsorted(times[numbers], samples["time"] - FEED_LATENCY_NS, side="right")
    assert (heard > 0).sum() > 50_000, "sixteen hours"
    touch = books[heard[heard > 0] - 1]
    assert np.array_equal(samples["ask"][heard > 0], touch[:, 0])
    assert np.array_equal(samples["bid"][heard > 0], touch[:, 2])
    assert result.summary["fills"] == 0
    assert result.summary["messages"] == times.size == result.results.engine["messages"]


@pytest.mark.slow
@pytest.mark.parametrize("date", DATES)
def test_three_instruments_together(market_data: Path, date: str) -> None:
    folder = market_data / "equity_ticks"
    ended = run_command("replay", folder, "--date", date, "--json")
    assert ended.status == 0, ended.err
    printed = json.loads(ended.out)
    assert printed["symbols"] == list(SYMBOLS)
    assert printed["reconciliation"]["agrees"]
    assert printed["holding_s_max"] < 60
    assert set(printed["final_positions"].values()) == {0}
    assert "spy has trades" in " ".join(printed["left_out"])
    alone = [read_tick_day([quote_zip(market_data, s, date)]) for s in SYMBOLS]
    counted = sum(len(list(messages(one.messages))) for one in alone)
    # Of the system's own messages there is one each a day, not one an instrument.
    assert printed["messages"] == counted - 6 * (len(SYMBOLS) - 1)
    again = json.loads(run_command("replay", folder, "--date", date, "--json").out)
    assert again["hash"] == printed["hash"]


def test_trades_of_spy_alone_are_refused(market_data: Path) -> None:
    spy = market_data / "equity_ticks" / "spy"
    ended = run_command("replay", spy, "--date", "2013-10-07")
    assert ended.status == 2
    assert "trades alone do not tell what could be bought or sold" in ended.words
    with pyscalp.read(spy / "20131007_trade.zip") as reader:
        assert reader.read_all()["qty"].sum() > 10**7
    assert reader.instruments == {1: "SPY"}
