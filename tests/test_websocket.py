"""The WebSocket client at servers that are not ours, over TLS."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from servers import (
    LIBRARIES,
    LOOPBACK,
    Certificates,
    Peer,
    make_certificates,
    running,
    socket_server,
    upgrade,
    websockets_server,
)

from pyscalp import _core

SOON = 20.0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "localhost", LOOPBACK)


@contextmanager
def client(
    port: int, certificates: Certificates | None, path: str = "/", **options: Any
) -> Iterator[_core.WebSocketClient]:
    """A client, closed at the end whatever happens."""
    scheme = "ws" if certificates is None else "wss"
    if certificates is not None:
        options["ca_file"] = str(certificates.authority)
    made = _core.WebSocketClient(
        f"{scheme}://localhost:{port}{path}", address=(LOOPBACK, port), **options
    )
    try:
        yield made
    finally:
        made.close(timeout_s=SOON)


def wait_until(one: _core.WebSocketClient, what: str, done: Any) -> None:
    """Keep the client going until `done()`."""
    until = time.monotonic() + SOON
    while not done():
        assert one.receive(0.02) is None
        assert time.monotonic() < until, f"not {what}: {one.state}, {one.failure}"


def messages(count: int, seed: int) -> list[str | bytes]:
    """Texts and bytes of every length class of a frame's header, and beyond a TLS record."""
    chosen = random.Random(seed)
    sizes = [0, 1, 125, 126, 127, 16_000, 65_535, 65_536, 300_000]
    sizes += [chosen.randrange(2_000) for _ in range(count)]
    alphabet = 'abc{}",:0123456789é€😀'
    return [
        chosen.randbytes(size) if i % 3 == 0 else "".join(chosen.choices(alphabet, k=size))
        for i, size in enumerate(sizes)
    ]


def decoded(message: tuple[int, bytes]) -> str | bytes:
    return message[1].decode() if message[0] == 1 else message[1]


def receive_all(one: _core.WebSocketClient, count: int) -> list[str | bytes]:
    got = []
    while len(got) < count:
        message = one.receive(SOON)
        assert message is not None, (len(got), one.state, one.failure)
        got.append(decoded(message))
    return got


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("secure", [True, False], ids=["wss", "ws"])
def test_messages_come_and_go_unchanged(
    library: str, secure: bool, certificates: Certificates
) -> None:
    wanted = messages(400, seed=1)

    async def talk(peer: Peer) -> None:
        for message in wanted:
            await peer.send(message)
        while (message := await peer.receive()) is not None:
            await peer.send(message)

    tls = certificates.server() if secure else None
    with (
        running(LIBRARIES[library](talk, tls)) as port,
        client(port, certificates if secure else None) as one,
    ):
        assert one.wait_open(SOON), one.failure
        assert one.tls_version == ("TLSv1.3" if secure else "")
        assert receive_all(one, len(wanted)) == wanted
        echoed = []
        for message in wanted:
            sent = one.send_text(message) if isinstance(message, str) else one.send_binary(message)
            assert sent
            echoed += receive_all(one, 1)
        assert echoed == wanted
        counters = one.counters()
        assert counters["messages"] == 2 * len(wanted)
        assert counters["messages_sent"] == len(wanted)
        assert (counters["failures"], counters["cuts"]) == (0, 0)
        assert one.close(timeout_s=SOON)
        assert (one.end, one.close_code) == ("by us", 1000)


@pytest.mark.parametrize("library", LIBRARIES)
def test_recorded_markets_come_unchanged(
    library: str, certificates: Certificates, market_data: Path
) -> None:
    count = 20_000
    with gzip.open(market_data / "binance" / "usdm_btcusdt_20240808.gz", "rt") as lines:
        recorded = [line.split(" ", 1)[1].rstrip("\n") for line in islice(lines, count)]

    async def talk(peer: Peer) -> None:
        for message in recorded:
            await peer.send(message)
        await peer.receive()

    with (
        running(LIBRARIES[library](talk, certificates.server())) as port,
        client(port, certificates) as one,
    ):
        assert receive_all(one, len(recorded)) == recorded


@pytest.mark.parametrize("library", LIBRARIES)
def test_pings_are_answered_and_closes_are_kept(library: str, certificates: Certificates) -> None:
    answered = threading.Event()

    async def talk(peer: Peer) -> None:
        await peer.ping()
        answered.set()
        await peer.receive()
        await peer.close(1001, "maintenance")

    with (
        running(LIBRARIES[library](talk, certificates.server())) as port,
        client(port, certificates, backoff_first_s=60, backoff_most_s=60) as one,
    ):
        assert one.wait_open(SOON)
        assert one.receive(0.2) is None
        assert one.counters()["pings_answered"] == 1
        assert library == "aiohttp" or answered.wait(SOON)  # it does not say when a pong comes
        assert one.send_text("close now")
        wait_until(one, "closed", lambda: one.failure != "")
        assert (one.end, one.close_code, one.close_reason) == ("by peer", 1001, "maintenance")
        assert one.failure == "the server closed it with code 1001: maintenance"
        assert not one.send_text("too late")


def test_fragments_are_put_together(certificates: Certificates) -> None:
    async def talk(peer: Peer) -> None:
        async def parts() -> Any:
            for part in ("a", "", "€" * 70_000, "z"):
                yield part
                await asyncio.sleep(0)

        await peer.raw.send(parts())
        await peer.receive()

    with (
        running(websockets_server(talk, certificates.server())) as port,
        client(port, certificates) as one,
    ):
        assert receive_all(one, 1) == ["a" + "€" * 70_000 + "z"]


def test_a_frame_of_64_mib_is_refused_with_1009() -> None:
    closes = []

    async def talk(peer: Peer) -> None:
        await peer.send(bytes(64 << 20))
        await peer.receive()
        closes.append(peer.raw.close_code)

    with (
        running(websockets_server(talk, None)) as port,
        client(port, None, backoff_first_s=60, backoff_most_s=60) as one,
    ):
        wait_until(one, "refused", lambda: one.failure != "")
        assert one.end == "protocol"
        assert one.failure == "the server broke the protocol: a message larger than the limit"
    assert closes in ([1009], [1006])  # a server busy sending may not read our frame


def test_a_masked_frame_is_named_and_answered_with_1002() -> None:
    closes = []

    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(b"\x81\x02ok\x81\x81\0\0\0\0a")
        frame = connection.recv(100)
        closes.append(bytes(a ^ b for a, b in zip(frame[6:8], frame[2:6], strict=False)))

    with (
        socket_server(talk) as port,
        client(port, None, backoff_first_s=60, backoff_most_s=60) as one,
    ):
        assert one.receive(SOON) == (1, b"ok")
        wait_until(one, "refused", lambda: one.failure != "")
        assert one.failure == "the server broke the protocol: a masked frame from a server"
    assert closes == [(1002).to_bytes(2, "big")]


def test_a_refused_upgrade_says_the_status() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")

    with socket_server(talk) as port, client(port, None, path="/wrong") as one:
        wait_until(one, "refused", lambda: one.failure != "")
        assert (one.end, one.http_code) == ("refused", 404)
        assert one.failure == (
            "the server answered the upgrade with status 404; check the path in the URL"
        )


def test_a_server_that_falls_silent_is_found_and_left() -> None:
    connections = []

    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        connections.append(1)
        if len(connections) > 1:
            connection.sendall(b"\x81\x04back")
        # Reads, but says nothing and answers no ping.
        while connection.recv(4_096):
            pass

    with (
        socket_server(talk) as port,
        client(port, None, ping_after_s=0.1, dead_after_s=0.4, backoff_first_s=0.01) as one,
    ):
        assert one.receive(SOON) == (1, b"back")
        counters = one.counters()
        assert (counters["silences"], counters["pings_sent"], counters["pongs"]) == (1, 1, 0)
        assert counters["connections"] == 2
        assert "the connection is dead" in one.failure


def test_a_quiet_server_that_answers_pings_is_kept(certificates: Certificates) -> None:
    async def talk(peer: Peer) -> None:
        await peer.receive()

    with (
        running(websockets_server(talk, certificates.server())) as port,
        client(port, certificates, ping_after_s=0.05, dead_after_s=SOON) as one,
    ):
        wait_until(one, "asked", lambda: one.counters()["pongs"] >= 3)
        counters = one.counters()
        assert (counters["connections"], counters["silences"]) == (1, 0)
        assert one.round_trip_ns > 0


def test_it_comes_back_and_waits_longer_each_time() -> None:
    reserved = socket.create_server((LOOPBACK, 0))
    port = reserved.getsockname()[1]
    reserved.close()
    with client(port, None, backoff_first_s=0.02, backoff_most_s=0.2, seed=3) as one:
        started = time.monotonic()
        wait_until(one, "tried", lambda: one.counters()["failures"] >= 6)
        # At least half of 20, 40, 80, 160 and 200 ms lies between six tries.
        assert time.monotonic() - started >= 0.25
        assert "connection refused" in one.failure
        assert one.counters()["connections"] == 0


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_comes_back_after_every_close(library: str, certificates: Certificates) -> None:
    count = 0

    async def talk(peer: Peer) -> None:
        nonlocal count
        count += 1
        await peer.send(f"connection {count}")
        if count < 4:
            await peer.close(1012, "")
        else:
            await peer.receive()

    with (
        running(LIBRARIES[library](talk, certificates.server())) as port,
        client(port, certificates, backoff_first_s=0.01, backoff_most_s=0.05) as one,
    ):
        assert receive_all(one, 4) == [f"connection {i}" for i in (1, 2, 3, 4)]
        assert (one.connection, one.counters()["failures"]) == (4, 3)


def test_a_connection_of_its_planned_age_is_made_anew(certificates: Certificates) -> None:
    ends = []

    async def talk(peer: Peer) -> None:
        await peer.send("hello")
        await peer.receive()
        ends.append(peer.raw.close_code)

    with (
        running(websockets_server(talk, certificates.server())) as port,
        client(port, certificates, life_s=0.1) as one,
    ):
        assert receive_all(one, 3) == ["hello"] * 3
        counters = one.counters()
        assert counters["renewals"] >= 2
        assert counters["failures"] == 0
    assert set(ends) == {1000}


def test_urls_and_settings_that_cannot_be_used_are_said() -> None:
    for url, words in {
        "localhost": "it begins like wss://host/path",
        "ftp://localhost/": "its scheme is none of wss, ws, https and http",
        "https://localhost/": "its scheme must be wss or ws",
        "wss://[::1]/": "its host is neither a name nor an IPv4 address",
        "wss://user@localhost/": "its host is neither a name nor an IPv4 address",
        "wss://localhost:0/": "its port is no port",
        "wss://localhost/a b": "blanks",
    }.items():
        with pytest.raises(OSError, match=words):
            _core.WebSocketClient(url)
    with pytest.raises(OSError, match=r"no address of no-such-host\.invalid is known"):
        _core.WebSocketClient("ws://no-such-host.invalid/")
    with pytest.raises(OSError, match="no certificate authorities can be read from /nowhere"):
        _core.WebSocketClient("wss://127.0.0.1/", ca_file="/nowhere")
    with pytest.raises(ValueError, match="life_s must be from 0"):
        _core.WebSocketClient("ws://127.0.0.1/", life_s=-1)
    with pytest.raises(ValueError, match="no IPv4 address"):
        _core.WebSocketClient("ws://127.0.0.1/", address=("localhost", 1))
