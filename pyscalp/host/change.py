"""One setting that `pyscalp host tune` can change, remember and put back."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Protocol

from pyscalp.host.machine import Machine, Unreadable, parse_mask
from pyscalp.host.nic import SETTINGS, KernelNic, Nic

_SYSCTL = "proc/sys/"
_MASK = re.compile(r"[0-9a-f]+(,[0-9a-f]+)*")


class Change(Protocol):
    """A setting and the value that it is to have."""

    @property
    def key(self) -> str:
        """What it is known by in the state file."""

    @property
    def value(self) -> str:
        """What it is to be."""

    def command(self) -> str:
        """What a person would type."""

    def read(self, machine: Machine) -> str | None:
        """What it is now; None where there is no such setting."""

    def write(self, machine: Machine, value: str) -> None:
        """Make it `value`; raises OSError."""


@dataclass(frozen=True)
class FileChange:
    """A file below /proc or /sys."""

    path: str
    value: str

    @property
    def key(self) -> str:
        """As `Change`."""
        return f"file:/{self.path}"

    def command(self) -> str:
        """As `Change`."""
        if self.path.startswith(_SYSCTL):
            name = self.path[len(_SYSCTL) :].replace("/", ".")
            return f"sysctl -w {name}={self.value}"
        return f"echo {self.value} > /{self.path}"

    def read(self, machine: Machine) -> str | None:
        """As `Change`; of ``always [madvise] never`` the choice in brackets."""
        try:
            text = machine.text(self.path)
        except Unreadable as error:
            raise OSError(13, str(error)) from None
        chosen = re.search(r"\[([^\]]+)\]", text or "")
        return chosen[1] if chosen else text

    def write(self, machine: Machine, value: str) -> None:
        """As `Change`."""
        machine.write(self.path, value)


@dataclass(frozen=True)
class NicChange:
    """A setting of a network interface's driver."""

    interface: str
    setting: str
    value: str

    @property
    def key(self) -> str:
        """As `Change`."""
        return f"nic:{self.interface}:{self.setting}"

    def command(self) -> str:
        """As `Change`."""
        if self.setting == "gro":
            return f"ethtool -K {self.interface} gro {'on' if self.value == '1' else 'off'}"
        value = self.value
        if self.setting == "adaptive-rx":
            value = "on" if value == "1" else "off"
        return f"ethtool -C {self.interface} {self.setting} {value}"

    def read(self, machine: Machine) -> str | None:
        """As `Change`."""
        value = self._nic().setting(self.setting)
        return None if value is None else str(value)

    def write(self, machine: Machine, value: str) -> None:
        """As `Change`."""
        self._nic().change(self.setting, int(value))

    def _nic(self) -> Nic:
        return KernelNic(self.interface)


@dataclass(frozen=True)
class ServiceChange:
    """A service that systemd runs."""

    service: str
    value: str

    @property
    def key(self) -> str:
        """As `Change`."""
        return f"service:{self.service}"

    def command(self) -> str:
        """As `Change`."""
        return f"systemctl {'start' if self.value == 'active' else 'stop'} {self.service}"

    def read(self, machine: Machine) -> str | None:
        """As `Change`."""
        answer = self._call("is-active").stdout.strip()
        return "active" if answer == "active" else "inactive"

    def write(self, machine: Machine, value: str) -> None:
        """As `Change`."""
        done = self._call("start" if value == "active" else "stop")
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["systemctl failed"]
            raise OSError(5, lines[-1])

    def _call(self, verb: str) -> subprocess.CompletedProcess[str]:
        program = shutil.which("systemctl")
        if program is None:
            raise OSError(2, f"there is no systemctl; stop {self.service} by hand")
        return subprocess.run(
            [program, verb, self.service], capture_output=True, text=True, check=False, timeout=30
        )


def change_of(key: str, value: str) -> Change:
    """The setting of a key, with the value it is to have.

    Raises
    ------
    ValueError
        If `pyscalp host tune` does not write such a key: a state file is not believed
        when it names any other file of the machine.
    """
    kind, _, rest = key.partition(":")
    if kind == "file" and re.fullmatch(r"/(proc|sys)/[\w./:@-]+", rest) and ".." not in rest:
        return FileChange(rest[1:], value)
    if kind == "nic":
        interface, _, setting = rest.rpartition(":")
        if interface and setting in SETTINGS:
            return NicChange(interface, setting, value)
    if kind == "service" and rest == "irqbalance":
        return ServiceChange(rest, value)
    raise ValueError(key)


def same_value(a: str | None, b: str | None) -> bool:
    """True if the kernel means the same by both: equal, or masks of the same cores."""
    if a == b or a is None or b is None:
        return a == b
    if a.isdigit() and b.isdigit():
        return int(a) == int(b)
    if "," in a + b and _MASK.fullmatch(a) and _MASK.fullmatch(b):
        return parse_mask(a) == parse_mask(b)
    return False
