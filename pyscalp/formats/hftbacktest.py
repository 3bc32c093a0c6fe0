"""The head of hftbacktest's arrays: a .npy file, alone or as the member of an .npz."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from pyscalp.errors import ReadError
from pyscalp.formats.source import Source

ROW_DTYPE = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
"""One row, 64 bytes."""


def skip_header(source: Source, name: str) -> int:
    """Read a .npy header off `source`, so that its rows come next; how many there are.

    Raises
    ------
    ReadError
        If it is no one-dimensional array of hftbacktest's rows.
    """
    head = _exactly(source, 8, name)
    size_length = 2 if head[6] == 1 else 4
    size_bytes = _exactly(source, size_length, name)
    size = int.from_bytes(size_bytes, "little")
    if size > 1 << 16:
        raise ReadError(f"{name} has a .npy header of {size:,} bytes, which is damaged")
    header = io.BytesIO(head + size_bytes + _exactly(source, size, name))
    try:
        version = np.lib.format.read_magic(header)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(header)
    except ValueError as error:
        raise ReadError(f"{name} has a damaged .npy header: {error}") from None
    if len(shape) != 1 or dtype.itemsize != 64 or _layout(dtype) != _layout(ROW_DTYPE):
        raise ReadError(
            f"{name} is no hftbacktest data: its array of shape {shape} has "
            f"{', '.join(dtype.names or [str(dtype)])} instead of "
            f"{', '.join(ROW_DTYPE.names or [])}"
        )
    return int(shape[0])


def _layout(dtype: np.dtype[Any]) -> dict[str, tuple[Any, ...]]:
    return {field: entry[:2] for field, entry in (dtype.fields or {}).items()}


def _exactly(source: Source, size: int, name: str) -> bytes:
    data = b""
    while len(data) < size:
        piece = source.read(size - len(data))
        if not piece:
            raise ReadError(f"{name} ends inside its .npy header; fetch it again")
        data += piece
    return data
