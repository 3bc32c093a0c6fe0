"""What `pyscalp host check` looks at, one item at a time, and what it says of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pyscalp.host.change import Change, FileChange
from pyscalp.host.machine import Machine
from pyscalp.host.measure import Measured
from pyscalp.host.nic import Nic
from pyscalp.host.profile import Limits, Need, Profile

Verdict = Literal["good", "poor", "unknown"]


@dataclass(frozen=True)
class Host:
    """The machine, and what of it the engine is to use."""

    machine: Machine
    core: int
    interface: str
    nic: Nic
    profile: Profile
    limits: Limits
    measured: Measured | None

    @property
    def others(self) -> set[int]:
        """The cores that are left for everything else."""
        return self.machine.cores() - {self.core}


@dataclass(frozen=True)
class Judgement:
    """What was found of an item, and what to do about it."""

    verdict: Verdict
    found: str
    best: str
    fix: str = ""
    changes: tuple[Change, ...] = ()
    boot: str = ""
    """What to add to the kernel's command line."""

    @property
    def remedy(self) -> str:
        """How to fix it, in words and commands; empty where all is well."""
        if self.verdict == "good":
            return ""
        steps = [self.fix] if self.fix else []
        if self.changes:
            steps.append("; ".join(change.command() for change in self.changes))
        if self.boot:
            steps.append(f"add {self.boot} to the kernel's command line and restart")
        return "; or ".join(steps)


@dataclass(frozen=True)
class Item:
    """A thing to look at."""

    name: str
    title: str
    why: str
    judge: Callable[[Host], Judgement]


@dataclass(frozen=True)
class Finding:
    """An item as it was found."""

    group: str
    item: Item
    need: Need
    judgement: Judgement = field(repr=False)

    @property
    def name(self) -> str:
        """The item's name."""
        return self.item.name

    @property
    def unfit(self) -> bool:
        """True if the profile requires it, and it is poor or not known."""
        return self.need == "required" and self.judgement.verdict != "good"


NOT_HERE = "not in this kernel"


def good(found: str, best: str) -> Judgement:
    """All is well."""
    return Judgement("good", found, best)


def unknown(found: str, best: str, fix: str = "") -> Judgement:
    """It could not be found out."""
    return Judgement("unknown", found, best, fix)


def setting(
    path: str, wanted: str, accept: Callable[[str], bool] | None = None, best: str = ""
) -> Callable[[Host], Judgement]:
    """Judge a file that should hold `wanted`, or what `accept` takes.

    A kernel without it cannot do the harm either.
    """

    def judge(host: Host) -> Judgement:
        change = FileChange(path, wanted)
        text = host.machine.text(path)
        value = change.read(host.machine)
        if text is None or value is None:
            return good(NOT_HERE, best or wanted)
        if value == wanted or (accept is not None and accept(value)):
            return good(value, best or wanted)
        return Judgement("poor", value, best or wanted, changes=(change,))

    return judge


def at_least(number: int) -> Callable[[str], bool]:
    """Accept that number and larger ones."""
    return lambda text: text.isdigit() and int(text) >= number
