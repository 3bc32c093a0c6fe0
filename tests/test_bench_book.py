"""The command ``pyscalp bench book``: what it measures, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its compiled module")

from pyscalp import bench_book, cli
from pyscalp.bench_day import write_day

SMALL = ("--messages", "20k", "--instruments", "20", "--rounds", "1")


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.status_of(["bench", "book", *arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_book, "missing_peers", lambda: list(bench_book.PEERS))


@pytest.mark.usefixtures("no_peers")
def test_measures_without_any_peer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    saved = tmp_path / "result.json"
    status, out, err = call(capsys, *SMALL, "--only", "decode,operations", "--save", str(saved))
    assert (status, err) == (0, "")
    assert "itch-book is not installed" in out
    assert "itchcpp is not installed" in out
    result: dict[str, Any] = json.loads(saved.read_text())
    assert list(result["sections"]) == ["decode"]
    ours, framing = result["sections"]["decode"]["contenders"]
    assert ours["name"] == "pyscalp"
    assert ours["messages"] == framing["messages"] == 20_000
    assert 0 < ours["ns_min"] <= ours["ns_median"] <= ours["ns_max"]
    assert result["operations"]["times_ns"]["alone"]["add"]["count"] > 0


@pytest.mark.slow
def test_the_peers_that_are_there_find_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    missing = bench_book.missing_peers()
    sections = ["book", "table"]
    status, out, _ = call(capsys, *SMALL, "--only", ",".join(sections), "--json")
    assert status == 0
    result: dict[str, Any] = json.loads(out)
    assert result["missing"] == missing
    assert list(result["sections"]) == sections
    assert (result["check"] is None) == ("itch-book" in missing)
    for row in result["sections"]["book"]["contenders"]:
        assert row.get("refused", 0) == row.get("crossed_books", 0) == 0
    alive = {r.get("live_orders") for r in result["sections"]["book"]["contenders"]} - {None}
    assert len(alive) == 1
    rows = {row["rows"] for row in result["sections"]["table"]["contenders"]}
    assert len(rows) == 1


@pytest.mark.usefixtures("no_peers")
def test_a_file_of_the_users(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_day(tmp_path / "mine.itch", 10_000, 5)
    arguments = (str(tmp_path / "mine.itch"), "--rounds", "2", "--only", "decode", "--json")
    status, out, _ = call(capsys, *arguments)
    assert status == 0
    result = json.loads(out)
    assert result["sections"]["decode"]["file"] == "mine.itch"
    assert result["sections"]["decode"]["messages"] == 10_000


def test_different_books_are_no_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    day = write_day(tmp_path / "day.itch", 10_000, 5)
    found = {"touches": [[1, 10, 1, 1, 11, 1, 1]]}, {"touches": [[1, 10, 2, 1, 11, 1, 1]]}
    answers = iter(found)
    monkeypatch.setattr(bench_book, "run_job", lambda job: next(answers))
    with pytest.raises(bench_book.PyscalpError, match="differ, first at instrument 1"):
        bench_book.same_touches(day)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--messages", "many"], "--messages is not a whole number"),
        (["--messages", "0"], "--messages is not a whole number"),
        (["--messages", "1.5"], "--messages is not a whole number"),
        (["--messages", "100"], "no such market day: messages must be at least"),
        (["--only", "speed"], 'no section "speed"'),
        (["nowhere.itch"], "cannot read nowhere.itch: No such file"),
    ],
)
def test_mistakes_are_told(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    status, out, err = call(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err.replace("\n", " ")


def test_a_failed_measurement_says_why(tmp_path: Path) -> None:
    job = bench_book.Job("walk", str(tmp_path / "nothing.itch"))
    with pytest.raises(bench_book.PyscalpError, match="the measurement walk failed: FileNotFound"):
        bench_book.run_job(job)
