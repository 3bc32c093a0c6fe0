"""The engine's thread in a running session: its own, without Python and without the heap."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from processes import Command

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

pytestmark = pytest.mark.slow

ENGINE = "pyscalp-engine"
DUMPS = 5


def threads(pid: int) -> dict[int, str]:
    """Thread id to name, as the kernel has them."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        found[int(task.name)] = (task / "comm").read_text().strip()
    return found


def engine_thread(pid: int) -> int:
    found = [thread for thread, name in threads(pid).items() if name == ENGINE]
    assert len(found) == 1, threads(pid)
    return found[0]


def busy_ticks(pid: int, thread: int) -> int:
    """Processor time of a thread so far, in the kernel's ticks."""
    fields = Path(f"/proc/{pid}/task/{thread}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def dump(pid: int) -> list[dict[str, Any]]:
    """Every Python thread of a process and its frames, by py-spy."""
    beside = Path(sys.executable).with_name("py-spy")
    command = str(beside) if beside.exists() else shutil.which("py-spy")
    if command is None:
        pytest.skip("py-spy is not installed: pip install '.[test]'")
    done = subprocess.run(
        [command, "dump", "--json", "--pid", str(pid)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and (
        "ermission" in done.stderr or "not permitted" in done.stderr or "ptrace" in done.stderr
    ):
        pytest.skip(f"py-spy may not look into processes here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_no_python_frame_on_the_engines_thread(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--out", out, "--no-live") as command:
        command.wait_trading(out)
        engine = engine_thread(command.pid)
        before = busy_ticks(command.pid, engine)
        for _ in range(DUMPS):
            seen = dump(command.pid)
            # The dump is one of this process in mid-session: its main thread minds it.
            (main,) = (thread for thread in seen if thread["os_thread_id"] == command.pid)
            assert any(frame["filename"].endswith("run.py") for frame in main["frames"])
            frames = [t["frames"] for t in seen if t["os_thread_id"] == engine]
            assert not any(frames)
            time.sleep(0.2)
        assert engine_thread(command.pid) == engine
        assert busy_ticks(command.pid, engine) > before
        command.signal(signal.SIGINT)
        ended = command.end()
    assert ended.status == 0, ended.err
    summary = json.loads((out / "summary.json").read_text())
    assert summary["engine"]["orders_sent"] > 0
    assert summary["allocations"] == 0
