"""The numbers that a run is summed up in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pyscalp.latency_file import latency_table, stages_of
from pyscalp.run_directory import Results
from pyscalp.run_economics import RunEconomics
from pyscalp.run_tables import MONEY


def drawdown(equity: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How far each value lies below the highest so far; never negative."""
    if not equity.size:
        return equity
    return np.maximum.accumulate(equity) - equity


def figures(results: Results, aum_e9: int) -> dict[str, Any]:
    """The numbers of a run; money in currency units, times in seconds.

    ``*_bp_per_trade`` are sums of money over the sum of entries, so they have the sign of
    the money, and gross - fees - half_spread - slippage - network = net holds among them.
    ``economics`` is `pyscalp.run_economics.RunEconomics` as it stands.
    """
    fills, trips = results.fills, results.round_trips
    count = int(trips.size)
    holding = (trips["closed"] - trips["opened"]) / 1e9
    entered = int(np.abs(trips["entry_notional"]).sum())
    traded = int(2 * trips["qty"].sum()) if count else 0
    curve = results.samples["equity"]
    if not curve.size:
        curve = np.concatenate([[0], trips["net"].cumsum()])
    deepest = int(drawdown(curve).max(initial=0))
    return {
        "fills": int(fills.size),
        "round_trips": count,
        "winners": int((trips["net"] > 0).sum()),
        **{name: int(trips[name].sum()) / 1e9 for name in MONEY},
        **{
            f"{name}_bp_per_trade": 1e4 * int(trips[name].sum()) / entered if count else None
            for name in MONEY
        },
        "economics": RunEconomics.of(results).to_json(),
        "fees_all_fills": int(fills["fee"].sum()) / 1e9,
        "maker_share": int(trips["maker_qty"].sum()) / traded if traded else None,
        "max_drawdown": deepest / 1e9,
        "max_drawdown_of_aum": deepest / aum_e9,
        "holding_s_max": float(holding.max()) if count else None,
        "holding_s_median": float(np.median(holding)) if count else None,
        "latency_ns": latency_table(stages_of(results.histograms)),
    }
