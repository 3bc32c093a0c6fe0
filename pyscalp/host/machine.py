"""The kernel's own account of the machine: the files below /proc, /sys and /dev."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pyscalp.errors import PyscalpError, os_reason


class Unreadable(Exception):
    """A file that is there but may not be read; the text says which and why."""


class Machine:
    """Files of the machine below a root, which is ``/`` but in tests.

    Paths are given without the leading slash, such as ``proc/cmdline``.
    """

    def __init__(self, root: str | Path = "/") -> None:
        self.root = Path(root)

    @property
    def real(self) -> bool:
        """True for the machine we run on."""
        return self.root == Path("/")

    def exists(self, path: str) -> bool:
        """True if the kernel has this file or folder."""
        return (self.root / path).exists()

    def text(self, path: str) -> str | None:
        """What a file says, without blanks around it; None where there is none.

        Raises
        ------
        Unreadable
            If it is there but cannot be read.
        """
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(f"/{path} cannot be read: {os_reason(error)}") from None

    def number(self, path: str) -> int | None:
        """The number that a file begins with; None where there is none."""
        words = (self.text(path) or "").split()
        try:
            return int(words[0]) if words else None
        except ValueError:
            return None

    def write(self, path: str, value: str) -> None:
        """Write a setting; raises OSError as the kernel refuses it."""
        with (self.root / path).open("w", encoding="utf-8") as file:
            file.write(value)

    def writable(self, path: str) -> bool:
        """True if this process may write the file."""
        return os.access(self.root / path, os.W_OK)

    def names(self, path: str) -> list[str]:
        """The entries of a folder, sorted; none where it is not there."""
        try:
            return sorted(entry.name for entry in (self.root / path).iterdir())
        except OSError:
            return []

    # -- what several items ask for ---------------------------------------------------

    def boot_parameters(self) -> dict[str, str]:
        """The kernel's command line, the last of each name."""
        words = (self.text("proc/cmdline") or "").split()
        pairs = (word.partition("=") for word in words)
        return {name: value for name, _, value in pairs}

    def cores(self) -> set[int]:
        """The cores that are online."""
        online = self.text("sys/devices/system/cpu/online")
        return parse_cores(online) if online else {0}

    def processor_flags(self) -> set[str] | None:
        """The flags of the first processor; None where /proc/cpuinfo has no such line."""
        for line in (self.text("proc/cpuinfo") or "").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "flags":
                return set(value.split())
        return None

    def status(self, name: str) -> str | None:
        """A line of this process's status, such as ``CapEff``."""
        for line in (self.text("proc/self/status") or "").splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return value.strip()
        return None

    def capable(self, bit: int) -> bool:
        """True if this process has the capability of that number."""
        return bool(int(self.status("CapEff") or "0", 16) >> bit & 1)

    def limit(self, name: str) -> float | None:
        """A soft limit of this process, by its name in /proc/self/limits."""
        for line in (self.text("proc/self/limits") or "").splitlines():
            if line.startswith(name):
                value = line[len(name) :].split()[0]
                return float("inf") if value == "unlimited" else float(value)
        return None

    # -- what the check looks at ------------------------------------------------------

    def hot_core(self, wanted: int | None) -> int:
        """The engine's core: the wanted one, else the last that this process may use.

        Raises
        ------
        PyscalpError
            If the machine has no such core.
        """
        online = self.cores()
        if wanted is None:
            allowed = online & os.sched_getaffinity(0) if self.real else online
            return max(allowed or online)
        if wanted not in online:
            raise PyscalpError(
                f"--core {wanted} is not a core of this machine; it has {format_cores(online)}"
            )
        return wanted

    def interface(self, wanted: str | None) -> str:
        """The wanted network interface, else that of the default route, else one that is up.

        Raises
        ------
        PyscalpError
            If there is no such interface.
        """
        names = self.names("sys/class/net")
        if wanted is not None:
            if wanted not in names:
                raise PyscalpError(
                    f"--interface {wanted} is not there; this machine has {', '.join(names)}"
                )
            return wanted
        for line in (self.text("proc/net/route") or "").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 7 and fields[1] == fields[7] == "00000000" and fields[0] in names:
                return fields[0]
        for name in names:
            if name != "lo" and self.text(f"sys/class/net/{name}/operstate") == "up":
                return name
        return "lo"


def parse_cores(text: str) -> set[int]:
    """Cores of a list such as ``0-3,8``; words in it, as of isolcpus, are passed over."""
    cores: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            cores |= set(range(int(first), int(last or first) + 1))
    return cores


def parse_mask(text: str) -> set[int]:
    """Cores of a hexadecimal mask such as ``ff,ffffffff``."""
    try:
        bits = int(text.replace(",", "") or "0", 16)
    except ValueError:
        return set()
    return {core for core in range(bits.bit_length()) if bits >> core & 1}


def format_cores(cores: Iterable[int]) -> str:
    """``0-3,8``, as the kernel writes it; ``none`` of no core."""
    parts: list[str] = []
    ordered = sorted(cores)
    while ordered:
        length = 1
        while length < len(ordered) and ordered[length] == ordered[0] + length:
            length += 1
        first, last = ordered[0], ordered[length - 1]
        parts.append(str(first) if first == last else f"{first}-{last}")
        ordered = ordered[length:]
    return ",".join(parts) or "none"


def format_mask(cores: Iterable[int]) -> str:
    """A hexadecimal mask in groups of eight digits, as the kernel takes it."""
    digits = f"{sum(1 << core for core in set(cores)):x}"
    groups = [digits[max(0, end - 8) : end] for end in range(len(digits), 0, -8)]
    return ",".join(reversed(groups))
