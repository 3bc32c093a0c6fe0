"""Bytes that come in pieces and can be begun again."""

from __future__ import annotations

import os
import zipfile
from typing import IO, Protocol

from pyscalp.errors import ReadError, os_reason


class Source(Protocol):
    """A stream of bytes; nothing is held but what a piece needs."""

    @property
    def cut(self) -> bool:
        """True once the stream has turned out to end too early."""
        ...

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        ...

    def rewind(self) -> None:
        """Begin again at the first byte."""
        ...

    def close(self) -> None:
        """Let go of what is open; may be called again."""
        ...


class FileSource:
    """A file on disk.

    Raises
    ------
    ReadError
        If it cannot be opened or read.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.cut = False
        self.taken = 0
        try:
            self._file: IO[bytes] = open(name, "rb", buffering=0)  # noqa: SIM115
            self.size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise ReadError(f"cannot read {name}: {os_reason(error)}") from None

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise ReadError(
                f"cannot read {self.name} beyond byte {self.taken:,}: {os_reason(error)}"
            ) from None
        self.taken += len(piece)
        return piece

    def rewind(self) -> None:
        """Begin again at the first byte."""
        self._file.seek(0)
        self.taken = 0

    def close(self) -> None:
        """Let go of what is open; may be called again."""
        self._file.close()


class MemberSource:
    """One member of a zip archive, unpacked as it is read."""

    def __init__(self, archive: zipfile.ZipFile, member: str, name: str) -> None:
        self.name = f"{name}, member {member}"
        self.cut = False
        self._archive = archive
        self._member = member
        self._file = self._open()
        self.size = archive.getinfo(member).file_size
        self.taken = 0

    def _open(self) -> IO[bytes]:
        try:
            return self._archive.open(self._member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise ReadError(f"{self.name} cannot be unpacked: {error}") from None

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        try:
            piece = self._file.read(size)
            self.taken += len(piece)
            return piece
        except EOFError:
            self.cut = True
            return b""
        except Exception as error:  # zlib, lzma and zipfile each have their own
            raise ReadError(f"{self.name} is damaged ({error}); fetch it again") from None

    def rewind(self) -> None:
        """Begin again at the first byte."""
        self._file.close()
        self._file = self._open()
        self.taken = 0

    def close(self) -> None:
        """Let go of what is open; may be called again."""
        self._file.close()
        self._archive.close()


class Peeked:
    """A source whose first bytes can be looked at before they are read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._head = b""

    @property
    def cut(self) -> bool:
        """True once the stream has turned out to end too early."""
        return self._source.cut

    def peek(self, size: int) -> bytes:
        """The first `size` bytes, or all there are, without taking them."""
        while len(self._head) < size:
            piece = self._source.read(size - len(self._head))
            if not piece:
                break
            self._head += piece
        return self._head[:size]

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._source.read(size)

    def rewind(self) -> None:
        """Begin again at the first byte."""
        self._head = b""
        self._source.rewind()

    def close(self) -> None:
        """Let go of what is open; may be called again."""
        self._source.close()


class ArrowFile:
    """A source as the file object that pyarrow reads."""

    closed = False

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, fewer only at the end; with none given, one piece."""
        if size < 0:
            return self._source.read(1 << 16)
        whole = self._source.read(size)
        while len(whole) < size and (piece := self._source.read(size - len(whole))):
            whole += piece
        return whole

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Leave the source open: it belongs to someone else."""
