"""Every sample of docs/recording.md runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from crypto_client import configuration

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def ran(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With all that the page's commands write."""
    made = tmp_path_factory.mktemp("recording")
    (made / "venue.toml").write_text(configuration(made, "binance-usdm"))
    commands = [line for block in blocks("bash") for line in block.splitlines() if line]
    assert len(commands) == 2
    for command in commands:
        name, *arguments = command.split()
        assert name == "pyscalp"
        ran("-m", "pyscalp", *arguments, cwd=made)
    return made


def test_commands(folder: Path) -> None:
    assert len((folder / "few.txt").read_text().splitlines()) == 100
    for name in ("btcusdt.gz", "few.txt"):
        assert (folder / f"{name}.json").is_file()


def test_python(folder: Path) -> None:
    (sample,) = blocks("python")
    assert ran("-c", sample, cwd=folder).split() == ["binance", "True", "True"]
