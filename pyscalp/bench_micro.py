"""The pieces between packet and order, each timed by itself (``bench/micro_*.cpp``).

The program is Google Benchmark's; it is built from the source checkout that pyscalp is
installed from. Every round is a process of its own that measures each piece once, in an
order drawn anew: what differs from process to process (where code and data come to lie,
what the machine does meanwhile) is then in the samples, where repetitions within one
process would hide it.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pyscalp.bench_book import machine
from pyscalp.errors import PyscalpError, os_reason

GROUPS = ("decode", "book", "features", "signals", "gate", "ring", "encode", "crypto")
"""What can be measured, in the order of the packet's way."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, steps done and steps in all."""

_LEFT_OUT = "-- micro_bench is left out: "  # bench/CMakeLists.txt says why
_NEEDS = "needs "  # how a benchmark begins to say what this machine lacks


def bench_micro(
    *,
    groups: Iterable[str] = GROUPS,
    rounds: int = 9,
    min_time_s: float = 0.05,
    program: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Time each piece between packet and order by itself.

    Parameters
    ----------
    groups : iterable of str
        Of `GROUPS`.
    rounds : int
        How often each is measured, each time in another process.
    min_time_s : float
        How long each measurement takes at least, seconds.
    program : Path, optional
        A ``micro_bench`` that is built already; without one it is built.
    progress : callable, optional
        Called with what is being done, steps done and steps in all.

    Returns
    -------
    dict
        ``machine``, ``compiler``, ``rounds``, ``rows`` in order, and ``left_out`` with
        the reasons. A row has ``ns_rounds``, nanoseconds of processor time of one
        operation by round, of these ``ns_min``, ``ns_median`` and ``ns_max``, and
        ``wall_ns_min`` by the wall's clock.

    Raises
    ------
    PyscalpError
        If a group is not known, the program cannot be built, or a measurement fails or
        finds a wrong answer.
    """
    wanted = list(dict.fromkeys(groups))
    for group in wanted:
        if group not in GROUPS:
            raise PyscalpError(f'nothing is called "{group}"; there are {", ".join(GROUPS)}')
    if not wanted or rounds < 1 or not 0 < min_time_s <= 60:
        raise PyscalpError("nothing to measure: rounds from 1, above 0 to 60 seconds of each")
    tell: Progress = progress or (lambda text, done, total: None)
    found: list[dict[str, Any]] = []
    if program is None:
        program = build_program(tell)
    for done in range(rounds):
        tell(f"round {done + 1} of {rounds}", done, rounds)
        found.append(_measure(program, wanted, min_time_s))
    rows, left_out = _rows(found, wanted)
    return {
        "machine": machine(),
        "compiler": found[-1]["context"].get("compiler", "unknown"),
        "rounds": rounds,
        "rows": rows,
        "left_out": left_out,
    }


def source_root() -> Path | None:
    """The checkout that pyscalp is installed from in place; None without one."""
    root = Path(__file__).resolve().parents[1]
    needed = ("CMakePresets.json", "bench/micro_main.cpp")
    return root if all((root / name).is_file() for name in needed) else None


def build_program(tell: Progress, options: Sequence[str] = ()) -> Path:
    """Configure and build ``micro_bench`` in ``build/bench`` of the checkout.

    Raises
    ------
    PyscalpError
        In one line what is missing, or what the compiler said first.
    """
    root = source_root()
    if root is None:
        raise PyscalpError(
            "bench micro is built from source, and this pyscalp is not installed from a "
            "checkout in place: run tools/setup in one, or give --program"
        )
    tools = {"cmake": _tool("cmake"), "ninja": _tool("ninja")}
    for name, place in tools.items():
        if place is None:
            raise PyscalpError(f"{name} is missing: pip install {name}")
    folders = dict.fromkeys(str(Path(place).parent) for place in tools.values() if place)
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([*folders, environment.get("PATH", "")])
    if shutil.which("ccache"):
        environment.setdefault("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")

    tell("building micro_bench", 0, 1)
    command = [str(tools["cmake"]), "--preset", "bench", *options]
    said = _run(command, root, environment, "CMake Error")
    for line in said.splitlines():
        if line.startswith(_LEFT_OUT):
            raise PyscalpError(line.removeprefix(_LEFT_OUT))
    _run([str(tools["cmake"]), "--build", "--preset", "bench"], root, environment, "error:")
    return root / "build" / "bench" / "bench" / "micro_bench"


def _tool(name: str) -> str | None:
    """A program on PATH, or beside the interpreter, where pip puts what it installs."""
    beside = Path(sys.executable).parent / name
    return str(beside) if os.access(beside, os.X_OK) else shutil.which(name)


def _run(command: list[str], root: Path, environment: dict[str, str], sign: str) -> str:
    done = subprocess.run(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = _reason(done.stdout, sign)
        again = " ".join(["cmake", *command[1:]])
        raise PyscalpError(f"micro_bench cannot be built: {reason} (all of it: {again})")
    return done.stdout


def _reason(said: str, sign: str) -> str:
    """The first thing that went wrong, in one line; the last words where no line says so."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["nothing was said"]
    at = next((i for i, line in enumerate(lines) if sign in line), len(lines) - 1)
    if not lines[at].startswith(sign):
        return lines[at]
    # CMake says where in the first line and what below it, up to the stack of its calls.
    until = next((i for i in range(at, len(lines)) if lines[i].startswith("Call Stack")), at + 4)
    return " ".join(lines[at + 1 : until]) or lines[at]


def _measure(program: Path, groups: Sequence[str], min_time_s: float) -> dict[str, Any]:
    """One round: what the program writes, as an object."""
    command = [
        str(program.absolute()),
        "--benchmark_format=json",
        "--benchmark_enable_random_interleaving=true",
        f"--benchmark_min_time={min_time_s}",
        f"--benchmark_filter=^({'|'.join(groups)})/",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise PyscalpError(f"cannot run {program}: {os_reason(error)}") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise PyscalpError(f"{program} failed: {said[-1]}")
    try:
        result: dict[str, Any] = json.loads(done.stdout)
        if not result["benchmarks"] or not result["context"]:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise PyscalpError(f"{program} is no micro_bench: it wrote no measurement") from None
    return result


def _rows(
    found: Sequence[dict[str, Any]], groups: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """One row a benchmark, over all rounds; and what could not be measured."""
    nanos: dict[str, list[tuple[float, float]]] = {}
    places: dict[str, tuple[int, int, int]] = {}
    left_out = {}
    for measured in found:
        for one in measured["benchmarks"]:
            name, why = one["name"], one.get("error_message", "")
            group = groups.index(name.split("/")[0])
            places[name] = (group, one["family_index"], one["per_family_instance_index"])
            if not one.get("error_occurred"):
                nanos.setdefault(name, []).append((one["cpu_time"], one["real_time"]))
            elif why.startswith(_NEEDS):
                left_out[name] = why
            else:
                raise PyscalpError(f"{name}: {why}; nothing is measured")
    rows = []
    for name in sorted(nanos, key=places.__getitem__):  # as they stand in the sources
        cpu = [pair[0] for pair in nanos[name]]
        rows.append(
            {
                "name": name,
                "ns_min": min(cpu),
                "ns_median": statistics.median(cpu),
                "ns_max": max(cpu),
                "wall_ns_min": min(pair[1] for pair in nanos[name]),
                "ns_rounds": cpu,
            }
        )
    return rows, left_out
