"""docs/economics.md: every sample runs as it stands, and the picture is the calculator's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyscalp import Config, _core, fees
from pyscalp.config_problems import tomllib

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "economics.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with the recorded day that the samples speak of."""
    path = tmp_path_factory.mktemp("samples")
    day = _core.simulate_day(seed=3, duration_ns=10 * 60 * 10**9, symbols=["AMZN", "AAPL"])
    (path / "day.itch50").write_bytes(day)
    return path


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=120,
        env={"COLUMNS": "100", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def commands() -> Iterator[list[str]]:
    for block in blocks("bash"):
        for line in filter(None, block.splitlines()):
            yield line.split()


@pytest.mark.slow
def test_commands(folder: Path) -> None:
    given = list(commands())
    assert len(given) >= 8
    for name, *arguments in given:
        assert name == "pyscalp"
        run(folder, "-m", "pyscalp", *arguments)


def test_the_example_is_what_the_command_prints(folder: Path) -> None:
    (shown,) = blocks("text")
    printed = run(folder, "-m", "pyscalp", "economics").splitlines()
    assert [line.rstrip() for line in printed][: len(shown.splitlines())] == shown.splitlines()


def test_python(folder: Path) -> None:
    samples = blocks("python")
    assert len(samples) == 2
    assert run(folder, "-c", samples[0]) == ""
    assert run(folder, "-c", samples[1]).split()[0].isdecimal()


def test_toml(tmp_path: Path) -> None:
    configuration, own = blocks("toml")
    found = Config.included().replace("fees", **tomllib.loads(configuration)["fees"])
    assert found.fees.maker_per_share == fees.load("nasdaq").tier("add_0.25").maker_per_share
    (tmp_path / "own.toml").write_text(own)
    assert fees.load(tmp_path / "own.toml").tier_for(2_000_000).name == "large"


def test_the_picture_is_what_the_tool_draws(tmp_path: Path) -> None:
    run(tmp_path, str(ROOT / "tools" / "economics_plot.py"), "drawn.svg")
    assert (tmp_path / "drawn.svg").read_text() == (ROOT / "docs" / "economics.svg").read_text()


def test_files_it_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / name).exists(), name
