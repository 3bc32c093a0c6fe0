"""The command `pyscalp book`: its files, its summary, and its ways to fail."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from test_book_tables import Day

import pyscalp
from pyscalp.book_file import TableFile, format_of
from pyscalp.cli import status_of
from pyscalp.errors import PyscalpError, ResultsNotWritten

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pyscalp", "book", *map(str, arguments)]


class Result(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process: starting another takes a second."""

    def run_here(*arguments: object) -> Result:
        capsys.readouterr()
        status = status_of(["book", *map(str, arguments)])
        return Result(status, *capsys.readouterr())

    return run_here


@pytest.fixture
def day(tmp_path: Path) -> Path:
    made = Day().directory(1, "AAA").directory(2, "BBB")
    for order in range(1, 301):
        made.add(1 + order % 2, order, "B", order, 10_000 + order)
        made.add(1 + order % 2, 1000 + order, "S", order, 20_000 - order)
    path = tmp_path / "AB_2019-12-30.itch"
    path.write_bytes(made.bytes)
    return path


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".part")]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".arrow"])
def test_a_file_of_each_format(run: Run, day: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"bbo{suffix}"
    result = run(day, "--out", out, "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["messages"] == 602
    assert summary["rows"] == 600
    assert summary["instruments"] == 2
    assert summary["flagged"] == 0
    assert summary["problem"] == ""
    expected = pyscalp.book(day, tables=("top",)).top
    if suffix == ".csv":
        table = pyarrow.csv.read_csv(out)
        assert table["bid"].to_pylist() == expected["bid"].to_pylist()
        assert table["instrument"].to_pylist() == expected["instrument"].to_pylist()
    elif suffix == ".arrow":
        with pa.ipc.open_file(out) as file:
            assert file.read_all().unify_dictionaries().equals(expected)
    else:
        assert pyarrow.parquet.read_table(out).equals(expected)
        assert b"pyscalp.source" in pyarrow.parquet.read_schema(out).metadata
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("table", ["depth", "trades", "features"])
def test_the_other_tables(run: Run, day: Path, tmp_path: Path, table: str) -> None:
    out = tmp_path / "table.parquet"
    result = run(day, "--out", out, "--table", table, "--levels", 2, "--instruments", "BBB")
    assert result.returncode == 0, result.stderr
    expected = pyscalp.book(day, levels=2, instruments="BBB", tables=(table,))[table]
    assert pyarrow.parquet.read_table(out).equals(expected)
    assert f"of {table} in" in result.stdout.replace("\n", " ")


def test_times_of_day_in_csv(run: Run, day: Path, tmp_path: Path) -> None:
    dateless = tmp_path / "dateless.itch"
    dateless.write_bytes(day.read_bytes())
    out = tmp_path / "bbo.csv"
    assert run(dateless, "--out", out).returncode == 0
    assert "09:30:00.000003" in out.read_text()


def test_the_last_state_without_a_file(run: Run, day: Path) -> None:
    result = run(day)
    assert result.returncode == 0, result.stderr
    assert "AAA" in result.stdout
    assert "1.03" in result.stdout
    touches = json.loads(run(day, "--json").stdout)["touches"]
    assert touches[0] == {
        "instrument": "AAA",
        "messages": 301,
        "flagged": False,
        "bid": 1_030_000_000,
        "bid_qty": 300,
        "ask": 1_970_000_000,
        "ask_qty": 300,
    }


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--instruments", "AAB"], "near it: AAA"),
        (["--instruments", ","], "--instruments names none"),
        (["--day", "x"], "day must be"),
        (["--out", "bbo.xlsx"], "must end in"),
        (["--tick", "0"], "tick must be"),
        (["--levels", "0"], "--levels"),
    ],
)
def test_mistakes_are_one_message_and_status_2(
    run: Run, day: Path, arguments: list[str], text: str
) -> None:
    result = run(day, *arguments)
    assert result.returncode == 2
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_missing_file_writes_none(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "none.itch", "--out", tmp_path / "bbo.parquet")
    assert result.returncode == 2
    assert "cannot read" in result.stderr
    assert os.listdir(tmp_path) == []


def test_a_cut_file_is_written_as_far_as_it_goes(run: Run, day: Path, tmp_path: Path) -> None:
    day.write_bytes(day.read_bytes()[:-5])
    out = tmp_path / "bbo.parquet"
    result = run(day, "--out", out)
    assert result.returncode == 2
    assert "is cut" in result.stderr
    assert "the 599 rows before that are in" in result.stderr
    assert pyarrow.parquet.read_table(out).num_rows == 599


def test_a_file_there_is_replaced_only_by_a_whole_one(run: Run, day: Path, tmp_path: Path) -> None:
    out = tmp_path / "bbo.parquet"
    out.write_bytes(b"precious")
    assert run(day, "--out", out, "--instruments", "ZZZ").returncode == 2
    assert out.read_bytes() == b"precious"
    assert run(day, "--out", out).returncode == 0
    assert pyarrow.parquet.read_table(out).num_rows == 600


def test_a_full_disk_leaves_nothing_behind(run: Run, day: Path, tmp_path: Path) -> None:
    out = tmp_path / "bbo.csv"

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    result = subprocess.run(
        command(day, "--out", out),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=small_files,
    )
    assert result.returncode == 74, result.stderr
    assert "cannot write" in result.stderr
    assert "is removed" in result.stderr
    assert not out.exists()
    assert not leftovers(tmp_path)


def test_no_place_to_write(run: Run, day: Path, tmp_path: Path) -> None:
    result = run(day, "--out", tmp_path / "no" / "bbo.parquet")
    assert result.returncode == 74
    assert "cannot write" in result.stderr
    assert run(day, "--out", tmp_path).returncode == 2


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    made = Day().directory(1, "AAA")
    for order in range(1, 10_001):
        made.add(1, order, "B", 1, order).delete(1, order)
    directory, orders = made.bytes[:41], made.bytes[41:]
    path = tmp_path / "long.itch"
    with open(path, "wb") as file:
        file.write(directory)
        for _ in range(300):
            file.write(orders)
    out = tmp_path / "bbo.parquet"
    process = subprocess.Popen(
        command(path, "--out", out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not leftovers(tmp_path) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in complaint
    assert not out.exists()
    assert not leftovers(tmp_path)


# -- the file, on its own -------------------------------------------------------------------


def write_all(out: Path, *tables: object) -> None:
    with TableFile(out) as file:
        for table in tables:
            if isinstance(table, BaseException):
                raise table
            file.write(table)


def test_an_exception_takes_the_file_away(tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    with pytest.raises(KeyboardInterrupt):
        write_all(out, pa.table({"a": [1]}), KeyboardInterrupt())
    assert os.listdir(tmp_path) == []


def test_a_table_that_cannot_be_written_is_said_at_once_or_at_the_end(tmp_path: Path) -> None:
    table = pa.table({"a": [1]})
    with pytest.raises(ValueError, match="schema"):
        write_all(tmp_path / "x.parquet", table, pa.table({"b": ["x"]}))
    assert os.listdir(tmp_path) == []
    with pytest.raises(ResultsNotWritten, match="cannot write"):
        write_all(tmp_path / "none" / "x.csv", table)


def test_a_file_of_no_rows_is_whole_too(tmp_path: Path) -> None:
    empty = pa.table({"a": pa.array([], pa.int64())})
    for suffix in (".parquet", ".csv", ".arrow"):
        with TableFile(tmp_path / f"x{suffix}") as file:
            file.write(empty)
    assert pyarrow.parquet.read_table(tmp_path / "x.parquet").num_rows == 0
    assert (tmp_path / "x.csv").read_text().strip() == '"a"'
    with pa.ipc.open_file(tmp_path / "x.arrow") as file:
        assert file.read_all().num_rows == 0


def test_suffixes() -> None:
    assert format_of(Path("a.PARQUET")) == "parquet"
    assert format_of(Path("a.feather")) == "arrow"
    with pytest.raises(PyscalpError, match="must end in"):
        format_of(Path("parquet"))
