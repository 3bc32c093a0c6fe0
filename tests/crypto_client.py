"""Clients of the included crypto venue that share no code with it: stdlib, websockets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

PREFIX = {"binance-spot": "/api/v3", "binance-usdm": "/fapi/v1"}
CALLS = {"binance-spot": "/ws-api/v3", "binance-usdm": "/ws-fapi/v1"}

RISK = """
[tactics]
order_qty = 0.01
sweep_qty = 0.05
[risk]
aum = 1_000_000
max_order_qty = 1
max_order_value = 50_000
price_collar = "1%"
max_position = 2
max_orders_working = 16
rate_limit = 200
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 60
max_rejects = 20
"""


def configuration(folder: Path, protocol: str, exchange: str = "", crypto: str = "") -> str:
    """TOML of one BTCUSDT market of agents, fees of 10 and 5 basis points."""
    grids = {"binance-spot": ('"0.01"', '"0.00001"'), "binance-usdm": ('"0.10"', '"0.001"')}
    tick, lot = grids[protocol]
    driver = exchange or 'driver = "agents"\nspeed = 20'
    return f"""
[venue]
protocol = "{protocol}"
[exchange]
{driver}
[exchange.crypto]
listen = "127.0.0.1:0"
folder = "{folder / "venue"}"
{crypto}
[exchange.crypto.balances]
BTC = 10
USDT = 1_000_000
[fees]
maker_per_share = 0
taker_per_share = 0
maker_bp = 5
taker_bp = 10
[[instruments]]
symbol = "BTCUSDT"
tick = {tick}
lot = {lot}
opening = 60_000
min_notional = 5
{RISK}"""


class Socket:
    """A WebSocket of `websockets`, one call after another.

    Its loop runs in a thread of its own: one thread alone may use a TLS connection of
    Python, and `websockets.sync` has two that do.
    """

    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(self, url: str, tls: ssl.SSLContext) -> None:
        self._socket: ClientConnection = self._done(_connected(url, tls))

    @classmethod
    def _done(cls, work: Coroutine[Any, Any, T]) -> T:
        if cls._loop is None:
            cls._loop = asyncio.new_event_loop()
            threading.Thread(target=cls._loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, cls._loop).result(timeout=30)

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self._done(self._socket.close())

    def send(self, text: str) -> None:
        self._done(self._socket.send(text))

    def recv(self, timeout: float) -> str | bytes:
        """The next message; TimeoutError where none comes."""
        try:
            return self._done(asyncio.wait_for(self._socket.recv(), timeout))
        except asyncio.TimeoutError:
            raise TimeoutError from None


async def _connected(url: str, tls: ssl.SSLContext) -> ClientConnection:
    return await connect(url, ssl=tls, max_size=None, ping_interval=None, proxy=None)


class Venue:
    """A running exchange and the way to it."""

    def __init__(self, protocol: str, ready: dict[str, Any], record: Path) -> None:
        self.protocol = protocol
        self.port: int = ready["listen"][1]
        self.record = record
        self.authority = ready["authority"]
        keys = Path(ready["keys"])
        told = tomllib.loads(keys.read_text())
        self.api_key: str = told["hmac"]["api_key"]
        self.secret: str = told["hmac"]["secret"]
        self.ed25519_key: str = told["ed25519"]["api_key"]
        self.private_key = keys.parent / told["ed25519"]["private_key"]
        self.keys = keys
        self.tls = ssl.create_default_context(cafile=self.authority)
        self._http: http.client.HTTPSConnection | None = None

    # -- REST --------------------------------------------------------------------------

    def rest(
        self, method: str, path: str, parameters: dict[str, Any] | None = None, body: bool = False
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON and headers; over one connection that is kept alive."""
        if self._http is None:
            self._http = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=self.tls, timeout=10
            )
        query = urllib.parse.urlencode(parameters or {})
        target = path if path.startswith("/fapi/v2") else PREFIX[self.protocol] + path
        headers = {"X-MBX-APIKEY": self.api_key}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            self._http.request(method, target, query, headers)
        else:
            self._http.request(method, f"{target}?{query}" if query else target, None, headers)
        answer = self._http.getresponse()
        text = answer.read()
        if answer.headers.get("Connection") == "close":
            self._http = None
        return answer.status, json.loads(text), dict(answer.headers)

    def signed(
        self, method: str, path: str, body: bool = False, **parameters: Any
    ) -> tuple[int, Any]:
        """As `rest`, signed by hand."""
        parameters.setdefault("timestamp", int(time.time() * 1000))
        payload = urllib.parse.urlencode(parameters)
        parameters["signature"] = hmac.new(
            self.secret.encode(), payload.encode(), hashlib.sha256
        ).hexdigest()
        status, answer, _ = self.rest(method, path, parameters, body)
        return status, answer

    # -- WebSockets --------------------------------------------------------------------

    def connect(self, target: str) -> Socket:
        return Socket(f"wss://127.0.0.1:{self.port}{target}", self.tls)

    def calls(self) -> Calls:
        return Calls(self, self.connect(CALLS[self.protocol]))

    def ed25519(self, payload: str) -> str:
        """A signature made by the openssl command."""
        file = self.keys.parent / "payload.txt"
        file.write_text(payload)
        made = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.private_key, "-in", file],
            check=True,
            capture_output=True,
        )
        return base64.b64encode(made.stdout).decode()


class Calls:
    """The order API: answers by their ids, events in the order they came."""

    def __init__(self, venue: Venue, socket: Socket) -> None:
        self.venue = venue
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self._id = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        self.socket.send(json.dumps(message))
        while True:
            told: dict[str, Any] = json.loads(self.socket.recv(timeout=5))
            if told.get("id") == self._id:
                return told
            self.events.append(told)

    def signed(self, method: str, ed25519: bool = False, **parameters: Any) -> dict[str, Any]:
        venue = self.venue
        parameters["apiKey"] = venue.ed25519_key if ed25519 else venue.api_key
        parameters.setdefault("timestamp", int(time.time() * 1000))
        payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
        parameters["signature"] = (
            venue.ed25519(payload)
            if ed25519
            else hmac.new(venue.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        )
        return self.call(method, **parameters)

    def drain(self, seconds: float = 0.3) -> list[dict[str, Any]]:
        """All events so far, after a silence."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.events.append(json.loads(self.socket.recv(timeout=seconds)))
        return self.events


@contextlib.contextmanager
def running(folder: Path, protocol: str, exchange: str = "", crypto: str = "") -> Iterator[Venue]:
    """`pyscalp exchange` in a process of its own."""
    file = folder / "config.toml"
    file.write_text(configuration(folder, protocol, exchange, crypto))
    record = folder / "record.csv"
    command = [sys.executable, "-m", "pyscalp", "exchange", str(file), "--json"]
    process = subprocess.Popen(
        [*command, "--record", str(record), "--until-stdin-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.stderr.read())
        yield Venue(protocol, json.loads(line)["ready"], record)
    finally:
        process.stdin.close()
        if process.wait(timeout=15) != 0:
            raise AssertionError(process.stderr.read())
        process.stdout.close()
        process.stderr.close()


class LocalBook:
    """A book kept by the venue's rules, out of diffs and one snapshot."""

    def __init__(self, protocol: str) -> None:
        self.spot = protocol == "binance-spot"
        self.sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        self.last = 0
        self.joined = False
        self.gaps = 0

    def snapshot(self, told: dict[str, Any]) -> None:
        self.sides = {"b": dict(told["bids"]), "a": dict(told["asks"])}
        self.last = told["lastUpdateId"]
        self.joined = False

    def diff(self, told: dict[str, Any]) -> bool:
        """Applies a diff; False where it is older than the snapshot."""
        if told["u"] <= self.last if self.spot else told["u"] < self.last:
            return False
        if self.spot:
            fits = told["U"] <= self.last + 1
        elif self.joined:
            fits = told["pu"] == self.last
        else:
            fits = told["pu"] <= self.last <= told["u"]
        self.gaps += not fits
        for side in "ba":
            for price, qty in told[side]:
                if float(qty) == 0:
                    self.sides[side].pop(price, None)
                else:
                    self.sides[side][price] = qty
        self.last = told["u"]
        self.joined = True
        return True

    def levels(self) -> dict[str, list[list[str]]]:
        """As a snapshot has them."""
        bids = sorted(self.sides["b"].items(), key=lambda level: -float(level[0]))
        asks = sorted(self.sides["a"].items(), key=lambda level: float(level[0]))
        return {"bids": [list(one) for one in bids], "asks": [list(one) for one in asks]}
