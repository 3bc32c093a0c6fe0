#!/usr/bin/env python3
"""What the tactics earn and lose on days of equity ticks, instrument by instrument.

    bench/equity_days.py [FOLDER] [--signals all] [--config FILE] [--order-latency 50us]
                         [--out DIR] [--json]

FOLDER holds one folder of Lean tick zips an instrument; without it, ``equity_ticks`` of
PYSCALP_DATA. Replays each day of each instrument that has quotes and trades, and each day
of all of them together, with a run directory and its report of each under DIR where one is
given. Prints one row a replay and one a signal, from the round trips alone, and with --json
also what became of the rows of the files. With --signals each it does so once for each signal
alone and once for all together, and prints what each came to over all days.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from pyscalp.config_schedule import SIGNAL_NAMES
from pyscalp.errors import PyscalpError
from pyscalp.formats.lean import zip_name
from pyscalp.replay import replay

PARTS = ("gross", "fees", "half_spread", "slippage", "network", "net")
HEAD = ("day", "instruments", "signal", "trades", "won", "maker", "gross bp", "fees bp",
        "spread bp", "net bp", "net money", "longest s")
ALL = "all"


def days_of(folder: Path) -> dict[str, list[str]]:
    """Date to the folders of the instruments that have both files of it."""
    days: dict[str, list[str]] = {}
    for inner in sorted(one for one in folder.iterdir() if one.is_dir()):
        names = [zip_name(path.name) for path in sorted(inner.iterdir())]
        for day in sorted({name.day for name in names if name}):
            if {name.kind for name in names if name and name.day == day} == {"quote", "trade"}:
                days.setdefault(day.isoformat(), []).append(inner.name)
    return days


def figures(trips: pl.DataFrame) -> dict[str, Any]:
    """The sums of some round trips; basis points of the money of their entries."""
    if trips.is_empty():
        return {"trades": 0}
    entered = int(trips["entry_notional_e9"].abs().sum())
    sums = {part: int(trips[f"{part}_e9"].sum()) for part in PARTS}
    return {
        "trades": trips.height,
        "winners": trips.filter(pl.col("net_e9") > 0).height,
        "maker_share": int(trips["maker_qty"].sum()) / (2 * int(trips["qty"].sum())),
        **{f"{part}_bp": 1e4 * total / entered for part, total in sums.items()},
        "net": sums["net"] / 1e9,
        "holding_s_max": int(trips["holding_ns"].max()) / 1e9,
    }


def replayed(
    paths: list[Path], date: str, signals: str | None, directory: Path,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """One replay and its figures, all in all and by the signal that entered."""
    names = signals.split(",") if signals else None
    result = replay(paths, options.config, date=date, signals=names, out=directory,
                    order_latency=options.order_latency, feed_latency=options.feed_latency)
    summary = result.summary
    trips = pl.read_parquet(directory / "trades.parquet").with_columns(
        pl.col("signal").cast(pl.String)
    )
    by_signal = {
        signal: figures(trips.filter(pl.col("signal") == signal))
        for signal in sorted(trips["signal"].unique())
    }
    return {
        "date": summary["date"],
        "symbols": summary["symbols"],
        "chosen": signals or "usual",
        ALL: figures(trips),
        "signals": by_signal,
        "trips": trips,
        "hash": summary["hash"],
        "messages": summary["messages"],
        "load_s": summary["load_s"],
        "replay_s": summary["replay_s"],
        "agrees": summary["reconciliation"]["agrees"],
        "flat": not any(summary["final_positions"].values()),
        "ticks": summary["ticks"],
        "directory": str(directory) if options.out else None,
    }


def cells(run: dict[str, Any], signal: str) -> tuple[str, ...]:
    """One row of the table."""
    of = run["signals"].get(signal) or run[ALL]
    first = (run["date"], " ".join(run["symbols"]), signal.replace("_", " "), f"{of['trades']:,}")
    if not of["trades"]:
        return (*first, *[""] * (len(HEAD) - len(first)))
    return (
        *first,
        f"{of['winners'] / of['trades']:.0%}",
        f"{of['maker_share']:.0%}",
        f"{of['gross_bp']:+.2f}",
        f"{-of['fees_bp']:+.2f}",
        f"{-of['half_spread_bp'] - of['slippage_bp'] - of['network_bp']:+.2f}",
        f"{of['net_bp']:+.2f}",
        f"{of['net']:+,.2f}",
        f"{of['holding_s_max']:.1f}",
    )


def sums(runs: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """A row for each choice of signals and instrument traded alone, over all days."""
    trips: dict[tuple[str, str], list[pl.DataFrame]] = {}
    for run in runs:
        if len(run["symbols"]) == 1:
            trips.setdefault((run["chosen"], run["symbols"][0]), []).append(run["trips"])
    days = len({run["date"] for run in runs})
    return [
        cells({"date": f"{days} days", "symbols": [symbol], "signals": {
            chosen: figures(pl.concat(days_trips))}}, chosen)
        for (chosen, symbol), days_trips in trips.items()
    ]


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Markdown, so that it can stand in a page as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    for place, row in enumerate(rows):
        aligned = [
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("| " + " | ".join(aligned) + " |")
        if place == 0:
            rules = ["-" * w if i < 3 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
            print("| " + " | ".join(rules) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path,
                        help="folders of tick zips; equity_ticks of PYSCALP_DATA")
    parser.add_argument("--config", help="TOML configuration; without it, the usual tactics")
    parser.add_argument("--signals", help="such as momentum,iceberg or all, others off; or each")
    parser.add_argument("--order-latency", default="50us")
    parser.add_argument("--feed-latency", default="50us")
    parser.add_argument("--out", type=Path, help="where the run directories go, new or empty")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = options.folder
    if folder is None:
        if not (data := os.environ.get("PYSCALP_DATA")):
            parser.error("give a folder of ticks, or set PYSCALP_DATA")
        folder = Path(data) / "equity_ticks"
    if not folder.is_dir() or not (days := days_of(folder)):
        raise PyscalpError(f"{folder} has no folder with quotes and trades of one day")

    runs = []
    with contextlib.ExitStack() as stack:
        out = options.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        out.mkdir(parents=True, exist_ok=True)
        jobs = [(date, [one]) for date, names in days.items() for one in names]
        jobs += [(date, names) for date, names in days.items() if len(names) > 1]
        each = [*(name for name in SIGNAL_NAMES if name != "user"), "all"]
        for chosen in each if options.signals == "each" else [options.signals]:
            for date, names in jobs:
                paths = [folder / name for name in names]
                directory = out / "_".join([date, *names, *([chosen] if chosen else [])])
                run = replayed(paths, date, chosen, directory, options)
                runs.append(run)
                print(f"{date} {' '.join(names)}, {run['chosen']}: {run['messages']:,} messages, "
                      f"read in {run['load_s']:.1f} s, replayed in {run['replay_s']:.1f} s",
                      file=sys.stderr)
    if options.json:
        shown = [{key: run[key] for key in run if key != "trips"} for run in runs]
        print(json.dumps({"runs": shown}, indent=1))
    elif options.signals == "each":
        print_table([HEAD, *sums(runs)])
    else:
        print_table([HEAD, *(cells(run, signal)
                             for run in runs for signal in (ALL, *run["signals"]))])
    wrong = [run for run in runs if not (run["agrees"] and run["flat"])]
    for run in wrong:
        print(f"{run['date']} {run['symbols']}: ledger or positions are wrong", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PyscalpError as error:
        raise SystemExit(str(error)) from None
