"""Small recorded files, made here, for the tests of reading."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pyarrow

from pyscalp.formats.hftbacktest import ROW_DTYPE


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


def header(kind: str, locate: int, time: int) -> bytes:
    return kind.encode() + struct.pack(">HH", locate, 0) + time.to_bytes(6, "big")


def directory(locate: int, symbol: str) -> bytes:
    return header("R", locate, 0) + symbol.ljust(8).encode() + b"QN\0\0\0dNCZ PNN1N\0\0\0\0N"


def add(locate: int, order: int, symbol: str, time: int, price: int = 10_000) -> bytes:
    side = b"B" if order % 2 else b"S"
    body = struct.pack(">Q", order) + side + struct.pack(">I", 100)
    return header("A", locate, time) + body + symbol.ljust(8).encode() + struct.pack(">I", price)


def delete(locate: int, order: int, time: int) -> bytes:
    return header("D", locate, time) + struct.pack(">Q", order)


def itch_day(orders: int = 500) -> bytes:
    """A day of two stocks: two directory messages, then an add and a delete an order."""
    symbols = {1: "AAA", 2: "BBB"}
    messages = [directory(locate, symbol) for locate, symbol in symbols.items()]
    for order in range(1, orders + 1):
        locate = 1 + order % 2
        messages.append(add(locate, order, symbols[locate], 34_200_000_000_000 + order))
        messages.append(delete(locate, order, 34_200_000_000_500 + order))
    return framed(*messages)


LOBSTER = b"34200.017459617,5,0,1,2238200,-1\n34200.18960767,1,11885113,21,2238100,1\n"
BINANCE = (
    b'1723161255030314667 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,'
    b'"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","m":false}}\n'
)


def hftbacktest_rows(count: int) -> np.ndarray:
    rows = np.zeros(count, ROW_DTYPE)
    rows["ev"] = (1 << 31) | (1 << 30) | (1 << 29) | 1
    rows["exch_ts"] = 10**18 + np.arange(count)
    rows["local_ts"] = rows["exch_ts"] + 5
    rows["px"] = np.round(100 + np.arange(count) * 0.01, 2)
    rows["qty"] = 0.001
    return rows


def npz(rows: np.ndarray, compressed: bool = True) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, data=rows)
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": lambda data: pyarrow.compress(data, "zstd", asbytes=True),
}
