"""Replay of a recorded day: engine and exchange in one process, as fast as it goes."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyscalp.config import Config
from pyscalp.config_sections import Instrument, Tactics
from pyscalp.config_signals import Signals
from pyscalp.day_file import day_symbols
from pyscalp.duration import ClockTime, Duration
from pyscalp.errors import EXIT_DISAGREES, EXIT_OK, PyscalpError, ResultsNotWritten, os_reason
from pyscalp.figures import figures
from pyscalp.reconciliation import Reconciliation, reconcile
from pyscalp.recorded_day import RecordedDay, read_recorded_day
from pyscalp.release_calendar import read_releases, times_of
from pyscalp.run import INCLUDED_ACCOUNT, own_signal, summary_head
from pyscalp.run_directory import Results, RunDirectory
from pyscalp.signals.loading import engine_form
from pyscalp.styles import STYLES, style_rows

_STEP = 50_000
_INSTRUMENTS_MAX = 8


@dataclass(frozen=True)
class ReplayResult:
    """What a replay gave.

    Attributes
    ----------
    summary : dict
        The numbers, as in summary.json: hash, messages, messages_per_second, fills,
        round_trips, net_bp_per_trade, holding_s_max, load_s and more.
    results : Results
        Fills, round trips and samples as NumPy structured arrays; see
        `pyscalp.run_directory` for their tables.
    directory : Path or None
        The run directory, where one was asked for.
    """

    summary: dict[str, Any]
    results: Results
    directory: Path | None = None

    @property
    def exit_status(self) -> int:
        """0, or the status of a ledger that differs from the exchange's record."""
        agreed = [self.summary["reconciliation"], *self.summary.get("styles", [])]
        return EXIT_OK if all(one["agrees"] for one in agreed) else EXIT_DISAGREES


def replay(
    path: str | Path | Sequence[str | Path],
    config: Config | str | Path | None = None,
    *,
    date: dt.date | str | None = None,
    start: str | None = None,
    end: str | None = None,
    feed_latency: str = "50us",
    order_latency: str = "50us",
    jitter: str = "0s",
    seed: int | None = None,
    signals: Sequence[str] | None = None,
    signal: Any = None,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    compare_styles: bool = False,
) -> ReplayResult:
    """Trade a recorded day with the engine that trades live. Equal inputs, equal result.

    Parameters
    ----------
    path : str, Path or several of them
        ITCH 5.0 BinaryFILE, plain or packed (.gz .xz .bz2 .zst). Or equity ticks of
        Lean: a day's quote or trade zip, which finds the other beside it; a folder of
        such zips; a folder of such folders, one an instrument. Several instruments are
        traded together.
    config : Config, str or Path, optional
        A configuration or its file. Without one, the usual signals and tactics, and the
        included limits, on the instruments of the day's directory.
    date : date or "YYYY-MM-DD", optional
        Which day of a folder of ticks, where it holds several.
    start, end : str, optional
        Part of the day to trade, by the venue's clock, such as ``"09:45"``.
    feed_latency, order_latency : str
        From the venue to the engine, and from the engine to the venue and back again.
    jitter : str
        Up to this much more, drawn for each packet.
    seed : int, optional
        Of the jitter and every other random choice; the configuration's if none is given.
    signals : sequence of str, optional
        The signals to run, the others off: of mean_reversion, book_imbalance, momentum
        and iceberg, or ``["all"]``; with the configuration's options.
    signal : optional
        A signal of your own, as `pyscalp.signals.load` takes it, instead of that of
        ``[signals.user]``; its parameters are that section's.
    out : str or Path, optional
        A run directory to write, new or empty.
    progress : callable, optional
        Called now and then with bytes done and bytes in all.
    compare_styles : bool
        Replay it as taker, as maker and choosing as well; what each came to stands in the
        summary and the report (see `pyscalp.styles.compare_styles`).

    Raises
    ------
    DayFileError
        If the file cannot be read as a whole day.
    ConfigError
        If the configuration has mistakes.
    PyscalpError
        If the day names none of the configuration's instruments, the run directory
        cannot be written, or a signal of your own cannot be loaded
        or fails (`pyscalp.signals.SignalError`).
    """
    from pyscalp import _core

    directory = RunDirectory.create(out) if out is not None else None
    done = False
    try:
        began = time.perf_counter()
        day = read_recorded_day(path, date)
        load_s = time.perf_counter() - began
        config = _config(config, day)
        if signals is not None:
            config = config.with_signals(signals)
        missing = _missing(config, day)
        if seed is not None:
            config = config.replace("session", seed=seed)
        options = {
            "from_ns": _clock(start),
            "to_ns": _clock(end),
            "feed_latency_ns": _latency("feed latency", feed_latency),
            "order_latency_ns": _latency("order latency", order_latency),
            "jitter_ns": _latency("jitter", jitter),
            "seed": config.session.seed,
            "touch_only": day.touch_only,
        }
        if options["from_ns"] and options["to_ns"] and options["to_ns"] <= options["from_ns"]:
            raise PyscalpError(f"the replay ends ({end}) before it begins ({start})")
        passes = _Passes(_core.Replay, day, options, signal, progress)
        passes.planned = len(STYLES) if compare_styles else 1
        began = time.perf_counter()
        core, own = passes.trade(config)
        replay_s = time.perf_counter() - began
        results = Results.of(core, config.instruments[0].lot)
        agreement = _reconciled(core, results, directory)
        summary = {
            **summary_head("replay", config, results),
            **_summary(day, results, core.messages, load_s, replay_s, options),
            "left_out": [*day.left_out, *missing],
            **figures(results, int(config.risk.aum.scaleb(9))),
            "reconciliation": agreement.to_json(),
            "user_signal": own_signal(own, results),
            "engine": results.engine,
        }
        if compare_styles:
            chosen = (results, agreement.agrees)
            summary["styles"] = style_rows(config, chosen, passes.results)
        if directory is not None:
            from pyscalp.report import write_report  # loads plotly

            directory.write_config(config)
            directory.write_results(results, summary, write_report)
        done = True
    finally:
        if directory is not None and not done:
            directory.discard()
    return ReplayResult(summary, results, directory.path if directory else None)


class _Passes:
    """The same part of a day, traded once or several times over."""

    def __init__(
        self,
        core: Callable[..., Any],
        day: RecordedDay,
        options: dict[str, Any],
        signal: Any,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.planned = 1
        self._done = 0
        self._core, self._day, self._options = core, day, options
        self._signal, self._progress = signal, progress

    def trade(self, config: Config) -> tuple[Any, Any]:
        """One pass; gives what `_core` made of it, and the signal of one's own."""
        form, own = engine_form(config, self._signal, day=_date(config, self._day))
        try:
            core = self._core(form, self._day.messages, self._options)
        except ValueError as error:
            raise PyscalpError(f"the replay cannot start: {error}") from None
        try:
            more = True
            while more:
                more = core.advance(_STEP)
                if own is not None:
                    own.check()
                if self._progress is not None:
                    done, total = core.progress()
                    self._progress(self._done * total + done, self.planned * total)
        except ValueError as error:
            raise PyscalpError(f"{self._day.name} cannot be replayed: {error}") from None
        self._done += 1
        return core, own

    def results(self, config: Config) -> tuple[Results, bool]:
        """One pass, and whether its ledger agrees with the exchange's record."""
        core, _ = self.trade(config)
        results = Results.of(core, config.instruments[0].lot)
        return results, _reconciled(core, results, None).agrees


def _reconciled(core: Any, results: Results, directory: RunDirectory | None) -> Reconciliation:
    """Hold the ledger against the exchange's record, which the run directory keeps."""
    with tempfile.TemporaryDirectory(prefix="pyscalp-") as scratch:
        folder = directory / "exchange" if directory is not None else Path(scratch)
        record = folder / "record.csv"
        try:
            folder.mkdir(exist_ok=True)
            core.write_record(str(record))
        except OSError as error:
            raise ResultsNotWritten(f"cannot write {record}: {os_reason(error)}") from None
        positions = results.engine["positions"]
        return reconcile(results.fills, record, INCLUDED_ACCOUNT, positions, results.symbols)


def _summary(
    day: RecordedDay,
    results: Results,
    messages: int,
    load_s: float,
    replay_s: float,
    options: dict[str, int | None],
) -> dict[str, Any]:
    return {
        "messages": messages,
        "messages_per_second": round(messages / replay_s) if replay_s > 0 else None,
        "load_s": round(load_s, 3),
        "replay_s": round(replay_s, 3),
        "started": time.strftime("%Y-%m-%d %H:%M:%S"),
        "venue": day.title,
        "date": day.date.isoformat() if day.date else None,
        "ticks": day.ticks,
        "error": str(results.engine.get("error") or ""),
        "options": options,
    }


def _config(config: Config | str | Path | None, day: RecordedDay) -> Config:
    if isinstance(config, Config):
        return config
    if config is not None:
        return Config.load(config)
    return config_for(day.messages, day.name)


def config_for(day: bytes, name: str = "the recording") -> Config:
    """The usual signals and tactics, and the included limits, on a day's instruments.

    Parameters
    ----------
    day : bytes
        ITCH 5.0 BinaryFILE. Up to eight instruments are all traded; of more, those of
        the included configuration.
    name : str
        What to call the day in an error.

    Raises
    ------
    PyscalpError
        If the day has none of them.
    """
    included = Config.included()
    symbols = day_symbols(day)
    wanted = [i.symbol for i in included.instruments if i.symbol in symbols]
    if len(symbols) <= _INSTRUMENTS_MAX:
        wanted = symbols
    if not wanted:
        raise PyscalpError(
            f"{name} names no instruments, so nothing in it can be traded"
            if not symbols
            else f"{name} names {len(symbols)} instruments, none of them of the included "
            "configuration; say which to trade with --config"
        )
    data = {name: getattr(included, name) for name in type(included).model_fields}
    # The day passes at its own pace, so tactics and signals are the usual ones.
    changes = {
        "instruments": tuple(Instrument(symbol=symbol) for symbol in wanted),
        "signals": Signals(),
        "tactics": Tactics(),
    }
    return Config(**(data | changes))


def _date(config: Config, day: RecordedDay) -> dt.date | None:
    """The day of the recording, where the configuration needs it and does not name it."""
    if config.calendar.file is None or config.calendar.date is not None:
        return None
    if day.date is None:
        raise PyscalpError(
            f"the name of {day.name} tells no date, so which releases of "
            f"{config.calendar.file} count is not known; set calendar.date"
        )
    return day.date


def _missing(config: Config, day: RecordedDay) -> list[str]:
    """Sentences on what the configuration names and the day has not."""
    traded = [instrument.symbol for instrument in config.instruments]
    symbols = day_symbols(day.messages)
    absent = [symbol for symbol in traded if symbol not in symbols]
    if len(absent) == len(traded):
        more = ", ..." if len(symbols) > _INSTRUMENTS_MAX else ""
        raise PyscalpError(
            f"{day.name} names none of the instruments to trade ({', '.join(absent)}); it names "
            + (", ".join(symbols[:_INSTRUMENTS_MAX]) + more if symbols else "no instrument at all")
        )
    said = [f"left out: {day.name} does not name {', '.join(absent)}"] if absent else []
    calendar = config.calendar
    if calendar.file is not None:
        date = dt.date.fromisoformat(calendar.date) if calendar.date else _date(config, day)
        if date and not times_of(read_releases(calendar.file), date, calendar.only):
            said.append(
                f"no release of {calendar.file} is on {date}"
                + (" with a name that calendar.only asks for" if calendar.only else "")
                + ", so it stops no entry"
            )
    return said


def _clock(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(ClockTime.parse(text))
    except ValueError as error:
        raise PyscalpError(f"the time {error}") from None


def _latency(name: str, text: str) -> int:
    try:
        return int(Duration.parse(text))
    except ValueError as error:
        raise PyscalpError(f"the {name} {error}") from None
