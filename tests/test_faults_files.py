"""Wrong configurations, files that are no day, folders and disks that cannot be written.

Every command here runs in a process of its own. `Command.end` checks what holds for all:
no traceback, and no process left over.
"""

from __future__ import annotations

import contextlib
import lzma
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults import assert_said
from processes import Command, run_command

from pyscalp.config import Config
from pyscalp.errors import (
    EXIT_NOT_WRITTEN,
    EXIT_OK,
    EXIT_USER,
)

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

# -- wrong configuration ------------------------------------------------------------------


def test_every_mistake_of_a_configuration_is_named_with_its_line(tmp_path: Path) -> None:
    lines = """
[session]
seed = "one"
[exchange]
driver = "agent"
speed = -1
[tactics]
hold_limit = "90s"
sytle = "maker"
[signals.mean_reversion]
bars = 513
[[instruments]]
symbol = "amzn"
[risk]
aum = 0
price_collar = "1%"
stale_after = 300
""".strip().split("\n")
    path = tmp_path / "a.toml"
    path.write_text("\n".join(lines))
    ended = run_command("run", path, "--out", tmp_path / "run")
    assert_said(ended, EXIT_USER)
    assert ended.out == ""
    said = dict(re.findall(r"^  line (\d+): ([\w.]+):", ended.err, re.MULTILINE))
    for mistake in (
        "seed",
        "driver",
        "speed",
        "hold_limit",
        "sytle",
        "bars",
        "symbol",
        "aum",
        "stale",
    ):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(mistake))
        assert said[str(number)].rpartition(".")[2].startswith(mistake)
    for missing in ("max_position", "drawdown", "rate_limit"):
        assert f"risk.{missing}: is missing" in ended.err
    assert int(ended.err.split(maxsplit=1)[0]) == len(re.findall(r"^  line", ended.err, re.M))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["run", "exchange"])
def test_bad_syntax(command: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[risk\naum = "1"\n')
    assert_said(run_command(command, path), EXIT_USER, "line 1", "not TOML")


# -- files that are no recorded day ---------------------------------------------------------


def a_day() -> bytes:
    day: bytes = _core.simulate_day(1, 5 * 10**9, ["AMZN"])
    return day


def whole_messages(day: bytes, count: int) -> int:
    """Where that many messages end."""
    at = 0
    for _ in range(count):
        at += 2 + int.from_bytes(day[at : at + 2], "big")
    return at


def cut_in_a_message(path: Path) -> None:
    path.write_bytes(a_day()[: whole_messages(a_day(), 100) + 5])


def damaged_inside(path: Path) -> None:
    day = bytearray(a_day())
    day[whole_messages(bytes(day), 100) + 1] ^= 1
    path.write_bytes(day)


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "No such file or directory"),
    "folder": (lambda path: path.mkdir(), "holds no ticks"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("time,price\n" * 50), "is not a recorded ITCH 5.0 day"),
    "noise": (lambda path: path.write_bytes(random.Random(1).randbytes(9999)), "is not a recorded"),
    "capture": (lambda path: path.write_bytes(b"\xd4\xc3\xb2\xa1" * 99), "is a packet capture"),
    "cut": (cut_in_a_message, "is cut inside a message at byte"),
    "cut-xz": (
        lambda path: path.write_bytes(lzma.compress(a_day())[:-100]),
        "is cut: its compressed data ends early",
    ),
    "xz-of-nothing": (lambda path: path.write_bytes(lzma.compress(b"")), "unpacks to nothing"),
    "damaged": (damaged_inside, "is damaged at byte"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_replay_of_what_is_no_day(kind: str, tmp_path: Path) -> None:
    make, words = BAD_FILES[kind]
    make(tmp_path / "day")
    ended = run_command("replay", tmp_path / "day", "--out", tmp_path / "run", "--json")
    assert_said(ended, EXIT_USER, str(tmp_path / "day"), words)
    assert ended.out == ""
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["missing", "empty", "cut"])
def test_a_run_on_what_is_no_day(kind: str, tmp_path: Path) -> None:
    make, words = BAD_FILES[kind]
    make(tmp_path / "day")
    path = tmp_path / "a.toml"
    section = {"driver": "replay", "file": str(tmp_path / "day")}
    path.write_text(Config.included().replace("exchange", **section).to_toml())
    ended = run_command("run", path, "--out", tmp_path / "run")
    assert_said(ended, EXIT_USER, "the included exchange did not start", words)
    assert not (tmp_path / "run").exists()


def test_a_whole_small_day_is_fine(tmp_path: Path) -> None:
    """The canary: what the tests above cut and damage is a day that plays."""
    (tmp_path / "day").write_bytes(a_day())
    assert_said(run_command("replay", tmp_path / "day"), EXIT_OK)


# -- run directories ------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, where this user may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "pyscalp-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command: a full disk cannot be had")
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted by this user: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_run_directory_that_is_a_file_or_holds_something(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ended = run_command("run", "--out", tmp_path / "file")
    assert_said(ended, EXIT_USER, "cannot write to the run directory", "--out")
    ended = run_command("run", "--out", tmp_path / "file" / "below")
    assert_said(ended, EXIT_USER, "cannot write to the run directory", "Not a directory")
    ended = run_command("run", "--out", tmp_path)
    assert_said(ended, EXIT_USER, "is not empty")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_directory_that_cannot_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "ro,size=100m") as disk:
        for command in (("run",), ("replay", tmp_path / "day")):
            ended = run_command(*command, "--out", disk / "run")
            assert_said(ended, EXIT_USER, "cannot write to the run directory", "Read-only")


def test_a_disk_too_small_to_begin(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        ended = run_command("run", "--out", disk / "run")
        assert_said(ended, EXIT_USER, "MiB are free", "a run needs 64")
        assert list(disk.iterdir()) == []


@pytest.mark.slow
def test_a_disk_that_fills_up_in_mid_session(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=80m") as disk:
        out = disk / "run"
        with Command("run", "--out", out) as command:
            command.wait_trading(out)
            with contextlib.suppress(OSError), (disk / "full").open("wb") as file:
                while True:
                    file.write(bytes(1 << 16))
            ended = command.end()
    assert_said(ended, EXIT_NOT_WRITTEN, "No space left on device", "summary.json")
