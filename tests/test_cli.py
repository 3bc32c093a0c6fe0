"""The command line: what it prints, and the status it ends with, whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_run_directory import seed_trade

import pyscalp
from pyscalp import cli
from pyscalp.config import Config
from pyscalp.figures import figures
from pyscalp.run_directory import RunDirectory
from pyscalp.terminal import print_summary

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("run", "replay", "exchange", "fit", "report", "economics")


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: status, standard output, standard error."""
    status = cli.status_of(list(arguments))
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


# -- without anything compiled --------------------------------------------------------------


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--version") == (0, f"pyscalp {pyscalp.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_can_be_parsed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = call(capsys, command, "--help")
    assert status == 0
    assert f"Example: pyscalp {command}" in out
    assert "--json" in out


def test_no_arguments_show_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = call(capsys)
    assert status == 2
    assert all(command in out + err for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runn"], "No such command"),
        (["run", "--foo"], "No such option"),
        (["run", "--duration"], "requires an argument"),
        (["run", "--duration", "5"], "--duration is not a length of time"),
        (["run", "--duration", "0s"], "--duration must be longer than nothing"),
        (["run", "nowhere.toml"], "cannot read the configuration nowhere.toml: No such file"),
        (["replay"], "Missing argument"),
        (["replay", "x", "--seed", "-1"], "--seed"),
        (["new-strategy", "x", "--kind", "rust"], "'--kind': 'rust' is not one of"),
        (["exchange", "--driver", "magic"], "'magic' is not one of"),
        (["exchange", "--driver", "replay"], '--file: is needed by driver = "replay"'),
        (["exchange", "--loss-a", "7"], "--loss-a: must lie between 0 and 1"),
        (["exchange", "--speed", "-1"], "--speed: must be at least 1"),
        (["exchange", "--from", "25:00"], "--from is not a time of day"),
        (["report", "nowhere"], "there is no run directory nowhere"),
        (["economics", "--fee", "nan"], "--fee must be a finite number"),
        (["economics", "--spread", "-1"], "--spread must not be negative, and is -1"),
        (["economics", "--loss", "0"], "--loss must be above 0, and is 0"),
        (["economics", "--move", "-2"], "the move is -2 bp; say --loss, above 0"),
        (["economics", "--tier", "vip1"], "--tier is of a schedule; name one with --schedule"),
        (["economics", "--schedule", "nasdaq"], "by the share; say --price"),
        (["economics", "--schedule", "nasdak"], 'did you mean "nasdaq"?'),
        (["economics", "--schedule", "binance_spot", "--tier", "vip11"], 'did you mean "vip1"?'),
        (["economics", "--schedule", "binance_spot", "--fee", "1"], "contradict each other"),
        (
            ["economics", "--schedule", "binance_spot", "--tier", "vip1", "--volume", "2"],
            "--tier and --volume both choose the tier",
        ),
        (["economics", "--schedule", "own.toml"], "cannot read the fee schedule own.toml: No such"),
        (["economics", "nowhere"], "there is no run directory nowhere"),
        (["economics", "nowhere", "--fee", "1"], "--fee is of the calculator"),
    ],
)
def test_mistakes_are_one_message_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = call(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_several_wrong_options_are_named_together(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = call(capsys, "exchange", "--loss-a", "7", "--speed", "-1", "--reorder-b", "x")
    assert all(f"  {option}: " in err for option in ("--loss-a", "--speed", "--reorder-b"))


def test_a_wrong_configuration_names_every_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[session]\nsead = 1\n[tactics]\nstyle = "fast"\n')
    status, _, err = call(capsys, "run", str(path), "--out", str(tmp_path / "out"))
    assert status == 2
    assert err.startswith(f"4 mistakes in {path}:\n")
    assert "line 2: session.sead: is not known; did you mean seed?" in err
    assert "line 4: tactics.style" in err
    assert not (tmp_path / "out").exists()


def test_economics_is_the_seeds_example(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "economics")
    assert status == 0
    assert "taking both sides: 12 - (5 + 3 + 1) = 3 bp" in out
    assert "with a maker's fee, all else equal: 12 - (0 + 3 + 1) = 8 bp" in out
    status, out, _ = call(capsys, "economics", "--rebate", "1", "--json")
    rows = json.loads(out)
    assert rows["taker"]["net_bp"] == 3
    assert rows["maker_fee_only"]["net_bp"] == 9
    assert rows["maker_taker"]["net_bp"] == 12 - (2.5 - 0.5 + 0 + 1)
    assert rows["maker"]["net_bp"] == 12 - (-1 - 3 + 1)
    assert rows["maker"]["net"] == 15


def test_economics_of_a_schedules_tier(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--schedule", "nasdaq", "--tier", "add_0.25", "--price", "50")
    status, out, _ = call(capsys, "economics", *options, "--json")
    assert status == 0
    rows = json.loads(out)
    # $0.0030 and -$0.0027 of $50 are 0.6 and -0.54 bp.
    assert rows["taker"]["fee_bp"] == pytest.approx(1.2)
    assert rows["maker"]["fee_bp"] == pytest.approx(-1.08)
    assert rows["tier"] == "add_0.25"
    assert rows["tiers"]["none"]["net_bp_maker"] == 12 + 3 - 1
    _, shown, _ = call(capsys, "economics", *options)
    assert "Nasdaq-like" in shown
    assert "fees of tier add_0.25" in shown
    volume = ("--schedule", "binance_spot", "--volume", "7000000", "--move", "50", "--json")
    assert json.loads(call(capsys, "economics", *volume)[1])["tier"] == "vip2"


def test_no_share_of_winners_is_enough_where_a_winner_loses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = call(capsys, "economics", "--move", "1")
    must_win = dict(re.findall(r"^(taker|maker, then taker|maker)  .* (\S+) *$", out, re.MULTILINE))
    assert must_win == {"taker": "never", "maker, then taker": "never", "maker": "0.0%"}


def test_economics_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = RunDirectory.create(tmp_path / "run")
    folder.write_config(Config.included())
    folder.write_results(seed_trade(), figures(seed_trade(), 10**15), lambda _: None)
    status, out, _ = call(capsys, "economics", str(folder.path), "--json")
    assert status == 0
    parts = json.loads(out)["parts"]
    assert {name: part["bp"] for name, part in parts.items()} == {
        "gross": 12, "fees": 5, "half_spread": 3, "slippage": 0, "network": 1, "net": 3,
    }  # fmt: skip
    status, out, _ = call(capsys, "economics", str(folder.path))
    assert status == 0
    assert "100.0% of 1 round trips won" in out


def test_the_summary_names_no_report_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = {
        **figures(seed_trade(), 10**15),
        "breakers": [],
        "trips": [{}, {}],
        "messages": 5,
        "reconciliation": None,
    }
    print_summary(summary, tmp_path)
    out = capsys.readouterr().out
    assert "none at the end, 2 on the way" in out
    assert "report.html" not in "".join(out.split())
    (tmp_path / "report.html").touch()
    print_summary(summary, tmp_path)
    assert "report.html" in "".join(capsys.readouterr().out.split())  # a long path is folded


def test_report_is_made_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = RunDirectory.create(tmp_path / "run")
    folder.write_config(Config.included())
    summary = {
        "messages": 5, "breakers": [], "reconciliation": None, **figures(seed_trade(), 10**15),
    }  # fmt: skip
    folder.write_results(seed_trade(), summary, lambda _: None)
    status, out, _ = call(capsys, "report", str(folder.path), "--json")
    assert status == 0
    assert json.loads(out)["report"] == str(folder.path / "report.html")
    assert (folder.path / "report.html").is_file()
    status, out, _ = call(capsys, "report", str(folder.path))
    assert status == 0
    assert "+3.00 bp = +12.00 -5.00 -3.00 +0.00 -1.00" in " ".join(out.split())


def test_a_fault_of_ours_is_one_line_and_a_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("pyscalp.report.write_report", broken)
    status, _, err = call(capsys, "report", str(tmp_path))
    assert status == 70
    log = re.search(r"the details are in (\S+)", err)
    assert log is not None
    assert err.count("\n") == 1
    assert "ZeroDivisionError: a fault of ours" in Path(log[1]).read_text()


def test_interrupted_before_anything_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pyscalp.report.write_report", interrupted)
    assert call(capsys, "report", str(tmp_path))[0] == 130


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = f"{sys.executable} -m pyscalp economics --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("after_s", [0.1, 0.2, 0.3, 0.5])
def test_interrupted_while_loading(after_s: float) -> None:
    """Whichever moment it hits, there is no traceback and no success."""
    with subprocess.Popen(
        [sys.executable, "-c", _LOADING, str(after_s)], stderr=subprocess.PIPE, text=True
    ) as process:
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode in (0, 2, -signal.SIGINT, 130)


_LOADING = """
import os, signal, sys, threading
sys.argv = ["pyscalp", "report", "nowhere"]
threading.Timer(float("%s" % sys.orig_argv[-1]), os.kill, (os.getpid(), signal.SIGINT)).start()
from pyscalp.cli import main
main()
"""


# -- with the engine ------------------------------------------------------------------------


@pytest.fixture
def engine() -> None:
    pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")


def heed_hang_ups() -> None:
    """Whoever runs the tests may ignore them (nohup), and a child would inherit that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Command:
    """``pyscalp`` in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pyscalp", *arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=heed_hang_ups,
        )  # fmt: skip

    def wait_for(self, path: Path, text: str = "", within_s: float = 30.0) -> None:
        """Until a file is there and holds `text`."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if path.exists() and text in path.read_text(errors="replace"):
                return
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        pytest.fail(f"{path} did not come to hold {text!r}")

    def end(self, within_s: float = 60.0) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=within_s)
        assert "Traceback" not in out + err
        return self.process.returncode, out, err


@pytest.fixture
def commands() -> Iterator[list[Command]]:
    started: list[Command] = []
    yield started
    for command in started:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
        command.process.communicate()


def exchange_pids(folder: Path) -> list[int]:
    """Processes of the exchange that a run in `folder` has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"exchange" in line and str(folder / "exchange" / "config.toml").encode() in line:
                found.append(int(entry.name))
    return found


@pytest.mark.usefixtures("engine")
def test_run_trades_reports_and_reconciles(tmp_path: Path, commands: list[Command]) -> None:
    out = tmp_path / "run"
    commands.append(Command("run", "--duration", "5s", "--out", str(out), "--json"))
    status, text, err = commands[0].end()
    assert status == 0, err
    summary = json.loads(text)
    assert summary["messages"] > 100
    assert summary["reconciliation"]["agrees"]
    assert set(summary["final_positions"].values()) == {0}
    for name in ("config.toml", "fills.parquet", "trades.parquet", "latency.hdr", "report.html"):
        assert (out / name).is_file()
    assert json.loads((out / "summary.json").read_text())["fills"] == summary["fills"]
    assert exchange_pids(out) == []


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_cleanly(number: int, tmp_path: Path, commands: list[Command]) -> None:
    out = tmp_path / "run"
    commands.append(Command("run", "--out", str(out), "--no-live"))
    commands[0].wait_for(out / "exchange" / "record.csv", ",accepted,1,")
    os.kill(commands[0].process.pid, number)
    status, text, err = commands[0].end()
    assert status == 0, err
    assert "agrees with the exchange's record" in " ".join(text.split())
    assert (out / "report.html").is_file()
    assert exchange_pids(out) == []


@pytest.mark.usefixtures("engine")
def test_an_exchange_that_is_killed_is_said_and_everything_written(
    tmp_path: Path, commands: list[Command]
) -> None:
    out = tmp_path / "run"
    commands.append(Command("run", "--out", str(out), "--no-live"))
    commands[0].wait_for(out / "exchange" / "record.csv", ",accepted,1,")
    (pid,) = exchange_pids(out)
    os.kill(pid, signal.SIGKILL)
    status, _, err = commands[0].end()
    assert status == 3, err
    assert "the exchange ended in mid-session by SIGKILL" in err
    assert (out / "report.html").is_file()
    assert "SIGKILL" in json.loads((out / "summary.json").read_text())["error"]


@pytest.mark.usefixtures("engine")
def test_an_exchange_does_not_outlive_a_run_that_is_killed(
    tmp_path: Path, commands: list[Command]
) -> None:
    out = tmp_path / "run"
    commands.append(Command("run", "--out", str(out), "--no-live"))
    commands[0].wait_for(out / "exchange" / "record.csv")
    assert len(exchange_pids(out)) == 1
    commands[0].process.kill()
    until = time.monotonic() + 15
    while exchange_pids(out) and time.monotonic() < until:
        time.sleep(0.1)
    assert exchange_pids(out) == []


@pytest.mark.usefixtures("engine")
def test_no_exchange_at_the_named_venue(tmp_path: Path, commands: list[Command]) -> None:
    config = Config.included().replace(
        "venue", feed_a="239.255.77.1:47001", feed_b="239.255.77.2:47002",
        retransmission="127.0.0.1:9", orders="127.0.0.1:9",
    )  # fmt: skip
    path = tmp_path / "a.toml"
    path.write_text(config.to_toml())
    commands.append(Command("run", str(path), "--out", str(tmp_path / "run")))
    status, _, err = commands[0].end()
    assert status in (2, 3)
    assert "127.0.0.1:9" in err or "did not answer" in err


@pytest.mark.usefixtures("engine")
def test_exchange_says_where_it_is_and_a_taken_port(
    tmp_path: Path, commands: list[Command]
) -> None:
    record = tmp_path / "record.csv"
    config = Config.included().replace(
        "venue", feed_a="239.255.78.1:0", feed_b="239.255.78.2:0",
        retransmission="127.0.0.1:0", orders="127.0.0.1:0",
    )  # fmt: skip
    path = tmp_path / "a.toml"
    path.write_text(config.to_toml())
    commands.append(Command("exchange", str(path), "--json", "--record", str(record)))
    stdout = commands[0].process.stdout
    assert stdout is not None
    ready = json.loads(stdout.readline())["ready"]
    port = ready["orders"][1]
    assert port > 0
    path.write_text(config.replace("venue", orders=f"127.0.0.1:{port}").to_toml())
    commands.append(Command("exchange", str(path), "--json"))
    status, _, err = commands[1].end()
    assert status == 2
    assert "the exchange cannot start" in err
    assert str(port) in err
    commands[0].process.send_signal(signal.SIGINT)
    status, out, _ = commands[0].end()
    assert status == 0
    assert json.loads(out.splitlines()[-1])["statistics"]["messages"] > 0
    assert record.read_text().startswith("sequence,time_ns,event,account")


@pytest.mark.usefixtures("engine")
def test_replay_of_what_is_no_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "day").write_bytes(b"")
    status, _, err = call(capsys, "replay", str(tmp_path / "day"), "--out", str(tmp_path / "run"))
    assert status == 2
    assert "is empty" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("engine")
def test_replay_of_a_recorded_day(
    market_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = str(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")
    options = ("--from", "10:00", "--to", "10:30", "--json")
    status, out, _ = call(capsys, "replay", day, "--out", str(tmp_path / "run"), *options)
    assert status == 0
    first = json.loads(out)
    for key in (
        "hash", "messages", "messages_per_second", "fills", "net_bp_per_trade",
        "holding_s_max", "round_trips", "load_s",
    ):  # fmt: skip
        assert key in first
    assert first["reconciliation"]["agrees"]
    assert (tmp_path / "run" / "report.html").is_file()
    second = json.loads(call(capsys, "replay", day, *options)[1])
    assert second["hash"] == first["hash"]
