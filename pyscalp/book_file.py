"""A table written to Parquet, CSV or Arrow IPC by a thread of its own."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa

from pyscalp.errors import PyscalpError, ResultsNotWritten, os_reason

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
"""Suffix of a file to its format."""


def format_of(out: Path) -> str:
    """The format that a file's name asks for."""
    try:
        return FORMATS[out.suffix.lower()]
    except KeyError:
        raise PyscalpError(
            f"{out}: the name must end in .parquet, .csv or .arrow, which says the format"
        ) from None


class TableFile:
    """A file that appears under its name when it is whole, and not before.

    Tables are written by a thread, one behind the other, while the next are made. Used
    as a context manager: leaving it by an exception removes what was written. Nothing is
    touched before the first table, so that an interruption leaves nothing behind.

    Parameters
    ----------
    out : Path
        The suffix says the format.

    Raises
    ------
    ResultsNotWritten
        If the file cannot be written; what there was of it is removed.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.rows = 0
        self._format = format_of(out)
        self._part = out.with_name(f".{out.name}.{os.getpid()}.part")
        self._writer: Any = None
        self._sink: Any = None
        self._error: BaseException | None = None
        self._tables: queue.Queue[Any] = queue.Queue(2)
        self._thread: threading.Thread | None = None
        if out.is_dir():
            raise PyscalpError(f"{out} is a directory; name a file to write")

    def __enter__(self) -> TableFile:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return self._abandon()
        try:
            self.close()
        except KeyboardInterrupt:
            self._abandon()
            raise

    def write(self, table: Any) -> None:
        """Take a table to be written; waits while two others are."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pyscalp-write", daemon=True)
            self._thread.start()
        while True:
            if self._error is not None:
                self._give_up()
            with contextlib.suppress(queue.Full):
                self._tables.put(table, timeout=0.1)
                self.rows += table.num_rows
                return

    def close(self) -> None:
        """Finish the file and give it its name; there is none without a table."""
        self._end_thread()
        if self._error is None and self._writer is not None:
            try:
                self._writer.close()
                self._sink.close()
                os.replace(self._part, self.out)
            except OSError as error:
                self._error = error
        if self._error is not None:
            self._give_up()

    def _end_thread(self) -> None:
        while self._thread is not None and self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._tables.put(None, timeout=0.1)
                self._thread.join()

    def _give_up(self) -> None:
        error = self._error
        self._abandon()
        if isinstance(error, OSError):
            raise ResultsNotWritten(
                f"cannot write {self.out}: {os_reason(error)}; what was written is removed"
            ) from None
        assert error is not None
        raise error

    def _abandon(self) -> None:
        self._error = self._error or RuntimeError("abandoned")
        self._end_thread()
        with contextlib.suppress(Exception):
            if self._writer is not None:
                self._writer.close()
        with contextlib.suppress(Exception):
            if self._sink is not None:
                self._sink.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _run(self) -> None:
        while (table := self._tables.get()) is not None:
            if self._error is None:
                try:
                    self._write(table)
                except BaseException as error:
                    self._error = error

    def _write(self, table: Any) -> None:
        if self._format == "csv":
            table = _plain(table)
        if self._writer is None:
            self._sink = open(self._part, "wb")  # noqa: SIM115
            self._writer = _writer(self._format, self._sink, table.schema)
        if table.num_rows and self._format == "parquet":
            self._writer.write_table(table, row_group_size=table.num_rows)
        elif table.num_rows:
            self._writer.write_table(table)


def _writer(kind: str, sink: Any, schema: Any) -> Any:
    if kind == "csv":
        import pyarrow.csv

        return pyarrow.csv.CSVWriter(sink, schema)
    if kind == "arrow":
        import pyarrow.ipc

        options = pyarrow.ipc.IpcWriteOptions(compression="lz4", emit_dictionary_deltas=True)
        return pyarrow.ipc.new_file(sink, schema, options=options)
    import pyarrow.parquet

    names = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    ascending = [name for name in ("venue_time", "sequence") if name in schema.names]
    return pyarrow.parquet.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=names,
        # Ascending numbers are short as differences; so are their pages to compress.
        column_encoding=dict.fromkeys(ascending, "DELTA_BINARY_PACKED"),
        write_statistics=ascending,
    )


def _plain(table: Any) -> Any:
    """The table in types that CSV has: names as text, times of day as such."""
    for index, field in enumerate(table.schema):
        column = table.column(index)
        if pa.types.is_dictionary(field.type):
            column = column.cast(pa.string())
        elif pa.types.is_duration(field.type):
            column = column.cast(pa.int64()).cast(pa.time64("ns"))
        else:
            continue
        table = table.set_column(index, field.name, column)
    return table
