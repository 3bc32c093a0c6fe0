"""The committed stubs of the compiled module are those it has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

STUBS = Path(__file__).resolve().parents[1] / "tools" / "stubs"


def test_stubs_are_up_to_date() -> None:
    result = subprocess.run(
        [sys.executable, STUBS, "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, (
        f"{result.stdout}{result.stderr}\nrun tools/stubs and commit pyscalp/_core.pyi"
    )
