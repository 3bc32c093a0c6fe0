"""Every sample of docs/ticks.md runs as it stands, and so does the program it speaks of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ticks import write_ticks

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "ticks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def columns(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small days under the names that the samples use."""
    for symbol in ("aig", "bac"):
        for day in ("20131007", "20131008"):
            write_ticks(tmp_path / "equity_ticks" / symbol, symbol=symbol, day=day)
    write_ticks(tmp_path / "equity_ticks" / "spy", quotes=None, symbol="spy")
    return tmp_path


def ran(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def test_commands(folder: Path) -> None:
    commands = [line for block in blocks("bash") for line in block.splitlines() if line]
    assert len(commands) == 4
    for command in commands:
        name, *arguments = command.split()
        assert name == "pyscalp"
        ran("-m", "pyscalp", *arguments, cwd=folder)
    assert (folder / "runs" / "ticks" / "report.html").is_file()


def test_python(folder: Path) -> None:
    (sample,) = blocks("python")
    assert ran("-c", sample, cwd=folder).split() == ["2", "AIG", "lean"]


def test_the_days_of_a_folder(folder: Path, tmp_path: Path) -> None:
    program = str(ROOT / "bench" / "equity_days.py")
    table = ran(program, "equity_ticks", "--out", "reports", cwd=folder).splitlines()
    replays = {("2013-10-07", "AIG"), ("2013-10-07", "BAC"), ("2013-10-07", "AIG BAC")}
    replays |= {("2013-10-08", symbols) for _, symbols in replays}
    cells = [columns(row) for row in table]
    assert {(row[0], row[1]) for row in cells[2:]} == replays
    heads = [columns(row) for row in PAGE.splitlines() if row.startswith("| day ")]
    assert heads == [cells[0]] * 2
    for row in cells[2:]:
        assert row[2:4] == ["all", "0"], "so small a day has no trade"
    assert len(list((tmp_path / "reports").glob("*/report.html"))) == len(replays)
    each = ran(program, "equity_ticks", "--signals", "each", cwd=folder).splitlines()
    assert {tuple(columns(row)[1:4]) for row in each[2:]} == {
        (symbol, signal, "0")
        for symbol in ("AIG", "BAC")
        for signal in ("mean reversion", "book imbalance", "momentum", "iceberg", "all")
    }
    runs = json.loads(ran(program, "equity_ticks", "--json", cwd=folder))["runs"]
    assert [run["ticks"]["AIG"]["quotes"] for run in runs if "AIG" in run["symbols"]] == [4] * 4
