"""Compressed streams in bounded memory: gzip, xz, bzip2, zstd, told by their first bytes.

Every byte that a cut file still holds is given before `cut` turns true. Files of several
members or frames, as ``cat`` and parallel packers make them, read as one.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from pyscalp.errors import ReadError
from pyscalp.formats.source import ArrowFile, Peeked, Source

_PIECE = 1 << 16
_XZ_MEMORY = 256 << 20
"""What an xz file may ask for its dictionary; xz -9 asks for 64 MiB."""
_DEEPEST = 4
"""How many packings may lie round each other."""


class _Gzip:
    """zlib's object behind the interface that lzma's and bz2's share."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


_MEMBERS: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", _Gzip),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
}
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = tuple(bytes([0x50 + i, 0x2A, 0x4D, 0x18]) for i in range(16))
"""Frames that zstd files may begin with and that hold nothing."""


def packing(head: bytes) -> str:
    """The name of the packing that begins with `head`; empty if none does."""
    for magic, (name, _) in _MEMBERS.items():
        if head.startswith(magic):
            return name
    return "zstd" if head.startswith((_ZSTD, *_SKIPPABLE)) else ""


def unpacked(source: Source, name: str) -> tuple[Peeked, list[str]]:
    """The stream behind all packings of `source`, and their names from the outside in.

    Raises
    ------
    ReadError
        If packings lie deeper than four.
    """
    stream = Peeked(source)
    names: list[str] = []
    while kind := packing(stream.peek(8)):
        if len(names) == _DEEPEST:
            raise ReadError(f"{name} is packed more than {_DEEPEST} times over; unpack it first")
        names.append(kind)
        stream = Peeked(_Frames(stream, name) if kind == "zstd" else _Members(stream, name))
    return stream, names


class _Members:
    """gzip, xz or bzip2, one member behind the other."""

    def __init__(self, source: Peeked, name: str) -> None:
        self.cut = False
        self._source = source
        self._name = name
        self._begin()

    def _begin(self) -> None:
        head = self._source.peek(8)
        self._magic = next(magic for magic in _MEMBERS if head.startswith(magic))
        self._make = _MEMBERS[self._magic][1]
        self._member: Any = None
        self._rest = b""
        self._ended = False

    def rewind(self) -> None:
        self._source.rewind()
        self.cut = False
        self._begin()

    def close(self) -> None:
        self._source.close()

    def read(self, size: int) -> bytes:
        while not self._ended:
            if self._member is None and not self._next_member():
                break
            needs = self._member.needs_input
            if needs and not self._rest:
                self._rest = self._source.read(_PIECE)
                if not self._rest:
                    self.cut = self._ended = True
                    break
            given, self._rest = (self._rest, b"") if needs else (b"", self._rest)
            try:
                piece: bytes = self._member.decompress(given, size)
            except (zlib.error, lzma.LZMAError, OSError) as error:
                raise ReadError(f"{self._name} is damaged ({error}); fetch it again") from None
            if self._member.eof:
                self._rest = self._member.unused_data + self._rest
                self._member = None
            if piece:
                return piece
        self.cut = self.cut or self._source.cut
        return b""

    def _next_member(self) -> bool:
        """Find the next member behind padding; what is none of ours ends the stream."""
        self._rest = self._rest.lstrip(b"\x00")
        while len(self._rest) < len(self._magic):
            piece = self._source.read(_PIECE)
            if not piece:
                break
            self._rest = (self._rest + piece).lstrip(b"\x00")
        if not self._rest.startswith(self._magic):
            self._ended = True
            return False
        self._member = self._make()
        return True


class _Frames:
    """zstd, by pyarrow; it drops what it has unpacked when it meets the cut."""

    def __init__(self, source: Peeked, name: str) -> None:
        self._name = name
        self._source = source
        self.cut = False
        self._given = 0
        self._stream = self._open()

    def _open(self) -> Any:
        import pyarrow

        return pyarrow.CompressedInputStream(
            pyarrow.PythonFile(ArrowFile(self._source), "r"), "zstd"
        )

    def rewind(self) -> None:
        self._source.rewind()
        self.cut = False
        self._given = 0
        self._stream = self._open()

    def close(self) -> None:
        self._source.close()

    def read(self, size: int) -> bytes:
        if self.cut:
            return b""
        try:
            piece: bytes = self._stream.read(min(size, _PIECE))
        except OSError as error:
            if "runcated" not in str(error):
                raise ReadError(f"{self._name} is damaged ({error}); fetch it again") from None
            piece = self._tail()
            self.cut = True
        self._given += len(piece)
        self.cut = self.cut or (not piece and self._source.cut)
        return piece

    def _tail(self) -> bytes:
        """What lies between the last whole piece and the cut: read again, byte by byte."""
        given = self._given
        self.rewind()
        while self._given < given:
            self._given += len(self._stream.read(min(_PIECE, given - self._given)))
        tail = bytearray()
        try:
            while byte := self._stream.read(1):
                tail += byte
        except OSError:
            pass
        return bytes(tail)
