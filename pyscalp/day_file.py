"""Recorded days: ITCH 5.0 in Nasdaq's BinaryFILE framing, plain or compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from pyscalp.errors import DayFileError, os_reason

MESSAGE_LENGTHS = {
    "S": 12,
    "R": 39,
    "H": 25,
    "Y": 20,
    "L": 26,
    "V": 35,
    "W": 12,
    "K": 28,
    "J": 35,
    "h": 21,
    "A": 36,
    "F": 40,
    "E": 31,
    "C": 36,
    "X": 23,
    "D": 19,
    "U": 35,
    "P": 44,
    "Q": 40,
    "B": 19,
    "I": 50,
    "N": 20,
    "O": 48,
}
"""Type to length in bytes, TotalView-ITCH 5.0."""

_CAPTURES = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a")
_FETCH = "fetch it again"


class _Readable(Protocol):
    def read(self) -> bytes: ...


def _zstandard(raw: IO[bytes]) -> _Readable:
    import pyarrow

    stream: _Readable = pyarrow.CompressedInputStream(raw, "zstd")
    return stream


_PACKINGS: dict[bytes, tuple[str, Callable[[IO[bytes]], _Readable]]] = {
    b"\x1f\x8b": ("gzip -dc", lambda raw: gzip.GzipFile(fileobj=raw)),
    b"\xfd7zXZ\x00": ("xz -dc", lzma.LZMAFile),
    b"BZh": ("bzip2 -dc", bz2.BZ2File),
    b"\x28\xb5\x2f\xfd": ("zstd -dc", _zstandard),
}
"""First bytes to the command that unpacks them and our own way to do so."""


def read_day(path: str | Path) -> bytes:
    """The messages of a recorded day, unpacked and checked to its last byte.

    The packing is told by the first bytes, not by the name. ``~`` and ``$NAME`` in the
    path are replaced.

    Raises
    ------
    DayFileError
        If the file is missing, a directory, empty, damaged, cut, or something else than
        ITCH 5.0; the text says where and what to do.
    """
    name, day, unpack = _read(path)
    check_day(day, name, unpack)
    return day


def read_unpacked(path: str | Path) -> bytes:
    """The bytes of a recording of any kind, unpacked; otherwise as `read_day`.

    Raises
    ------
    DayFileError
        If the file is missing, a directory, empty, damaged or cut.
    """
    return _read(path)[1]


def _read(path: str | Path) -> tuple[str, bytes, str]:
    """The name of the file, its bytes, and the command that unpacks it."""
    name = os.path.expanduser(os.path.expandvars(str(path)))
    if "$" in name:
        raise DayFileError(
            f"{path}: the variable in this path is not set; set it, or write the path out"
        )
    try:
        with open(name, "rb") as raw:
            day, unpack = _unpacked(name, raw)
    except OSError as error:
        raise DayFileError(f"cannot read the recorded day {name}: {os_reason(error)}") from None
    return name, day, unpack


def _unpacked(name: str, raw: io.BufferedReader) -> tuple[bytes, str]:
    first = raw.peek(8)[:8]
    if not first:
        raise DayFileError(f"{name} is empty; {_FETCH}")
    for magic, (unpack, opened) in _PACKINGS.items():
        if first.startswith(magic):
            try:
                day = opened(raw).read()
            except EOFError:
                raise DayFileError(
                    f"{name} is cut: its compressed data ends early; {_FETCH}"
                ) from None
            except (lzma.LZMAError, zlib.error, OSError) as error:
                raise DayFileError(f"{name} is damaged ({error}); {_FETCH}") from None
            if not day:
                raise DayFileError(f"{name} unpacks to nothing; {_FETCH}")
            return day, unpack
    return raw.read(), "cat"


def check_day(day: bytes, name: str, unpack: str = "cat") -> int:
    """Walk the framing of a day from end to end; the number of its messages.

    Raises
    ------
    DayFileError
        At the first message that is not ITCH 5.0, or that the file does not hold whole.
    """
    if day.startswith(_CAPTURES):
        raise DayFileError(
            f"{name} is a packet capture; a recorded day is a BinaryFILE: "
            "ITCH messages, each behind its length of two bytes"
        )
    known = {ord(kind): length for kind, length in MESSAGE_LENGTHS.items()}
    at, size, count = 0, len(day), 0
    while at + 2 < size:
        length = day[at] << 8 | day[at + 1]
        if length == 0:
            break
        if known.get(day[at + 2], length) != length or (count == 0 and day[at + 2] not in known):
            raise _not_itch(day, at, count, name)
        if at + 2 + length > size:
            raise _cut(at, count, name, unpack)
        at += 2 + length
        count += 1
    else:
        if at < size and day[at:] != b"\x00\x00":
            raise _cut(at, count, name, unpack)
    if count == 0:
        raise DayFileError(f"{name} holds no message; {_FETCH}")
    return count


def _not_itch(day: bytes, at: int, count: int, name: str) -> DayFileError:
    kind = chr(day[at + 2])
    shown = f'"{kind}"' if kind.isprintable() and kind.isascii() else f"0x{day[at + 2]:02x}"
    length = day[at] << 8 | day[at + 1]
    if count == 0:
        return DayFileError(
            f"{name} is not a recorded ITCH 5.0 day: it begins with a message of type {shown} "
            f"and {length} bytes; give a BinaryFILE, such as 12302019.NASDAQ_ITCH50.gz"
        )
    return DayFileError(
        f"{name} is damaged at byte {at}: message {count + 1} of type {shown} has {length} "
        f"bytes, ITCH 5.0 says {MESSAGE_LENGTHS.get(kind, 'otherwise')}; {_FETCH}"
    )


def _cut(at: int, count: int, name: str, unpack: str) -> DayFileError:
    whole = f"head -c {at} {name}" if unpack == "cat" else f"{unpack} {name} | head -c {at}"
    remedy = f"; to use the {count:,} whole messages before it: {whole} > whole.itch50"
    return DayFileError(
        f"{name} is cut inside a message at byte {at:,}; {_FETCH}{remedy if count else ''}"
    )


def day_symbols(day: bytes) -> list[str]:
    """The symbols of the day's directory (its R messages), in their order.

    The directory comes before the first order; reading stops there.
    """
    symbols: list[str] = []
    stream = io.BytesIO(day)
    while len(head := stream.read(2)) == 2:
        message = stream.read(int.from_bytes(head, "big"))
        if message[:1] in (b"A", b"F", b""):
            break
        if message[:1] == b"R":
            symbols.append(message[11:19].decode("ascii", "replace").rstrip())
    return symbols
