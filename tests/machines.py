"""Machines made of files: trees below a folder, such as the kernel shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pyscalp.host.machine import Machine
from pyscalp.host.measure import Measured

CORE = 3
"""The engine's core; the machine has four, of two memory nodes."""
INTERFACE = "eth7"

_CPU = "sys/devices/system/cpu"
_QUEUES = f"sys/class/net/{INTERFACE}/queues"
_COMMON = {
    f"{_CPU}/online": "0-3",
    "proc/sys/kernel/random/boot_id": "11111111-2222",
    "proc/net/route": f"Iface Destination Gateway Flags RefCnt Use Metric Mask\n"
    f"{INTERFACE} 00000000 0100 3 0 0 0 00000000 0 0 0",
    f"sys/class/net/{INTERFACE}/operstate": "up",
    f"sys/class/net/{INTERFACE}/device/numa_node": "1",
    "sys/class/net/lo/operstate": "unknown",
    "sys/class/net/lo/mtu": "65536",
    "sys/devices/system/node/node0/cpulist": "0-1",
    "sys/devices/system/node/node1/cpulist": "2-3",
    "proc/1/comm": "init",
    f"sys/class/net/{INTERFACE}/device/msi_irqs/41": "msix",
}

GOOD = _COMMON | {
    "proc/cmdline": "ro quiet isolcpus=3 nohz_full=3 rcu_nocbs=3 irqaffinity=0-2 skew_tick=1",
    f"{_CPU}/isolated": "3",
    f"{_CPU}/nohz_full": "3",
    "proc/irq/default_smp_affinity": "7",
    f"{_CPU}/smt/active": "0",
    f"{_CPU}/smt/control": "off",
    f"{_CPU}/cpu3/cpufreq/scaling_governor": "performance",
    f"{_CPU}/cpu3/cpuidle/state0/latency": "0",
    f"{_CPU}/cpu3/cpuidle/state0/disable": "0",
    f"{_CPU}/cpu3/cpuidle/state1/latency": "133",
    f"{_CPU}/cpu3/cpuidle/state1/disable": "1",
    f"{_CPU}/cpu3/topology/thread_siblings_list": "3",
    f"{_CPU}/cpu3/node1/x": "",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
    "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet",
    "proc/cpuinfo": "processor : 0\nflags : fpu tsc constant_tsc nonstop_tsc",
    "proc/sys/kernel/sched_rt_runtime_us": "-1",
    "proc/sys/kernel/sched_autogroup_enabled": "0",
    "proc/self/limits": "Max locked memory         unlimited unlimited bytes\n"
    "Max realtime priority     99 99",
    "proc/self/status": "VmSize:  2048000 kB\nCapEff: 000001ffffffffff",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
    "sys/kernel/mm/ksm/run": "0",
    "proc/sys/kernel/numa_balancing": "0",
    "proc/swaps": "Filename Type Size Used Priority",
    "proc/sys/vm/stat_interval": "120",
    "proc/meminfo": "HugePages_Total:      64",
    "proc/sys/kernel/timer_migration": "0",
    "proc/sys/kernel/nmi_watchdog": "0",
    "sys/devices/virtual/workqueue/cpumask": "7",
    "sys/devices/virtual/workqueue/writeback/cpumask": "00000007",
    "proc/sys/net/core/busy_read": "50",
    "proc/sys/net/core/busy_poll": "50",
    "proc/sys/net/core/rmem_max": "134217728",
    "proc/sys/net/core/netdev_max_backlog": "250000",
    f"{_QUEUES}/rx-0/rps_cpus": "0",
    f"{_QUEUES}/tx-0/xps_cpus": "0",
    "proc/irq/41/smp_affinity_list": "0-2",
    f"sys/class/net/{INTERFACE}/mtu": "1500",
}

BAD = _COMMON | {
    "proc/cmdline": "ro quiet",
    f"{_CPU}/isolated": "",
    f"{_CPU}/nohz_full": "(null)",
    "proc/irq/default_smp_affinity": "f",
    f"{_CPU}/smt/active": "1",
    f"{_CPU}/smt/control": "on",
    f"{_CPU}/cpu3/cpufreq/scaling_governor": "powersave",
    f"{_CPU}/cpu3/cpuidle/state0/latency": "0",
    f"{_CPU}/cpu3/cpuidle/state0/disable": "0",
    f"{_CPU}/cpu3/cpuidle/state1/latency": "133",
    f"{_CPU}/cpu3/cpuidle/state1/disable": "0",
    f"{_CPU}/cpu3/topology/thread_siblings_list": "1,3",
    f"{_CPU}/cpu3/node0/x": "",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet",
    "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet",
    "proc/cpuinfo": "processor : 0\nflags : fpu tsc hypervisor",
    "proc/sys/kernel/sched_rt_runtime_us": "950000",
    "proc/sys/kernel/sched_autogroup_enabled": "1",
    "proc/self/limits": "Max locked memory         8388608 8388608 bytes\n"
    "Max realtime priority     0 0",
    "proc/self/status": "VmSize:  2048000 kB\nCapEff: 0000000000000000",
    "sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]",
    "sys/kernel/mm/ksm/run": "1",
    "proc/sys/kernel/numa_balancing": "1",
    "proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 100 0 -2",
    "proc/sys/vm/stat_interval": "1",
    "proc/meminfo": "HugePages_Total:      0",
    "proc/sys/kernel/timer_migration": "1",
    "proc/sys/kernel/nmi_watchdog": "1",
    "sys/devices/virtual/workqueue/cpumask": "f",
    "sys/devices/virtual/workqueue/writeback/cpumask": "0000000f",
    "proc/77/comm": "irqbalance",
    "proc/sys/net/core/busy_read": "0",
    "proc/sys/net/core/busy_poll": "0",
    "proc/sys/net/core/rmem_max": "212992",
    "proc/sys/net/core/netdev_max_backlog": "1000",
    f"{_QUEUES}/rx-0/rps_cpus": "f",
    f"{_QUEUES}/rx-1/rps_cpus": "0",
    f"{_QUEUES}/tx-0/xps_cpus": "0",
    "proc/irq/41/smp_affinity_list": "0-3",
    f"sys/class/net/{INTERFACE}/mtu": "9000",
}


def machine(folder: Path, files: dict[str, str]) -> Machine:
    """A machine of those files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return Machine(folder)


@dataclass
class Driver:
    """A network driver that answers what it is told to."""

    settings: dict[str, int] = field(default_factory=dict)
    stamps: set[str] | None = None
    features: set[str] | None = None

    def driver(self) -> str | None:
        return "fast"

    def setting(self, name: str) -> int | None:
        return self.settings.get(name)

    def change(self, name: str, value: int) -> None:
        self.settings[name] = value

    def timestamps(self) -> set[str] | None:
        return self.stamps

    def xdp(self) -> set[str] | None:
        return self.features


GOOD_DRIVER = Driver(
    {"gro": 0, "rx-usecs": 0, "adaptive-rx": 0}, {"hardware", "software"}, {"native", "zero-copy"}
)
BAD_DRIVER = Driver({"gro": 1, "rx-usecs": 50, "adaptive-rx": 1}, {"software"}, set())


def measured(**changes: Any) -> Measured:
    """A quiet second on the core."""
    values: dict[str, Any] = {
        "seconds": 1.0,
        "spin": {
            "threshold_ns": 1_000, "watched_ns": 10**9, "gaps": 3, "worst_ns": 9_000,
            "p50_ns": 2_000, "p99_ns": 9_000, "lost_ns": 20_000, "lost_share": 2e-5,
            "histogram": (np.array([2_000, 9_000]), np.array([2, 1])),
        },
        "steal_share": 0.0,
        "interrupts": {"LOC": 1},
        "calibration": {"invariant": True, "ns_per_tick": 0.4, "spread": 1e-7},
        "offsets": {0: (3, 40), 1: (-8, 40), 2: (0, 40)},
        **changes,
    }  # fmt: skip
    return Measured(**values)


def noisy() -> Measured:
    """A second on a core that others want too."""
    quiet = measured().spin or {}
    return measured(
        spin={**quiet, "gaps": 900, "worst_ns": 40_000_000, "lost_share": 0.3},
        steal_share=0.2,
        interrupts={"LOC": 30_000, "41 eth7-rx-0": 4_000},
        calibration={"invariant": True, "ns_per_tick": 0.4, "spread": 1e-3},
        offsets={0: (-90_000, 40)},
    )
