"""What becomes of a benchmark's result: saved, printed, compared with an earlier one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pyscalp.bench_book import machine
from pyscalp.bench_compare import (
    FASTER,
    SLOWER,
    TOO_FEW,
    check_conditions,
    compare,
    conditions,
    read_saved,
)
from pyscalp.errors import PyscalpError, ResultsNotWritten, SlowerThanBefore, os_reason
from pyscalp.terminal import OUT, print_json

_COLOURS = {FASTER: "green", SLOWER: "red"}


@dataclass
class Outcome:
    """What the options ask to be done with a result.

    Made before anything is measured: a file that cannot be read or written, and a
    comparison that would mean nothing, are told before minutes are spent on it.

    Attributes
    ----------
    kind : str
        Of `pyscalp.bench_compare.KINDS`.
    asked : dict
        The settings that have to be equal in runs that are compared.
    save, against : Path or None
        The files.
    anyway : bool
        Compare although machine or settings differ.
    fail_if_slower : float or None
        In percent: end with a status of its own where a row is slower by more.
    """

    kind: str
    asked: dict[str, Any]
    save: Path | None
    against: Path | None
    anyway: bool
    fail_if_slower: float | None
    _before: dict[str, Any] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.against is None:
            if self.fail_if_slower is not None or self.anyway:
                option = "--anyway" if self.anyway else "--fail-if-slower"
                raise PyscalpError(f"{option} needs a result to compare with: --against FILE")
        else:
            self._before = read_saved(self.against, self.kind)
            self._check({"machine": machine(), "asked": self.asked})
        if self.save is not None:
            _check_writable(self.save)

    def _check(self, now: dict[str, Any]) -> None:
        if self._before is not None and self.against is not None and not self.anyway:
            check_conditions(self.against, conditions(self._before), conditions(now))

    def finish(
        self,
        result: dict[str, Any],
        show: Callable[[dict[str, Any], Console], None],
        as_json: bool,
    ) -> None:
        """Save, print and compare; `show` prints the result itself.

        Raises
        ------
        ResultsNotWritten
            If it cannot be saved.
        SlowerThanBefore
            If a row is slower by more than is allowed.
        """
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        result = {"bench": self.kind, "at": at, "asked": self.asked, **result}
        if self.save is not None:
            _write(self.save, json.dumps(result, indent=1) + "\n")
        compared = None
        if self._before is not None:
            compared = {"file": str(self.against), "at": self._before.get("at")}
            compared |= compare(self._before, result)
        if as_json:
            print_json(result if compared is None else {**result, "against": compared})
        else:
            show(result, OUT)
            if compared is not None:
                print_compared(compared, OUT)
        self._check(result)
        if compared is not None and self.fail_if_slower is not None:
            self._judge(compared, self.fail_if_slower)

    def _judge(self, compared: dict[str, Any], percent: float) -> None:
        slower = [
            f"{row['name']} by {row['change']:.1%}"
            for row in compared["rows"]
            if row["verdict"] == SLOWER and row["change"] * 100 > percent
        ]
        if slower:
            raise SlowerThanBefore(f"slower by more than {percent:g} %: {', '.join(slower)}")


def print_compared(compared: dict[str, Any], console: Console) -> None:
    """The table of `pyscalp.bench_compare.compare`."""
    when = f" of {compared['at']}" if compared["at"] else ""
    table = Table(
        title=f"\n[bold]against {compared['file']}[/bold]{when}: medians of the rounds, ns",
        title_justify="left",
        title_style="",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("")
    for heading in ("before", "now", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in compared["rows"]:
        colour = _COLOURS.get(row["verdict"], "dim")
        table.add_row(
            row["name"],
            nanos(row["before_ns"]),
            nanos(row["now_ns"]),
            f"{row['change']:+.1%}",
            f"[{colour}]{row['verdict']}[/{colour}]",
        )
    console.print(table, highlight=False)
    if any(row["verdict"] == TOO_FEW for row in compared["rows"]):
        console.print("a verdict takes five rounds or more in both runs: --rounds 5")
    for key, run in (("only_before", "then"), ("only_now", "now")):
        if names := compared[key]:
            said = "; ".join(names) if len(names) <= 3 else f"{len(names)} rows"
            console.print(f"measured {run} alone: {said}", highlight=False)


def nanos(value: float) -> str:
    """Nanoseconds in what a column of seven holds."""
    return f"{value:,.{2 if value < 100 else 1 if value < 10_000 else 0}f}"


def _check_writable(file: Path) -> None:
    """Say now what would be said after the measurement."""
    folder = file.parent
    if not folder.is_dir():
        raise ResultsNotWritten(f"cannot write {file}: there is no folder {folder}")
    if file.is_dir():
        raise ResultsNotWritten(f"cannot write {file}: it is a folder")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise ResultsNotWritten(f"cannot write {file}: Permission denied")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsNotWritten(f"cannot write {file}: {os_reason(error)}") from None
