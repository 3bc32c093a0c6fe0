"""Two results of one benchmark, row by row: faster, slower, or no difference seen.

The rule looks at the samples of all rounds of both runs. A row is faster or slower where

- both runs have at least five rounds,
- the two-sided Mann-Whitney test gives that order of the samples a probability of at
  most 1 % if there were no difference (exact up to 400 pairs), and
- the shortest and the median sample have both moved the same way, by 5 % or more.

What disturbs a machine lengthens medians and leaves minima alone; what changes code moves
both. Whole runs of the same program drift apart by 4 % on a shared machine, hence the 5 %.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyscalp.errors import PyscalpError, os_reason

KINDS = ("micro", "book", "tick-to-trade", "crypto-feed")
"""Benchmarks whose results can be compared, as the key ``bench`` of a result says."""

FASTER, SLOWER = "faster", "slower"
NOT_SEEN, TOO_FEW = "no difference seen", "too few rounds"

MIN_ROUNDS = 5
MAX_PROBABILITY = 0.01
LEAST_SHIFT = 0.05
_EXACT_PAIRS = 400

Samples = dict[str, list[float]]
"""Nanoseconds by round, by row."""


@dataclass(frozen=True)
class Compared:
    """One row of both runs.

    Attributes
    ----------
    name : str
        Of the row.
    before_ns, now_ns : float
        Medians over the rounds.
    change : float
        Of the median: 0.1 is 10 % slower.
    change_of_min : float
        Of the shortest round.
    probability : float
        Two-sided, that samples without a difference are ordered so or more.
    verdict : str
        `FASTER`, `SLOWER`, `NOT_SEEN` or `TOO_FEW`.
    """

    name: str
    before_ns: float
    now_ns: float
    change: float
    change_of_min: float
    probability: float
    verdict: str


def read_saved(file: Path, kind: str) -> dict[str, Any]:
    """A result that ``--save`` of the same benchmark wrote.

    Raises
    ------
    PyscalpError
        If it cannot be read, is something else, or has no samples.
    """
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PyscalpError(f"cannot read {file}: {os_reason(error)}") from None
    except (ValueError, RecursionError):
        raise PyscalpError(f"{file} is no result of pyscalp bench: it is no JSON") from None
    found = result.get("bench") if isinstance(result, dict) else None
    if found not in KINDS:
        raise PyscalpError(
            f"{file} is no result that pyscalp bench can compare with: save one with --save"
        )
    if found != kind:
        raise PyscalpError(f"{file} is a result of bench {found}, and this is bench {kind}")
    try:
        conditions(result)
        if samples_of(result):
            return dict(result)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise PyscalpError(f"{file} is damaged: it has no samples to compare with")


def _wire_p50s(row: Mapping[str, Any]) -> list[float]:
    """Of the rounds that have one: without an answer there is no figure."""
    return [one["wire"]["p50"] for one in row["rounds"] if one["wire"]["count"]]


def samples_of(result: Mapping[str, Any]) -> Samples:
    """Every row of a result that can be compared, with its samples by round."""
    found: Samples = {}
    if result["bench"] == "micro":
        found = {row["name"]: row["ns_rounds"] for row in result["rows"]}
    elif result["bench"] == "crypto-feed":
        found = {row["name"]: [one["p50"] for one in row["rounds"]] for row in result["rows"]}
    elif result["bench"] == "book":
        for key, section in result["sections"].items():
            for row in section["contenders"]:
                found[f"{key}: {row['name']}"] = row["ns_rounds"]
    else:
        feed = result["feed"]
        for row in result["rows"]:
            found[row["name"]] = _wire_p50s(row)
        for row in feed["rows"] if feed else ():
            found[f"{row['name']}, feed at {row['load']:g}x"] = _wire_p50s(row)
    if not all(0 < n < math.inf for rounds in found.values() for n in rounds):
        raise ValueError("a sample is no time")
    return {name: rounds for name, rounds in found.items() if rounds}


def conditions(result: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be the same in two runs for a comparison to mean anything."""
    machine = result["machine"]
    found = {"processor": machine["processor"], "cores": machine["cores"], **result["asked"]}
    if "places" in result:
        found["places"] = result["places"]
    return found


def check_conditions(file: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Compare what both runs know of their conditions.

    Raises
    ------
    PyscalpError
        If something differs; it names all of it.
    """
    differing = [
        f"  {key}: {before[key]} then, {now[key]} now"
        for key in now
        if key in before and before[key] != now[key]
    ]
    if differing:
        raise PyscalpError(
            "\n".join(
                [
                    f"{file} was measured on another machine or with other settings:",
                    *differing,
                    "A comparison says little; --anyway makes it nevertheless.",
                ]
            )
        )


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Hold a result against an earlier one.

    Returns
    -------
    dict
        ``rows``, each as `Compared`; ``only_before`` and ``only_now``, the names of rows
        that one of them has alone.
    """
    then, here = samples_of(before), samples_of(now)
    return {
        "rows": [asdict(verdict(name, then[name], here[name])) for name in here if name in then],
        "only_before": [name for name in then if name not in here],
        "only_now": [name for name in here if name not in then],
    }


def verdict(name: str, before: Sequence[float], now: Sequence[float]) -> Compared:
    """What the samples of one row say; the rule is at the top of this file."""
    old, new = statistics.median(before), statistics.median(now)
    change, change_of_min = new / old - 1, min(now) / min(before) - 1
    probability = mann_whitney(before, now)
    said = NOT_SEEN
    if min(len(before), len(now)) < MIN_ROUNDS:
        said = TOO_FEW
    elif probability <= MAX_PROBABILITY:
        if min(change, change_of_min) >= LEAST_SHIFT:
            said = SLOWER
        elif max(change, change_of_min) <= -LEAST_SHIFT:
            said = FASTER
    return Compared(name, old, new, change, change_of_min, probability, said)


def mann_whitney(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided probability of an order of the samples as unlikely as this one.

    Equal samples count half to either side, which makes it larger rather than smaller.
    Source: Mann and Whitney (1947); exact up to 400 pairs, beyond by the normal
    distribution.
    """
    pairs = len(a) * len(b)
    above = sum((x > y) + 0.5 * (x == y) for x in a for y in b)
    least = min(above, pairs - above)
    if pairs > _EXACT_PAIRS:
        sigma = math.sqrt(pairs * (len(a) + len(b) + 1) / 12)
        return min(1.0, 2 * statistics.NormalDist(pairs / 2, sigma).cdf(least + 0.5))
    ways = _orders(len(a), len(b))
    tail = sum(ways[: math.floor(least + 0.5) + 1])
    return min(1.0, 2 * tail / sum(ways))


def _orders(m: int, n: int) -> list[int]:
    """How many orders of m and n samples have u pairs with the first above: by u."""
    ways = [1] + [0] * (m * n)
    # The Gaussian binomial, product over i of (1 - q^(n+i)) / (1 - q^i).
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):
            ways[u] -= ways[u - n - i]
        for u in range(i, m * n + 1):
            ways[u] += ways[u - i]
    return ways
