"""``pyscalp`` in processes of its own: started, watched, and gone when a test is over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import pytest

MARK = "PYSCALP_TEST_PROCESS"


class Ended(NamedTuple):
    """How a command went."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Standard error with every run of white space as one blank."""
        return " ".join(self.err.split())


class Command:
    """One ``pyscalp`` and whatever it starts; as a context manager it outlives no test.

    `inside` is a command that it is an argument of, such as ``unshare``. Its output goes
    to files, so that it never waits for us. Every process that descends
    from it carries a mark in its environment, by which those left over are found.
    """

    def __init__(
        self,
        *arguments: str | Path,
        stdout: IO[bytes] | int | None = None,
        stderr: IO[bytes] | int | None = None,
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
        inside: Sequence[str] = (),
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*inside, sys.executable, "-m", "pyscalp", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=self._out if stdout is None else stdout,
            stderr=self._err if stderr is None else stderr,
            cwd=cwd,
            env=os.environ | {MARK: self._mark, "COLUMNS": "200"} | (environment or {}),
            start_new_session=True,
        )

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._out.close()
        self._err.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def out(self) -> str:
        """Standard output so far."""
        return _text(self._out)

    @property
    def err(self) -> str:
        """Standard error so far."""
        return _text(self._err)

    def processes(self) -> list[int]:
        """Every living process of this command, itself included."""
        entry = f"{MARK}={self._mark}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                environment = (folder / "environ").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state != "Z" and entry in environment.split(b"\0"):
                found.append(int(folder.name))
        return found

    def exchange(self) -> int:
        """The process of the exchange that this `pyscalp run` has started."""
        found = [
            pid
            for pid in self.processes()
            if b"exchange" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        ]
        assert len(found) == 1, found
        return found[0]

    def signal(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def wait_until(self, done: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
        """Until `done`, which must come about while the command runs."""
        until = time.monotonic() + within_s
        while not done():
            if self.process.poll() is not None and not done():
                pytest.fail(f"it ended before {what}:\n{self.out}{self.err}")
            if time.monotonic() > until:
                pytest.fail(f"not within {within_s:.0f} s: {what}\n{self.out}{self.err}")
            time.sleep(0.02)

    def wait_for(self, path: Path, text: str) -> None:
        """Until the file is there and holds `text`."""
        self.wait_until(
            lambda: path.exists() and text in path.read_text(errors="replace"),
            f"{path} held {text!r}",
        )

    def wait_trading(self, out: Path) -> None:
        """Until an exchange of its own has booked an order of a run in `out`."""
        self.wait_for(out / "exchange" / "record.csv", ",accepted,1,")

    def end(self, within_s: float = 90.0) -> Ended:
        """Wait for its end; it leaves no process behind and never shows a traceback."""
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"not ended within {within_s:.0f} s:\n{self.out}{self.err}")
        ended = Ended(status, self.out, self.err)
        assert "Traceback" not in ended.out + ended.err, ended.err
        # An exchange whose parent was killed notices it by the end of its input.
        until = time.monotonic() + 15.0
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        assert not left, f"processes left over: {left}"
        return ended


def run_command(*arguments: str | Path, cwd: Path | None = None) -> Ended:
    """Run a command to its end."""
    with Command(*arguments, cwd=cwd) as command:
        return command.end()


def _text(file: IO[bytes]) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode("utf-8", "replace")
