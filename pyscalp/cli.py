"""The command ``pyscalp``.

Every command ends with status 0 only when it did what was asked. A mistake of the user
is one clear message on standard error and status 2; a fault of ours is a line that names
a log file, and status 70. Results go to standard output, progress to standard error.
"""

from __future__ import annotations

import signal
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from pyscalp import (
    __version__,
    cli_bench,
    cli_book,
    cli_economics,
    cli_host,
    cli_record,
    cli_strategy,
)
from pyscalp.config import Config
from pyscalp.duration import ClockTime, Duration
from pyscalp.errors import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_NOT_WRITTEN,
    EXIT_OK,
    EXIT_USER,
    ConfigError,
    Problem,
    PyscalpError,
    os_reason,
    write_crash_log,
)
from pyscalp.terminal import (
    ERR,
    OUT,
    complain,
    print_json,
    print_styles,
    print_summary,
    spoken_warnings,
)

app = typer.Typer(
    name="pyscalp",
    help="One-minute automated scalping, from packet to order to report.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path | None,
    typer.Argument(help="TOML configuration; without one, the included exchange, paper money."),
]
OutDir = Annotated[
    Path | None, typer.Option(help="Run directory, new or empty.", show_default="runs/<time>")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Length = Annotated[str | None, typer.Option(help="How long, such as 60s or 5m.")]
Share = Annotated[str | None, typer.Option(metavar="SHARE", help="Such as 0.05 or 5%.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        OUT.print(f"pyscalp {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """One-minute automated scalping, from packet to order to report."""


@app.command(epilog="Example: pyscalp run examples/paper.toml --duration 60s --out runs/first")
def run(
    config: ConfigFile = None,
    duration: Length = None,
    out: OutDir = None,
    as_json: Json = False,
    live: Annotated[bool, typer.Option("--live/--no-live", help="Live view.")] = True,
) -> None:
    """Trade, against the included exchange unless CONFIG names a venue.

    Ctrl-C stops cleanly: cancel, flatten, log out, report. Twice is the kill switch.
    Exit status: 0 done, 2 could not start, 3 the exchange was lost, 4 our ledger and the
    exchange's record differ, 5 not known to be flat, 74 results could not be written.
    """
    from pyscalp.run import run as run_session

    settings = Config.load(config) if config else Config.included()
    result = run_session(
        settings,
        duration=_duration("--duration", duration),
        out=out,
        live=live and not as_json,
        console=ERR if as_json else None,
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session is over and written
    summary = result.summary
    if as_json:
        print_json({**summary, "directory": str(result.directory)})
    else:
        print_summary(summary, result.directory)
    raise typer.Exit(result.exit_status)


@app.command(epilog="Example: pyscalp replay AMZN_AAPL_2012-06-21.itch50.xz --from 09:45 --json")
def replay(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Recorded day: ITCH 5.0, also packed; or folders or zips of equity ticks."
        ),
    ],
    config: Annotated[Path | None, typer.Option(help="TOML configuration.")] = None,
    date: Annotated[
        str | None, typer.Option(help="Day of a folder of ticks, such as 2013-10-07.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="Such as 09:45.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Such as 15:30.")] = None,
    signals: Annotated[
        str | None, typer.Option(help="Such as momentum,iceberg or all; the others are off.")
    ] = None,
    feed_latency: Annotated[str, typer.Option(help="Venue to engine.")] = "50us",
    order_latency: Annotated[str, typer.Option(help="Engine to venue, and back.")] = "50us",
    out: Annotated[Path | None, typer.Option(help="Run directory to write.")] = None,
    as_json: Json = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Of every random choice.")] = None,
    compare_styles: Annotated[
        bool, typer.Option("--compare-styles", help="Also as taker, as maker and choosing.")
    ] = False,
) -> None:
    """Trade a recorded day in process, as fast as it goes; equal inputs, equal hash.

    A day of equity ticks is a quote or trade zip, a folder of them, or a folder of such
    folders, with --date where it holds several days; several instruments trade together.
    """
    from pyscalp.replay import replay as replay_day
    from pyscalp.signals import PythonSignalWarning

    bar = Progress(
        TextColumn("replay"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal,
    )
    with bar, spoken_warnings(PythonSignalWarning):
        task = bar.add_task("replay", total=None)
        result = replay_day(
            files,
            config,
            date=date,
            start=start,
            end=end,
            feed_latency=feed_latency,
            order_latency=order_latency,
            seed=seed,
            signals=None if signals is None else [name.strip() for name in signals.split(",")],
            out=out,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            compare_styles=compare_styles,
        )
    for sentence in result.summary["left_out"]:
        ERR.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if as_json:
        where = {"directory": str(result.directory)} if result.directory else {}
        print_json(result.summary | where)
    else:
        print_summary(result.summary, result.directory)
        if compare_styles:
            print_styles(result.summary["styles"])
    raise typer.Exit(result.exit_status)


@app.command(epilog="Example: pyscalp exchange --driver replay --file DAY.itch50.xz --loss-a 5%")
def exchange(
    config: ConfigFile = None,
    driver: Annotated[
        Literal["agents", "replay"] | None, typer.Option(help="What makes the market.")
    ] = None,
    file: Annotated[str | None, typer.Option(help="Recorded day, for the driver replay.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Where in it to begin.")] = None,
    speed: Annotated[float | None, typer.Option(help="Times real time.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the market and the losses.")] = None,
    loss_a: Share = None,
    loss_b: Share = None,
    duplicate_a: Share = None,
    duplicate_b: Share = None,
    reorder_a: Share = None,
    reorder_b: Share = None,
    record: Annotated[
        Path | None, typer.Option(help="Write every order and fill to this CSV file.")
    ] = None,
    duration: Length = None,
    as_json: Json = False,
    until_stdin_ends: Annotated[bool, typer.Option("--until-stdin-ends", hidden=True)] = False,
) -> None:
    """Run the included exchange: ITCH over MoldUDP64 multicast, OUCH over SoupBinTCP.

    With venue.protocol binance-spot or binance-usdm in CONFIG it is a crypto venue:
    REST, streams and order API over TLS on one port.

    With --json the first line is {"ready": endpoints}, the last what was counted.
    """
    from pyscalp.exchange import serve

    given: dict[str, Any] = {
        "driver": driver or ("replay" if file else None),
        "file": file,
        "speed": speed,
        "start": _clock("--from", start),
        "seed": seed,
        "loss_a": loss_a,
        "loss_b": loss_b,
        "duplicate_a": duplicate_a,
        "duplicate_b": duplicate_b,
        "reorder_a": reorder_a,
        "reorder_b": reorder_b,
    }
    settings = Config.load(config) if config else Config.included()
    changes = {name: value for name, value in given.items() if value is not None}
    if changes.get("driver") == "replay" and config is None:
        changes.setdefault("speed", None)
    try:
        settings = settings.replace("exchange", **changes)
    except ConfigError as error:
        raise _as_options(error) from None

    def ready(endpoints: dict[str, Any]) -> None:
        if as_json:
            print_json({"ready": endpoints})
            return
        table = Table(title="the exchange is open", title_justify="left", box=None)
        for name, where in endpoints.items():
            shown = where if isinstance(where, str) else f"{where[0]}:{where[1]}"
            table.add_row(name.replace("_", " "), shown)
        OUT.print(table)
        OUT.print("Ctrl-C ends its day.", style="dim")

    statistics = serve(
        settings,
        record=str(record) if record else "",
        on_ready=ready,
        duration=_duration("--duration", duration),
        until_stdin_ends=until_stdin_ends,
    )
    if as_json:
        print_json({"statistics": statistics})
    else:
        OUT.print(
            f"{statistics['messages']:,} messages, {statistics['orders']:,} orders taken.",
            highlight=False,
        )
    if statistics.get("record_error"):
        complain(f"the record {record} is not whole: {statistics['record_error']}")
        raise typer.Exit(EXIT_NOT_WRITTEN)


@app.command(epilog="Example: pyscalp fit AMZN_AAPL_2012-06-21.itch50.xz --symbol AMZN")
def fit(
    file: Annotated[Path, typer.Argument(help="Recorded day to compare with.")],
    symbol: Annotated[str, typer.Option(help="Which of its stocks.")] = "AMZN",
    length: Annotated[
        str, typer.Option("--length", help="Time of the simulated day, such as 30m.")
    ] = "6h30m",
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated market.")] = 1,
    filler_from: Annotated[
        int | None,
        typer.Option(help="Orders with references from here up are fillers: not counted."),
    ] = None,
    as_json: Json = False,
) -> None:
    """The simulated market beside a recorded day, number by number."""
    from pyscalp import _core
    from pyscalp.day_file import day_symbols, read_day
    from pyscalp.market_statistics import comparison, measure

    nanos = _duration("--length", length)
    day = read_day(file)
    if symbol not in (known := day_symbols(day)):
        names = ", ".join(known[:10]) or "none"
        raise PyscalpError(f"{file} has no stock {symbol}; it has {names}")
    with ERR.status("measuring both days"):
        real = measure(day, symbol, filler_from=filler_from)
        simulated = measure(_core.simulate_day(seed, int(nanos or 0), [symbol]), symbol)
    if as_json:
        print_json({"symbol": symbol, "simulated": simulated, "real": real})
    else:
        OUT.print(comparison(simulated, real))


@app.command(epilog="Example: pyscalp report runs/first --open no")
def report(
    directory: Annotated[Path, typer.Argument(help="Run directory.")],
    show: Annotated[
        Literal["yes", "no"], typer.Option("--open", help="Open it in a browser.")
    ] = "no",
    as_json: Json = False,
) -> None:
    """Make report.html of a run directory anew."""
    from pyscalp.report import write_report
    from pyscalp.run_directory import RunDirectory

    try:
        path = write_report(directory)
    except OSError as error:
        raise PyscalpError(f"cannot write {directory}/report.html: {os_reason(error)}") from None
    summary = RunDirectory.open(directory).read().summary
    if as_json:
        print_json({"report": str(path), "summary": summary})
    else:
        print_summary(summary, directory)
    if show == "yes" and not webbrowser.open(path.resolve().as_uri()):
        raise PyscalpError(f"no browser could be opened; the report is {path}")


cli_bench.register(app)
cli_book.register(app)
cli_economics.register(app)
cli_host.register(app)
cli_record.register(app)
cli_strategy.register(app)


# -- pieces ---------------------------------------------------------------------------


def _parsed(option: str, text: str | None, parse: Callable[[str], Any]) -> Any:
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise PyscalpError(f"{option} {error}") from None


def _duration(option: str, text: str | None) -> Duration | None:
    length: Duration | None = _parsed(option, text, Duration.parse)
    if length is not None and length == 0:
        raise PyscalpError(f"{option} must be longer than nothing")
    return length


def _clock(option: str, text: str | None) -> ClockTime | None:
    time: ClockTime | None = _parsed(option, text, ClockTime.parse)
    return time


def _as_options(error: ConfigError) -> ConfigError:
    """The problems of [exchange] under the names of the command's options."""
    return ConfigError(
        [
            Problem(0, "--" + p.key.removeprefix("exchange.").replace("_", "-"), p.text)
            for p in error.problems
        ],
        "the options",
    )


def _usage(error: Any) -> str:
    """The message of a command line that cannot be understood."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "pyscalp"
    said = error.format_message().replace("Value error, ", "")  # Pydantic's own words
    return f"{said}\nSee {path} --help."


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    status = status_of(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done but leaving
    sys.exit(status)


def status_of(arguments: list[str]) -> int:
    """Run the command line; the exit status."""
    try:
        outcome = app(arguments, prog_name="pyscalp", standalone_mode=False)
        return outcome if isinstance(outcome, int) else EXIT_OK
    except PyscalpError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of typer or click
            if type(error).__name__ == "NoArgsIsHelpError":
                return EXIT_USER
            complain(_usage(error))
            return EXIT_USER
        if isinstance(error, ImportError) and "_core" in str(error):
            complain("the compiled part of pyscalp is missing; install it: pip install .")
            return EXIT_USER
        log = write_crash_log(error)
        where = f"; the details are in {log}" if log else f": {error!r}"
        complain(f"pyscalp met an unexpected fault ({type(error).__name__}){where}")
        return EXIT_INTERNAL
