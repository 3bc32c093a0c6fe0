"""The reference signals against hand-made cases, pandas, and a plain loop over events."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from math import isnan, sqrt

import numpy as np
import pytest

from pyscalp.reference import (
    NO_PRICE,
    BookImbalanceOptions,
    MeanReversionOptions,
    book_imbalance,
    mean_reversion,
)

OPTIONS = MeanReversionOptions(k_sigma=3.0, bars=4, bar=100, efficiency_max=0.5, min_trades=2)
TRADES = ([0, 0], [995, 1005], [50, 50])
# Bars that close at a mean of 1000 with a deviation of 10: bands of 970 and 1030.
CLOSES = ([0, 100, 200, 300], [990, 1010, 990, 1010])


def moves(times, mids, options=OPTIONS, trades=TRADES):
    frame = mean_reversion(CLOSES[0] + times, CLOSES[1] + mids, *trades, options)
    return frame["expected_move"].to_list()[4:]


def test_mean_reversion_expects_the_mid_back_at_the_bollinger_mean() -> None:
    assert moves([400, 401, 402], [1031, 960, 1000]) == [-31, 40, 0]


def test_mean_reversion_shows_what_it_computed() -> None:
    last = mean_reversion([*CLOSES[0], 400], [*CLOSES[1], 1000], *TRADES, OPTIONS).row(
        -1, named=True
    )
    assert last["trades"] == 2
    assert (last["vwap"], last["vwap_sigma"]) == (1000, 5)
    assert (last["bollinger_mean"], last["bollinger_sigma"]) == (1000, 10)
    assert (last["bollinger_lower"], last["bollinger_upper"]) == (970, 1030)
    assert last["efficiency_ratio"] == 20 / 60


def test_mean_reversion_on_the_band_is_not_beyond_it() -> None:
    assert moves([400, 401, 402, 403], [1030, 1031, 970, 969]) == [0, -31, 0, 31]


def test_mean_reversion_waits_for_bars_and_trades() -> None:
    assert moves([399], [1060]) == [0]
    few = ([0, 405], [995, 1005], [50, 50])
    assert moves([400, 405], [1060, 1060], trades=few) == [0, -60]


def test_mean_reversion_needs_both_averages_on_one_side() -> None:
    above = ([0, 0], [1195, 1205], [50, 50])
    assert moves([400, 401], [1040, 960], trades=above) == [0, 40]
    alone = MeanReversionOptions(3.0, 4, 100, 0.5, 2, use_bollinger=False)
    assert moves([400, 401], [1040, 960], alone, above) == [160, 240]


def test_mean_reversion_without_variance_has_no_opinion() -> None:
    still = ([0, 0], [1000, 1000], [50, 50])
    assert moves([400], [1060], trades=still) == [0]
    assert moves([86_400_000_000_000], [1060]) == [0], "a gap repeats one close"


def test_mean_reversion_unsound_books_have_no_opinion_and_bars_go_on() -> None:
    frame = mean_reversion(
        [*CLOSES[0], 400, 500], [*CLOSES[1], NO_PRICE, NO_PRICE], *TRADES, OPTIONS
    )
    assert frame["expected_move"].to_list() == [0] * 6
    assert frame["bars"].to_list() == [0, 1, 2, 3, 4, 5]
    assert frame["bollinger_mean"].to_list()[4:] == [1000, 1005]


def test_mean_reversion_of_nothing_is_nothing() -> None:
    assert len(mean_reversion([], [], [], [], [], OPTIONS)) == 0
    frame = mean_reversion([1, 2], [NO_PRICE, NO_PRICE], [], [], [], OPTIONS)
    assert frame["expected_move"].to_list() == [0, 0]
    assert frame["bollinger_mean"].is_nan().all()


def test_columns_must_be_equally_long() -> None:
    with pytest.raises(ValueError, match="columns of shapes"):
        mean_reversion([1, 2], [1], [], [], [], OPTIONS)
    with pytest.raises(ValueError, match="trade_time decreases"):
        mean_reversion([1], [1], [2, 1], [5, 5], [1, 1], OPTIONS)
    with pytest.raises(ValueError, match="trades_seen of 2 entries for 1 events"):
        mean_reversion([1], [1], [], [], [], OPTIONS, trades_seen=[0, 0])


def imbalances(times, bid_sizes, ask_sizes, bids=1000, asks=1100, **options):
    n = len(times)
    chosen = BookImbalanceOptions(**{"levels": 1, "persistence": 50, **options})
    columns = (np.broadcast_to(c, n) for c in (bids, bid_sizes, asks, ask_sizes))
    bid, bid_qty, ask, ask_qty = columns
    return book_imbalance(times, bid, bid_qty, ask, ask_qty, bid_qty, ask_qty, chosen)


def test_book_imbalance_persists_at_exactly_the_duration() -> None:
    frame = imbalances([1000, 1049, 1050, 1051], 90, 10)
    assert frame["expected_move"].to_list() == [0, 0, 40, 40]
    assert frame["held"].to_list() == [0, 49, 50, 51]


def test_book_imbalance_the_threshold_itself_counts() -> None:
    assert imbalances([0, 50], 80, 20)["expected_move"].to_list() == [0, 30]
    assert imbalances([0, 50], 20, 80)["expected_move"].to_list() == [0, -30]
    assert imbalances([0, 50], 79_999, 20_001)["expected_move"].to_list() == [0, 0]


def test_book_imbalance_starts_anew_below_on_the_other_side_and_unsound() -> None:
    times = [0, 40, 41, 90, 91]
    below = imbalances(times, [90, 50, 90, 90, 90], [10, 50, 10, 10, 10])
    assert below["expected_move"].to_list() == [0, 0, 0, 0, 40]
    other = imbalances(times, [90, 10, 90, 90, 90], [10, 90, 10, 10, 10])
    assert other["expected_move"].to_list() == [0, 0, 0, 0, 40]
    unsound = imbalances(times, 90, 10, asks=[1100, NO_PRICE, 1100, 1100, 1100])
    assert unsound["expected_move"].to_list() == [0, 0, 0, 0, 40]
    assert unsound["mid"].to_list()[:2] == [1050, NO_PRICE]


def test_book_imbalance_rounds_the_scaled_move_half_away_from_zero() -> None:
    assert imbalances([0, 50], 90, 10, horizon_gain=0.0125)["expected_move"][1] == 1
    assert imbalances([0, 50], 10, 90, horizon_gain=0.0125)["expected_move"][1] == -1
    assert imbalances([0, 50], 90, 10, horizon_gain=0.01)["expected_move"][1] == 0


def test_book_imbalance_of_depth_needs_the_microprice_to_agree() -> None:
    columns = ([0, 50], [1000] * 2, [40, 60], [1100] * 2, [60, 40], [900] * 2, [100] * 2)
    frame = book_imbalance(*columns, BookImbalanceOptions(0.6, 5, 0, 1.0))
    assert frame["imbalance"].to_list() == [0.8, 0.8]
    assert frame["expected_move"].to_list() == [0, 10]


def random_day(seed: int, events: int = 3_000):
    """Books and trades with gaps, earlier stamps, missing sides and equal stamps."""
    rng = random.Random(seed)
    now, price = 1_000_000, 220_000_000_000
    books, trades, seen = [], [], []
    for _ in range(events):
        now += rng.choice([0, 1, 7, 30, 30, 60, 100]) if rng.random() < 0.999 else 5_000
        price += rng.choice([-5_000_000, 0, 5_000_000, -5_000_000 if price > 22e10 else 5_000_000])
        if rng.random() < 0.05:
            price += rng.choice([-60_000_000, 60_000_000])
        while rng.random() < 0.3:
            trades.append((now, price + rng.randrange(-3, 4) * 10**7, rng.randrange(0, 300)))
        half = rng.choice([5_000_000, 10_000_000, 0] if rng.random() < 0.05 else [5_000_000])
        bid, ask = price - half, price + half
        if rng.random() < 0.02:
            bid, ask = rng.choice([(bid, NO_PRICE), (NO_PRICE, ask), (NO_PRICE, NO_PRICE)])
        stamp = now - rng.randrange(0, 400) if rng.random() < 0.01 else now
        sizes = [rng.choice([0, 10, 50, 100, 400, 900]) for _ in range(4)]
        books.append((stamp, bid, sizes[0], ask, sizes[1], sizes[2], sizes[3]))
        seen.append(len(trades))
    return np.array(books, np.int64).T, np.array(trades, np.int64).T, np.array(seen)


def mids_of(books):
    _, bid, _, ask, *_ = books
    sound = (bid != NO_PRICE) & (ask != NO_PRICE) & (bid < ask)
    return np.where(sound, bid + (np.where(sound, ask, 0) - np.where(sound, bid, 0)) // 2, NO_PRICE)


def rounded(value: Fraction) -> int:
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def mean_reversion_in_a_loop(times, mids, trades, seen, options):
    """One event at a time, in fractions, from the description alone."""
    closes: list[int] = []
    end = last = None
    for now, mid, count in zip(times.tolist(), mids.tolist(), seen.tolist(), strict=True):
        while end is not None and now >= end:
            closes.append(last)
            end += options.bar
        move = 0
        if mid != NO_PRICE:
            end = (now // options.bar + 1) * options.bar if end is None else end
            last = mid
            window = closes[-options.bars :]
            done = [(p, q) for p, q in trades[:count] if q > 0]
            if len(window) == options.bars and len(done) >= options.min_trades:
                move = one_forecast(mid, window, done, options)
        yield move


def one_forecast(mid, window, done, options) -> int:
    path = sum(abs(b - a) for a, b in pairwise(window))
    ratio = abs(window[-1] - window[0]) / path if path else 0.0
    if ratio > options.efficiency_max:
        return 0
    k = Fraction(options.k_sigma)
    centres = []
    for wanted, weighted in (
        (options.use_bollinger, [(c, 1) for c in window]),
        (options.use_vwap, done),
    ):
        if not wanted:
            continue
        total = sum(q for _, q in weighted)
        mean = Fraction(sum(p * q for p, q in weighted), total)
        variance = sum(q * (p - mean) ** 2 for p, q in weighted) / total
        if variance == 0 or (mid - mean) ** 2 <= k * k * variance:
            return 0
        centres.append(mean)
    if len({mid > centre for centre in centres}) != 1:
        return 0
    return rounded(centres[0] - mid)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("use_vwap", "use_bollinger"), [(True, True), (True, False), (False, True)]
)
def test_mean_reversion_equals_a_loop_over_events(seed, use_vwap, use_bollinger) -> None:
    books, trades, seen = random_day(seed, 600)
    options = MeanReversionOptions(1.25, 6, 100, 0.4, 10, use_vwap, use_bollinger)
    frame = mean_reversion(books[0], mids_of(books), *trades, options, trades_seen=seen)
    pairs = list(zip(trades[1].tolist(), trades[2].tolist(), strict=True))
    expected = list(mean_reversion_in_a_loop(books[0], mids_of(books), pairs, seen, options))
    assert frame["expected_move"].to_list() == expected
    assert sum(move != 0 for move in expected) >= 10, "too few opinions to prove anything"
    assert any(move < 0 for move in expected)
    assert any(move > 0 for move in expected)


def book_imbalance_in_a_loop(books, options):
    side, since, latest = 0, 0, 0
    for now, bid, bid_qty, ask, ask_qty, bid_depth, ask_depth in books.T.tolist():
        latest = max(latest, now)
        sound = bid != NO_PRICE and ask != NO_PRICE and bid < ask
        b, a = (bid_qty, ask_qty) if options.levels == 1 else (bid_depth, ask_depth)
        imbalance = (b - a) / (b + a) if sound and b + a else 0.0
        new = 0 if abs(imbalance) < options.threshold else 1 if imbalance > 0 else -1
        if new != side:
            side, since = new, latest
        move = 0
        if side and latest - since >= options.persistence:
            mid = bid + (ask - bid) // 2
            total = bid_qty + ask_qty
            micro = bid + (ask - bid) * bid_qty // total if total else mid
            if (micro - mid) * side > 0:
                move = rounded(Fraction(options.horizon_gain * (micro - mid)))
        yield move


@pytest.mark.parametrize("levels", [1, 5])
@pytest.mark.parametrize("gain", [1.0, 0.37])
def test_book_imbalance_equals_a_loop_over_events(levels, gain) -> None:
    books, _, _ = random_day(9)
    options = BookImbalanceOptions(0.6, levels, 40, gain)
    expected = list(book_imbalance_in_a_loop(books, options))
    assert book_imbalance(*books, options)["expected_move"].to_list() == expected
    assert sum(move > 0 for move in expected) >= 10
    assert sum(move < 0 for move in expected) >= 10


def test_the_averages_agree_with_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(5)
    times = np.arange(2_000) * 100
    mids = 220_000_000_000 + np.cumsum(rng.integers(-4, 5, 2_000)) * 5_000_000
    quantities = rng.integers(1, 500, 2_000)
    frame = mean_reversion(times, mids, times, mids, quantities, OPTIONS)

    closes = pandas.Series(mids[:-1].astype(float))  # the bar of event i closes at event i + 1
    steps = closes.diff().abs().rolling(OPTIONS.bars - 1).sum()
    way = (closes - closes.shift(OPTIONS.bars - 1)).abs()
    expected = {
        "bollinger_mean": closes.rolling(OPTIONS.bars).mean(),
        "bollinger_sigma": closes.rolling(OPTIONS.bars).std(ddof=0),
        "efficiency_ratio": (way / steps).where(steps > 0, 0.0).where(way.notna()),
    }
    for name, series in expected.items():
        got = frame[name].to_numpy()[1:]
        np.testing.assert_allclose(got, series.to_numpy(), rtol=1e-7, atol=100.0, err_msg=name)

    trades = pandas.DataFrame({"p": mids.astype(float), "q": quantities.astype(float)})
    volume = trades.q.cumsum()
    vwap = (trades.p * trades.q).cumsum() / volume
    for i in (0, 10, 1_999):
        part = trades.iloc[: i + 1]
        sigma = sqrt((part.q * (part.p - vwap[i]) ** 2).sum() / volume[i])
        assert frame["vwap"][i] == pytest.approx(vwap[i], rel=1e-12)
        assert frame["vwap_sigma"][i] == pytest.approx(sigma, rel=1e-9)
    assert isnan(frame["bollinger_mean"][OPTIONS.bars - 1])
