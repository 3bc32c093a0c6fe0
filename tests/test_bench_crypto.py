"""The benches of the crypto venue: what they measure and what they hold equal, not times."""

from __future__ import annotations

import bisect
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from polling_relay import PolledBook
from staleness import Heard, Truth, staleness, together

from pyscalp import _core, cli
from pyscalp.bench_compare import samples_of
from pyscalp.bench_crypto_client import CLIENTS, DictBook
from pyscalp.bench_crypto_feed import _compare, bench_crypto_feed, read_session
from pyscalp.bench_crypto_server import frame
from pyscalp.bench_crypto_trade import PATHS, bench_crypto_trade
from pyscalp.errors import PyscalpError

BENCH = Path(__file__).resolve().parents[1] / "bench"
TRIGGERS = 40
COUNTED = TRIGGERS - TRIGGERS // 10

pytestmark = pytest.mark.skipif(
    not hasattr(_core, "FeedProbe"), reason="built without the crypto venue"
)


# ---- Tick to trade over TLS ----


@pytest.fixture(scope="module")
def traded() -> dict[str, Any]:
    return bench_crypto_trade(triggers=TRIGGERS, rate=200, rounds=1)


def test_every_trigger_is_accounted_for_and_no_order_is_filled(traded: dict[str, Any]) -> None:
    assert [(row["role"], row["transport"]) for row in traded["rows"]] == [
        (role, path) for path in PATHS for role in ("engine", "echo")
    ]
    for row in traded["rows"]:
        wire = row["wire"]
        assert row["triggers"] == wire["count"] + row["unanswered"] == COUNTED
        assert 0 < wire["min"] <= wire["p50"] <= wire["p99"] <= wire["max"]
        assert row["from_intended"]["p50"] >= wire["min"]
        if row["role"] == "engine":
            assert row["stages"]["tick_to_trade"]["count"] >= wire["count"]
            assert row["stages"]["tick_to_trade"]["min"] < wire["max"]
            assert (row["phase"], row["errors"]) == ("ended", [])
            assert row["allocations"] == row["records_lost"] == row["gaps"] == 0
        else:
            assert 0 < row["way_in"]["min"] < wire["max"]


def test_the_echo_sends_what_the_engine_sends(traded: dict[str, Any]) -> None:
    engine = {row["transport"]: row for row in traded["rows"] if row["role"] == "engine"}
    for row in traded["rows"]:
        assert row["order_bytes"] > 300
        # Ids of clients and signatures' times may have a digit more or less.
        assert abs(row["order_bytes"] - engine[row["transport"]]["order_bytes"]) <= 2


def test_each_path_has_its_figure(traded: dict[str, Any]) -> None:
    names = [figure["name"] for figure in traded["figures"]]
    for path in PATHS:
        assert f"over the bare TLS echo, order by {path}, p50" in names
    assert set(samples_of({"bench": "tick-to-trade", **traded})) == {
        f"{who}, {path}" for path in PATHS for who in ("engine", "bare echo")
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--venue", "moon"], "--venue is nasdaq or crypto"),
        (["--venue", "crypto", "--transports", "xdp"], 'there is no "xdp"'),
        (["--venue", "crypto", "--only", "asyncio"], 'there is no "asyncio"'),
        (["--venue", "crypto", "--rate", "5000"], "rate must be 1 to 800"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.status_of(["bench", "tick-to-trade", *options]) != 0
    assert said in " ".join(capsys.readouterr().err.split())


# ---- Socket bytes to book ----


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_says_its_size_in_the_fewest_bytes(size: int) -> None:
    made = frame(b"x" * size)
    assert made[0] == 0x81
    if size < 126:
        told, head = made[1], 2
    elif size < 1 << 16:
        (told,), head = struct.unpack(">H", made[2:4]), 4
    else:
        (told,), head = struct.unpack(">Q", made[2:10]), 10
    assert told == size == len(made) - head


def test_the_books_of_all_clients_are_equal(market_data: Path) -> None:
    for package in ("picows", "orjson", "websockets"):
        pytest.importorskip(package)
    file = market_data / "binance" / "usdm_btcusdt_20240808.gz"
    result = bench_crypto_feed(file, messages=4_000, rate=8_000, rounds=1)
    assert [row["name"] for row in result["rows"]] == list(CLIENTS)
    assert result["left_out"] == {}
    assert min(result["levels"].values()) > 900
    for row in result["rows"]:
        latency = row["latency"]
        assert 0 < latency["min"] <= latency["p50"] <= latency["p99"] <= latency["max"]
        assert row["per_second"] > 0
    assert set(samples_of({"bench": "crypto-feed", **result})) == set(CLIENTS)


def test_books_that_differ_end_the_measurement() -> None:
    books: dict[str, Any] = {}
    _compare(books, "one", {"bids": [[2, 3]], "asks": []})
    with pytest.raises(PyscalpError, match="bids of other are not those of one"):
        _compare(books, "other", {"bids": [[2, 4]], "asks": []})


def test_a_session_ends_with_a_change_that_no_ticker_is_ahead_of(market_data: Path) -> None:
    session = read_session(market_data / "binance" / "usdm_btcusdt_20240808.gz", 5_000)
    told = [json.loads(line)["data"] for line in session.lines]
    assert told[-1]["e"] == "depthUpdate"
    assert all(data["u"] <= told[-1]["u"] for data in told if data["e"] == "bookTicker")
    assert json.loads(session.snapshot)["lastUpdateId"] > told[0]["u"]


def change(first: int, last: int, before: int, bids: list[list[str]]) -> dict[str, Any]:
    data = {"e": "depthUpdate", "U": first, "u": last, "pu": before, "b": bids, "a": []}
    return {"data": data}


def test_the_python_book_obeys_the_venue_s_rules() -> None:
    book = DictBook({"lastUpdateId": 10, "bids": [["1.0", "5"]], "asks": [["1.2", "6"]]})
    book.take(change(1, 9, 0, [["1.0", "7"]]))
    assert book.levels(True, "0.1", "1") == [[10, 5]]
    book.take(change(10, 12, 9, [["1.0", "0"], ["0.9", "2"], ["1.1", "1"]]))
    assert book.levels(True, "0.1", "1") == [[11, 1], [9, 2]]
    with pytest.raises(PyscalpError, match="does not follow"):
        book.take(change(14, 15, 13, []))


# ---- Polling against streaming ----


def test_what_polling_tells_makes_the_same_book() -> None:
    random = np.random.default_rng(3)
    relayed = PolledBook("BTCUSDT")
    book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
    last = 0
    for number in range(5, 60):
        sides = {
            "bids": [
                [f"{p}.0", str(q)]
                for p, q in zip(range(99, 89, -1), random.integers(0, 4, 10), strict=True)
                if q
            ],
            "asks": [
                [f"{p}.0", str(q)]
                for p, q in zip(range(101, 111), random.integers(0, 4, 10), strict=True)
                if q
            ],
        }
        answer = {"lastUpdateId": number, "E": 1, "T": 1, **sides}
        told = [json.loads(text)["data"] for text in relayed.messages(answer)]
        assert relayed.messages(answer) == []
        assert (told[0]["pu"], told[0]["u"]) == (last, number)
        last = number
        for side in ("b", "a"):
            book[side].update(told[0][side])
            book[side] = {price: qty for price, qty in book[side].items() if qty != "0"}
        assert book == {"b": dict(sides["bids"]), "a": dict(sides["asks"])}
        assert [told[1]["b"], told[1]["B"], told[1]["a"], told[1]["A"]] == [
            *sides["bids"][0],
            *sides["asks"][0],
        ]


def test_staleness_is_what_a_loop_over_every_millisecond_finds() -> None:
    random = np.random.default_rng(5)
    at = np.cumsum(random.integers(1, 40, 400)) * 1_000_000
    mid = 100.0 + np.cumsum(random.integers(-2, 3, 400)) * 0.5
    truth = Truth(at, np.arange(400) * 3 + 7, mid)
    polls = np.arange(at[0], at[-1], 50_000_000)
    index = np.searchsorted(at, polls, side="right") - 1
    heard = Heard("50 ms", polls + 2_000_000, truth.update[index] + 1)
    found = staleness(truth, heard, 0.5)

    ages, offs, stale = [], [], 0
    begin = max(at[0], heard.at[0]) + 1_000_000_000
    for now in range(begin, min(at[-1], heard.at[-1]), 1_000_000):
        known = index[bisect.bisect_right(heard.at.tolist(), now) - 1]
        true = max(bisect.bisect_right(at.tolist(), now) - 1, known)
        stale += known < true
        ages.append((now - at[known + 1]) / 1e6 if known < true else 0.0)
        offs.append(abs(mid[known] - mid[true]) / 0.5)
    assert found["overtaken"] == pytest.approx(stale / len(ages))
    for quantile in (50, 90, 99):
        assert found["overtaken_ms"][f"p{quantile}"] == np.percentile(ages, quantile)
        assert found["off_ticks"][f"p{quantile}"] == np.percentile(offs, quantile)


def test_runs_of_several_seeds_weigh_by_trades() -> None:
    one = {"name": "50 ms", "fills": 3, "trades": 1, "maker_share": 1.0, "net_bp": 4.0,
           "net": 1.0, "error": ""}  # fmt: skip
    other = one | {"fills": 6, "trades": 3, "maker_share": 0.0, "net_bp": -4.0, "net": -3.0}
    none = one | {"fills": 0, "trades": 0, "maker_share": None, "net_bp": 0.0, "net": 0.0}
    found = together([one, other, none])
    assert (found["fills"], found["trades"], found["net"]) == (9, 4, -2.0)
    assert (found["maker_share"], found["net_bp"]) == (0.25, -2.0)


def test_both_parts_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "staleness.py"), "--json", "--duration", "4s", "--run", "4s",
         "--intervals", "250", "--out", str(tmp_path / "out")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    stream, polled = result["staleness"]
    assert stream["prices"] == result["prices_true"] > polled["prices"] > 5
    assert stream["overtaken"] < polled["overtaken"]
    assert [run["name"] for run in result["runs"]] == ["stream", "250 ms"]
    assert all(run["errors"] == [] for run in result["runs"])
    assert result["runs"][1]["by_seed"][0]["polls"] >= 10
