"""Items of the scheduler and of what this process may ask of it."""

from __future__ import annotations

from pyscalp.host.item import Host, Item, Judgement, good, setting, unknown
from pyscalp.host.privileges import IPC_LOCK, SYS_NICE

_LIMITS_FILE = "/etc/security/limits.conf"


def _rtprio(host: Host) -> Judgement:
    best = "1 or more, or CAP_SYS_NICE"
    if host.machine.capable(SYS_NICE):
        return good("CAP_SYS_NICE", best)
    limit = host.machine.limit("Max realtime priority")
    if limit is None:
        return unknown("the limit is not said", best)
    if limit >= 1:
        return good(f"{limit:g}", best)
    return Judgement(
        "poor", f"{limit:g}", best, fix=f"add '<user> - rtprio 1' to {_LIMITS_FILE} and log in anew"
    )


def _memlock(host: Host) -> Judgement:
    best = "unlimited, or CAP_IPC_LOCK"
    if host.machine.capable(IPC_LOCK):
        return good("CAP_IPC_LOCK", best)
    limit = host.machine.limit("Max locked memory")
    if limit is None:
        return unknown("the limit is not said", best)
    if limit == float("inf"):
        return good("unlimited", best)
    return Judgement(
        "poor",
        f"{limit / 2**20:,.0f} MiB",
        best,
        fix=f"add '<user> - memlock unlimited' to {_LIMITS_FILE} and log in anew",
    )


ITEMS = (
    Item(
        "rt_runtime",
        "limit of real-time tasks",
        "With a limit the kernel stops a spinning SCHED_FIFO thread 50 ms in every second; "
        "pyscalp refuses FIFO then.",
        setting("proc/sys/kernel/sched_rt_runtime_us", "-1"),
    ),
    Item(
        "autogroup",
        "automatic groups",
        "Sessions share the cores as groups, whatever the priorities of their tasks.",
        setting("proc/sys/kernel/sched_autogroup_enabled", "0"),
    ),
    Item(
        "rtprio_limit",
        "right to real time",
        'Without it engine.scheduler = "fifo" is refused.',
        _rtprio,
    ),
    Item(
        "memlock_limit",
        "right to lock memory",
        "Without it engine.lock_memory is refused, and AF_XDP on older kernels.",
        _memlock,
    ),
)
