"""The included exchange: serving it in this process, and keeping one as a subprocess."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from pyscalp.config import Config
from pyscalp.config_core import DEFAULT_ENDPOINTS
from pyscalp.config_values import Endpoint
from pyscalp.day_file import read_day
from pyscalp.duration import Duration
from pyscalp.errors import ExchangeLost, PyscalpError

_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 8.0
_TAIL_LINES = 12
_POLL_S = 0.1


class StopSignals:
    """Counts Ctrl-C, SIGTERM and SIGHUP while it is entered; the main thread only.

    Until `armed` they raise KeyboardInterrupt, as nothing has been started that would
    have to be wound up; afterwards they are only counted, and whoever waits looks.
    """

    def __init__(self) -> None:
        self.count = 0
        self.armed = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # under nohup
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def take_back(self) -> None:
        """Count again after a library has been loaded that minds signals itself.

        Polars raises KeyboardInterrupt out of its calls, whatever handler was there.
        """
        for number in self._before:
            signal.signal(number, self._on_signal)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if not self.armed:
            raise KeyboardInterrupt


# -- serving --------------------------------------------------------------------------


def serve(
    config: Config,
    *,
    record: str = "",
    duration: Duration | None = None,
    on_ready: Callable[[dict[str, Any]], None],
    until_stdin_ends: bool = False,
) -> dict[str, Any]:
    """Run the included exchange until its day, its duration or a signal ends it.

    Parameters
    ----------
    config : Config
        Its endpoints are bound where it names them, the usual ones where not.
    record : str
        Where the exchange writes its own record of every order and fill; empty: nowhere.
    duration : Duration, optional
        Wall time after which the session ends.
    on_ready : callable
        Called with the bound endpoints, once clients can connect; of a crypto venue
        ``listen``, and the paths of its ``authority`` (PEM) and ``keys`` (TOML).
    until_stdin_ends : bool
        Also stop at the end of standard input, so that it never outlives its parent.

    Returns
    -------
    dict
        What the exchange counted.

    Raises
    ------
    PyscalpError
        If a port is taken, the record cannot be written, or the day cannot be read.
    """
    make = _crypto_server if config.venue.crypto else _itch_server
    with StopSignals() as signals:
        try:
            server, told = make(config, record, duration)
        except (OSError, ValueError) as error:
            raise PyscalpError(f"the exchange cannot start: {error}") from None
        if until_stdin_ends:
            threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
        failures: list[BaseException] = []
        thread = threading.Thread(target=_run, args=(server, failures), name="exchange")
        signals.armed = True
        thread.start()
        try:
            on_ready(server.endpoints() | told)
            while thread.is_alive():
                thread.join(_POLL_S)
                if signals.count:
                    server.stop()
        finally:
            server.stop()
            thread.join()
    if failures:
        raise failures[0]
    statistics: dict[str, Any] = server.statistics()
    return statistics


def _itch_server(
    config: Config, record: str, duration: Duration | None
) -> tuple[Any, dict[str, str]]:
    """The server, and what clients are told besides its endpoints."""
    from pyscalp import _core

    section = config.exchange
    day = read_day(section.file) if section.driver == "replay" and section.file else b""
    return _core.ExchangeServer(config.to_exchange(day, record, duration)), {}


def _crypto_server(
    config: Config, record: str, duration: Duration | None
) -> tuple[Any, dict[str, str]]:
    from pyscalp import _core
    from pyscalp.crypto_exchange import crypto_form, make_files

    crypto = config.exchange.crypto
    files = make_files(crypto.folder, crypto.listen.host)
    server = _core.CryptoExchangeServer(crypto_form(config, files, record, duration))
    return server, {"authority": str(files.authority), "keys": str(files.keys)}


def _run(server: Any, failures: list[BaseException]) -> None:
    try:
        server.run()
    except BaseException as error:
        failures.append(error)


def _stop_at_end_of_input(server: Any) -> None:
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    server.stop()


# -- as a subprocess ------------------------------------------------------------------


class ExchangeProcess:
    """The included exchange in a process and process group of its own.

    Ctrl-C in the terminal does not reach it; it ends when told, or when we are gone.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        """Start it; its configuration, record and log go into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "config.toml"
        file.touch(mode=0o600)
        file.write_text(own_endpoints(config, folder).to_toml(), encoding="utf-8")
        self.record = folder / "record.csv"
        self._log = folder / "log.txt"
        self._lines: queue.Queue[str | None] = queue.Queue()
        command = [
            sys.executable,
            "-m",
            "pyscalp",
            "exchange",
            str(file),
            "--json",
            "--record",
            str(self.record),
            "--until-stdin-ends",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.decode("utf-8", "replace"))
        self._lines.put(None)

    def wait_ready(self) -> dict[str, Any]:
        """The endpoints it has bound, once clients can connect.

        Raises
        ------
        PyscalpError
            If it ends before that, or takes too long; with the last lines of its log.
        """
        until = time.monotonic() + _READY_WITHIN_S
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left, _POLL_S))
            except queue.Empty:
                continue
            if line is None:
                self._process.wait()
                raise PyscalpError(self._tail("the included exchange did not start"))
            with contextlib.suppress(ValueError, TypeError, KeyError):
                ready: dict[str, Any] = json.loads(line)["ready"]
                return ready
        raise PyscalpError(
            self._tail(f"the included exchange was not ready within {_READY_WITHIN_S:.0f} s")
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; negative is the signal that ended it, None while it runs."""
        return self._process.poll()

    def lost(self) -> ExchangeLost:
        """What to say when it ended by itself and should not have."""
        status = self._process.wait()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return ExchangeLost(self._tail(f"the exchange ended in mid-session {how}"))

    def stop(self) -> None:
        """End it, politely first; its record is whole on disk afterwards."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        for how, patience in ((signal.SIGTERM, _STOP_WITHIN_S), (signal.SIGKILL, None)):
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)

    def _tail(self, what: str) -> str:
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return what
        lines = [line.rstrip() for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
        return "\n".join(
            [f"{what}; it said:", *(f"  {line}" for line in lines)] if lines else [what]
        )


@contextlib.contextmanager
def exchange_process(config: Config, folder: Path) -> Iterator[ExchangeProcess]:
    """An `ExchangeProcess` that is gone when the block is left, however it is left."""
    process = ExchangeProcess(config, folder)
    try:
        yield process
    finally:
        process.stop()


def own_endpoints(config: Config, folder: Path) -> Config:
    """Endpoints for an exchange of one's own: free ports, and groups drawn by chance.

    So several runs on one host neither take each other's ports nor hear each other. The
    certificate and the keys of a crypto venue go into `folder`.
    """
    if config.venue.crypto:
        crypto = config.exchange.crypto.model_copy(
            update={"listen": Endpoint("127.0.0.1", 0), "folder": str(folder / "keys")}
        )
        return config.replace("exchange", crypto=crypto)
    group = f"239.255.{random.SystemRandom().randrange(20, 250)}"
    return config.replace(
        "venue",
        feed_a=Endpoint(f"{group}.1", 0),
        feed_b=Endpoint(f"{group}.2", 0),
        retransmission=Endpoint(config.venue.interface, 0),
        orders=Endpoint(config.venue.interface, 0),
        snapshot=Endpoint(config.venue.interface, 0),
    )


def joined(config: Config, endpoints: dict[str, Any]) -> Config:
    """The configuration with the endpoints an exchange says it has bound."""
    if config.venue.crypto:
        host, port = endpoints["listen"]
        calls = "ws-api/v3" if config.venue.protocol == "binance-spot" else "ws-fapi/v1"
        return config.replace(
            "binance",
            streams=f"wss://{host}:{port}",
            api=f"wss://{host}:{port}/{calls}",
            rest=f"https://{host}:{port}",
            ca_file=endpoints["authority"],
            key_file=endpoints["keys"],
        )
    found = {name: Endpoint(*endpoints[name]) for name in DEFAULT_ENDPOINTS if name in endpoints}
    return config.replace("venue", **found)
