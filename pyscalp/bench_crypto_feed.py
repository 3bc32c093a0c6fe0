"""From socket bytes to book over TLS: ours beside picows + orjson and websockets + json.

A server that is not ours (`pyscalp.bench_crypto_server`) streams a recorded session over a
TLS WebSocket of the loopback, on one core; each client, on another, keeps the book. A round
measures each client once at a rate, for the latency from the server's send to the book,
and once at full speed, for the throughput; in turns. The books of all must be equal at the
end, level by level, or nothing is told.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from pyscalp.bench_book import machine
from pyscalp.bench_crypto_client import CLIENTS, NEEDS, ClientJob
from pyscalp.bench_crypto_server import ServerJob
from pyscalp.bench_networks import Place
from pyscalp.bench_tick import Progress
from pyscalp.bench_tick_run import Sides, WorkerJob, worker
from pyscalp.errors import PyscalpError

CAPTURE = "usdm_btcusdt_20240808.gz"
"""In the folder ``binance`` of PYSCALP_DATA."""

FLOOR = "bare TLS read"
"""What the kernel, TLS and frames take by themselves; nothing of it is the client's."""

_WARM = 1_000
_LIMIT_S = 120.0
_WANTED = 10.0
_SYMBOL, _TICK, _STEP = "BTCUSDT", "0.10", "0.001"


@dataclass(frozen=True)
class Session:
    """A piece of a capture.

    Attributes
    ----------
    lines : list of bytes
        Messages, the last of them a change of depth that no ticker is ahead of.
    snapshot : bytes
        That the first of them lead up to.
    """

    lines: list[bytes]
    snapshot: bytes


def read_session(file: Path, messages: int) -> Session:
    """Up to so many messages from the beginning of a capture.

    Raises
    ------
    PyscalpError
        If it cannot be read, or is no such session.
    """
    lines: list[bytes] = []
    snapshot = b""
    try:
        with gzip.open(file, "rb") as whole:
            for line in whole:
                message = line[line.index(b"{") :].rstrip()
                if message.startswith(b'{"lastUpdateId"'):
                    snapshot = snapshot or message
                else:
                    lines.append(message)
                if len(lines) >= messages and snapshot:
                    break
    except (OSError, EOFError, ValueError) as error:
        raise PyscalpError(f"cannot read {file}: {error}") from None
    end = _last_depth(lines)
    if not snapshot or end <= _WARM:
        raise PyscalpError(f"{file} holds no snapshot, or too few messages")
    return Session(lines[:end], snapshot)


def _last_depth(lines: Sequence[bytes]) -> int:
    """Behind the last change of depth that is as late as every ticker before it."""
    newest, end = 0, 0
    for index, line in enumerate(lines):
        kind = line[:48]
        if b"bookTicker" in kind:
            newest = max(newest, _number(line, b'"u":'))
        elif b"@depth" in kind and _number(line, b'"u":') >= newest:
            end = index + 1
    return end


def _number(line: bytes, key: bytes) -> int:
    at = line.index(key) + len(key)
    return int(line[at : line.index(b",", at)])


def capture_file() -> Path:
    """Where the recorded session is.

    Raises
    ------
    PyscalpError
        If PYSCALP_DATA is not set.
    """
    folder = os.environ.get("PYSCALP_DATA")
    if not folder:
        raise PyscalpError(
            "name a capture of USD-M BTCUSDT, or set PYSCALP_DATA to the folder of recorded "
            "market data"
        )
    return Path(folder) / "binance" / CAPTURE


class _Bench:
    def __init__(self, folder: Path, session: Session) -> None:
        from pyscalp import _core

        self._folder = folder
        self._messages = len(session.lines)
        (folder / "lines").write_bytes(b"\n".join(session.lines) + b"\n")
        (folder / "snapshot").write_bytes(session.snapshot)
        authority, certificate, key = (
            str(folder / name) for name in ("ca.pem", "server.pem", "server.key")
        )
        _core.make_certificates(authority, certificate, key, ["127.0.0.1"], 2)
        self.sides = Sides()

    def measure(self, name: str, rate: float) -> dict[str, Any]:
        """One client once: what it said, with the stamps of both ends."""
        sent, taken = self._folder / "sent.npy", self._folder / "taken.npy"
        for file in (sent, taken):
            file.unlink(missing_ok=True)
        server = ServerJob(
            str(self._folder / "lines"),
            rate,
            str(sent),
            str(self._folder / "server.pem"),
            str(self._folder / "server.key"),
            self.sides.core(True),
        )
        place = Place("127.0.0.1")
        limit_s = _LIMIT_S + (self._messages / rate if rate else 0.0)
        with worker(server, place, limit_s) as serving:
            client: WorkerJob = self._client(name, serving.hear()["port"], taken)
            with worker(client, place, limit_s) as working:
                found = working.hear()
        if found["messages"] != self._messages:
            raise PyscalpError(f"{name} took {found['messages']} of {self._messages} messages")
        return found | {"sent": np.load(sent), "taken": np.load(taken)}

    def _client(self, name: str, port: int, taken: Path) -> ClientJob:
        return ClientJob(
            role=name,
            port=port,
            authority=str(self._folder / "ca.pem"),
            snapshot=str(self._folder / "snapshot"),
            symbol=_SYMBOL,
            tick=_TICK,
            step=_STEP,
            messages=self._messages,
            stamps=str(taken),
            core=self.sides.core(False),
        )


def bench_crypto_feed(
    file: Path | None = None,
    *,
    messages: int = 20_000,
    rate: float = 2_000.0,
    rounds: int = 5,
    clients: Iterable[str] = tuple(CLIENTS),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure the way from socket bytes to book, over TLS.

    Parameters
    ----------
    file : Path, optional
        A raw capture of USD-M BTCUSDT; without one that of PYSCALP_DATA.
    messages : int
        Of it, from its beginning; the first thousand warm up.
    rate : float
        Messages a second where the latency is measured.
    rounds : int
        How often each client is measured, in turns.
    clients : iterable of str
        Of `pyscalp.bench_crypto_client.CLIENTS`.
    progress : callable, optional
        Called with what is being done, steps done and steps in all.

    Returns
    -------
    dict
        ``machine``, ``settings``, ``left_out`` by client with the reason, ``rows`` with
        ``latency`` (quantiles in ns over all rounds), ``per_second`` and ``rounds``, and
        ``figures``. Times in ns.

    Raises
    ------
    PyscalpError
        If a measurement fails, or the books differ.
    """
    names = list(dict.fromkeys(clients))
    for name in names:
        if name not in CLIENTS:
            raise PyscalpError(f'no client is called "{name}"; there are {", ".join(CLIENTS)}')
    if rounds < 1 or messages < 2 * _WARM or rate < 1:
        raise PyscalpError(f"nothing to measure: rounds and rate from 1, messages from {2 * _WARM}")
    left_out = {name: why for name in names if (why := _missing(name))}
    names = [name for name in names if name not in left_out]
    if not names:
        raise PyscalpError("nobody to measure: " + "; ".join(left_out.values()))
    tell: Progress = progress or (lambda text, done, total: None)
    session = read_session(capture_file() if file is None else file, messages)
    kept: dict[str, list[tuple[Any, float]]] = {name: [] for name in names}
    books: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="pyscalp-bench-") as folder:
        bench = _Bench(Path(folder), session)
        for number in range(rounds):
            for at, name in enumerate(names):
                tell(name, number * len(names) + at, rounds * len(names))
                paced, full = bench.measure(name, rate), bench.measure(name, 0.0)
                for found in (paced, full):
                    if name == FLOOR:
                        continue
                    book = {key: found[key] for key in ("bids", "asks", "trades")}
                    _compare(books, name, book)
                kept[name].append(((paced["taken"] - paced["sent"])[_WARM:], _speed(full)))
        cores = bench.sides.cores
    result: dict[str, Any] = {
        "machine": {**machine(), "cores_used": [cores[0], cores[-1]]},
        "settings": {"messages": len(session.lines), "rate": rate, "rounds": rounds},
        "left_out": left_out,
        "levels": _levels(books),
        "rows": [_row(name, kept[name]) for name in names],
    }
    result["figures"] = _figures(result["rows"])
    return result


def _missing(name: str) -> str:
    """What a client needs and is not there; empty where nothing is."""
    from pyscalp import _core

    if not NEEDS[name] and not hasattr(_core, "FeedProbe"):
        return "this build is without the crypto venue: install libsimdjson-dev and build again"
    absent = [package for package in NEEDS[name] if importlib.util.find_spec(package) is None]
    return f"pip install {' '.join(absent)}" if absent else ""


def _speed(full: dict[str, Any]) -> float:
    """Messages a second from the first send at full speed to the last in the book."""
    taken = full["taken"]
    return float(len(taken) / ((taken[-1] - full["sent"][0]) / 1e9))


def _compare(books: dict[str, Any], name: str, book: dict[str, Any]) -> None:
    first = next(iter(books), name)
    books.setdefault(name, book)
    for key, value in books[first].items():
        if book[key] != value:
            raise PyscalpError(f"{key} of {name} are not those of {first}: nothing is measured")


def _levels(books: dict[str, Any]) -> dict[str, int]:
    """Of each side, at the end."""
    book: dict[str, Any] = next(iter(books.values()), {"bids": [], "asks": []})
    return {side: len(book[side]) for side in ("bids", "asks")}


def _quantiles(nanos: Any) -> dict[str, float]:
    values = np.percentile(nanos, [0, 50, 90, 99, 99.9, 100])
    keys = ("min", "p50", "p90", "p99", "p99.9", "max")
    return dict(zip(keys, (float(one) for one in values), strict=True))


def _row(name: str, rounds: Sequence[tuple[Any, float]]) -> dict[str, Any]:
    return {
        "name": name,
        "versions": {package: _version(package) for package in (*NEEDS[name], *_loop(name))},
        "latency": _quantiles(np.concatenate([latency for latency, _ in rounds])),
        "per_second": max(speed for _, speed in rounds),
        "rounds": [_quantiles(latency) | {"per_second": speed} for latency, speed in rounds],
    }


def _loop(name: str) -> tuple[str, ...]:
    return ("uvloop",) if NEEDS[name] and importlib.util.find_spec("uvloop") else ()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _figures(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ratios of each round: whole latency, that above the floor, and throughput."""
    ours = next((row for row in rows if row["name"] == "pyscalp"), None)
    floor = next((row for row in rows if row["name"] == FLOOR), None)
    found: list[dict[str, Any]] = []
    for row in rows:
        if ours is None or row is ours or row is floor:
            continue
        pairs = list(zip(ours["rounds"], row["rounds"], strict=True))
        name = f"faster than {row['name']}"
        for key in ("p50", "p99"):
            whole = [theirs[key] / mine[key] for mine, theirs in pairs]
            found.append(_figure(f"{name}, server's send to book, {key}", whole))
        if floor is not None:
            own = [
                (theirs["p50"] - bare["p50"]) / max(mine["p50"] - bare["p50"], 1.0)
                for (mine, theirs), bare in zip(pairs, floor["rounds"], strict=True)
            ]
            found.append(_figure(f"{name}, of it above the bare read, p50", own))
        speed = [mine["per_second"] / theirs["per_second"] for mine, theirs in pairs]
        found.append(_figure(f"{name}, messages a second", speed))
    return found


def _figure(name: str, ratios: Sequence[float]) -> dict[str, Any]:
    return {
        "name": name,
        "value": median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "rounds": len(ratios),
        "bound": _WANTED,
        "at_most": False,
        "met": median(ratios) >= _WANTED,
    }
