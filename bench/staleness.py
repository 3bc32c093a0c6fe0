#!/usr/bin/env python3
"""How old a polled price is beside a streamed one, and what a strategy earns on each.

    bench/staleness.py [--duration 20s] [--run 60s] [--intervals 50,100,250,1000]
                       [--config FILE] [--seed 1] [--seeds 1] [--out DIR] [--json]

Starts the included exchange by the protocol of USD-M futures. First one client on the stream
and one a polling interval ask it for the best prices, all at once: at every millisecond, the
newest price that each knows is held against the true one, which is the last whose time of
transaction, the venue's own stamp, is not later. Then the strategy of FILE
(examples/binance_paper.toml) trades for as long as --run says, each time at a fresh exchange
of the same seed: once on the streams, and once on each interval behind bench/polling_relay.py;
with --seeds also for those that follow on --seed. --run 0s leaves that out. A price is
`overtaken` for as long as a newer one has been true.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent))

from polling_relay import Poller, Relay, Venue

from pyscalp.bench_book import machine
from pyscalp.config import Config
from pyscalp.duration import Duration
from pyscalp.errors import PyscalpError
from pyscalp.exchange import exchange_process, joined
from pyscalp.run import run

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "binance_paper.toml"
STEP_MS = 1
QUANTILES = (50, 90, 99)
STREAM = "stream"
_WARM_S = 1.0
# Older than any interval, so that the gate does not stop all trading on the slow ones.
_STALE_AFTER = "3s"


def name_of(interval_ms: int | None) -> str:
    """Of a way of hearing prices: ``stream``, or ``50 ms`` for polling."""
    return STREAM if interval_ms is None else f"{interval_ms} ms"


@dataclass(frozen=True)
class Heard:
    """What one client knew from when on.

    Attributes
    ----------
    name : str
        As `name_of` says it.
    at : ndarray
        int64, ns since 1970: when each price was known.
    update : ndarray
        int64: the venue's number of it.
    """

    name: str
    at: NDArray[np.int64]
    update: NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """The best prices by the venue's own stamps.

    Attributes
    ----------
    at : ndarray
        int64, ns since 1970, to the millisecond.
    update : ndarray
        int64, ascending: the venue's number of each.
    mid : ndarray
        float64, quote currency.
    """

    at: NDArray[np.int64]
    update: NDArray[np.int64]
    mid: NDArray[np.float64]


class _Listener:
    """A client of the stream."""

    def __init__(self, venue: Venue, stop: threading.Event) -> None:
        from pyscalp import _core

        self._client = _core.WebSocketClient(
            venue.url(f"/public/stream?streams={venue.symbol.lower()}@bookTicker"),
            ca_file=str(venue.authority),
        )
        if not self._client.wait_open(10.0):
            raise PyscalpError(f"no stream: {self._client.failure}")
        self._stop = stop
        self.told: list[tuple[int, bytes]] = []

    def work(self) -> None:
        while not self._stop.is_set():
            message = self._client.receive(0.1)
            if message is not None:
                self.told.append((time.time_ns(), message[1]))
        self._client.close()

    def rows(self) -> list[tuple[int, dict[str, Any]]]:
        return [(at, json.loads(text)["data"]) for at, text in self.told]


class _Asker:
    """A client that polls."""

    def __init__(self, venue: Venue, interval_ms: int, stop: threading.Event) -> None:
        self._poller = Poller(venue, f"/fapi/v1/depth?symbol={venue.symbol}&limit=5")
        self._interval_s = interval_ms / 1e3
        self._stop = stop
        self.told: list[tuple[int, int]] = []

    def work(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            answer = self._poller.ask()
            self.told.append((time.time_ns(), int(answer["lastUpdateId"])))
            due = max(due + self._interval_s, time.monotonic())
            self._stop.wait(due - time.monotonic())
        self._poller.close()


def listen(venue: Venue, seconds: float, intervals: list[int]) -> tuple[Truth, list[Heard]]:
    """What every client heard meanwhile, and what was true."""
    stop = threading.Event()
    stream = _Listener(venue, stop)
    askers = {ms: _Asker(venue, ms, stop) for ms in intervals}
    threads = [threading.Thread(target=one.work) for one in (stream, *askers.values())]
    for thread in threads:
        thread.start()
    try:
        time.sleep(seconds)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    rows = stream.rows()
    if not rows:
        raise PyscalpError("the stream told nothing: nothing moved meanwhile")
    truth = Truth(
        np.asarray([data["T"] * 1_000_000 for _, data in rows], dtype=np.int64),
        np.asarray([data["u"] for _, data in rows], dtype=np.int64),
        np.asarray([float((Decimal(d["b"]) + Decimal(d["a"])) / 2) for _, d in rows]),
    )
    heard = [Heard(STREAM, np.asarray([at for at, _ in rows], dtype=np.int64), truth.update)]
    for ms, asker in askers.items():
        told = np.asarray(asker.told, dtype=np.int64).reshape(-1, 2)
        heard.append(Heard(name_of(ms), told[:, 0], told[:, 1]))
    return truth, heard


def staleness(truth: Truth, heard: Heard, tick: float) -> dict[str, Any]:
    """How old and how wrong the newest known price was, over time.

    Parameters
    ----------
    truth : Truth
        Of the same time.
    heard : Heard
        By one client.
    tick : float
        Price step.

    Returns
    -------
    dict
        ``prices`` heard, ``wrong`` (share of the time), and by quantile of all
        milliseconds: ``overtaken_ms``, ``off_ticks``, ``off_bp``; and of those in which it
        was wrong ``off_bp_wrong``.
    """
    begin = max(truth.at[0], heard.at[0]) + int(_WARM_S * 1e9)
    end = min(truth.at[-1], heard.at[-1])
    grid = np.arange(begin, end, STEP_MS * 1_000_000, dtype=np.int64)
    if grid.size == 0:
        raise PyscalpError(f"{heard.name}: too short a time to say anything")
    true = np.searchsorted(truth.at, grid, side="right") - 1
    newest = np.searchsorted(heard.at, grid, side="right") - 1
    known = np.searchsorted(truth.update, heard.update[newest], side="right") - 1
    known = np.clip(known, 0, None)
    # What is heard before its own millisecond has begun by the stamps is not yet overtaken.
    true = np.maximum(true, known)
    replaced = truth.at[np.minimum(known + 1, truth.at.size - 1)]
    age = np.where(known < true, np.maximum(grid - replaced, 0), 0) / 1e6
    off = np.abs(truth.mid[known] - truth.mid[true])
    wrong = off > 0
    bp = 1e4 * off / truth.mid[true]
    return {
        "name": heard.name,
        "prices": int(heard.at.size),
        "overtaken": float((known < true).mean()),
        "wrong": float(wrong.mean()),
        "overtaken_ms": _quantiles(age),
        "off_ticks": _quantiles(off / tick),
        "off_bp": _quantiles(bp),
        "off_bp_wrong": _quantiles(bp[wrong]),
    }


def _quantiles(values: NDArray[np.float64]) -> dict[str, float]:
    if values.size == 0:
        return {f"p{q}": 0.0 for q in QUANTILES}
    found = np.percentile(values, QUANTILES)
    return {f"p{q}": float(value) for q, value in zip(QUANTILES, found, strict=True)}


@contextlib.contextmanager
def venue_of(config: Config, folder: Path) -> Iterator[tuple[Config, Venue]]:
    """A fresh exchange, the configuration that joins it, and where it is."""
    with exchange_process(config, folder) as exchange:
        ready = exchange.wait_ready()
        host, port = ready["listen"]
        yield (
            joined(config, ready),
            Venue(host, port, Path(ready["authority"]), config.instruments[0].symbol),
        )


def trade(config: Config, folder: Path, length: str, interval_ms: int | None) -> dict[str, Any]:
    """One run on the stream, or behind a relay that polls; what came of it."""
    quiet = Console(file=(folder.parent / "log.txt").open("a"))
    with contextlib.ExitStack() as stack:
        inner, venue = stack.enter_context(venue_of(config, folder / "exchange"))
        relay = None
        if interval_ms is not None:
            relay = Relay(venue, interval_ms / 1e3)
            port = stack.enter_context(relay.running())
            inner = inner.replace("binance", streams=f"wss://127.0.0.1:{port}")
        result = run(inner, duration=length, out=folder / "run", live=False, console=quiet)
    summary = result.summary
    economics = summary["economics"]
    net = economics["parts"].get("net", {"money": 0.0, "bp": 0.0})
    return {
        "name": name_of(interval_ms),
        "fills": economics["fills"],
        "trades": economics["trades"],
        "maker_share": economics["maker_share"],
        "net_bp": net["bp"],
        "net": net["money"],
        "error": summary["error"],
        "polls": None if relay is None else relay.polls,
    }


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Runs of several seeds as one: sums, and means weighted by trades."""
    trades = sum(one["trades"] for one in runs)
    traded = [one for one in runs if one["trades"]]

    def mean(key: str) -> float | None:
        return sum(one[key] * one["trades"] for one in traded) / trades if trades else None

    return {
        "name": runs[0]["name"],
        "fills": sum(one["fills"] for one in runs),
        "trades": trades,
        "maker_share": mean("maker_share"),
        "net_bp": mean("net_bp"),
        "net": sum(one["net"] for one in runs),
        "errors": sorted({one["error"] for one in runs if one["error"]}),
        "by_seed": runs,
    }


def _settled(file: Path, seed: int) -> Config:
    """The same for every client and every run."""
    config = Config.load(file)
    if config.venue.protocol != "binance-usdm" or config.binance.named:
        raise PyscalpError(f"{file} is not for the included exchange by binance-usdm")
    crypto = config.exchange.crypto.model_copy(update={"weight_limit": 10**9, "order_limit": 10**9})
    config = config.replace("exchange", seed=seed, crypto=crypto)
    config = config.replace("binance", connections=1)
    return config.replace("risk", stale_after=Duration.parse(_STALE_AFTER))


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Both parts."""
    config = _settled(args.config, args.seed)
    intervals = [int(part) for part in args.intervals.split(",")]
    seconds = Duration.parse(args.duration) / 1e9
    tick = float(config.instruments[0].tick)
    with venue_of(config, folder / "listen") as (_, venue):
        truth, heard = listen(venue, seconds, intervals)
    rows = [staleness(truth, one, tick) for one in heard]
    runs = []
    for interval in (None, *intervals) if Duration.parse(args.run) > 0 else ():
        each = []
        for seed in range(args.seed, args.seed + args.seeds):
            inside = folder / f"{name_of(interval).replace(' ', '')}-{seed}"
            inside.mkdir(parents=True)
            own = config.replace("exchange", seed=seed)
            each.append(trade(own, inside, args.run, interval))
        runs.append(together(each))
    return {
        "machine": machine(),
        "asked": {
            "duration": args.duration,
            "run": args.run,
            "seed": args.seed,
            "seeds": args.seeds,
        },
        "prices_true": int(truth.at.size),
        "staleness": rows,
        "runs": runs,
    }


def _table(title: str) -> Table:
    return Table(title=f"\n[bold]{title}[/bold]", title_justify="left", title_style="", box=None,
                 padding=(0, 1, 0, 0))  # fmt: skip


def show(result: dict[str, Any], console: Console) -> None:
    """Two tables for people."""
    box, asked = result["machine"], result["asked"]
    console.print(
        f"{box['cores']} cores of {box['processor']}, load {box['load']:.1f}; "
        f"{result['prices_true']:,} prices in {asked['duration']}; the venue's stamps are "
        "whole milliseconds, and so is what can be said of the stream",
        highlight=False,
    )
    table = _table(
        "the newest price known from the stream, or by polling: p50, p90, p99 over all ms"
    )
    for heading in ("", "prices", "overtaken", "for, ms", "wrong", "by ticks", "by bp"):
        table.add_column(heading, justify="left" if heading == "" else "right", no_wrap=True)
    for row in result["staleness"]:
        cells = [
            " ".join(f"{row[key][f'p{q}']:.{digits}f}" for q in QUANTILES)
            for key, digits in (("overtaken_ms", 0), ("off_ticks", 0), ("off_bp", 1))
        ]
        table.add_row(row["name"], f"{row['prices']:,}", f"{row['overtaken']:.1%}", cells[0],
                      f"{row['wrong']:.1%}", *cells[1:])  # fmt: skip
    console.print(table, highlight=False)
    if not result["runs"]:
        return
    seeds = f"seeds {asked['seed']} to {asked['seed'] + asked['seeds'] - 1}"
    table = _table(f"the same strategy for {asked['run']} on each, {seeds}")
    for heading in ("", "fills", "trades", "maker", "net bp a trade", "net"):
        table.add_column(heading, justify="left" if heading == "" else "right", no_wrap=True)
    for row in result["runs"]:
        maker = "-" if row["maker_share"] is None else f"{row['maker_share']:.0%}"
        table.add_row(row["name"], f"{row['fills']:,}", f"{row['trades']:,}", maker,
                      "-" if row["net_bp"] is None else f"{row['net_bp']:+.2f}",
                      f"{row['net']:+.2f}")  # fmt: skip
    console.print(table, highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--duration", default="20s")
    parser.add_argument("--run", default="60s")
    parser.add_argument("--intervals", default="50,100,250,1000")
    parser.add_argument("--config", type=Path, default=EXAMPLE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        with contextlib.ExitStack() as stack:
            folder = args.out or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="pyscalp-bench-"))
            )
            folder.mkdir(parents=True, exist_ok=True)
            result = measure(args, folder)
    except (PyscalpError, OSError) as error:
        print(f"staleness: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(result, indent=1))
    else:
        show(result, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
