"""Where every basis point of a run went: sums over its round trips and fills.

The report, the command line and the comparison of styles all read their numbers here.
Money is in currency units, costs are positive; one basis point is 0.01 % of what was
entered, for adverse selection of what was filled.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyscalp.economics import break_even_win_rate
from pyscalp.run_tables import HORIZONS_S, MONEY, fill_table, trade_table

if TYPE_CHECKING:
    import polars as pl

    from pyscalp.run_directory import Results


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the result of all round trips.

    Attributes
    ----------
    money : float
        Total, in currency units.
    bp : float
        The total over the sum of entries, in basis points: large trades weigh more.
    bp_mean : float
        Mean of the round trips' own basis points: all weigh alike.
    """

    money: float
    bp: float
    bp_mean: float


@dataclass(frozen=True, slots=True)
class Adverse:
    """What the mid did after fills.

    Attributes
    ----------
    horizon_s : int
        Seconds after the fill.
    fills : int
        Of how many fills that is known.
    adverse_bp : float or None
        Adverse selection: how far the mid went against them, sign (mid - mid after), over
        their notional; None where it is known of no fill.
    markout_bp : float or None
        What they were worth then: sign (mid after - price), fees apart, over the same.
    """

    horizon_s: int
    fills: int
    adverse_bp: float | None
    markout_bp: float | None


@dataclass(frozen=True)
class RunEconomics:
    """The economics of a run's closed round trips and of its fills.

    Attributes
    ----------
    trades, fills : int
        Closed round trips; fills of all.
    parts : dict
        `Part` by name: gross, fees, half_spread, slippage, network, net, where
        net = gross - (the four between), in money and in basis points. Empty without a
        round trip.
    adverse : dict
        By liquidity (``"maker"``, ``"taker"``, ``"all"``), one `Adverse` a horizon.
    maker_share : float or None
        Of the quantity in closed round trips.
    win_rate : float or None
        Share of round trips with a net above zero.
    break_even_win_rate : float or None
        The share at which the net would be zero, were winners and losers each what they
        were on average: the net is positive exactly if `win_rate` is above it.
    """

    trades: int
    fills: int
    parts: dict[str, Part]
    adverse: dict[str, list[Adverse]]
    maker_share: float | None = None
    win_rate: float | None = None
    break_even_win_rate: float | None = None

    @classmethod
    def of(cls, results: Results) -> RunEconomics:
        """Those of a session that has ended."""
        import polars as pl

        trades, fills = pl.from_arrow(trade_table(results)), pl.from_arrow(fill_table(results))
        assert isinstance(trades, pl.DataFrame)
        assert isinstance(fills, pl.DataFrame)
        return cls.of_tables(trades, fills)

    @classmethod
    def of_tables(cls, trades: pl.DataFrame, fills: pl.DataFrame) -> RunEconomics:
        """Those of ``trades.parquet`` and ``fills.parquet``, or of some of their rows."""
        adverse = _adverse(fills)
        if not trades.height:
            return cls(0, fills.height, {}, adverse)
        # Python integers: a day's notional may exceed int64 at 1e-9.
        entered = max(sum(trades["entry_notional_e9"].abs().to_list()), 1)
        sums = {name: sum(trades[f"{name}_e9"].to_list()) for name in MONEY}
        parts = {
            name: Part(total / 1e9, 1e4 * total / entered, _mean(trades[f"{name}_bp"]))
            for name, total in sums.items()
        }
        traded = 2 * sum(trades["qty"].to_list())
        net = trades["net_e9"]
        won, lost = net.filter(net > 0), net.filter(net <= 0)
        return cls(
            trades.height,
            fills.height,
            parts,
            adverse,
            sum(trades["maker_qty"].to_list()) / traded if traded else 0.0,
            won.len() / trades.height,
            break_even_win_rate(_mean(won), -_mean(lost)),
        )

    def to_json(self) -> dict[str, Any]:
        """As it stands in summary.json."""
        return asdict(self)


def _mean(values: pl.Series) -> float:
    return float(values.cast(float).mean() or 0.0) if values.len() else 0.0  # type: ignore[arg-type]


def _adverse(fills: pl.DataFrame) -> dict[str, list[Adverse]]:
    liquidity = fills["liquidity"].cast(str)
    return {
        name: [
            _adverse_of(fills if name == "all" else fills.filter(liquidity == name), horizon)
            for horizon in HORIZONS_S
        ]
        for name in ("maker", "taker", "all")
    }


def _adverse_of(fills: pl.DataFrame, horizon_s: int) -> Adverse:
    known = fills.filter(fills[f"adverse_{horizon_s}s_e9"].is_not_null())
    if not known.height:
        return Adverse(horizon_s, 0, None, None)
    sign = 1 - 2 * (known["side"].cast(str) == "sell").cast(int)
    filled = sum((known["price_e9"] * known["qty"]).to_list())
    against = sum(known[f"adverse_{horizon_s}s_e9"].to_list())
    gained = sign * (known[f"mid_{horizon_s}s_e9"] - known["price_e9"]) * known["qty"]
    return Adverse(
        horizon_s, known.height, 1e4 * against / filled, 1e4 * sum(gained.to_list()) / filled
    )
