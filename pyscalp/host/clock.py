"""Items of the clock."""

from __future__ import annotations

from pyscalp.host.change import FileChange
from pyscalp.host.item import NOT_HERE, Host, Item, Judgement, good, unknown

_SOURCES = "sys/devices/system/clocksource/clocksource0"
NOT_MEASURED = "not measured"


def _clocksource(host: Host) -> Judgement:
    current = host.machine.text(f"{_SOURCES}/current_clocksource")
    available = (host.machine.text(f"{_SOURCES}/available_clocksource") or "").split()
    if current is None:
        return unknown(NOT_HERE, "tsc")
    if current == "tsc":
        return good(current, "tsc")
    if "tsc" in available:
        change = FileChange(f"{_SOURCES}/current_clocksource", "tsc")
        return Judgement("poor", current, "tsc", changes=(change,))
    return Judgement(
        "poor", current, "tsc", fix="the kernel does not trust the counter here: see its log"
    )


def _invariant(host: Host) -> Judgement:
    best = "constant_tsc, nonstop_tsc"
    flags = host.machine.processor_flags()
    if flags is None:
        return Judgement("poor", "no time stamp counter", best, fix="use an x86-64 machine")
    absent = [flag for flag in ("constant_tsc", "nonstop_tsc") if flag not in flags]
    if not absent:
        return good(best, best)
    return Judgement(
        "poor",
        f"without {', '.join(absent)}",
        best,
        fix="use another machine; the kernel's clock is read instead, at twice the cost",
    )


def _calibration(host: Host) -> Judgement:
    allowed = host.limits.calibration_spread
    best = f"spread at most {allowed * 1e6:g} ppm"
    if host.measured is None or host.measured.calibration is None:
        return unknown(NOT_MEASURED, best)
    found = host.measured.calibration
    if not found["invariant"]:
        return Judgement("poor", "no invariant counter", best, fix="use another machine")
    text = f"{found['spread'] * 1e6:.2g} ppm at {1 / found['ns_per_tick']:.3f} GHz"
    if found["spread"] <= allowed:
        return good(text, best)
    return Judgement(
        "poor", text, best, fix="stop what disturbs the machine, and what steers its clock"
    )


def _offset(host: Host) -> Judgement:
    allowed = host.limits.offset_ns
    best = f"within {allowed:g} ns"
    if host.measured is None:
        return unknown(NOT_MEASURED, best)
    offsets = host.measured.offsets
    if not offsets:
        return good("no other core to compare with", best)
    other = max(offsets, key=lambda core: abs(offsets[core][0]))
    offset, uncertainty = offsets[other]
    text = f"{offset:+d} ns to core {other}, known to {uncertainty} ns"
    if abs(offset) - uncertainty <= allowed:
        return good(text, best)
    return Judgement(
        "poor",
        text,
        best,
        fix="boot with tsc=reliable only if the firmware set the counters; "
        "else use another machine",
    )


ITEMS = (
    Item(
        "clocksource",
        "kernel's clock",
        "Any other source makes reading the time slower, some by a system call.",
        _clocksource,
    ),
    Item(
        "invariant_tsc",
        "invariant counter",
        "A counter that changes its rate or stops in sleep cannot stamp packets.",
        _invariant,
    ),
    Item(
        "calibration",
        "calibration of the clock",
        "Every latency is measured in ticks; a spread is an error of all of them.",
        _calibration,
    ),
    Item(
        "core_offset",
        "counters of the cores",
        "Stamps taken on two cores differ by this much more than the time between them.",
        _offset,
    ),
)
