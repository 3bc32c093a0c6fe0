"""Serves what polling a venue's REST tells as if it were the venue's streams.

For `bench/staleness.py`: an engine that trades on a stream is joined to this relay instead,
so that nothing of it differs but how old its market data are. The book is polled whole every
interval and told as a change of depth and a bookTicker; trades, of which the included
exchange has no REST, are taken from its stream and handed on with the next poll, as polling
them would. The user's own stream passes through untouched.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

DEPTH = 1_000
_UPSTREAM = {"compression": None, "ping_interval": None}


@dataclass(frozen=True)
class Venue:
    """The exchange behind the relay.

    Attributes
    ----------
    host, port : str, int
        Where it listens.
    authority : Path
        Certificate to trust; the server's own lie beside it and serve the relay as well.
    symbol : str
        Such as BTCUSDT.
    """

    host: str
    port: int
    authority: Path
    symbol: str

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    def url(self, path: str) -> str:
        return f"wss://{self.host}:{self.port}{path}"


class Poller:
    """One connection that asks the same thing again and again."""

    def __init__(self, venue: Venue, target: str) -> None:
        self._connection = http.client.HTTPSConnection(
            venue.host, venue.port, context=venue.context, timeout=10
        )
        self._target = target

    def ask(self) -> dict[str, Any]:
        """The answer now; OSError where there is none."""
        self._connection.request("GET", self._target)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise OSError(f"{self._target} answered {answer.status}: {body[:200]!r}")
        return dict(json.loads(body))

    def close(self) -> None:
        self._connection.close()


class PolledBook:
    """Answers to requests for the book, one after the other, as messages of streams."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        self._last = 0

    def messages(self, answer: dict[str, Any]) -> list[str]:
        """What the answer says that the one before did not; nothing where it is the same."""
        number = int(answer["lastUpdateId"])
        if number == self._last:
            return []
        sides = {"b": dict(answer["bids"]), "a": dict(answer["asks"])}
        # Whole, as a snapshot taken meanwhile may have what neither answer has.
        levels = {
            side: [[price, "0"] for price in self._sides[side] if price not in now]
            + [[price, qty] for price, qty in now.items()]
            for side, now in sides.items()
        }
        stamps = {"E": answer["E"], "T": answer["T"], "s": self._symbol}
        change = {"e": "depthUpdate", **stamps, "U": self._last + 1, "u": number,
                  "pu": self._last, **levels}  # fmt: skip
        out = [self._text("depth@100ms", change)]
        if answer["bids"] and answer["asks"]:
            (bid, bids), (ask, asks) = answer["bids"][0], answer["asks"][0]
            ticker = {"e": "bookTicker", "u": number, **stamps, "b": bid, "B": bids,
                      "a": ask, "A": asks}  # fmt: skip
            out.append(self._text("bookTicker", ticker))
        self._sides, self._last = sides, number
        return out

    def _text(self, stream: str, data: dict[str, Any]) -> str:
        name = f"{self._symbol.lower()}@{stream}"
        return json.dumps({"stream": name, "data": data}, separators=(",", ":"))


@dataclass
class Relay:
    """The relay itself; `running` starts it.

    Attributes
    ----------
    polls : int
        Answers that came.
    failure : str
        Why it ended before it was told to; empty where it did not.
    """

    venue: Venue
    interval_s: float
    polls: int = 0
    failure: str = ""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def _talk(self, client: ServerConnection) -> None:
        assert client.request is not None
        path = client.request.path
        # The engine ends its connections as it leaves.
        with contextlib.suppress(OSError, ConnectionClosed):
            if path.startswith("/public"):
                await self._books(client)
            elif path.startswith("/market"):
                await self._trades(client, path)
            else:
                await self._through(client, path)

    async def _each_interval(self, work: Callable[[], Any]) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            await work()
            due = max(due + self.interval_s, time.monotonic())
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stop.wait(), due - time.monotonic())

    async def _books(self, client: ServerConnection) -> None:
        symbol = self.venue.symbol
        poller = Poller(self.venue, f"/fapi/v1/depth?symbol={symbol}&limit={DEPTH}")
        book = PolledBook(symbol)

        async def poll() -> None:
            answer = await asyncio.to_thread(poller.ask)
            self.polls += 1
            for message in book.messages(answer):
                await client.send(message)

        try:
            await self._each_interval(poll)
        finally:
            poller.close()

    async def _trades(self, client: ServerConnection, path: str) -> None:
        async with connect(self.venue.url(path), ssl=self.venue.context, **_UPSTREAM) as upstream:
            waiting: list[str | bytes] = []

            async def gather() -> None:
                async for message in upstream:
                    waiting.append(message)

            async def hand_on() -> None:
                for message in waiting:
                    await client.send(message)
                waiting.clear()

            gathering = asyncio.create_task(gather())
            try:
                await self._each_interval(hand_on)
            finally:
                gathering.cancel()

    async def _through(self, client: ServerConnection, path: str) -> None:
        async with connect(self.venue.url(path), ssl=self.venue.context, **_UPSTREAM) as upstream:
            async for message in upstream:
                await client.send(message)

    async def _serve(self, ready: Callable[[int], None]) -> None:
        folder = self.venue.authority.parent
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        async with serve(
            self._talk, "127.0.0.1", 0, ssl=context, compression=None, ping_interval=None
        ) as server:
            ready(next(iter(server.sockets)).getsockname()[1])
            await self._stop.wait()

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """In a thread of its own; gives the port that it listens on."""
        loop = asyncio.new_event_loop()
        ports: list[int] = []
        started = threading.Event()

        def ready(port: int) -> None:
            ports.append(port)
            started.set()

        def run() -> None:
            try:
                loop.run_until_complete(self._serve(ready))
            except (OSError, RuntimeError) as error:
                self.failure = str(error)
            finally:
                started.set()
                loop.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        started.wait(10)
        if not ports:
            raise OSError(f"the relay did not start: {self.failure}")
        try:
            yield ports[0]
        finally:
            if thread.is_alive():
                loop.call_soon_threadsafe(self._stop.set)
            thread.join(10)
