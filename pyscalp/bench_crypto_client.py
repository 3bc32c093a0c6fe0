"""A client of the crypto feed bench: ``python -m pyscalp.bench_crypto_client JOB``.

The floor, which stamps each message when it is there and looks at none (`_core.FeedProbe`),
and three that do the same: take each message of a WebSocket over TLS, read it, and keep the
book of USD-M futures by the venue's rules; and note when the book has it. Ours is
`_core.FeedProbe`; the others are what one would write with ``picows`` and ``orjson``, and
with ``websockets`` and ``json``, on uvloop where it is installed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyscalp.errors import PyscalpError

_PATIENCE_S = 60.0


@dataclass(frozen=True)
class ClientJob:
    """What a client is to do.

    Attributes
    ----------
    role : str
        A key of `CLIENTS`.
    port : int
        Of the server.
    authority : str
        Certificate to trust.
    snapshot : str
        File of the answer to a request for one.
    symbol, tick, step : str
        Of what is streamed.
    messages : int
        That will come.
    stamps : str
        File that the stamps are written to.
    core : int or None
        To run on.
    """

    role: str
    port: int
    authority: str
    snapshot: str
    symbol: str
    tick: str
    step: str
    messages: int
    stamps: str
    core: int | None

    @property
    def module(self) -> str:
        """That reads it."""
        return "pyscalp.bench_crypto_client"

    def to_json(self) -> str:
        """As the client reads it from its command line."""
        return json.dumps(asdict(self))

    @property
    def url(self) -> str:
        """Of the stream."""
        return f"wss://127.0.0.1:{self.port}/public/stream?streams={self.symbol.lower()}"


class DictBook:
    """A book of USD-M futures in two dicts of text, and what the stream must obey.

    Parameters
    ----------
    snapshot : dict
        The answer to a request for one.
    """

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.bids: dict[str, str] = dict(snapshot["bids"])
        self.asks: dict[str, str] = dict(snapshot["asks"])
        self.touch: tuple[str, str, str, str] | None = None
        self.trades = 0
        self._last = int(snapshot["lastUpdateId"])
        self._joined = False

    def take(self, message: dict[str, Any]) -> None:
        """One message of a combined stream."""
        data = message["data"]
        kind = data["e"]
        if kind == "bookTicker":
            self.touch = (data["b"], data["B"], data["a"], data["A"])
        elif kind == "depthUpdate":
            self._take_depth(data)
        else:
            self.trades += kind == "trade"

    def _take_depth(self, data: dict[str, Any]) -> None:
        if self._joined:
            if data["pu"] != self._last:
                raise PyscalpError("a change of depth does not follow on the last")
        elif data["u"] < self._last:
            return
        self._joined = True
        self._last = data["u"]
        for side, levels in ((self.bids, data["b"]), (self.asks, data["a"])):
            for price, qty in levels:
                if float(qty) == 0.0:
                    side.pop(price, None)
                else:
                    side[price] = qty

    def levels(self, bids: bool, tick: str, step: str) -> list[list[int]]:
        """Rows of ticks and lots, best first."""
        side = self.bids if bids else self.asks
        rows = [[round(float(p) / float(tick)), round(float(q) / float(step))]
                for p, q in side.items()]  # fmt: skip
        return sorted(rows, reverse=bids)


def _context(job: ClientJob) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=job.authority)


def _runner() -> Callable[[Any], Any]:
    """uvloop's, where it is there."""
    try:
        run: Callable[[Any], Any] = importlib.import_module("uvloop").run
    except ImportError:
        run = asyncio.run
    return run


def _found(job: ClientJob, book: DictBook, stamps: list[int]) -> dict[str, Any]:
    np.save(job.stamps, np.asarray(stamps, dtype=np.int64))
    return {
        "messages": len(stamps),
        "trades": book.trades,
        "bids": book.levels(True, job.tick, job.step),
        "asks": book.levels(False, job.tick, job.step),
    }


def _bare(job: ClientJob) -> dict[str, Any]:
    _probe(job, bare=True)
    return {"messages": job.messages}


def _probe(job: ClientJob, *, bare: bool) -> Any:
    from pyscalp import _core

    probe = _core.FeedProbe(
        url=job.url,
        ca_file=job.authority,
        symbol=job.symbol,
        tick=job.tick,
        step=job.step,
        snapshot=Path(job.snapshot).read_text(encoding="utf-8"),
        messages=job.messages,
        bare=bare,
    )
    probe.run()
    np.save(job.stamps, probe.stamps())
    return probe


def _ours(job: ClientJob) -> dict[str, Any]:
    probe = _probe(job, bare=False)
    if probe.refused or not probe.fresh:
        raise PyscalpError(f"{probe.refused} messages were refused, or the book is not whole")
    return {
        "messages": job.messages,
        "trades": probe.trades,
        "bids": probe.levels(True).tolist(),
        "asks": probe.levels(False).tolist(),
    }


def _picows(job: ClientJob) -> dict[str, Any]:
    picows, orjson = importlib.import_module("picows"), importlib.import_module("orjson")
    book = DictBook(json.loads(Path(job.snapshot).read_text(encoding="utf-8")))
    stamps: list[int] = []
    loads, take, note, now = orjson.loads, book.take, stamps.append, time.monotonic_ns
    text = picows.WSMsgType.TEXT

    base: Any = picows.WSListener

    class Listener(base):  # type: ignore[misc]
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            if frame.msg_type != text:
                return
            take(loads(frame.get_payload_as_memoryview()))
            note(now())
            if len(stamps) == job.messages:
                transport.disconnect()

    async def work() -> None:
        transport, _ = await picows.ws_connect(Listener, job.url, ssl_context=_context(job))
        await asyncio.wait_for(transport.wait_disconnected(), _PATIENCE_S)

    _runner()(work())
    return _found(job, book, stamps)


def _websockets(job: ClientJob) -> dict[str, Any]:
    client = importlib.import_module("websockets.asyncio.client")
    book = DictBook(json.loads(Path(job.snapshot).read_text(encoding="utf-8")))
    stamps: list[int] = []
    loads, take, note, now = json.loads, book.take, stamps.append, time.monotonic_ns

    async def work() -> None:
        connecting = client.connect(
            job.url, ssl=_context(job), compression=None, ping_interval=None, close_timeout=1
        )
        async with connecting as connection:
            async for message in connection:
                take(loads(message))
                note(now())
                if len(stamps) == job.messages:
                    break

    _runner()(work())
    return _found(job, book, stamps)


CLIENTS: dict[str, Callable[[ClientJob], dict[str, Any]]] = {
    "bare TLS read": _bare,
    "pyscalp": _ours,
    "picows + orjson": _picows,
    "websockets + json": _websockets,
}
"""Who is measured."""

NEEDS = {
    "bare TLS read": (),
    "pyscalp": (),
    "picows + orjson": ("picows", "orjson"),
    "websockets + json": ("websockets",),
}
"""Packages of each."""


def main(text: str) -> int:
    """Do a job; 0, or 1 with a line on standard error."""
    job = ClientJob(**json.loads(text))
    if job.core is not None:
        os.sched_setaffinity(0, {job.core})
    try:
        print(json.dumps(CLIENTS[job.role](job)), flush=True)
    except (OSError, RuntimeError, ValueError, PyscalpError) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
