"""`pyscalp host tune`: what the check would have changed, done and undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pyscalp.errors import PyscalpError, os_reason
from pyscalp.host.change import Change, change_of, same_value
from pyscalp.host.check import GROUPS, Report
from pyscalp.host.machine import Machine
from pyscalp.host.state import TuneState

Result = Literal["changed", "already", "restored", "failed"]


@dataclass(frozen=True)
class Plan:
    """What to do on a machine.

    Attributes
    ----------
    changes : tuple of Change
        What can be done now and undone.
    boot : tuple of str
        Parameters for the kernel's command line.
    by_hand : tuple of (str, str)
        Item and what a person has to do.
    """

    changes: tuple[Change, ...]
    boot: tuple[str, ...]
    by_hand: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a change."""

    command: str
    result: Result
    reason: str = ""

    def to_json(self) -> dict[str, str]:
        """For machines."""
        return {"command": self.command, "result": self.result, "reason": self.reason}


def plan_of(report: Report, only: Iterable[str] | None = None) -> Plan:
    """What the check of a machine asks for: items that are poor and that its profile wants.

    Raises
    ------
    PyscalpError
        If `only` names an item that there is not.
    """
    known = {item.name for items in GROUPS.values() for item in items}
    wanted = known if only is None else set(only)
    if strange := sorted(wanted - known):
        raise PyscalpError(f"--only {', '.join(strange)} is no item; they are {', '.join(known)}")
    changes: dict[str, Change] = {}
    boot: list[str] = []
    by_hand: list[tuple[str, str]] = []
    for finding in report.findings:
        judgement = finding.judgement
        if finding.name not in wanted or finding.need == "not needed":
            continue
        if judgement.verdict != "poor":
            continue
        for change in judgement.changes:
            changes.setdefault(change.key, change)
        if judgement.boot:
            boot.append(judgement.boot)
        if judgement.fix:
            by_hand.append((finding.name, judgement.fix))
    return Plan(tuple(changes.values()), tuple(boot), tuple(by_hand))


def apply(plan: Plan, machine: Machine, state: TuneState) -> list[Outcome]:
    """Make every change that is not there yet, each remembered before it is made.

    Raises
    ------
    PyscalpError
        If a value cannot be remembered; then nothing more is changed.
    """
    return [_apply_one(change, machine, state) for change in plan.changes]


def _apply_one(change: Change, machine: Machine, state: TuneState) -> Outcome:
    command = change.command()
    try:
        old = change.read(machine)
    except OSError as error:
        return Outcome(command, "failed", os_reason(error))
    if old is None:
        return Outcome(command, "failed", "there is no such setting")
    if same_value(old, change.value):
        return Outcome(command, "already")
    state.remember(change, old)
    reason = _make(change, machine, change.value)
    if not reason:
        return Outcome(command, "changed", f"was {old}")
    if _is(change, machine, old):
        state.forget(change.key)
    return Outcome(command, "failed", reason)


def undo(machine: Machine, state: TuneState) -> list[Outcome]:
    """Put every remembered setting back, the last one first; what fails stays remembered."""
    outcomes = []
    for entry in state.newest_first():
        back = change_of(entry.change.key, entry.old)
        if _is(back, machine, entry.old):
            outcomes.append(Outcome(back.command(), "already"))
        elif reason := _make(back, machine, entry.old):
            outcomes.append(Outcome(back.command(), "failed", reason))
            continue
        else:
            outcomes.append(Outcome(back.command(), "restored"))
        state.forget(entry.change.key)
    return outcomes


def _is(change: Change, machine: Machine, value: str) -> bool:
    try:
        return same_value(change.read(machine), value)
    except OSError:
        return False


def _make(change: Change, machine: Machine, value: str) -> str:
    """Write a value and look whether the kernel took it; why not, empty where it did."""
    try:
        change.write(machine, value)
        now = change.read(machine)
    except OSError as error:
        return os_reason(error)
    return "" if same_value(now, value) else f"the kernel made {now} of it"


def tune_json(
    report: Report | None, plan: Plan | None, outcomes: list[Outcome] | None
) -> dict[str, Any]:
    """A tuning, or its undoing, for machines."""
    out: dict[str, Any] = {}
    if report is not None and plan is not None:
        out |= {
            "profile": report.host.profile,
            "core": report.host.core,
            "interface": report.host.interface,
            "commands": [change.command() for change in plan.changes],
            "boot": list(plan.boot),
            "by_hand": [{"item": name, "fix": fix} for name, fix in plan.by_hand],
        }
    if outcomes is not None:
        out["outcomes"] = [outcome.to_json() for outcome in outcomes]
    return out
