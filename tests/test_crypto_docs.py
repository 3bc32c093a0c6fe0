"""docs/crypto.md: every sample runs as it stands, and the examples are configurations."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyscalp.config import Config

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "crypto.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def ran(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not _core.has_binance, reason="built without simdjson")
def test_commands(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (command,) = [line for block in blocks("bash") for line in block.splitlines() if line]
    name, *arguments = command.split()
    assert name == "pyscalp"
    ran("-m", "pyscalp", *arguments, cwd=tmp_path)
    assert (tmp_path / "runs" / "crypto" / "report.html").is_file()


def test_python(tmp_path: Path) -> None:
    (sample,) = blocks("python")
    assert "connection refused" in ran("-c", sample, cwd=tmp_path)


def test_the_example_for_the_test_network_is_labelled_and_whole() -> None:
    text = (ROOT / "examples" / "binance_testnet.toml").read_text(encoding="utf-8")
    assert "UNTESTED" in text
    config = Config.loads(text)
    assert config.binance.named
    assert config.venue.crypto


def test_the_page_names_every_key_of_the_section() -> None:
    assert "never been run against it" in PAGE
    for key in ("key_file", "key", "order_path"):
        assert key in PAGE
