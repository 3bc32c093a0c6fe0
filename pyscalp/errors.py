"""What can go wrong, with the words for it and the exit status it ends in."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXIT_OK = 0
EXIT_USER = 2
"""A mistake in what was asked: configuration, file, option, port, disk."""
EXIT_EXCHANGE_LOST = 3
"""The exchange ended, or was lost, before the session was over."""
EXIT_DISAGREES = 4
"""Our ledger and the exchange's record differ."""
EXIT_NOT_FLAT = 5
"""The session ended while a position or an order may still be open."""
EXIT_NOT_FIT = 6
"""The machine lacks something that its profile requires, or it is not known."""
EXIT_NOT_CHANGED = 7
"""Not every setting of the machine could be changed or put back."""
EXIT_SLOWER = 8
"""A benchmark is slower than the saved one by more than was allowed."""
EXIT_INTERNAL = 70
"""A fault of pyscalp itself."""
EXIT_NOT_WRITTEN = 74
"""The session ran, but its results could not all be written."""
EXIT_INTERRUPTED = 130
"""Stopped by Ctrl-C before anything was started."""


class PyscalpError(Exception):
    """A failure that a sentence explains; it reaches the user without a traceback."""

    exit_status = EXIT_USER


class ExchangeLost(PyscalpError):
    """The exchange went away while it was needed."""

    exit_status = EXIT_EXCHANGE_LOST


class NotFlat(PyscalpError):
    """The session ended while a position or an order may still be open."""

    exit_status = EXIT_NOT_FLAT


class ResultsNotWritten(PyscalpError):
    """The session ran, but its results could not all be written."""

    exit_status = EXIT_NOT_WRITTEN


class SlowerThanBefore(PyscalpError):
    """A benchmark is slower than the saved one by more than was allowed."""

    exit_status = EXIT_SLOWER


class DayFileError(PyscalpError):
    """A recorded day that cannot be read."""


class ReadError(PyscalpError):
    """A recorded file that cannot be read as market events."""


class CutFileError(ReadError):
    """A recorded file that ends too early; its whole events have been given."""


class CutFileWarning(UserWarning):
    """A recorded file that ends inside a record; its whole events have been given."""


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake of a configuration.

    Attributes
    ----------
    line : int
        Line of the file, from 1; 0 where there is no file.
    key : str
        Dotted key, such as ``risk.max_position``; empty for bad syntax.
    text : str
        What is wrong and what to write instead.
    """

    line: int
    key: str
    text: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.text}" if self.key else f"{where}{self.text}"


class ConfigError(PyscalpError):
    """A configuration with mistakes; names all of them at once."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = sorted(problems)
        self.source = source
        count = len(self.problems)
        head = f"{count} mistake{'s' if count != 1 else ''} in {source or 'the configuration'}:"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


def os_reason(error: OSError) -> str:
    """The system's own words for an error, without its number."""
    return error.strerror or str(error)


def write_crash_log(error: BaseException) -> Path | None:
    """Write a traceback to a file of its own; None where no file can be written."""
    name = f"pyscalp-crash-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
    lines = [f"pyscalp {' '.join(sys.argv[1:])}\n", f"python {sys.version}\n\n"]
    lines += traceback.format_exception(type(error), error, error.__traceback__)
    for folder in (Path(tempfile.gettempdir()), Path.cwd()):
        try:
            (folder / name).write_text("".join(lines), encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return None
