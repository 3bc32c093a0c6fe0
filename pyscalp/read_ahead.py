"""Pieces of an opened file, read and unpacked by a thread while the last is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from types import TracebackType

from pyscalp.formats.opening import Opened

PIECE = 4 << 20
"""Bytes asked for at a time; packed files give fewer."""


class ReadAhead:
    """The pieces of a file in their order; leaving the context ends the thread.

    Parameters
    ----------
    file : Opened
        Is read to its end, and closed.

    Attributes
    ----------
    taken : int
        Bytes of the file on disk that the pieces given so far came from.
    size : int
        Bytes of the file on disk.
    """

    def __init__(self, file: Opened) -> None:
        self.taken = 0
        self.size = file.origin.size
        self._file = file
        self._pieces: queue.Queue[tuple[bytes, int] | BaseException | None] = queue.Queue(2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pyscalp-read", daemon=True)

    @property
    def cut(self) -> bool:
        """True where packed data ended early."""
        return self._file.stream.cut

    def __enter__(self) -> ReadAhead:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._file.stream.close()

    def __iter__(self) -> Iterator[bytes]:
        while (item := self._pieces.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            piece, self.taken = item
            yield piece
        self.taken = self.size

    def _run(self) -> None:
        try:
            while (piece := self._gathered()) and self._put((piece, self._file.origin.taken)):
                pass
        except BaseException as error:
            self._put(error)
        else:
            self._put(None)

    def _gathered(self) -> bytes:
        """A piece of some size, for what unpacks in small ones."""
        pieces: list[bytes] = []
        size = 0
        while size < PIECE // 4 and not self._stop.is_set():
            piece = self._file.stream.read(PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _put(self, item: tuple[bytes, int] | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._pieces.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
