"""What instruments must be for the protocol that they are traded by."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyscalp.config_fees import Fees
    from pyscalp.config_sections import ExchangeSection, Instrument

QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "EUR", "TRY", "BTC", "ETH", "BNB", "USD")
"""Quote assets by which a symbol's name is split, longest first where one ends another."""


def itch_problems(instruments: Sequence[Instrument]) -> list[tuple[str, str]]:
    """Keys and what is wrong with them where the feed is ITCH."""
    problems = []
    for i, instrument in enumerate(instruments):
        if instrument.tick % Decimal("0.0001"):
            problems.append(
                (
                    f"instruments.{i}.tick",
                    "must be a multiple of 0.0001, the feed's own precision; it is "
                    f"{instrument.tick:f}",
                )
            )
        if instrument.step != 1:
            problems.append(
                (
                    f"instruments.{i}.step",
                    f"is for a crypto venue; shares come whole, not by {instrument.step:f}",
                )
            )
    return problems


def crypto_problems(
    exchange: ExchangeSection, fees: Fees | None, instruments: Sequence[Instrument]
) -> list[tuple[str, str]]:
    """Keys and what is wrong with them where the venue is a crypto venue."""
    problems = []
    if fees is not None and (fees.maker_per_share or fees.taker_per_share):
        schedule = "binance_spot" if exchange.protocol == "binance-spot" else "binance_futures"
        problems.append(
            (
                "fees",
                f'a crypto venue takes no fee per share; name schedule = "{schedule}", or set '
                "maker_per_share and taker_per_share to 0",
            )
        )
    for i, instrument in enumerate(instruments):
        lot_tick = instrument.tick * instrument.step
        if lot_tick.scaleb(8) != lot_tick.scaleb(8).to_integral_value():
            problems.append(
                (
                    f"instruments.{i}.step",
                    f"times tick is {lot_tick:f}, the price of one lot; it must be a multiple "
                    "of 0.00000001",
                )
            )
        if split_symbol(instrument.symbol) is None:
            problems.append(
                (
                    f"instruments.{i}.symbol",
                    f'"{instrument.symbol}" ends in no quote asset such as USDT, USDC or BTC',
                )
            )
        if exchange.driver == "agents" and instrument.opening is None:
            problems.append(
                (
                    f"instruments.{i}.opening",
                    "is missing: the price at which agents are to open this market; add for "
                    "example opening = 60_000",
                )
            )
    return problems


def split_symbol(symbol: str) -> tuple[str, str] | None:
    """Base and quote asset of a name such as BTCUSDT; None where no quote is known."""
    for quote in QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol[: -len(quote)], quote
    return None
