"""The rule by which two results are compared, on samples that are made up."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pyscalp.bench_compare import (
    FASTER,
    NOT_SEEN,
    SLOWER,
    TOO_FEW,
    compare,
    mann_whitney,
    samples_of,
    verdict,
)

STEADY = [100.0, 101.0, 100.5, 102.0, 100.2]


def times(factor: float, samples: list[float] | None = None) -> list[float]:
    return [factor * n for n in samples or STEADY]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (times(1.0), NOT_SEEN),
        (times(1.04), NOT_SEEN),  # every sample above, but not by enough
        (times(0.96), NOT_SEEN),
        (times(1.10), SLOWER),
        (times(0.90), FASTER),
        (times(1.10)[:4], TOO_FEW),
        ([100.1, 150.0, 160.0, 170.0, 180.0], NOT_SEEN),  # disturbed: the minimum stands
        ([103.0, 150.0, 160.0, 170.0, 180.0], NOT_SEEN),
    ],
)
def test_verdicts(now: list[float], said: str) -> None:
    assert verdict("row", STEADY, now).verdict == said


def test_a_difference_inside_the_noise_is_not_seen() -> None:
    noisy = [100.0, 180.0, 120.0, 160.0, 140.0]
    assert verdict("row", noisy, times(1.10, noisy)).verdict == NOT_SEEN


def test_verdicts_are_the_same_seen_from_the_other_run() -> None:
    other = times(1.10)
    there, back = verdict("row", STEADY, other), verdict("row", other, STEADY)
    assert (there.verdict, back.verdict) == (SLOWER, FASTER)
    assert there.probability == back.probability


def by_listing(a: list[float], b: list[float]) -> float:
    """Every way to deal the samples out, counted."""
    both = a + b

    def distance(chosen: tuple[int, ...]) -> float:
        first = [both[i] for i in chosen]
        second = [both[i] for i in range(len(both)) if i not in chosen]
        above = sum(x > y for x in first for y in second)
        return abs(above - len(a) * len(b) / 2)

    dealt = list(itertools.combinations(range(len(both)), len(a)))
    seen = distance(tuple(range(len(a))))
    return sum(distance(chosen) >= seen for chosen in dealt) / len(dealt)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
        ([1.0, 5.0, 3.0], [4.0, 2.0, 6.0, 7.0]),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]),
        ([1.0, 9.0, 4.0, 7.0], [2.0, 3.0, 5.0, 6.0, 8.0]),
    ],
)
def test_the_probability_is_exact(a: list[float], b: list[float]) -> None:
    assert mann_whitney(a, b) == pytest.approx(by_listing(a, b))
    assert mann_whitney(b, a) == pytest.approx(by_listing(a, b))


def test_equal_samples_prove_nothing() -> None:
    assert mann_whitney([7.0] * 6, [7.0] * 6) == 1.0


def test_many_samples_are_near_the_exact_probability() -> None:
    a = [float(n) for n in range(0, 40, 2)]  # 400 pairs: still exact
    b = [n + 7.5 for n in a]
    exact = mann_whitney(a, b)
    assert mann_whitney(a, [*b, 30.5]) == pytest.approx(exact, rel=0.5)


def test_rows_of_every_benchmark() -> None:
    micro = {"bench": "micro", "rows": [{"name": "gate/accepted", "ns_rounds": [1.0]}]}
    assert samples_of(micro) == {"gate/accepted": [1.0]}
    row = {"name": "pyscalp", "ns_rounds": [2.0, 3.0]}
    book = {"bench": "book", "sections": {"one": {"contenders": [row]}}}
    assert samples_of(book) == {"one: pyscalp": [2.0, 3.0]}

    def rounds(*p50s: float) -> list[dict[str, Any]]:
        return [{"wire": {"count": int(p50 > 0), "p50": p50}} for p50 in p50s]

    wire: dict[str, Any] = {"name": "engine, packet", "rounds": rounds(5.0, 0.0, 6.0)}
    loaded = wire | {"load": 8.0, "rounds": rounds(7.0)}
    tick = {"bench": "tick-to-trade", "rows": [wire], "feed": {"rows": [loaded]}}
    assert samples_of(tick) == {
        "engine, packet": [5.0, 6.0],
        "engine, packet, feed at 8x": [7.0],
    }
    assert list(samples_of(tick | {"feed": None})) == ["engine, packet"]


def test_rows_that_one_run_has_alone_are_named() -> None:
    def result(*names: str) -> dict[str, Any]:
        return {"bench": "micro", "rows": [{"name": n, "ns_rounds": STEADY} for n in names]}

    found = compare(result("a", "b"), result("b", "c"))
    assert [row["name"] for row in found["rows"]] == ["b"]
    assert (found["only_before"], found["only_now"]) == (["a"], ["c"])
