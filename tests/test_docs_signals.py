"""Every sample of docs/signals.md and docs/tactics.md runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyscalp import Config, _core

ROOT = Path(__file__).resolve().parents[1]
PAGE = "\n".join(
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("signals.md", "tactics.md")
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("sample", blocks("python"))
def test_python(sample: str, tmp_path: Path) -> None:
    day = _core.simulate_day(seed=3, duration_ns=10 * 60 * 10**9, symbols=["AMZN", "AAPL"])
    (tmp_path / "day.itch50").write_bytes(day)
    done = subprocess.run(
        [sys.executable, "-c", sample], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("sample", blocks("toml"))
def test_configuration(sample: str) -> None:
    """Each is a section that fits the rest of a configuration."""
    text = Config.included().to_toml()
    for section in re.findall(r"^\[[\w.]+\]", sample, flags=re.MULTILINE):
        text = re.sub(rf"^{re.escape(section)}\n(?:[^\[\n].*\n|\n)*", "", text, flags=re.MULTILINE)
    assert Config.loads(text + sample) != Config.included()


def test_there_are_samples() -> None:
    assert len(blocks("python")) >= 2
    assert len(blocks("toml")) >= 1


def test_files_it_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / name).is_file(), name
