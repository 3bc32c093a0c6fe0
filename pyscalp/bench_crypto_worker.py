"""One side of a measurement over TLS: ``python -m pyscalp.bench_crypto_worker JOB``.

As `pyscalp.bench_tick_worker`: it says that it is ready, works, and says what it found.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyscalp.bench_tick_worker import Found, Told, engine_found, pin, say, serve, taken_away

LOOPBACK = "127.0.0.1"
SYMBOL = "BTCUSDT"
"""The symbol that triggers, as bench/crypto_trigger_day.hpp has it."""


@dataclass(frozen=True)
class CryptoJob:
    """What a worker is to do.

    Attributes
    ----------
    role : str
        A key of `ROLES`.
    core : int or None
        The core that the measuring thread runs on.
    spare_cores : tuple of int
        For every other thread of either side.
    folder : str
        With authority.pem, server.pem, server.key and keys.toml.
    port : int
        Of the outsider.
    triggers : int
        How many.
    period_ns : int
        From one to the next.
    patience_ns : int
        How long an order may take.
    path : str
        ``websocket`` or ``rest``: which of them orders go by.
    order_bytes : int
        Of an echo's order, within TLS.
    """

    role: str
    core: int | None
    spare_cores: tuple[int, ...]
    folder: str
    port: int
    triggers: int
    period_ns: int
    patience_ns: int
    path: str = "websocket"
    order_bytes: int = 0

    @property
    def module(self) -> str:
        """That reads it."""
        return "pyscalp.bench_crypto_worker"

    def to_json(self) -> str:
        """As the worker reads it from its command line."""
        return json.dumps(asdict(self))

    @property
    def authority(self) -> str:
        """The certificate to trust."""
        return str(Path(self.folder) / "authority.pem")


def _outsider(job: CryptoJob, told: Told) -> Found:
    from pyscalp import _core
    from pyscalp.crypto_exchange import read_keys

    pin(job.core)
    folder = Path(job.folder)
    key = read_keys(folder / "keys.toml")[0]
    outsider = _core.CryptoOutsider(
        certificate=str(folder / "server.pem"),
        key=str(folder / "server.key"),
        api_key=key["api_key"],
        secret=key["secret"],
        triggers=job.triggers,
        period_ns=job.period_ns,
        patience_ns=job.patience_ns,
    )
    told.then(outsider.stop)
    say({"orders_port": outsider.port})
    outsider.run()
    return {**outsider.counts(), "trips": outsider.trips().tolist()}


def _echo(job: CryptoJob, told: Told) -> Found:
    from pyscalp import _core

    pin(job.core)
    at = f"{LOOPBACK}:{job.port}"
    echo = _core.CryptoEcho(
        stream=f"wss://{at}/public/stream?streams={SYMBOL.lower()}@bookTicker",
        orders=f"https://{at}" if job.path == "rest" else f"wss://{at}/ws-fapi/v1",
        ca_file=job.authority,
        order_bytes=job.order_bytes,
        triggers=job.triggers,
    )
    told.then(echo.stop)
    say({"note": f"TLS on the loopback, order by {job.path}", "missing": ""})
    echo.run()
    return {"echoed": echo.echoed().tolist()}


def _engine(job: CryptoJob, told: Told) -> Found:
    from pyscalp import _core

    session = _core.LiveSession(engine_form(job), "")
    session.start()
    say({"note": session.snapshot()["transport"]["note"], "missing": ""})
    before = taken_away("pyscalp-engine")
    told.wait()
    return engine_found(session, taken_away("pyscalp-engine") - before)


def engine_form(job: CryptoJob) -> dict[str, Any]:
    """The configuration of an engine that sends an order at each trigger."""
    from pyscalp.config import Config
    from pyscalp.crypto_venue import read_api_key, venue_rules

    at = f"{LOOPBACK}:{job.port}"
    text = _ENGINE.format(
        symbol=SYMBOL,
        at=at,
        path=job.path,
        authority=job.authority,
        keys=Path(job.folder) / "keys.toml",
    )
    config = Config.loads(text, source="the benchmark's configuration")
    form = config.to_core()
    form["engine"] |= {"cpu": -1 if job.core is None else job.core}
    form["rules"] = venue_rules(config) | {"limits": []}
    form["api_key"] = read_api_key(config).to_core()
    return form


_ENGINE = """
[venue]
protocol = "binance-usdm"

[binance]
streams = "wss://{at}"
api = "wss://{at}/ws-fapi/v1"
rest = "https://{at}"
ca_file = "{authority}"
key_file = "{keys}"
order_path = "{path}"
connections = 1

[fees]
maker_per_share = 0
taker_per_share = 0

[[instruments]]
symbol = "{symbol}"
tick = 0.1
lot = 0.001

[signals.book_imbalance]
threshold = 0.5
levels = 1
persistence = "0s"
horizon_gain = 100

[tactics]
order_qty = 0.001
style = "taker"

[risk]
aum = 1_000_000
max_order_qty = 0.1
max_order_value = 50_000
price_collar = "1%"
max_position = 0.2
max_orders_working = 16
rate_limit = 1_000_000
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 60
max_rejects = 20

[engine]
lock_memory = true
"""

ROLES: dict[str, Callable[[CryptoJob, Told], Found]] = {
    "outsider": _outsider,
    "engine": _engine,
    "echo": _echo,
}
"""What a worker can be."""


def main(text: str) -> int:
    """Do a job; 0, or 1 with a line on standard error."""
    job = CryptoJob(**json.loads(text))
    return serve(job.spare_cores, lambda told: ROLES[job.role](job, told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
