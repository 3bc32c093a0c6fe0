"""Where the money of a run went: tables, sums and styles, against sums made here."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_report import visible
from test_run_directory import E9, FILL, SYMBOLS, TRIP, nothing, rows, seed_trade

from pyscalp import ReplayResult, _core, replay
from pyscalp.replay import config_for
from pyscalp.report import render
from pyscalp.run import INCLUDED_ACCOUNT
from pyscalp.run_directory import NO_PRICE, Results, RunDirectory, WrittenRun
from pyscalp.run_economics import RunEconomics
from pyscalp.run_tables import HORIZONS_S, MONEY, fill_table, trade_table
from pyscalp.styles import STYLES, compare_styles

COSTS = MONEY[1:-1]
DAY = "itch/AMZN_AAPL_2012-06-21.itch50.xz"


@pytest.fixture(scope="module")
def compared(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ReplayResult:
    """The recorded day, traded in all styles."""
    folder = tmp_path_factory.mktemp("day") / "run"
    seen: list[tuple[int, int]] = []
    result = replay(
        market_data / DAY,
        out=folder,
        compare_styles=True,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert result.exit_status == 0
    assert seen == sorted(seen)
    assert len({total for _, total in seen}) == 1
    assert seen[-1][0] > 0.8 * seen[-1][1]
    return result


@pytest.fixture(scope="module")
def day(compared: ReplayResult) -> WrittenRun:
    assert compared.directory is not None
    return RunDirectory.open(compared.directory).read()


# -- the tables ---------------------------------------------------------------------------


def test_the_fills_of_a_round_trip_add_up_to_it(day: WrittenRun) -> None:
    parts = [f"{name}_e9" for name in ("half_spread", "slippage", "network")]
    sums = day.fills.group_by("round_trip").agg(pl.col(*parts).sum(), pl.col("fee_e9").sum())
    both = day.trades.join(sums, left_on="id", right_on="round_trip", suffix="_fills")
    assert both.height == day.trades.height > 100
    for part in parts:
        assert both[part].to_list() == both[f"{part}_fills"].to_list(), part
    assert both["fees_e9"].to_list() == both["fee_e9"].to_list()


def test_a_fills_costs_are_its_prices(day: WrittenRun) -> None:
    """A taker's touch is across the spread, a maker's is its own side."""
    makers = 0
    for fill in day.fills.iter_rows(named=True):
        sign = 1 if fill["side"] == "buy" else -1
        worse = sign * (fill["price_e9"] - fill["arrival_mid_e9"]) * fill["qty"]
        assert fill["half_spread_e9"] + fill["slippage_e9"] == worse
        maker = fill["liquidity"] == "maker"
        makers += maker
        assert (fill["half_spread_e9"] <= 0) if maker else (fill["half_spread_e9"] >= 0)
        network = sign * (fill["arrival_mid_e9"] - fill["decision_mid_e9"]) * fill["qty"]
        assert fill["network_e9"] == network
    assert 0 < makers < day.fills.height


def test_the_nets_are_the_cash_of_the_exchanges_record(
    day: WrittenRun, compared: ReplayResult
) -> None:
    """To 1e-9, from the record alone; what is held at the end is nothing."""
    summary = compared.summary
    assert compared.directory is not None
    cash = held = 0
    with (compared.directory / "exchange" / "record.csv").open() as file:
        for row in csv.DictReader(file):
            if row["event"] == "executed" and row["account"] == INCLUDED_ACCOUNT:
                sign = 1 if row["side"] == "buy" else -1
                held += sign * int(row["qty"])
                cash -= sign * int(row["price_e9"]) * int(row["qty"]) + int(row["fee_e9"])
    assert held == 0
    assert cash != 0
    assert day.trades["net_e9"].sum() == cash
    totals = {name: day.trades[f"{name}_e9"].sum() for name in MONEY}
    assert totals["gross"] - sum(totals[name] for name in COSTS) == cash
    for name in MONEY:
        assert round(summary["economics"]["parts"][name]["money"] * 1e9) == totals[name]


def test_adverse_selection_is_the_move_of_the_mid(day: WrittenRun) -> None:
    last = day.samples["time_ns"].max()
    assert isinstance(last, int)
    for horizon in HORIZONS_S:
        known = 0
        for fill in day.fills.iter_rows(named=True):
            after, adverse = fill[f"mid_{horizon}s_e9"], fill[f"adverse_{horizon}s_e9"]
            if fill["time_ns"] + horizon * E9 > last:
                assert after is None
            if after is None or fill["mid_e9"] is None:
                assert adverse is None
                continue
            sign = 1 if fill["side"] == "buy" else -1
            assert adverse == sign * (fill["mid_e9"] - after) * fill["qty"]
            known += 1
        assert known > 0.95 * day.fills.height


def test_a_trades_adverse_selection_is_that_of_its_fills_or_unknown() -> None:
    fills = rows(
        FILL,
        {"round_trip": 1, "qty": 10, "mid": 100},
        {"round_trip": 1, "qty": 10, "mid": 105, "side": 1},
        {"round_trip": 2, "qty": 4, "mid": 100},
        {"round_trip": 3, "qty": 4, "mid": NO_PRICE},
    )
    mids = np.array([[97, 99, 98], [106, NO_PRICE, 100], [1, 2, 3], [4, 5, 6]])
    trips = rows(TRIP, {"id": 3}, {"id": 1})  # the second is still open
    results = Results(fills, trips, nothing().samples, {}, {}, SYMBOLS, mids)
    found = fill_table(results)
    assert found["adverse_1s_e9"].to_pylist() == [30, 10, 396, None]
    assert found["adverse_5s_e9"].to_pylist() == [10, None, 392, None]
    assert found["mid_5s_e9"].to_pylist() == [99, None, 2, 5]
    trades = trade_table(results)
    assert trades["adverse_1s_e9"].to_pylist() == [None, 40]
    assert trades["adverse_5s_e9"].to_pylist() == [None, None]
    assert trades["adverse_30s_e9"].to_pylist() == [None, 20 - 50]


# -- the sums -----------------------------------------------------------------------------


def test_parts_are_sums_and_means(day: WrittenRun) -> None:
    e = RunEconomics.of_tables(day.trades, day.fills)
    entered = sum(day.trades["entry_notional_e9"].to_list())
    for name in MONEY:
        money = day.trades[f"{name}_e9"].to_list()
        assert e.parts[name].money == sum(money) / 1e9
        assert e.parts[name].bp == pytest.approx(float(Fraction(10_000 * sum(money), entered)))
        each = [
            1e4 * one / opened
            for one, opened in zip(money, day.trades["entry_notional_e9"], strict=True)
        ]
        assert e.parts[name].bp_mean == pytest.approx(sum(each) / len(each))
    costs = sum(e.parts[name].bp for name in COSTS)
    assert e.parts["gross"].bp - costs == pytest.approx(e.parts["net"].bp)


def test_adverse_selection_is_told_apart_by_liquidity(day: WrittenRun) -> None:
    e = RunEconomics.of_tables(day.trades, day.fills)
    for liquidity in ("maker", "taker", "all"):
        for at in e.adverse[liquidity]:
            against = gained = notional = count = 0
            for fill in day.fills.iter_rows(named=True):
                if liquidity not in (fill["liquidity"], "all"):
                    continue
                if fill[f"adverse_{at.horizon_s}s_e9"] is None:
                    continue
                count += 1
                sign = 1 if fill["side"] == "buy" else -1
                after = fill[f"mid_{at.horizon_s}s_e9"]
                against += fill[f"adverse_{at.horizon_s}s_e9"]
                gained += sign * (after - fill["price_e9"]) * fill["qty"]
                notional += fill["price_e9"] * fill["qty"]
            assert at.fills == count
            assert at.adverse_bp == pytest.approx(1e4 * against / notional)
            assert at.markout_bp == pytest.approx(1e4 * gained / notional)


def test_the_net_is_positive_exactly_above_the_break_even_win_rate(day: WrittenRun) -> None:
    random = np.random.default_rng(5)
    signs = set()
    for _ in range(200):
        some = day.trades[random.choice(day.trades.height, 25, replace=False)]
        # Lifted a little, so that some of these days win.
        lift = pl.lit(int(random.integers(0, E9)))
        e = RunEconomics.of_tables(some.with_columns(pl.col("net_e9") + lift), day.fills)
        assert e.win_rate is not None
        assert e.break_even_win_rate is not None
        gains = e.parts["net"].money > 0
        signs.add(gains)
        assert (e.win_rate > e.break_even_win_rate) == gains
    assert signs == {True, False}


def test_without_a_trade_there_is_nothing_to_tell() -> None:
    e = RunEconomics.of(nothing())
    assert (e.trades, e.fills, e.parts, e.win_rate) == (0, 0, {}, None)
    assert json.loads(json.dumps(e.to_json()))["adverse"]["all"][0]["adverse_bp"] is None


def test_one_trade_that_wins_breaks_even_at_no_win_at_all() -> None:
    e = RunEconomics.of(seed_trade())
    assert (e.win_rate, e.break_even_win_rate) == (1, 0)
    assert e.parts["net"].bp == 3


# -- styles -------------------------------------------------------------------------------


def test_each_style_is_a_replay_of_its_own(day: WrittenRun, compared: ReplayResult) -> None:
    summary = compared.summary
    assert [row["style"] for row in summary["styles"]] == list(STYLES)
    assert day.summary["styles"] == summary["styles"]
    by_style = {row["style"]: row for row in summary["styles"]}
    assert by_style["choose"]["hash"] == summary["hash"]
    assert by_style["choose"]["parts"] == summary["economics"]["parts"]
    assert all(row["agrees"] for row in summary["styles"])
    orders = summary["engine"]["orders_sent"]
    assert by_style["choose"]["fill_rate"] == day.fills["user_ref"].n_unique() / orders


def test_styles_of_a_simulated_day(tmp_path: Path) -> None:
    path = tmp_path / "day.itch50"
    path.write_bytes(_core.simulate_day(seed=3, duration_ns=600 * E9, symbols=["AMZN", "AAPL"]))
    taker, maker, choose = compare_styles(path)
    assert maker["maker_share"] > (taker["maker_share"] or 0)
    assert maker["parts"]["half_spread"]["money"] < 0 < maker["trades"]
    alone = replay(path)
    assert choose["hash"] == alone.summary["hash"]
    config = config_for(path.read_bytes()).replace("tactics", style="maker")
    assert replay(path, config).summary["hash"] == maker["hash"]


def test_the_report_has_a_line_for_each_style(day: WrittenRun) -> None:
    text = visible(render(day))
    assert "Where every basis point went" in text
    assert "What the mid did after fills" in text
    table = text[text.index("Taker, maker, or either") :]
    for row in day.summary["styles"]:
        assert f"{row['style']} {row['trades']:,}" in table
