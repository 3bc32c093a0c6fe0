"""`pyscalp run` over UDP and TCP against the included exchange: it trades, and agrees."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from processes import run_command

from pyscalp.config import Config
from pyscalp.day_file import read_day
from pyscalp.latency_file import read_latency
from pyscalp.reconciliation import reconcile
from pyscalp.run import INCLUDED_ACCOUNT
from pyscalp.run_directory import LIQUIDITIES, SIDES

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

pytestmark = pytest.mark.slow

LIMITS = """
[risk]
aum = 1_000_000
max_order_qty = 100
max_order_value = 50_000
price_collar = "1%"
max_position = 200
max_orders_working = 16
rate_limit = 200
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 1000
max_rejects = 20
"""

# Eager: it trades for the sake of trading, passively and not.
EAGER = """
[signals.book_imbalance]
threshold = 0.2
levels = 1
persistence = "0s"
horizon_gain = 10.0

[tactics]
passive_wait = "500ms"
reentry_wait = "10ms"
target = 0.03
stop = 0.10
exit_after = "1s"
"""

QUIET = """
[signals.mean_reversion]
enabled = false
[signals.book_imbalance]
enabled = false
"""

IMPAIRED = """
loss_a = "5%"
loss_b = "5%"
duplicate_a = "5%"
duplicate_b = "5%"
reorder_a = "5%"
reorder_b = "5%"
"""

INSTRUMENTS = '[[instruments]]\nsymbol = "AMZN"\n[[instruments]]\nsymbol = "AAPL"\n'


class Execution(NamedTuple):
    """One execution, as the ledger and the exchange's record both tell it."""

    symbol: str
    side: str
    qty: int
    price_e9: int
    fee_e9: int
    liquidity: str


class Session(NamedTuple):
    """A session that has ended well, and everything it wrote."""

    printed: dict[str, Any]
    folder: Path
    fills: pl.DataFrame
    trades: pl.DataFrame
    samples: pl.DataFrame

    @property
    def record(self) -> Path:
        return self.folder / "exchange" / "record.csv"


def traded(folder: Path, config: str | None, *options: str) -> Session:
    """Run a session to its end and read back what it left."""
    folder.mkdir()
    arguments = list(options)
    if config is not None:
        (folder / "config.toml").write_text(config)
        arguments.insert(0, str(folder / "config.toml"))
    out = folder / "run"
    ended = run_command("run", *arguments, "--out", out, "--json")
    assert ended.status == 0, ended.err
    tables = (pl.read_parquet(out / f"{t}.parquet") for t in ("fills", "trades", "samples"))
    return Session(json.loads(ended.out), out, *tables)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def included(folder: Path) -> Session:
    """The command without any configuration: the agents' market."""
    return traded(folder / "included", None, "--duration", "8s")


@pytest.fixture(scope="module")
def impaired(folder: Path) -> Session:
    """The agents' market over two bad lines."""
    config = '[exchange]\ndriver = "agents"\nspeed = 20\n' + IMPAIRED + INSTRUMENTS
    return traded(folder / "impaired", config + EAGER + LIMITS, "--duration", "8s")


@pytest.fixture(scope="module")
def recorded_day(folder: Path, market_data: Path) -> Session:
    """The exchange plays AMZN's and AAPL's day after the open."""
    file = market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz"
    config = f'[exchange]\ndriver = "replay"\nfile = "{file}"\nfrom = "09:31"\nspeed = 4\n'
    return traded(folder / "day", config + INSTRUMENTS + EAGER + LIMITS, "--duration", "10s")


@pytest.fixture(params=["included", "impaired", "recorded_day"])
def session(request: pytest.FixtureRequest) -> Session:
    found: Session = request.getfixturevalue(request.param)
    return found


def ledger_of(session: Session) -> dict[tuple[int, int], Execution]:
    """The executions of fills.parquet by match and order; fills through zero added up."""
    found: dict[tuple[int, int], Execution] = {}
    for row in session.fills.iter_rows(named=True):
        key = (row["match"], row["order_reference"])
        one = Execution(*(row[name] for name in Execution._fields))
        if before := found.get(key):
            one = one._replace(qty=before.qty + one.qty, fee_e9=before.fee_e9 + one.fee_e9)
        found[key] = one
    return found


def record_of(session: Session) -> dict[tuple[int, int], Execution]:
    with session.record.open(encoding="utf-8") as file:
        return {
            (int(row["match"]), int(row["order_reference"])): Execution(
                row["symbol"], row["side"], int(row["qty"]), int(row["price_e9"]),
                int(row["fee_e9"]), row["liquidity"],
            )
            for row in csv.DictReader(file)
            if row["event"] == "executed" and row["account"] == INCLUDED_ACCOUNT
        }  # fmt: skip


# -- every session --------------------------------------------------------------------------


def test_it_trades(session: Session) -> None:
    assert session.printed["mode"] == "run"
    assert session.printed["fills"] >= 2
    assert session.printed["round_trips"] >= 1
    assert session.printed["error"] == ""


def test_the_ledger_is_the_exchanges_record(session: Session) -> None:
    """Every fill and fee, and the final positions, compared without pyscalp's own code."""
    theirs = record_of(session)
    assert ledger_of(session) == theirs
    positions: dict[str, int] = dict.fromkeys(session.printed["symbols"], 0)
    for execution in theirs.values():
        positions[execution.symbol] += execution.qty * (1 if execution.side == "buy" else -1)
    assert session.printed["final_positions"] == positions
    assert session.printed["reconciliation"] == {
        "agrees": True, "fills_compared": len(theirs), "differences": [],
    }  # fmt: skip


def test_it_ends_flat_with_nothing_working(session: Session) -> None:
    engine = session.printed["engine"]
    assert set(session.printed["final_positions"].values()) == {0}
    assert (engine["phase"], engine["state"], engine["open_orders"]) == ("ended", "ACTIVE", 0)
    leaves: dict[str, int] = {}
    with session.record.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["account"] == INCLUDED_ACCOUNT:
                leaves[row["order_reference"]] = int(row["leaves"])
    assert set(leaves.values()) == {0}


def test_no_position_is_held_for_a_minute(session: Session) -> None:
    assert 0 < session.printed["holding_s_max"] < 60
    assert session.trades["holding_ns"].max() < 60 * 10**9


def test_the_engine_allocated_nothing_and_lost_nothing(session: Session) -> None:
    engine = session.printed["engine"]
    assert session.printed["allocations"] == 0
    spin = session.printed["spin"]
    assert 0 < spin["watched_ns"] < 600 * 10**9
    assert 0 <= spin["worst_ns"] <= spin["lost_ns"] <= spin["watched_ns"]
    assert any(line.startswith("engine pinned to core") for line in session.printed["machine"])
    assert engine["orders_in_gap"] == 0
    assert engine["events_lost"] == 0
    assert not engine["gaps_open"]


def test_the_files_say_what_the_summary_says(session: Session) -> None:
    printed = session.printed
    written = json.loads((session.folder / "summary.json").read_text())
    assert printed == written | {"directory": str(session.folder)}
    assert session.fills.height == printed["fills"] == printed["engine"]["fills"]
    assert session.trades.height == printed["round_trips"] == printed["engine"]["round_trips"]
    assert session.fills["fee_e9"].sum() == round(printed["fees_all_fills"] * 1e9)
    for part in ("gross", "fees", "half_spread", "slippage", "network", "net"):
        assert session.trades[f"{part}_e9"].sum() == round(printed[part] * 1e9), part
    trips = session.trades
    costs = sum(trips[f"{part}_e9"] for part in ("fees", "half_spread", "slippage", "network"))
    assert trips["net_e9"].to_list() == (trips["gross_e9"] - costs).to_list()
    assert set(session.fills["round_trip"]) == set(trips["id"])
    latency = read_latency(session.folder / "latency.hdr")
    counts = {stage: int(np.sum(count)) for stage, (_, count) in latency.items()}
    assert counts.pop("spin_gap", 0) == printed["spin"]["gaps"]
    assert counts == {stage: row["count"] for stage, row in printed["latency_ns"].items()}
    assert counts["tick_to_trade"] > 0
    assert Config.load(session.folder / "config.toml").venue.named
    page = (session.folder / "report.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert printed["hash"] in page
    assert (session.folder / "journal" / "engine.journal").stat().st_size > 0


# -- bad lines ------------------------------------------------------------------------------


def test_gaps_come_and_are_closed_and_no_order_leaves_in_one(impaired: Session) -> None:
    engine = impaired.printed["engine"]
    assert engine["gaps"] > 1
    assert engine["gap_requests"] > 0
    assert engine["orders_in_gap"] == 0
    assert not engine["gaps_open"]


def test_once_quiet_the_books_are_the_exchanges(market_data: Path, tmp_path: Path) -> None:
    """Over two bad lines a short day arrives whole, and its last touch is the recorded one."""
    day = read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")
    start, count = 0, 0
    while int.from_bytes(day[start + 7 : start + 13], "big") < (34_200 + 24) * 10**9:
        start += 2 + (day[start] << 8 | day[start + 1])
        count += 1
    file = tmp_path / "short.itch50"
    file.write_bytes(day[:start])
    config = f'[exchange]\ndriver = "replay"\nfile = "{file}"\nfrom = "09:30"\nspeed = 4\n'
    session = run_command(
        "run",
        written(tmp_path / "a.toml", config + IMPAIRED + INSTRUMENTS + QUIET + LIMITS),
        "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert session.status == 0, session.err
    engine = json.loads(session.out)["engine"]
    assert engine["gaps"] > 1
    assert engine["messages"] == count
    for instrument in engine["instruments"]:
        _, rows = _core.book_rows(day[:start], instrument["instrument"], 1)
        touch = [instrument[name] for name in ("ask", "ask_qty", "bid", "bid_qty")]
        assert touch == rows[-1].tolist(), instrument["symbol"]


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


# -- the comparison itself ------------------------------------------------------------------


def fill_records(session: Session) -> np.ndarray[Any, np.dtype[np.void]]:
    """fills.parquet as the engine's own array, as far as the comparison looks at it."""
    numbers = {symbol: int(n) for n, symbol in session.printed["engine"]["symbols"].items()}
    fields = [
        ("match", "u8"), ("order_reference", "u8"), ("instrument", "u2"), ("side", "u1"),
        ("qty", "i8"), ("price", "i8"), ("fee", "i8"), ("liquidity", "u1"),
    ]  # fmt: skip
    rows = [
        (
            row["match"], row["order_reference"], numbers[row["symbol"]],
            SIDES.index(row["side"]), row["qty"], row["price_e9"], row["fee_e9"],
            LIQUIDITIES.index(row["liquidity"]),
        )
        for row in session.fills.iter_rows(named=True)
    ]  # fmt: skip
    return np.array(rows, dtype=fields)


def differences(session: Session, record: str) -> dict[str, list[str]]:
    """What `reconcile` finds between the session's ledger and this record."""
    numbers = {int(n): symbol for n, symbol in session.printed["engine"]["symbols"].items()}
    positions = session.printed["final_positions"]
    found: dict[str, list[str]] = defaultdict(list)
    records = fill_records(session)
    for one in reconcile(records, record, INCLUDED_ACCOUNT, positions, numbers).differences:
        found[one.what].append(one.where)
    return dict(found)


def record_with(session: Session, column: str, change: int | str) -> tuple[str, dict[str, str]]:
    """The record with one field of one execution altered, and that execution as it was."""
    rows = list(csv.DictReader(session.record.read_text().splitlines()))
    executed = [row for row in rows if row["event"] == "executed"]
    row = executed[len(executed) // 2]
    before = dict(row)
    row[column] = change if isinstance(change, str) else str(int(row[column]) + change)
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines) + "\n", before


@pytest.mark.parametrize(
    ("column", "change", "what"),
    [
        ("qty", 1, {"qty", "final position"}),
        ("price_e9", 1, {"price"}),
        ("price_e9", -100_000, {"price"}),
        ("fee_e9", 1, {"fee"}),
        ("liquidity", "unsaid", {"liquidity"}),
        ("match", 1_000_000, {"fill"}),
        ("event", "canceled", {"fill", "final position"}),
        ("account", "2", {"fill", "final position"}),
    ],
)
def test_a_planted_difference_is_found(
    included: Session, column: str, change: int | str, what: set[str]
) -> None:
    record, altered = record_with(included, column, change)
    found = differences(included, record)
    assert set(found) == what
    where = f"match {altered['match']}, {altered['side']}"
    assert all(where in found[w] or found[w] == [altered["symbol"]] for w in what)


def test_a_line_that_is_missing_and_one_too_many_are_found(included: Session) -> None:
    lines = included.record.read_text().splitlines()
    assert differences(included, "\n".join(lines)) == {}
    last = max(i for i, line in enumerate(lines) if ",executed,1," in line)
    without = lines[:last] + lines[last + 1 :]
    assert set(differences(included, "\n".join(without))) == {"fill", "final position"}
    fields = lines[last].split(",")
    match = lines[0].split(",").index("match")
    fields[match] = str(int(fields[match]) + 1)
    doubled = [*lines, ",".join(fields)]
    assert set(differences(included, "\n".join(doubled))) == {"fill", "final position"}
