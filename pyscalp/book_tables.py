"""Books of a recorded file as Arrow tables: touch, depth, trades and features."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pyarrow as pa

from pyscalp.book_arrow import (
    TABLES,
    ArrowTables,
    InstrumentNames,
    Prices,
    arrow_numbers,
    arrow_texts,
)
from pyscalp.book_feed import BookFeed, Progress, open_feed
from pyscalp.errors import PyscalpError, ReadError

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["BookTables", "book", "book_batches"]


class BookTables:
    """Tables of a recorded file, or of a part of it; only those that were asked for.

    Every table begins with ``venue_time`` (timestamp UTC; a duration since midnight where
    no day is known), ``receipt_time`` (null where nobody stamped), ``sequence`` (number of
    the message in the file, from 1) and ``instrument``. What is not there is null.

    Attributes
    ----------
    top : pyarrow.Table
        A row a change of the touch: ``bid bid_qty bid_orders ask ask_qty ask_orders``.
        Numbers of orders are null where the venue tells none.
    depth : pyarrow.Table
        A row a change of one of the first N levels: ``bid_1 bid_qty_1 bid_orders_1``
        to N, then the same of ``ask``.
    trades : pyarrow.Table
        A row a trade: ``price qty aggressor hidden cross match``; executions told again
        in a later bulk trade are left out.
    features : pyarrow.Table
        A row a change of those levels or of the depth near the touch: ``mid spread
        microprice``; ``imbalance`` at the touch, ``imbalance_levels`` over N levels,
        ``imbalance_weighted`` over N levels with each divided by 1 + its distance from
        its side's best in ticks, all in [-1, 1]; ``bid_qty_levels ask_qty_levels``,
        sums over N levels; ``bid_qty_near ask_qty_near``, sums within ``depth_ticks``
        of the touch; ``order_flow``, the order-flow imbalance of the change (Cont,
        Kukanov and Stoikov, 2014).
    instruments : pyarrow.Table
        ``number symbol messages flagged``; a flagged book met something impossible.
    counters : dict of str to int
        Messages, and everything odd by name.
    problem : str
        Why the file ends early; empty where it is whole.
    """

    def __init__(
        self,
        tables: dict[str, Any],
        instruments: Any,
        counters: dict[str, int],
        problem: str = "",
    ) -> None:
        self._tables = tables
        self.instruments = instruments
        self.counters = counters
        self.problem = problem

    def __getitem__(self, name: str) -> Any:
        if name in self._tables:
            return self._tables[name]
        if name in TABLES:
            raise PyscalpError(f'the table {name} was not asked for; add it to tables=("{name}",)')
        raise PyscalpError(f'there is no table "{name}"; the tables are {", ".join(TABLES)}')

    @property
    def top(self) -> Any:
        """The changes of the touch."""
        return self["top"]

    @property
    def depth(self) -> Any:
        """The changes of the first levels."""
        return self["depth"]

    @property
    def trades(self) -> Any:
        """The trades."""
        return self["trades"]

    @property
    def features(self) -> Any:
        """What is read off the books."""
        return self["features"]

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that were asked for."""
        return tuple(self._tables)

    def to_polars(self, table: str = "top") -> polars.DataFrame:
        """One of the tables as a polars frame, without a copy where that can be."""
        import polars

        frame = polars.from_arrow(self[table])
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_pandas(self, table: str = "top") -> pandas.DataFrame:
        """One of the tables as a pandas frame; integers with nulls become ``Int64``."""
        import pandas

        types = {
            pa.int64(): pandas.Int64Dtype(),
            pa.uint64(): pandas.UInt64Dtype(),
            pa.uint32(): pandas.UInt32Dtype(),
        }
        found = self[table]
        nullable = {f.type for f in found.schema if found[f.name].null_count}
        frame: pandas.DataFrame = found.to_pandas(
            types_mapper=lambda kind: types.get(kind) if kind in nullable else None
        )
        return frame

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {table.num_rows:,}" for name, table in self._tables.items())
        return f"BookTables({rows or 'no tables'}; {self.instruments.num_rows:,} instruments)"


def book_batches(
    path: str | Path,
    *,
    rows: int = 1_000_000,
    instruments: str | Sequence[str] | None = None,
    levels: int = 5,
    day: dt.date | str | None = None,
    tables: Sequence[str] = TABLES,
    prices: Prices = "int64",
    tick: float | str | Decimal = "0.01",
    depth_ticks: int = 5,
    price_step: float | str | Decimal = "0.0001",
    progress: Progress | None = None,
) -> Iterator[BookTables]:
    """Read a file into tables part by part, in bounded memory.

    Parameters
    ----------
    rows : int
        A part is given as soon as its tables have so many rows together.
    path, instruments, levels, day, tables, prices, tick, depth_ticks, price_step, progress
        As for `book`.

    Yields
    ------
    BookTables
        The rows since the last part; instruments and counters are those up to here. The
        last part may be empty, and has `problem` where the file is cut or damaged.

    Raises
    ------
    ReadError
        If the file cannot be read at all.
    PyscalpError
        If an option or an instrument is not known.
    """
    feed = _open(
        path,
        tables=tables,
        instruments=instruments,
        levels=levels,
        day=day,
        prices=prices,
        tick=tick,
        depth_ticks=depth_ticks,
        price_step=price_step,
        progress=progress,
    )
    yield from _parts(feed, tuple(dict.fromkeys(tables)), prices, max(1, rows))


def _open(path: str | Path, *, prices: str, **options: Any) -> BookFeed:
    if prices not in get_args(Prices):
        raise PyscalpError(f'prices must be {", ".join(get_args(Prices))}, not "{prices}"')
    return open_feed(path, **options)


def _parts(
    feed: BookFeed, tables: tuple[str, ...], prices: Prices, rows: int
) -> Iterator[BookTables]:
    arrow: ArrowTables | None = None

    def part() -> BookTables:
        nonlocal arrow
        if arrow is None:
            arrow = ArrowTables(
                {name: feed.builder.columns(name) for name in tables},
                InstrumentNames(feed.symbol),
                prices=prices,
                dated=feed.dated,
                qty_scale=feed.qty_scale,
                metadata={"pyscalp.source": Path(feed.source).name},
            )
        taken = {name: arrow.table(name, feed.builder.take(name)) for name in tables}
        return BookTables(taken, _instruments(feed), dict(feed.builder.counters), feed.problem)

    for _ in feed:
        if feed.builder.rows_waiting >= rows:
            yield part()
    yield part()


def _instruments(feed: BookFeed) -> Any:
    ids, venue_numbers, symbols, messages, flagged = feed.builder.instruments()
    named = [s or feed.symbol(n) or None for s, n in zip(symbols, ids.tolist(), strict=True)]
    return pa.table(
        {
            "number": arrow_numbers(venue_numbers),
            "symbol": arrow_texts(named),
            "messages": arrow_numbers(messages),
            "flagged": arrow_numbers(flagged),
        }
    )


def book(
    path: str | Path,
    *,
    instruments: str | Sequence[str] | None = None,
    levels: int = 5,
    day: dt.date | str | None = None,
    tables: Sequence[str] = TABLES,
    prices: Prices = "int64",
    tick: float | str | Decimal = "0.01",
    depth_ticks: int = 5,
    price_step: float | str | Decimal = "0.0001",
    progress: Progress | None = None,
    cut_ok: bool = False,
) -> BookTables:
    """Books of a recorded file as tables, in one pass.

    Every format of `pyscalp.read` is understood, packed or not. All tables of a whole
    market are large: ask for those you need, or use `book_batches`.

    Parameters
    ----------
    path : str or Path
        ``~`` and ``$NAME`` are replaced.
    instruments : str or sequence of str, optional
        Symbols; all by default. Of an ITCH file the others are passed over unread.
    levels : int
        N of ``depth`` and ``features``, 1 to 64.
    day : date or str, optional
        Of a file that has times of day alone (ITCH), such as ``2012-06-21``; read off the
        file's name by default.
    tables : sequence of str
        Any of ``top depth trades features``.
    prices : {"int64", "float64", "decimal"}
        int64 at 1e-9 of the currency; float64, the nearest to the price; decimal128 with
        nine digits. With the last two, quantities of venues that trade fractions are in
        whole coins too, else in the venue's step.
    tick : price
        What distances from the touch are counted in.
    depth_ticks : int
        How far from the touch ``bid_qty_near`` and ``ask_qty_near`` reach, 0 to 4096.
    price_step : price
        Prices of a book kept order by order are whole multiples of it (others are counted
        as ``no_price``), and at most 2**32 times it. ITCH has its own.
    progress : callable, optional
        Called with the bytes done, and all.
    cut_ok : bool
        Whether to give what comes before the cut of a file that is not whole; `problem`
        says so then.

    Raises
    ------
    ReadError
        If the file cannot be read, or is cut or damaged and `cut_ok` is false.
    PyscalpError
        If an option or an instrument is not known.
    """
    feed = _open(
        path,
        tables=tables,
        instruments=instruments,
        levels=levels,
        day=day,
        prices=prices,
        tick=tick,
        depth_ticks=depth_ticks,
        price_step=price_step,
        progress=progress,
    )
    # More rows than any file has: one part.
    (whole,) = _parts(feed, tuple(dict.fromkeys(tables)), prices, 1 << 62)
    if whole.problem and not cut_ok:
        raise ReadError(whole.problem)
    return whole


def last_touches(
    path: str | Path, *, most: int = 20, **options: Any
) -> tuple[BookTables, list[dict[str, Any]]]:
    """The touch of the most active instruments as the file leaves it.

    Parameters
    ----------
    path : str or Path
        As for `book`.
    most : int
        How many instruments.
    **options
        As for `book`, without ``tables`` and ``cut_ok``; a file that is cut gives what
        comes before.

    Returns
    -------
    tables : BookTables
        Without tables; instruments, counters and `problem`.
    touches : list of dict
        ``instrument messages bid bid_qty ask ask_qty flagged``, the most messages first;
        prices are int at 1e-9, None where a side is empty.
    """
    feed = _open(path, tables=(), **{"prices": "int64", **_DEFAULTS, **options})
    (whole,) = _parts(feed, (), "int64", 1 << 62)
    numbers, _, _, messages, flagged = feed.builder.instruments()
    touches = []
    for at in np.lexsort((numbers, -messages.astype(np.int64)))[:most].tolist():
        row: dict[str, Any] = {
            "instrument": whole.instruments["symbol"][at].as_py()
            or f"#{whole.instruments['number'][at]}",
            "messages": int(messages[at]),
            "flagged": bool(flagged[at]),
        }
        for side, name in enumerate(("bid", "ask")):
            prices, quantities, _ = feed.builder.levels(int(numbers[at]), side, 1)
            row[name] = int(prices[0]) if len(prices) else None
            row[f"{name}_qty"] = int(quantities[0]) if len(quantities) else 0
        touches.append(row)
    return whole, touches


_DEFAULTS: dict[str, Any] = {
    "instruments": None,
    "levels": 5,
    "day": None,
    "tick": "0.01",
    "depth_ticks": 5,
    "price_step": "0.0001",
    "progress": None,
}
