"""From a path to a stream of bytes whose format is known."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyscalp.errors import ReadError, os_reason
from pyscalp.formats import hftbacktest, lean, lobster
from pyscalp.formats.recognition import HEAD, recognise
from pyscalp.formats.source import FileSource, MemberSource, Peeked, Source
from pyscalp.formats.unpacking import unpacked

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass
class Opened:
    """A recorded file, ready to be read.

    Attributes
    ----------
    name : str
        What errors call it.
    format : str
        A key of `pyscalp.formats.recognition.FORMATS`.
    stream : Source
        What the format's decoder wants to be fed.
    origin : FileSource or MemberSource
        The bytes on disk; tells how far the reading is.
    packings : list of str
        From the outside in.
    symbol : str
        The one instrument of the file, where its name tells it.
    rows : int
        Rows that an array states; -1 where the format states none.
    orderbook : callable or None
        Opens LOBSTER's orderbook file, if there is one.
    """

    name: str
    format: str
    stream: Source
    origin: FileSource | MemberSource
    packings: list[str]
    symbol: str = ""
    rows: int = -1
    orderbook: Callable[[], tuple[Source, str]] | None = None


def opened(path: str | os.PathLike[str]) -> Opened:
    """Open a recorded file and recognise it. ``~`` and ``$NAME`` are replaced.

    Raises
    ------
    ReadError
        If it is missing, unreadable, empty or of no known format.
    """
    name = os.path.expanduser(os.path.expandvars(os.fspath(path)))
    if "$" in name:
        raise ReadError(
            f"{path}: the variable in this path is not set; set it, or write the path out"
        )
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else str(error)
        raise ReadError(f"cannot read {name}: {reason}") from None
    if stat.S_ISDIR(mode):
        name = _message_file(Path(name))
    elif not stat.S_ISREG(mode):
        raise ReadError(f"{name} is not a file; give a recorded file")
    origin = FileSource(name)
    head = Peeked(origin)
    try:
        if head.peek(4).startswith(_ZIP):
            origin.close()
            return _from_zip(name)
        return _recognised(origin, head, name, Path(name).as_posix())
    except BaseException:
        origin.close()
        raise


def _recognised(
    origin: FileSource | MemberSource, head: Peeked, name: str, file_name: str
) -> Opened:
    stream, packings = unpacked(head, name)
    first = stream.peek(HEAD)
    if not first and packings:
        if stream.cut:
            raise ReadError(f"{name} is cut before anything can be unpacked; fetch it again")
        raise ReadError(f"{name} unpacks to nothing; fetch it again")
    if first.startswith(_ZIP):
        raise ReadError(f"{name} holds a zip archive inside {packings[-1]}; unpack it first")
    result = Opened(name, recognise(first, name), stream, origin, packings)
    if result.format == "hftbacktest":
        result.rows = hftbacktest.skip_header(stream, name)
    if result.format == "lean":
        result.symbol = lean.symbol_of(file_name)
    if result.format == "lobster":
        result.symbol = lobster.symbol_of(file_name)
        book = lobster.orderbook_of(name)
        if isinstance(origin, FileSource) and book and os.path.exists(book):
            result.orderbook = lambda: (unpacked(FileSource(book), book)[0], book)
    return result


def _message_file(folder: Path) -> str:
    try:
        found = sorted(folder.glob("*_message_*.csv*"))
    except OSError as error:
        raise ReadError(f"cannot read {folder}: {os_reason(error)}") from None
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise ReadError(f"{folder} is a directory; give a recorded file")
    names = ", ".join(file.name for file in found[:5])
    raise ReadError(f"{folder} holds {len(found)} LOBSTER message files; give one of {names}")


def _from_zip(name: str) -> Opened:
    try:
        archive = zipfile.ZipFile(name)
    except (zipfile.BadZipFile, OSError) as error:
        raise ReadError(
            f"{name} is a damaged or cut zip archive ({error}); fetch it again"
        ) from None
    try:
        member = _member(archive, name)
        origin = MemberSource(archive, member, name)
        result = _recognised(origin, Peeked(origin), origin.name, member)
    except BaseException:
        archive.close()
        raise
    result.packings.insert(0, "zip")
    if result.format == "lobster":
        book = lobster.orderbook_of(member)
        if book and book in archive.namelist():

            def open_book() -> tuple[Source, str]:
                again = MemberSource(zipfile.ZipFile(name), book, name)
                return again, again.name

            result.orderbook = open_book
    return result


def _member(archive: zipfile.ZipFile, name: str) -> str:
    members = [info.filename for info in archive.infolist() if not info.is_dir()]
    for fits in (
        lambda member: "_message_" in member and ".csv" in member,
        lambda member: member == "data.npy",
        lambda member: member.endswith(".npy"),
        lambda member: True,
    ):
        found = [member for member in members if fits(member)]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            some = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
            raise ReadError(
                f"{name} holds {len(found)} files ({some}); unpack it and give one of them"
            )
    raise ReadError(f"{name} is an empty zip archive; fetch it again")
