"""A recorded day through the command line: what `pyscalp replay` promises, on real data."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from processes import run_command

from pyscalp.config import Config
from pyscalp.config_sections import Instrument
from pyscalp.config_signals import BookImbalance, MeanReversion, Signals
from pyscalp.day_file import read_day
from pyscalp.replay import replay

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

NO_PRICE = 2**63 - 1
LOCATES = {"AMZN": 1, "AAPL": 2}
MESSAGES = 381_980
FEED_LATENCY_NS = 50_000
MINUTE_NS = 60 * 10**9
FEES_E9 = {"maker": -2_000_000, "taker": 3_000_000}
"""Per share, as the included configuration has them."""


class Execution(NamedTuple):
    """One execution, as the ledger and the exchange's record both tell it."""

    symbol: str
    side: str
    qty: int
    price_e9: int
    fee_e9: int
    liquidity: str


class Run(NamedTuple):
    """A replay of the whole day with everything it wrote."""

    printed: dict[str, Any]
    folder: Path
    fills: pl.DataFrame
    trades: pl.DataFrame
    samples: pl.DataFrame


@pytest.fixture(scope="module")
def file(market_data: Path) -> Path:
    return market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz"


@pytest.fixture(scope="module")
def day(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("day") / "run"
    ended = run_command("replay", file, "--json", "--out", folder)
    assert ended.status == 0, ended.err
    tables = (pl.read_parquet(folder / f"{t}.parquet") for t in ("fills", "trades", "samples"))
    return Run(json.loads(ended.out), folder, *tables)


def signed(fills: pl.DataFrame, column: str) -> pl.Series:
    """A column of the fills, negative where they are sales."""
    sign = pl.Series(np.where(fills["side"].cast(pl.String) == "buy", 1, -1))
    return fills[column] * sign


def recorded(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "exchange" / "record.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


# -- what is printed --------------------------------------------------------------------


def test_the_summary_has_what_was_promised(day: Run) -> None:
    printed = day.printed
    for key in (
        "hash", "messages", "messages_per_second", "fills", "net_bp_per_trade", "holding_s_max",
    ):  # fmt: skip
        assert printed[key] is not None, key
    assert printed["messages"] == MESSAGES
    assert printed["symbols"] == ["AMZN", "AAPL"]
    assert printed["error"] == ""
    written = json.loads((day.folder / "summary.json").read_text())
    assert printed == written | {"directory": str(day.folder)}


def test_both_signals_have_traded(day: Run) -> None:
    entries = day.fills.filter(pl.col("intent") == "entry")
    assert set(entries["signal"].cast(pl.String)) == {"mean_reversion", "book_imbalance"}
    assert set(entries["symbol"].cast(pl.String)) == {"AMZN", "AAPL"}


def test_nothing_is_held_for_a_minute_and_nothing_is_left(day: Run) -> None:
    assert 0 < day.printed["holding_s_max"] < 60
    assert day.trades["holding_ns"].max() == pytest.approx(day.printed["holding_s_max"] * 1e9)
    assert day.printed["final_positions"] == {"AMZN": 0, "AAPL": 0}
    assert day.printed["engine"]["open_orders"] == 0
    held = pl.DataFrame({"symbol": day.fills["symbol"], "qty": signed(day.fills, "qty")})
    assert held.group_by("symbol").agg(pl.col("qty").sum())["qty"].to_list() == [0, 0]


def test_equal_inputs_give_an_equal_hash(day: Run, file: Path) -> None:
    again = json.loads(run_command("replay", file, "--json").out)
    slower = json.loads(run_command("replay", file, "--json", "--order-latency", "2ms").out)
    assert again["hash"] == day.printed["hash"]
    assert again["net"] == day.printed["net"]
    assert slower["hash"] != day.printed["hash"]
    assert slower["messages"] == MESSAGES
    assert slower["reconciliation"]["agrees"]


# -- the ledger and the record ------------------------------------------------------------


def test_the_ledger_is_the_exchanges_record(day: Run) -> None:
    """Every fill, fee and final position, compared here without pyscalp's own code."""
    theirs = {
        (int(row["match"]), int(row["order_reference"])): Execution(
            row["symbol"], row["side"], int(row["qty"]), int(row["price_e9"]),
            int(row["fee_e9"]), row["liquidity"],
        )
        for row in recorded(day.folder)
        if row["event"] == "executed"
    }  # fmt: skip
    ours: dict[tuple[int, int], Execution] = {}
    for row in day.fills.iter_rows(named=True):
        key = (row["match"], row["order_reference"])
        one = Execution(*(row[name] for name in Execution._fields))
        if before := ours.get(key):  # booked in two as it went through zero
            one = one._replace(qty=before.qty + one.qty, fee_e9=before.fee_e9 + one.fee_e9)
        ours[key] = one
    assert ours == theirs
    assert len(theirs) == day.printed["reconciliation"]["fills_compared"] > 100

    positions: dict[str, int] = defaultdict(int)
    for execution in theirs.values():
        positions[execution.symbol] += execution.qty * (1 if execution.side == "buy" else -1)
        assert execution.fee_e9 == execution.qty * FEES_E9[execution.liquidity]
    assert positions == day.printed["final_positions"]


def test_every_order_of_the_record_comes_to_its_end(day: Run) -> None:
    leaves: dict[str, int] = {}
    counted: dict[str, int] = defaultdict(int)
    for row in recorded(day.folder):
        counted[row["event"]] += 1
        leaves[row["order_reference"]] = int(row["leaves"])
    assert set(leaves.values()) == {0}
    assert counted["accepted"] == day.printed["engine"]["orders_sent"]
    assert counted["rejected"] == day.printed["engine"]["rejects"] == 0


# -- the money ----------------------------------------------------------------------------


def test_every_round_trip_adds_up(day: Run) -> None:
    trips = day.trades
    parts = ("fees_e9", "half_spread_e9", "slippage_e9", "network_e9")
    assert trips["net_e9"].to_list() == (
        trips["gross_e9"] - sum(trips[part] for part in parts)
    ).to_list()  # fmt: skip


def test_every_round_trip_is_its_fills(day: Run) -> None:
    """Net is what was taken less what was paid and the fees, from the fills alone."""
    fills = day.fills.with_columns(signed(day.fills, "qty").alias("change"))
    by_trip = fills.group_by("round_trip").agg(
        (-(pl.col("change") * pl.col("price_e9")).sum() - pl.col("fee_e9").sum()).alias("net_e9"),
        pl.col("fee_e9").sum().alias("fees_e9"),
        pl.col("change").sum().alias("left"),
        pl.col("time_ns").min().alias("opened_ns"),
        pl.col("time_ns").max().alias("closed_ns"),
        (pl.col("qty") * (pl.col("change") > 0)).sum().alias("qty"),
    )
    both = day.trades.join(
        by_trip, left_on="id", right_on="round_trip", how="full", suffix="_fills"
    )
    assert both.height == day.trades.height == day.printed["round_trips"]
    assert set(both["left"]) == {0}
    for column in ("net_e9", "fees_e9", "opened_ns", "closed_ns", "qty"):
        assert both[column].to_list() == both[f"{column}_fills"].to_list(), column


def test_the_summary_is_the_sum_of_its_rows(day: Run) -> None:
    printed, trips = day.printed, day.trades
    assert printed["fills"] == day.fills.height
    for part in ("gross", "fees", "half_spread", "slippage", "network", "net"):
        total = trips[f"{part}_e9"].sum()
        assert round(printed[part] * 1e9) == total, part
        notional = trips["entry_notional_e9"].abs().sum()
        assert printed[f"{part}_bp_per_trade"] == pytest.approx(1e4 * total / notional)
    engine = printed["engine"]
    assert engine["equity"] == engine["realised"] - engine["fees"] == trips["net_e9"].sum()
    assert engine["fees"] == day.fills["fee_e9"].sum() == trips["fees_e9"].sum()


# -- the books ----------------------------------------------------------------------------


def test_without_orders_the_engines_books_are_the_recording(file: Path) -> None:
    """Every message arrives, and every second the touch is the recorded one."""
    quiet = Signals(
        mean_reversion=MeanReversion(enabled=False), book_imbalance=BookImbalance(enabled=False)
    )
    config = Config.included().replace("signals", **dict(quiet))
    symbols = {"instruments": tuple(Instrument(symbol=symbol) for symbol in LOCATES)}
    fields = {name: getattr(config, name) for name in type(config).model_fields}
    result = replay(file, Config(**(fields | symbols)))
    engine = result.results.engine
    assert engine["orders_sent"] == result.summary["fills"] == 0
    assert engine["messages"] == result.summary["messages"] == MESSAGES

    recording = read_day(file)
    times = np.array(list(message_times(recording)))
    for symbol, locate in LOCATES.items():
        numbers, rows = _core.book_rows(recording, locate, 1)
        samples = result.results.samples[result.results.samples["instrument"] == locate]
        assert samples.size > 23_000, symbol
        heard = np.searchsorted(times[numbers], samples["time"] - FEED_LATENCY_NS, side="right")
        seen = samples[heard > 0]
        touch = rows[heard[heard > 0] - 1]
        assert np.array_equal(seen["ask"], touch[:, 0]), symbol
        assert np.array_equal(seen["bid"], touch[:, 2]), symbol
        (final,) = (row for row in engine["instruments"] if row["symbol"] == symbol)
        assert [final[name] for name in ("ask", "ask_qty", "bid", "bid_qty")] == rows[-1].tolist()


def message_times(day: bytes) -> Iterator[int]:
    at = 0
    while at < len(day):
        yield int.from_bytes(day[at + 7 : at + 13], "big")
        at += 2 + (day[at] << 8 | day[at + 1])


# -- a part of the day ----------------------------------------------------------------------


def test_half_an_hour(file: Path, tmp_path: Path) -> None:
    hours = ("--from", "12:00", "--to", "12:30")
    folder = tmp_path / "run"
    ended = run_command("replay", file, *hours, "--json", "--out", folder)
    assert ended.status == 0, ended.err
    printed = json.loads(ended.out)
    assert printed["fills"] > 0
    assert printed["reconciliation"]["agrees"]
    assert printed["final_positions"] == {"AMZN": 0, "AAPL": 0}
    fills = pl.read_parquet(folder / "fills.parquet")
    first, last = 12 * 60 * MINUTE_NS, (12 * 60 + 30) * MINUTE_NS
    assert first <= fills["time_ns"].min()
    assert fills["time_ns"].max() < last + MINUTE_NS
    again = run_command("replay", file, *hours, "--json")
    assert json.loads(again.out)["hash"] == printed["hash"]


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (("--from", "12:30", "--to", "12:00"), "ends (12:00) before it begins (12:30)"),
        (("--from", "23:00"), "the recording holds no message after that time"),
        (("--from", "noon"), 'is not a time of day: "noon"'),
    ],
)
def test_hours_that_are_none(file: Path, tmp_path: Path, hours: tuple[str, ...], said: str) -> None:
    ended = run_command("replay", file, *hours, "--out", tmp_path / "run")
    assert ended.status == 2
    assert said in ended.words
    assert not (tmp_path / "run").exists()
