"""The money in the report: what was earned, where it went, and what each style makes of it."""

from __future__ import annotations

from typing import Any

import polars as pl

from pyscalp.report_page import nothing, plot, section, table
from pyscalp.report_plots import basis_points_text, distribution, signed, waterfall
from pyscalp.run_directory import WrittenRun
from pyscalp.run_economics import RunEconomics
from pyscalp.run_tables import MONEY

_ECONOMICS = (
    "What was earned, in basis points of what was entered, over all round trips: what the "
    "mids at the decisions promised, less fees (a rebate adds), less half the spread at "
    "arrival (a maker is paid it), less what the fill was worse than that touch, less the "
    "drift of the price while orders travelled. In the table below costs are negative, so "
    "that each row adds up."
)
_POINTS = (
    "The same, part by part, in money. Per trade: the mean of the round trips' own basis "
    "points, whatever their size. The sum of the nets is the change of cash, to 1e-9."
)
_ADVERSE = (
    "Adverse selection: how far the mid went against a fill after 1, 5 and 30 s (positive: "
    "against us). It is no cost of its own, but part of what the gross came to. Markout: "
    "what the fills were worth then, against the price paid, before fees."
)
_STYLES = (
    "The same part of the day, three times: always taking, always resting, and choosing. "
    "In basis points; costs are negative. Filled: of the orders sent, how many traded at "
    "all. Adverse: what the mid went against fills as maker."
)
_COSTS = MONEY[1:-1]
_NAMES = {
    "gross": "Gross",
    "fees": "Fees",
    "half_spread": "Half-spread",
    "slippage": "Slippage",
    "network": "Network",
    "net": "Net",
}


def economics_sections(run: WrittenRun) -> list[str]:
    """The sections, in the order of the page."""
    sections = [section("Unit economics", _ECONOMICS, _economics(run))]
    if run.trades.height:
        sections.append(section("Where every basis point went", _POINTS, _points(run)))
    if styles := run.summary.get("styles"):
        sections.append(section("Taker, maker, or either", _STYLES, styles_table(styles)))
    return sections


def money(value: float) -> str:
    """An amount in dollars."""
    return f"{'−' if value < 0 else ''}${abs(value):,.2f}"


def _economics(run: WrittenRun) -> str:
    if not run.trades.height:
        return nothing("No round trip was closed, so there is nothing to take apart.")
    left = f"<h3>Net basis points per trade</h3>{plot(waterfall(run), 'waterfall')}"
    right = f"<h3>Distribution of the net</h3>{plot(distribution(run), 'distribution')}"
    return f'<div class="pair"><div>{left}</div><div>{right}</div></div>{_by_group(run)}'


def _by_group(run: WrittenRun) -> str:
    trades = run.trades.with_columns(pl.col("symbol", "signal").cast(pl.String))
    rows = []
    for keys, group in sorted(trades.group_by("symbol", "signal")):
        e = RunEconomics.of_tables(group, run.fills.head(0))
        rows.append(
            [
                str(keys[0]),
                str(keys[1]).replace("_", " "),
                f"{e.trades:,}",
                f"{e.win_rate:.0%}",
                signed(e.parts["gross"].bp),
                *(signed(-e.parts[name].bp) for name in _COSTS),
                signed(e.parts["net"].bp),
                f"{e.maker_share:.0%}",
                money(e.parts["net"].money),
            ]
        )
    head = ["Instrument", "Signal", "Trades", "Won"]
    return table(
        [*head, *(f"{name} bp" for name in _NAMES.values()), "Maker", "Net PnL"],
        rows,
        text_columns=2,
    )


def _points(run: WrittenRun) -> str:
    e = RunEconomics.of_tables(run.trades, run.fills)
    rows = [
        [
            _NAMES[name],
            money(_direction(name) * part.money),
            signed(_direction(name) * part.bp),
            signed(_direction(name) * part.bp_mean),
        ]
        for name, part in e.parts.items()
    ]
    left = "<h3>Part by part</h3>" + table(["", "Money", "bp of entries", "bp per trade"], rows)
    assert e.win_rate is not None
    assert e.break_even_win_rate is not None
    left += table(
        ["Win rate", ""],
        [
            ["Round trips won", f"{e.win_rate:.1%}"],
            ["At which the net would be zero", f"{e.break_even_win_rate:.1%}"],
        ],
    )
    right = f"<h3>What the mid did after fills</h3>{_adverse_table(e)}"
    right += f'<p class="note">{_ADVERSE}</p>'
    return f'<div class="pair"><div>{left}</div><div>{right}</div></div>'


def _direction(name: str) -> int:
    return -1 if name in _COSTS else 1


def _adverse_table(e: RunEconomics) -> str:
    rows = [
        [
            liquidity,
            f"{at.horizon_s} s",
            f"{at.fills:,}",
            basis_points_text(at.adverse_bp),
            basis_points_text(at.markout_bp),
        ]
        for liquidity, horizons in e.adverse.items()
        for at in horizons
    ]
    head = ["Fills as", "After", "Known of", "Adverse selection", "Markout"]
    return table(head, rows, text_columns=2)


def styles_table(styles: list[dict[str, Any]]) -> str:
    """One row a style, as `pyscalp.styles.compare_styles` gives them."""
    rows = []
    for style in styles:
        parts, maker = style["parts"], style["adverse"]["maker"]
        bp = {name: parts[name]["bp"] if parts else None for name in MONEY}
        rows.append(
            [
                style["style"],
                f"{style['trades']:,}",
                "–" if style["maker_share"] is None else f"{style['maker_share']:.0%}",
                "–" if style["fill_rate"] is None else f"{style['fill_rate']:.0%}",
                *(
                    "–" if value is None else signed(_direction(name) * value)
                    for name, value in bp.items()
                ),
                *("–" if at["adverse_bp"] is None else signed(at["adverse_bp"]) for at in maker),
                money(parts["net"]["money"] if parts else 0.0),
            ]
        )
    return table(
        [
            "Style",
            "Trades",
            "Maker",
            "Filled",
            *_NAMES.values(),
            *(f"Adverse {at['horizon_s']} s" for at in styles[0]["adverse"]["maker"]),
            "Net PnL",
        ],
        rows,
    )
