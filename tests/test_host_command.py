"""The commands ``pyscalp host check`` and ``host tune``: what they print and end with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from machines import BAD, GOOD, machine

from pyscalp import cli
from pyscalp.terminal import OUT


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    status = cli.status_of(["host", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


@pytest.fixture
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OUT, "_width", 80)


@pytest.mark.parametrize("command", ["check", "tune"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, command, "--help")
    assert status == 0
    assert f"pyscalp host {command}" in out
    assert "--json" in out
    assert "Exit status: 0" in " ".join(out.split())


@pytest.mark.usefixtures("width")
@pytest.mark.parametrize("more", [[], ["--explain"]])
def test_the_table_fits_eighty_columns_and_leaves_nothing_out(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    machine(tmp_path, BAD)
    status, out, _ = call(
        capsys, "check", "--profile", "colocated", "--seconds", 0, "--root", tmp_path, *more
    )
    assert status == 6
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    words = " ".join(out.split())
    for part in (
        "NOT isolcpus * none best: core 3", "fix: add isolcpus=managed_irq,domain,3 to the",
        "Other governors lower the clock", "not fit for colocated, engine on core 3, feed by eth7",
        "pyscalp host tune can change",
    ):  # fmt: skip
        assert part in words


def test_why_is_said_of_good_items_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(tmp_path, GOOD)
    arguments = ("check", "--seconds", 0, "--root", tmp_path)
    assert "Other governors" not in call(capsys, *arguments)[1]
    assert "Other governors" in call(capsys, *arguments, "--explain")[1]


def test_json_has_every_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine(tmp_path, GOOD)
    _, out, _ = call(capsys, "check", "--seconds", 0, "--root", tmp_path, "--json")
    report = json.loads(out)
    assert (report["core"], report["interface"], report["measured"]) == (3, "eth7", None)
    assert len(report["items"]) > 45
    fields = {
        "group", "item", "title", "need", "verdict", "found", "best", "why", "fix", "commands",
        "boot",
    }  # fmt: skip
    assert all(set(item) == fields for item in report["items"])


def test_a_laptop_that_was_measured_is_fit_or_says_what_it_lacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")
    status, out, _ = call(capsys, "check", "--seconds", 0.05, "--interface", "lo", "--json")
    report = json.loads(out)
    assert status == (0 if report["fit"] else 6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--core", "99"], "--core 99 is not a core of this machine; it has 0-3"),
        (["check", "--interface", "x"], "--interface x is not there; this machine has eth7, lo"),
        (["check", "--profile", "desktop"], "--profile"),
        (["check", "--seconds", "-1"], "--seconds"),
        (["tune", "--only", "nothing"], "--only nothing is no item"),
        (["tune", "--apply", "--undo"], "contradict each other"),
    ],
)
def test_mistakes_are_one_message_and_status_2(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(tmp_path, GOOD)
    status, out, err = call(capsys, *arguments, "--root", tmp_path)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())


def test_tune_prints_applies_and_undoes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, state = tmp_path / "root", tmp_path / "tune.json"
    machine(root, BAD)
    interval = root / "proc/sys/vm/stat_interval"
    some = ["--profile", "cloud", "--only", "stat_interval,isolcpus,swap", "--root", root]
    status, out, _ = call(capsys, "tune", *some)
    assert status == 0
    assert out.splitlines()[0] == "sysctl -w vm.stat_interval=120"
    assert "isolcpus=managed_irq,domain,3" in out
    assert "swap: swapoff -a" in out
    assert interval.read_text() == "1\n", "only printed"

    status, out, _ = call(capsys, "tune", *some, "--apply", "--state", state)
    assert (status, interval.read_text()) == (0, "120")
    assert out.startswith("changed  sysctl -w vm.stat_interval=120")
    status, out, _ = call(capsys, "tune", "--undo", "--state", state, "--root", root, "--json")
    assert (status, interval.read_text()) == (0, "1")
    assert [outcome["result"] for outcome in json.loads(out)["outcomes"]] == ["restored"]
    status, _, err = call(capsys, "tune", "--undo", "--state", state, "--root", root)
    assert status == 2
    assert "nothing to undo: there is no" in err


def test_after_a_restart_undo_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, state = tmp_path / "root", tmp_path / "tune.json"
    machine(root, BAD)
    where = ["--root", root, "--state", state]
    call(capsys, "tune", "--profile", "cloud", "--only", "stat_interval", "--apply", *where)
    (root / "proc/sys/kernel/random/boot_id").write_text("another")
    status, _, err = call(capsys, "tune", "--undo", *where)
    assert status == 2
    assert "restarted since" in err
    assert not state.exists()


def test_a_change_that_fails_is_status_7(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    machine(root, BAD)
    monkeypatch.setattr(
        "pyscalp.host.machine.Machine.write",
        lambda *_: (_ for _ in ()).throw(OSError(22, "Invalid argument")),
    )
    status, out, _ = call(
        capsys, "tune", "--profile", "cloud", "--only", "stat_interval", "--apply",
        "--root", root, "--state", tmp_path / "tune.json",
    )  # fmt: skip
    assert status == 7
    assert "failed   sysctl -w vm.stat_interval=120   Invalid argument" in out


def test_root_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    status, _, err = call(capsys, "tune", "--apply")
    assert status == 2
    assert "takes root; put sudo in front" in err
