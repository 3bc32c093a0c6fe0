"""`pyscalp new-strategy`: what it writes builds, tests and runs by its README's commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from processes import run_command
from strategies import readme_commands, typed

from pyscalp import Config, _core
from pyscalp.errors import PyscalpError
from pyscalp.new_strategy import KINDS, new_strategy


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_its_readme_works(kind: str, tmp_path: Path) -> None:
    """Every command as it stands; a shorter session is long enough."""
    folder, commands = new_strategy("shiny_flow", kind, tmp_path)
    readme = readme_commands(folder)
    assert readme[: len(commands)] == commands
    (folder / "DAY.itch50").write_bytes(_core.simulate_day(2, 120 * 10**9, ["AMZN", "AAPL"]))
    for command in readme:
        done = typed(command.replace("--duration 60s", "--duration 4s --out runs/live"), folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if command.startswith("python test_"):
            assert "fills, twice the same" in done.stdout
    replayed = json.loads((folder / "runs" / "replay" / "summary.json").read_text())
    assert replayed["user_signal"]["calls"] > 1000
    assert replayed["reconciliation"]["agrees"]
    live = folder / "runs" / "live"
    assert live.exists() == KINDS[kind].live
    if KINDS[kind].live:
        summary = json.loads((live / "summary.json").read_text())
        assert summary["user_signal"]["calls"] > 100
        assert summary["user_signal"]["not_finite"] == 0
        assert summary["allocations"] == 0
        assert summary["reconciliation"]["agrees"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_template_is_left(kind: str, tmp_path: Path) -> None:
    folder, _ = new_strategy("shiny_flow", kind, tmp_path)
    for file in folder.iterdir():
        text = file.read_text()
        assert "my_signal" not in text + file.name
        assert "@" not in text.replace("@numba_signal", "")
    config = Config.load(folder / "config.toml")
    assert config.signals.user.source
    assert set(config.signals.user.parameters) == {
        "half_life",
        "lean_gain",
        "flow_gain",
        "leave_at",
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my-flow", r"cannot be a name: letters \(a to z\), digits and _"),
        ("1flow", "no digit in front"),
        ("for", "no word of Python's own"),
        ("", "cannot be a name"),
        ("größe", "cannot be a name"),
        ("signal", "there is a Python module signal already"),
        ("numpy", "there is a Python module numpy already"),
    ],
)
def test_names_that_are_none(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match=said):
        new_strategy(name, "python", tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    folder, _ = new_strategy("shiny_flow", "python", tmp_path)
    (folder / "shiny_flow.py").write_text("mine")
    with pytest.raises(PyscalpError, match="exists already; choose another name"):
        new_strategy("shiny_flow", "c++", tmp_path)
    assert (folder / "shiny_flow.py").read_text() == "mine"
    assert not (folder / "CMakeLists.txt").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PyscalpError, match="cannot write"):
        new_strategy("shiny_flow", "c++", tmp_path / "file")
    with pytest.raises(PyscalpError, match='no kind "rust"; there are c'):
        new_strategy("shiny_flow", "rust", tmp_path)


def test_the_command(tmp_path: Path) -> None:
    ended = run_command("new-strategy", "shiny_flow", "--kind", "cython", "--into", tmp_path)
    assert ended.status == 0, ended.err
    assert f"cd {tmp_path}/shiny_flow" in ended.out
    assert "python setup.py build_ext --inplace" in ended.out
    ended = run_command("new-strategy", "shiny_two", "--into", tmp_path / "deep", "--json")
    assert json.loads(ended.out) == {
        "directory": str(tmp_path / "deep" / "shiny_two"),
        "commands": ["cmake -B build", "cmake --build build", "python test_shiny_two.py"],
    }
    again = run_command("new-strategy", "shiny_flow", "--into", tmp_path)
    assert again.status == 2
    assert "exists already" in again.words
    help_text = run_command("new-strategy", "--help").out
    assert "Example: pyscalp new-strategy" in help_text
