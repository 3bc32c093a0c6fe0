"""Whether a machine is fit to trade on: every item, found, judged and explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyscalp.host import (
    boot,
    clock,
    cpu,
    memory,
    network,
    noise,
    privileges,
    scheduler,
    virtual,
)
from pyscalp.host.item import Finding, Host, Item, Judgement, unknown
from pyscalp.host.machine import Machine, Unreadable
from pyscalp.host.measure import Measured, measure
from pyscalp.host.nic import KernelNic, Nic
from pyscalp.host.profile import LIMITS, Profile, need

GROUPS: dict[str, tuple[Item, ...]] = {
    "boot": boot.ITEMS,
    "processor": cpu.ITEMS,
    "clock": clock.ITEMS,
    "scheduler": scheduler.ITEMS,
    "virtualisation": virtual.ITEMS,
    "memory": memory.ITEMS,
    "noise": noise.ITEMS,
    "network": network.ITEMS,
    "privileges": privileges.ITEMS,
}


@dataclass(frozen=True)
class Report:
    """A machine as it was found."""

    host: Host
    findings: tuple[Finding, ...]

    @property
    def unfit(self) -> list[Finding]:
        """What the profile requires and the machine does not have."""
        return [finding for finding in self.findings if finding.unfit]

    @property
    def fit(self) -> bool:
        """True if everything that the profile requires is there."""
        return not self.unfit

    def to_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        host = self.host
        return {
            "profile": host.profile,
            "fit": self.fit,
            "core": host.core,
            "interface": host.interface,
            "unfit": [finding.name for finding in self.unfit],
            "items": [_item_json(finding) for finding in self.findings],
            "measured": _measured_json(host.measured),
        }


def check(
    machine: Machine | None = None,
    *,
    profile: Profile = "laptop",
    core: int | None = None,
    interface: str | None = None,
    seconds: float = 1.0,
    nic: Nic | None = None,
    measured: Measured | None = None,
) -> Report:
    """Look at every item.

    Parameters
    ----------
    machine : Machine, optional
        The machine we run on, if none is given.
    profile : str
        ``"laptop"``, ``"cloud"`` or ``"colocated"``: what is required.
    core : int, optional
        The engine's core; the last one that this process may use, if none is given.
    interface : str, optional
        Where the feed comes in; that of the default route, if none is given.
    seconds : float
        How long to measure; 0 leaves the measured items unknown.
    nic : Nic, optional
        Who answers for the interface's driver.
    measured : Measured, optional
        What was measured already.

    Raises
    ------
    PyscalpError
        If there is no such core or interface.
    """
    machine = machine or Machine()
    hot = machine.hot_core(core)
    name = machine.interface(interface)
    if measured is None and seconds > 0:
        measured = measure(machine, hot, seconds)
    host = Host(
        machine=machine,
        core=hot,
        interface=name,
        nic=nic or KernelNic(name),
        profile=profile,
        limits=LIMITS[profile],
        measured=measured,
    )
    return Report(host, tuple(_findings(host)))


def _findings(host: Host) -> Iterable[Finding]:
    for group, items in GROUPS.items():
        for item in items:
            yield Finding(group, item, need(item.name, host.profile), _judged(item, host))


def _judged(item: Item, host: Host) -> Judgement:
    try:
        return item.judge(host)
    except Unreadable as error:
        return unknown(str(error), "readable", fix="run as root")
    except OSError as error:
        return unknown(str(error), "readable", fix="run as root")


def _item_json(finding: Finding) -> dict[str, Any]:
    judgement = finding.judgement
    return {
        "group": finding.group,
        "item": finding.name,
        "title": finding.item.title,
        "need": finding.need,
        "verdict": judgement.verdict,
        "found": judgement.found,
        "best": judgement.best,
        "why": finding.item.why,
        "fix": judgement.remedy,
        "commands": [change.command() for change in judgement.changes],
        "boot": judgement.boot,
    }


def _measured_json(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    spin = measured.spin
    if spin is not None:
        lengths, counts = spin["histogram"]
        pairs = [[int(n), int(c)] for n, c in zip(lengths, counts, strict=True)]
        spin = {**spin, "histogram": pairs}
    return {
        "seconds": measured.seconds,
        "spin": spin,
        "steal_share": measured.steal_share,
        "interrupts": measured.interrupts,
        "calibration": measured.calibration,
        "offsets_ns": {str(core): list(pair) for core, pair in measured.offsets.items()},
        "problem": measured.problem,
    }
