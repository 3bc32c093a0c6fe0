"""The command ``pyscalp bench micro``: what it builds, measures and refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

from processes import Command

from pyscalp import bench_micro, cli
from pyscalp.errors import PyscalpError

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "build" / "test" / "bench" / "micro_bench"

needs_program = pytest.mark.skipif(
    not BUILT.is_file(), reason="micro_bench is not built: cmake --build --preset test"
)


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = cli.status_of(["bench", "micro", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


def nothing(text: str, done: int, total: int) -> None:
    """Nobody is told."""


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@needs_program
def test_every_piece_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--rounds", 2, "--min-time", 0.001, "--program", BUILT, "--json")
    status, out, err = call(capsys, *options)
    assert (status, err) == (0, "")
    result = json.loads(out)
    names = [*(row["name"] for row in result["rows"]), *result["left_out"]]
    assert list(dict.fromkeys(name.split("/")[0] for name in names)) == list(bench_micro.GROUPS)
    for row in result["rows"]:
        assert len(row["ns_rounds"]) == result["rounds"] == 2
        assert 0 < row["ns_min"] <= row["ns_median"] <= row["ns_max"]
    lacking = ("needs two cores", "needs PYSCALP_DATA", "needs simdjson")
    assert all(why.startswith(lacking) for why in result["left_out"].values())
    assert result["compiler"].split()[0] in ("g++", "clang")


@needs_program
def test_the_table_fits_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    options = ("--rounds", 1, "--min-time", 0.001, "--program", BUILT, "--only", "gate, encode")
    status, out, err = call(capsys, *options)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    # Every row on a line of its own, with its four figures.
    rows = [line for line in lines if re.match(r"(gate|encode)/", line)]
    assert len(rows) >= 8
    assert all(re.search(r"(\s+[\d,]+\.\d\d){3}\s+\d+\.\d%\s*$", line) for line in rows)
    assert not any(line.startswith("decode") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "gate,fate"], 'nothing is called "fate"; there are decode, book'),
        (["--only", ""], 'nothing is called ""'),
        (["--rounds", 0], "--rounds"),
        (["--min-time", 0], "above 0 to 60 seconds"),
        (["--min-time", "nan"], "above 0 to 60 seconds"),
        (["--program", "/bin/true"], "/bin/true is no micro_bench"),
        (["--program", "/bin/false"], "/bin/false failed: status 1"),
        (["--program", "nowhere"], "cannot run nowhere: No such file"),
        (["--program", "."], "cannot run .: Permission denied"),
    ],
)
def test_mistakes_are_told(
    capsys: pytest.CaptureFixture[str], arguments: list[object], said: str
) -> None:
    status, out, err = call(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())


def program_that_says(path: Path, *benchmarks: dict[str, Any]) -> Path:
    about = {"family_index": 0, "per_family_instance_index": 0}
    rows = [{**about, "cpu_time": 1.0, "real_time": 1.0, **one} for one in benchmarks]
    text = json.dumps({"context": {"compiler": "c"}, "benchmarks": rows})
    return script(path, f"cat <<'END'\n{text}\nEND")


def test_a_wrong_answer_is_no_figure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong = {"name": "gate/accepted", "error_occurred": True, "error_message": "stale_price"}
    program = program_that_says(tmp_path / "p", {"name": "gate/cancel"}, wrong)
    status, out, err = call(capsys, "--rounds", 1, "--program", program)
    assert (status, out) == (2, "")
    assert "gate/accepted: stale_price; nothing is measured" in err


def test_what_this_machine_lacks_is_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lacking = {"name": "ring/round", "error_occurred": True, "error_message": "needs two cores"}
    program = program_that_says(tmp_path / "p", {"name": "ring/push"}, lacking)
    status, out, _ = call(capsys, "--rounds", 1, "--program", program)
    assert status == 0
    assert "ring/round left out: needs two cores" in out
    assert re.search(r"^ring/push .*1\.00", out, re.MULTILINE)


def test_outside_a_checkout_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_micro, "source_root", lambda: None)
    status, out, err = call(capsys)
    assert (status, out) == (2, "")
    assert "run tools/setup in one, or give --program" in " ".join(err.split())


@pytest.mark.parametrize("missing", ["cmake", "ninja"])
def test_a_missing_build_tool_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(
        bench_micro, "_tool", lambda name: None if name == missing else f"/bin/{name}"
    )
    status, _, err = call(capsys)
    assert status == 2
    assert err == f"{missing} is missing: pip install {missing}\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources in another folder, so that a build leaves this checkout's alone."""
    if bench_micro._tool("cmake") is None or bench_micro._tool("ninja") is None:
        pytest.skip("needs cmake and ninja")
    for name in ("cpp", "bench", "cmake", "pyscalp/include"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("CMakeLists.txt", "CMakePresets.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(bench_micro, "source_root", lambda: tmp_path)
    return tmp_path


def test_a_missing_library_is_named(checkout: Path) -> None:
    without = "-DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON"
    with pytest.raises(PyscalpError) as raised:
        bench_micro.build_program(nothing, [without])
    said = "Google Benchmark is missing (Debian: libbenchmark-dev)"
    assert str(raised.value) == said


def test_a_missing_compiler_is_told_in_a_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(PyscalpError, match=r"cannot be built: .*no-such-compiler") as raised:
        bench_micro.build_program(nothing)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
@needs_program
def test_it_builds_the_program_and_says_what_the_compiler_said(checkout: Path) -> None:
    program = bench_micro.build_program(nothing)
    assert program == checkout / "build" / "bench" / "bench" / "micro_bench"
    assert os.access(program, os.X_OK)
    with (checkout / "bench" / "micro_gate.cpp").open("a") as source:
        source.write("int broken = no_such_name;\n")
    with pytest.raises(PyscalpError, match=r"micro_gate\.cpp.*error: .*no_such_name"):
        bench_micro.build_program(nothing)


@needs_program
def test_ctrl_c_ends_it_and_saves_nothing(tmp_path: Path) -> None:
    saved = tmp_path / "result.json"
    arguments = ("bench", "micro", "--program", BUILT, "--min-time", "30", "--save", saved)
    with Command(*arguments) as command:
        command.wait_until(lambda: len(command.processes()) >= 2, "it measured")
        for process in command.processes():  # as a terminal does
            os.kill(process, signal.SIGINT)
        ended = command.end(20.0)
    assert (ended.status, ended.out, ended.err) == (130, "", "")
    assert not saved.exists()
