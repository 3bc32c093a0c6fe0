"""What only a measurement tells of a machine: gaps, stolen time, interrupts, clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyscalp.errors import os_reason
from pyscalp.host.machine import Machine

GAP_THRESHOLD_NS = 1_000
"""A loop that only reads the clock takes some 20 ns a turn; more than this is a gap."""
_CALIBRATIONS = 5


@dataclass(frozen=True)
class Measured:
    """One short time on one core.

    Attributes
    ----------
    seconds : float
        How long the core was watched.
    spin : dict
        As `pyscalp._core.watch_core` gives it; None where the core may not be used.
    steal_share : float
        Share of the core's time that the hypervisor gave to others.
    interrupts : dict
        Interrupts of the core in that time, by name.
    calibration : dict
        As `pyscalp._core.calibration`.
    offsets : dict
        Other core to (offset, uncertainty) of its counter, in ns.
    problem : str
        Why the core could not be watched; empty where it was.
    """

    seconds: float
    spin: dict[str, Any] | None = None
    steal_share: float | None = None
    interrupts: dict[str, int] | None = None
    calibration: dict[str, Any] | None = None
    offsets: dict[int, tuple[int, int]] = field(default_factory=dict)
    problem: str = ""


def measure(machine: Machine, core: int, seconds: float) -> Measured:
    """Spin on the core for that long, then watch the clocks, about as long again."""
    from pyscalp import _core

    stat_before = core_times(machine, core)
    interrupts_before = interrupt_counts(machine, core)
    spin, problem = None, ""
    try:
        spin = _core.watch_core(core, int(seconds * 1e9), threshold_ns=GAP_THRESHOLD_NS)
    except OSError as error:
        problem = f"core {core} cannot be used: {os_reason(error)}"
    steal, interrupts = None, None
    if spin is not None:
        steal = steal_share(stat_before, core_times(machine, core))
        interrupts = increase(interrupts_before, interrupt_counts(machine, core))
    offsets: dict[int, tuple[int, int]] = {}
    for other in sorted(machine.cores() - {core}):
        try:
            offset, uncertainty = _core.counter_offset(core, other)
        except OSError:
            continue  # not ours to use
        offsets[other] = (offset, uncertainty)
    return Measured(
        seconds=seconds,
        spin=spin,
        steal_share=steal,
        interrupts=interrupts,
        calibration=_core.calibration(_CALIBRATIONS, int(seconds * 1e9 / _CALIBRATIONS)),
        offsets=offsets,
        problem=problem,
    )


def core_times(machine: Machine, core: int) -> list[int] | None:
    """The core's line of /proc/stat, in ticks: user, nice, system, idle, …, steal."""
    for line in (machine.text("proc/stat") or "").splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            return [int(field) for field in fields]
    return None


def steal_share(before: list[int] | None, after: list[int] | None) -> float | None:
    """Share of the ticks between that were stolen; None where the kernel does not say."""
    if before is None or after is None or len(after) < 8:
        return None
    spent = [max(0, b - a) for a, b in zip(before, after, strict=True)][:8]
    return spent[7] / sum(spent) if sum(spent) else 0.0


def interrupt_counts(machine: Machine, core: int) -> dict[str, int] | None:
    """Interrupts of a core so far: the kernel's name for each, and its device."""
    lines = (machine.text("proc/interrupts") or "").splitlines()
    columns = lines[0].split() if lines else []
    if f"CPU{core}" not in columns:
        return None
    place = columns.index(f"CPU{core}")
    counts = {}
    for line in lines[1:]:
        name, _, rest = line.partition(":")
        fields = rest.split()
        if len(fields) > place and fields[place].isdigit():
            what = fields[len(columns) :]
            device = what[-1] if name.strip().isdigit() and what else ""
            counts[f"{name.strip()} {device}".strip()] = int(fields[place])
    return counts


def increase(before: dict[str, int] | None, after: dict[str, int] | None) -> dict[str, int] | None:
    """By how much each count grew; those that did not are left out."""
    if before is None or after is None:
        return None
    return {n: count - before.get(n, 0) for n, count in after.items() if count > before.get(n, 0)}
