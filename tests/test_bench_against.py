"""``--save``, ``--against`` and ``--fail-if-slower`` of every ``pyscalp bench`` command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

from pyscalp import bench_book, bench_micro, cli

Change = Callable[[dict[str, Any]], None]


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = cli.status_of(["bench", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


@pytest.fixture
def speed(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A benchmark of made-up times, which `speed["factor"]` makes slower."""
    factor = {"factor": 1.0}

    def measure(program: Path, groups: object, min_time_s: float) -> dict[str, Any]:
        numbers = [100.0, 101.0, 102.0, 103.0, 104.0]
        factor["round"] = factor.get("round", -1) + 1
        nanos = numbers[int(factor["round"]) % 5] * factor["factor"]
        about = {"family_index": 0, "per_family_instance_index": 0}
        times = {"cpu_time": nanos, "real_time": nanos + 1}
        return {"context": {}, "benchmarks": [{"name": "gate/accepted", **about, **times}]}

    monkeypatch.setattr(bench_micro, "_measure", measure)
    return factor


MICRO = ("micro", "--rounds", 5, "--program", "any")


def saved_micro(capsys: pytest.CaptureFixture[str], folder: Path) -> Path:
    file = folder / "before.json"
    status, _, err = call(capsys, *MICRO, "--save", file)
    assert (status, err) == (0, "")
    return file


def test_the_samples_are_saved(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speed: dict[str, float]
) -> None:
    result = json.loads(saved_micro(capsys, tmp_path).read_text())
    assert result["bench"] == "micro"
    assert result["asked"] == {"min_time_s": 0.05}
    (row,) = result["rows"]
    assert row["ns_rounds"] == [100, 101, 102, 103, 104]
    assert (row["ns_min"], row["ns_median"], row["ns_max"]) == (100, 102, 104)
    assert row["wall_ns_min"] == 101


@pytest.mark.parametrize(
    ("factor", "said"), [(1.0, "no difference seen"), (1.2, "slower"), (0.8, "faster")]
)
def test_a_verdict_is_no_failure(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    speed: dict[str, float],
    factor: float,
    said: str,
) -> None:
    before = saved_micro(capsys, tmp_path)
    speed["factor"] = factor
    status, out, err = call(capsys, *MICRO, "--against", before, "--json")
    assert (status, err) == (0, "")
    (row,) = json.loads(out)["against"]["rows"]
    assert row["verdict"] == said
    assert row["change"] == pytest.approx(factor - 1)
    _, out, _ = call(capsys, *MICRO, "--against", before)
    assert said in out


def test_slower_than_allowed_has_a_status(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speed: dict[str, float]
) -> None:
    before = saved_micro(capsys, tmp_path)
    speed["factor"] = 1.2
    after = tmp_path / "after.json"
    arguments = (*MICRO, "--against", before, "--save", after)
    status, out, err = call(capsys, *arguments, "--fail-if-slower", 10)
    assert status == 8
    assert "slower by more than 10 %: gate/accepted by 20.0%" in err
    assert "gate/accepted" in out
    assert "against" not in json.loads(after.read_text())
    status, _, err = call(capsys, *arguments, "--fail-if-slower", 25)
    assert (status, err) == (0, "")


def test_a_file_may_be_replaced_by_the_run_that_is_compared_with_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speed: dict[str, float]
) -> None:
    file = saved_micro(capsys, tmp_path)
    speed["factor"] = 1.2
    _, out, _ = call(capsys, *MICRO, "--against", file, "--save", file)
    assert "slower" in out
    assert json.loads(file.read_text())["rows"][0]["ns_min"] == pytest.approx(120)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["machine"].update(processor="Abacus"), "processor: Abacus then"),
        (lambda r: r["machine"].update(cores=4096), "cores: 4096 then"),
        (lambda r: r["asked"].update(min_time_s=9.0), "min_time_s: 9.0 then, 0.05 now"),
    ],
)
def test_other_conditions_are_refused_unless_told(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    speed: dict[str, float],
    change: Change,
    said: str,
) -> None:
    before = saved_micro(capsys, tmp_path)
    result = json.loads(before.read_text())
    change(result)
    before.write_text(json.dumps(result))
    rounds = speed["round"]
    status, out, err = call(capsys, *MICRO, "--against", before)
    assert (status, out) == (2, "")
    assert said in err
    assert "--anyway" in err
    assert speed["round"] == rounds  # nothing was measured in vain
    status, out, err = call(capsys, *MICRO, "--against", before, "--anyway")
    assert (status, err) == (0, "")
    assert "no difference seen" in out


def damaged(change: Change) -> str:
    machine = {"processor": "P", "cores": 2}
    rows = [{"name": "a", "ns_rounds": [1.0, 2.0]}]
    result = {"bench": "micro", "machine": machine, "asked": {}, "rows": rows}
    change(result)
    return json.dumps(result)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot read"),
        ("", "is no result of pyscalp bench: it is no JSON"),
        ("\x00\xff", "is no result of pyscalp bench: it is no JSON"),
        ("[" * 100_000, "is no result of pyscalp bench: it is no JSON"),
        ("[1, 2]", "is no result that pyscalp bench can compare with"),
        ('{"bench": ["micro"]}', "is no result that pyscalp bench can compare with"),
        ('{"benchmarks": []}', "is no result that pyscalp bench can compare with"),
        (damaged(lambda r: r.update(bench="book")), "is a result of bench book, and this is"),
        (damaged(lambda r: r.pop("rows")), "is damaged"),
        (damaged(lambda r: r.update(rows=[])), "is damaged"),
        (damaged(lambda r: r.update(rows="rows")), "is damaged"),
        (damaged(lambda r: r.update(machine=7)), "is damaged"),
        (damaged(lambda r: r.update(asked=None)), "is damaged"),
        (damaged(lambda r: r["rows"][0].update(ns_rounds=[1.0, 0.0])), "is damaged"),
        (damaged(lambda r: r["rows"][0].update(ns_rounds=[1.0, "x"])), "is damaged"),
        (damaged(lambda r: r["rows"][0].update(ns_rounds=3)), "is damaged"),
        (damaged(lambda r: r["rows"][0].update(ns_rounds=[1.0, "2.0"])), "is damaged"),
    ],
)
def test_files_that_cannot_be_compared_with(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    speed: dict[str, float],
    text: str | None,
    said: str,
) -> None:
    file = tmp_path / "f.json"
    if text is not None:
        file.write_text(text, encoding="latin-1")
    status, out, err = call(capsys, *MICRO, "--against", file)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())
    assert "round" not in speed


@pytest.mark.parametrize("command", ["micro", "book", "tick-to-trade"])
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--save", "nowhere/x.json"], 74, "there is no folder nowhere"),
        (["--save", "."], 74, "it is a folder"),
        (["--against", "nowhere.json"], 2, "cannot read nowhere.json: No such file"),
        (["--fail-if-slower", "5"], 2, "--fail-if-slower needs a result to compare with"),
        (["--anyway"], 2, "--anyway needs a result to compare with"),
        (["--fail-if-slower", "-1"], 2, "--fail-if-slower"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_measured(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    arguments: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = call(capsys, command, *arguments)
    assert (found, out) == (status, "")
    assert said in err


def test_books_are_compared_on_the_same_day_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_book, "missing_peers", lambda: list(bench_book.PEERS))
    file = tmp_path / "book.json"
    day = ("book", "--messages", "20k", "--instruments", 20, "--only", "decode", "--rounds")
    status, _, _ = call(capsys, *day, 2, "--save", file)
    assert status == 0
    status, out, _ = call(capsys, *day, 1, "--against", file, "--json")
    assert status == 0
    rows = json.loads(out)["against"]["rows"]
    assert [row["name"] for row in rows] == [
        "decode: pyscalp",
        "decode: pyscalp framing alone",
    ]
    assert {row["verdict"] for row in rows} == {"too few rounds"}
    status, _, err = call(capsys, *day, 1, "--seed", 2, "--against", file)
    assert status == 2
    assert "seed: 1 then, 2 now" in err


@pytest.mark.slow
def test_tick_to_trade_is_compared_in_the_same_places_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "tick.json"
    command = ("tick-to-trade", "--triggers", 20, "--loads", "none", "--only", "echo")
    where = (*command, "--transports", "socket", "--loopback", "--rounds", 1)
    status, _, _ = call(capsys, *where, "--save", file)
    assert status == 0
    status, out, _ = call(capsys, *where, "--against", file)
    assert status == 0
    assert "bare echo, socket" in out
    assert "too few rounds" in out
    result = json.loads(file.read_text())
    result["places"] = "a cave"
    file.write_text(json.dumps(result))
    status, out, err = call(capsys, *where, "--against", file)
    assert status == 2
    assert "places: a cave then" in err
    assert "bare echo, socket" in out  # measured it was
