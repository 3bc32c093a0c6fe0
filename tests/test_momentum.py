"""The momentum signal and its reference: by hand, and on tapes of every kind of trouble."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyscalp import reference
from pyscalp.reference.volume_profile import MAX_TRADES, profiles

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

from tapes import BOOK, TRADE, Tape, around_trades, checked_momentum, configured  # noqa: E402

SECOND = 10**9
MILLI = 10**6
CENT = 10**7
NO_PRICE = reference.NO_PRICE

EAGER: dict[str, Any] = {
    "bucket": CENT,
    "window": 2 * SECOND,
    "min_trades": 5,
    "width_max": 1_000_000,
    "consolidation": SECOND // 10,
    "surge": 1.5,
    "surge_window": SECOND // 10,
    "history": 5,
    "hold": 3 * SECOND // 10,
    "failure": 2 * SECOND // 10,
}


# -- the profile -------------------------------------------------------------------------


def area(volumes: dict[int, int], share: int = 700_000_000) -> tuple[int, int, int]:
    """Value area, low to high, around its point of control."""
    bucket = np.array(list(volumes))
    now = np.zeros(len(bucket), np.int64)
    qty = np.array(list(volumes.values()))
    found = profiles(np.array([1]), np.array([len(now)]), now, bucket, qty, SECOND, share)
    return int(found.value_low[0]), int(found.poc[0]), int(found.value_high[0])


def test_a_value_area_by_hand() -> None:
    volumes = {100: 5, 101: 8, 102: 12, 103: 30, 104: 15, 105: 12, 106: 18}
    # 30 of 100; the pair above has 27, that below 20; then 18 above against 20 below.
    assert area(volumes, 300_000_000) == (103, 103, 103)
    assert area(volumes, 300_000_001) == (103, 103, 105)
    assert area(volumes) == (101, 103, 105)
    assert area(volumes, 770_000_001) == (101, 103, 106)
    assert area(volumes, 1_000_000_000) == (100, 103, 106)


def test_of_equal_ones_the_middle_the_lower_and_the_upper_pair() -> None:
    assert area({1: 9, 4: 9, 9: 1}, 1) == (4, 4, 4)
    assert area({1: 1, 3: 9, 5: 9, 7: 1}, 1) == (3, 3, 3)
    assert area({1: 10, 2: 10, 3: 40, 4: 10, 5: 10}, 600_000_000) == (3, 3, 5)
    assert area({1: 40, 8: 60}) == (1, 8, 8)


def test_the_oldest_of_too_many_trades_leave_on_both_sides() -> None:
    count = MAX_TRADES + 500
    time = np.arange(count) * MILLI
    price = np.where(np.arange(count) < 300, 100, 101 + np.arange(count) % 3) * CENT
    tape = around_trades(time, price, np.ones(count, np.int64), CENT)
    expected = checked_momentum(tape, EAGER | {"window": 3600 * SECOND})
    assert expected["low"][MAX_TRADES - 1] == 100 * CENT
    assert expected["low"][MAX_TRADES + 298] == 100 * CENT
    assert expected["low"][MAX_TRADES + 299] == 101 * CENT


# -- a break, by hand --------------------------------------------------------------------


def breaking(*after: tuple[int, int, int], **options: Any) -> dict[str, list[int]]:
    """What is said after trades (ms, cents, qty) that follow 3 s between 9.99 and 10.01."""
    calm = [(100 * i, (1000, 1001, 1000, 999)[i % 4], 10) for i in range(30)]
    time, cents, qty = (np.array(column) for column in zip(*calm, *after, strict=True))
    tape = around_trades(time * MILLI, cents * CENT, qty, CENT)
    chosen = EAGER | {"width_max": 5_000_000, "surge": 3.0, "surge_window": SECOND} | options
    expected = checked_momentum(tape, chosen | {"history": 1})[len(calm) :]
    return {name: expected[name].to_list() for name in ("expected_move", "leave", "veto")}


def test_a_break_is_expected_to_go_one_range_on() -> None:
    # 90 in the second before and 200 more: 290 against 100.
    said = breaking((3000, 1002, 210), (3299, 1003, 1), (3300, 1003, 1))
    assert said["expected_move"] == [3 * CENT, 3 * CENT, 0]
    assert said["veto"] == [2, 2, 0]
    assert said["leave"] == [0, 0, 0]
    assert breaking((3000, 998, 210), gain=2.5)["expected_move"] == [-75 * CENT // 10]
    assert breaking((3000, 1002, 209))["expected_move"] == [0]
    assert breaking((3000, 1001, 900))["expected_move"] == [0]


def test_a_failed_break_is_left() -> None:
    # Half of the volume is at 10.00, and with the pair above it three quarters.
    said = breaking((3000, 998, 210), (3100, 999, 1), (3200, 1000, 1), (3210, 998, 1))
    assert said["expected_move"] == [-3 * CENT, -3 * CENT, 0, 0]
    assert said["leave"] == [0, 0, 2, 0]
    assert said["veto"] == [1, 1, 0, 0]
    late = breaking((3000, 998, 210), (3201, 1000, 1))
    assert late["leave"] == [0, 0]
    assert late["veto"] == [1, 1]


# -- random tapes ------------------------------------------------------------------------


def troubled_tape(seed: int, events: int = 600) -> Tape:
    """Trades and books in any order, with all that a feed can get wrong."""
    rng = np.random.default_rng(seed)

    def now_and_then(often: float) -> Any:
        return rng.random(events) < often

    kind = np.where(now_and_then(rng.uniform(0.2, 0.8)), TRADE, BOOK)
    step = rng.integers(0, 50, events)
    step[now_and_then(0.01)] = rng.integers(1, 100)
    step[now_and_then(0.003)] = 10_000
    time = (np.cumsum(step) + rng.integers(0, 86_400_000)) * MILLI
    time[now_and_then(0.03)] -= 500 * MILLI
    price = rng.integers(-50, 10_000) + np.cumsum(rng.choice([-1, 0, 0, 0, 0, 1], events))
    price[now_and_then(0.003)] += rng.integers(900, 1200)
    price += np.cumsum(np.where(now_and_then(0.002), rng.integers(-2000, 2000), 0))
    price = price * CENT + rng.integers(0, CENT, events)
    qty = rng.integers(1, 10, events) * np.where(now_and_then(0.05), 30, 1)
    tape = {"kind": kind, "time": time, "price": price.copy(), "qty": qty}
    tape["price"][now_and_then(0.01)] = NO_PRICE
    tape["price"][now_and_then(0.002)] = 2**61
    tape["qty"][now_and_then(0.02)] = rng.integers(-5, 1)
    tape["side"] = rng.integers(-1, 2, events)
    tape["bid"], tape["ask"] = price - CENT, price + CENT * rng.integers(0, 3, events)
    tape["bid"][now_and_then(0.02)] = NO_PRICE
    tape["ask"][now_and_then(0.02)] = NO_PRICE
    for side in ("bid_qty", "ask_qty"):
        tape[side] = rng.integers(0, 20, events)
    return tape


chosen = st.fixed_dictionaries(
    {
        "bucket": st.sampled_from([CENT // 3, CENT, 7 * CENT]),
        "window": st.sampled_from([MILLI, SECOND, 5 * SECOND]),
        "min_trades": st.integers(1, 20),
        "value_share": st.sampled_from([1, 500_000_000, 700_000_000, 1_000_000_000]),
        "width_max": st.sampled_from([1, 1_000_000, 10_000_000, 1_000_000_000]),
        "consolidation": st.sampled_from([0, 50 * MILLI, SECOND // 2]),
        "surge": st.sampled_from([1e-6, 0.7, 1.0, 1.3, 3.0]),
        "surge_window": st.sampled_from([MILLI, 100 * MILLI + 7, SECOND]),
        "history": st.integers(1, 8),
        "day_curve": st.one_of(st.just(()), st.tuples(*[st.floats(0.001, 1000)] * 48)),
        "gain": st.sampled_from([0.1, 1.0, 7.3]),
        "hold": st.sampled_from([1, 100 * MILLI, SECOND]),
        "failure": st.sampled_from([0, 50 * MILLI, 2 * SECOND]),
        "confirm_imbalance": st.sampled_from([0.0, 0.25, 1.0]),
    }
)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), options=chosen)
def test_every_tape_says_the_same(seed: int, options: dict[str, Any]) -> None:
    checked_momentum(troubled_tape(seed), options)


def test_the_tapes_break_and_fail() -> None:
    """What the property is worth: opinions, failures and vetoes there are."""
    total = dict.fromkeys(("expected_move", "leave", "veto"), 0)
    options = EAGER | {"width_max": 5_000_000, "consolidation": 0, "surge": 1.0, "window": SECOND}
    for seed in range(20):
        said = checked_momentum(troubled_tape(seed, 3000), options)
        for name in total:
            total[name] += int(np.count_nonzero(said[name]))
    assert total["expected_move"] > 1000
    assert total["leave"] > 50
    assert total["veto"] > total["expected_move"]


# -- the tape ----------------------------------------------------------------------------


def one_book(**changed: Any) -> dict[str, Any]:
    columns = {name: np.zeros(1, np.int64) for name in ("kind", "time", "bid", "ask")}
    return {**columns, **changed}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": np.array([3])}, "row 0 is of no kind"),
        ({"order_kind": np.array([4])}, "row 0 is of no kind"),
        ({"bid_qty": np.zeros(2, np.int64)}, "bid_qty is not of the shape"),
        ({"bid_level_qty": np.zeros(1, np.int64)}, "bid_level_qty is not of the shape"),
        ({"bid_level_qty": np.zeros((1, 2), np.int64)}, "bid_level_price goes with its _qty"),
    ],
)
def test_columns_that_are_not_those_of_a_tape(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _core.signal_tape(configured(), one_book(**changed))


def test_columns_that_are_missing() -> None:
    with pytest.raises(ValueError, match="kind and time"):
        _core.signal_tape(configured(), {"kind": np.zeros(1, np.int64)})


def test_levels_of_a_tape_are_shown() -> None:
    """Three levels of each side, and where a tape has none the touch alone."""
    options = {"threshold": 0.5, "levels": 3, "persistence": 0, "horizon_gain": 1.0}
    price = np.array([[1000, 999, 998]]) * CENT
    tape = one_book(
        bid=price[:, 0],
        ask=price[:, 0] + CENT,
        bid_qty=np.array([70]),
        ask_qty=np.array([30]),
        bid_level_price=price,
        bid_level_qty=np.array([[70, 10, 10]]),
        ask_level_price=price[:, :2] + CENT,
        ask_level_qty=np.array([[30, 10]]),
    )
    config = configured(book_imbalance=options)
    touch = {name: column for name, column in tape.items() if "level" not in name}
    # 50 of 130 is short of the half, 60 of 120 is all that is asked for.
    assert _core.signal_tape(config, tape)["book_imbalance"].tolist() == [0]
    tape["ask_level_qty"] = np.array([[30, 0]])
    assert _core.signal_tape(config, tape)["book_imbalance"].tolist() == [2 * CENT // 10]
    # Of the touch alone 40 of 100 is too little, 42 of 84 not.
    assert _core.signal_tape(config, touch)["book_imbalance"].tolist() == [0]
    touch["ask_qty"], touch["bid_qty"] = np.array([21]), np.array([63])
    assert _core.signal_tape(config, touch)["book_imbalance"].tolist() == [25 * CENT // 100]
