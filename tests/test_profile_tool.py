"""``tools/profile`` and the flame graph that it draws."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "profile"
sys.path.insert(0, str(ROOT / "tools"))

from flame_graph import fold_perf, read_folded, svg  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
BUSY = "import time\nuntil = time.monotonic() + {}\nwhile time.monotonic() < until:\n    pass\n"


def frames(drawing: str) -> dict[str, tuple[float, float]]:
    """Left edge and width by name; it must be sound XML."""
    found = {}
    for group in ElementTree.fromstring(drawing).iter(f"{SVG}g"):
        text = group.find(f"{SVG}text")
        if text is not None:
            at = float(group.attrib["data-x"]), float(group.attrib["data-w"])
            found[text.attrib["data-n"]] = at
    return found


# -- folding and drawing -------------------------------------------------------------------


def test_widths_are_shares_of_the_samples() -> None:
    drawn = frames(svg(Counter({"a;b": 3, "a;c": 1, "d": 4}), "title"))
    assert drawn["all"] == (0, 1200)
    assert drawn["a"] == (0, 600)
    assert drawn["b"] == (0, 450)
    assert drawn["c"] == (450, 150)
    assert drawn["d"] == (600, 600)


def test_names_are_text_and_not_markup() -> None:
    name = 'f<std::vector<int>>(char&, "x")'
    drawing = svg(Counter({name: 1}), "a < b & c")
    assert name in frames(drawing)
    assert "a &lt; b &amp; c: 1 samples" in drawing


def test_what_is_too_narrow_is_not_drawn() -> None:
    drawn = frames(svg(Counter({"wide": 1_000_000, "narrow": 1}), "t"))
    assert set(drawn) == {"all", "wide"}


def test_a_deep_stack_is_drawn() -> None:
    drawn = frames(svg(Counter({";".join(f"f{i}" for i in range(5_000)): 1}), "t"))
    assert "f200" in drawn


def test_no_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="no sample"):
        svg(Counter(), "t")


def test_folded_lines() -> None:
    text = "main (a.py:1);work 3\nmain (a.py:1);work 2\nno count\n\nother 1\n"
    assert read_folded(text) == {"main (a.py:1);work": 5, "other": 1}


PERF = """\
pyscalp-engine  4242
\t    7f01 pyscalp::risk::Gate::check+0x1f (/x/_core.so)
\t    7f02 [unknown] (/usr/lib/libfoo.so.6)
\t    7f03 start_thread (/usr/lib/libc.so.6)

my thread: 2 4243
\tffff81 a;b ([kernel.kallsyms])
\t    7f04 [unknown] ([unknown])

pyscalp-engine  4242
\t    7f01 pyscalp::risk::Gate::check+0x22 (/x/_core.so)
\t    7f02 [unknown] (/usr/lib/libfoo.so.6)
\t    7f03 start_thread (/usr/lib/libc.so.6)"""


def test_perf_samples_are_folded_from_the_outermost() -> None:
    assert fold_perf(PERF.splitlines()) == {
        "pyscalp-engine;start_thread;[libfoo.so.6];pyscalp::risk::Gate::check": 2,
        "my thread: 2;[unknown];a:b": 1,
    }


# -- the tool ------------------------------------------------------------------------------


def tool(*arguments: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({} if path is None else {"PATH": path})
    done = subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


def test_help_has_examples() -> None:
    done = tool("--help")
    assert done.returncode == 0
    assert "tools/profile -- pyscalp replay day.itch50" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either a command behind -- or --pid"),
        (("--pid", 1, "--", "true"), "give either a command behind -- or --pid"),
        (("--seconds", 0, "--", "true"), "--seconds must be more than 0"),
        (("--rate", 0, "--", "true"), "--rate must be 1 to 10000"),
        (("--with", "perf", "--", "no-such-program"), "there is no program no-such-program"),
        (("--with", "perf", "--pid", 2**22 + 1), "there is no process 4194305"),
        (("--with", "perf", "--out", "no/x.svg", "--", "true"), "cannot write no/x.svg"),
    ],
)
def test_mistakes_are_one_line_and_status_2(arguments: tuple[object, ...], said: str) -> None:
    if "perf" in arguments and not shutil.which("perf"):
        pytest.skip("needs perf")
    done = tool(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tools/profile: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_perf_is_named_with_its_package(tmp_path: Path) -> None:
    done = tool("--with", "perf", "--", "true", path=str(tmp_path))
    assert done.returncode == 2
    assert "perf is missing: apt-get install linux-perf" in done.stderr


def usable(name: str) -> bool:
    """Whether the profiler is here and the kernel lets us watch a process of our own."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        return False
    if name == "perf":
        line = [found, "record", "-o", "/dev/null", "--", "true"]
    else:
        code = BUSY.format(0.3)
        line = [found, "record", "-f", "raw", "-o", os.devnull, "--", sys.executable, "-c", code]
    return subprocess.run(line, capture_output=True).returncode == 0


profilers = pytest.mark.parametrize("name", ["py-spy", "perf"])


def needs(name: str) -> None:
    if not usable(name):
        pytest.skip(f"needs {name} and the right to use it")


@pytest.mark.slow
@profilers
def test_a_command_and_its_children_are_drawn(name: str, tmp_path: Path) -> None:
    needs(name)
    out = tmp_path / "out.svg"
    child = tmp_path / "child.py"
    child.write_text("def in_the_child():\n    " + BUSY.format(1).replace("\n", "\n    ").strip())
    child.write_text(child.read_text() + "\n\nin_the_child()\n")
    code = (
        f"import subprocess, sys; print('hello'); subprocess.run([sys.executable, {str(child)!r}])"
    )
    done = tool("--with", name, "--out", out, "--", sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout
    assert f"samples in {out}" in done.stderr
    names = "\n".join(frames(out.read_text()))
    assert ("in_the_child" if name == "py-spy" else "PyEval") in names


@pytest.mark.slow
@profilers
def test_a_process_that_runs_already_goes_on(name: str, tmp_path: Path) -> None:
    needs(name)
    out = tmp_path / "out.svg"
    with subprocess.Popen([sys.executable, "-c", BUSY.format(60)]) as watched:
        time.sleep(0.5)  # until it is a Python that can be looked into
        done = tool("--with", name, "--seconds", 1, "--pid", watched.pid, "--out", out)
        assert watched.poll() is None
        watched.kill()
    assert done.returncode == 0, done.stderr
    assert len(frames(out.read_text())) > 2


@pytest.mark.slow
@profilers
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, None])
def test_an_interrupted_command_ends_cleanly_and_is_drawn(
    name: str, how: signal.Signals | None, tmp_path: Path
) -> None:
    needs(name)
    out, said = tmp_path / "out.svg", tmp_path / "said"
    code = (
        "import pathlib, sys\nsaid = pathlib.Path(sys.argv[1])\ntry:\n    said.write_text('busy')\n"
        "    while True:\n        pass\nexcept KeyboardInterrupt:\n    said.write_text('cleanly')\n"
    )
    options = ["--with", name, "--out", out, *(["--seconds", "2"] if how is None else [])]
    command = [sys.executable, TOOL, *options, "--", sys.executable, "-c", code, said]
    with subprocess.Popen(
        [*map(str, command)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 20
        while not said.exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        if how is not None:
            process.send_signal(how)
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors
    assert said.read_text() == "cleanly"
    assert len(frames(out.read_text())) > 2
