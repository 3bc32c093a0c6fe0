"""Which items a kind of machine has to have, and what is tolerable on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Need = Literal["required", "advised", "not needed"]
Profile = Literal["laptop", "cloud", "colocated"]

PROFILES: tuple[Profile, ...] = ("laptop", "cloud", "colocated")


@dataclass(frozen=True)
class Limits:
    """What a measured item may come to."""

    gap_worst_us: float
    lost_share: float
    steal_share: float
    interrupts_per_s: float
    calibration_spread: float
    offset_ns: float


LIMITS: dict[Profile, Limits] = {
    "laptop": Limits(20_000, 0.10, 0.10, 20_000, 1e-5, 1_000),
    "cloud": Limits(2_000, 0.02, 0.01, 2_500, 5e-6, 250),
    "colocated": Limits(100, 0.0005, 0.0, 20, 2e-6, 100),
}

# Of laptop, cloud, colocated: r is required, a advised, - not needed.
_NEEDS = {
    "isolcpus": "-ar",
    "nohz_full": "-ar",
    "rcu_nocbs": "-ar",
    "irqaffinity": "-ar",
    "skew_tick": "--a",
    "nosmt": "--a",
    "governor": "-ar",
    "idle_states": "-ar",
    "smt_siblings": "-ar",
    "numa_node": "-ar",
    "clocksource": "-ar",
    "invariant_tsc": "rrr",
    "calibration": "rrr",
    "core_offset": "rrr",
    "rt_runtime": "-aa",
    "autogroup": "-aa",
    "rtprio_limit": "-aa",
    "memlock_limit": "-ar",
    "hypervisor": "--r",
    "steal": "arr",
    "spin_gaps": "arr",
    "transparent_huge_pages": "-aa",
    "ksm": "-ar",
    "numa_balancing": "-ar",
    "swap": "-ar",
    "stat_interval": "-aa",
    "huge_pages": "-aa",
    "mlockall": "-ar",
    "timer_migration": "-aa",
    "nmi_watchdog": "-ar",
    "workqueues": "-ar",
    "writeback": "-aa",
    "irqbalance": "-ar",
    "interrupts": "-ar",
    "busy_read": "-aa",
    "busy_poll": "-aa",
    "rmem_max": "arr",
    "netdev_max_backlog": "-aa",
    "coalescing": "-ar",
    "gro": "-aa",
    "queues": "-aa",
    "steering": "-ar",
    "xdp": "-ar",
    "mtu": "-aa",
    "timestamping": "-ar",
    "cap_net_raw": "-ar",
    "cap_net_admin": "-ar",
    "cap_bpf": "-ar",
    "cap_sys_nice": "-aa",
    "cap_ipc_lock": "-ar",
}
_LETTERS: dict[str, Need] = {"r": "required", "a": "advised", "-": "not needed"}


def need(item: str, profile: Profile) -> Need:
    """Whether a profile has to have an item."""
    return _LETTERS[_NEEDS[item][PROFILES.index(profile)]]


def named_items() -> set[str]:
    """Every item that a profile speaks of."""
    return set(_NEEDS)
