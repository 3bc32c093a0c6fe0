"""Passive first pays, or not: the same day traded as taker, as maker, and choosing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyscalp.config import Config
from pyscalp.run_economics import RunEconomics

if TYPE_CHECKING:
    from pyscalp.run_directory import Results

    Traded = tuple[Results, bool]
    """What a replay came to, and whether it agrees with the exchange's record."""

Style = Literal["taker", "maker", "choose"]
STYLES: tuple[Style, ...] = ("taker", "maker", "choose")
"""Of ``tactics.style``, in the order of the comparison."""


def style_row(style: Style, results: Results, agrees: bool) -> dict[str, Any]:
    """One style's line of the comparison.

    Returns
    -------
    dict
        ``style``, ``orders`` (sent), ``fill_rate`` (share of them that traded at all,
        None without any), ``hash``, ``agrees`` (with the exchange's record), and all of
        `RunEconomics`.
    """
    orders = int(results.engine["orders_sent"])
    traded = len(set(results.fills["user_ref"].tolist()))
    return {
        "style": style,
        "orders": orders,
        "fill_rate": traded / orders if orders else None,
        "hash": results.engine["hash"],
        "agrees": agrees,
        **RunEconomics.of(results).to_json(),
    }


def style_rows(
    config: Config, own: Traded, trade: Callable[[Config], Traded]
) -> list[dict[str, Any]]:
    """A line for each style: that of `config` has come to `own`, the others are traded."""
    rows = []
    for style in STYLES:
        used = config.tactics.style == style
        traded = own if used else trade(config.replace("tactics", style=style))
        rows.append(style_row(style, *traded))
    return rows


def compare_styles(
    path: str | Path, config: Config | str | Path | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Replay a recorded day three times, with nothing but ``tactics.style`` changed.

    Parameters
    ----------
    path, config, **options
        As of `pyscalp.replay`.

    Returns
    -------
    list of dict
        As `style_row` has them, in the order of `STYLES`.

    Raises
    ------
    PyscalpError
        As `pyscalp.replay`.
    """
    from pyscalp.replay import replay

    summary = replay(path, config, compare_styles=True, **options).summary
    rows: list[dict[str, Any]] = summary["styles"]
    return rows
