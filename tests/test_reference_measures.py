"""The references' measures against hand-made cases, pandas, and plain loops in fractions."""

from __future__ import annotations

import random
from collections import deque
from fractions import Fraction
from math import inf, isclose, isnan, sqrt

import numpy as np
import pytest

from pyscalp.reference import (
    NO_PRICE,
    BookImbalanceOptions,
    MeanReversionOptions,
    book_imbalance,
    depth_imbalance,
    mean_reversion,
    order_flow_imbalance,
    weighted_imbalance,
)
from pyscalp.reference.variance_ratio import variance_ratios

NONE = (NO_PRICE, 0)


def matrices(books):
    """Books of ([(price, qty), …] of bids, … of asks) as the four matrices."""
    shown = max(len(side) for book in books for side in book) or 1
    padded = [[list(side) + [NONE] * (shown - len(side)) for side in book] for book in books]
    whole = np.array(padded, np.int64)  # event, side, level, price and quantity
    return whole[:, 0, :, 0], whole[:, 0, :, 1], whole[:, 1, :, 0], whole[:, 1, :, 1]


def touch(bid, bid_qty, ask, ask_qty):
    return [(bid, bid_qty)], [(ask, ask_qty)]


def test_depth_and_weighted_by_hand() -> None:
    book = ([(1000, 100), (990, 60), (965, 90)], [(1100, 50), (1110, 20)])
    columns = matrices([book])
    assert depth_imbalance(*columns, 1) == [50 / 150]
    assert depth_imbalance(*columns, 3) == [180 / 320]
    # 100 + 60 / 2 + 90 / 4.5 against 50 + 20 / 2
    assert weighted_imbalance(*columns, 3, tick=10) == [90 / 210]
    assert weighted_imbalance(*columns, 1, tick=10) == [50 / 150]


def test_unsound_books_have_no_measure() -> None:
    books = [([], [(110, 5)]), ([(100, 5)], []), touch(110, 5, 110, 1), touch(111, 5, 110, 1)]
    columns = matrices(books)
    zeros = [0.0] * 4
    assert depth_imbalance(*columns, 1).tolist() == zeros
    assert weighted_imbalance(*columns, 1, tick=1).tolist() == zeros
    assert order_flow_imbalance([0, 1, 2, 3], *columns, 1, 640).tolist() == zeros


@pytest.mark.parametrize(
    ("after", "net"),
    [
        (touch(100, 45, 110, 50), 15),
        (touch(100, 10, 110, 50), -20),
        (touch(101, 7, 110, 50), 7),
        (touch(99, 80, 110, 50), -30),
        (touch(100, 30, 110, 65), -15),
        (touch(100, 30, 110, 10), 40),
        (touch(100, 30, 109, 7), -7),
        (touch(100, 30, 111, 80), 50),
    ],
)
def test_order_flow_of_every_case_of_the_touch(after, net) -> None:
    columns = matrices([touch(100, 30, 110, 50), after])
    flow = order_flow_imbalance([0, 1], *columns, 1, 640)
    assert flow.tolist() == [0.0, np.sign(net)]
    depth = order_flow_imbalance([0, 1], *columns, 1, 640, "depth")
    average = sum(qty for book in (touch(100, 30, 110, 50), after) for ((_, qty),) in book) / 4
    assert depth[1] == max(-1, min(1, net / average))


def test_measures_refuse_what_does_not_fit() -> None:
    columns = matrices([touch(100, 30, 110, 50)])
    with pytest.raises(ValueError, match="of which 2 are to be counted"):
        depth_imbalance(*columns, 2)
    with pytest.raises(ValueError, match="neither flow nor depth"):
        order_flow_imbalance([0], *columns, 1, 640, "size")
    one = ([0], [100], [30], [110], [50], [30], [50])
    with pytest.raises(ValueError, match="has to be measured first"):
        book_imbalance(*one, BookImbalanceOptions(measure="order_flow"))
    with pytest.raises(ValueError, match="measured of shape"):
        book_imbalance(*one, BookImbalanceOptions(), measured=[0.1, 0.2])
    with pytest.raises(ValueError, match="regime of 'calm'"):
        mean_reversion([], [], [], [], [], MeanReversionOptions(regime="calm"))


def random_books(seed, events=1_500):
    rng = random.Random(seed)
    bids = {1_000 - i: 100 for i in range(1, 9)}
    asks = {1_000 + i: 100 for i in range(1, 9)}
    books, times, now = [], [], 0
    for _ in range(events):
        side = rng.choice((bids, asks))
        price = 1_000 + rng.randrange(1, 9) * (-1 if side is bids else 1)
        if rng.random() < 0.3:
            side.pop(price, None)
        else:
            side[price] = rng.randrange(0, 500)
        shown = [sorted(bids.items(), reverse=True), sorted(asks.items())]
        if rng.random() < 0.02:
            shown[rng.randrange(2)] = []
        if rng.random() < 0.02 and shown[0]:
            shown[0] = [(1_009, 5), *shown[0][1:]]
        now += rng.randrange(120) if rng.random() < 0.995 else 20_000
        books.append(tuple(shown))
        times.append(now - (rng.randrange(900) if rng.random() < 0.03 else 0))
    return times, books


def sound(book):
    bids, asks = book
    return bool(bids) and bool(asks) and bids[0][0] < asks[0][0]


def flow_of_side(before, now, levels, up):
    flows = []
    for m in range(levels):
        was, now_is = before[m : m + 1], now[m : m + 1]
        if was and now_is and was[0][0] == now_is[0][0]:
            flows.append(now_is[0][1] - was[0][1])
        elif now_is and (not was or (now_is[0][0] - was[0][0]) * up > 0):
            flows.append(now_is[0][1])
        elif was:
            flows.append(-was[0][1])
    return flows


def order_flow_in_a_loop(times, books, levels, window, scale):
    slot = -(-window // 64)
    kept: deque[tuple[int, int, int, int]] = deque()
    before, latest = None, 0
    for now, book in zip(times, books, strict=True):
        latest = max(latest, now)
        while kept and kept[0][0] <= latest // slot - 64:
            kept.popleft()
        if not sound(book):
            before = None
            yield 0.0
            continue
        net = gross = 0
        if before is not None:
            ours = flow_of_side(before[0], book[0], levels, 1)
            theirs = flow_of_side(before[1], book[1], levels, -1)
            net, gross = sum(ours) - sum(theirs), sum(map(abs, ours + theirs))
        before = book
        depth = sum(qty for side in book for _, qty in side[:levels])
        kept.append((latest // slot, net, gross, depth))
        net, gross, depth = (sum(entry[i] for entry in kept) for i in (1, 2, 3))
        whole = Fraction(gross) if scale == "flow" else Fraction(depth, 2 * len(kept))
        yield float(max(-1, min(1, net / whole))) if whole else 0.0


@pytest.mark.parametrize("levels", [1, 3, 10])
@pytest.mark.parametrize("scale", ["flow", "depth"])
def test_order_flow_equals_a_loop_over_events(levels, scale) -> None:
    times, books = random_books(levels)
    padded = [([*bids, NONE, NONE, NONE], [*asks, NONE, NONE, NONE]) for bids, asks in books]
    got = order_flow_imbalance(times, *matrices(padded), levels, 6_400, scale)
    expected = list(order_flow_in_a_loop(times, books, levels, 6_400, scale))
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert np.std(expected) > 0.1


def test_weighted_equals_a_loop_over_levels() -> None:
    _, books = random_books(4)
    padded = [([*bids, NONE, NONE], [*asks, NONE, NONE]) for bids, asks in books]
    got = weighted_imbalance(*matrices(padded), 5, tick=2)
    for value, book in zip(got.tolist(), books, strict=True):
        if not sound(book):
            assert value == 0
            continue
        ours, theirs = (
            sum(
                Fraction(qty) / (1 + Fraction(abs(price - side[0][0]), 2))
                for price, qty in side[:5]
            )
            for side in book
        )
        expected = (ours - theirs) / (ours + theirs) if ours + theirs else 0
        assert isclose(value, expected, rel_tol=1e-12, abs_tol=1e-15)


def test_variance_ratio_by_hand() -> None:
    prices = np.array([10, 12, 10, 12, 10, 11, 12, 11, 10])
    assert variance_ratios(prices, 5, 2)[0] == 0
    assert variance_ratios(prices, 5, 2)[-1] == 2
    assert variance_ratios(np.arange(5), 5, 2).tolist() == [inf]
    assert variance_ratios(prices[:4], 5, 2).tolist() == []


def test_variance_ratio_equals_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(8)
    prices = 220_000_000_000 + np.cumsum(rng.integers(-4, 5, 400)) * 5_000_000
    size, q = 40, 5
    n = size - 1
    series = pandas.Series(prices.astype(float) / 1e6)
    one = series.diff().rolling(n).var(ddof=1)
    mu = (series - series.shift(n)) / n
    long = series.diff(q).rolling(n - q + 1)
    terms = n - q + 1
    squares = terms * long.var(ddof=0) + terms * (long.mean() - q * mu) ** 2
    expected = squares / (q * terms * (1 - q / n)) / one
    got = variance_ratios(prices, size, q)
    np.testing.assert_allclose(got, expected.to_numpy()[n:], rtol=1e-8)


def random_trades(seed, events=900):
    rng = random.Random(seed)
    now, price = 0, 1_000
    times, mids, trades, seen = [], [], [], []
    for _ in range(events):
        now += rng.choice([0, 3, 20, 60]) if rng.random() < 0.99 else 9_000
        price += rng.choice([-3, -1, 0, 1, 3])
        while rng.random() < 0.4:
            late = rng.randrange(500) if rng.random() < 0.05 else 0
            trades.append((now - late, price + rng.randrange(-9, 10), rng.randrange(0, 300)))
        times.append(now - (rng.randrange(300) if rng.random() < 0.02 else 0))
        mids.append(price + rng.choice([-25, 0, 0, 25]))
        seen.append(len(trades))
    return times, mids, trades, seen


def rolling_in_a_loop(times, mids, trades, seen, options):
    """What the mid is expected to do by the rolling VWAP alone."""
    slot = -(-options.vwap_window // 64)
    kept, latest, done = [], 0, 0
    for now, mid, count in zip(times, mids, seen, strict=True):
        for at, price, qty in trades[done:count]:
            latest = max(latest, at)
            kept.append((latest // slot, price, qty))
        done = count
        latest = max(latest, now)
        kept = [trade for trade in kept if trade[0] > latest // slot - 64]
        volume = sum(qty for *_, qty in kept)
        if not volume:
            yield 0, None, None
            continue
        mean = Fraction(sum(price * qty for _, price, qty in kept), volume)
        variance = sum(qty * (price - mean) ** 2 for _, price, qty in kept) / volume
        far = variance > 0 and (mid - mean) ** 2 > Fraction(options.k_sigma) ** 2 * variance
        away = int(abs(mean - mid) + Fraction(1, 2)) * (1 if mean > mid else -1)
        yield away if far else 0, mean, sqrt(variance)


@pytest.mark.parametrize("seed", [1, 2])
def test_rolling_vwap_equals_a_loop_over_trades(seed) -> None:
    times, mids, trades, seen = random_trades(seed)
    options = MeanReversionOptions(
        k_sigma=1.7, bars=2, bar=1, efficiency_max=1.0, min_trades=0, use_vwap=False,
        use_bollinger=False, use_rolling_vwap=True, vwap_window=6_400,
    )  # fmt: skip
    columns = np.array(trades, np.int64).T
    frame = mean_reversion(times, mids, *columns, options, trades_seen=seen)
    expected = list(rolling_in_a_loop(times, mids, trades, seen, options))
    ready = frame["bars"].to_numpy() >= 2
    moves = np.where(ready, [move for move, *_ in expected], 0)
    assert frame["expected_move"].to_list() == moves.tolist()
    assert np.count_nonzero(moves > 0) > 10
    assert np.count_nonzero(moves < 0) > 10
    for row, (_, mean, sigma) in zip(frame.iter_rows(named=True), expected, strict=True):
        if mean is None:
            assert isnan(row["rolling_vwap"])
            continue
        assert isclose(row["rolling_vwap"], mean, rel_tol=1e-12)
        assert isclose(row["rolling_sigma"], sigma, rel_tol=1e-9, abs_tol=1e-12)


def test_the_regime_names_the_ratios_that_count() -> None:
    # A path that persists and comes back: an efficiency of 0 and a variance ratio above 1.
    way = [1000, 1010, 1020, 1030, 1020, 1010, 1000, 1000]
    times = [*(100 * i for i in range(8)), 800]
    trades = ([0, 0], [995, 1005], [50, 50])

    def move(regime, **changes):
        options = MeanReversionOptions(
            k_sigma=1.0, bars=8, bar=100, efficiency_max=0.5, min_trades=2,
            regime=regime, variance_step=2, **changes,
        )  # fmt: skip
        frame = mean_reversion(times, [*way, 1100], *trades, options)
        assert frame["efficiency_ratio"][-1] == 0
        assert frame["variance_ratio"][-1] > 1
        return frame["expected_move"][-1]

    assert move("efficiency") == -89
    assert move("variance_ratio") == 0
    assert move("both") == 0
    assert move("variance_ratio", variance_ratio_max=2.0) == -89
    assert move("both", variance_ratio_max=2.0) == -89
