"""Servers that are not ours, each in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp.web
import picows
import websockets
from websockets.asyncio.server import ServerConnection

from pyscalp import _core

LOOPBACK = "127.0.0.1"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Talk = Callable[["Peer"], Awaitable[None]]


@dataclass
class Certificates:
    """Files of an authority of our own and of a server's certificate."""

    authority: Path
    certificate: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificates(folder: Path, *names: str) -> Certificates:
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    _core.make_certificates(
        str(files.authority), str(files.certificate), str(files.key), list(names), 2
    )
    return files


@dataclass
class Peer:
    """One connection at the server: what every library offers under another name."""

    send: Callable[[str | bytes], Awaitable[None]]
    receive: Callable[[], Awaitable[str | bytes | None]]  # None: closed
    close: Callable[[int, str], Awaitable[None]]
    ping: Callable[[], Awaitable[None]]
    raw: Any  # the library's own


@contextmanager
def running(server: AbstractAsyncContextManager[int]) -> Iterator[int]:
    """Run a server in a thread; gives the port that it listens on."""
    ready: list[int] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with server as port:
            ready.append(port)
            started.set()
            await stop.wait()

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(serve())
        started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(20)
    assert ready, "the server did not start"
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
        loop.close()


@asynccontextmanager
async def websockets_server(talk: Talk, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    async def handle(connection: ServerConnection) -> None:
        async def receive() -> str | bytes | None:
            try:
                return await connection.recv()
            except websockets.ConnectionClosed:
                return None

        async def ping() -> None:
            await (await connection.ping())

        peer = Peer(connection.send, receive, connection.close, ping, connection)
        with contextlib.suppress(websockets.ConnectionClosed):
            await talk(peer)

    async with websockets.serve(
        handle, LOOPBACK, 0, ssl=tls, max_size=None, ping_interval=None, close_timeout=2
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def aiohttp_server(talk: Talk, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    async def handle(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        response = aiohttp.web.WebSocketResponse(max_msg_size=0)
        await response.prepare(request)

        async def send(message: str | bytes) -> None:
            if isinstance(message, str):
                await response.send_str(message)
            else:
                await response.send_bytes(message)

        async def receive() -> str | bytes | None:
            message = await response.receive()
            kinds = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
            return message.data if message.type in kinds else None

        async def close(code: int, reason: str) -> None:
            await response.close(code=code, message=reason.encode())

        await talk(Peer(send, receive, close, response.ping, response))
        return response

    application = aiohttp.web.Application()
    application.router.add_get("/{path:.*}", handle)
    async with web_server(application, tls) as port:
        yield port


@asynccontextmanager
async def web_server(
    application: aiohttp.web.Application, tls: ssl.SSLContext | None = None, **options: float
) -> AsyncIterator[int]:
    runner = aiohttp.web.AppRunner(application, shutdown_timeout=1, **options)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, LOOPBACK, 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def picows_server(talk: Talk, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    tasks = set()

    class Listener(picows.WSListener):
        def on_ws_connected(self, transport: picows.WSTransport) -> None:
            self.messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
            self.pong = asyncio.Event()

            async def send(message: str | bytes) -> None:
                kind = picows.WSMsgType.TEXT
                if isinstance(message, bytes):
                    kind = picows.WSMsgType.BINARY
                data = message.encode() if isinstance(message, str) else message
                transport.send(kind, data)
                await asyncio.sleep(0)

            async def close(code: int, reason: str) -> None:
                transport.send_close(picows.WSCloseCode(code), reason.encode())
                await transport.wait_disconnected()

            async def ping() -> None:
                transport.send_ping(b"picows")
                await self.pong.wait()

            peer = Peer(send, self.messages.get, close, ping, transport)
            task = asyncio.get_running_loop().create_task(talk(peer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
            if frame.msg_type == picows.WSMsgType.TEXT:
                self.messages.put_nowait(frame.get_payload_as_utf8_text())
            elif frame.msg_type == picows.WSMsgType.BINARY:
                self.messages.put_nowait(frame.get_payload_as_bytes())
            elif frame.msg_type == picows.WSMsgType.PONG:
                self.pong.set()
            elif frame.msg_type == picows.WSMsgType.CLOSE:
                self.messages.put_nowait(None)
                transport.send_close(frame.get_close_code(), b"")
                transport.disconnect()

        def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
            self.messages.put_nowait(None)

    server = await picows.ws_create_server(
        lambda request: Listener(), LOOPBACK, 0, ssl=tls, use_aiofastnet=False
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


LIBRARIES: dict[str, Callable[[Talk, ssl.SSLContext | None], Any]] = {
    "websockets": websockets_server,
    "aiohttp": aiohttp_server,
    "picows": picows_server,
}


@contextmanager
def socket_server(
    talk: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server of bare sockets: `talk` has each connection in turn, after TLS."""
    listener = socket.create_server((LOOPBACK, 0))
    ending = threading.Event()

    def run() -> None:
        while not ending.is_set():
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(20)
                if tls is None:
                    talk(connection)
                else:
                    with tls.wrap_socket(
                        connection, server_side=True, suppress_ragged_eofs=False
                    ) as wrapped:
                        talk(wrapped)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ending.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(25)
        assert not thread.is_alive()


def read_head(connection: socket.socket) -> bytes:
    """Read a request up to the end of its head."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError("no whole head")
        head += byte
    return head


def upgrade(connection: socket.socket) -> None:
    """Answer a client's upgrade."""
    fields = dict(
        line.split(b": ", 1) for line in read_head(connection).split(b"\r\n") if b": " in line
    )
    digest = hashlib.sha1(fields[b"Sec-WebSocket-Key"] + GUID).digest()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )
