"""The compiled signals against the reference in NumPy, event by event of a real day."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from test_lobster import messages_of

from pyscalp import reference
from pyscalp.config import Config
from pyscalp.day_file import read_day

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

Ints = npt.NDArray[np.int64]

AMZN = 1
E4 = 100_000
SECOND = 10**9


class Choice(NamedTuple):
    """Options of both signals, as the configuration and the reference call them."""

    name: str
    mean_reversion: dict[str, Any]
    book_imbalance: dict[str, Any]


CHOICES = [
    # As they are when nothing is configured.
    Choice("usual", {}, {}),
    # As `pyscalp run` has them.
    Choice("touch", {}, {"threshold": 0.4, "levels": 1}),
    # So that opinions are many.
    Choice(
        "eager",
        {"k_sigma": 0.5, "bars": 7, "bar": SECOND // 4, "efficiency_max": 1.0, "min_trades": 1},
        {"threshold": 0.05, "levels": 3, "persistence": 0, "horizon_gain": 2.5},
    ),
    Choice(
        "patient",
        {"k_sigma": 1.5, "bars": 120, "bar": 3 * SECOND, "efficiency_max": 0.1},
        {"threshold": 0.8, "levels": 2, "persistence": SECOND, "horizon_gain": 0.3},
    ),
]


@pytest.fixture(scope="module")
def day(market_data: Path) -> bytes:
    return read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")


def said(day: bytes, choice: Choice) -> dict[str, Ints]:
    """What the compiled signals say on AMZN's day."""
    config = Config.included().to_core()
    usual = {
        "mean_reversion": vars(reference.MeanReversionOptions()),
        "book_imbalance": vars(reference.BookImbalanceOptions()),
    }
    for name, options in usual.items():
        values = options | getattr(choice, name)
        config["signals"][name] |= {
            key: values[key] for key in config["signals"][name] if key in values
        } | {"enabled": True}
    levels = config["signals"]["book_imbalance"]["levels"]
    config["signals"]["shown_levels"] = levels
    rows: dict[str, Ints] = _core.signal_rows(config, day, AMZN)
    for side in ("bid", "ask"):
        rows[f"{side}_depth"] = rows[f"{side}_level_qty"].sum(axis=1)
    return rows


@pytest.fixture(scope="module", params=CHOICES, ids=lambda choice: choice.name)
def choice(request: pytest.FixtureRequest) -> Choice:
    found: Choice = request.param
    return found


@pytest.fixture(scope="module")
def rows(day: bytes, choice: Choice) -> dict[str, Ints]:
    return said(day, choice)


def mids(rows: dict[str, Ints]) -> Ints:
    """The mid of every event, `NO_PRICE` where the book is not sound."""
    bid, ask = rows["bid"], rows["ask"]
    sound = (bid != reference.NO_PRICE) & (ask != reference.NO_PRICE) & (bid < ask)
    assert np.mean(sound) > 0.99
    return np.where(sound, bid + (ask - np.where(sound, bid, 0)) // 2, reference.NO_PRICE)


def test_mean_reversion_says_what_the_reference_says(rows: dict[str, Ints], choice: Choice) -> None:
    frame = reference.mean_reversion(
        rows["time"], mids(rows), rows["trade_time"], rows["trade_price"], rows["trade_qty"],
        reference.MeanReversionOptions(**choice.mean_reversion), trades_seen=rows["trades_seen"],
    )  # fmt: skip
    expected = frame["expected_move"].to_numpy()
    assert np.count_nonzero(expected) > 0
    assert np.flatnonzero(rows["mean_reversion"] != expected).tolist() == []


def test_book_imbalance_says_what_the_reference_says(rows: dict[str, Ints], choice: Choice) -> None:
    frame = reference.book_imbalance(
        *(
            rows[name]
            for name in ("time", "bid", "bid_qty", "ask", "ask_qty", "bid_depth", "ask_depth")
        ),
        reference.BookImbalanceOptions(**choice.book_imbalance),
    )
    expected = frame["expected_move"].to_numpy()
    assert np.count_nonzero(expected) > 100
    assert np.flatnonzero(rows["book_imbalance"] != expected).tolist() == []


def test_the_signals_are_shown_the_recorded_day(
    day: bytes, rows: dict[str, Ints], choice: Choice
) -> None:
    """Book, depth and trades of the tape are those of the recording, read here."""
    levels = reference.BookImbalanceOptions(**choice.book_imbalance).levels
    messages = messages_of(day, AMZN)
    _, book = _core.book_rows(day, AMZN, levels)
    # Every message but the directory's is an event.
    events = [i for i, message in enumerate(messages) if message.kind != "R"]
    assert rows["time"].tolist() == [messages[i].time for i in events]
    book = book[events]
    for column, name in enumerate(("ask", "ask_qty", "bid", "bid_qty")):
        assert np.array_equal(rows[name], book[:, column]), name
    assert np.array_equal(rows["ask_depth"], book[:, 1::4].sum(axis=1))
    assert np.array_equal(rows["bid_depth"], book[:, 3::4].sum(axis=1))

    trades = [message for message in messages if message.kind in "EP"]
    assert rows["trade_time"].tolist() == [trade.time for trade in trades]
    assert rows["trade_price"].tolist() == [trade.price * E4 for trade in trades]
    assert rows["trade_qty"].tolist() == [trade.shares for trade in trades]
    seen = np.cumsum([messages[i].kind in "EP" for i in events])
    assert np.array_equal(rows["trades_seen"], seen)
