"""What a trade earns and costs, in basis points of its entry.

Gross is what the mids at the decisions would have earned. Off it come fees (a rebate is a
negative one), the half-spreads that a taker pays and a maker is paid, slippage (what a
fill is worse than the touch) and network cost (drift of the mid between decision and
arrival). docs/economics.md has the formulas. One basis point (bp) is 0.01 % of the entry's
notional; fees of a round trip are those of both sides together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["TradeEconomics", "break_even_win_rate", "split", "split_total"]

BP_PER_UNIT = 10_000
"""Basis points in the whole."""

_COSTS = ("fees", "half_spread", "slippage", "network")
_PARTS = ("gross", *_COSTS, "net")


@dataclass(frozen=True, slots=True)
class TradeEconomics:
    """One round trip's result and its parts, in basis points of the entry.

    Parameters
    ----------
    gross_bp
        Move between the mids at the two decisions, in the direction of the trade.
    fee_bp
        Fees of both sides; negative where the rebates outweigh them.
    half_spread_bp
        Half-spreads of both sides: those paid as taker less those earned as maker.
    slippage_bp
        Fill prices against the touch at arrival.
    network_bp
        Drift of the mid between decision and arrival.

    Examples
    --------
    A move of 12 bp, taken on both sides:

    >>> taker = TradeEconomics(gross_bp=12, fee_bp=5, half_spread_bp=3, network_bp=1)
    >>> taker.net_bp
    3
    >>> taker.as_maker(rebate_bp=1).net_bp
    9
    """

    gross_bp: float
    fee_bp: float
    half_spread_bp: float
    slippage_bp: float = 0
    network_bp: float = 0

    @property
    def cost_bp(self) -> float:
        """All costs: fee + half-spread + slippage + network."""
        return self.fee_bp + self.half_spread_bp + self.slippage_bp + self.network_bp

    @property
    def net_bp(self) -> float:
        """What is left: gross - (fee + half-spread + slippage + network)."""
        return self.gross_bp - self.cost_bp

    @property
    def break_even_move_bp(self) -> float:
        """Gross move at which the net is zero; negative where rebates pay the costs."""
        return self.cost_bp

    def as_maker(self, rebate_bp: float, half_spread_bp: float | None = None) -> TradeEconomics:
        """The same trade with limit orders that earn a rebate instead of paying a fee.

        Parameters
        ----------
        rebate_bp
            Rebate of both sides together; positive is received.
        half_spread_bp
            What the half-spreads cost then; a maker is paid them, which is a negative
            number. Unchanged where left out: the fee alone is another.
        """
        return replace(
            self,
            fee_bp=-rebate_bp,
            half_spread_bp=self.half_spread_bp if half_spread_bp is None else half_spread_bp,
        )

    def break_even_win_rate(self, loss_bp: float) -> float:
        """Share of winning trades at which the expected net is zero.

        Parameters
        ----------
        loss_bp
            Adverse gross move of a losing trade, positive; its costs are the same.

        Returns
        -------
        float
            Between 0 and 1, where 1 also stands for a winner that loses after costs.

        Raises
        ------
        ValueError
            `loss_bp` is not positive.
        """
        if not loss_bp > 0:
            raise ValueError(f"loss_bp must be positive, is {loss_bp}")
        return break_even_win_rate(self.net_bp, loss_bp + self.cost_bp)

    def net(self, entry_notional: float) -> float:
        """Net of one trade of this notional, in its currency."""
        return entry_notional * self.net_bp / BP_PER_UNIT


def break_even_win_rate(win_bp: float, loss_bp: float) -> float:
    """Share of winners p at which p * win - (1 - p) * loss = 0, costs included in both.

    Parameters
    ----------
    win_bp
        Net of a winning trade.
    loss_bp
        What a losing trade loses, positive; zero or less means that it loses nothing.

    Returns
    -------
    float
        loss / (win + loss) in [0, 1]; 1 where winners earn nothing.
    """
    if loss_bp <= 0:
        return 0.0
    if win_bp <= 0:
        return 1.0
    return loss_bp / (win_bp + loss_bp)


def _checked(round_trips: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, if its parts add up to its net exactly and no entry is empty."""
    names = round_trips.dtype.names or ()
    missing = [name for name in (*_PARTS, "entry_notional") if name not in names]
    if missing:
        raise ValueError(f"round trips lack the fields {', '.join(missing)}")
    costs = sum(round_trips[name] for name in _COSTS)
    wrong = np.flatnonzero(round_trips["gross"] - costs != round_trips["net"])
    if wrong.size:
        raise ValueError(
            f"round trip at index {wrong[0]} does not add up: "
            f"net is not gross - {' - '.join(_COSTS)}"
        )
    empty = np.flatnonzero(round_trips["entry_notional"] <= 0)
    if empty.size:
        raise ValueError(f"round trip at index {empty[0]} has no entry notional")
    return round_trips


def split(round_trips: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float64]]:
    """Every round trip's result in basis points of its entry, part by part.

    The parts are checked to add up in integers of 1e-9 before anything is divided.

    Parameters
    ----------
    round_trips
        Structured array, shape (n,), with int64 money fields `gross`, `fees`,
        `half_spread`, `slippage`, `network`, `net` and `entry_notional` in 1e-9 of the
        currency, as `_core` gives it.

    Returns
    -------
    dict
        `gross_bp`, `fee_bp`, `half_spread_bp`, `slippage_bp`, `network_bp` and `net_bp`,
        each float64 of shape (n,); costs positive.

    Raises
    ------
    ValueError
        A field is missing, a row does not add up, or has no entry notional.
    """
    trips = _checked(round_trips)
    notional = trips["entry_notional"].astype(np.float64)
    return {_column(part): trips[part] * float(BP_PER_UNIT) / notional for part in _PARTS}


def split_total(round_trips: npt.NDArray[Any]) -> TradeEconomics | None:
    """All round trips as one: sums of money over the sum of entries.

    The net basis points of the result are those of the money earned, so large trades
    weigh more; the mean of `split`'s columns weighs all trades alike.

    Parameters
    ----------
    round_trips
        As in `split`.

    Returns
    -------
    TradeEconomics or None
        None where there are no round trips.

    Raises
    ------
    ValueError
        As in `split`.
    """
    trips = _checked(round_trips)
    if trips.size == 0:
        return None
    # Python integers: a day's notional may exceed int64 at 1e-9.
    notional = sum(trips["entry_notional"].tolist())
    parts = (sum(trips[part].tolist()) * BP_PER_UNIT / notional for part in _PARTS[:-1])
    return TradeEconomics(*parts)


def _column(part: str) -> str:
    return "fee_bp" if part == "fees" else f"{part}_bp"
