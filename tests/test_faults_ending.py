"""Signals at any moment, and readers of the output that go away.

Every command here runs in a process of its own. `Command.end` checks what holds for all:
no traceback, and no process left over.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from faults import assert_complete, assert_said, configured, groups
from processes import Command, Ended

from pyscalp.config_values import Endpoint
from pyscalp.errors import (
    EXIT_INTERRUPTED,
    EXIT_NOT_FLAT,
    EXIT_NOT_WRITTEN,
    EXIT_OK,
)

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

# -- signals ----------------------------------------------------------------------------------


def wait_loaded(command: Command) -> None:
    """Until Python has begun to load pyscalp; before that, signals are Python's affair."""
    maps = Path(f"/proc/{command.pid}/maps")
    command.wait_until(lambda: "pydantic_core" in maps.read_text(), "pyscalp was loaded")


def assert_interrupted_well(ended: Ended, out: Path) -> None:
    """Either nothing had begun and nothing is left, or everything is written."""
    if ended.status in (EXIT_INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        assert ended.out == ""
        assert not out.exists()
    else:
        assert_said(ended, EXIT_OK)
        assert_complete(out)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_ctrl_c_at_any_moment(seed: int, tmp_path: Path) -> None:
    """From the first import to the report, once; by every second seed several times."""
    source = random.Random(seed)
    out = tmp_path / "run"
    with Command("run", "--duration", "1s", "--out", out, "--no-live") as command:
        wait_loaded(command)
        for _ in range(1 + 3 * (seed % 2)):
            time.sleep(source.uniform(0, 0.25 * (1 + seed)))
            if command.process.poll() is None:
                command.signal(signal.SIGINT)
        ended = command.end()
    if ended.status == EXIT_NOT_FLAT:  # it was pressed twice: the kill switch
        assert seed % 2
        assert_complete(out)
    else:
        assert_interrupted_well(ended, out)


@pytest.mark.slow
def test_ctrl_c_twice_is_the_kill_switch(tmp_path: Path) -> None:
    """At once, too; here the exchange is stopped meanwhile, so that nothing gets flat."""
    out = tmp_path / "run"
    with Command("run", "--out", out, "--no-live") as command:
        command.wait_trading(out)
        exchange = command.exchange()
        os.kill(exchange, signal.SIGSTOP)
        command.signal(signal.SIGINT)
        time.sleep(0.05)  # of two pending at once the kernel keeps one
        command.signal(signal.SIGINT)
        command.wait_until(lambda: "kill switch: halted" in command.err, "it was halted")
        os.kill(exchange, signal.SIGCONT)
        ended = command.end()
    assert ended.status in (EXIT_OK, EXIT_NOT_FLAT), ended.err
    assert "stopping: cancel, flatten, log out" in ended.err
    summary = assert_complete(out)
    assert summary["state"] == "HALTED"
    assert summary["reconciliation"]["agrees"]
    flat = set(summary["final_positions"].values()) == {0}
    assert ended.status == (EXIT_OK if flat else EXIT_NOT_FLAT)


@pytest.mark.slow
def test_ctrl_c_again_and_again_while_the_report_is_made(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--duration", "1s", "--out", out, "--no-live") as command:
        command.wait_until((out / "summary.json").exists, "it had traded")
        while command.process.poll() is None:
            command.signal(signal.SIGINT)
            time.sleep(0.01)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert "report.html" in ended.out
    assert_complete(out)


@pytest.mark.slow
def test_sigterm_stops_cleanly(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--out", out, "--json") as command:
        command.wait_trading(out)
        command.signal(signal.SIGTERM)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert json.loads(ended.out)["directory"] == str(out)
    summary = assert_complete(out)
    assert set(summary["final_positions"].values()) == {0}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_exchange_that_is_told_to_stop(number: int, tmp_path: Path) -> None:
    endpoints = groups() | {
        "orders": Endpoint("127.0.0.1", 0), "retransmission": Endpoint("127.0.0.1", 0),
    }  # fmt: skip
    path = configured(tmp_path / "a.toml", **endpoints)
    with Command("exchange", path, "--json", "--record", tmp_path / "record.csv") as command:
        command.wait_until(lambda: '"ready"' in command.out, "it was ready")
        command.signal(number)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert json.loads(ended.out.splitlines()[-1])["statistics"]["messages"] > 0


def test_ctrl_c_in_a_replay(tmp_path: Path) -> None:
    day = tmp_path / "day"
    day.write_bytes(_core.simulate_day(1, 3600 * 10**9, ["AMZN", "AAPL", "MSFT", "INTC"]))
    with Command("replay", day, "--out", tmp_path / "run", "--json") as command:
        wait_loaded(command)
        command.wait_until((tmp_path / "run").exists, "it had begun")
        command.signal(signal.SIGINT)
        ended = command.end()
    assert ended.status == EXIT_INTERRUPTED, ended.err
    assert ended.out == ""
    assert not (tmp_path / "run").exists()


# -- a reader that goes away ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "option"), [("stdout", "--no-live"), ("stdout", "--json"), ("both", "--no-live")]
)
def test_a_reader_that_goes_away(what: str, option: str, tmp_path: Path) -> None:
    """As in `pyscalp run | head -1`: the session is whole, and its status its own."""
    out = tmp_path / "run"
    reader, writer = os.pipe()
    pipes = {name: writer for name in ("stdout", "stderr") if what in (name, "both")}
    with Command("run", "--duration", "1s", "--out", out, option, **pipes) as command:
        os.close(writer)
        command.wait_trading(out)
        os.close(reader)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    summary = assert_complete(out)
    assert summary["reconciliation"]["agrees"]
    assert set(summary["final_positions"].values()) == {0}


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_standard_output_on_a_full_disk(options: list[str]) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        Command("economics", *options, stdout=full) as command,
    ):
        ended = command.end()
    assert_said(ended, EXIT_NOT_WRITTEN, "standard output", "No space left on device")


def test_a_log_on_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with (
        Path("/dev/full").open("wb") as full,
        Command("run", "--duration", "1s", "--out", out, "--json", stderr=full) as command,
    ):
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert json.loads(ended.out)["reconciliation"]["agrees"]
    assert_complete(out)
