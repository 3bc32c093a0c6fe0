"""What a run leaves behind, and the ledger held against the exchange's record."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from pyscalp import run_directory
from pyscalp.config import Config
from pyscalp.errors import EXIT_NOT_WRITTEN, PyscalpError, ResultsNotWritten
from pyscalp.figures import drawdown, figures
from pyscalp.latency_file import encode_latency, latency_table, read_latency, value_at
from pyscalp.reconciliation import reconcile
from pyscalp.run_directory import (
    NO_PRICE,
    Records,
    Results,
    RunDirectory,
)
from pyscalp.run_tables import fill_table, sample_table, trade_table

E9 = 10**9
SYMBOLS = {1: "AMZN", 2: "AAPL"}
FILL = np.dtype([
    ("time", "i8"), ("venue_time", "i8"), ("match", "u8"), ("order_reference", "u8"),
    ("price", "i8"), ("decision_mid", "i8"), ("arrival_mid", "i8"),
    ("arrival_half_spread", "i8"), ("mid", "i8"), ("fee", "i8"), ("qty", "i8"),
    ("position_after", "i8"), ("user_ref", "u4"), ("round_trip", "u4"), ("number", "u4"),
    ("instrument", "u2"), ("side", "u1"), ("liquidity", "u1"), ("intent", "u1"),
    ("signal", "u1"),
])  # fmt: skip
TRIP = np.dtype([
    ("opened", "i8"), ("closed", "i8"), ("entry_notional", "i8"), ("exit_notional", "i8"),
    ("gross", "i8"), ("fees", "i8"), ("half_spread", "i8"), ("slippage", "i8"),
    ("network", "i8"), ("net", "i8"), ("qty", "i8"), ("maker_qty", "i8"), ("id", "u4"),
    ("instrument", "u2"), ("side", "u1"), ("exit_intent", "u1"), ("signal", "u1"),
])  # fmt: skip
SAMPLE = np.dtype([
    ("time", "i8"), ("bid", "i8"), ("ask", "i8"), ("position", "i8"), ("equity", "i8"),
    ("instrument", "u2"),
])  # fmt: skip


def rows(dtype: np.dtype[np.void], *values: dict[str, int]) -> Records:
    """Records with these fields and zeros elsewhere."""
    records = np.zeros(len(values), dtype)
    for record, fields in zip(records, values, strict=True):
        for name, value in fields.items():
            record[name] = value
    return records


def seed_trade() -> Results:
    """The seed's example: 12 - (5 + 3 + 1) = 3 basis points on 1,000 of entry."""
    bp = 1000 * E9 // 10_000
    both = {"fee": 25 * bp // 10, "qty": 10, "instrument": 1, "round_trip": 1, "signal": 2}
    bought = {"time": 5 * E9, "match": 7, "order_reference": 70, "price": 100 * E9}
    bought |= {"decision_mid": NO_PRICE, "arrival_mid": 100 * E9, "position_after": 10}
    sold = {"time": 9 * E9, "match": 8, "order_reference": 71, "price": 101 * E9}
    sold |= {"decision_mid": 101 * E9, "arrival_mid": 101 * E9, "side": 1, "intent": 2}
    trip = {
        "opened": 5 * E9, "closed": 9 * E9, "entry_notional": 1000 * E9,
        "exit_notional": 1010 * E9, "gross": 12 * bp, "fees": 5 * bp,
        "half_spread": 3 * bp, "network": bp, "net": 3 * bp, "qty": 10, "maker_qty": 10,
        "id": 1, "instrument": 1, "exit_intent": 2, "signal": 2,
    }  # fmt: skip
    samples = [
        {"time": (i + 4) * E9, "bid": 99 * E9, "ask": 101 * E9, "equity": e * E9, "instrument": 1}
        for i, e in enumerate([0, 5, 2, 4, 1, 9])
    ]
    samples[2]["ask"] = NO_PRICE
    histograms = {
        "tick_to_trade": (np.array([900, 5000, 70_000]), np.array([98, 1, 1])),
        "feed": (np.array([120]), np.array([4])),
    }
    return Results(
        rows(FILL, both | bought | {"liquidity": 1}, both | sold),
        rows(TRIP, trip),
        rows(SAMPLE, *samples),
        histograms,
        {"positions": {"AMZN": 0}},
        SYMBOLS,
    )


def nothing() -> Results:
    return Results(
        np.empty(0, FILL), np.empty(0, TRIP), np.empty(0, SAMPLE), {}, {"positions": {}}, SYMBOLS
    )


# -- figures and tables -------------------------------------------------------------------


def test_twelve_less_five_three_and_one_is_three() -> None:
    numbers = figures(seed_trade(), 10**6 * E9)
    parts = ("gross", "fees", "half_spread", "slippage", "network", "net")
    assert [numbers[f"{part}_bp_per_trade"] for part in parts] == [12, 5, 3, 0, 1, 3]
    assert numbers["net"] == 0.3
    assert numbers["maker_share"] == 0.5
    assert numbers["holding_s_max"] == 4.0
    assert numbers["winners"] == numbers["round_trips"] == 1
    assert numbers["max_drawdown"] == 4.0
    assert numbers["max_drawdown_of_aum"] == 4e-6


def test_basis_points_have_the_sign_of_the_money() -> None:
    results = seed_trade()
    loser = results.round_trips.copy()
    loser["entry_notional"] *= 100
    loser["net"] = -2 * results.round_trips["net"]
    trips = np.concatenate([results.round_trips, loser])
    numbers = figures(Results(results.fills, trips, results.samples, {}, {}, SYMBOLS), 10**6 * E9)
    assert numbers["net"] < 0
    assert numbers["net_bp_per_trade"] == pytest.approx(-0.3 / 101_000 * 1e4)


def test_figures_of_nothing() -> None:
    numbers = figures(nothing(), E9)
    assert numbers["round_trips"] == numbers["fills"] == 0
    assert numbers["net"] == numbers["max_drawdown"] == 0
    assert numbers["net_bp_per_trade"] is None
    assert numbers["maker_share"] is None
    assert numbers["holding_s_max"] is None
    assert json.loads(json.dumps(numbers)) == numbers


def test_drawdown_is_from_the_peak() -> None:
    assert drawdown(np.array([0, 5, 2, 7, -1])).tolist() == [0, 0, 3, 0, 8]
    assert drawdown(np.array([], dtype=np.int64)).size == 0


def test_drawdown_without_samples_starts_at_nothing() -> None:
    results = seed_trade()
    trips = results.round_trips.copy()
    trips["net"] = -5 * E9
    alone = Results(results.fills, trips, results.samples[:0], {}, {}, SYMBOLS)
    assert figures(alone, 10**6 * E9)["max_drawdown"] == 5.0


def test_tables_have_names_and_exact_money() -> None:
    results = seed_trade()
    fills = fill_table(results).to_pylist()
    assert fills[0]["symbol"] == "AMZN"
    assert [row["side"] for row in fills] == ["buy", "sell"]
    assert [row["liquidity"] for row in fills] == ["taker", "maker"]
    assert [row["intent"] for row in fills] == ["entry", "stop"]
    assert fills[0]["signal"] == "book_imbalance"
    assert fills[0]["price_e9"] == 100 * E9
    assert fills[0]["decision_mid_e9"] is None
    (trade,) = trade_table(results).to_pylist()
    assert trade["net_e9"] == (
        trade["gross_e9"]
        - sum(trade[f"{p}_e9"] for p in ("fees", "half_spread", "slippage", "network"))
    )
    assert trade["net_bp"] == 3
    assert trade["holding_ns"] == 4 * E9
    assert sample_table(results)["ask_e9"].null_count == 1


def test_unknown_instruments_and_codes_are_shown_as_such() -> None:
    results = seed_trade()
    results.fills["instrument"], results.fills["intent"] = 77, 200
    rows = fill_table(results).to_pylist()
    assert rows[0]["symbol"] == "#77"
    assert rows[0]["intent"] == "other"


# -- latency.hdr --------------------------------------------------------------------------


def test_latency_file_comes_back_within_three_digits(tmp_path: Path) -> None:
    values = np.unique(np.geomspace(1, 10**10, 500).astype(np.int64))
    counts = np.arange(1, values.size + 1)
    path = tmp_path / "latency.hdr"
    path.write_text(encode_latency({"feed": (values, counts), "gate": (values[:1], counts[:1])}))
    stages = read_latency(path)
    assert list(stages) == ["feed", "gate"]
    assert stages["feed"][1].sum() == counts.sum()
    before = np.array(value_at(values, counts, [0, 50, 99, 100]))
    after = np.array(value_at(*stages["feed"], [0, 50, 99, 100]))
    assert (np.abs(after - before) <= before / 1000).all()


def test_latency_file_is_read_by_the_library(tmp_path: Path) -> None:
    path = tmp_path / "latency.hdr"
    path.write_text(encode_latency({"send": (np.array([5000]), np.array([3]))}))
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000_000, 3))
    histogram = reader.get_next_interval_histogram()
    reader.close()
    assert histogram.get_tag() == "send"
    assert histogram.get_total_count() == 3
    assert histogram.get_value_at_percentile(50) == pytest.approx(5000, rel=1e-3)


def test_latency_table_has_exact_percentiles_in_the_stages_order() -> None:
    table = latency_table(seed_trade().histograms)
    assert list(table) == ["feed", "tick_to_trade"]
    assert table["tick_to_trade"] == {
        "count": 100, "min": 900, "p50": 900, "p90": 900, "p99": 5000, "p99.9": 70_000,
        "max": 70_000,
    }  # fmt: skip
    assert latency_table({"gate": (np.array([], np.int64), np.array([], np.int64))}) == {}


# -- the folder ---------------------------------------------------------------------------


def write(path: Path, results: Results, report: Callable[[Path], object] = lambda _: None) -> Path:
    folder = RunDirectory.create(path)
    folder.write_config(Config.included())
    summary: dict[str, Any] = {"mode": "run", **figures(results, E9)}
    folder.write_results(results, summary, report)
    return folder.path


@pytest.mark.parametrize("results", [seed_trade(), nothing()], ids=["one trade", "nothing"])
def test_everything_written_is_read_back(results: Results, tmp_path: Path) -> None:
    path = write(tmp_path / "run", results)
    assert sorted(p.name for p in path.iterdir()) == [
        "config.toml", "fills.parquet", "latency.hdr", "samples.parquet", "summary.json",
        "trades.parquet",
    ]  # fmt: skip
    assert Config.load(path / "config.toml") == Config.included()
    run = RunDirectory.open(path).read()
    assert run.summary["fills"] == run.fills.height == results.fills.size
    assert run.trades["net_e9"].to_list() == results.round_trips["net"].tolist()
    assert run.fills.schema["price_e9"] == pl.Int64
    assert latency_table(run.latency).keys() == latency_table(results.histograms).keys()


def test_the_password_is_for_the_owner_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "run", nothing())
    assert stat.S_IMODE((path / "config.toml").stat().st_mode) == 0o600


def test_without_a_name_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = RunDirectory.create(None).path, RunDirectory.create(None).path
    assert first != second
    assert first.parent == second.parent == Path("runs")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(PyscalpError, match="is not empty"):
        RunDirectory.create(tmp_path)
    assert (tmp_path / "mine").read_text() == "x"


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_is_discarded_unless_it_was_there(there: bool, tmp_path: Path) -> None:
    path = tmp_path / "run"
    if there:
        path.mkdir()
    folder = RunDirectory.create(path)
    folder.write_config(Config.included())
    (path / "exchange").mkdir()
    (path / "exchange" / "record.csv").write_text("x")
    folder.discard()
    assert path.exists() == there
    RunDirectory.create(path)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(PyscalpError, match=r"cannot write to the run directory .*--out"):
        RunDirectory.create(tmp_path / "file")
    with pytest.raises(PyscalpError, match=r"cannot write to the run directory .*--out"):
        RunDirectory.create(tmp_path / "file" / "below")


def test_a_full_disk_is_noticed_before_trading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_directory, "_SPACE_NEEDED", 1 << 60)
    with pytest.raises(PyscalpError, match="MiB are free"):
        RunDirectory.create(tmp_path / "run")


def test_what_cannot_be_written_afterwards_keeps_nothing_else_away(tmp_path: Path) -> None:
    folder = RunDirectory.create(tmp_path / "run")
    (folder.path / "trades.parquet").mkdir()
    reported = []

    def report(path: Path) -> None:
        reported.append(path)
        raise OSError(28, "No space left on device")

    with pytest.raises(ResultsNotWritten) as caught:
        folder.write_results(nothing(), {}, report)
    assert caught.value.exit_status == EXIT_NOT_WRITTEN
    assert "trades.parquet (Is a directory)" in str(caught.value)
    assert "report.html (No space left on device)" in str(caught.value)
    assert (folder.path / "fills.parquet").is_file()
    assert reported == [folder.path]
    assert not list(folder.path.glob(".*.part"))


def test_a_run_that_has_not_ended(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run")
    run.write_config(Config.included())
    (run / "journal").mkdir(exist_ok=True)
    with pytest.raises(PyscalpError, match="not over, or was killed before its end"):
        RunDirectory.open(run.path)


def test_what_is_no_run_directory(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="there is no run directory"):
        RunDirectory.open(tmp_path / "none")
    with pytest.raises(PyscalpError, match=r"it has no summary\.json"):
        RunDirectory.open(tmp_path)


@pytest.mark.parametrize("name", ["summary.json", "fills.parquet", "latency.hdr"])
def test_a_damaged_file_is_named(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "run", seed_trade())
    (path / name).write_bytes(b"\xff\xfe{")
    with pytest.raises(PyscalpError, match=name):
        RunDirectory.open(path).read()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "run", seed_trade())
    (path / "samples.parquet").unlink()
    with pytest.raises(PyscalpError, match=r"cannot read .*samples.parquet"):
        RunDirectory.open(path).read()


# -- reconciliation -----------------------------------------------------------------------

HEADER = (
    "sequence,time_ns,event,account,client_ref,original_ref,order_reference,symbol,side,qty,"
    "price_e9,leaves,liquidity,match,fee_e9,reason"
)


def record_line(**changes: object) -> str:
    row: dict[str, object] = dict.fromkeys(HEADER.split(","), 0)
    row |= {"event": "executed", "account": 1, "symbol": "AMZN", "liquidity": "taker"}
    return ",".join(str(value) for value in (row | changes).values())


def agreed() -> tuple[Records, list[str]]:
    fills = seed_trade().fills
    lines = [
        record_line(event="accepted", order_reference=70),
        record_line(
order_reference=70, match=7, side="buy", qty=10, price_e9=100 * E9,
            fee_e9=fills["fee"][0],
        ),
        record_line(order_reference=69, match=7, side="sell", qty=10, account=1000),
        record_line(
            order_reference=71, match=8, side="sell", qty=10, price_e9=101 * E9,
            fee_e9=fills["fee"][1], liquidity="maker",
        ),
    ]  # fmt: skip
    return fills, lines


def differences(fills: Records, lines: list[str], positions: dict[str, int]) -> list[str]:
    text = "\n".join([HEADER, *lines]) + "\n"
    found = reconcile(fills, text, "1", positions, SYMBOLS)
    return [f"{d.what}: {d.ledger} / {d.record}" for d in found.differences]


def test_ledger_and_record_agree(tmp_path: Path) -> None:
    fills, lines = agreed()
    path = tmp_path / "record.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    found = reconcile(fills, path, "1", {"AMZN": 0, "AAPL": 0}, SYMBOLS)
    assert found.agrees
    assert found.fills_compared == 2
    assert found.to_json() == {"agrees": True, "fills_compared": 2, "differences": []}


@pytest.mark.parametrize(
    ("field", "change", "said"),
    [
        ("qty", 1, "qty: 11 / 10"),
        ("price", 1, "price: 100.000000001 / 100.000000000"),
        ("fee", 1, "fee: 0.250000001 / 0.250000000"),
        ("liquidity", -1, "liquidity: maker / taker"),
        ("instrument", 1, "symbol: AAPL / AMZN"),
    ],
)
def test_every_difference_is_seen_to_the_last_digit(field: str, change: int, said: str) -> None:
    fills, lines = agreed()
    fills[field][0] = int(fills[field][0]) + change
    assert differences(fills, lines, {"AMZN": 0}) == [said]


def test_the_other_side_of_a_match_is_another_fill() -> None:
    fills, lines = agreed()
    fills["side"][0] = 1 - fills["side"][0]
    assert differences(fills, lines, {"AMZN": 0}) == [
        "fill: none / buy 10 AMZN at 100.0000, taker",
        "fill: sell 10 AMZN at 100.0000, taker / none",
    ]


def test_fills_that_only_one_side_knows() -> None:
    fills, lines = agreed()
    assert differences(fills, lines[:-1], {"AMZN": 10}) == [
        "fill: sell 10 AMZN at 101.0000, maker / none"
    ]
    assert differences(fills[:1], lines, {"AMZN": 0}) == [
        "fill: none / sell 10 AMZN at 101.0000, maker"
    ]


def test_final_positions_are_held_against_the_record() -> None:
    fills, lines = agreed()
    assert differences(fills, lines, {"AMZN": 5}) == ["final position: 5 / 0"]
    assert differences(fills[:1], lines[:2], {}) == ["final position: 0 / 10"]
    assert differences(fills, lines, {"AMZN": 0, "AAPL": -3}) == ["final position: -3 / 0"]


def test_an_execution_through_zero_is_booked_as_two_fills() -> None:
    fills, lines = agreed()
    split = np.concatenate([fills, fills[1:]])
    split["qty"][1:] = 4, 6
    split["fee"][1:] = 0, fills["fee"][1]
    assert differences(split, lines, {"AMZN": 0}) == []


def test_the_other_account_is_not_ours() -> None:
    fills, lines = agreed()
    text = "\n".join([HEADER, *lines])
    assert len(reconcile(fills, text, "2", {}, SYMBOLS).differences) == 2


def test_a_record_that_is_missing_or_cut(tmp_path: Path) -> None:
    fills, lines = agreed()
    with pytest.raises(PyscalpError, match="cannot read the exchange's record"):
        reconcile(fills, tmp_path / "none.csv", "1", {}, SYMBOLS)
    with pytest.raises(PyscalpError, match="damaged"):
        reconcile(fills, "\n".join([HEADER, lines[0], lines[1][:40]]), "1", {}, SYMBOLS)
