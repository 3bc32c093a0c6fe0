"""The tables of a run directory: fills, round trips and samples as Arrow.

Prices and money stay int64 at 1e-9 in columns that end in ``_e9``; what is not known is
null. Costs are positive. Quantities and prices are those of units: shares, int64, or
coins, float64.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pyscalp.run_directory import INTENTS, LIQUIDITIES, NO_PRICE, SIDES, SIGNALS, Records, Results
from pyscalp.units import unit_prices, units

HORIZONS_S = (1, 5, 30)
"""Seconds after a fill at which the mid is looked at again."""

MONEY = ("gross", "fees", "half_spread", "slippage", "network", "net")
"""Parts of a round trip: the first less the four in between is the last, exactly."""

Integers = npt.NDArray[np.int64]


def fill_table(results: Results) -> pa.Table:
    """One row for each fill, in the engine's order.

    ``half_spread_e9``, ``slippage_e9`` and ``network_e9`` are what the fill adds to those
    columns of its round trip. ``mid_e9`` is the mid when the fill came, ``mid_5s_e9`` 5 s
    later, and ``adverse_5s_e9`` how much of the fill's quantity times price the mid went
    against it in between.
    """
    fills = results.fills
    qty, price = fills["qty"], fills["price"]
    sign = _sign(fills)
    half_spread = np.where(fills["liquidity"] == 1, 1, -1) * fills["arrival_half_spread"]
    costs = {
        "half_spread": (half_spread * qty, ("arrival_mid",)),
        "slippage": ((sign * (price - fills["arrival_mid"]) - half_spread) * qty, ("arrival_mid",)),
        "network": (
            sign * (fills["arrival_mid"] - fills["decision_mid"]) * qty,
            ("arrival_mid", "decision_mid"),
        ),
    }
    return pa.table(
        {
            "number": fills["number"],
            "time_ns": fills["time"],
            "venue_time_ns": fills["venue_time"],
            "symbol": _symbols(fills["instrument"], results),
            "side": _names(fills["side"], SIDES),
            "qty": units(qty, results.lot),
            "price_e9": unit_prices(price, results.lot),
            "fee_e9": fills["fee"],
            "liquidity": _names(fills["liquidity"], LIQUIDITIES),
            "intent": _names(fills["intent"], INTENTS),
            "signal": _names(fills["signal"], SIGNALS),
            "position_after": units(fills["position_after"], results.lot),
            "round_trip": fills["round_trip"],
            "decision_mid_e9": _prices(fills["decision_mid"], results.lot),
            "arrival_mid_e9": _prices(fills["arrival_mid"], results.lot),
            **{
                f"{name}_e9": pa.array(
                    value, mask=np.any([fills[mid] == NO_PRICE for mid in needs], axis=0)
                )
                for name, (value, needs) in costs.items()
            },
            "mid_e9": _prices(fills["mid"], results.lot),
            **{
                f"mid_{horizon}s_e9": _prices(mids, results.lot)
                for horizon, mids in zip(HORIZONS_S, _markouts(results).T, strict=True)
            },
            **{
                f"adverse_{horizon}s_e9": pa.array(cost, mask=unknown)
                for horizon, (cost, unknown) in _adverse(results).items()
            },
            "user_ref": fills["user_ref"],
            "order_reference": fills["order_reference"],
            "match": fills["match"],
        }
    )


def trade_table(results: Results) -> pa.Table:
    """One row for each round trip, in the order of their ends.

    ``net_e9 = gross_e9 - fees_e9 - half_spread_e9 - slippage_e9 - network_e9``, exactly.
    ``adverse_5s_e9`` is the sum of that column over the fills of the round trip, null
    where it is not known of all; it is contained in the gross of those that stay so long.
    """
    trips = results.round_trips
    return pa.table(
        {
            "id": trips["id"],
            "symbol": _symbols(trips["instrument"], results),
            "side": _names(trips["side"], SIDES),
            "signal": _names(trips["signal"], SIGNALS),
            "exit_intent": _names(trips["exit_intent"], INTENTS),
            "opened_ns": trips["opened"],
            "closed_ns": trips["closed"],
            "holding_ns": trips["closed"] - trips["opened"],
            "qty": units(trips["qty"], results.lot),
            "maker_qty": units(trips["maker_qty"], results.lot),
            "entry_notional_e9": trips["entry_notional"],
            "exit_notional_e9": trips["exit_notional"],
            **{f"{name}_e9": trips[name] for name in MONEY},
            **{f"{name}_bp": basis_points(trips, name) for name in MONEY},
            **{
                f"adverse_{horizon}s_e9": _of_trips(results, cost, unknown)
                for horizon, (cost, unknown) in _adverse(results).items()
            },
        }
    )


def sample_table(results: Results) -> pa.Table:
    """Touch, position and equity of the account, every 250 ms and instrument."""
    samples = results.samples
    return pa.table(
        {
            "time_ns": samples["time"],
            "symbol": _symbols(samples["instrument"], results),
            "bid_e9": _prices(samples["bid"], results.lot),
            "ask_e9": _prices(samples["ask"], results.lot),
            "position": units(samples["position"], results.lot),
            "equity_e9": samples["equity"],
        }
    )


def basis_points(trips: Records, name: str) -> npt.NDArray[np.float64]:
    """A money column of round trips, in basis points of what was paid or taken to open."""
    opened = np.maximum(np.abs(trips["entry_notional"]), 1)
    bp: npt.NDArray[np.float64] = 1e4 * trips[name] / opened
    return bp


def _sign(fills: Records) -> Integers:
    """+1 of a buy, -1 of a sell."""
    return np.where(fills["side"] == 0, 1, -1)


def _markouts(results: Results) -> Integers:
    if results.markouts is not None:
        return results.markouts
    return np.full((results.fills.size, len(HORIZONS_S)), NO_PRICE)


def _adverse(results: Results) -> dict[int, tuple[Integers, npt.NDArray[np.bool_]]]:
    """By horizon: what the mid went against each fill, as money, and where it is unknown."""
    fills = results.fills
    found = {}
    for horizon, mids in zip(HORIZONS_S, _markouts(results).T, strict=True):
        unknown = (mids == NO_PRICE) | (fills["mid"] == NO_PRICE)
        moved = np.where(unknown, 0, fills["mid"] - mids)
        found[horizon] = (_sign(fills) * moved * fills["qty"], unknown)
    return found


def _of_trips(results: Results, values: Integers, unknown: npt.NDArray[np.bool_]) -> pa.Array:
    """Sums of a column of fills over each round trip; null where one is unknown."""
    ids = results.round_trips["id"]
    order = np.argsort(ids)
    places = np.searchsorted(ids[order], results.fills["round_trip"])
    closed = places < ids.size
    closed[closed] = ids[order][places[closed]] == results.fills["round_trip"][closed]
    sums, missing = np.zeros(ids.size, np.int64), np.zeros(ids.size, np.int64)
    where = order[places[closed]]
    np.add.at(sums, where, values[closed])
    np.add.at(missing, where, unknown[closed])
    return pa.array(sums, mask=missing > 0)


def _names(values: npt.NDArray[Any], names: tuple[str, ...]) -> pa.Array:
    indices = pa.array(np.minimum(values, len(names)).astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([*names, "other"]))


def _symbols(values: npt.NDArray[Any], results: Results) -> pa.Array:
    numbers, places = np.unique(values, return_inverse=True)
    names = [results.symbol(int(number)) for number in numbers]
    return pa.DictionaryArray.from_arrays(
        pa.array(places.astype(np.int32)), pa.array(names, type=pa.string())
    )


def _prices(values: npt.NDArray[Any], lot: Decimal) -> pa.Array:
    return pa.array(unit_prices(values, lot), mask=values == NO_PRICE)
