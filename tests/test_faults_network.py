"""Ports that are taken, strangers, and an exchange that goes away.

Every command here runs in a process of its own. `Command.end` checks what holds for all:
no traceback, and no process left over.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faults import assert_complete, assert_said, configured, groups
from processes import Command, run_command

from pyscalp.config import Config
from pyscalp.config_values import Endpoint
from pyscalp.errors import (
    EXIT_EXCHANGE_LOST,
    EXIT_OK,
    EXIT_USER,
)

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

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
