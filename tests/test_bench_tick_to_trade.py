"""The command ``pyscalp bench tick-to-trade``: what it measures and leaves behind."""

from __future__ import annotations

import copy
import json
import signal
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

from processes import Command

from pyscalp import cli
from pyscalp.bench_networks import places
from pyscalp.bench_tick import bench_tick_to_trade
from pyscalp.bench_tick_asyncio import Book, Feed
from pyscalp.bench_tick_figures import figures
from pyscalp.bench_tick_samples import quantiles

TRIGGERS = 40
COUNTED = TRIGGERS - TRIGGERS // 10
ORDER_BYTES = 50


def sane(row: dict[str, Any], triggers: int = COUNTED) -> None:
    """Every trigger is accounted for and no time runs backwards."""
    assert row["triggers"] == row["wire"]["count"] + row["unanswered"]
    assert row["triggers"] <= triggers
    assert row["wire"]["count"] > 0
    assert row["order_bytes"] == ORDER_BYTES
    assert row["lost"] == 0
    wire = row["wire"]
    assert 0 < wire["min"] <= wire["p50"] <= wire["p99"] <= wire["p99.9"] <= wire["max"]
    assert row["from_intended"]["p50"] >= wire["min"]
    assert row["sent_late"]["min"] >= 0
    assert sum(one["wire"]["count"] for one in row["rounds"]) == wire["count"]
    assert min(one["wire"]["min"] for one in row["rounds"]) == wire["min"]
    if row["role"] == "engine":
        assert row["stages"]["tick_to_trade"]["count"] >= row["wire"]["count"]
        assert row["stages"]["tick_to_trade"]["min"] < wire["max"]
        assert row["allocations"] == row["gaps"] == row["records_lost"] == 0
        assert (row["phase"], row["errors"]) == ("ended", [])
        assert 0 <= row["spin"]["lost_share"] < 1
        assert row["spin"]["taken_away"] >= 0
    if row["role"] == "echo":
        assert 0 < row["way_in"]["min"] < wire["max"]
        assert 0 < row["way_out"]["min"] < wire["max"]


def privileged() -> bool:
    with places() as where:
        return where.engine.network is not None


needs_networks = pytest.mark.skipif(
    not privileged(), reason="needs the right to make network namespaces, unshare and ip"
)


@pytest.mark.slow
@needs_networks
def test_every_contender_answers_in_networks_of_their_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved, drawn = tmp_path / "result.json", tmp_path / "latency.html"
    arguments = ("--triggers", TRIGGERS, "--rounds", 1, "--rate", 400, "--loads", "none")
    where = ("--transports", "packet", "--only", "engine,echo")
    options = (*where, "--save", saved, "--plot", drawn)
    words = map(str, (*arguments, *options))
    status = cli.status_of(["bench", "tick-to-trade", *words])
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    assert "two network namespaces joined by a veth pair" in out
    result = json.loads(saved.read_text())
    found = {(row["role"], row["transport"]): row for row in result["rows"]}
    assert result["refused"] == {}
    sane(found["engine", "packet"])
    sane(found["echo", "packet"])
    assert "engine, packet" in out
    assert result["feed"] is None
    assert any("bare echo" in figure["name"] for figure in result["figures"])
    assert "99.9 %" in drawn.read_text()
    assert "bare echo, packet" in drawn.read_text()


@pytest.mark.slow
def test_on_one_loopback_without_privilege(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = f"--triggers {TRIGGERS} --rounds 1 --rate 400 --loads none --loopback --json"
    options = ("--transports", "blocking", "--only", "engine,echo,asyncio")
    status = cli.status_of(["bench", "tick-to-trade", *arguments.split(), *options])
    out, _ = capsys.readouterr()
    assert status == 0
    result = json.loads(out)
    assert result["places"] == "one loopback: as asked"
    assert [row["name"] for row in result["rows"]] == [
        "engine, blocking",
        "bare echo, blocking",
        "asyncio client",
    ]
    for row in result["rows"]:
        sane(row)


@pytest.mark.slow
def test_a_feed_runs_behind_the_triggers() -> None:
    told: list[str] = []
    result = bench_tick_to_trade(
        triggers=TRIGGERS,
        rate=200,
        rounds=1,
        transports=["socket"],
        roles=["engine"],
        loads=[0, 2],
        load_seconds=0.5,
        load_messages=60_000,
        progress=lambda text, done, total: told.append(text),
    )
    still, moving = result["feed"]["rows"]
    assert (still["load"], moving["load"]) == (0, 2)
    sane(still, 100)
    sane(moving, 100)
    assert still["feed_messages"] < moving["feed_messages"]
    assert not moving["day_ended"]
    assert moving["feed_not_sent"] == 0
    assert result["feed"]["peak"] > 1_000
    assert any("feed at 2x" in text for text in told)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(number: int) -> None:
    command = Command("bench", "tick-to-trade", "--triggers", "100000", "--loads", "none")
    with command:
        # Itself, the exchange and a contender.
        command.wait_until(lambda: len(command.processes()) >= 3, "it measured")
        command.signal(number)
        ended = command.end(20.0)
    assert ended.status != 0
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True).stdout
    assert " exchange@" not in links
    assert " engine@" not in links


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--transports", "pigeon"), 'no transport "pigeon"'),
        (("--only", "echo,me"), 'nobody is called "me"'),
        (("--rate", "5000"), "rate must be 1 to 800"),
        (("--loads", "1,much"), "--loads are factors from 0 to 100"),
    ],
)
def test_what_makes_no_sense_is_said(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert cli.status_of(["bench", "tick-to-trade", *arguments]) != 0
    assert said in " ".join(capsys.readouterr().err.split())


# -- figures, from results that are made up ------------------------------------------------


def numbers(p50: float, p99: float | None = None) -> dict[str, float]:
    return {"count": 10, "p50": p50, "p99": p99 or 2 * p50}


def made_up() -> dict[str, Any]:
    stages = {name: numbers(100) for name in ("feed", "signal", "gate", "encode")}
    engine = {
        "role": "engine",
        "transport": "packet",
        "load": 0,
        "wire": numbers(6_000),
        "stages": {**stages, "send": numbers(3_200), "tick_to_trade": numbers(3_600)},
        "lost": 0,
        "gaps": 0,
        "records_lost": 0,
        "unanswered": 0,
    }
    echo = {
        "role": "echo",
        "transport": "packet",
        "load": 0,
        "wire": numbers(5_000),
        "way_in": numbers(2_000),
        "way_out": numbers(3_500),
        "send_call": numbers(3_100),
    }
    user = {"role": "asyncio", "transport": "socket", "load": 0, "wire": numbers(330_000)}
    loaded = [copy.deepcopy(engine) | {"load": load} for load in (0, 8)]
    loaded.append(copy.deepcopy(user) | {"load": 8, "wire": numbers(1_200_000)})
    for row in (engine, echo, user, *loaded):
        row["rounds"] = [copy.deepcopy(row) | {"line_ns": [100, 130]} for _ in range(3)]
    return {"rows": [engine, echo, user], "feed": {"rows": loaded}}


def test_figures_are_what_they_say() -> None:
    found = {figure["name"]: figure for figure in figures(made_up())}
    assert all(figure["met"] for figure in found.values())
    values = {name: figure["value"] for name, figure in found.items()}
    assert values["wire to wire over the bare echo, packet, p50"] == pytest.approx(1.2)
    own = "engine's own time over the one-way floor, packet, p50"
    assert values[own] == pytest.approx(0.25)
    assert values["not explained by the stages and the echo, packet, p50"] == pytest.approx(
        100 / 6_000
    )
    user = "tick-to-trade by packet faster than the asyncio client, p50"
    assert values[user] == pytest.approx(55)
    assert values["p50 against the same books at rest, engine, feed at 8x"] == 1
    loaded = "tick-to-trade by packet faster than the asyncio client, feed at 8x, p50"
    assert values[loaded] == pytest.approx(200)


def test_a_figure_is_the_median_of_its_rounds() -> None:
    result = made_up()
    # What all of them together give is not asked.
    result["rows"][0]["wire"] = numbers(99_000)
    for one, p50 in zip(result["rows"][0]["rounds"], (5_500, 90_000, 6_000), strict=True):
        one["wire"] = numbers(p50)
    name = "wire to wire over the bare echo, packet, p50"
    (found,) = (figure for figure in figures(result) if figure["name"] == name)
    assert (found["least"], found["value"], found["most"]) == pytest.approx((1.1, 1.2, 18.0))
    assert found["met"]


def test_a_round_without_an_order_does_not_count() -> None:
    result = made_up()
    result["rows"][1]["rounds"][1]["wire"] = quantiles(np.array([], dtype=np.int64))
    result["rows"][0]["rounds"][1]["wire"] = numbers(90_000)
    name = "wire to wire over the bare echo, packet, p50"
    (found,) = (figure for figure in figures(result) if figure["name"] == name)
    assert found["most"] == pytest.approx(1.2)


def test_a_round_in_which_the_cores_moved_apart_does_not_count() -> None:
    result = made_up()
    result["rows"][0]["rounds"][2] |= {"wire": numbers(90_000), "line_ns": [100, 350]}
    name = "wire to wire over the bare echo, packet, p50"
    (found,) = (figure for figure in figures(result) if figure["name"] == name)
    assert (found["rounds"], found["most"]) == (2, pytest.approx(1.2))
    for one in result["rows"][0]["rounds"]:
        one["line_ns"] = [350, 100]
    (found,) = (figure for figure in figures(result) if figure["name"] == name)
    assert (found["rounds"], found["most"]) == (3, pytest.approx(18))


def test_one_way_is_held_against_the_sockets_under_a_feed_too() -> None:
    result = made_up()
    echo = copy.deepcopy(result["rows"][1]) | {"load": 1}
    for transport, way_in in (("packet", 1_000), ("socket", 1_400), ("blocking", 14_000)):
        one = copy.deepcopy(echo) | {"transport": transport}
        for row in (one, *one["rounds"]):
            row["way_in"] = numbers(way_in)
        result["feed"]["rows"].append(one)
    values = {figure["name"]: figure for figure in figures(result)}
    spinning = values["one way by packet faster than socket, feed at 1x, p50"]
    asleep = values["one way by packet faster than blocking, feed at 1x, p50"]
    assert (spinning["value"], spinning["met"]) == (pytest.approx(1.4), True)
    assert (asleep["value"], asleep["met"]) == (pytest.approx(14), False)


def test_a_figure_that_is_missed_is_not_met() -> None:
    result = made_up()
    for one in result["rows"][0]["rounds"]:
        one["wire"] = numbers(8_000)
    result["feed"]["rows"][1]["gaps"] = 1
    missed = {figure["name"] for figure in figures(result) if not figure["met"]}
    assert "wire to wire over the bare echo, packet, p50" in missed
    assert "packets lost, engine, feed at 8x" in missed


def test_a_contender_that_never_answered_has_no_figures() -> None:
    result = made_up()
    result["rows"][1]["wire"] = quantiles(np.array([], dtype=np.int64))
    assert not any("bare echo" in figure["name"] for figure in figures(result))


# -- the asyncio client --------------------------------------------------------------------


def test_the_asyncio_clients_book() -> None:
    book = Book()
    book.add(1, b"B", 300, 100)
    book.add(2, b"S", 100, 110)
    assert book.imbalance() == pytest.approx(0.5)
    book.replace(2, 3, 300, 105)
    assert book.imbalance() == 0
    book.reduce(1, 100)
    assert book.imbalance() == pytest.approx(-0.2)
    book.reduce(1)
    book.reduce(99)
    assert book.imbalance() == 0


def test_the_asyncio_client_hears_of_its_stock_alone() -> None:
    ticks: list[float] = []
    feed = Feed(b"TRIGGER ", lambda book: ticks.append(book.imbalance()))

    def message(kind: bytes, locate: int, rest: bytes) -> bytes:
        body = kind + struct.pack("!HHHI", locate, 0, 0, 0) + rest
        return struct.pack("!H", len(body)) + body

    def add(locate: int, reference: int, side: bytes, shares: int, price: int) -> bytes:
        rest = struct.pack("!QcI8sI", reference, side, shares, b"TRIGGER ", price)
        return message(b"A", locate, rest)

    def packet(sequence: int, *messages: bytes) -> bytes:
        return struct.pack("!10sQH", b"S", sequence, len(messages)) + b"".join(messages)

    feed.datagram_received(packet(1, message(b"R", 7, b"TRIGGER ")), None)
    feed.datagram_received(packet(2, add(8, 1, b"B", 10, 5)), None)
    assert ticks == []
    feed.datagram_received(packet(3, add(7, 2, b"B", 30, 5), add(7, 3, b"S", 10, 6)), None)
    feed.datagram_received(packet(3, add(7, 2, b"B", 30, 5)), None)
    assert ticks == [pytest.approx(0.5)]
    feed.datagram_received(packet(7, message(b"D", 7, struct.pack("!Q", 2))), None)
    assert ticks[1:] == [0.0]
    assert feed.lost == 2
