"""The compiled iceberg signal against the reference, message by message of a real day."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from test_lobster import messages_of

from pyscalp.config import Config
from pyscalp.day_file import read_day
from pyscalp.reference import IcebergOptions, Message, iceberg

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

AMZN, AAPL = 1, 2
E4 = 100_000
MILLI = 10**6


class Choice(NamedTuple):
    name: str
    options: dict[str, Any]
    """Beside those that are usual."""


CHOICES = [
    Choice("usual", {}),
    # So that chains are many, refilled late, believed in early.
    Choice("late", {"refill_within": MILLI, "at_once": 0.5, "threshold": 0.9}),
    Choice(
        "eager",
        {
            "refill_within": 50 * MILLI, "at_once": 0.3, "threshold": 0.6, "prior": 0.1,
            "slice_spread": 0.3, "min_reserve": 0.0, "gain": 2.5, "leave_for": 3 * 10**9,
        },
    ),
    Choice("at once", {"threshold": 0.05, "prior": 0.3, "min_reserve": 0.0, "leave_for": 0}),
]  # fmt: skip


@pytest.fixture(scope="module")
def day(market_data: Path) -> bytes:
    return read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")


@pytest.fixture(scope="module", params=[AMZN, AAPL], ids=["AMZN", "AAPL"])
def stock(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def config_of(choice: Choice) -> dict[str, Any]:
    config = Config.included().to_core()
    for name in config["signals"]:
        if isinstance(config["signals"][name], dict):
            config["signals"][name]["enabled"] = name == "iceberg"
    config["signals"]["iceberg"] |= vars(IcebergOptions(**choice.options))
    return config


def messages(day: bytes, stock: int, rows: dict[str, Any]) -> list[Message]:
    """The recording, read here, with the touch of every message."""
    found = []
    left: dict[int, int] = {}
    recorded = [message for message in messages_of(day, stock) if message.kind != "R"]
    assert [message.time for message in recorded] == rows["time"].tolist()
    touch = zip(
        *(rows[name].tolist() for name in ("bid", "bid_qty", "ask", "ask_qty")), strict=True
    )
    for m, (bid, bid_qty, ask, ask_qty) in zip(recorded, touch, strict=True):
        left[m.reference] = (
            m.shares
            if m.kind == "A"
            else 0
            if m.kind == "D"
            else left.get(m.reference, 0) - m.shares
        )
        found.append(
            Message(
                m.kind, m.time, m.reference, m.shares, left[m.reference], m.price * E4, m.side,
                bid, bid_qty, ask, ask_qty,
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.name)
def test_it_says_what_the_reference_says(day: bytes, stock: int, choice: Choice) -> None:
    config = config_of(choice)
    rows = _core.signal_rows(config, day, stock)
    sightings, forecasts = iceberg(messages(day, stock, rows), IcebergOptions(**choice.options))

    said = _core.iceberg_sightings(config, day, stock)
    said.pop("forgotten")
    order = ["event", "kind", "reference", "slice", "executed"]
    ours = pl.DataFrame(said).drop("first").sort(order)
    theirs = sightings.sort(order)
    assert len(theirs) > 10
    exact = [name for name in theirs.columns if theirs.schema[name] != pl.Float64]
    assert ours.select(exact).equals(theirs.select(exact).cast(ours.select(exact).schema))
    for name in ("log_odds", "reserve"):
        assert np.allclose(ours[name], theirs[name], rtol=1e-9, atol=1e-9), name

    for name, column in (
        ("iceberg", "expected_move"), ("iceberg_leave", "leave"), ("iceberg_veto", "veto"),
    ):  # fmt: skip
        expected = forecasts[column].to_numpy()
        assert np.flatnonzero(rows[name] != expected).tolist() == [], name
        if choice.name != "usual":
            assert np.count_nonzero(expected) > 0, name
