"""The HTTPS client at servers that are not ours."""

from __future__ import annotations

import asyncio
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp.web
import pytest
from servers import (
    LOOPBACK,
    Certificates,
    make_certificates,
    read_head,
    running,
    socket_server,
    web_server,
)

from pyscalp import _core

SOON = 20.0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "localhost")


@contextmanager
def client(
    port: int, certificates: Certificates | None = None, **options: Any
) -> Iterator[_core.HttpsClient]:
    if certificates is not None:
        options["ca_file"] = str(certificates.authority)
    scheme = "http" if certificates is None else "https"
    made = _core.HttpsClient(
        f"{scheme}://localhost:{port}", address=(LOOPBACK, port), backoff_first_s=0.01, **options
    )
    try:
        yield made
    finally:
        made.close()


def venue() -> aiohttp.web.Application:
    """An application that says what it was asked."""

    async def echo(request: aiohttp.web.Request) -> aiohttp.web.Response:
        asked = {
            "method": request.method,
            "path": request.path_qs,
            "key": request.headers.get("X-MBX-APIKEY"),
            "body": await request.text(),
        }
        code = int(request.query.get("code", "200"))
        return aiohttp.web.json_response(asked, status=code, headers={"X-Used-Weight": "7"})

    async def chunks(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for i in range(300):
            await response.write(bytes([i % 256]) * i * 10)
        await response.write_eof()
        return response

    async def large(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(body=bytes(range(256)) * 40_000)

    async def slow(request: aiohttp.web.Request) -> aiohttp.web.Response:
        await asyncio.sleep(3)
        return aiohttp.web.Response(text="too late")

    application = aiohttp.web.Application()
    application.router.add_get("/chunks", chunks)
    application.router.add_get("/large", large)
    application.router.add_get("/slow", slow)
    application.router.add_route("*", "/{path:.*}", echo)
    return application


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
def test_requests_of_every_kind_over_one_connection(
    secure: bool, certificates: Certificates
) -> None:
    tls = certificates.server() if secure else None
    with (
        running(web_server(venue(), tls)) as port,
        client(port, certificates if secure else None) as one,
    ):
        assert one.wait_open(SOON), one.failure
        for method in ("GET", "POST", "PUT", "DELETE"):
            for body in ("", "symbol=BTCUSDT&side=BUY") if method != "GET" else ("",):
                for code in (200, 400, 418, 429, 503):
                    target = f"/api/v3/order?a=b%20c&code={code}"
                    answer = one.request(method, target, [("X-MBX-APIKEY", "secret")], body)
                    assert (answer["fate"], answer["status"]) == ("answered", code), answer
                    assert answer["body"].decode() == (
                        f'{{"method": "{method}", "path": "{target}", '
                        f'"key": "secret", "body": "{body}"}}'
                    )
                    assert ("X-Used-Weight", b"7") in answer["headers"]
        answer = one.request("GET", "/chunks")
        assert answer["body"] == b"".join(bytes([i % 256]) * i * 10 for i in range(300))
        assert one.request("GET", "/large")["body"] == bytes(range(256)) * 40_000
        head = one.request("HEAD", "/large")
        assert (head["status"], head["body"]) == (200, b"")
        counters = one.counters()
        assert (counters["connections"], counters["failures"]) == (1, 0)
        assert counters["requests"] == counters["answered"]


def test_a_late_answer_leaves_the_fate_unknown_and_is_taken_for_no_other() -> None:
    with running(web_server(venue())) as port, client(port, answer_within_s=0.3) as one:
        answer = one.request("GET", "/slow")
        assert (answer["fate"], answer["status"]) == ("unknown", 0)
        assert answer["reason"] == "no answer within 300 ms"
        answer = one.request("GET", "/next")
        assert answer["fate"] == "answered"
        assert b"/next" in answer["body"]
        counters = one.counters()
        assert (counters["unknown"], counters["late"], counters["connections"]) == (1, 1, 2)


def test_what_never_left_is_not_sent() -> None:
    reserved = socket.create_server((LOOPBACK, 0))
    port = reserved.getsockname()[1]
    reserved.close()
    with client(port, answer_within_s=0.3) as one:
        answer = one.request("POST", "/order", body="a=b")
        assert answer["fate"] == "not sent"
        assert "connection refused" in answer["reason"]
        counters = one.counters()
        assert (counters["not_sent"], counters["unknown"]) == (1, 0)


def test_a_connection_that_the_server_ended_is_made_anew() -> None:
    # Shorter than any pause that a client would be trusted with.
    with running(web_server(venue(), keepalive_timeout=0.2)) as port, client(port) as one:
        assert one.request("GET", "/a")["fate"] == "answered"
        assert not one.wait_open(0) or one.is_open
        deadline = threading.Event()
        while one.counters()["connections"] < 2:
            deadline.wait(0.02)
            one.wait_open(0.0)
        assert one.request("GET", "/b")["fate"] == "answered"


def test_an_end_amid_an_answer_leaves_the_fate_unknown() -> None:
    def talk(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with socket_server(talk) as port, client(port) as one:
        answer = one.request("GET", "/")
        assert (answer["fate"], answer["status"], answer["body"]) == ("unknown", 0, b"")
        assert answer["reason"] == f"{LOOPBACK}:{port} ended the connection"


def test_a_cut_of_tls_is_no_end_of_a_body(certificates: Certificates) -> None:
    def talk(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nas far as it goes")
        if len(announced) == 0:
            announced.append(1)
            connection.shutdown(socket.SHUT_WR)
        else:
            connection.unwrap()  # type: ignore[attr-defined]

    announced: list[int] = []
    with socket_server(talk, certificates.server()) as port, client(port, certificates) as one:
        answer = one.request("GET", "/")
        assert answer["fate"] == "unknown"
        assert "the connection was cut" in answer["reason"]
        answer = one.request("GET", "/")
        assert (answer["fate"], answer["body"]) == ("answered", b"as far as it goes")


def test_a_malformed_answer_is_named() -> None:
    def talk(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.recv(1)

    with socket_server(talk) as port, client(port) as one:
        answer = one.request("GET", "/")
        assert answer["fate"] == "unknown"
        assert answer["reason"] == (
            "the answer is malformed: both Content-Length and Transfer-Encoding"
        )


def test_an_answer_that_is_too_large_is_named() -> None:
    with running(web_server(venue())) as port, client(port, answer_most=100_000) as one:
        answer = one.request("GET", "/large")
        assert answer["reason"] == "the answer is malformed: a body larger than the buffer"
        assert one.request("GET", "/small")["fate"] == "answered"


def test_an_answer_that_nothing_was_asked_for_ends_the_connection() -> None:
    connections = []

    def talk(connection: socket.socket) -> None:
        connections.append(1)
        if len(connections) == 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            connection.recv(1)
            return
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")

    with socket_server(talk) as port, client(port) as one:
        while not one.failure:
            one.wait_open(0.0)
        assert one.failure == "the server sent an answer that nothing was asked for"
        assert one.request("GET", "/")["body"] == b"true"


def test_the_server_of_the_standard_library(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text("{}")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # HTTP/1.0: every answer ends its connection.
        with client(server.server_port) as one:
            for _ in range(3):
                answer = one.request("GET", "/file.json")
                assert (answer["status"], answer["body"]) == (200, b"{}")
            assert one.request("GET", "/none")["status"] == 404
            assert one.counters()["answered"] == 4
        server.shutdown()


def test_requests_that_would_break_their_lines_are_refused() -> None:
    with client(1) as one:
        for target, headers in (
            ("/a b", []),
            ("/a\r\nX: y", []),
            ("/", [("A", "b\r\nC: d")]),
            ("/", [("A b", "c")]),
        ):
            with pytest.raises(ValueError, match="does not fit, or its target"):
                one.request("GET", target, headers)
    with pytest.raises(OSError, match="its scheme must be https or http"):
        _core.HttpsClient("wss://127.0.0.1/")
