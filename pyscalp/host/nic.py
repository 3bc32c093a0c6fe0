"""What the driver of a network interface says, and two of its settings.

Asked of the kernel by the ioctl that the program ``ethtool`` uses, and for XDP by the
generic netlink family ``netdev`` (Linux 6.3); neither needs a program or a privilege to
be read.
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from collections.abc import Iterator
from typing import Protocol

_SIOCETHTOOL = 0x8946
_GDRVINFO, _GCOALESCE, _SCOALESCE, _GGRO, _SGRO, _GET_TS_INFO = 0x03, 0x0E, 0x0F, 0x2B, 0x2C, 0x41

# Places in struct ethtool_coalesce, 23 words of 32 bits.
_COALESCE_WORDS, _RX_USECS, _ADAPTIVE_RX = 23, 1, 10

_RX_HARDWARE, _RX_SOFTWARE = 1 << 2, 1 << 3  # SOF_TIMESTAMPING_RX_*

SETTINGS = ("gro", "rx-usecs", "adaptive-rx")


class Nic(Protocol):
    """An interface's driver; None where it does not say, or has no such thing."""

    def driver(self) -> str | None:
        """The driver's name."""

    def setting(self, name: str) -> int | None:
        """One of `SETTINGS`."""

    def change(self, name: str, value: int) -> None:
        """Change one of `SETTINGS`; raises OSError as the driver refuses it."""

    def timestamps(self) -> set[str] | None:
        """Of ``hardware`` and ``software``: where a received packet can be stamped."""

    def xdp(self) -> set[str] | None:
        """Of ``native`` and ``zero-copy``: what AF_XDP can use."""


class KernelNic:
    """The interface of that name on this machine."""

    def __init__(self, interface: str) -> None:
        self.interface = interface

    def driver(self) -> str | None:
        """As `Nic`."""
        info = self._ask(_GDRVINFO, bytes(192))
        return info[4:36].split(b"\0")[0].decode() if info else None

    def setting(self, name: str) -> int | None:
        """As `Nic`."""
        if name == "gro":
            found = self._ask(_GGRO, bytes(4))
            return struct.unpack("I", found[4:8])[0] if found else None
        words = self._coalescing()
        return None if words is None else int(words[_place(name)])

    def change(self, name: str, value: int) -> None:
        """As `Nic`."""
        if name == "gro":
            self._call(_SGRO, struct.pack("I", value))
            return
        words = self._coalescing()
        if words is None:
            raise OSError(95, "the driver has no such setting")
        words[_place(name)] = value
        self._call(_SCOALESCE, struct.pack(f"{_COALESCE_WORDS - 1}I", *words[1:]))

    def timestamps(self) -> set[str] | None:
        """As `Nic`."""
        info = self._ask(_GET_TS_INFO, bytes(40))
        if info is None:
            return None
        flags = struct.unpack("I", info[4:8])[0]
        names = {"hardware": _RX_HARDWARE, "software": _RX_SOFTWARE}
        return {name for name, bit in names.items() if flags & bit}

    def xdp(self) -> set[str] | None:
        """As `Nic`."""
        try:
            features = _xdp_features(socket.if_nametoindex(self.interface))
        except OSError:
            return None
        names = {"native": 1 << 0, "zero-copy": 1 << 3}
        return None if features is None else {n for n, bit in names.items() if features & bit}

    def _coalescing(self) -> list[int] | None:
        found = self._ask(_GCOALESCE, bytes(4 * (_COALESCE_WORDS - 1)))
        return list(struct.unpack(f"{_COALESCE_WORDS}I", found)) if found else None

    def _ask(self, command: int, rest: bytes) -> bytes | None:
        try:
            return self._call(command, rest)
        except OSError:
            return None

    def _call(self, command: int, rest: bytes) -> bytes:
        data = array.array("B", struct.pack("I", command) + rest)
        address, _ = data.buffer_info()
        request = struct.pack("16sP16x", self.interface.encode(), address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, _SIOCETHTOOL, request)
        return data.tobytes()


def _place(name: str) -> int:
    return {"rx-usecs": _RX_USECS, "adaptive-rx": _ADAPTIVE_RX}[name]


# -- generic netlink ------------------------------------------------------------------

_NETLINK_GENERIC, _NLMSG_ERROR, _NLM_F_REQUEST = 16, 2, 1
_CONTROL_FAMILY, _GETFAMILY, _FAMILY_ID, _FAMILY_NAME = 16, 3, 1, 2
_DEV_GET, _DEV_IFINDEX, _DEV_XDP_FEATURES = 1, 1, 3


def _xdp_features(index: int) -> int | None:
    """The XDP features of an interface as the kernel numbers them; None before 6.3."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC) as sock:
        sock.settimeout(1.0)
        sock.bind((0, 0))
        family = _request(sock, _CONTROL_FAMILY, _GETFAMILY, _FAMILY_NAME, b"netdev\0")
        if family is None or _FAMILY_ID not in family:
            return None
        number = struct.unpack("H", family[_FAMILY_ID][:2])[0]
        device = _request(sock, number, _DEV_GET, _DEV_IFINDEX, struct.pack("I", index))
        if device is None or _DEV_XDP_FEATURES not in device:
            return None
        return int(struct.unpack("Q", device[_DEV_XDP_FEATURES][:8])[0])


def _request(
    sock: socket.socket, family: int, command: int, attribute: int, value: bytes
) -> dict[int, bytes] | None:
    """The attributes of the answer; None where the kernel refuses."""
    body = struct.pack("HH", 4 + len(value), attribute) + value + bytes(-len(value) % 4)
    message = struct.pack("IHHII", 20 + len(body), family, _NLM_F_REQUEST, 1, 0)
    sock.send(message + struct.pack("BBxx", command, 1) + body)
    answer = sock.recv(1 << 16)
    length, kind = struct.unpack("IH", answer[:6])
    return None if kind == _NLMSG_ERROR else dict(_attributes(answer[20:length]))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack("HH", data[:4])
        if length < 4:
            return
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]
