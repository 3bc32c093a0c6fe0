"""What goes wrong around a session: a clear message, a right status, nothing left behind.

Every command here runs in a process of its own. `Command.end` checks what holds for all:
no traceback, and no process left over.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import Command, Ended, run_command

from pyscalp.config import Config
from pyscalp.config_values import Endpoint
from pyscalp.errors import (
    EXIT_EXCHANGE_LOST,
    EXIT_INTERRUPTED,
    EXIT_NOT_FLAT,
    EXIT_NOT_WRITTEN,
    EXIT_OK,
    EXIT_USER,
)
from pyscalp.run_directory import RunDirectory

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

WRITTEN = {
    "config.toml", "exchange", "fills.parquet", "journal", "latency.hdr", "report.html",
    "samples.parquet", "summary.json", "trades.parquet",
}  # fmt: skip
"""What a run directory holds once there was trading."""


def assert_said(ended: Ended, status: int, *words: str) -> None:
    """It ended as it should, with a short message that holds these words."""
    assert ended.status == status, ended.err
    for word in words:
        assert word in ended.words
    assert "unexpected fault" not in ended.err


def assert_complete(folder: Path) -> dict[str, Any]:
    """Everything is there and can be read; the summary."""
    assert {entry.name for entry in folder.iterdir()} == WRITTEN
    run = RunDirectory.open(folder).read()
    assert run.fills.height == run.summary["fills"]
    assert run.trades.height == run.summary["round_trips"]
    assert (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    return run.summary


def configured(path: Path, **venue: object) -> Path:
    """The included configuration with other endpoints, as a file."""
    path.write_text(Config.included().replace("venue", **venue).to_toml())
    return path


def groups() -> dict[str, Endpoint]:
    """Two multicast groups that nobody else is likely to use, with free ports."""
    number = random.SystemRandom().randrange(20, 250)
    return {
        "feed_a": Endpoint(f"239.254.{number}.1", 0),
        "feed_b": Endpoint(f"239.254.{number}.2", 0),
    }


# -- wrong configuration ------------------------------------------------------------------


def test_every_mistake_of_a_configuration_is_named_with_its_line(tmp_path: Path) -> None:
    lines = """
[session]
seed = "one"
[exchange]
driver = "agent"
speed = -1
[tactics]
hold_limit = "90s"
sytle = "maker"
[signals.mean_reversion]
bars = 513
[[instruments]]
symbol = "amzn"
[risk]
aum = 0
price_collar = "1%"
stale_after = 300
""".strip().split("\n")
    path = tmp_path / "a.toml"
    path.write_text("\n".join(lines))
    ended = run_command("run", path, "--out", tmp_path / "run")
    assert_said(ended, EXIT_USER)
    assert ended.out == ""
    said = dict(re.findall(r"^  line (\d+): ([\w.]+):", ended.err, re.MULTILINE))
    for mistake in (
        "seed",
        "driver",
        "speed",
        "hold_limit",
        "sytle",
        "bars",
        "symbol",
        "aum",
        "stale",
    ):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(mistake))
        assert said[str(number)].rpartition(".")[2].startswith(mistake)
    for missing in ("max_position", "drawdown", "rate_limit"):
        assert f"risk.{missing}: is missing" in ended.err
    assert int(ended.err.split(maxsplit=1)[0]) == len(re.findall(r"^  line", ended.err, re.M))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["run", "exchange"])
def test_bad_syntax(command: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[risk\naum = "1"\n')
    assert_said(run_command(command, path), EXIT_USER, "line 1", "not TOML")


# -- files that are no recorded day ---------------------------------------------------------


def a_day() -> bytes:
    day: bytes = _core.simulate_day(1, 5 * 10**9, ["AMZN"])
    return day


def whole_messages(day: bytes, count: int) -> int:
    """Where that many messages end."""
    at = 0
    for _ in range(count):
        at += 2 + int.from_bytes(day[at : at + 2], "big")
    return at


def cut_in_a_message(path: Path) -> None:
    path.write_bytes(a_day()[: whole_messages(a_day(), 100) + 5])


def damaged_inside(path: Path) -> None:
    day = bytearray(a_day())
    day[whole_messages(bytes(day), 100) + 1] ^= 1
    path.write_bytes(day)


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "No such file or directory"),
    "folder": (lambda path: path.mkdir(), "holds no ticks"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("time,price\n" * 50), "is not a recorded ITCH 5.0 day"),
    "noise": (lambda path: path.write_bytes(random.Random(1).randbytes(9999)), "is not a recorded"),
    "capture": (lambda path: path.write_bytes(b"\xd4\xc3\xb2\xa1" * 99), "is a packet capture"),
    "cut": (cut_in_a_message, "is cut inside a message at byte"),
    "cut-xz": (
        lambda path: path.write_bytes(lzma.compress(a_day())[:-100]),
        "is cut: its compressed data ends early",
    ),
    "xz-of-nothing": (lambda path: path.write_bytes(lzma.compress(b"")), "unpacks to nothing"),
    "damaged": (damaged_inside, "is damaged at byte"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_replay_of_what_is_no_day(kind: str, tmp_path: Path) -> None:
    make, words = BAD_FILES[kind]
    make(tmp_path / "day")
    ended = run_command("replay", tmp_path / "day", "--out", tmp_path / "run", "--json")
    assert_said(ended, EXIT_USER, str(tmp_path / "day"), words)
    assert ended.out == ""
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["missing", "empty", "cut"])
def test_a_run_on_what_is_no_day(kind: str, tmp_path: Path) -> None:
    make, words = BAD_FILES[kind]
    make(tmp_path / "day")
    path = tmp_path / "a.toml"
    section = {"driver": "replay", "file": str(tmp_path / "day")}
    path.write_text(Config.included().replace("exchange", **section).to_toml())
    ended = run_command("run", path, "--out", tmp_path / "run")
    assert_said(ended, EXIT_USER, "the included exchange did not start", words)
    assert not (tmp_path / "run").exists()


def test_a_whole_small_day_is_fine(tmp_path: Path) -> None:
    """The canary: what the tests above cut and damage is a day that plays."""
    (tmp_path / "day").write_bytes(a_day())
    assert_said(run_command("replay", tmp_path / "day"), EXIT_OK)


# -- run directories ------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, where this user may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "pyscalp-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command: a full disk cannot be had")
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted by this user: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_run_directory_that_is_a_file_or_holds_something(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ended = run_command("run", "--out", tmp_path / "file")
    assert_said(ended, EXIT_USER, "cannot write to the run directory", "--out")
    ended = run_command("run", "--out", tmp_path / "file" / "below")
    assert_said(ended, EXIT_USER, "cannot write to the run directory", "Not a directory")
    ended = run_command("run", "--out", tmp_path)
    assert_said(ended, EXIT_USER, "is not empty")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_directory_that_cannot_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "ro,size=100m") as disk:
        for command in (("run",), ("replay", tmp_path / "day")):
            ended = run_command(*command, "--out", disk / "run")
            assert_said(ended, EXIT_USER, "cannot write to the run directory", "Read-only")


def test_a_disk_too_small_to_begin(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        ended = run_command("run", "--out", disk / "run")
        assert_said(ended, EXIT_USER, "MiB are free", "a run needs 64")
        assert list(disk.iterdir()) == []


@pytest.mark.slow
def test_a_disk_that_fills_up_in_mid_session(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=80m") as disk:
        out = disk / "run"
        with Command("run", "--out", out) as command:
            command.wait_trading(out)
            with contextlib.suppress(OSError), (disk / "full").open("wb") as file:
                while True:
                    file.write(bytes(1 << 16))
            ended = command.end()
    assert_said(ended, EXIT_NOT_WRITTEN, "No space left on device", "summary.json")


# -- ports and strangers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"), [("orders", socket.SOCK_STREAM), ("retransmission", socket.SOCK_DGRAM)]
)
def test_a_port_that_is_taken(name: str, kind: socket.SocketKind, tmp_path: Path) -> None:
    endpoints = groups() | {
        "orders": Endpoint("127.0.0.1", 0), "retransmission": Endpoint("127.0.0.1", 0),
    }  # fmt: skip
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        endpoints[name] = Endpoint("127.0.0.1", port)
        ended = run_command("exchange", configured(tmp_path / "a.toml", **endpoints), "--json")
    assert_said(
        ended, EXIT_USER, "the exchange cannot start", f"127.0.0.1:{port}", "address already in use"
    )
    assert ended.out == ""


@pytest.mark.slow
def test_no_exchange_at_the_address(tmp_path: Path) -> None:
    nobody = Endpoint("127.0.0.1", 9)
    endpoints = {name: group._replace(port=47_101) for name, group in groups().items()}
    path = configured(tmp_path / "a.toml", **endpoints, orders=nobody, retransmission=nobody)
    ended = run_command("run", path, "--out", tmp_path / "run")
    assert_said(ended, EXIT_USER, "no exchange answers at 127.0.0.1:9", "is it running")


def noise(source: random.Random) -> bytes:
    """A datagram that nobody should believe; some of them nearly packets."""
    kind = source.randrange(4)
    if kind == 0:
        return source.randbytes(source.randrange(1400))
    session, sequence = source.randbytes(10), source.getrandbits(64)
    if kind == 1:  # a heartbeat of a session that is not there
        return session + struct.pack(">QH", sequence, 0)
    if kind == 2:  # fewer messages than it says
        return session + struct.pack(">QH", sequence, source.randrange(1, 0xFFFF))
    return session + struct.pack(">QHH", sequence, 1, 36) + b"A" + source.randbytes(35)


def login(username: bytes, password: bytes) -> bytes:
    """SoupBinTCP 3.0, login request; then what no exchange should fall over."""
    body = b"L" + username.ljust(6) + password.ljust(10) + b" " * 10 + b"0".rjust(20)
    return struct.pack(">H", len(body)) + body


def bother(config: Config, source: random.Random, rounds: int) -> None:
    """Garbage for every port of an exchange and every group of its feed."""
    venue = config.venue
    assert venue.named
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        contextlib.ExitStack() as connections,
    ):
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for _ in range(rounds):
            for endpoint in (venue.feed_a, venue.feed_b, venue.retransmission):
                sender.sendto(noise(source), tuple(endpoint))
        for garbage in (
            b"", b"\0", b"\xff\xff", b"\0\0", source.randbytes(5), source.randbytes(70_000),
            b"GET / HTTP/1.1\r\n\r\n", login(b"NOBODY", b"x"), login(b"SCALP1", b"wrong"),
            login(b"", b"")[:-1], struct.pack(">H", 3) + b"U\0\0",
        ):  # fmt: skip
            client = connections.enter_context(socket.create_connection(venue.orders, timeout=5))
            with contextlib.suppress(OSError):  # it may hang up on us in the middle
                client.sendall(garbage)
        time.sleep(0.5)


@pytest.mark.slow
def test_garbage_from_strangers_stops_neither_exchange_nor_engine(tmp_path: Path) -> None:
    out = tmp_path / "run"
    record = out / "exchange" / "record.csv"
    with Command("run", "--out", out, "--no-live") as command:
        command.wait_trading(out)
        bother(Config.load(out / "config.toml"), random.Random(7), 300)
        after = record.read_text().count(",accepted,1,")
        command.wait_until(
            lambda: record.read_text().count(",accepted,1,") > after + 5, "more orders were taken"
        )
        command.signal(signal.SIGINT)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    summary = assert_complete(out)
    assert summary["state"] == "ACTIVE"
    assert summary["reconciliation"]["agrees"]
    assert summary["engine"]["orders_in_gap"] == 0


class FalseExchange:
    """Takes order connections and answers with garbage; sends garbage as a feed."""

    def __init__(self, answer: Callable[[random.Random], bytes]) -> None:
        self._answer = answer
        self._random = random.Random(3)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._server.bind(("127.0.0.1", 0))
        self.endpoints = {name: group._replace(port=47_211) for name, group in groups().items()}
        self.endpoints["orders"] = Endpoint(*self._listener.getsockname())
        self.endpoints["retransmission"] = Endpoint(*self._server.getsockname())
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._take, self._send)
        ]

    def __enter__(self) -> FalseExchange:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._server.close()

    def _take(self) -> None:
        self._listener.settimeout(0.1)
        taken = []
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                taken.append(client)
                client.sendall(self._answer(self._random))
        for client in taken:
            client.close()

    def _send(self) -> None:
        self._server.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1")
        )
        while not self._stop.wait(0.01):
            for name in ("feed_a", "feed_b"):
                self._server.sendto(noise(self._random), tuple(self.endpoints[name]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda source: source.randbytes(5000),
            r"no exchange answers at 127\.0\.0\.1|the feed is incomplete and .* not retransmit",
        ),
        (lambda source: b"\0\x02JA", r"the venue refused the login of user SCALP1"),
    ],
    ids=["noise", "refusal"],
)
def test_an_exchange_that_talks_nonsense(
    answer: Callable[[random.Random], bytes], said: str, tmp_path: Path
) -> None:
    with FalseExchange(answer) as exchange:
        path = configured(tmp_path / "a.toml", **exchange.endpoints)
        ended = run_command("run", path, "--out", tmp_path / "run", "--no-live")
    assert_said(ended, EXIT_USER)
    assert re.search(said, ended.words)


# -- signals ----------------------------------------------------------------------------------


def wait_loaded(command: Command) -> None:
    """Until Python has begun to load pyscalp; before that, signals are Python's affair."""
    maps = Path(f"/proc/{command.pid}/maps")
    command.wait_until(lambda: "pydantic_core" in maps.read_text(), "pyscalp was loaded")


def assert_interrupted_well(ended: Ended, out: Path) -> None:
    """Either nothing had begun and nothing is left, or everything is written."""
    if ended.status in (EXIT_INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        assert ended.out == ""
        assert not out.exists()
    else:
        assert_said(ended, EXIT_OK)
        assert_complete(out)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_ctrl_c_at_any_moment(seed: int, tmp_path: Path) -> None:
    """From the first import to the report, once; by every second seed several times."""
    source = random.Random(seed)
    out = tmp_path / "run"
    with Command("run", "--duration", "1s", "--out", out, "--no-live") as command:
        wait_loaded(command)
        for _ in range(1 + 3 * (seed % 2)):
            time.sleep(source.uniform(0, 0.25 * (1 + seed)))
            if command.process.poll() is None:
                command.signal(signal.SIGINT)
        ended = command.end()
    if ended.status == EXIT_NOT_FLAT:  # it was pressed twice: the kill switch
        assert seed % 2
        assert_complete(out)
    else:
        assert_interrupted_well(ended, out)


@pytest.mark.slow
def test_ctrl_c_twice_is_the_kill_switch(tmp_path: Path) -> None:
    """At once, too; here the exchange is stopped meanwhile, so that nothing gets flat."""
    out = tmp_path / "run"
    with Command("run", "--out", out, "--no-live") as command:
        command.wait_trading(out)
        exchange = command.exchange()
        os.kill(exchange, signal.SIGSTOP)
        command.signal(signal.SIGINT)
        time.sleep(0.05)  # of two pending at once the kernel keeps one
        command.signal(signal.SIGINT)
        command.wait_until(lambda: "kill switch: halted" in command.err, "it was halted")
        os.kill(exchange, signal.SIGCONT)
        ended = command.end()
    assert ended.status in (EXIT_OK, EXIT_NOT_FLAT), ended.err
    assert "stopping: cancel, flatten, log out" in ended.err
    summary = assert_complete(out)
    assert summary["state"] == "HALTED"
    assert summary["reconciliation"]["agrees"]
    flat = set(summary["final_positions"].values()) == {0}
    assert ended.status == (EXIT_OK if flat else EXIT_NOT_FLAT)


@pytest.mark.slow
def test_ctrl_c_again_and_again_while_the_report_is_made(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--duration", "1s", "--out", out, "--no-live") as command:
        command.wait_until((out / "summary.json").exists, "it had traded")
        while command.process.poll() is None:
            command.signal(signal.SIGINT)
            time.sleep(0.01)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert "report.html" in ended.out
    assert_complete(out)


@pytest.mark.slow
def test_sigterm_stops_cleanly(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--out", out, "--json") as command:
        command.wait_trading(out)
        command.signal(signal.SIGTERM)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert json.loads(ended.out)["directory"] == str(out)
    summary = assert_complete(out)
    assert set(summary["final_positions"].values()) == {0}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_exchange_that_is_told_to_stop(number: int, tmp_path: Path) -> None:
    endpoints = groups() | {
        "orders": Endpoint("127.0.0.1", 0), "retransmission": Endpoint("127.0.0.1", 0),
    }  # fmt: skip
    path = configured(tmp_path / "a.toml", **endpoints)
    with Command("exchange", path, "--json", "--record", tmp_path / "record.csv") as command:
        command.wait_until(lambda: '"ready"' in command.out, "it was ready")
        command.signal(number)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert json.loads(ended.out.splitlines()[-1])["statistics"]["messages"] > 0


def test_ctrl_c_in_a_replay(tmp_path: Path) -> None:
    day = tmp_path / "day"
    day.write_bytes(_core.simulate_day(1, 3600 * 10**9, ["AMZN", "AAPL", "MSFT", "INTC"]))
    with Command("replay", day, "--out", tmp_path / "run", "--json") as command:
        wait_loaded(command)
        command.wait_until((tmp_path / "run").exists, "it had begun")
        command.signal(signal.SIGINT)
        ended = command.end()
    assert ended.status == EXIT_INTERRUPTED, ended.err
    assert ended.out == ""
    assert not (tmp_path / "run").exists()


# -- the exchange goes away -----------------------------------------------------------------


@pytest.mark.slow
def test_an_exchange_that_is_killed_in_mid_session(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--out", out, "--no-live") as command:
        command.wait_trading(out)
        time.sleep(random.Random(5).uniform(0.2, 1.0))
        os.kill(command.exchange(), signal.SIGKILL)
        ended = command.end()
    assert_said(ended, EXIT_EXCHANGE_LOST, "the exchange ended in mid-session by SIGKILL")
    summary = assert_complete(out)
    assert "SIGKILL" in str(summary["error"])


def test_an_exchange_that_is_killed_before_it_is_ready(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Command("run", "--out", out, "--no-live") as command:
        command.wait_until(lambda: len(command.processes()) == 2, "the exchange was started")
        os.kill(command.exchange(), signal.SIGKILL)
        ended = command.end()
    assert_said(ended, EXIT_USER, "the included exchange did not start")
    assert not out.exists()


# -- a reader that goes away ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "option"), [("stdout", "--no-live"), ("stdout", "--json"), ("both", "--no-live")]
)
def test_a_reader_that_goes_away(what: str, option: str, tmp_path: Path) -> None:
    """As in `pyscalp run | head -1`: the session is whole, and its status its own."""
    out = tmp_path / "run"
    reader, writer = os.pipe()
    pipes = {name: writer for name in ("stdout", "stderr") if what in (name, "both")}
    with Command("run", "--duration", "1s", "--out", out, option, **pipes) as command:
        os.close(writer)
        command.wait_trading(out)
        os.close(reader)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    summary = assert_complete(out)
    assert summary["reconciliation"]["agrees"]
    assert set(summary["final_positions"].values()) == {0}


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_standard_output_on_a_full_disk(options: list[str]) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        Command("economics", *options, stdout=full) as command,
    ):
        ended = command.end()
    assert_said(ended, EXIT_NOT_WRITTEN, "standard output", "No space left on device")


def test_a_log_on_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with (
        Path("/dev/full").open("wb") as full,
        Command("run", "--duration", "1s", "--out", out, "--json", stderr=full) as command,
    ):
        ended = command.end()
    assert_said(ended, EXIT_OK)
    assert json.loads(ended.out)["reconciliation"]["agrees"]
    assert_complete(out)
