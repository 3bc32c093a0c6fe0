"""Items of a machine that may be shared with others: what it does to a spinning core."""

from __future__ import annotations

from pyscalp.host.clock import NOT_MEASURED
from pyscalp.host.item import Host, Item, Judgement, good, unknown


def _hypervisor(host: Host) -> Judgement:
    flags = host.machine.processor_flags()
    if flags is None:
        return unknown("the processor does not say", "none")
    if "hypervisor" not in flags:
        return good("none", "none")
    vendor = host.machine.text("sys/hypervisor/type")
    product = host.machine.text("sys/class/dmi/id/product_name")
    named = vendor or product
    return Judgement(
        "poor",
        f"a guest ({named})" if named else "a guest",
        "none",
        fix="rent whole machines (bare metal), or at least dedicated cores",
    )


def _steal(host: Host) -> Judgement:
    allowed = host.limits.steal_share
    best = f"at most {allowed:.1%}"
    if host.measured is None or host.measured.steal_share is None:
        return unknown(NOT_MEASURED, best)
    share = host.measured.steal_share
    text = f"{share:.1%} of {host.measured.seconds:g} s"
    if share <= allowed:
        return good(text, best)
    return Judgement(
        "poor", text, best, fix="the host gives this core's time to others: use dedicated cores"
    )


def _spin_gaps(host: Host) -> Judgement:
    limits = host.limits
    best = f"worst {duration(limits.gap_worst_us * 1e3)}, {limits.lost_share:.2%} lost"
    if host.measured is None:
        return unknown(NOT_MEASURED, best)
    spin = host.measured.spin
    if spin is None:
        return unknown(host.measured.problem, best, fix="choose another core with --core")
    text = (
        f"worst {duration(spin['worst_ns'])}, {spin['lost_share']:.2%} lost, "
        f"{spin['gaps']:,} gaps in {host.measured.seconds:g} s"
    )
    if spin["worst_ns"] <= limits.gap_worst_us * 1e3 and spin["lost_share"] <= limits.lost_share:
        return good(text, best)
    return Judgement(
        "poor", text, best, fix="see to the boot and noise items; what stays is the hypervisor"
    )


def duration(nanos: float) -> str:
    """A time in the unit that suits it, three digits of it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanos >= size:
            return f"{nanos / size:.3g} {unit}"
    return f"{nanos:.0f} ns"


ITEMS = (
    Item(
        "hypervisor",
        "virtual machine",
        "A hypervisor takes the core away unseen, and every interrupt leaves the guest.",
        _hypervisor,
    ),
    Item(
        "steal",
        "stolen time",
        "Time in which the core wanted to run and the hypervisor ran something else.",
        _steal,
    ),
    Item(
        "spin_gaps",
        "gaps of a spinning thread",
        "For as long as a gap lasts the engine sees no packet: this is the tail of every latency.",
        _spin_gaps,
    ),
)
