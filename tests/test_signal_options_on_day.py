"""Mean reversion and book imbalance with every band, regime and measure, on two real days.

Event by event the compiled signals have to say what the references in NumPy say, and to
have worked out the same figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyscalp import reference
from pyscalp.config import Config
from pyscalp.day_file import read_day

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

SYMBOLS = {"AMZN": 1, "AAPL": 2}
SECOND = 10**9
TICK = 10**7
SHOWN = 20

MEAN_REVERSIONS: dict[str, dict[str, Any]] = {
    "rolling": {"use_vwap": False, "use_bollinger": False, "k_sigma": 2.0},
    "rolling and session": {"use_bollinger": False, "k_sigma": 1.0, "vwap_window": 60 * SECOND},
    "rolling and Bollinger": {
        "use_vwap": False, "k_sigma": 1.5, "vwap_window": 30 * SECOND, "bar": 5 * SECOND,
    },
    "all, eager": {
        "k_sigma": 0.3, "bars": 8, "bar": SECOND // 4, "vwap_window": 3 * SECOND + 7,
        "efficiency_max": 1.0, "min_trades": 1,
    },
    "session, minutes": {
        "use_bollinger": False, "use_rolling_vwap": False, "bar": 60 * SECOND, "k_sigma": 1.0,
    },
    "variance ratio": {
        "use_rolling_vwap": False, "regime": "variance_ratio", "variance_ratio_max": 0.7,
        "k_sigma": 1.0,
    },
    "variance ratio, long": {
        "use_vwap": False, "k_sigma": 1.0, "bars": 120, "bar": 3 * SECOND, "variance_step": 16,
        "regime": "variance_ratio", "variance_ratio_max": 0.9,
    },
    "both regimes": {
        "use_vwap": False, "regime": "both", "variance_step": 2, "bars": 30,
        "efficiency_max": 0.2, "variance_ratio_max": 1.2, "k_sigma": 1.0,
    },
    # Windows so short that many ratios are those of small whole numbers.
    "both regimes, short": {
        "use_vwap": False, "use_rolling_vwap": False, "regime": "both", "variance_step": 2,
        "bars": 4, "variance_ratio_max": 1.0, "efficiency_max": 1.0, "k_sigma": 1.0,
    },
}  # fmt: skip

BOOK_IMBALANCES: dict[str, dict[str, Any]] = {
    "touch": {"measure": "touch", "levels": 5},
    "depth": {"measure": "depth", "levels": 10, "threshold": 0.4},
    "depth of one level": {"measure": "depth", "levels": 1},
    "weighted": {"measure": "weighted", "levels": 5, "threshold": 0.5},
    "weighted, all levels": {
        "measure": "weighted", "levels": SHOWN, "threshold": 0.2, "persistence": 0,
    },
    "weighted, one level": {"measure": "weighted", "levels": 1},
    "flow of the touch": {"measure": "order_flow", "levels": 1},
    "flow of five levels": {
        "measure": "order_flow", "levels": 5, "threshold": 0.3, "window": 5 * SECOND,
    },
    "flow of all levels": {
        "measure": "order_flow", "levels": SHOWN, "threshold": 0.1, "window": 60 * SECOND + 1,
        "persistence": SECOND,
    },
    "flow and depth of the touch": {
        "measure": "order_flow", "levels": 1, "flow_scale": "depth", "window": 10 * SECOND,
    },
    "flow and depth of five levels": {
        "measure": "order_flow", "levels": 5, "flow_scale": "depth", "threshold": 0.5,
        "window": SECOND // 4, "persistence": 0,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def day(market_data: Path) -> bytes:
    return read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")


@pytest.fixture(scope="module", params=SYMBOLS)
def symbol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def rows_of(day: bytes, symbol: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """What one compiled signal says and has worked out on the symbol's day."""
    config = Config.included().to_core()
    for other in ("mean_reversion", "book_imbalance"):
        config["signals"][other]["enabled"] = other == name
    config["signals"][name] |= options
    config["signals"]["shown_levels"] = SHOWN
    rows: dict[str, Any] = _core.signal_rows(config, day, SYMBOLS[symbol])
    assert len(rows["time"]) > 100_000
    return rows


def assert_equal(compiled: npt.NDArray[Any], expected: npt.NDArray[Any], least: int) -> None:
    assert np.count_nonzero(expected > 0) >= least, "too few opinions to prove anything"
    assert np.count_nonzero(expected < 0) >= least
    assert np.flatnonzero(compiled != expected).tolist() == []


@pytest.mark.parametrize("choice", MEAN_REVERSIONS)
def test_mean_reversion(day: bytes, symbol: str, choice: str) -> None:
    options = reference.MeanReversionOptions(
        **{"use_rolling_vwap": True, **MEAN_REVERSIONS[choice]}
    )
    values = vars(options)
    bands = {
        "session_vwap": options.use_vwap,
        "rolling_vwap": options.use_rolling_vwap,
        "bollinger": options.use_bollinger,
    }
    rows = rows_of(
        day,
        symbol,
        "mean_reversion",
        {key: value for key, value in values.items() if not key.startswith("use_")}
        | {"bands": [band for band, used in bands.items() if used]},
    )
    bid, ask = rows["bid"], rows["ask"]
    sound = (bid != reference.NO_PRICE) & (ask != reference.NO_PRICE) & (bid < ask)
    mid = np.where(sound, bid + (ask - np.where(sound, bid, 0)) // 2, reference.NO_PRICE)
    frame = reference.mean_reversion(
        rows["time"], mid, rows["trade_time"], rows["trade_price"], rows["trade_qty"],
        options, trades_seen=rows["trades_seen"],
    )  # fmt: skip
    assert_equal(rows["mean_reversion"], frame["expected_move"].to_numpy(), 5)

    worked_out = {
        "vwap": "vwap",
        "vwap_sigma": "vwap_sigma",
        "bollinger_mean": "bollinger_mean",
        "bollinger_sigma": "bollinger_sigma",
        "efficiency_ratio": "efficiency_ratio",
    }
    if options.use_rolling_vwap:
        worked_out |= {"rolling_vwap": "rolling_vwap", "rolling_sigma": "rolling_sigma"}
    if options.regime != "efficiency":
        worked_out |= {"variance_ratio": "variance_ratio"}
    for name, column in worked_out.items():
        expected = frame[column].to_numpy()
        known = ~np.isnan(expected)
        assert np.mean(known) > 0.5, name
        got = rows[f"mean_reversion_{name}"]
        np.testing.assert_allclose(got[known], expected[known], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("choice", BOOK_IMBALANCES)
def test_book_imbalance(day: bytes, symbol: str, choice: str) -> None:
    options = reference.BookImbalanceOptions(**BOOK_IMBALANCES[choice])
    rows = rows_of(day, symbol, "book_imbalance", vars(options))
    levels = [
        rows[name]
        for name in ("bid_level_price", "bid_level_qty", "ask_level_price", "ask_level_qty")
    ]
    measured = {
        "touch": lambda: reference.depth_imbalance(*levels, 1),
        "depth": lambda: reference.depth_imbalance(*levels, options.levels),
        "weighted": lambda: reference.weighted_imbalance(*levels, options.levels, TICK),
        "order_flow": lambda: reference.order_flow_imbalance(
            rows["time"], *levels, options.levels, options.window, options.flow_scale
        ),
    }[options.measure]()
    assert np.all(np.abs(measured) <= 1)
    assert np.std(measured) > 0.05
    np.testing.assert_allclose(rows["book_imbalance_measured"], measured, rtol=1e-9, atol=1e-15)

    depth = rows["bid_level_qty"].sum(axis=1), rows["ask_level_qty"].sum(axis=1)
    touch = (rows[name] for name in ("time", "bid", "bid_qty", "ask", "ask_qty"))
    frame = reference.book_imbalance(*touch, *depth, options, measured=measured)
    assert_equal(rows["book_imbalance"], frame["expected_move"].to_numpy(), 50)
