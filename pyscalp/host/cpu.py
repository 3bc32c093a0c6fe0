"""Items of the processor: its frequency, its sleep, its threads, its memory node."""

from __future__ import annotations

from pyscalp.host.change import FileChange
from pyscalp.host.item import NOT_HERE, Host, Item, Judgement, good, unknown
from pyscalp.host.machine import format_cores, parse_cores

_CPUS = "sys/devices/system/cpu"
_WAKE = "dev/cpu_dma_latency"
_SHALLOW_US = 2
"""Exit latency of C1 on current processors; deeper states take ten times that and more."""


def _governor(host: Host) -> Judgement:
    path = f"{_CPUS}/cpu{host.core}/cpufreq/scaling_governor"
    governor = host.machine.text(path)
    if governor is None:
        return good("no frequency to set here", "performance")
    if governor == "performance":
        return good(governor, "performance")
    return Judgement("poor", governor, "performance", changes=(FileChange(path, "performance"),))


def _idle_states(host: Host) -> Judgement:
    best = f"at most {_SHALLOW_US} us to wake"
    folder = f"{_CPUS}/cpu{host.core}/cpuidle"
    machine = host.machine
    states = [name for name in machine.names(folder) if name.startswith("state")]
    if not states:
        return good("no idle states here", best)
    deep = [
        state
        for state in states
        if (machine.number(f"{folder}/{state}/latency") or 0) > _SHALLOW_US
        and machine.number(f"{folder}/{state}/disable") == 0
    ]
    if not deep:
        return good(f"{len(states)} states, none deep", best)
    slowest = max(machine.number(f"{folder}/{state}/latency") or 0 for state in deep)
    found = f"{slowest} us from the deepest"
    if machine.writable(_WAKE):
        return good(f"{found}; a run holds /{_WAKE}", best)
    return Judgement(
        "poor",
        found,
        best,
        changes=tuple(FileChange(f"{folder}/{state}/disable", "1") for state in deep),
    )


def _smt_siblings(host: Host) -> Judgement:
    text = host.machine.text(f"{_CPUS}/cpu{host.core}/topology/thread_siblings_list")
    if text is None:
        return good(NOT_HERE, "none")
    siblings = parse_cores(text) - {host.core}
    if not siblings:
        return good("none", "none")
    isolated = parse_cores(host.machine.text(f"{_CPUS}/isolated") or "")
    named = format_cores(siblings)
    if siblings <= isolated:
        return good(f"core {named}, isolated: leave it idle", "none")
    offline = "; ".join(f"echo 0 > /{_CPUS}/cpu{core}/online" for core in sorted(siblings))
    return Judgement(
        "poor",
        f"core {named} is the same core's other thread",
        "none",
        fix=f"keep it idle: isolate it too, or {offline}",
    )


def _numa_node(host: Host) -> Judgement:
    machine = host.machine
    nodes = [name for name in machine.names("sys/devices/system/node") if name[4:].isdigit()]
    if len(nodes) < 2:
        return good("one node", "that of the interface")
    mine = [n[4:] for n in machine.names(f"{_CPUS}/cpu{host.core}") if n[:4] == "node"]
    theirs = machine.number(f"sys/class/net/{host.interface}/device/numa_node")
    if theirs is None or theirs < 0:
        return good(f"{host.interface} belongs to none", "that of the interface")
    best = f"node {theirs}, that of {host.interface}"
    if not mine:
        return unknown("the core's node is not said", best)
    if str(theirs) in mine:
        return good(f"node {mine[0]}", best)
    cores = host.machine.text(f"sys/devices/system/node/node{theirs}/cpulist") or ""
    return Judgement(
        "poor", f"node {mine[0]}", best, fix=f"set engine.cpu to one of the cores {cores}"
    )


ITEMS = (
    Item(
        "governor",
        "frequency governor",
        "Other governors lower the clock when they think that little is done.",
        _governor,
    ),
    Item(
        "idle_states",
        "idle states",
        "A core in a deep idle state takes tens to hundreds of microseconds to wake.",
        _idle_states,
    ),
    Item(
        "smt_siblings",
        "other thread of the core",
        "What runs on the core's other thread takes caches and units from the engine.",
        _smt_siblings,
    ),
    Item(
        "numa_node",
        "memory node",
        "Packets that land in another node's memory take a hundred nanoseconds more to read.",
        _numa_node,
    ),
)
