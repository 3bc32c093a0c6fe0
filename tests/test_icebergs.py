"""Icebergs found on the included exchange, held against its own record."""

from __future__ import annotations

import re
import struct
from typing import Any

import polars as pl
import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

from pyscalp.bench_icebergs import (
    SECOND,
    STRICT,
    detect,
    hidden_trades_beside,
    judge,
    least_error,
    make_day,
)
from pyscalp.config import Config
from pyscalp.errors import ConfigError


def added(feed: bytes) -> dict[int, tuple[int, int]]:
    """Shares and time of every order that was added, by reference."""
    found, at = {}, 0
    while at < len(feed):
        (length,) = struct.unpack_from(">H", feed, at)
        body = feed[at + 2 : at + 2 + length]
        at += 2 + length
        if body[:1] == b"A":
            reference, _, shares = struct.unpack_from(">QcI", body, 11)
            found[reference] = (shares, int.from_bytes(body[5:11], "big"))
    return found


def test_the_day_shows_what_the_record_says() -> None:
    day = make_day(3, stocks=2, duration=1200 * SECOND)
    again = make_day(3, stocks=2, duration=1200 * SECOND)
    assert day.feed == again.feed
    assert day.record.equals(again.record)
    assert day.counts["icebergs"] > 20
    assert day.counts["decoys"] > 30
    assert 0 < day.counts["answers_same_stamp"] < day.counts["answers"] / 10

    orders = added(day.feed)
    refills = day.record.filter(pl.col("event") == "refilled")
    assert len(refills) > 100
    for reference, shares, time in refills.select("order_reference", "qty", "time_ns").rows():
        assert orders[reference] == (shares, time)
    # Each was executed in full before, with the same stamp.
    totals = (
        day.record.filter(pl.col("account") == 1)
        .group_by("client_ref")
        .agg(
            pl.col("qty").filter(pl.col("event") == "accepted").first().alias("total"),
            pl.col("qty").filter(pl.col("event") == "executed").sum().alias("executed"),
            pl.col("qty").filter(pl.col("event") == "canceled").sum().alias("canceled"),
            pl.col("leaves").last().alias("leaves"),
        )
    )
    assert totals["total"].equals(
        totals.select(pl.col("executed") + pl.col("canceled") + pl.col("leaves")).to_series()
    )


def test_an_hour_of_one_stock() -> None:
    day = make_day(5, stocks=1, duration=3600 * SECOND)
    sightings = detect(day.feed, [1])
    judged = judge(day.record, sightings)
    assert judged.icebergs[1] > 60
    assert judged.precision >= 0.95
    assert judged.recall(1) >= 0.9
    assert judged.error() <= 0.35
    # Decoys were seen, and not believed in.
    chains = sightings.filter(pl.col("kind") == "exhausted")
    assert len(chains.filter(pl.col("believed_before") == 0)) >= 10


@pytest.mark.slow
def test_more_than_a_thousand_icebergs() -> None:
    """What is required of the detector, at its defaults and as it comes."""
    for seed in (1, 2):
        day = make_day(seed)
        sightings = detect(day.feed, [1, 2, 3, 4])
        judged = judge(day.record, sightings)
        assert judged.icebergs[1] >= 1000
        assert judged.precision >= 0.95
        assert judged.recall(1) >= 0.90
        assert judged.recall(2) >= 0.99
        delays = pl.Series(judged.delays)
        assert delays.median() <= 2
        assert judged.error() <= 0.35
        # What is left is known as well as the refills alone can tell.
        assert judged.error(STRICT) <= 1.1 * least_error(day.record, sightings)

        # A lower threshold finds more and is wrong more often.
        eager = judge(day.record, detect(day.feed, [1, 2, 3, 4], {"threshold": 0.5}))
        assert eager.recall(1) > judged.recall(1)
        assert eager.precision < judged.precision


@pytest.mark.slow
def test_harder_days() -> None:
    """Sizes of a heavy tail; decoys of whom one answer in ten is stamped alike."""
    heavy = make_day(1, heavy_tail=True)
    judged = judge(heavy.record, detect(heavy.feed, [1, 2, 3, 4]))
    assert judged.precision >= 0.95
    assert judged.recall(1) >= 0.90
    assert judged.error() <= 0.35

    coincident = make_day(1, same_stamp=0.1)
    careful = {"threshold": 0.999}
    judged = judge(coincident.record, detect(coincident.feed, [1, 2, 3, 4], careful))
    assert judged.precision >= 0.95
    assert judged.recall(2) >= 0.85


def test_a_day_of_learning_helps() -> None:
    day, before = make_day(1, stocks=1), make_day(11, stocks=1)
    fresh = judge(day.record, detect(day.feed, [1]))
    taught = judge(day.record, detect(day.feed, [1], before=before.feed))
    assert taught.error(STRICT) < fresh.error(STRICT)
    assert taught.detections == pytest.approx(fresh.detections, rel=0.02)


def test_its_configuration() -> None:
    text = Config.included().to_toml()
    section = "[signals.iceberg]\n"
    assert section in text

    def loaded(lines: str) -> Config:
        return Config.loads(re.sub(r"\[signals\.iceberg\]\n[^\[]*", f"{section}{lines}\n\n", text))

    assert loaded('enabled = true\nrefill_within = "1ms"').signals.iceberg.enabled
    with pytest.raises(ConfigError, match="needs at_once below 1"):
        loaded('at_once = 1.0\nrefill_within = "1ms"')
    with pytest.raises(ConfigError, match="threshold: must be less than 1"):
        loaded("threshold = 1.0")


# ---- the judge himself ----

RECORD = pl.DataFrame(
    {
        "sequence": [1, 2, 3, 4, 5, 6],
        "event": ["accepted", "refilled", "refilled", "accepted", "refilled", "refilled"],
        "account": [1, 1, 1, 1, 1, 1],
        "client_ref": [1, 1, 1, 2, 2, 2],
        "order_reference": [10, 11, 12, 20, 21, 22],
        "leaves": [500, 400, 300, 300, 200, 100],
    }
)


def sighting(event: int, reference: int, before: int, **other: Any) -> dict[str, Any]:
    usual = {"event": event, "kind": "refilled", "reference": reference, "believed": 1,
             "believed_before": before, "refills": 2, "last": 0, "slice": 100, "open": 100,
             "reserve": 200.0, "executed": 200}  # fmt: skip
    return usual | other


def test_the_judge_counts_what_he_says() -> None:
    judged = judge(
        RECORD,
        pl.DataFrame(
            [
                sighting(1, 12, 0),  # true, at its second refill; 300 are left
                sighting(2, 99, 0),  # nobody's
                sighting(3, 21, 0, reserve=0.0),  # true, at its first
                sighting(4, 22, 0, reserve=50.0),  # the same again
                sighting(5, 12, 1, kind="exhausted"),
            ]
        ),
    )
    assert (judged.detections, judged.true, judged.twice) == (4, 2, 1)
    assert judged.precision == 0.5
    assert judged.icebergs == {1: 2, 2: 2, 3: 0}
    assert judged.recall(1) == 1.0
    assert judged.delays == [2, 1]
    # Off by 0 of 300, 100 of 200 and 50 of 100; of sizes 500, 400 and 300.
    assert judged.errors[STRICT].to_list() == [0.0, 0.5, 0.5]
    assert judged.errors["error_of_size"].to_list() == [0.0, 0.25, 50 / 300]


def test_the_judge_of_nothing() -> None:
    judged = judge(RECORD, pl.DataFrame([sighting(1, 99, 0, believed=0)]))
    assert judged.detections == 0
    assert judged.recall(1) == 0.0
    assert judged.error() != judged.error()


def test_hidden_trades_go_with_refills_on_a_real_day(market_data: Any) -> None:
    """On Nasdaq refills came later than at once; LOBSTER's hidden trades agree with them."""
    from pyscalp.day_file import read_day

    feed = read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")
    late = {"refill_within": 1_000_000, "at_once": 0.5}
    found = hidden_trades_beside(feed, 1, late, refills=3)
    assert found["chains"] > 30
    assert found["with_hidden"] > 1.5 * found["windows_with_hidden"]
