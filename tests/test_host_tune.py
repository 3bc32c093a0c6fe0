"""`pyscalp host tune`: what it would change, what it changes, and that it is put back."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from machines import BAD, CORE, GOOD, INTERFACE, Driver, machine

from pyscalp.errors import PyscalpError
from pyscalp.host.change import (
    FileChange,
    NicChange,
    ServiceChange,
    change_of,
    same_value,
)
from pyscalp.host.check import check
from pyscalp.host.machine import Machine
from pyscalp.host.profile import Profile
from pyscalp.host.state import TuneState, default_path, tuning
from pyscalp.host.tune import Outcome, Plan, apply, plan_of, undo

SYSCTLS = {
    "proc/sys/kernel/timer_migration": "1",
    "proc/sys/vm/stat_interval": "1",
    "proc/sys/net/core/rmem_max": "212992",
    "sys/devices/virtual/workqueue/cpumask": "f",
    "proc/sys/kernel/random/boot_id": "11111111-2222",
}
PLAN = Plan(
    tuple(
        FileChange(path, value)
        for path, value in (
            ("proc/sys/kernel/timer_migration", "0"),
            ("proc/sys/vm/stat_interval", "120"),
            ("proc/sys/net/core/rmem_max", "67108864"),
            ("sys/devices/virtual/workqueue/cpumask", "7"),
        )
    ),
    (),
    (),
)


def values(tree: Machine) -> dict[str, str | None]:
    return {name: tree.text(name) for name in SYSCTLS}


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


def plan(tree: Machine, profile: Profile, only: list[str] | None = None) -> Plan:
    report = check(tree, profile=profile, core=CORE, nic=Driver(), seconds=0)
    return plan_of(report, only)


# -- the plan ---------------------------------------------------------------------------


def test_a_good_machine_needs_nothing(tmp_path: Path) -> None:
    assert plan(machine(tmp_path, GOOD), "colocated").changes == ()


def test_the_plan_is_what_the_check_found_poor_and_the_profile_wants(tmp_path: Path) -> None:
    tree = machine(tmp_path, BAD)
    wanted = plan(tree, "colocated")
    commands = [change.command() for change in wanted.changes]
    assert "sysctl -w kernel.sched_rt_runtime_us=-1" in commands
    assert "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled" in commands
    assert "echo 7 > /sys/devices/virtual/workqueue/cpumask" in commands
    assert "systemctl stop irqbalance" in commands
    assert f"echo 0 > /sys/class/net/{INTERFACE}/queues/rx-0/rps_cpus" in commands
    assert len(commands) == len(set(commands))
    assert wanted.boot[:3] == (
        "isolcpus=managed_irq,domain,3", "nohz_full=3", "rcu_nocbs=3",
    )  # fmt: skip
    assert ("swap", "swapoff -a") in wanted.by_hand
    assert [c.command() for c in plan(tree, "laptop").changes] == [
        "sysctl -w net.core.rmem_max=67108864"
    ]


def test_hyper_threads_and_cores_are_never_switched_off_by_it(tmp_path: Path) -> None:
    keys = {change.key for change in plan(machine(tmp_path, BAD), "colocated").changes}
    assert not [key for key in keys if "/smt/" in key or key.endswith("/online")]


def test_only_some_items(tmp_path: Path) -> None:
    tree = machine(tmp_path, BAD)
    some = plan(tree, "colocated", ["stat_interval"])
    assert [change.command() for change in some.changes] == ["sysctl -w vm.stat_interval=120"]
    assert some.boot == ()
    with pytest.raises(PyscalpError, match="--only stat is no item; they are "):
        plan(tree, "colocated", ["stat"])


# -- there and back ---------------------------------------------------------------------


def test_applied_and_undone_everything_is_as_it_was(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    file = tmp_path / "state" / "host_tune.json"
    before = values(tree)
    with tuning(file, tree) as state:
        assert results(apply(PLAN, tree, state)) == ["changed"] * 4
    assert tree.text("proc/sys/vm/stat_interval") == "120"
    with tuning(file, tree) as state:
        assert results(undo(tree, state)) == ["restored"] * 4
    assert values(tree) == before
    assert not file.exists()
    assert list(file.parent.iterdir()) == []


def test_applied_twice_the_first_values_come_back(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    file = tmp_path / "tune.json"
    before = values(tree)
    with tuning(file, tree) as state:
        apply(PLAN, tree, state)
    with tuning(file, tree) as state:
        assert results(apply(PLAN, tree, state)) == ["already"] * 4
    tree.write("proc/sys/vm/stat_interval", "10")  # somebody else
    with tuning(file, tree) as state:
        assert results(apply(PLAN, tree, state)) == ["already", "changed", "already", "already"]
        undo(tree, state)
    assert values(tree) == before


def test_what_was_right_already_is_neither_changed_nor_remembered(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS | {"proc/sys/vm/stat_interval": "120"})
    with tuning(tmp_path / "tune.json", tree) as state:
        apply(PLAN, tree, state)
        assert len(state) == 3


def test_a_setting_that_fails_is_said_and_the_others_are_made(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    (tmp_path / "root/proc/sys/net/core/rmem_max").unlink()
    path = tmp_path / "root/proc/sys/vm/stat_interval"

    class Refusing(Machine):
        def write(self, name: str, value: str) -> None:
            if name.endswith("stat_interval"):
                raise PermissionError(1, "Operation not permitted")
            if name.endswith("cpumask"):
                value = "3"  # the kernel takes something else
            super().write(name, value)

    refusing = Refusing(tmp_path / "root")
    with tuning(tmp_path / "tune.json", tree) as state:
        outcomes = apply(PLAN, refusing, state)
        assert results(outcomes) == ["changed", "failed", "failed", "failed"]
        assert [outcome.reason for outcome in outcomes[1:]] == [
            "Operation not permitted", "there is no such setting", "the kernel made 3 of it",
        ]  # fmt: skip
        assert len(state) == 2, "the one that was changed, and the one that became another"
    assert path.read_text() == "1\n"
    with tuning(tmp_path / "tune.json", tree) as state:
        assert results(undo(tree, state)) == ["restored", "restored"]
    assert tree.text("sys/devices/virtual/workqueue/cpumask") == "f"


def test_what_cannot_be_put_back_stays_remembered(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    file = tmp_path / "tune.json"
    with tuning(file, tree) as state:
        apply(PLAN, tree, state)
    lost = tmp_path / "root/proc/sys/vm/stat_interval"
    lost.unlink()
    lost.mkdir()
    with tuning(file, tree) as state:
        assert results(undo(tree, state)).count("failed") == 1
    lost.rmdir()
    lost.write_text("120\n")
    with tuning(file, tree) as state:
        assert results(undo(tree, state)) == ["restored"]
    assert lost.read_text() == "1"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 4])
def test_killed_half_way_it_can_still_be_undone(tmp_path: Path, number: int, when: str) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    before = values(tree)
    script = f"""
import os, signal, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
import test_host_tune
from pyscalp.host.machine import Machine
from pyscalp.host.state import tuning
from pyscalp.host.tune import apply

class Dying(Machine):
    writes = 0
    def write(self, path, value):
        Dying.writes += 1
        if Dying.writes == {number} and "{when}" == "after":
            super().write(path, value)
        if Dying.writes == {number}:
            os.kill(os.getpid(), signal.SIGKILL)
        super().write(path, value)

tree = Dying({str(tmp_path / "root")!r})
with tuning(Path({str(tmp_path / "tune.json")!r}), tree) as state:
    apply(test_host_tune.PLAN, tree, state)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert values(tree) != before or number == 1
    with tuning(tmp_path / "tune.json", tree) as state:
        assert len(state) == number
        outcomes = undo(tree, state)
    assert "failed" not in results(outcomes)
    assert values(tree) == before


# -- the state file ---------------------------------------------------------------------


def test_after_a_restart_there_is_nothing_to_undo(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    with tuning(tmp_path / "tune.json", tree) as state:
        apply(PLAN, tree, state)
    tree.write("proc/sys/kernel/random/boot_id", "99999999")
    with tuning(tmp_path / "tune.json", tree) as state:
        assert state.restarted
        assert undo(tree, state) == []
    assert tree.text("proc/sys/vm/stat_interval") == "120"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"version": 2}',
        '{"version": 1, "boot_id": "11111111-2222", "settings": [{"key": "x"}]}',
        '{"version": 1, "boot_id": "11111111-2222", "settings": '
        '[{"key": "file:/etc/passwd", "old": "x", "new": "y"}]}',
        '{"version": 1, "boot_id": "11111111-2222", "settings": '
        '[{"key": "file:/proc/../etc/passwd", "old": "x", "new": "y"}]}',
    ],
)
def test_a_file_that_is_damaged_or_names_other_files_is_refused(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "tune.json"
    file.write_text(content)
    with pytest.raises(PyscalpError, match=r"tune\.json is damaged"):
        TuneState(file, machine(tmp_path / "root", SYSCTLS))
    assert file.read_text() == content


def test_where_it_cannot_be_remembered_nothing_is_changed(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    before = values(tree)
    (tmp_path / ".tune.json.part").mkdir()  # which is refused to root, too
    with (
        pytest.raises(PyscalpError, match=r"cannot write .*tune\.json"),
        tuning(tmp_path / "tune.json", tree) as state,
    ):
        apply(PLAN, tree, state)
    assert values(tree) == before


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    tree = machine(tmp_path / "root", SYSCTLS)
    with (
        tuning(tmp_path / "tune.json", tree),
        pytest.raises(PyscalpError, match="another pyscalp host tune is at work"),
        tuning(tmp_path / "tune.json", tree),
    ):
        pass


def test_it_is_kept_in_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert default_path() == Path("/var/state/pyscalp/host_tune.json")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/somebody")
    assert default_path() == Path("/somebody/.local/state/pyscalp/host_tune.json")


# -- single changes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "command"),
    [
        (FileChange("proc/sys/vm/stat_interval", "5"), "sysctl -w vm.stat_interval=5"),
        (FileChange("sys/kernel/mm/ksm/run", "0"), "echo 0 > /sys/kernel/mm/ksm/run"),
        (NicChange("eth7", "gro", "0"), "ethtool -K eth7 gro off"),
        (NicChange("eth7", "rx-usecs", "0"), "ethtool -C eth7 rx-usecs 0"),
        (NicChange("eth7", "adaptive-rx", "0"), "ethtool -C eth7 adaptive-rx off"),
        (ServiceChange("irqbalance", "inactive"), "systemctl stop irqbalance"),
    ],
)
def test_a_change_as_a_command_and_as_a_key(
    change: FileChange | NicChange | ServiceChange, command: str
) -> None:
    assert change.command() == command
    assert change_of(change.key, change.value) == change


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("1", "1", True), ("00000007", "7", True), ("0,00000007", "7", True),
        ("7", "f", False), ("-1", "1", False), (None, "1", False), ("0-2", "0-3", False),
        ("10", "16", False),
    ],
)  # fmt: skip
def test_values_that_the_kernel_writes_in_its_own_way(
    a: str | None, b: str | None, same: bool
) -> None:
    assert same_value(a, b) is same


def test_a_service_is_stopped_and_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A systemctl of ours, as tests do not stop the machine's services."""
    memory = tmp_path / "irqbalance"
    memory.write_text("active")
    program = tmp_path / "systemctl"
    program.write_text(
        f"#!/bin/sh\ncase $1 in\nis-active) cat {memory};;\nstart) printf active > {memory};;\n"
        f"stop) printf inactive > {memory};;\nesac\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    tree = machine(tmp_path / "root", SYSCTLS)
    one = Plan((ServiceChange("irqbalance", "inactive"),), (), ())
    with tuning(tmp_path / "tune.json", tree) as state:
        assert results(apply(one, tree, state)) == ["changed"]
        assert memory.read_text() == "inactive"
        assert json.loads((tmp_path / "tune.json").read_text())["settings"][0]["old"] == "active"
        assert results(undo(tree, state)) == ["restored"]
    assert memory.read_text() == "active"


def test_without_systemd_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tree = machine(tmp_path / "root", SYSCTLS)
    one = Plan((ServiceChange("irqbalance", "inactive"),), (), ())
    with tuning(tmp_path / "tune.json", tree) as state:
        (outcome,) = apply(one, tree, state)
    assert outcome.result == "failed"
    assert "stop irqbalance by hand" in outcome.reason
