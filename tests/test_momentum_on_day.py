"""Signals that follow trades against their references, on days of two markets."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pyscalp import reference
from pyscalp.day_file import read_day

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

from tapes import (  # noqa: E402
    TRADE,
    Tape,
    around_trades,
    checked_momentum,
    configured,
    same_momentum,
)

AMZN, AAPL = 1, 2
SECOND = 10**9
TICK = 250_000_000  # of the E-mini S&P 500

CHOICES: dict[str, dict[str, Any]] = {
    # As they are when nothing else is configured.
    "usual": {},
    # So that opinions are many.
    "eager": {
        "bucket": 10_000_000, "window": 20 * SECOND, "min_trades": 5, "width_max": 2_000_000,
        "consolidation": SECOND, "surge": 1.2, "surge_window": SECOND // 2, "history": 20,
        "gain": 0.5, "hold": 10 * SECOND, "failure": 10 * SECOND,
    },
    "confirmed": {
        "window": 120 * SECOND, "min_trades": 10, "value_share": 680_000_000,
        "width_max": 3_000_000, "consolidation": 2 * SECOND, "surge": 1.5, "history": 30,
        "day_curve": tuple(1 + i % 7 / 3 for i in range(48)), "confirm_imbalance": 0.2,
    },
}  # fmt: skip

FUTURES: dict[str, dict[str, Any]] = {
    "usual": {"bucket": TICK},
    "eager": CHOICES["eager"] | {"bucket": TICK},
    # A profile of more trades than it holds, and half a night's curve.
    "crowded": CHOICES["eager"]
    | {"bucket": 2 * TICK, "window": 3600 * SECOND, "width_max": 5_000_000, "history": 200}
    | {"day_curve": (0.25,) * 13 + (4.0,) * 17 + (0.5,) * 18},
}


@pytest.fixture(scope="module")
def day(market_data: Path) -> bytes:
    return read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")


@pytest.fixture(scope="module")
def futures(market_data: Path) -> Tape:
    """Every trade of three days, with a touch one tick on either side of it."""
    packed = market_data / "futures_ticks" / "es_2013-09_trades.csv.xz"
    trades = pl.read_csv(lzma.decompress(packed.read_bytes()))
    time = trades["DateTime"].str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ns")
    price = np.rint(trades["Price"].to_numpy() * SECOND).astype(np.int64)
    assert np.all(price % TICK == 0)
    nanos = time.dt.timestamp("ns").to_numpy()
    nanos = nanos - nanos[0] // (86_400 * SECOND) * (86_400 * SECOND)
    assert nanos[-1] > 2 * 86_400 * SECOND
    return around_trades(nanos, price, trades["Volume"].to_numpy(), TICK)


@pytest.mark.parametrize("locate", [AMZN, AAPL], ids=["AMZN", "AAPL"])
@pytest.mark.parametrize("choice", CHOICES)
def test_momentum_of_stocks(day: bytes, locate: int, choice: str) -> None:
    rows = _core.signal_rows(configured(momentum=CHOICES[choice]), day, locate)
    names = ("time", "bid", "bid_qty", "ask", "ask_qty")
    trades = ("trade_time", "trade_price", "trade_qty", "trades_seen")
    expected = reference.momentum(
        *(rows[name] for name in names + trades), reference.MomentumOptions(**CHOICES[choice])
    )
    same_momentum(rows, expected)
    assert np.count_nonzero(expected["expected_move"]) > 5_000
    assert np.count_nonzero(expected["leave"]) > 5


@pytest.mark.parametrize("choice", FUTURES)
def test_momentum_of_futures(futures: Tape, choice: str) -> None:
    expected = checked_momentum(futures, FUTURES[choice])
    assert len(expected) == 500_000
    assert np.count_nonzero(expected["expected_move"]) > 20_000
    assert np.count_nonzero(expected["leave"]) > 40


def test_a_profile_of_futures_by_the_trades_themselves(futures: Tape) -> None:
    """Range, point of control and volume inside, counted anew at some moments."""
    trade = futures["kind"] == TRADE
    time, price, qty = (futures[name][trade] for name in ("time", "price", "qty"))
    rows = _core.signal_tape(configured(momentum=FUTURES["usual"]), futures)
    for at in np.random.default_rng(7).integers(1000, len(time), 200):
        lately = slice(int(np.searchsorted(time, time[at] - 60 * SECOND, "right")), at + 1)
        levels, which = np.unique(price[lately], return_inverse=True)
        volume = np.bincount(which, qty[lately])
        assert rows["momentum_low"][at] == levels[0]
        assert rows["momentum_high"][at] == levels[-1]
        poc = np.searchsorted(levels, rows["momentum_poc"][at])
        assert levels[poc] == rows["momentum_poc"][at]
        assert volume[poc] == volume.max()
        low, high = rows["momentum_value_low"][at], rows["momentum_value_high"][at]
        inside = volume[(levels >= low) & (levels <= high)].sum()
        assert inside >= 0.7 * volume.sum() > 0
        # Without its outermost pairs it would be too little, whichever came last.
        fewer = min(
            volume[(levels >= low + 2 * TICK) & (levels <= high)].sum(),
            volume[(levels >= low) & (levels <= high - 2 * TICK)].sum(),
        )
        assert fewer < 0.7 * volume.sum()


@pytest.mark.parametrize(
    "options",
    [{}, {"k_sigma": 1.0, "bars": 30, "bar": 2 * SECOND, "efficiency_max": 0.6}],
    ids=["usual", "eager"],
)
def test_mean_reversion_of_futures(futures: Tape, options: dict[str, Any]) -> None:
    trade = futures["kind"] == TRADE
    time, price, qty = (futures[name][trade] for name in ("time", "price", "qty"))
    rows = _core.signal_tape(configured(mean_reversion=options), futures)
    expected = reference.mean_reversion(
        time, price, time, price, qty, reference.MeanReversionOptions(**options),
        trades_seen=np.arange(1, len(time) + 1),
    )["expected_move"].to_numpy()  # fmt: skip
    assert np.flatnonzero(rows["mean_reversion"] != expected).tolist() == []
    assert np.count_nonzero(expected) > (0 if not options else 1000)
