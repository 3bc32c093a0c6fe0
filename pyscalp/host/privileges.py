"""Items of what this process may do."""

from __future__ import annotations

from collections.abc import Callable

from pyscalp.host.item import Host, Item, Judgement, good

NET_ADMIN, NET_RAW, IPC_LOCK, SYS_ADMIN, SYS_NICE, BPF = 12, 13, 14, 21, 23, 39


def _capability(bit: int, name: str, instead: int | None = None) -> Callable[[Host], Judgement]:
    def judge(host: Host) -> Judgement:
        if host.machine.capable(bit):
            return good("held", "held")
        if instead is not None and host.machine.capable(instead):
            return good("CAP_SYS_ADMIN holds it", "held")
        return Judgement(
            "poor",
            "not held",
            "held",
            fix=f"run as root, or setcap {name}+ep on a copy of the Python program",
        )

    return judge


ITEMS = (
    Item(
        "cap_net_raw",
        "CAP_NET_RAW",
        "AF_PACKET and AF_XDP sockets need it; without it the feed comes by UDP sockets.",
        _capability(NET_RAW, "cap_net_raw"),
    ),
    Item(
        "cap_net_admin",
        "CAP_NET_ADMIN",
        "AF_XDP needs it, and receive buffers above net.core.rmem_max.",
        _capability(NET_ADMIN, "cap_net_admin"),
    ),
    Item(
        "cap_bpf",
        "CAP_BPF",
        "AF_XDP loads a program that picks the feed's packets.",
        _capability(BPF, "cap_bpf", SYS_ADMIN),
    ),
    Item(
        "cap_sys_nice",
        "CAP_SYS_NICE",
        "Real-time scheduling needs it where the limit does not allow it.",
        _capability(SYS_NICE, "cap_sys_nice"),
    ),
    Item(
        "cap_ipc_lock",
        "CAP_IPC_LOCK",
        "Locking memory needs it where the limit does not allow it.",
        _capability(IPC_LOCK, "cap_ipc_lock"),
    ),
)
