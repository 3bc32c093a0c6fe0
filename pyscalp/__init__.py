"""pyscalp: one-minute automated scalping, from packet to order to report.

The engine is compiled (`pyscalp._core`); Python configures, limits and reports.
`run` trades, `replay` trades a recorded day, `Config` is the configuration of both.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyscalp.book_tables import BookTables, book, book_batches
    from pyscalp.books import Books

if (
    "".join(sys.argv[:1]).rpartition("/")[2] == "pyscalp" or sys.orig_argv[1:3] == ["-m", "pyscalp"]
) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # We are the command, and still loading: Ctrl-C ends it without a traceback. The
    # command takes over in `pyscalp.cli.main`.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path as _Path

try:
    __version__ = version("pyscalp")
except PackageNotFoundError:
    __version__ = "0.1.0"

# `run` and `replay` are functions here and modules of the same names; as they are
# imported now, later imports of the modules leave the names alone.
from pyscalp.config import Config
from pyscalp.duration import Duration
from pyscalp.errors import (
    ConfigError,
    CutFileError,
    CutFileWarning,
    DayFileError,
    PyscalpError,
    ReadError,
)
from pyscalp.events import EVENT_DTYPE, NO_PRICE, PRICE_SCALE, EventFlag, EventKind, EventSide
from pyscalp.read import EventReader, read
from pyscalp.reconciliation import Reconciliation, reconcile
from pyscalp.record import RecordResult, record
from pyscalp.record_streams import StreamsResult, record_streams
from pyscalp.replay import ReplayResult, replay
from pyscalp.run import RunResult, run

__all__ = [
    "EVENT_DTYPE",
    "NO_PRICE",
    "PRICE_SCALE",
    "BookTables",
    "Books",
    "Config",
    "ConfigError",
    "CutFileError",
    "CutFileWarning",
    "DayFileError",
    "Duration",
    "EventFlag",
    "EventKind",
    "EventReader",
    "EventSide",
    "PyscalpError",
    "ReadError",
    "Reconciliation",
    "RecordResult",
    "ReplayResult",
    "RunResult",
    "StreamsResult",
    "__version__",
    "book",
    "book_batches",
    "get_include",
    "read",
    "reconcile",
    "record",
    "record_streams",
    "replay",
    "run",
]


def get_include() -> str:
    """The folder of ``pyscalp_signal.h``, for whoever compiles a signal of their own."""
    return str(_Path(__file__).parent / "include")


_LATER = {
    "BookTables": "pyscalp.book_tables",
    "Books": "pyscalp.books",
    "book": "pyscalp.book_tables",
    "book_batches": "pyscalp.book_tables",
}
"""What is imported when it is first asked for: it needs Arrow, which takes a while."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'pyscalp' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
