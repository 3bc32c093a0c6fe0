#!/usr/bin/env python3
"""What a call of a signal of one's own costs, in four languages.

    bench/own_signal.py [DAY.itch50.xz] [--rounds 200] [--json]

Writes the example of `pyscalp new-strategy` in C++, Cython, Numba and Python, builds all
four and shows each of them the same events of one instrument, lap by lap in turns: what
disturbs the machine disturbs them alike. Beside them stands a signal that does nothing,
which is what the seam itself costs. Times are of `UserSignal::on_book` with the trades
before it, as the engine calls it; every lap checks that all four say the same. Without a
day, a simulated one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from pyscalp import Config, _core
from pyscalp.bench_book import machine
from pyscalp.day_file import read_day
from pyscalp.errors import PyscalpError
from pyscalp.new_strategy import KINDS, new_strategy
from pyscalp.signals import PythonSignalWarning, engine_form, numba_signal

EVENTS = 20_000
SLOW = "python"
"""Measured in a few rounds only, after the others: a lap of it takes as long as theirs."""


@numba_signal()
def nothing(market, state, parameters, forecast):
    pass


def built(kind: str, into: Path) -> dict:
    """The engine's form of a configuration with the example in one language."""
    folder, commands = new_strategy(f"cost_{kind.replace('+', 'p')}", kind, into)
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "VIRTUAL_ENV": sys.prefix,
    }
    for command in commands[:-1]:
        words = [sys.executable if word == "python" else word for word in command.split()]
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{command}\n{done.stdout}{done.stderr}")
    os.chdir(folder)
    return engine_form(Config.load("config.toml"))[0]


def measure(day: bytes, forms: dict[str, dict], rounds: int) -> dict[str, list[float]]:
    """Nanoseconds an event, by signal and round; the examples have to agree."""
    cost = _core.SignalCost(day, 1, EVENTS)
    for form in forms.values():
        cost.add(form)
    cost.lap()
    samples: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        lap = cost.lap()
        if len({said for name, (_, said) in zip(forms, lap, strict=True) if name in KINDS}) > 1:
            raise SystemExit(f"they do not say the same: {lap}")
        for name, (nanos, _) in zip(forms, lap, strict=True):
            samples[name].append(nanos)
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("day", nargs="?", help="ITCH 5.0 BinaryFILE, also .xz, .gz, .bz2")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.day:
        day = read_day(options.day)
    else:
        day = _core.simulate_day(1, 30 * 60 * 10**9, ["AMZN"])
    warnings.simplefilter("ignore", PythonSignalWarning)
    with tempfile.TemporaryDirectory(prefix="pyscalp-") as folder:
        forms = {"nothing": engine_form(Config.included(), nothing)[0]}
        forms |= {kind: built(kind, Path(folder)) for kind in KINDS}
        os.chdir("/")
        fast = {name: form for name, form in forms.items() if name != SLOW}
        samples = measure(day, fast, options.rounds)
        # Python, and C++ again, to be checked against.
        slow = {name: forms[name] for name in ("c++", SLOW)}
        samples[SLOW] = measure(day, slow, max(3, options.rounds // 40))[SLOW]
    rows = {
        name: {
            "ns_min": min(nanos),
            "ns_median": statistics.median(nanos),
            "rounds": len(nanos),
            "over_cpp_ns": statistics.median(nanos) - statistics.median(samples["c++"]),
            "over_cpp_ns_min": min(nanos) - min(samples["c++"]),
        }
        for name, nanos in samples.items()
    }
    if options.json:
        print(json.dumps({"machine": machine(), "events": EVENTS, "rows": rows}, indent=1))
        return
    here = machine()
    print(f"{here['cores']} x {here['processor']}; {EVENTS:,} events a lap; nanoseconds an event")
    print(f"{'':10}{'min':>10}{'median':>10}{'over C++':>12}{'of minima':>12}{'rounds':>8}")
    for name, row in rows.items():
        print(
            f"{name:10}{row['ns_min']:10.1f}{row['ns_median']:10.1f}"
            f"{row['over_cpp_ns']:+12.1f}{row['over_cpp_ns_min']:+12.1f}{row['rounds']:8}"
        )


if __name__ == "__main__":
    try:
        main()
    except PyscalpError as error:
        raise SystemExit(str(error)) from None
