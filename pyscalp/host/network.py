"""Items of the network interface that the feed comes in by."""

from __future__ import annotations

from pyscalp.host.change import Change, FileChange, NicChange
from pyscalp.host.item import Host, Item, Judgement, at_least, good, setting, unknown
from pyscalp.host.machine import format_cores, parse_cores, parse_mask

_RMEM_BYTES = 64 << 20
"""A burst of 100 ms: half a million packets a second of 1 KiB of kernel memory each."""
_BACKLOG = 50_000
"""The same burst, in packets."""
_NATIVE_MTU = 3_498
"""The largest at which a frame with its room for XDP fits a page of 4 KiB."""
_NO_ANSWER = "the driver does not say"


def _in_software(host: Host) -> bool:
    """True for lo, veth and others without a device behind them."""
    return not host.machine.exists(f"sys/class/net/{host.interface}/device")


def _busy(name: str) -> Item:
    path = f"proc/sys/net/core/{name}"
    judge_setting = setting(path, "50", at_least(1), best="50 us")

    def judge(host: Host) -> Judgement:
        if _in_software(host):
            return good(f"{host.interface} has no queue to poll", "50 us")
        return judge_setting(host)

    return Item(
        name,
        f"net.core.{name}",
        "With it a socket looks into the card's queue itself rather than wait for an interrupt.",
        judge,
    )


def _coalescing(host: Host) -> Judgement:
    best = "0 us, not adaptive"
    wait, adaptive = host.nic.setting("rx-usecs"), host.nic.setting("adaptive-rx")
    if wait is None:
        return good(f"{host.interface} has none", best)
    found = f"{wait} us, {'adaptive' if adaptive else 'not adaptive'}"
    changes: list[Change] = []
    if adaptive:
        changes.append(NicChange(host.interface, "adaptive-rx", "0"))
    if wait:
        changes.append(NicChange(host.interface, "rx-usecs", "0"))
    return Judgement("poor", found, best, changes=tuple(changes)) if changes else good(found, best)


def _gro(host: Host) -> Judgement:
    value = host.nic.setting("gro")
    if _in_software(host):
        return good(f"{host.interface} holds nothing back", "off")
    if value is None:
        return unknown(_NO_ANSWER, "off")
    if value == 0:
        return good("off", "off")
    return Judgement("poor", "on", "off", changes=(NicChange(host.interface, "gro", "0"),))


def _queues(host: Host) -> Judgement:
    best = "as many receive as send queues"
    names = host.machine.names(f"sys/class/net/{host.interface}/queues")
    receive = sum(name.startswith("rx-") for name in names)
    send = sum(name.startswith("tx-") for name in names)
    found = f"{receive} receive, {send} send"
    if receive == send or (_in_software(host) and host.interface == "lo"):
        return good(found, best)
    return Judgement(
        "poor",
        found,
        best,
        fix=f"ethtool -L {host.interface} combined {max(1, min(receive, send))}",
    )


def _steering(host: Host) -> Judgement:
    """Neither an interrupt of the card nor receive steering may use the engine's core."""
    machine, best = host.machine, f"not core {host.core}"
    others = format_cores(host.others)
    busy: list[str] = []
    changes: list[Change] = []
    folder = f"sys/class/net/{host.interface}"
    for queue in machine.names(f"{folder}/queues"):
        path = f"{folder}/queues/{queue}/rps_cpus"
        if queue.startswith("rx-") and host.core in parse_mask(machine.text(path) or ""):
            busy.append(f"RPS of {queue}")
            changes.append(FileChange(path, "0"))
    for place in (f"{folder}/device/msi_irqs", f"{folder}/device/../msi_irqs"):
        for irq in machine.names(place):
            # Where it goes, which may be one core of those it is allowed.
            path = f"proc/irq/{irq}/smp_affinity_list"
            allowed = parse_cores(machine.text(path) or "")
            used = machine.text(f"proc/irq/{irq}/effective_affinity_list")
            if host.core not in (parse_cores(used) if used else allowed):
                continue
            busy.append(f"IRQ {irq}")
            if host.others:
                changes.append(FileChange(path, others))
    if not busy:
        return good("none on it", best)
    return Judgement("poor", f"{', '.join(busy)} on it", best, changes=tuple(changes))


def _xdp(host: Host) -> Judgement:
    best = "native, zero-copy"
    features = host.nic.xdp()
    if features is None:
        return unknown("this kernel does not say (before 6.3)", best)
    if "zero-copy" in features:
        return good("native, zero-copy", best)
    if "native" in features:
        return good("native, by copy", best)
    if _in_software(host):
        return good("generic, the right one here", best)
    return Judgement(
        "poor",
        "generic only",
        best,
        fix="use a card whose driver has XDP",
    )


def _mtu(host: Host) -> Judgement:
    best = f"at most {_NATIVE_MTU:,}"
    mtu = host.machine.number(f"sys/class/net/{host.interface}/mtu")
    if mtu is None:
        return unknown("not said", best)
    if mtu <= _NATIVE_MTU or host.interface == "lo":
        return good(f"{mtu:,}", best)
    return Judgement("poor", f"{mtu:,}", best, fix=f"ip link set {host.interface} mtu 1500")


def _timestamping(host: Host) -> Judgement:
    stamps = host.nic.timestamps()
    if stamps is None:
        return unknown(_NO_ANSWER, "hardware")
    if "software" in stamps and _in_software(host):
        return good("software: there is no card", "hardware")
    if "hardware" in stamps:
        return good("hardware", "hardware")
    found = "software only" if "software" in stamps else "none"
    return Judgement("poor", found, "hardware", fix="use a card with a clock (PTP) of its own")


ITEMS = (
    _busy("busy_read"),
    _busy("busy_poll"),
    Item(
        "rmem_max",
        "largest receive buffer",
        "A burst that comes while the engine is away is lost beyond this many bytes.",
        setting(
            "proc/sys/net/core/rmem_max",
            str(_RMEM_BYTES),
            at_least(_RMEM_BYTES),
            best="64 MiB or more",
        ),
    ),
    Item(
        "netdev_max_backlog",
        "queue into the kernel",
        "On veth and lo, and with steering, packets beyond it are dropped unseen.",
        setting(
            "proc/sys/net/core/netdev_max_backlog",
            str(_BACKLOG),
            at_least(_BACKLOG),
            best=f"{_BACKLOG:,} or more",
        ),
    ),
    Item(
        "coalescing",
        "interrupts held back",
        "The card waits this long for more packets before it says that one is there.",
        _coalescing,
    ),
    Item(
        "gro",
        "packets put together",
        "GRO holds packets back to join them; market data is never joined.",
        _gro,
    ),
    Item(
        "queues",
        "queues",
        "AF_XDP takes whole queues, and native XDP wants a send queue for each receive queue.",
        _queues,
    ),
    Item(
        "steering",
        "steering of packets",
        "The card's interrupts and soft interrupts take the time of the core they go to.",
        _steering,
    ),
    Item(
        "xdp",
        "XDP",
        "Native XDP hands packets over before the kernel makes anything of them.",
        _xdp,
    ),
    Item(
        "mtu",
        "largest frame",
        "Larger frames do not fit a page, and native XDP is refused.",
        _mtu,
    ),
    Item(
        "timestamping",
        "time stamps",
        "Only a stamp by the card tells network from machine.",
        _timestamping,
    ),
)
