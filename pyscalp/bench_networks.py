"""Two networks joined by a cable, for as long as somebody holds them.

Each is a network namespace that only descriptors hold, with one end of a veth pair in it.
When the last process that holds them is gone, however it went, so are they and the pair:
there is nothing to clean up and nothing can be left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

EXCHANGE = "10.99.0.1"
ENGINE = "10.99.0.2"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where one side of a measurement runs.

    Attributes
    ----------
    address : str
        Of its interface.
    network : int or None
        Descriptor of its network namespace; None is the one that we are in.
    """

    address: str
    network: int | None = None

    def command(self, *arguments: str) -> list[str]:
        """What runs a command there; the descriptor has to be passed on."""
        if self.network is None:
            return list(arguments)
        return ["nsenter", f"--net=/proc/self/fd/{self.network}", *arguments]

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To be passed on."""
        return () if self.network is None else (self.network,)


@dataclass(frozen=True)
class Places:
    """Both sides, and in words what is between them."""

    exchange: Place
    engine: Place
    note: str


@contextlib.contextmanager
def places(veth: bool = True) -> Iterator[Places]:
    """Networks for the exchange and the engine: two that are joined, or the loopback.

    Parameters
    ----------
    veth : bool
        False asks for the loopback.

    Yields
    ------
    Places
        ``note`` says why it is the loopback where it was not asked for.
    """
    with contextlib.ExitStack() as stack:
        try:
            if not veth:
                raise _Refused("as asked")
            yield _joined(stack)
        except _Refused as refused:
            loopback = Place(LOOPBACK)
            yield Places(loopback, loopback, f"one loopback: {refused}")


class _Refused(Exception):
    """Why there are no networks of our own."""


def _joined(stack: contextlib.ExitStack) -> Places:
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            raise _Refused(f"the command {tool} is not there (Debian: util-linux, iproute2)")
    exchange = Place(EXCHANGE, _network(stack))
    engine = Place(ENGINE, _network(stack))
    # One queue a side, as a feed has on a card: one core receives it.
    queue = ("numrxqueues", "1", "numtxqueues", "1")
    peer = f"/proc/{os.getpid()}/fd/{engine.network}"
    _run(
        exchange,
        *("ip", "link", "add", "exchange", *queue, "type", "veth"),
        *("peer", "name", "engine", "netns", peer, *queue),
    )
    for place, name in ((exchange, "exchange"), (engine, "engine")):
        _run(place, "ip", "address", "add", f"{place.address}/24", "dev", name)
        _run(place, "ip", "link", "set", name, "up")
    return Places(exchange, engine, "two network namespaces joined by a veth pair")


def _network(stack: contextlib.ExitStack) -> int:
    """The descriptor of a new network whose loopback is up."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo made && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != b"made\n":
            said = holder.stderr.read().decode(errors="replace").strip().splitlines()
            raise _Refused(f"no network namespace: {said[-1] if said else 'refused'}; run as root")
        descriptor = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _run(place: Place, *arguments: str) -> None:
    done = subprocess.run(
        place.command(*arguments),
        capture_output=True,
        text=True,
        pass_fds=place.descriptors,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise _Refused(f"{' '.join(arguments[:3])}: {said[-1]}")
