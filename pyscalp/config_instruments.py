"""What instruments must be for the protocol that they are traded by."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyscalp.config_sections import Instrument

_ITCH_SYMBOL = 8
_ITCH_STEP = Decimal("0.0001")
_LOT_TICK_STEP = Decimal("0.00000001")

QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "EUR", "TRY", "BTC", "ETH", "BNB", "USD")
"""Quote assets by which a symbol's name is split, longest first where one ends another."""


def itch_problems(instruments: Sequence[Instrument]) -> list[tuple[str, str]]:
    """Keys and what is wrong with them where the feed is ITCH."""
    problems = []
    for i, instrument in enumerate(instruments):
        if len(instrument.symbol) > _ITCH_SYMBOL:
            problems.append((f"instruments.{i}.symbol", "is longer than the 8 of an ITCH feed"))
        if instrument.tick % _ITCH_STEP:
            problems.append(
                (
                    f"instruments.{i}.tick",
                    "must be a multiple of 0.0001, the feed's own precision; it is "
                    f"{instrument.tick:f}",
                )
            )
        if instrument.lot != 1:
            problems.append(
                (
                    f"instruments.{i}.lot",
                    f"is for a crypto venue; shares come whole, not by {instrument.lot:f}",
                )
            )
    return problems


def crypto_problems(instruments: Sequence[Instrument]) -> list[tuple[str, str]]:
    """Keys and what is wrong with them where the venue is a crypto venue."""
    problems = []
    for i, instrument in enumerate(instruments):
        lot_tick = instrument.tick * instrument.lot
        if lot_tick % _LOT_TICK_STEP:
            problems.append(
                (
                    f"instruments.{i}.lot",
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
    return problems


def opening_problems(driver: str, instruments: Sequence[Instrument]) -> list[tuple[str, str]]:
    """Keys that the included crypto venue lacks where agents are to make its market."""
    return [
        (
            f"instruments.{i}.opening",
            "is missing: the price at which agents are to open this market; add for example "
            "opening = 60_000",
        )
        for i, instrument in enumerate(instruments)
        if driver == "agents" and instrument.opening is None
    ]


def split_symbol(symbol: str) -> tuple[str, str] | None:
    """Base and quote asset of a name such as BTCUSDT; None where no quote is known."""
    for quote in QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol[: -len(quote)], quote
    return None
