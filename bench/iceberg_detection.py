#!/usr/bin/env python3
"""How well icebergs are found on the included exchange, and what a real day says.

    bench/iceberg_detection.py [DAY.itch50.xz] [--seeds 1,2,3] [--stocks 4] [--json]

For each seed a day of 6.5 hours is made, with icebergs, decoys and the fitted agents
(bench/iceberg_day.hpp), and what the detector says of it is held against the exchange's
own record; pyscalp/bench_icebergs.py says what counts as what. Then: the same over
thresholds, with harder decoys, with sizes of a heavier tail, after a day of learning, and
where late refills are allowed. DAY, the recorded day of AMZN and AAPL, is asked how often
hidden orders traded at the price of a chain of refills, and elsewhere.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
import polars as pl

from pyscalp.bench_icebergs import (
    STRICT,
    WHOLE,
    IcebergDay,
    Judgement,
    detect,
    hidden_trades_beside,
    judge,
    least_error,
    make_day,
)
from pyscalp.day_file import read_day
from pyscalp.errors import PyscalpError

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
SAME_STAMP = (0.0, 0.02, 0.05, 0.1, 0.3)
LATE = {"refill_within": 1_000_000, "at_once": 0.5}
REFILLS = (1, 3, 6, 11, 21, 31, 41)


def together(parts: list[Judgement]) -> Judgement:
    """Several days as one."""
    return Judgement(
        icebergs={n: sum(part.icebergs[n] for part in parts) for n in parts[0].icebergs},
        found={n: sum(part.found[n] for part in parts) for n in parts[0].found},
        detections=sum(part.detections for part in parts),
        true=sum(part.true for part in parts),
        twice=sum(part.twice for part in parts),
        delays=[delay for part in parts for delay in part.delays],
        errors=pl.concat([part.errors for part in parts]),
    )


def judged(
    days: list[IcebergDay],
    options: dict[str, Any] | None = None,
    before: list[IcebergDay] | None = None,
) -> Judgement:
    parts = []
    for i, day in enumerate(days):
        learn_from = before[i].feed if before else b""
        locates = list(range(1, day.stocks + 1))
        parts.append(judge(day.record, detect(day.feed, locates, options, learn_from)))
    return together(parts)


def by_refills(judgement: Judgement) -> list[dict[str, Any]]:
    rows = []
    for least, most in zip(REFILLS, (*(n - 1 for n in REFILLS[1:]), 10**6), strict=True):
        some = judgement.errors.filter(pl.col("refills").is_between(least, most))
        if len(some):
            rows.append({"from": least, "to": most if most < 10**6 else None,
                         "estimates": len(some), "error_of_size": some[WHOLE].median(),
                         "error_of_rest": some[STRICT].median()})
    return rows


def measure(options: argparse.Namespace) -> dict[str, Any]:
    seeds = [int(seed) for seed in options.seeds.split(",")]

    def days(**settings: Any) -> list[IcebergDay]:
        return [make_day(seed, stocks=options.stocks, **settings) for seed in seeds]

    usual = days()
    judgement = judged(usual)
    result: dict[str, Any] = {
        "seeds": seeds,
        "stocks": options.stocks,
        "made": {name: sum(day.counts[name] for day in usual) for name in usual[0].counts},
        "usual": judgement.summary(),
        "least_error_of_rest": float(np.mean([
            least_error(day.record, detect(day.feed, list(range(1, day.stocks + 1))))
            for day in usual])),
        "by_refills": by_refills(judgement),
        "thresholds": {value: judged(usual, {"threshold": value}).summary()
                       for value in THRESHOLDS},
        "same_stamp": {value: judged(usual if value == 0.02 else days(same_stamp=value)).summary()
                       for value in SAME_STAMP},
        "late_allowed": judged(usual, LATE).summary(),
    }
    yesterday = [make_day(seed + 1000, stocks=options.stocks) for seed in seeds]
    result["after_a_day"] = judged(usual, before=yesterday).summary()
    result["careful"] = judged(days(same_stamp=0.1), {"threshold": 0.999}).summary()
    result["heavy_tail"] = judged(days(heavy_tail=True)).summary()
    if options.day:
        feed = read_day(options.day)
        result["real_day"] = [
            {"stock": name, "late": bool(rules), "refills": refills,
             **hidden_trades_beside(feed, locate, rules, refills=refills)}
            for name, locate in (("AMZN", 1), ("AAPL", 2))
            for rules, least in (({}, (1, 2)), (LATE, (1, 2, 3, 5)))
            for refills in least]
    return result


def line(name: object, summary: dict[str, Any]) -> str:
    recall = summary["recall"]
    delay = summary["delay_median"]
    return (f"{name!s:>26}  {summary['precision']:9.4f}  {recall[1]:7.3f} {recall[2]:7.3f} "
            f"{recall[3]:7.3f}  {'-' if delay is None else f'{delay:.0f}':>5}  "
            f"{summary['error_of_size']:7.3f} {summary['error_of_size_at_detection']:7.3f}  "
            f"{summary['error_of_rest']:7.3f} {summary['error_of_rest_at_detection']:7.3f}")


def show(result: dict[str, Any]) -> None:
    made, usual = result["made"], result["usual"]
    print(f"Seeds {result['seeds']}, {result['stocks']} stocks of 6.5 h each: "
          f"{made['icebergs']:,} icebergs of the scene's and the agents' own, "
          f"{made['decoys']:,} decoys that came back {made['answers']:,} times, "
          f"{made['answers_same_stamp']:,} of them with the execution's stamp.")
    print(f"By the record {usual['icebergs'][1]:,} were refilled, {usual['icebergs'][2]:,} "
          f"twice or more. Detections {usual['detections']:,}, true {usual['true']:,}, of one "
          f"already found {usual['found_twice']}. Estimates {usual['estimates']:,}.\n")
    print(f"{'':26}  precision  recall of those refilled  delay   error of size    "
          "error of the rest")
    print(f"{'':26}             >= 1    >= 2    >= 3             all  at first      "
          "all  at first")
    print(line("as it is", usual))
    print(line("after a day of learning", result["after_a_day"]))
    print(line("sizes of a heavy tail", result["heavy_tail"]))
    print(line("late refills allowed", result["late_allowed"]))
    for value, summary in result["same_stamp"].items():
        print(line(f"decoys' same stamp {value:.0%}", summary))
    print(line("10%, threshold 0.999", result["careful"]))
    for value, summary in result["thresholds"].items():
        print(line(f"threshold {value}", summary))
    print("\nErrors are medians; the rest is what is still to be executed, shown or not. In "
          "hindsight, from the number of refills alone, the error of the rest could have "
          f"been {result['least_error_of_rest']:.3f}.\n")
    print("refills seen  estimates  error of size  error of the rest")
    for row in result["by_refills"]:
        span = f"{row['from']}-{row['to'] or ''}"
        print(f"{span:>12}  {row['estimates']:9,}  {row['error_of_size']:13.3f}  "
              f"{row['error_of_rest']:17.3f}")
    if "real_day" not in result:
        return
    print("\nA real day: share of chains of refills with a trade against a hidden order at their "
          "price\nwhile they lasted, and of windows as long, of as many executions, elsewhere.")
    print("stock  late refills  refills  chains  believed  with hidden  elsewhere")
    for row in result["real_day"]:
        print(f"{row['stock']:>5}  {'to 1 ms' if row['late'] else 'none':>12}  "
              f">= {row['refills']:>4}  {row['chains']:6}  {row['believed']:8}  "
              f"{row['with_hidden']:11.3f}  {row['windows_with_hidden']:9.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day", nargs="?", help="AMZN_AAPL_2012-06-21.itch50.xz")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--stocks", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        show(result)


if __name__ == "__main__":
    try:
        main()
    except PyscalpError as error:
        raise SystemExit(str(error)) from None
