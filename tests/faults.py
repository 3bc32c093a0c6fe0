"""What the tests of faults have in common."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from processes import Ended

from pyscalp.config import Config
from pyscalp.config_values import Endpoint
from pyscalp.run_directory import RunDirectory

WRITTEN = {
    "config.toml", "exchange", "fills.parquet", "journal", "latency.hdr", "report.html",
    "samples.parquet", "summary.json", "trades.parquet",
}  # fmt: skip
"""What a run directory holds once there was trading."""


def assert_said(ended: Ended, status: int, *words: str) -> None:
    """It ended as it should, with a short message that holds these words."""
    assert ended.status == status, ended.err
    for word in words:
        assert word in ended.words
    assert "unexpected fault" not in ended.err


def assert_complete(folder: Path) -> dict[str, Any]:
    """Everything is there and can be read; the summary."""
    assert {entry.name for entry in folder.iterdir()} == WRITTEN
    run = RunDirectory.open(folder).read()
    assert run.fills.height == run.summary["fills"]
    assert run.trades.height == run.summary["round_trips"]
    assert (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    return run.summary


def configured(path: Path, **venue: object) -> Path:
    """The included configuration with other endpoints, as a file."""
    path.write_text(Config.included().replace("venue", **venue).to_toml())
    return path


def groups() -> dict[str, Endpoint]:
    """Two multicast groups that nobody else is likely to use, with free ports."""
    number = random.SystemRandom().randrange(20, 250)
    return {
        "feed_a": Endpoint(f"239.254.{number}.1", 0),
        "feed_b": Endpoint(f"239.254.{number}.2", 0),
    }
