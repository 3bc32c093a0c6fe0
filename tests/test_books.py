"""Books that are asked between arrays of events."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import pyscalp
from pyscalp.errors import PyscalpError

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

NANO = 10**9
KIND = pyscalp.EventKind


def events(*rows: dict[str, Any]) -> Any:
    array = np.zeros(len(rows), pyscalp.EVENT_DTYPE)
    array["price"] = pyscalp.NO_PRICE
    array["side"] = pyscalp.EventSide.NONE
    array["flags"] = pyscalp.EventFlag.LAST
    array["instrument"] = 1
    for row, values in zip(array, rows, strict=True):
        for name, value in values.items():
            row[name] = value
    return array


def add(order: int, side: int, dollars: int, qty: int, **more: Any) -> dict[str, Any]:
    values = {"kind": KIND.ADD, "order": order, "side": side, "price": dollars * NANO, "qty": qty}
    return values | more


@pytest.fixture
def books() -> pyscalp.Books:
    books = pyscalp.Books({1: "AAA", 90_000: "FAR"})
    books.apply(
        events(
            add(1, 0, 10, 5),
            add(2, 0, 10, 6),
            add(3, 0, 9, 7),
            add(4, 1, 11, 8),
            add(5, 1, 12, 1, instrument=90_000),
        )
    )
    return books


def test_touch_levels_queue_and_place(books: pyscalp.Books) -> None:
    assert books.touch("AAA") == (10 * NANO, 11, 11 * NANO, 8)
    assert books.touch(1) == books.touch("AAA")
    assert books.touch("FAR") == (None, 0, 12 * NANO, 1)
    levels = books.levels("AAA", "buy")
    assert levels.price.tolist() == [10 * NANO, 9 * NANO]
    assert levels.qty.tolist() == [11, 7]
    assert levels.orders.tolist() == [2, 1]
    assert len(books.levels("AAA", "buy", 1).price) == 1
    assert len(books.levels("AAA", "buy", 0).price) == 0
    queue = books.queue("AAA", "buy", 10 * NANO)
    assert queue.order.tolist() == [1, 2]
    assert queue.qty.tolist() == [5, 6]
    assert len(books.queue("AAA", "buy", 8 * NANO).order) == 0
    assert books.place(2) == ("AAA", "buy", 10 * NANO, 6, 1, 5)
    assert books.place(5) == ("FAR", "sell", 12 * NANO, 1, 0, 0)
    assert books.place(99) is None
    assert books.touch(77) == (None, 0, None, 0)
    assert books.counters["messages"] == 5


def test_a_long_queue_comes_whole() -> None:
    books = pyscalp.Books()
    books.apply(events(*(add(order, 1, 10, order) for order in range(1, 1001))))
    assert books.queue(1, "sell", 10 * NANO).order.tolist() == list(range(1, 1001))
    place = books.place(1000)
    assert place is not None
    assert (place.orders_ahead, place.qty_ahead) == (999, 999 * 1000 // 2)


def test_what_was_returned_stays_whatever_comes(books: pyscalp.Books) -> None:
    levels = books.levels("AAA", "buy")
    queue = books.queue("AAA", "buy", 10 * NANO)
    for array in (*levels, *queue):
        assert array.flags.owndata
    books.apply(events({"kind": KIND.CLEAR}))
    del books
    gc.collect()
    assert levels.qty.tolist() == [11, 7]
    assert queue.order.tolist() == [1, 2]


def test_odd_events_are_counted_and_flag(books: pyscalp.Books) -> None:
    assert not books.flagged("AAA")
    books.apply(events({"kind": KIND.EXECUTE, "order": 1, "qty": 6}))
    assert books.counters["overfill"] == 1
    assert books.flagged("AAA")
    assert not books.flagged("FAR")
    books.apply(events({"kind": KIND.CLEAR}))
    assert not books.flagged("AAA")


def test_levels_of_a_venue_that_tells_no_orders() -> None:
    books = pyscalp.Books()
    row = {"kind": KIND.LEVEL, "side": 1, "price": 3 * NANO, "qty": 10**12}
    books.apply(events(row))
    assert books.touch(1).ask_qty == 10**12
    assert books.levels(1, "sell").orders.tolist() == [0]
    assert len(books.queue(1, "sell", 3 * NANO).order) == 0


@pytest.mark.parametrize("price_step", [0.0001, "0.25"])
def test_prices_off_the_step_are_counted(price_step: Any) -> None:
    books = pyscalp.Books(price_step=price_step)
    books.apply(events(add(1, 0, 1, 1, price=250_000_000), add(2, 0, 1, 1, price=250_000_001)))
    assert books.counters["no_price"] == 1
    assert books.touch(1).bid == 250_000_000


def test_wrong_arrays_and_names(books: pyscalp.Books) -> None:
    with pytest.raises(TypeError, match="EVENT_DTYPE"):
        books.apply(np.zeros(3))
    with pytest.raises(TypeError, match="EVENT_DTYPE"):
        books.apply(np.zeros((2, 2), pyscalp.EVENT_DTYPE))
    with pytest.raises(TypeError, match="EVENT_DTYPE"):
        books.apply(np.zeros(2, "V64"))
    with pytest.raises(TypeError, match="ascontiguousarray"):
        books.apply(np.zeros(4, pyscalp.EVENT_DTYPE)[::2])
    with pytest.raises(PyscalpError, match="no instrument AAB; near it: AAA"):
        books.touch("AAB")
    with pytest.raises(PyscalpError, match='a side is "buy" or "sell"'):
        books.levels("AAA", "bid")  # type: ignore[arg-type]


def test_bytes_at_any_address_do() -> None:
    packed = events(add(1, 0, 10, 5)).tobytes()
    shifted = np.frombuffer(b"x" + packed, np.uint8)[1:].view(pyscalp.EVENT_DTYPE)
    books = pyscalp.Books()
    books.apply(shifted)
    assert books.touch(1).bid_qty == 5


def test_random_events_end_nothing() -> None:
    """Whatever the bytes say, they are counted, and nothing falls over."""
    random = np.random.default_rng(7)
    books = pyscalp.Books()
    for _ in range(20):
        array = random.integers(0, 256, (2000, 64), np.uint8).view(pyscalp.EVENT_DTYPE).ravel()
        array["kind"] %= 16
        array["instrument"] %= 70_000
        array["order"] %= 500
        array["other"] %= 500
        array["price"] = np.abs(array["price"]) % 50 * 100_000
        array["qty"] %= 1000
        books.apply(array)
    assert books.counters["messages"] >= 40_000
    assert books.counters["unknown_kinds"] > 0
    assert books.counters["unknown_order"] > 0
