"""`pyscalp run`: a session from its first connection to its report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from pyscalp.config import Config
from pyscalp.cores import reserved_core
from pyscalp.crypto_venue import read_api_key, venue_rules
from pyscalp.duration import Duration
from pyscalp.errors import (
    EXIT_DISAGREES,
    EXIT_OK,
    ExchangeLost,
    NotFlat,
    PyscalpError,
    ResultsNotWritten,
)
from pyscalp.exchange import ExchangeProcess, StopSignals, exchange_process, joined
from pyscalp.figures import figures
from pyscalp.live_view import LiveView
from pyscalp.reconciliation import reconcile
from pyscalp.run_directory import Results, RunDirectory
from pyscalp.signals.descriptor import Signal
from pyscalp.signals.loading import engine_form
from pyscalp.terminal import ERR
from pyscalp.transport import transport_lines
from pyscalp.units import SHARE, snapshot_in_units

_FRAME_S = 0.25
_CONNECT_WITHIN_S = 15.0
_STOP_WITHIN_S = 20.0
_KILL_WITHIN_S = 5.0

INCLUDED_ACCOUNT = "1"
"""The account of the only login that `run` gives the included exchange."""


@dataclass(frozen=True)
class RunResult:
    """How a session went."""

    directory: Path
    summary: dict[str, Any]
    exit_status: int


def run(
    config: Config | None = None,
    *,
    duration: Duration | str | None = None,
    out: str | Path | None = None,
    signal: Any = None,
    live: bool = True,
    console: Console | None = None,
) -> RunResult:
    """Trade until the duration is over, the market ends or somebody stops it.

    Without endpoints in the configuration the included exchange is started and stopped
    with the session. Must be called from the main thread, as it minds Ctrl-C: once stops
    cleanly (cancel, flatten, log out, report), twice is the kill switch.

    Parameters
    ----------
    config : Config, optional
        `Config.included()` if none is given.
    duration : Duration or str, optional
        Such as ``"60s"``; without it, until the market ends or somebody stops it.
    out : str or Path, optional
        The run directory, new or empty; ``runs/<time>`` if none is given.
    signal : optional
        A signal of your own, as `pyscalp.signals.load` takes it, instead of that of
        ``[signals.user]``; its parameters are that section's. Not one in Python.
    live : bool
        Show the live view where `console` is a terminal, else plain lines.
    console : rich.console.Console, optional
        Where progress goes; standard error if none is given.

    Raises
    ------
    PyscalpError
        If it could not be started, with the reason.
    """
    config = config or Config.included()
    length = Duration.parse(duration) if isinstance(duration, str) else duration
    console = console or ERR
    with StopSignals() as signals:
        directory = RunDirectory.create(out)
        started = False
        try:
            # Before anything is started: what is wrong with it is known at once.
            _, own = engine_form(config, signal, live=True)
            if config.venue.crypto and len(config.instruments) > 1:
                raise PyscalpError(
                    "one run trades one instrument of a crypto venue, as quantities, target and "
                    "stop are in its units; run one for each of [[instruments]]"
                )
            with (
                reserved_core(config.engine.cpu) as core,
                _venue(config, directory) as (venue_config, exchange),
            ):
                joined_config = venue_config.replace("engine", cpu=core)
                directory.write_config(joined_config)
                session = _Session(joined_config, directory, exchange, signals, own)
                started = True
                view = LiveView(
                    console,
                    in_place=live and console.is_terminal,
                    duration_s=length / 1e9 if length else None,
                )
                session.run(view, length)
        finally:
            if not started:
                directory.discard()
        import polars  # noqa: F401  what the report is made with

        signals.take_back()
        result = _conclude(session, joined_config, directory, exchange, console)
        del session  # giving its memory back takes a while, for which Ctrl-C is minded too
        return result


@contextlib.contextmanager
def _venue(
    config: Config,
    directory: RunDirectory,
) -> Iterator[tuple[Config, ExchangeProcess | None]]:
    if config.binance.named if config.venue.crypto else config.venue.named:
        yield config, None
        return
    with exchange_process(config, directory / "exchange") as exchange:
        yield joined(config, exchange.wait_ready()), exchange


class _Session:
    """Minds a `LiveSession` from its start to its end."""

    def __init__(
        self,
        config: Config,
        directory: RunDirectory,
        exchange: ExchangeProcess | None,
        signals: StopSignals,
        own: Signal | None,
    ) -> None:
        from pyscalp import _core

        self._exchange = exchange
        self._lot = config.instruments[0].lot
        self._signals = signals
        self.own = own
        self._said = False
        self.started = time.strftime("%Y-%m-%d %H:%M:%S")
        self.duration_s = 0.0
        self.failure: PyscalpError | None = None
        self.snapshot: dict[str, Any] = {}
        self.results: Results | None = None
        try:
            form, _ = engine_form(config, own, live=True)
            if config.venue.crypto:
                form["rules"] = venue_rules(config)
                form["api_key"] = read_api_key(config).to_core()
            self._core = _core.LiveSession(form, str(directory.path))
        except (OSError, ValueError) as error:
            raise PyscalpError(f"the session cannot start: {error}") from None

    def run(self, view: LiveView, length: Duration | None) -> None:
        """Start, watch, stop; afterwards `results` hold what it gave."""
        self._signals.armed = True
        began = time.monotonic()
        self._core.start()
        try:
            with view:
                for line in transport_lines(self._core.snapshot()["transport"]):
                    view.say(line)
                self._trade(view, began, length)
                self._wind_up(view)
        finally:
            if not self._core.join(0.0):
                self._core.kill()
                self._core.join(_KILL_WITHIN_S)
        self.duration_s = time.monotonic() - began
        if not self._core.join(0.0):
            raise RuntimeError("the engine did not end after its kill switch")
        self.snapshot = self._core.snapshot()
        self.results = Results.of(self._core, self._lot)
        if self.snapshot["phase"] == "failed" and self.failure is None:
            why = self.snapshot["error"]
            if self._flat:
                self.failure = ResultsNotWritten(why)
            else:
                self.failure = NotFlat(
                    "the session ended without knowing that everything is flat"
                    + (f": {why}" if why else "")
                )

    @property
    def _flat(self) -> bool:
        """The engine ended as it should; what failed is the journal."""
        return bool(self._core.summary()["phase"] == "ended")

    def _trade(self, view: LiveView, began: float, length: Duration | None) -> None:
        """Watch until there is a reason to stop."""
        trading_since: float | None = None
        while True:
            snapshot = self._show(view)
            now = time.monotonic()
            if snapshot["phase"] in ("ended", "failed"):
                if snapshot["phase"] == "failed" and not self._flat:
                    why = snapshot["error"] or "the session was lost"
                    traded = trading_since is not None or snapshot["orders_sent"]
                    self.failure = ExchangeLost(why) if traded else PyscalpError(why)
                return
            if self._exchange_ended(view):
                return
            if self._signals.count:
                view.say("stopping: cancel, flatten, log out; Ctrl-C again is the kill switch")
                return
            if snapshot["phase"] == "connecting" and trading_since is None:
                if now - began > _CONNECT_WITHIN_S:
                    self.failure = PyscalpError(
                        f"the venue did not answer within {_CONNECT_WITHIN_S:.0f} s; is it "
                        "running, and are the endpoints in [venue] right?"
                        + (f" ({snapshot['error']})" if snapshot["error"] else "")
                    )
                    return
            else:
                trading_since = trading_since or now
                if length is not None and now - trading_since >= length / 1e9:
                    return
            time.sleep(_FRAME_S)

    def _exchange_ended(self, view: LiveView) -> bool:
        """True if our own exchange is gone; not a failure where its day was over."""
        if self._exchange is None or self._exchange.status is None:
            return False
        if self._exchange.status != 0 and self.failure is None:
            self.failure = self._exchange.lost()
        view.say("the exchange has ended")
        return True

    def _wind_up(self, view: LiveView) -> None:
        """Cancel, flatten and log out; without a venue, or at a second Ctrl-C, halt."""
        until = time.monotonic() + _STOP_WITHIN_S
        killed = False
        if self.failure is None:
            self._core.request_stop()
        while not self._core.join(_FRAME_S):
            self._show(view)
            late = time.monotonic() > until
            if killed and late:
                return
            if not killed and (
                late or self.failure or self._signals.count > 1 or self._exchange_ended(view)
            ):
                if self._exchange is not None and self._exchange.status is not None:
                    self._core.abandon("the exchange has ended")
                else:
                    view.say("kill switch: halted, cancelling everything")
                    self._core.kill()
                killed, until = True, time.monotonic() + _KILL_WITHIN_S
        self._show(view)

    def _show(self, view: LiveView) -> dict[str, Any]:
        snapshot: dict[str, Any] = self._core.snapshot()
        view.update(snapshot_in_units(snapshot, self._lot), self._core.events())
        if not self._said and snapshot["machine"]:
            self._said = True
            for line in snapshot["machine"]:
                view.say(line)
        return snapshot


def _conclude(
    session: _Session,
    config: Config,
    directory: RunDirectory,
    exchange: ExchangeProcess | None,
    console: Console,
) -> RunResult:
    """Reconcile, write everything, and say what failed."""
    from pyscalp.report import write_report  # loads plotly, after the trading

    results = session.results
    assert results is not None
    failures = [session.failure] if session.failure else []
    agreement = None
    if exchange is not None:
        try:
            agreement = reconcile(
                results.fills,
                exchange.record,
                INCLUDED_ACCOUNT,
                results.engine.get("positions", {}),
                results.symbols,
            )
        except PyscalpError as error:
            failures.append(ResultsNotWritten(str(error)))
    summary = {
        **summary_head("run", config, results),
        "started": session.started,
        "duration_s": round(session.duration_s, 3),
        "venue": _venue_name(config, exchange),
        "state": session.snapshot["state"],
        "machine": results.engine["machine"],
        "spin": results.engine["spin"],
        "error": str(failures[0]) if failures else "",
        **figures(results, int(config.risk.aum.scaleb(9))),
        "transport": results.engine["transport"],
        "reconciliation": agreement.to_json() if agreement else None,
        "user_signal": own_signal(session.own, results),
        "engine": results.engine,
    }
    try:
        directory.write_results(results, summary, write_report)
    except ResultsNotWritten as error:
        failures.append(error)
    for line in [*map(str, failures), *_left_open(results)]:
        console.print(line, style="bold red", markup=False, highlight=False, soft_wrap=True)
    if failures:
        status = failures[0].exit_status
    else:
        status = EXIT_DISAGREES if agreement and not agreement.agrees else EXIT_OK
    return RunResult(directory.path, summary, status)


def _left_open(results: Results) -> list[str]:
    """What the venue may still hold of ours, in a line for a person."""
    held = [
        f"{symbol} {_quantity(lots, results.lot):+}"
        for symbol, lots in results.engine["positions"].items()
        if lots
    ]
    if orders := results.engine["open_orders"]:
        held.append(f"{orders} orders of which the venue has not said what became")
    return [f"left open: {', '.join(held)}"] if held else []


def summary_head(mode: str, config: Config, results: Results) -> dict[str, Any]:
    """What summary.json begins with, in a run and in a replay."""
    from pyscalp import __version__

    engine = results.engine
    return {
        "mode": mode,
        "version": __version__,
        "symbols": [instrument.symbol for instrument in config.instruments],
        "messages": engine.get("messages"),
        "hash": str(engine.get("hash", "")),
        "breakers": engine.get("breakers", []),
        "trips": engine.get("trips", []),
        "denied": engine.get("denied", {}),
        "final_positions": {
            symbol: _quantity(lots, results.lot)
            for symbol, lots in engine.get("positions", {}).items()
        },
        "allocations": engine.get("allocations"),
    }


def _quantity(lots: int, lot: Decimal) -> int | float:
    """Lots in units; of shares a whole number."""
    return lots if lot == SHARE else float(lots * lot)


def own_signal(own: Signal | None, results: Results) -> dict[str, Any] | None:
    """What summary.json says of a user's signal: calls, and those not finite."""
    if own is None:
        return None
    counted = results.engine.get("user_signal") or {}
    return {"name": own.name, "kind": own.kind, **counted}


def _venue_name(config: Config, exchange: ExchangeProcess | None) -> str:
    if exchange is None:
        return f"venue at {config.binance.api if config.venue.crypto else config.venue.orders}"
    section = config.exchange
    what = "agents" if section.driver == "agents" else Path(section.file or "").name
    return f"included exchange, {what} at {section.pace:g}x"
