"""Items of what else the kernel does on the engine's core."""

from __future__ import annotations

from collections.abc import Callable

from pyscalp.host.change import FileChange, ServiceChange
from pyscalp.host.clock import NOT_MEASURED
from pyscalp.host.item import NOT_HERE, Host, Item, Judgement, good, setting, unknown
from pyscalp.host.machine import format_cores, format_mask, parse_mask

_WORKQUEUES = "sys/devices/virtual/workqueue"
_SHOWN = 3


def _cpumask(path: str) -> Callable[[Host], Judgement]:
    def judge(host: Host) -> Judgement:
        best = f"not core {host.core}"
        text = host.machine.text(path)
        if text is None:
            return good(NOT_HERE, best)
        cores = parse_mask(text) & host.machine.cores()
        found = f"core {format_cores(cores)}"
        if host.core not in cores:
            return good(found, best)
        if not host.others:
            return Judgement("poor", found, best, fix="needs a second core")
        return Judgement("poor", found, best, changes=(FileChange(path, format_mask(host.others)),))

    return judge


def _irqbalance(host: Host) -> Judgement:
    machine = host.machine
    for name in machine.names("proc"):
        if name.isdigit() and machine.text(f"proc/{name}/comm") == "irqbalance":
            change = ServiceChange("irqbalance", "inactive")
            return Judgement("poor", f"runs, process {name}", "does not run", changes=(change,))
    return good("does not run", "does not run")


def _interrupts(host: Host) -> Judgement:
    allowed = host.limits.interrupts_per_s
    best = f"at most {allowed:,.0f} a second"
    if host.measured is None or host.measured.interrupts is None:
        return unknown(NOT_MEASURED, best)
    counts = host.measured.interrupts
    rate = sum(counts.values()) / host.measured.seconds
    most = sorted(counts.items(), key=lambda item: -item[1])[:_SHOWN]
    named = ", ".join(f"{name} {count:,}" for name, count in most)
    text = f"{rate:,.0f} a second" + (f" ({named})" if named else "")
    if rate <= allowed:
        return good(text, best)
    return Judgement(
        "poor", text, best, fix="LOC is the tick: nohz_full; numbered ones: steer them elsewhere"
    )


ITEMS = (
    Item(
        "timer_migration",
        "timers that move",
        "Timers of idle cores are moved to a busy one, and that is the engine's.",
        setting("proc/sys/kernel/timer_migration", "0"),
    ),
    Item(
        "nmi_watchdog",
        "watchdog by NMI",
        "It interrupts every core every few seconds, and takes a performance counter.",
        setting("proc/sys/kernel/nmi_watchdog", "0"),
    ),
    Item(
        "workqueues",
        "deferred work of the kernel",
        "Work that belongs to no core runs on any core of this mask.",
        _cpumask(f"{_WORKQUEUES}/cpumask"),
    ),
    Item(
        "writeback",
        "writing to disk",
        "Writing dirty pages takes milliseconds of a core of this mask.",
        _cpumask(f"{_WORKQUEUES}/writeback/cpumask"),
    ),
    Item(
        "irqbalance",
        "irqbalance",
        "It moves interrupts to other cores every ten seconds, the engine's among them.",
        _irqbalance,
    ),
    Item(
        "interrupts",
        "interrupts of the core",
        "Each takes a microsecond and more, and leaves cold caches behind.",
        _interrupts,
    ),
)
