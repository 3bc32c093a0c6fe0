"""Items of memory."""

from __future__ import annotations

from pyscalp.host.change import FileChange
from pyscalp.host.item import NOT_HERE, Host, Item, Judgement, at_least, good, setting, unknown
from pyscalp.host.privileges import IPC_LOCK

_THP = "sys/kernel/mm/transparent_hugepage/enabled"


def _swap(host: Host) -> Judgement:
    text = host.machine.text("proc/swaps")
    if text is None:
        return good(NOT_HERE, "none")
    devices = [line.split()[0] for line in text.splitlines()[1:] if line.strip()]
    if not devices:
        return good("none", "none")
    return Judgement("poor", ", ".join(devices), "none", fix="swapoff -a")


def _huge_pages(host: Host) -> Judgement:
    best = "reserved, or transparent ones for those who ask"
    reserved = 0
    for line in (host.machine.text("proc/meminfo") or "").splitlines():
        if line.startswith("HugePages_Total:"):
            reserved = int(line.split()[1])
    if reserved:
        return good(f"{reserved:,} reserved", best)
    chosen = FileChange(_THP, "madvise").read(host.machine)
    if chosen in ("madvise", "always"):
        return good(f"transparent: {chosen}", best)
    if host.machine.text("proc/sys/vm/nr_hugepages") is None and chosen is None:
        return Judgement("poor", NOT_HERE, best, fix="run a kernel with CONFIG_HUGETLBFS")
    return Judgement("poor", "none", best, changes=(FileChange(_THP, "madvise"),))


def _mlockall(host: Host) -> Judgement:
    best = "allowed for all of a run"
    if host.machine.capable(IPC_LOCK):
        return good("allowed: CAP_IPC_LOCK", best)
    limit = host.machine.limit("Max locked memory")
    size = (host.machine.status("VmSize") or "").split()
    if limit is None or not size:
        return unknown("the limit is not said", best)
    if limit >= int(size[0]) * 1024:
        return good("allowed by the limit", best)
    return Judgement(
        "poor",
        f"refused: {int(size[0]) // 1024:,} MiB are mapped, {limit / 2**20:,.0f} may be locked",
        best,
        fix="give CAP_IPC_LOCK, or raise the limit (ulimit -l unlimited)",
    )


ITEMS = (
    Item(
        "transparent_huge_pages",
        "transparent huge pages",
        'With "always" the kernel collects and splits pages of every process at any moment.',
        setting(_THP, "madvise", best="madvise: who asks"),
    ),
    Item(
        "ksm",
        "merging of equal pages",
        "A merged page is copied when it is next written: a fault between packet and order.",
        setting("sys/kernel/mm/ksm/run", "0"),
    ),
    Item(
        "numa_balancing",
        "automatic NUMA balancing",
        "The kernel unmaps pages now and then to see who uses them: a fault each time.",
        setting("proc/sys/kernel/numa_balancing", "0"),
    ),
    Item(
        "swap",
        "swap",
        "A page that was swapped out takes milliseconds to come back.",
        _swap,
    ),
    Item(
        "stat_interval",
        "statistics of memory",
        "Every so many seconds each core is made to add its counters up.",
        setting("proc/sys/vm/stat_interval", "120", at_least(60), best="60 or more"),
    ),
    Item(
        "huge_pages",
        "huge pages",
        "Books in pages of 2 MiB miss the processor's table of pages far less often.",
        _huge_pages,
    ),
    Item(
        "mlockall",
        "locked memory",
        "Memory that is not locked can be taken back, and faults when it is next used.",
        _mlockall,
    ),
)
