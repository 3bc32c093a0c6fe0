"""Tick-to-trade over TLS as an outsider sees it: a book change out, an order in.

The venue's end (`_core.CryptoOutsider`) and the contender are processes on two cores of
one loopback. Engine and bare echo are measured in turns, for orders by the WebSocket API
and by REST; the echo gets and sends frames of the same size over the same kind of TLS
connections. Everything else is as in `pyscalp.bench_tick`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import partial
from typing import Any

from pyscalp.bench_book import machine
from pyscalp.bench_crypto_worker import LOOPBACK, CryptoJob
from pyscalp.bench_networks import Places, places
from pyscalp.bench_tick import MAX_RATE, Pool, Progress
from pyscalp.bench_tick_figures import crypto_figures
from pyscalp.bench_tick_run import (
    PATIENCE_NS,
    Contender,
    Measured,
    Sides,
    limit_of,
    run_pair,
)
from pyscalp.crypto_exchange import make_files
from pyscalp.errors import PyscalpError

PATHS = ("websocket", "rest")
"""How orders go."""

_ORDER_BYTES = 420
"""Of an echo's order where no engine has sent one before."""


class _Bench:
    def __init__(self, where: Places, folder: str, triggers: int, rate: float) -> None:
        self._where = where
        self._folder = folder
        self._triggers = triggers
        self._rate = rate
        self._order_bytes: dict[str, int] = {}
        self.sides = Sides()

    def measure(self, contender: Contender) -> Measured:
        outsider = self._job("outsider", contender.transport)
        other = partial(self._job, contender.role, contender.transport)
        limit_s = limit_of(self._triggers, self._rate)
        measured = self.sides.measured(lambda: run_pair(outsider, other, self._where, limit_s))
        if contender.role == "engine" and measured.outsider["order_bytes"]:
            self._order_bytes[contender.transport] = measured.outsider["order_bytes"]
        return measured

    def _job(self, role: str, path: str, port: int = 0) -> CryptoJob:
        return CryptoJob(
            role=role,
            core=self.sides.core(role == "outsider"),
            spare_cores=tuple(self.sides.spare),
            folder=self._folder,
            port=port,
            triggers=self._triggers,
            period_ns=int(1e9 / self._rate),
            patience_ns=PATIENCE_NS,
            path=path,
            order_bytes=self._order_bytes.get(path, _ORDER_BYTES),
        )


def bench_crypto_trade(
    *,
    triggers: int = 600,
    rate: float = 500.0,
    rounds: int = 7,
    paths: Iterable[str] = PATHS,
    roles: Iterable[str] = ("engine", "echo"),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure tick-to-trade over TLS by the outsider's clock.

    Parameters
    ----------
    triggers : int
        Of each measurement; the first hundred, or a tenth, warm up.
    rate : float
        Triggers a second, at most `pyscalp.bench_tick.MAX_RATE`.
    rounds : int
        How often each contender is measured, in turns.
    paths : iterable of str
        Of `PATHS`.
    roles : iterable of str
        Of ``engine`` and ``echo``.
    progress : callable, optional
        Called with what is being done, steps done and steps in all.

    Returns
    -------
    dict
        As `pyscalp.bench_tick.bench_tick_to_trade`, with nothing refused and no feed.
        Times in ns.

    Raises
    ------
    PyscalpError
        If an argument makes no sense, or a measurement fails.
    """
    wanted, who = list(dict.fromkeys(paths)), list(dict.fromkeys(roles))
    for name, known in ((wanted, PATHS), (who, ("engine", "echo"))):
        for one in name:
            if one not in known:
                raise PyscalpError(f'at a crypto venue there is no "{one}": {", ".join(known)}')
    if not wanted or not who or rounds < 1 or triggers < 10:
        raise PyscalpError("nothing to measure: rounds from 1, triggers from 10")
    if not 1 <= rate <= MAX_RATE:
        raise PyscalpError(f"rate must be 1 to {MAX_RATE:.0f} triggers a second")
    tell: Progress = progress or (lambda text, done, total: None)
    pools = [Pool(Contender(role, path)) for path in wanted for role in who]
    with tempfile.TemporaryDirectory(prefix="pyscalp-bench-") as folder, places(False) as where:
        make_files(folder, LOOPBACK)
        bench = _Bench(where, folder, triggers, rate)
        for number in range(rounds):
            for at, pool in enumerate(pools):
                tell(pool.contender.name, number * len(pools) + at, rounds * len(pools))
                pool.add(bench.measure(pool.contender))
        cores = bench.sides.cores
    result: dict[str, Any] = {
        "machine": {**machine(), "cores_used": [cores[0], cores[-1]]},
        "places": "TLS over one loopback",
        "settings": {"triggers": triggers, "rate": rate, "rounds": rounds},
        "refused": {},
        "rows": [pool.row() for pool in pools],
        "feed": None,
    }
    result["figures"] = crypto_figures(result)
    return result
