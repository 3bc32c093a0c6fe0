"""The arithmetic of a trade: what is left of a move after its costs."""

from __future__ import annotations

import doctest
from fractions import Fraction

import numpy as np
import pytest

from pyscalp import economics
from pyscalp.economics import TradeEconomics, break_even_win_rate, split, split_total

TAKER = TradeEconomics(gross_bp=12, fee_bp=5, half_spread_bp=3, network_bp=1)

DTYPE = np.dtype(
    [
        (name, np.int64)
        for name in (
            "entry_notional",
            "gross",
            "fees",
            "half_spread",
            "slippage",
            "network",
            "net",
        )
    ]
)


def trips(*rows: tuple[int, int, int, int, int, int]) -> np.ndarray:
    """Round trips of (entry, gross, fees, half_spread, slippage, network); net follows."""
    return np.array([(*row, row[1] - sum(row[2:])) for row in rows], dtype=DTYPE)


def test_twelve_less_five_three_and_one_is_three() -> None:
    assert TAKER.net_bp == 12 - (5 + 3 + 1) == 3
    assert TAKER.cost_bp == TAKER.break_even_move_bp == 9
    assert TAKER.net(100_000) == 30


def test_maker_earns_a_rebate_instead_of_paying_the_fee() -> None:
    maker = TAKER.as_maker(rebate_bp=1)
    assert maker.fee_bp == -1
    assert maker.net_bp == 12 - (-1 + 3 + 1) == 9
    assert TAKER.as_maker(rebate_bp=0).net_bp == 8
    assert maker.net_bp >= 2 * TAKER.net_bp
    # One that earns the spread as well.
    assert TAKER.as_maker(rebate_bp=1, half_spread_bp=-3).net_bp == 15
    assert TAKER.fee_bp == 5


def test_break_even_win_rate_of_an_even_bet_is_moved_by_costs() -> None:
    assert TradeEconomics(10, 0, 0).break_even_win_rate(loss_bp=10) == 0.5
    # Winners net 3, losers 12 + 9 = 21.
    assert TAKER.break_even_win_rate(loss_bp=12) == pytest.approx(21 / 24)


def test_break_even_win_rate_at_its_ends() -> None:
    assert break_even_win_rate(0, 5) == 1
    assert break_even_win_rate(-1, 5) == 1
    assert break_even_win_rate(5, 0) == 0
    # Rebates so high that even a loser earns.
    assert TradeEconomics(1, -9, 0).break_even_win_rate(loss_bp=2) == 0


@pytest.mark.parametrize("loss", [0, -1, float("nan")])
def test_break_even_win_rate_refuses_a_loss_that_is_none(loss: float) -> None:
    with pytest.raises(ValueError, match="loss_bp"):
        TAKER.break_even_win_rate(loss)


def test_split_reproduces_the_example_from_money() -> None:
    notional = 1_000_000 * 10**9
    bp = notional // 10_000
    columns = split(trips((notional, 12 * bp, 5 * bp, 4 * bp, -1 * bp, 1 * bp)))
    assert {name: column.tolist() for name, column in columns.items()} == {
        "gross_bp": [12],
        "fee_bp": [5],
        "half_spread_bp": [4],
        "slippage_bp": [-1],
        "network_bp": [1],
        "net_bp": [3],
    }


def test_split_of_random_trips_adds_up() -> None:
    random = np.random.default_rng(1)
    rows = [
        (int(entry), *(int(part) for part in parts))
        for entry, parts in zip(
            random.integers(10**9, 10**15, 500),
            random.integers(-(10**12), 10**12, (500, 5)),
            strict=True,
        )
    ]
    table = trips(*rows)
    columns = split(table)
    costs = sum(columns[name] for name in ("fee_bp", "half_spread_bp", "slippage_bp", "network_bp"))
    scale = sum(np.abs(column) for column in columns.values())
    assert np.all(np.abs(columns["gross_bp"] - costs - columns["net_bp"]) < 1e-12 * scale)
    for index in (0, 499):
        exact = Fraction(int(table["net"][index]) * 10_000, rows[index][0])
        assert columns["net_bp"][index] == pytest.approx(float(exact), rel=1e-14)


def test_split_total_weighs_by_money() -> None:
    total = split_total(trips((10_000, 10, 0, 0, 0, 0), (30_000, 0, 6, 0, 0, 0)))
    assert total is not None
    assert total.gross_bp == 2.5
    assert total.fee_bp == 1.5
    assert total.net_bp == 1


def test_split_total_of_more_than_int64_holds() -> None:
    big = 2**62
    total = split_total(trips(*[(big, big // 10_000, 0, 0, 0, 0)] * 5))
    assert total is not None
    assert total.net_bp == pytest.approx(1)


def test_no_trips() -> None:
    empty = np.empty(0, dtype=DTYPE)
    assert split_total(empty) is None
    assert all(column.shape == (0,) for column in split(empty).values())


def test_row_that_does_not_add_up_is_named() -> None:
    table = trips((10_000, 10, 1, 1, 1, 1), (10_000, 10, 1, 1, 1, 1))
    table["net"][1] += 1
    for function in (split, split_total):
        with pytest.raises(ValueError, match="index 1 does not add up"):
            function(table)


def test_row_without_an_entry_is_named() -> None:
    with pytest.raises(ValueError, match="index 0 has no entry"):
        split(trips((0, 1, 0, 0, 0, 0)))


def test_missing_fields_are_named() -> None:
    with pytest.raises(ValueError, match="fees, half_spread, slippage, network, net"):
        split(np.zeros(1, dtype=[("gross", np.int64), ("entry_notional", np.int64)]))


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(economics).failed == 0
