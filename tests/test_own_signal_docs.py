"""Every sample of docs/own_signal.md runs as it stands, in one folder, in its order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from pyscalp import Config, get_include
from pyscalp.signals import load, rehearse

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "own_signal.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?://|#) (\w+\.\w+)\n")


def ran(command: list[str], folder: Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pyscalp.signals.PythonSignalWarning")
def test_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files, told = [], []
    for language, text in BLOCKS:
        if named := FILE.match(text):
            files.append(named[1])
            (tmp_path / named[1]).write_text(text)
        elif language == "bash":
            for line in text.splitlines():
                ran(["bash", "-c", line], tmp_path)
        elif language == "python":
            told = ran([sys.executable, "-c", text], tmp_path).splitlines()
        elif language == "toml":
            included = Config.included().to_toml()
            start, end = included.index("[signals.user]"), included.index("[combination]")
            config = Config.loads(included[:start] + text + "\n" + included[end:])
            result = rehearse(config, duration="1m")
            assert result.summary["user_signal"]["calls"] > 1000
        else:
            pytest.fail(f"a sample in {language} that nobody runs")
    assert files == ["lean.cpp", "lean_cython.pyx", "lean_numba.py", "lean_python.py"]
    assert len(told) == 3
    for line in told:
        assert int(line.split()[-1]) > 0, line

    packages = str(Path(get_include()).parents[1])
    ran(["cython", "-I", packages, "lean_cython.pyx"], tmp_path)
    flags = [f"-I{sysconfig.get_path('include')}", f"-I{get_include()}"]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    ran(
        ["cc", "-O2", "-shared", "-fPIC", *flags, "lean_cython.c", "-o", f"lean_cython{suffix}"],
        tmp_path,
    )
    assert load("lean_cython:signal").kind == "Cython"
    assert rehearse(signal="lean_cython:signal", duration="1m").summary["fills"] > 0


def test_its_links() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / name).is_file(), name
    assert (ROOT / "bench" / "own_signal.py").is_file()
