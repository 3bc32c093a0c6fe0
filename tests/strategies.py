"""Projects of ``pyscalp new-strategy``, built as their README says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from pyscalp.new_strategy import new_strategy


def readme_commands(folder: Path) -> list[str]:
    """The lines of its one block of commands."""
    (block,) = re.findall(r"^```bash\n(.*?)^```", (folder / "README.md").read_text(), re.M | re.S)
    return [line for line in block.splitlines() if line]


def typed(command: str, folder: Path, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder as in an activated environment."""
    words = shlex.split(command)
    if words[0] == "python":
        words[0] = sys.executable
    elif words[0] == "pyscalp":
        words[:1] = [sys.executable, "-m", "pyscalp"]
    beside = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": os.pathsep.join([beside, os.environ["PATH"]]),
        "VIRTUAL_ENV": sys.prefix,
        "COLUMNS": "200",
    }
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout_s
    )


def built(name: str, kind: str, into: Path) -> Path:
    """A project whose signal is there."""
    folder, commands = new_strategy(name, kind, into)
    for command in commands[:-1]:
        done = typed(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return folder
