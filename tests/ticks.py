"""Equity ticks for tests: small days made here, and the real ones read without pyscalp."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

SYMBOLS = ("AIG", "BAC", "IBM")
DATES = ("2013-10-07", "2013-10-08", "2013-10-09")
NO_PRICE = 2**63 - 1
E4 = 100_000
"""1e-4, the unit of the files' prices, in 1e-9."""
OPEN_MS, CLOSE_MS = 34_200_000, 57_600_000

# Bits of a trade's conditions, by Lean's TradeConditionFlags; its own numbers, not ours.
REGULAR, YELLOW, SWEEP, FORM_T = 1 << 0, 1 << 4, 1 << 5, 1 << 10
EXTENDED, AUTOMATIC, EXEMPT, ODD_LOT = 1 << 13, 1 << 28, 1 << 29, 1 << 31
OF_THE_MOMENT = REGULAR | YELLOW | SWEEP | FORM_T | EXTENDED | AUTOMATIC | EXEMPT | ODD_LOT
AUCTION = 1 << 6 | 1 << 7 | 1 << 8 | 1 << 21
OFFICIAL = 1 << 24 | 1 << 26

QUOTES = """\
34200000,100000,500,0,0,Q,1,0
34200000,0,0,100200,400,P,1,0
34200100,100000,700,0,0,Q,1,0
34200100,0,0,100200,400,P,1,0
"""
TRADES = """\
34200060,100000,100,Q,1,0
34200100,100200,50,P,20000020,0
"""


def write_ticks(
    folder: Path,
    quotes: str | None = QUOTES,
    trades: str | None = TRADES,
    symbol: str = "abc",
    day: str = "20131007",
) -> Path:
    """A folder of one instrument's quote and trade zips, either left out where None."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, rows in (("Quote", quotes), ("Trade", trades)):
        if rows is None:
            continue
        with zipfile.ZipFile(
            folder / f"{day}_{kind.lower()}.zip", "w", zipfile.ZIP_DEFLATED
        ) as archive:
            archive.writestr(f"{day}_{symbol}_{kind}_Tick.csv", rows)
    return folder


def _rows(path: Path, names: list[str]) -> pl.DataFrame:
    with zipfile.ZipFile(path) as archive:
        data = archive.read(archive.namelist()[0])
    text = {"cond": pl.String, "exchange": pl.String}
    return pl.read_csv(data, has_header=False, new_columns=names, schema_overrides=text)


def quote_zip(market_data: Path, symbol: str, date: str) -> Path:
    day = date.replace("-", "")
    return market_data / "equity_ticks" / symbol.lower() / f"{day}_quote.zip"


def quotes(path: Path) -> pl.DataFrame:
    """Every row, with the touch after it: prices in 1e-9, 0 where a side has none yet."""
    raw = _rows(path, ["ms", "bid", "bid_qty", "ask", "ask_qty", "exchange", "cond", "bad"])
    touch = []
    for side in ("bid", "ask"):
        spoken = (pl.col(side) != 0) & (pl.col("bad") == 0)
        touch += [
            (pl.when(spoken).then(pl.col(side)).forward_fill().fill_null(0) * E4).alias(
                f"{side}_after"
            ),
            pl.when(spoken)
            .then(pl.col(f"{side}_qty"))
            .forward_fill()
            .fill_null(0)
            .alias(f"{side}_qty_after"),
        ]
    return raw.with_columns(touch)


def trades(path: Path) -> pl.DataFrame:
    """Every row, with its conditions as a number and what pyscalp should make of it."""
    raw = _rows(path, ["ms", "price", "qty", "exchange", "cond", "bad"])
    bits = pl.Series("bits", [int(text, 16) for text in raw["cond"]], dtype=pl.UInt64)
    array = bits.to_numpy()
    fate = np.select(
        [
            (array & OFFICIAL) != 0,
            (raw["exchange"] == "D").to_numpy(),
            (array & AUCTION) != 0,
            (array & ~np.uint64(OF_THE_MOMENT)) != 0,
        ],
        ["official", "off_exchange", "auction", "untimely"],
        "continuous",
    )
    return raw.with_columns(bits, pl.Series("fate", fate), pl.col("price") * E4)


class Said(NamedTuple):
    """One message of a day: its place, type, locate, time and body."""

    kind: str
    locate: int
    time: int
    body: bytes

    def number(self, at: int, size: int) -> int:
        """A number of the message, by its offset in ITCH's tables."""
        return int.from_bytes(self.body[at : at + size], "big")


def messages(day: bytes) -> Iterator[Said]:
    at = 0
    while at < len(day):
        (length,) = struct.unpack_from(">H", day, at)
        body = day[at + 2 : at + 2 + length]
        yield Said(
            chr(body[0]),
            int.from_bytes(body[1:3], "big"),
            int.from_bytes(body[5:11], "big"),
            body,
        )
        at += 2 + length


def traded_by_kind(day: bytes, locate: int) -> dict[str, int]:
    """Shares of a day's messages, by their type."""
    shares = dict.fromkeys("ECPQ", 0)
    where = {"E": (19, 4), "C": (19, 4), "P": (20, 4), "Q": (11, 8)}
    for said in messages(day):
        if said.locate == locate and said.kind in where:
            shares[said.kind] += said.number(*where[said.kind])
    return shares
