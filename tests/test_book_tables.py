"""Tables of recorded ITCH days: LOBSTER's books, NumPy's features, and what can go wrong."""

from __future__ import annotations

import datetime as dt
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from test_lobster import AAPL, AMZN, NO_PRICE, Sample, aligned, in_lobsters_units

import pyscalp
from pyscalp.book_arrow import arrow_numbers, arrow_texts
from pyscalp.day_file import read_day
from pyscalp.errors import PyscalpError, ReadError

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

Ints = npt.NDArray[np.int64]
DAY = "itch/AMZN_AAPL_2012-06-21.itch50.xz"
CENT = 10_000_000


def ints(column: Any, nothing: int = 0) -> Ints:
    """A column as int64, with `nothing` where it is null."""
    values = column.combine_chunks().fill_null(nothing).to_numpy(zero_copy_only=False)
    return np.asarray(values).astype(np.int64)


def levels_of(table: Any, side: str, count: int) -> tuple[Ints, Ints, Ints]:
    """Prices, quantities and orders of the first levels, one row a row."""
    numbers = range(1, count + 1)
    return (
        np.stack([ints(table[f"{side}_{n}"], NO_PRICE) for n in numbers], axis=1),
        np.stack([ints(table[f"{side}_qty_{n}"]) for n in numbers], axis=1),
        np.stack([ints(table[f"{side}_orders_{n}"]) for n in numbers], axis=1),
    )


def positions(day: bytes, locate: int) -> Ints:
    """The number in the file, from 1, of each message of an instrument."""
    found, at, number = [], 0, 0
    while at < len(day):
        (length,) = struct.unpack_from(">H", day, at)
        number += 1
        if day[at + 3] << 8 | day[at + 4] == locate:
            found.append(number)
        at += 2 + length
    return np.array(found)


@pytest.fixture(scope="module")
def day(market_data: Path) -> bytes:
    return read_day(market_data / DAY)


# -- a day written here ---------------------------------------------------------------------


def block(body: bytes) -> bytes:
    return struct.pack(">H", len(body)) + body


class Day:
    """A recorded day in the making: an order book day of a few messages."""

    def __init__(self) -> None:
        self.bytes = b""
        self.time = 34_200_000_000_000

    def _put(self, kind: str, locate: int, rest: bytes) -> Day:
        self.time += 1_000
        head = kind.encode() + struct.pack(">HH", locate, 0) + self.time.to_bytes(6, "big")
        self.bytes += block(head + rest)
        return self

    def directory(self, locate: int, symbol: str) -> Day:
        return self._put(
            "R",
            locate,
            symbol.ljust(8).encode() + b"QN" + bytes(4) + b"NC  PNN1N" + bytes(4) + b"N",
        )

    def add(self, locate: int, order: int, side: str, shares: int, price: int) -> Day:
        rest = struct.pack(">Q", order) + side.encode() + struct.pack(">I", shares)
        return self._put("A", locate, rest + b"XXXX    " + struct.pack(">I", price))

    def execute(self, locate: int, order: int, shares: int, match: int) -> Day:
        return self._put("E", locate, struct.pack(">QIQ", order, shares, match))

    def delete(self, locate: int, order: int) -> Day:
        return self._put("D", locate, struct.pack(">Q", order))

    def cross(self, locate: int, shares: int, price: int, match: int) -> Day:
        rest = struct.pack(">Q", shares) + b"XXXX    " + struct.pack(">IQ", price, match)
        return self._put("Q", locate, rest + b"O")


@pytest.fixture
def small() -> Day:
    return (
        Day()
        .directory(1, "AAA")
        .directory(2, "BBB")
        .add(1, 10, "B", 100, 100_000)
        .add(1, 11, "S", 50, 100_200)
        .add(2, 20, "B", 7, 55_555)
        .execute(1, 11, 20, 900)
        .cross(1, 1000, 100_100, 901)
        .delete(1, 10)
    )


@pytest.fixture
def small_file(small: Day, tmp_path: Path) -> Path:
    path = tmp_path / "S20191230-x.itch"
    path.write_bytes(small.bytes)
    return path


def test_the_tables_of_a_small_day(small_file: Path) -> None:
    tables = pyscalp.book(small_file, levels=1)
    assert tables.counters["messages"] == 8
    top = tables.top.to_pylist()
    assert [row["sequence"] for row in top] == [3, 4, 5, 6, 8]
    assert [row["instrument"] for row in top] == ["AAA", "AAA", "BBB", "AAA", "AAA"]
    midnight = dt.datetime(2019, 12, 30, 5, tzinfo=dt.timezone.utc)
    assert top[0]["venue_time"].timestamp() == midnight.timestamp() + 34_200 + 3e-6
    assert {row["receipt_time"] for row in top} == {None}
    states = [
        tuple(row[c] for c in ("bid", "bid_qty", "bid_orders", "ask", "ask_qty", "ask_orders"))
        for row in top
    ]
    price = 10**5
    assert states == [
        (100_000 * price, 100, 1, None, None, None),
        (100_000 * price, 100, 1, 100_200 * price, 50, 1),
        (55_555 * price, 7, 1, None, None, None),
        (100_000 * price, 100, 1, 100_200 * price, 30, 1),
        (None, None, None, 100_200 * price, 30, 1),
    ]
    trades = tables.trades.select(
        ["sequence", "price", "qty", "aggressor", "hidden", "cross", "match"]
    )
    assert [tuple(row.values()) for row in trades.to_pylist()] == [
        (6, 100_200 * price, 20, "buy", False, False, 900),
        (7, 100_100 * price, 1000, None, False, True, 901),
    ]
    assert tables.depth["bid_1"].to_pylist() == tables.top["bid"].to_pylist()
    features = tables.features.to_pylist()
    assert features[0]["mid"] is None
    assert features[1]["mid"] == 100_100 * price
    assert features[1]["spread"] == 200 * price
    assert features[1]["imbalance"] == 50 / 150
    assert features[1]["order_flow"] == -50
    assert [row["order_flow"] for row in features] == [100, -50, 7, 20, -100]
    assert tables.instruments.to_pylist() == [
        {"number": 1, "symbol": "AAA", "messages": 6, "flagged": False},
        {"number": 2, "symbol": "BBB", "messages": 2, "flagged": False},
    ]
    assert tables.problem == ""


@pytest.mark.parametrize(
    ("prices", "kind", "value"),
    [
        ("int64", pa.int64(), 5_555_500_000),
        ("float64", pa.float64(), 5.5555),
        (
            "decimal",
            pa.decimal128(19, 9),
            pa.scalar("5.555500000").cast(pa.decimal128(19, 9)).as_py(),
        ),
    ],
)
def test_prices_as_they_are_wanted(small_file: Path, prices: Any, kind: Any, value: Any) -> None:
    top = pyscalp.book(small_file, tables=("top",), prices=prices).top
    assert top.schema.field("bid").type == kind
    assert top["bid"][2].as_py() == value
    assert top["ask"][2].as_py() is None
    assert top["bid_qty"].type == pa.int64()


def test_frames_by_one_call(small_file: Path) -> None:
    tables = pyscalp.book(small_file)
    frame = tables.to_polars()
    assert frame["bid"].to_list() == tables.top["bid"].to_pylist()
    assert frame["instrument"].cast(str).to_list() == ["AAA", "AAA", "BBB", "AAA", "AAA"]
    pandas_frame = tables.to_pandas("trades")
    assert pandas_frame["price"].tolist() == tables.trades["price"].to_pylist()
    assert str(tables.to_pandas()["bid"].dtype) == "Int64"


def test_without_a_day_times_are_since_midnight(small: Day, tmp_path: Path) -> None:
    path = tmp_path / "someday.itch"
    path.write_bytes(small.bytes)
    time = pyscalp.book(path, tables=("top",)).top["venue_time"]
    assert time.type == pa.duration("ns")
    assert time[0].value == 34_200_000_003_000
    summer = pyscalp.book(path, tables=("top",), day="2019-07-01").top["venue_time"][0].as_py()
    assert (summer.hour, summer.minute) == (13, 30)


def test_parts_are_the_whole_and_own_their_memory(small_file: Path, market_data: Path) -> None:
    path = market_data / DAY
    whole = pyscalp.book(path, levels=2, tables=("top", "depth"))
    parts = list(pyscalp.book_batches(path, levels=2, tables=("top", "depth"), rows=50_000))
    assert len(parts) > 3
    for name in ("top", "depth"):
        joined = pa.concat_tables([part[name] for part in parts]).unify_dictionaries()
        assert joined.equals(whole[name])
    assert parts[-1].counters == whole.counters


def test_a_choice_of_instruments(small_file: Path) -> None:
    tables = pyscalp.book(small_file, instruments="BBB")
    assert tables.top["instrument"].to_pylist() == ["BBB"]
    assert tables.top["sequence"].to_pylist() == [5]
    assert tables.counters["messages"] == 8
    assert tables.counters["passed_over"] == 5
    with pytest.raises(PyscalpError, match=r"no instrument AAB; near it: AAA"):
        pyscalp.book(small_file, instruments=["BBB", "AAB"])
    with pytest.raises(PyscalpError, match=r"no instrument ZZZZZZ; it has AAA, BBB"):
        pyscalp.book(small_file, instruments="ZZZZZZ")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tables": ("tops",)}, "no table"),
        ({"levels": 0}, "levels must be"),
        ({"levels": 65}, "levels must be"),
        ({"depth_ticks": -1}, "depth_ticks must be"),
        ({"tick": 0}, "tick must be"),
        ({"tick": "x"}, "tick must be"),
        ({"tick": "0.0000000001"}, "tick must be"),
        ({"price_step": -1}, "price_step must be"),
        ({"prices": "float32"}, "prices must be"),
        ({"day": "yesterday"}, "day must be"),
    ],
)
def test_a_wrong_option_is_named(small_file: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(PyscalpError, match=text):
        pyscalp.book(small_file, **options)


def test_a_table_that_was_not_asked_for(small_file: Path) -> None:
    tables = pyscalp.book(small_file, tables=("top",))
    assert tables.names == ("top",)
    with pytest.raises(PyscalpError, match="depth was not asked for"):
        _ = tables.depth


def test_a_cut_file_gives_what_it_holds(small: Day, tmp_path: Path) -> None:
    path = tmp_path / "cut.itch"
    path.write_bytes(small.bytes[:-3])
    with pytest.raises(ReadError, match="is cut: its last message is not whole, at byte"):
        pyscalp.book(path)
    tables = pyscalp.book(path, cut_ok=True)
    assert tables.top.num_rows == 4
    assert "is cut" in tables.problem
    *_, last = pyscalp.book_batches(path)
    assert "is cut" in last.problem


def test_a_damaged_file_says_where(small: Day, tmp_path: Path) -> None:
    path = tmp_path / "damaged.itch"
    for order in range(1000, 1400):  # past what the file is recognised by
        small.add(1, order, "B", 1, 10_000)
    at = len(small.bytes) - 38
    path.write_bytes(small.bytes[:at] + b"\x00\x05" + small.bytes[at + 2 :])
    with pytest.raises(ReadError, match=rf"is damaged: what stands at byte {at:,} is no"):
        pyscalp.book(path)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot read"):
        pyscalp.book(tmp_path / "none.itch")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ReadError, match="is empty"):
        pyscalp.book(tmp_path / "empty")


def test_progress_ends_at_the_end(small_file: Path) -> None:
    told: list[tuple[int, int]] = []
    pyscalp.book(small_file, progress=lambda done, total: told.append((done, total)))
    size = small_file.stat().st_size
    assert told
    assert told[-1] == (size, size)


def test_names_of_files_that_tell_the_day() -> None:
    from pyscalp.book_feed import session_day

    expected = dt.date(2019, 12, 30)
    for name in ("12302019.NASDAQ_ITCH50.gz", "S20191230-v50.txt", "x/AMZN_2019-12-30.itch"):
        assert session_day(None, name) == expected, name
    for name in ("day.itch", "99999999.itch", "1234567890123.itch", "2019-12-30/day.itch"):
        assert session_day(None, name) is None, name
    assert session_day("2019-12-30", "2012-06-21.itch") == expected


# -- the real day ---------------------------------------------------------------------------


def lobster_rows(table: Any, levels: int) -> tuple[Ints, Ints]:
    """Sequence, and LOBSTER's columns, of a table of depth."""
    sides = {side: levels_of(table, side, levels) for side in ("ask", "bid")}
    columns = []
    for level in range(levels):
        for side in ("ask", "bid"):
            prices, quantities, _ = sides[side]
            columns += [prices[:, level], quantities[:, level]]
    return ints(table["sequence"]), np.stack(columns, axis=1)


def after_each(sequence: Ints, rows: Ints, at: Ints) -> Ints:
    """The last row at or before each place; an empty book before the first."""
    empty = np.array([[NO_PRICE, 0] * (rows.shape[1] // 2)])
    return np.concatenate([empty, rows])[np.searchsorted(sequence, at, side="right")]


@pytest.mark.slow
@pytest.mark.parametrize("sample", [AMZN, AAPL], ids=lambda sample: sample.symbol)
def test_depth_is_lobsters_book_after_every_row(
    market_data: Path, day: bytes, sample: Sample
) -> None:
    tables = pyscalp.book(
        market_data / DAY, instruments=sample.symbol, levels=sample.levels, tables=("depth", "top")
    )
    found = aligned(market_data, day, sample)
    at = positions(day, sample.locate)
    book = in_lobsters_units(after_each(*lobster_rows(tables.depth, sample.levels), at))
    assert found.different(book) == []
    assert found.elsewhere(book) == sample.elsewhere
    # And the touches are the first level of it, told only when they change.
    top = tables.top.rename_columns(
        [f"{name}_1" if name[:3] in ("bid", "ask") else name for name in tables.top.column_names]
    )
    sequence, touches = lobster_rows(top, 1)
    assert np.array_equal(in_lobsters_units(after_each(sequence, touches, at)), book[:, :4])
    assert np.all(np.any(touches[1:] != touches[:-1], axis=1))


def ratio(bid: npt.NDArray[Any], ask: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    total = bid + ask
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total == 0, np.nan, (bid - ask) / total)


def order_flow(bid: Ints, bid_qty: Ints, ask: Ints, ask_qty: Ints) -> Ints:
    """Cont, Kukanov and Stoikov (2014), over rows that begin with an empty book."""
    return (
        np.where(bid[1:] >= bid[:-1], bid_qty[1:], 0)
        - np.where(bid[1:] <= bid[:-1], bid_qty[:-1], 0)
        - np.where(ask[1:] <= ask[:-1], ask_qty[1:], 0)
        + np.where(ask[1:] >= ask[:-1], ask_qty[:-1], 0)
    )


@pytest.mark.slow
def test_features_are_numpys_tick_by_tick(market_data: Path) -> None:
    """From twenty levels, which hold everything within five ticks, by another way."""
    path = market_data / DAY
    levels, near = 5, 5
    wide = pyscalp.book(path, instruments="AMZN", levels=20, tables=("depth",)).depth
    told = pyscalp.book(
        path, instruments="AMZN", levels=levels, depth_ticks=near, tables=("features",)
    ).features
    price, qty, orders = {}, {}, {}
    close: dict[str, Ints] = {}
    for side in ("bid", "ask"):
        price[side], qty[side], orders[side] = levels_of(wide, side, 20)
        there = price[side] != NO_PRICE
        away = np.where(there, np.abs(price[side] - price[side][:, :1]), NO_PRICE)
        assert not np.any(away[:, -1] <= near * CENT)
        close[side] = np.sum(np.where(away <= near * CENT, qty[side], 0), axis=1)

    # A row for every change of what it is about, and for nothing else.
    state = np.concatenate(
        [np.stack([close["bid"], close["ask"]], axis=1)]
        + [part[side][:, :levels] for part in (price, qty, orders) for side in ("bid", "ask")],
        axis=1,
    )
    new = np.concatenate([[True], np.any(state[1:] != state[:-1], axis=1)])
    assert np.array_equal(ints(told["sequence"]), ints(wide["sequence"])[new])

    bid, ask = price["bid"][new], price["ask"][new]
    bid_qty, ask_qty = qty["bid"][new, :levels], qty["ask"][new, :levels]
    both = (bid[:, 0] != NO_PRICE) & (ask[:, 0] != NO_PRICE)
    spread = ask[:, 0] - bid[:, 0]
    total = bid_qty[:, 0] + ask_qty[:, 0]
    lean = np.array(
        [
            int(s) * int(b) // int(t) if t else 0
            for s, b, t in zip(spread, bid_qty[:, 0], total, strict=True)
        ]
    )
    for name, expected in {
        "mid": bid[:, 0] + spread // 2,
        "spread": spread,
        "microprice": bid[:, 0] + lean,
    }.items():
        assert np.array_equal(ints(told[name], NO_PRICE)[both], expected[both]), name
        assert told[name].null_count == np.sum(~both)

    weighted = {}
    for side, sizes in (("bid", bid_qty), ("ask", ask_qty)):
        prices = price[side][new, :levels]
        weighted[side] = np.zeros(len(prices))
        for level in range(levels):
            distance = np.abs(prices[:, level] - prices[:, 0]).astype(float)
            weighted[side] += np.where(
                prices[:, level] == NO_PRICE, 0.0, sizes[:, level] / (1.0 + distance / CENT)
            )
        assert np.array_equal(ints(told[f"{side}_qty_levels"]), sizes.sum(axis=1))
        assert np.array_equal(ints(told[f"{side}_qty_near"]), close[side][new])
    for name, expected in {
        "imbalance": ratio(bid_qty[:, 0], ask_qty[:, 0]),
        "imbalance_levels": ratio(bid_qty.sum(axis=1), ask_qty.sum(axis=1)),
        "imbalance_weighted": ratio(weighted["bid"], weighted["ask"]),
    }.items():
        column = told[name].combine_chunks().to_numpy(zero_copy_only=False)
        np.testing.assert_allclose(column, expected, rtol=1e-13, atol=1e-15, err_msg=name)

    def before(first: int, values: Ints) -> Ints:
        return np.concatenate([[first], values])

    no_bid = np.iinfo(np.int64).min
    flow = order_flow(
        before(no_bid, np.where(bid[:, 0] == NO_PRICE, no_bid, bid[:, 0])),
        before(0, bid_qty[:, 0]),
        before(NO_PRICE, ask[:, 0]),
        before(0, ask_qty[:, 0]),
    )
    assert np.array_equal(ints(told["order_flow"]), flow)


@pytest.mark.parametrize("values", [[], ["buy"], ["Ä", None, "", "sell"], [None]])
def test_texts_are_those_of_pyarrow(values: list[str | None]) -> None:
    made = arrow_texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.int32, np.bool_])
@pytest.mark.parametrize("rows", [0, 1, 13])
def test_numbers_are_those_of_pyarrow(dtype: type, rows: int) -> None:
    values = (np.arange(rows) % 3).astype(dtype)
    made = arrow_numbers(values)
    made.validate(full=True)
    assert made.equals(pa.array(values))
