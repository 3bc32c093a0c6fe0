"""pyscalp: one-minute automated scalping, from packet to order to report.

The engine is compiled (`pyscalp._core`); Python configures, limits and reports.
`run` trades, `replay` trades a recorded day, `Config` is the configuration of both.
"""

from __future__ import annotations

import signal
import sys

if (
    "".join(sys.argv[:1]).rpartition("/")[2] == "pyscalp" or sys.orig_argv[1:3] == ["-m", "pyscalp"]
) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # We are the command, and still loading: Ctrl-C ends it without a traceback. The
    # command takes over in `pyscalp.cli.main`.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pyscalp")
except PackageNotFoundError:
    __version__ = "0.1.0"

# `run` and `replay` are functions here and modules of the same names; as they are
# imported now, later imports of the modules leave the names alone.
from pyscalp.config import Config
from pyscalp.duration import Duration
from pyscalp.errors import ConfigError, DayFileError, PyscalpError
from pyscalp.reconciliation import Reconciliation, reconcile
from pyscalp.replay import ReplayResult, replay
from pyscalp.run import RunResult, run

__all__ = [
    "Config",
    "ConfigError",
    "DayFileError",
    "Duration",
    "PyscalpError",
    "Reconciliation",
    "ReplayResult",
    "RunResult",
    "__version__",
    "reconcile",
    "replay",
    "run",
]
