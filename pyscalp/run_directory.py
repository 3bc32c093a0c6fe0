"""What a run leaves behind: one folder, written whole or said to be incomplete.

``config.toml`` as used, ``fills.parquet``, ``trades.parquet`` (round trips),
``samples.parquet``, ``latency.hdr``, ``summary.json`` and ``report.html``; the engine adds
``journal/`` and the included exchange ``exchange/record.csv``. Prices and money stay
int64 at 1e-9 in columns that end in ``_e9``; times are nanoseconds in columns in ``_ns``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pyscalp.config import Config
from pyscalp.errors import PyscalpError, ResultsNotWritten, os_reason
from pyscalp.latency_file import Histograms, encode_latency, read_latency
from pyscalp.units import SHARE

if TYPE_CHECKING:
    import polars as pl

Records = npt.NDArray[np.void]

NO_PRICE = 2**63 - 1
"""What the engine writes where there is no price; null in the files."""
SIDES = ("buy", "sell")
LIQUIDITIES = ("maker", "taker")
INTENTS = ("entry", "target", "stop", "time_exit", "shutdown", "deadline", "signal_exit")
SIGNALS = (
    "none",
    "mean_reversion",
    "book_imbalance",
    "momentum",
    "iceberg",
    "user",
    "combined",
)

_SPACE_NEEDED = 64 << 20


class Session(Protocol):
    """What `pyscalp._core.LiveSession` and `Replay` both offer when they have ended."""

    def fills(self) -> Records:
        """Every fill."""

    def round_trips(self) -> Records:
        """Every closed round trip."""

    def samples(self) -> Records:
        """Touch, position and equity, now and then."""

    def markouts(self) -> npt.NDArray[np.int64]:
        """For each fill the mids 1, 5 and 30 s later."""

    def histograms(self) -> dict[str, tuple[Any, Any]]:
        """Stage to values in ns and counts."""

    def summary(self) -> dict[str, Any]:
        """Counters, totals, positions, denials."""


@dataclass(frozen=True)
class Results:
    """Everything a session gives back, as arrays of the engine's own records."""

    fills: Records
    round_trips: Records
    samples: Records
    histograms: Histograms
    engine: dict[str, Any]
    symbols: dict[int, str] = field(default_factory=dict)
    markouts: npt.NDArray[np.int64] | None = None
    """Mids 1, 5 and 30 s after each fill, (fills, 3); `NO_PRICE` where unknown."""
    lot: Decimal = SHARE
    """What one lot is of a unit; the arrays are in lots, see `pyscalp.units`."""

    @classmethod
    def of(cls, session: Session, lot: Decimal = SHARE) -> Results:
        """Take them from a session that has ended."""
        engine = session.summary()
        symbols = {int(k): str(v) for k, v in dict(engine.get("symbols", {})).items()}
        return cls(
            session.fills(),
            session.round_trips(),
            session.samples(),
            session.histograms(),
            engine,
            symbols,
            session.markouts(),
            lot,
        )

    def symbol(self, instrument: int) -> str:
        """The symbol of an instrument's number."""
        return self.symbols.get(instrument, f"#{instrument}")


class RunDirectory:
    """The folder of one run."""

    def __init__(self, path: str | Path, *, made: bool = False) -> None:
        self.path = Path(path)
        self._made = made

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @classmethod
    def create(cls, path: str | Path | None) -> RunDirectory:
        """Make the folder and make sure that results will fit, before anything trades.

        Without a path, ``runs/<local time>`` under the current folder.

        Raises
        ------
        PyscalpError
            If it cannot be made or written, holds something already, or the disk is full.
        """
        target = Path(path) if path is not None else _fresh(Path("runs"))
        directory = cls(target, made=not target.exists())
        try:
            directory._prepare()
        except OSError as error:
            directory._retract()
            raise PyscalpError(
                f"cannot write to the run directory {target}: {os_reason(error)}; "
                "name another with --out"
            ) from None
        except BaseException:  # Ctrl-C, too
            directory._retract()
            raise
        return directory

    def _prepare(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if any(self.path.iterdir()):
            raise PyscalpError(
                f"the run directory {self.path} is not empty; name another with --out, or delete it"
            )
        probe = self / ".probe"
        try:
            with probe.open("wb") as file:
                file.write(bytes(1 << 16))
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
        free = shutil.disk_usage(self.path).free
        if free < _SPACE_NEEDED:
            raise PyscalpError(
                f"only {free >> 20} MiB are free for the run directory {self.path}, and a run "
                f"needs {_SPACE_NEEDED >> 20}; free some, or name another with --out"
            )

    def _retract(self) -> None:
        """As if `_prepare` had not been."""
        if self._made:
            with contextlib.suppress(OSError):
                self.path.rmdir()

    @classmethod
    def open(cls, path: str | Path) -> RunDirectory:
        """A folder that a run has written.

        Raises
        ------
        PyscalpError
            If there is none, or it is not of a run.
        """
        target = Path(path)
        if not target.is_dir():
            raise PyscalpError(f"there is no run directory {target}")
        if not (target / "summary.json").is_file():
            if (target / "config.toml").is_file() and (target / "journal").is_dir():
                raise PyscalpError(
                    f"{target} has no summary.json: that run is not over, or was killed before "
                    "its end; what it did until then is in its journal"
                )
            raise PyscalpError(
                f"{target} is not a run directory: it has no summary.json; give the folder "
                "that pyscalp run or replay --out has written"
            )
        return cls(target)

    def discard(self) -> None:
        """Empty it again: nothing was traded, and the next run may want the same name."""
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if self._made:
            self.path.rmdir()

    def read(self) -> WrittenRun:
        """What the run has written.

        Raises
        ------
        PyscalpError
            If a file is missing or damaged.
        """
        import polars as pl

        name = "config.toml"
        try:
            config = (self / name).read_text(encoding="utf-8")
            name = "summary.json"
            summary = json.loads((self / name).read_text(encoding="utf-8"))
            frames = {}
            for table in ("fills", "trades", "samples"):
                name = f"{table}.parquet"
                frames[table] = pl.read_parquet(self / name)
            name = "latency.hdr"
            latency = read_latency(self / name)
        except OSError as error:
            raise PyscalpError(f"cannot read {self / name}: {os_reason(error)}") from None
        except (ValueError, pl.exceptions.PolarsError) as error:
            raise PyscalpError(f"{self / name} is damaged: {error}") from None
        if "half_spread_e9" not in frames["trades"].columns:
            raise PyscalpError(
                f"{self.path} was written by another version of pyscalp, with other columns; "
                "run or replay again"
            )
        return WrittenRun(config=config, summary=summary, latency=latency, **frames)

    def write_config(self, config: Config) -> None:
        """config.toml as used; readable by its owner only, as it holds the password."""
        path = self / "config.toml"
        self._write(path, config.to_toml().encode())
        path.chmod(0o600)

    def write_results(
        self, results: Results, summary: Mapping[str, Any], report: Callable[[Path], object]
    ) -> None:
        """Everything but the configuration; what fails does not keep the rest away.

        `report` makes report.html out of the other files.

        Raises
        ------
        ResultsNotWritten
            With the name of every file that could not be written, and why.
        """
        from pyscalp.run_tables import fill_table, sample_table, trade_table

        steps: list[tuple[str, Callable[[], object]]] = [
            (
                "summary.json",
                lambda: self._write(
                    self / "summary.json", (json.dumps(summary, indent=2) + "\n").encode()
                ),
            ),
            ("fills.parquet", lambda: self._write_table("fills", fill_table(results))),
            ("trades.parquet", lambda: self._write_table("trades", trade_table(results))),
            ("samples.parquet", lambda: self._write_table("samples", sample_table(results))),
            (
                "latency.hdr",
                lambda: self._write(
                    self / "latency.hdr", encode_latency(results.histograms).encode()
                ),
            ),
            ("report.html", lambda: report(self.path)),
        ]
        failures = []
        for name, step in steps:
            try:
                step()
            except OSError as error:
                failures.append(f"{name} ({os_reason(error)})")
            except PyscalpError as error:  # the report, of files that are not there
                failures.append(f"{name} ({error})")
        if failures:
            raise ResultsNotWritten(
                f"the run ended, but not all of it could be written to {self.path}: "
                + ", ".join(failures)
            )

    def _write_table(self, name: str, table: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        self._write(self / f"{name}.parquet", sink.getvalue().to_pybytes())

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        """Whole or not at all: a new file takes the place of the old one."""
        partial = path.with_name(f".{path.name}.part")
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class WrittenRun:
    """What a run directory holds, read back."""

    config: str
    summary: dict[str, Any]
    fills: pl.DataFrame
    trades: pl.DataFrame
    samples: pl.DataFrame
    latency: Histograms

    def clock(self, nanos: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
        """Times for an axis: the venue's clock in a replay, else since the start."""
        if self.summary.get("mode") == "replay":
            return nanos.astype("datetime64[ns]")
        starts = [
            int(f["time_ns"].to_numpy().min()) for f in (self.samples, self.fills) if f.height
        ]
        since: npt.NDArray[np.int64] = nanos - min(starts, default=0)
        return since.astype("datetime64[ns]")

    @property
    def clock_format(self) -> str:
        """How its labels are written."""
        lasted = self.summary.get("duration_s") or 0
        short = self.summary.get("mode") != "replay" and lasted < 3600
        return "%M:%S" if short else "%H:%M:%S"

    @property
    def clock_title(self) -> str:
        """What `clock` counts."""
        return "venue time" if self.summary.get("mode") == "replay" else "time since start"


def _fresh(parent: Path) -> Path:
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    number, path = 1, parent / name
    while path.exists():
        number += 1
        path = parent / f"{name}_{number}"
    return path
