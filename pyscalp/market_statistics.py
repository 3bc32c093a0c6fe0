"""What a day of one stock looks like in numbers, and two such days side by side.

The numbers are those an artificial market has to get right to be worth trading in:
spread, depth, message mix, lifetimes of orders, volatility, tails, runs of trade signs.
All of them are read off the messages in the window a strategy sees: the best ``levels``
prices of each side. What happens deeper is neither counted nor timed, so that a
recording of a few levels and a market with a full book compare like with like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from pyscalp.market_tape import Series, read_tape

_SECOND = 1_000_000_000
_LAGS = 10


@dataclass(frozen=True)
class Statistic:
    """How one number is named and printed; ``share`` numbers compare by difference."""

    key: str
    label: str
    unit: str = ""
    decimals: int = 2
    share: bool = False


STATISTICS: tuple[Statistic, ...] = (
    Statistic("message_rate", "messages", "1/s"),
    Statistic("message_rate_p90", "messages in a second, 90 %", decimals=0),
    Statistic("message_rate_p99", "messages in a second, 99 %", decimals=0),
    Statistic("share_A", "share of adds", "%", 1, True),
    Statistic("share_D", "share of deletes", "%", 1, True),
    Statistic("share_X", "share of partial cancels", "%", 1, True),
    Statistic("share_E", "share of executions", "%", 1, True),
    Statistic("share_P", "share of hidden executions", "%", 1, True),
    Statistic("spread_mean", "spread, mean", "cents", 1),
    Statistic("spread_p05", "spread, 5 %", "cents", 1),
    Statistic("spread_p50", "spread, median", "cents", 1),
    Statistic("spread_p95", "spread, 95 %", "cents", 1),
    Statistic("touch_depth_mean", "depth at the touch, mean", "shares", 0),
    Statistic("touch_depth_p50", "depth at the touch, median", "shares", 0),
    Statistic("window_depth_mean", "depth in the window, mean", "shares", 0),
    Statistic("level_gap_mean", "distance between levels", "cents", 2),
    Statistic("lifetime_p10", "lifetime of cancelled orders, 10 %", "s", 4),
    Statistic("lifetime_p25", "lifetime, 25 %", "s", 3),
    Statistic("lifetime_p50", "lifetime, median", "s", 2),
    Statistic("lifetime_p75", "lifetime, 75 %", "s", 2),
    Statistic("lifetime_p90", "lifetime, 90 %", "s", 2),
    Statistic("trade_rate", "trades (aggressors)", "1/min", 1),
    Statistic("trade_size_mean", "size of a trade, mean", "shares", 0),
    Statistic("trade_size_p50", "size of a trade, median", "shares", 0),
    Statistic("executions_per_trade", "executions a trade"),
    Statistic("trade_gap_p50", "time between trades, median", "s", 3),
    Statistic("trade_half_spread", "half the spread when trades come", "cents", 1),
    Statistic("trade_impact_10s", "move of the mid in 10 s after a trade", "cents", 1),
    Statistic("volatility_10s", "volatility of 10 s", "bp"),
    Statistic("volatility_60s", "volatility of a minute", "bp"),
    Statistic("kurtosis_10s", "kurtosis of 10 s returns"),
    Statistic("kurtosis_60s", "kurtosis of one-minute returns"),
    Statistic("tail_10s_p90", "10 s move, 90 %", "bp"),
    Statistic("tail_10s_p99", "10 s move, 99 %", "bp"),
    Statistic("tail_60s_p90", "one-minute move, 90 %", "bp"),
    Statistic("tail_60s_p99", "one-minute move, 99 %", "bp"),
    *(
        Statistic(f"sign_acf_{lag}", f"sign autocorrelation, lag {lag}", "", 2, True)
        for lag in range(1, _LAGS + 1)
    ),
    Statistic("return_acf_10s", "autocorrelation of 10 s returns", "", 3, True),
    Statistic("return_acf_60s", "autocorrelation of one-minute returns", "", 3, True),
    Statistic("imbalance_1s", "imbalance against the next second", "", 3, True),
    Statistic("imbalance_5s", "imbalance against the next 5 s", "", 3, True),
)


def _weighted(
    values: NDArray[np.float64], weights: NDArray[np.float64], shares: list[float]
) -> list[float]:
    """Quantiles of a step function of time."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    if len(upto) == 0 or upto[-1] <= 0:
        return [float("nan")] * len(shares)
    at = np.searchsorted(upto, np.asarray(shares) * upto[-1])
    return [float(v) for v in values[order][np.minimum(at, len(values) - 1)]]


def _quantile(values: NDArray[np.float64], share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _sampled(
    times: NDArray[np.int64], values: NDArray[np.float64], grid: NDArray[np.int64]
) -> NDArray[np.float64]:
    return values[np.maximum(np.searchsorted(times, grid, side="right") - 1, 0)]


def _flow_numbers(series: Series, start: int, end: int) -> dict[str, float]:
    seconds = max((end - start) / _SECOND, 1e-9)
    edges = np.arange(start, end + 1, _SECOND)
    times = np.array(series.message_times, dtype=np.int64)
    a_second = np.zeros(0)
    if len(edges) > 1:
        a_second = np.histogram(times, edges)[0].astype(np.float64)
    total = max(len(times), 1)
    lifetimes = np.array(series.lifetimes, dtype=float) / _SECOND
    out = {
        "message_rate": len(times) / seconds,
        "message_rate_p90": _quantile(a_second, 0.9),
        "message_rate_p99": _quantile(a_second, 0.99),
    }
    for kind, count in series.counts.items():
        out[f"share_{kind}"] = 100 * count / total
    for share in (10, 25, 50, 75, 90):
        out[f"lifetime_p{share}"] = _quantile(lifetimes, share / 100)
    trades = np.array(series.trades, dtype=float).reshape(-1, 4)
    out["trade_rate"] = 60 * len(trades) / seconds
    out["trade_size_mean"] = float(trades[:, 2].mean()) if len(trades) else np.nan
    out["trade_size_p50"] = _quantile(trades[:, 2], 0.5)
    out["executions_per_trade"] = float(trades[:, 3].mean()) if len(trades) else np.nan
    out["trade_gap_p50"] = _quantile(np.diff(trades[:, 0]) / _SECOND, 0.5)
    signs = trades[:, 1]
    for lag in range(1, _LAGS + 1):
        out[f"sign_acf_{lag}"] = _correlation(signs[lag:], signs[:-lag])
    return out


def _book_numbers(touch: NDArray[np.int64], end: int) -> dict[str, float]:
    weights = np.diff(touch[:, 0], append=end).astype(float)
    total = max(weights.sum(), 1.0)

    def mean(values: NDArray[np.float64]) -> float:
        return float((values * weights).sum() / total)

    spread = (touch[:, 2] - touch[:, 1]) / 100.0
    p05, p50, p95 = _weighted(spread, weights, [0.05, 0.5, 0.95])
    both = np.concatenate([touch[:, 3], touch[:, 4]]).astype(float)
    (depth,) = _weighted(both, np.concatenate([weights, weights]), [0.5])
    return {
        "spread_mean": mean(spread),
        "spread_p05": p05,
        "spread_p50": p50,
        "spread_p95": p95,
        "touch_depth_mean": mean((touch[:, 3] + touch[:, 4]) / 2),
        "touch_depth_p50": depth,
        "window_depth_mean": mean((touch[:, 5] + touch[:, 6]) / 2),
        "level_gap_mean": mean(touch[:, 7] / 10_000.0),
    }


def _impact_numbers(series: Series, touch: NDArray[np.int64]) -> dict[str, float]:
    """What takers pay at once, and how far the mid has followed them after 10 s.

    The difference is what passive fills keep of the spread.
    """
    trades = np.array(series.trades, dtype=np.int64).reshape(-1, 4)
    if len(trades) == 0:
        return {"trade_half_spread": float("nan"), "trade_impact_10s": float("nan")}
    times, weights = touch[:, 0], trades[:, 2].astype(float)
    mids = (touch[:, 1] + touch[:, 2]) / 2.0
    spreads = (touch[:, 2] - touch[:, 1]).astype(float)
    before = trades[:, 0] - 1
    move = _sampled(times, mids, before + 10 * _SECOND) - _sampled(times, mids, before)
    paid = _sampled(times, spreads, before) / 2
    return {
        "trade_half_spread": float(np.average(paid, weights=weights)) / 100,
        "trade_impact_10s": float(np.average(trades[:, 1] * move, weights=weights)) / 100,
    }


def _price_numbers(touch: NDArray[np.int64], start: int, end: int) -> dict[str, float]:
    times = touch[:, 0]
    mids = (touch[:, 1] + touch[:, 2]) / 2.0
    out: dict[str, float] = {}
    for seconds in (10, 60):
        grid = np.arange(start, end + 1, seconds * _SECOND)
        returns = np.diff(np.log(_sampled(times, mids, grid))) * 1e4
        deviation = float(returns.std()) if len(returns) else float("nan")
        centred = returns - (returns.mean() if len(returns) else 0.0)
        out[f"volatility_{seconds}s"] = deviation
        out[f"kurtosis_{seconds}s"] = (
            float((centred**4).mean() / deviation**4) if deviation > 0 else float("nan")
        )
        out[f"tail_{seconds}s_p90"] = _quantile(np.abs(returns), 0.9)
        out[f"tail_{seconds}s_p99"] = _quantile(np.abs(returns), 0.99)
        out[f"return_acf_{seconds}s"] = _correlation(returns[1:], returns[:-1])
    depth = (touch[:, 5] + touch[:, 6]).astype(float)
    imbalance = (touch[:, 5] - touch[:, 6]) / np.maximum(depth, 1)
    for seconds in (1, 5):
        grid = np.arange(start, end - seconds * _SECOND, _SECOND)
        now = _sampled(times, imbalance, grid)
        later = _sampled(times, mids, grid + seconds * _SECOND)
        move = later - _sampled(times, mids, grid)
        out[f"imbalance_{seconds}s"] = _correlation(now, move)
    return out


def measure(
    file: bytes, symbol: str, *, levels: int = 5, filler_from: int | None = None
) -> dict[str, float]:
    """Numbers of one stock's day; keys are those of `STATISTICS`, in that order.

    Parameters
    ----------
    file
        ITCH 5.0 messages in Nasdaq's BinaryFILE framing, uncompressed. A cut tail is
        left out.
    symbol
        The stock, as its directory message names it.
    levels
        Size of the window in price levels of each side.
    filler_from
        Orders with references from here up are in the book but not in the counts:
        a recording's fillers for what happened outside its own window.

    Returns
    -------
    dict
        NaN where the file holds too little for a number. Counts, lifetimes and trades
        begin after market open ('Q') and end at market close ('M'); replaces count as a
        delete and an add; an order that comes and goes within one nanosecond, which is
        how a recording brings back an order from outside its window only to delete it,
        counts as its delete alone, without a lifetime. Trades are executions of one
        side at one nanosecond, signed by the aggressor; hidden executions, whose side
        is not told, are left out.

    Raises
    ------
    ValueError
        If the file names no such stock, or never shows both sides of its book.
    """
    series = read_tape(file, symbol, levels=levels, filler_from=filler_from)
    if series is None:
        raise ValueError(f"the file has no stock {symbol!r}")
    if not series.touch:
        raise ValueError(f"the file never shows both sides of {symbol!r}")
    touch = np.array(series.touch, dtype=np.int64)
    start = int(touch[0, 0])
    end = max(series.closed or 0, int(touch[-1, 0]))
    numbers = {
        **_flow_numbers(series, start, end),
        **_book_numbers(touch, end),
        **_impact_numbers(series, touch),
        **_price_numbers(touch, start, end),
    }
    return {statistic.key: numbers[statistic.key] for statistic in STATISTICS}


def _printed(value: float, statistic: Statistic) -> str:
    return "-" if np.isnan(value) else f"{value:.{statistic.decimals}f}"


def comparison(simulated: dict[str, float], real: dict[str, float]) -> Table:
    """The numbers of two days side by side.

    The last column is simulated over real, or their difference where both are shares
    or correlations, for which a ratio says nothing.
    """
    table = Table(title="simulated beside real")
    table.add_column("statistic")
    table.add_column("unit")
    for heading in ("simulated", "real", "ratio"):
        table.add_column(heading, justify="right")
    for statistic in STATISTICS:
        ours, theirs = simulated[statistic.key], real[statistic.key]
        if statistic.share:
            against = f"{ours - theirs:+.{statistic.decimals}f}"
        else:
            against = f"{ours / theirs:.2f}x" if theirs else "-"
        table.add_row(
            statistic.label,
            statistic.unit,
            _printed(ours, statistic),
            _printed(theirs, statistic),
            "-" if np.isnan(ours) or np.isnan(theirs) else against,
        )
    return table
