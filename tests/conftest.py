"""What the Python tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of recorded market days that PYSCALP_DATA names."""
    name = os.environ.get("PYSCALP_DATA")
    if not name:
        pytest.skip("PYSCALP_DATA is not set: no recorded market data to test against")
    folder = Path(name)
    if not folder.is_dir():
        pytest.fail(f"PYSCALP_DATA names {name}, which is no folder")
    return folder
