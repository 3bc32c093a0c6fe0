"""What one round trip leaves, as taker, as maker and as one after the other.

From assumptions in basis points, with no market needed: which move a style must see, and
how often it must be right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pyscalp.economics import TradeEconomics
from pyscalp.fees import Tier

ROLES = {"taker": 0, "maker_taker": 1, "maker": 2}
"""How many of the two fills are a maker's."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of a trade; all in basis points of its entry.

    Parameters
    ----------
    move_bp
        Expected move between the mids at the two decisions.
    taker_fee_bp, maker_fee_bp
        Fee of one fill; negative is a rebate.
    spread_bp
        Bid to ask. A taker pays half of it on each side, a maker is paid half.
    slippage_bp
        What taking both sides costs beyond the touch; half of it is one side's.
    network_bp
        Drift of the mid while the orders of both sides travel.
    adverse_bp
        How far the mid goes against one fill as maker: those who take know why. It comes
        off the move.

    Examples
    --------
    >>> example = Assumptions()
    >>> example.economics("taker").net_bp
    3.0
    >>> example.economics("maker").net_bp
    14.0
    """

    move_bp: float = 12
    taker_fee_bp: float = 2.5
    maker_fee_bp: float = 0
    spread_bp: float = 3
    slippage_bp: float = 0
    network_bp: float = 1
    adverse_bp: float = 0

    def economics(self, role: str) -> TradeEconomics:
        """The round trip of one of `ROLES`: both fills, part by part."""
        makers = ROLES[role]
        takers = 2 - makers
        return TradeEconomics(
            gross_bp=self.move_bp - makers * self.adverse_bp,
            fee_bp=takers * self.taker_fee_bp + makers * self.maker_fee_bp,
            half_spread_bp=(takers - makers) * self.spread_bp / 2,
            slippage_bp=takers * self.slippage_bp / 2,
            network_bp=self.network_bp,
        )

    def break_even_move_bp(self, role: str) -> float:
        """The expected move at which the net is zero."""
        return self.economics(role).cost_bp + ROLES[role] * self.adverse_bp

    def break_even_win_rate(self, role: str, loss_bp: float) -> float:
        """Share of trades that must win, where a loser moves `loss_bp` against us.

        Raises
        ------
        ValueError
            `loss_bp` is not positive.
        """
        return self.economics(role).break_even_win_rate(loss_bp + ROLES[role] * self.adverse_bp)

    def with_fees(self, tier: Tier, price: float | None = None) -> Assumptions:
        """The same with a tier's fees; `price` is that of a share, for fees by the share.

        Raises
        ------
        PyscalpError
            If the price is needed and not there.
        """
        maker, taker = tier.in_bp(price)
        return replace(self, maker_fee_bp=maker, taker_fee_bp=taker)

    def row(self, role: str, loss_bp: float, notional: float) -> dict[str, Any]:
        """Everything of one role, as it is printed; ``net`` is money for `notional`."""
        e = self.economics(role)
        return {
            "gross_bp": e.gross_bp,
            "fee_bp": e.fee_bp,
            "half_spread_bp": e.half_spread_bp,
            "slippage_bp": e.slippage_bp,
            "network_bp": e.network_bp,
            "net_bp": e.net_bp,
            "net": e.net(notional),
            "break_even_move_bp": self.break_even_move_bp(role),
            "break_even_win_rate": self.break_even_win_rate(role, loss_bp),
        }
