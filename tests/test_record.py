"""`pyscalp record`: what is in its files, what it says is missing, and how it fails."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import Command, Ended, run_command

from pyscalp import record_feed, record_view
from pyscalp.cli import status_of
from pyscalp.config import Config
from pyscalp.config_values import Endpoint
from pyscalp.day_file import check_day, read_day
from pyscalp.errors import EXIT_NOT_WRITTEN, EXIT_OK, EXIT_USER, PyscalpError
from pyscalp.read import read
from pyscalp.record import EXIT_INCOMPLETE, Missing, RecordResult, record

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

LOOPBACK = "127.0.0.1"
MESSAGE = 36
"""Bytes of the add order message that the senders here repeat."""


def message(number: int) -> bytes:
    """An ITCH add order that carries its number."""
    head = struct.pack(">cHH", b"A", 1, 0) + number.to_bytes(6, "big")
    return head + struct.pack(">QcI8sI", number, b"B", 100, b"AMZN    ", 1_000_000)


def packet(first: int, count: int, session: bytes = b"SESSION001") -> bytes:
    """MoldUDP64 with messages `first`, `first` + 1, ..."""
    blocks = b"".join(
        struct.pack(">H", MESSAGE) + message(number) for number in range(first, first + count)
    )
    return session + struct.pack(">QH", first, count) + blocks


def numbers(itch: bytes) -> list[int]:
    """The numbers of the messages of a BinaryFILE; each is whole and as it was sent."""
    found, at = [], 0
    while at + 2 <= len(itch) and (size := int.from_bytes(itch[at : at + 2], "big")):
        body = itch[at + 2 : at + 2 + size]
        if len(body) < size:
            break  # what a SIGKILL cut
        number = int.from_bytes(body[11:19], "big")
        assert body == message(number)
        found.append(number)
        at += 2 + size
    return found


class Lines:
    """Two multicast lines of the loopback, with a port that is free."""

    def __init__(self) -> None:
        number = random.SystemRandom().randrange(20, 250)
        self._sockets = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        self.a, self.b = (Endpoint(f"239.253.{number}.{line}", port) for line in (1, 2))
        for group in (self.a, self.b):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            option = socket.IPPROTO_IP
            sender.setsockopt(option, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
            sender.setsockopt(option, socket.IP_MULTICAST_TTL, 0)
            sender.connect(tuple(group))
            self._sockets.append(sender)

    def send(self, first: int, count: int, lines: str = "ab") -> None:
        for line in lines:
            self._sockets["ab".index(line)].send(packet(first, count))

    def send_raw(self, datagram: bytes) -> None:
        self._sockets[0].send(datagram)

    def end(self, following: int) -> None:
        """The end of the session, before message `following`."""
        self.send_raw(b"SESSION001" + struct.pack(">QH", following, 0xFFFF))

    def options(self) -> list[str]:
        return ["--line-a", str(self.a), "--line-b", str(self.b)]

    def close(self) -> None:
        for sender in self._sockets:
            sender.close()


@pytest.fixture
def lines() -> Iterator[Lines]:
    made = Lines()
    yield made
    made.close()


@contextlib.contextmanager
def sending(lines: Lines, pause_s: float = 0.002) -> Iterator[None]:
    """Messages 1, 2, 3, ... on both lines until the block is left."""
    over = threading.Event()

    def send() -> None:
        for first in itertools.count(1, 20):
            if over.is_set():
                return
            lines.send(first, 20)
            time.sleep(pause_s)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def recorded(lines: Lines, out: Path, feed: Callable[[], object], **options: Any) -> RecordResult:
    """Record what `feed` sends once the groups are joined, which the file's being there tells."""

    def run() -> None:
        until = time.monotonic() + 10
        while not out.exists() and time.monotonic() < until:
            time.sleep(0.001)
        feed()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        usual = {"line_a": lines.a, "line_b": lines.b, "duration": "20s", "live": False}
        settings: dict[str, Any] = usual | options
        return record(out, **settings)
    finally:
        thread.join()


def assert_said(ended: Ended, status: int, *words: str) -> None:
    """It ended as it should, with a short message that holds these words."""
    assert ended.status == status, ended.err
    for word in words:
        assert word in ended.words
    assert "unexpected fault" not in ended.err


# -- what is in the files -----------------------------------------------------------------


def test_the_first_command(tmp_path: Path) -> None:
    """Without any address it has an exchange of its own, and what it writes is a day."""
    ended = run_command(
        "record", "--exchange", "--duration", "1500ms", "--out", tmp_path / "first.itch", "--json"
    )
    assert_said(ended, EXIT_OK)
    printed = json.loads(ended.out)
    day = read_day(tmp_path / "first.itch")
    assert check_day(day, "first.itch") == printed["messages"] > 100
    assert printed["first_sequence"] == 1
    assert printed["last_sequence"] == printed["messages"]
    assert printed["complete"]
    assert printed["missing"] == printed["problems"] == []
    assert min(printed["datagrams"]["a"], printed["datagrams"]["b"]) > 0
    assert json.loads((tmp_path / "first.itch.json").read_text()) == printed
    assert {entry.name for entry in tmp_path.iterdir()} == {"first.itch", "first.itch.json"}


def test_the_lines_become_one_day(lines: Lines, tmp_path: Path) -> None:
    def feed() -> None:
        lines.send(1, 5)
        lines.send(6, 5, "b")
        lines.send(11, 5, "a")
        lines.end(16)

    out = tmp_path / "a.itch"
    result = recorded(lines, out, feed)
    assert numbers(out.read_bytes()) == list(range(1, 16))
    assert out.read_bytes()[-2:] == b"\0\0"
    assert result.end == "session ended"
    assert result.complete
    assert result.messages == 15
    assert result.bytes == out.stat().st_size == 15 * (MESSAGE + 2) + 2
    assert result.session == "SESSION001"
    assert result.datagrams == {"a": 3, "b": 2, "retransmission": 0}
    assert result.duplicates == 1
    assert 0 <= time.time_ns() - result.last_time < 60e9
    assert result.first_time <= result.last_time


def test_joining_in_mid_session_begins_there(lines: Lines, tmp_path: Path) -> None:
    def feed() -> None:
        lines.send(1_000_000, 5)
        lines.end(1_000_005)

    result = recorded(lines, tmp_path / "a.itch", feed)
    assert (result.first_sequence, result.last_sequence) == (1_000_000, 1_000_004)
    assert result.complete


def test_one_line_is_enough(lines: Lines, tmp_path: Path) -> None:
    with sending(lines):
        result = record(tmp_path / "a.itch", line_a=str(lines.b), messages=100, live=False)
    assert result.end == "messages"
    assert result.messages == 100
    found = numbers((tmp_path / "a.itch").read_bytes())
    assert found == list(range(found[0], found[0] + 100))


def test_what_nobody_repeats_is_named(lines: Lines, tmp_path: Path) -> None:
    """A server that does not answer: the gaps are given up, and named in every place."""

    def feed() -> None:
        lines.send(1, 5)
        lines.send(8, 3)
        lines.send(12, 1)
        lines.end(13)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        server = Endpoint(*silent.getsockname())
        result = recorded(lines, tmp_path / "a.itch", feed, retransmission=server)
        assert silent.recv(64).startswith(b"SESSION001" + struct.pack(">Q", 6))
    assert numbers((tmp_path / "a.itch").read_bytes()) == [1, 2, 3, 4, 5, 8, 9, 10, 12]
    assert result.missing == [Missing(6, 2, "never arrived"), Missing(11, 1, "never arrived")]
    assert result.missing_messages == 3
    assert result.exit_status == EXIT_INCOMPLETE
    assert not result.complete
    (problem,) = result.problems
    assert "3 messages" in problem
    assert f"{server} did not answer" in problem
    assert problem.endswith("6-7, 11")
    written = json.loads((tmp_path / "a.itch.json").read_text())
    assert written["missing"][0] == {"first": 6, "count": 2, "reason": "never arrived"}
    assert written["complete"] is False


def test_the_command_fails_where_messages_are_missing(lines: Lines, tmp_path: Path) -> None:
    out = tmp_path / "a.itch"
    with Command("record", *lines.options(), "--out", out) as command:
        command.wait_until(out.exists, "the file was created")
        lines.send(1, 5)
        lines.send(7, 5)
        lines.end(12)
        ended = command.end()
    assert_said(ended, EXIT_INCOMPLETE, "1 message of the session is missing", "sequence number: 6")
    assert "1 messages" in ended.out


def test_a_new_session_ends_the_recording(lines: Lines, tmp_path: Path) -> None:
    def feed() -> None:
        lines.send(1, 5)
        for first in range(1, 5):
            lines.send_raw(packet(first, 1, b"SESSION002"))

    result = recorded(lines, tmp_path / "a.itch", feed)
    assert numbers((tmp_path / "a.itch").read_bytes()) == [1, 2, 3, 4, 5]
    assert result.end == "session changed"
    assert result.exit_status == EXIT_INCOMPLETE
    assert "SESSION001 was followed by another" in result.problems[0]


def test_the_venue_of_a_configuration(lines: Lines, tmp_path: Path) -> None:
    nobody = Endpoint(LOOPBACK, 9)
    config = Config.included().replace(
        "venue", feed_a=lines.a, feed_b=lines.b, retransmission=nobody, orders=nobody
    )
    path = tmp_path / "a.toml"
    path.write_text(config.to_toml())
    out = tmp_path / "a.itch"
    with Command("record", "--config", path, "--out", out, "--json") as command:
        command.wait_until(out.exists, "the file was created")
        lines.send(1, 5)
        lines.end(6)
        assert_said(command.end(), EXIT_OK)
    assert numbers(out.read_bytes()) == [1, 2, 3, 4, 5]


def test_without_addresses_it_joins_the_exchange_that_serves(
    lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((LOOPBACK, 0))
        usual = {
            "feed_a": lines.a,
            "feed_b": lines.b,
            "retransmission": Endpoint(*server.getsockname()),
        }
        monkeypatch.setattr(record_feed, "DEFAULT_ENDPOINTS", usual)

        def feed() -> None:
            lines.send(1, 5)
            lines.end(6)

        assert recorded(lines, tmp_path / "a.itch", feed, line_a=None, line_b=None).messages == 5


# -- pcap -----------------------------------------------------------------------------------


def udp_payloads(pcap: bytes) -> list[tuple[int, bytes]]:
    """Time in ns and payload of every datagram, read without pyscalp's own code."""
    magic, _, _, _, _, _, link = struct.unpack("<IHHiIII", pcap[:24])
    assert (magic, link) == (0xA1B23C4D, 1)
    found, at = [], 24
    while at < len(pcap):
        seconds, nanos, size, whole = struct.unpack("<IIII", pcap[at : at + 16])
        assert size == whole
        frame = pcap[at + 16 : at + 16 + size]
        assert len(frame) == size
        assert frame[12:15] == b"\x08\x00\x45"
        found.append((seconds * 10**9 + nanos, frame[42:]))
        at += 16 + size
    return found


BAD = "ip.checksum.status==0 || udp.checksum.status==0 || _ws.malformed"
"""What tshark finds wrong with a datagram."""


def tshark(path: Path, *options: str) -> list[str]:
    """Lines of tshark's answer; every line it decoded as MoldUDP64."""
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    checked = [
        "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
        "-d", "udp.port==0-65535,moldudp64",
    ]  # fmt: skip
    done = subprocess.run(
        [program, "-n", "-r", str(path), *checked, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def feed_of_a_pcap(lines: Lines) -> Callable[[], None]:
    def feed() -> None:
        lines.send(1, 5)
        lines.send_raw(b"noise")
        lines.send(6, 1, "b")
        lines.send_raw(b"SESSION001" + struct.pack(">QH", 7, 0))
        lines.send(7, 30)
        lines.end(37)

    return feed


def test_a_pcap_holds_every_datagram(lines: Lines, tmp_path: Path) -> None:
    out = tmp_path / "a.pcap"
    before = time.time_ns()
    result = recorded(lines, out, feed_of_a_pcap(lines))
    found = udp_payloads(out.read_bytes())
    assert [payload for _, payload in found] == [
        packet(1, 5), packet(1, 5), b"noise", packet(6, 1), packet(7, 0), packet(7, 30),
        packet(7, 30), packet(37, 0)[:18] + b"\xff\xff",
    ]  # fmt: skip
    times = [when for when, _ in found]
    assert times == sorted(times)
    assert before <= times[0] == result.first_time
    assert times[-1] == result.last_time <= time.time_ns()
    assert result.packets == 8
    assert result.messages == 36
    assert result.malformed == 1
    assert result.bytes == out.stat().st_size
    assert result.complete


def test_tshark_reads_the_pcap(lines: Lines, tmp_path: Path) -> None:
    out = tmp_path / "a.pcap"
    recorded(lines, out, feed_of_a_pcap(lines))
    fields = ("eth.dst", "ip.src", "ip.dst", "udp.dstport", "moldudp64.sequence")
    options = [option for field in fields for option in ("-e", field)]
    rows = [row.split("\t") for row in tshark(out, "-T", "fields", *options)]
    assert [row[4].split(",")[0] for row in rows if row[4]] == ["1", "1", "6", "7", "7", "7", "37"]
    for row in rows:
        group = lines.a.host if row[2] == lines.a.host else lines.b.host
        low = [int(part) for part in group.split(".")[1:]]
        assert row[0] == f"01:00:5e:{low[0] & 0x7F:02x}:{low[1]:02x}:{low[2]:02x}"
        assert row[1] == LOOPBACK
        assert row[3] == str(lines.a.port)
    assert tshark(out, "-Y", BAD) == []
    damaged = bytearray(out.read_bytes())
    damaged[-1] ^= 1
    out.write_bytes(damaged)
    assert len(tshark(out, "-Y", BAD)) == 1


# -- how it ends ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "a.itch"), (signal.SIGTERM, "a.pcap")]
)
def test_a_signal_ends_it_cleanly(
    number: signal.Signals, name: str, lines: Lines, tmp_path: Path
) -> None:
    out = tmp_path / name
    with Command("record", *lines.options(), "--out", out, "--json") as command, sending(lines):
        command.wait_until(lambda: out.exists() and out.stat().st_size > 10_000, "it recorded")
        command.signal(number)
        ended = command.end()
    assert_said(ended, EXIT_OK)
    printed = json.loads(ended.out)
    assert printed["end"] == "stopped"
    assert printed["bytes"] == out.stat().st_size
    if name == "a.itch":
        found = numbers(out.read_bytes())
        assert found == list(range(found[0], found[0] + printed["messages"]))
    else:
        assert len(udp_payloads(out.read_bytes())) == printed["packets"]


def test_what_a_killed_recording_leaves_can_be_read(lines: Lines, tmp_path: Path) -> None:
    out = tmp_path / "a.itch"
    with Command("record", *lines.options(), "--out", out) as command, sending(lines):
        command.wait_until(lambda: out.exists() and out.stat().st_size > 50_000, "it recorded")
        command.signal(signal.SIGKILL)
        command.end()
    found = numbers(out.read_bytes())
    assert len(found) > 1_000
    assert found == list(range(found[0], found[0] + len(found)))


def test_nothing_arrives(
    lines: Lines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(record_view, "_PATIENCE_S", 0.2)
    out = tmp_path / "a.itch"
    status = status_of(["record", *lines.options(), "--duration", "600ms", "--out", str(out)])
    assert status == EXIT_USER
    said = capsys.readouterr()
    assert f"nothing heard on {lines.a} and {lines.b} yet" in said.err
    assert "--interface" in said.err
    assert f"nothing was recorded: no datagram arrived on {lines.a}" in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_silent_line_is_told(
    lines: Lines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(record_view, "_PATIENCE_S", 0.2)
    result = recorded(
        lines, tmp_path / "a.itch", lambda: lines.send(1, 5, "a"), duration="700ms", live=True
    )
    assert result.complete
    assert capsys.readouterr().err.count(f"line B is silent: nothing heard on {lines.b}") == 1


def test_what_arrives_is_something_else(lines: Lines, tmp_path: Path) -> None:
    def feed() -> None:
        lines.send_raw(b"noise")

    with pytest.raises(PyscalpError, match="none of the 1 datagrams that arrived was MoldUDP64"):
        recorded(lines, tmp_path / "a.itch", feed, duration="500ms")
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_was_over(lines: Lines, tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="session SESSION001 had ended already"):
        recorded(lines, tmp_path / "a.itch", lambda: lines.end(1_000))
    assert list(tmp_path.iterdir()) == []


# -- wrong requests -------------------------------------------------------------------------

WRONG = {
    "no group": (["--line-a", "10.0.0.1:26400"], ["--line-a must be a multicast group"]),
    "no port": (["--line-a", "239.255.10.1"], ["--line-a must be an address and a port"]),
    "port 0": (["--line-a", "239.255.10.1:0"], ["--line-a needs the port"]),
    "a name": (["--line-a", "feed.example:1"], ['"feed.example" is not an IPv4 address']),
    "same": (["--line-a", "239.255.10.1:1", "--line-b", "239.255.10.1:1"], ["are both"]),
    "no line A": (["--line-b", "239.255.10.1:1"], ["the address of line A is missing"]),
    "no server": (
        ["--line-a", "239.255.10.1:1", "--from-start"],
        ["from the start needs a server"],
    ),
    "interface": (
        ["--line-a", "239.255.10.1:1", "--interface", "203.0.113.5"],
        ["cannot join 239.255.10.1:1", "no interface has that address"],
    ),
    "both": (["--line-a", "239.255.10.1:1", "--exchange"], ["give the addresses of the lines"]),
    "no unit": (["--duration", "60"], ["--duration is not a length of time", "unit"]),
    "no time": (["--duration", "0s"], ["--duration must be longer than nothing"]),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_options(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options, words = WRONG[kind]
    assert status_of(["record", *options, "--out", str(tmp_path / "a.itch")]) == EXIT_USER
    said = capsys.readouterr()
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.itch.xz", "leave .xz out"),
        ("a.txt", "does not say what to write"),
        ("nowhere/a.itch", "No such file or directory"),
    ],
)
def test_a_name_that_cannot_be(name: str, words: str, lines: Lines, tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match=words):
        record(tmp_path / name, line_a=lines.a)


def test_a_file_that_exists_is_kept(lines: Lines, tmp_path: Path) -> None:
    out = tmp_path / "a.itch"
    out.write_text("mine")
    with pytest.raises(PyscalpError, match=r"File exists; choose another name, .*--force"):
        record(out, line_a=lines.a)
    assert out.read_text() == "mine"
    out.unlink()
    sidecar = tmp_path / "a.itch.json"
    sidecar.write_text("{}")
    with pytest.raises(PyscalpError, match="belongs to an earlier recording"):
        record(out, line_a=lines.a)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.itch.json"]
    out.write_text("mine")
    with sending(lines):
        result = record(out, line_a=lines.a, messages=40, overwrite=True, live=False)
    assert len(numbers(out.read_bytes())) == 40
    assert json.loads(sidecar.read_text()) == json.loads(json.dumps(result.to_json()))


def test_a_port_may_be_shared(lines: Lines, tmp_path: Path) -> None:
    """Two recordings of one session side by side are the same from some message on."""
    first, second = tmp_path / "first.itch", tmp_path / "second.itch"
    with sending(lines), Command("record", *lines.options(), "--out", first) as other:
        other.wait_until(lambda: first.exists() and first.stat().st_size > 1_000, "it recorded")
        result = record(second, line_a=lines.a, line_b=lines.b, messages=200, live=False)
        other.wait_until(lambda: result.last_sequence in numbers(first.read_bytes()), "it had all")
        other.signal()
        assert_said(other.end(), EXIT_OK)
    theirs = numbers(first.read_bytes())
    at = theirs.index(result.first_sequence)
    assert theirs[at : at + 200] == numbers(second.read_bytes())


def test_a_port_that_is_not_shared(lines: Lines, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", lines.a.port))
        with pytest.raises(PyscalpError, match=r"address already in use; another program .*`ss"):
            record(tmp_path / "a.itch", line_a=lines.a)
    assert list(tmp_path.iterdir()) == []


# -- disks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.itch", "a.pcap"])
def test_a_file_that_cannot_grow_ends_with_a_whole_record(
    name: str, lines: Lines, tmp_path: Path
) -> None:
    """A limit on the size of files, which a full disk is like."""
    out = tmp_path / name
    limit = 65_432
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (65432, 65432)); "
        "import pyscalp.cli; pyscalp.cli.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "record", *lines.options(), "--out", str(out), "--json"]
    with sending(lines):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == EXIT_NOT_WRITTEN, done.stderr
    printed = json.loads(done.stdout)
    assert printed["end"] == "write failed"
    assert f"cannot write {out}: File too large" in " ".join(done.stderr.split())
    assert limit - 2_000 < printed["bytes"] == out.stat().st_size <= limit
    if name == "a.itch":
        assert check_day(out.read_bytes(), name) == printed["messages"]
        assert f"holds the first {printed['messages']:,} messages" in done.stderr
    else:
        assert len(udp_payloads(out.read_bytes())) == printed["packets"]


def test_a_full_disk(lines: Lines, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "pyscalp-test", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command: a full disk cannot be had")
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted by this user: {mounted.stderr.strip()}")
    try:
        with Command("record", *lines.options(), "--out", disk / "a.itch") as command:
            with sending(lines):
                ended = command.end()
            itch = (disk / "a.itch").read_bytes()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert_said(ended, EXIT_NOT_WRITTEN, "No space left on device", "messages, whole")
    assert check_day(itch, "a.itch") == len(numbers(itch)) > 1_000


def test_a_device_that_is_full(lines: Lines, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with sending(lines):
        result = record("/dev/full", line_a=lines.a, format="itch", overwrite=True, live=False)
    assert result.exit_status == EXIT_NOT_WRITTEN
    assert "No space left on device" in result.problems[0]
    assert result.messages == result.bytes == 0
    assert not Path("/dev/full.json").exists()


# -- the round trip -------------------------------------------------------------------------


def exchange_options(market_data: Path, loss: str) -> list[str]:
    file = market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz"
    return [
        "--driver", "replay", "--file", str(file), "--from", "09:30", "--speed", "20",
        "--loss-a", loss, "--loss-b", loss, "--duration", "3s", "--json",
    ]  # fmt: skip


def record_a_day(
    market_data: Path, lines: Lines, out: Path, *options: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Record the exchange that plays a day over bad lines; what the two of them counted."""
    venue = Config.included().replace(
        "venue",
        feed_a=lines.a,
        feed_b=lines.b,
        retransmission=Endpoint(LOOPBACK, 0),
        orders=Endpoint(LOOPBACK, 0),
    )
    path = out.with_suffix(".toml")
    path.write_text(venue.to_toml())
    with Command("exchange", path, *exchange_options(market_data, "5%")) as exchange:
        exchange.wait_until(lambda: "\n" in exchange.out, "it was ready", 30)
        ready = json.loads(exchange.out.splitlines()[0])["ready"]
        server = "{}:{}".format(*ready["retransmission"])
        ended = run_command(
            "record", *lines.options(), "--retransmission", server, "--out", out, "--json", *options
        )
        assert_said(ended, EXIT_OK)
        statistics = json.loads(exchange.end().out.splitlines()[-1])["statistics"]
    return json.loads(ended.out), statistics


def framed(day: bytes, count: int) -> bytes:
    """The first messages of a BinaryFILE."""
    at = 0
    for _ in range(count):
        at += 2 + int.from_bytes(day[at : at + 2], "big")
    return day[:at]


@pytest.mark.slow
def test_a_recorded_day_is_the_day(lines: Lines, market_data: Path, tmp_path: Path) -> None:
    """Over two bad lines: byte by byte what the exchange had published of its file."""
    out = tmp_path / "day.itch"
    printed, statistics = record_a_day(market_data, lines, out)
    assert printed["end"] == "session ended"
    assert printed["messages"] == statistics["messages"] > 1_000
    assert statistics["line_a"]["lost"] > 0
    assert statistics["line_b"]["lost"] > 0
    assert printed["recovered"] > 0
    assert printed["missing_messages"] == 0
    day = read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")
    assert out.read_bytes() == framed(day, printed["messages"]) + b"\0\0"


def assert_same_events(pcap: Path, itch: Path) -> None:
    """By pyscalp's own reader, which begins a capture with the first message it meets."""
    tables = []
    for path in (pcap, itch):
        with read(path) as reader:
            events = np.concatenate(list(reader))
        tables.append(events)
    tables[1] = tables[1][tables[1]["sequence"] >= tables[0]["sequence"][0]]
    assert len(tables[0]) == len(tables[1]) > 500
    for name in ("sequence", "order", "other", "price", "qty", "instrument", "kind", "side"):
        assert np.array_equal(tables[0][name], tables[1][name]), name


@pytest.mark.slow
def test_a_pcap_of_a_day_holds_the_day(lines: Lines, market_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "day.pcap"
    printed, statistics = record_a_day(market_data, lines, out)
    blocks: dict[int, bytes] = {}
    data_packets = 0
    for _, payload in udp_payloads(out.read_bytes()):
        sequence, count = struct.unpack(">QH", payload[10:20])
        at = 20
        data_packets += count not in (0, 0xFFFF)
        for number in range(sequence, sequence + (0 if count == 0xFFFF else count)):
            size = 2 + int.from_bytes(payload[at : at + 2], "big")
            blocks[number] = payload[at : at + size]
            at += size
        assert at == len(payload)
    assert sorted(blocks) == list(range(1, statistics["messages"] + 1))
    day = read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")
    assert b"".join(blocks[n] for n in sorted(blocks)) == framed(day, len(blocks))
    (tmp_path / "day.itch").write_bytes(framed(day, len(blocks)))
    assert_same_events(out, tmp_path / "day.itch")
    assert printed["packets"] == sum(printed["datagrams"].values())
    assert tshark(out, "-Y", BAD) == []
    assert len(tshark(out, "-Y", "moldudp64")) == printed["packets"]
    assert len(tshark(out, "-Y", "moldudp64.count > 0 && moldudp64.count < 65535")) == data_packets
