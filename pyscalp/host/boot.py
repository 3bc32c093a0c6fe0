"""Items that the kernel's command line decides."""

from __future__ import annotations

from pyscalp.host.change import FileChange
from pyscalp.host.item import NOT_HERE, Host, Item, Judgement, good
from pyscalp.host.machine import format_cores, format_mask, parse_cores, parse_mask

_ISOLATED = "sys/devices/system/cpu/isolated"
_NOHZ_FULL = "sys/devices/system/cpu/nohz_full"
_IRQ_DEFAULT = "proc/irq/default_smp_affinity"


def _isolcpus(host: Host) -> Judgement:
    isolated = parse_cores(host.machine.text(_ISOLATED) or "")
    best = f"core {host.core}"
    if host.core in isolated:
        return good(f"core {format_cores(isolated)}", best)
    return Judgement(
        "poor", format_cores(isolated), best, boot=f"isolcpus=managed_irq,domain,{host.core}"
    )


def _nohz_full(host: Host) -> Judgement:
    best = f"core {host.core}"
    text = host.machine.text(_NOHZ_FULL)
    if text is None:
        return Judgement(
            "poor", NOT_HERE, best, fix="run a kernel that is built with CONFIG_NO_HZ_FULL"
        )
    cores = parse_cores(text)
    if host.core in cores:
        return good(f"core {format_cores(cores)}", best)
    return Judgement("poor", format_cores(cores), best, boot=f"nohz_full={host.core}")


def _rcu_nocbs(host: Host) -> Judgement:
    best = f"core {host.core}"
    parameters = host.machine.boot_parameters()
    listed = parameters.get("rcu_nocbs", "")
    cores = parse_cores(listed) | parse_cores(host.machine.text(_NOHZ_FULL) or "")
    if listed == "all" or host.core in cores:
        return good("all" if listed == "all" else f"core {format_cores(cores)}", best)
    return Judgement("poor", format_cores(cores), best, boot=f"rcu_nocbs={host.core}")


def _irqaffinity(host: Host) -> Judgement:
    best = f"not core {host.core}"
    text = host.machine.text(_IRQ_DEFAULT)
    if text is None:
        return good(NOT_HERE, best)
    cores = parse_mask(text)
    if host.core not in cores:
        return good(f"core {format_cores(cores)}", best)
    if not host.others:
        return Judgement("poor", f"core {format_cores(cores)}", best, fix="needs a second core")
    return Judgement(
        "poor",
        f"core {format_cores(cores)}",
        best,
        changes=(FileChange(_IRQ_DEFAULT, format_mask(host.others)),),
        boot=f"irqaffinity={format_cores(host.others)}",
    )


def _skew_tick(host: Host) -> Judgement:
    value = host.machine.boot_parameters().get("skew_tick", "")
    if value == "1":
        return good("1", "1")
    return Judgement("poor", value or "not set", "1", boot="skew_tick=1")


def _nosmt(host: Host) -> Judgement:
    active = host.machine.text("sys/devices/system/cpu/smt/active")
    control = host.machine.text("sys/devices/system/cpu/smt/control")
    if active is None:
        return good(NOT_HERE, "off")
    if active == "0":
        return good(f"off ({control})" if control else "off", "off")
    return Judgement("poor", "on", "off", boot="nosmt")


ITEMS = (
    Item(
        "isolcpus",
        "isolated core",
        "On a core that is not isolated the scheduler runs other tasks, each for milliseconds.",
        _isolcpus,
    ),
    Item(
        "nohz_full",
        "tickless core",
        "The timer tick interrupts a running core up to a thousand times a second.",
        _nohz_full,
    ),
    Item(
        "rcu_nocbs",
        "RCU work elsewhere",
        "The kernel's deferred frees run on the core that asked for them, in bursts.",
        _rcu_nocbs,
    ),
    Item(
        "irqaffinity",
        "interrupts elsewhere",
        "A device that starts later gets its interrupts on the cores of this mask.",
        _irqaffinity,
    ),
    Item(
        "skew_tick",
        "ticks apart",
        "Ticks of all cores at one moment fight for the same locks.",
        _skew_tick,
    ),
    Item(
        "nosmt",
        "hyper-threads off",
        "Two threads of a core share its caches and its units: each runs at half speed or so.",
        _nosmt,
    ),
)
