#!/usr/bin/env python3
"""How fast a recorded day is replayed: messages a second, signals and venue included.

    bench/replay_speed.py DAY.itch50.xz [--signals all] [--runs 9] [--json]

Each run makes a new `Replay` of the whole day with the usual configuration, or with all
four signals on, and times `advance` alone: the venue applies each recorded message, sends it
as a datagram, and the engine arbitrates, decodes, books, evaluates and trades on it.
Reading and unpacking the file is timed apart. Prints minimum, median and maximum.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

from pyscalp import _core
from pyscalp.day_file import read_day
from pyscalp.errors import PyscalpError
from pyscalp.replay import config_for


def machine() -> str:
    """The processor and how many cores of it there are."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} x {model}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day", help="ITCH 5.0 BinaryFILE, also .xz, .gz, .bz2")
    parser.add_argument("--signals", choices=("usual", "all"), default="usual")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    began = time.perf_counter()
    day = read_day(options.day)
    load_s = time.perf_counter() - began
    config = config_for(day)
    if options.signals == "all":
        config = config.with_signals(["all"])
    form = config.to_core()
    wires = {
        "from_ns": None,
        "to_ns": None,
        "feed_latency_ns": 50_000,
        "order_latency_ns": 50_000,
        "jitter_ns": 0,
        "seed": 1,
    }
    rates, cpu_rates, hashes = [], [], set()
    for _ in range(options.runs):
        replay = _core.Replay(form, day, wires)
        began, cpu_began = time.perf_counter(), time.thread_time()
        while replay.advance(100_000):
            pass
        rates.append(replay.messages / (time.perf_counter() - began))
        cpu_rates.append(replay.messages / (time.thread_time() - cpu_began))
        hashes.add(replay.summary()["hash"])
    result = {
        "machine": machine(),
        "signals": options.signals,
        "messages": replay.messages,
        "runs": options.runs,
        "load_s": round(load_s, 3),
        "messages_per_second": {
            "min": min(rates),
            "median": statistics.median(rates),
            "max": max(rates),
        },
        "messages_per_cpu_second": {"median": statistics.median(cpu_rates)},
        "hashes": sorted(hashes),
        "fills": len(replay.fills()),
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    print(
        f"{result['machine']}; {options.day}: {replay.messages:,} messages, "
        f"{options.runs} runs, unpacked in {load_s:.2f} s"
    )
    print(
        f"million messages a second: min {min(rates) / 1e6:.2f}  median "
        f"{statistics.median(rates) / 1e6:.2f}  max {max(rates) / 1e6:.2f}  "
        f"(per second of processor time: {statistics.median(cpu_rates) / 1e6:.2f})"
    )
    print(f"signals: {options.signals}, fills {result['fills']:,}, "
          f"hash {', '.join(sorted(hashes))}")


if __name__ == "__main__":
    try:
        main()
    except PyscalpError as error:
        raise SystemExit(str(error)) from None
