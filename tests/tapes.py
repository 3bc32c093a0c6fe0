"""Arrays of market events for `_core.signal_tape`, and what the references make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pyscalp import _core, reference
from pyscalp.config import Config

Ints = npt.NDArray[np.int64]
Tape = dict[str, Ints]

BOOK, TRADE = 0, 1


def around_trades(time: Ints, price: Ints, qty: Ints, tick: int) -> Tape:
    """Each trade, and after it a book whose touch lies one tick on either side of it.

    For markets of which only trades were recorded.
    """
    rows = {
        "kind": np.tile(np.array([TRADE, BOOK]), len(time)),
        "time": np.repeat(time, 2),
        "price": np.repeat(price, 2),
        "qty": np.repeat(qty, 2),
    }
    rows["bid"], rows["ask"] = rows["price"] - tick, rows["price"] + tick
    rows["bid_qty"] = rows["ask_qty"] = np.ones(len(rows["time"]), np.int64)
    return rows


USUAL: dict[str, dict[str, Any]] = {
    "mean_reversion": vars(reference.MeanReversionOptions()),
    "book_imbalance": vars(reference.BookImbalanceOptions()),
    "momentum": vars(reference.MomentumOptions()),
}


def configured(**signals: dict[str, Any]) -> dict[str, Any]:
    """The engine's configuration with these signals alone, each with these options.

    What is not among them is as the reference has it when nothing is said.
    """
    config = Config.included().to_core()
    for name, section in config["signals"].items():
        if isinstance(section, dict):
            section["enabled"] = name in signals
    for name, options in signals.items():
        section = config["signals"][name]
        known = {key: value for key, value in USUAL[name].items() if key in section}
        config["signals"][name] = section | known | options
    return config


def momentum_of(tape: Tape, options: dict[str, Any]) -> pl.DataFrame:
    """What the reference says at every book event of a tape."""
    trade, book = tape["kind"] == TRADE, tape["kind"] == BOOK
    return reference.momentum(
        *(tape[name][book] for name in ("time", "bid", "bid_qty", "ask", "ask_qty")),
        *(tape[name][trade] for name in ("time", "price", "qty")),
        np.cumsum(trade)[book],
        reference.MomentumOptions(**options),
    )


def same_momentum(compiled: dict[str, Any], expected: pl.DataFrame) -> None:
    """Every value and every word of both, event by event; factors to 1e-9."""
    for name in ("tight", "poc", "value_low", "value_high", "low", "high"):
        differ = np.flatnonzero(compiled[f"momentum_{name}"] != expected[name].to_numpy())
        assert differ.tolist() == [], name
    np.testing.assert_allclose(
        compiled["momentum_relative_volume"], expected["relative_volume"], rtol=1e-9, atol=0
    )
    for column, name in (
        ("momentum", "expected_move"),
        ("momentum_leave", "leave"),
        ("momentum_veto", "veto"),
    ):
        differ = np.flatnonzero(compiled[column] != expected[name].to_numpy())
        assert differ.tolist() == [], name


def checked_momentum(tape: Tape, options: dict[str, Any]) -> pl.DataFrame:
    """What both say, after it has been found to be the same."""
    expected = momentum_of(tape, options)
    same_momentum(_core.signal_tape(configured(momentum=options), tape), expected)
    return expected
