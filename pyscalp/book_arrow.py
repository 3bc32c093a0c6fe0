"""Columns of the compiled tables as Arrow: types, units, and what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Prices = Literal["int64", "float64", "decimal"]
"""How prices are written: int64 at 1e-9, float64, or decimal128 with nine digits."""

TABLES = ("top", "depth", "trades", "features")
NANO = 1_000_000_000

Columns = list[tuple[npt.NDArray[Any], bytes | None, int]]
"""Values, validity bits (None: all are there) and nulls of each column."""

_UTC = pa.timestamp("ns", "UTC")
_DECIMAL = pa.decimal128(19, 9)


def arrow_texts(values: Iterable[str | None]) -> Any:
    """An Arrow array of strings; null where there is None.

    ``pa.array`` asks pandas whether it knows the values, and where pandas is installed
    its import takes longer than reading a small file.
    """
    encoded = [None if value is None else value.encode() for value in values]
    ends = np.cumsum([0, *(0 if text is None else len(text) for text in encoded)], dtype=np.int32)
    absent = np.array([text is None for text in encoded], dtype=np.bool_)
    validity = np.packbits(~absent, bitorder="little") if absent.any() else None
    return pa.Array.from_buffers(
        pa.string(),
        len(encoded),
        [
            None if validity is None else pa.py_buffer(validity),
            pa.py_buffer(ends),
            pa.py_buffer(b"".join(text or b"" for text in encoded)),
        ],
        int(absent.sum()),
    )


def arrow_numbers(values: npt.NDArray[Any]) -> Any:
    """An Arrow array of numbers or truth values, all there, without asking pandas."""
    type_ = pa.from_numpy_dtype(values.dtype)
    if type_ == pa.bool_():
        return _array(type_, np.packbits(values, bitorder="little"), None, 0, len(values))
    return _array(type_, np.ascontiguousarray(values), None, 0)


_SIDES = arrow_texts(["buy", "sell"])


class InstrumentNames:
    """The dictionary of an ``instrument`` column: names in the order they were needed.

    Names are only ever appended, so that batches written one after the other share it.
    """

    def __init__(self, name_of: Callable[[int], str]) -> None:
        self._name_of = name_of
        self._codes = np.full(1 << 16, -1, np.int32)
        self._names: list[str] = []
        self._array = arrow_texts([])

    def column(self, numbers: npt.NDArray[np.uint16]) -> Any:
        """The names of instruments as a dictionary array."""
        codes = self._codes[numbers]
        if codes.size and codes.min() < 0:
            for number in np.unique(numbers[codes < 0]).tolist():
                self._codes[number] = len(self._names)
                self._names.append(self._name_of(number) or f"#{number}")
            codes = self._codes[numbers]
            self._array = arrow_texts(self._names)
        return pa.DictionaryArray.from_arrays(arrow_numbers(codes), self._array)


class ArrowTables:
    """Turns blocks of the compiled tables into record batches.

    Parameters
    ----------
    columns : mapping of str to list of (str, str)
        Name and kind of each column, by table.
    names : InstrumentNames
        For the column ``instrument``.
    prices : {"int64", "float64", "decimal"}
        Type of prices.
    dated : bool
        Whether venue times are since 1970-01-01 UTC; else they are since midnight.
    qty_scale : int
        How many units of a quantity make one share, contract or coin.
    """

    def __init__(
        self,
        columns: Mapping[str, list[tuple[str, str]]],
        names: InstrumentNames,
        *,
        prices: Prices,
        dated: bool,
        qty_scale: int = 1,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._columns = columns
        self._names = names
        self._prices = prices
        self._time = _UTC if dated else pa.duration("ns")
        self._qty_scale = qty_scale
        self._metadata = {**(metadata or {}), "pyscalp.prices": prices}
        self._schemas: dict[str, Any] = {}

    def schema(self, table: str) -> Any:
        """The Arrow schema of a table that was asked for."""
        if table not in self._schemas:
            fields = []
            for name, kind in self._columns[table]:
                if kind == "sequence" and "receipt_time" not in dict(self._columns[table]):
                    fields.append(pa.field("receipt_time", _UTC))
                fields.append(pa.field(name, self._type(kind)))
            self._schemas[table] = pa.schema(fields, self._metadata)
        return self._schemas[table]

    def batch(self, table: str, rows: int, columns: Columns) -> Any:
        """One record batch of a block of rows."""
        arrays = []
        kinds = [kind for _, kind in self._columns[table]]
        for kind, (values, bits, nulls) in zip(kinds, columns, strict=True):
            if kind == "sequence" and "receipt" not in kinds:
                arrays.append(pa.nulls(rows, _UTC))
            arrays.append(self._array(kind, values, bits, nulls))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema(table))

    def table(self, name: str, blocks: Iterable[tuple[int, Columns]]) -> Any:
        """One table of many blocks."""
        batches = [self.batch(name, rows, columns) for rows, columns in blocks]
        # Names may have been added from batch to batch.
        return pa.Table.from_batches(batches, self.schema(name)).unify_dictionaries()

    def _type(self, kind: str) -> Any:
        if kind == "price":
            return {"int64": pa.int64(), "float64": pa.float64(), "decimal": _DECIMAL}[self._prices]
        if kind in ("qty", "sum"):
            if self._qty_scale == 1 or self._prices == "int64":
                return pa.int64()
            return _DECIMAL if self._prices == "decimal" else pa.float64()
        return {
            "time": self._time,
            "receipt": _UTC,
            "sequence": pa.uint64(),
            "instrument": pa.dictionary(pa.int32(), pa.string()),
            "orders": pa.uint32(),
            "ratio": pa.float64(),
            "side": pa.dictionary(pa.int32(), pa.string()),
            "flag": pa.bool_(),
            "match": pa.uint64(),
        }[kind]

    def _array(self, kind: str, values: npt.NDArray[Any], bits: bytes | None, nulls: int) -> Any:
        if kind == "instrument":
            return self._names.column(values)
        validity = None if bits is None else pa.py_buffer(bits)
        if kind == "side":
            codes = _array(pa.int32(), np.minimum(values, 1).astype(np.int32), validity, nulls)
            return pa.DictionaryArray.from_arrays(codes, _SIDES)
        if kind == "flag":
            return arrow_numbers(values.view(np.bool_))
        type_ = self._type(kind)
        if kind in ("price", "qty", "sum") and type_ != pa.int64():
            scale = NANO if kind == "price" else self._qty_scale
            values = _decimal(values, NANO // scale) if type_ == _DECIMAL else values / scale
        return _array(type_, values, validity, nulls)


def _array(
    type_: Any, values: npt.NDArray[Any], validity: Any, nulls: int, rows: int | None = None
) -> Any:
    """An Arrow array over the very bytes of `values`: a value a row, unless told."""
    rows = len(values) if rows is None else rows
    return pa.Array.from_buffers(type_, rows, [validity, pa.py_buffer(values)], nulls)


def _decimal(values: npt.NDArray[np.int64], factor: int) -> npt.NDArray[np.int64]:
    """Words of 128-bit integers, low one first."""
    words = np.empty((len(values), 2), np.int64)
    words[:, 0] = values * factor
    words[:, 1] = words[:, 0] >> 63
    return words
