"""Every sample of the README runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyscalp import _core

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with the recorded day that the samples speak of."""
    day = _core.simulate_day(seed=3, duration_ns=10 * 60 * 10**9, symbols=["AMZN", "AAPL"])
    (tmp_path / "day.itch50").write_bytes(day)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.mark.slow
def test_commands(folder: Path) -> None:
    commands = [line for block in blocks("bash") for line in block.splitlines() if line]
    assert len(commands) >= 4
    for command in commands:
        name, *arguments = command.split()
        assert name == "pyscalp"
        done = subprocess.run(
            [sys.executable, "-m", "pyscalp", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (command, done.stderr)


def test_python(folder: Path) -> None:
    samples = blocks("python")
    assert len(samples) == 2
    for sample in samples:
        done = subprocess.run(
            [sys.executable, "-c", sample], cwd=folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split()[0].isdecimal()


def test_files_it_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / name).is_file(), name
    for name in (
        "tools/demo",
        "tools/test",
        "bench/replay_speed.py",
        "examples/paper.toml",
        "examples/amzn_replay.toml",
        "examples/binance_paper.toml",
        "examples/binance_testnet.toml",
    ):
        assert name in README
        assert (ROOT / name).is_file(), name
