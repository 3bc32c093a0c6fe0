"""Static libraries and object files as tables: sections, symbols, relocations.

Reads 64-bit little-endian ELF only, which is what the supported hosts compile to.
Source: System V Application Binary Interface, chapters 4 and 5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTION_SYMBOL = 3
FUNCTION_SYMBOL = 2
LOCAL_BINDING = 0

_SHT_SYMTAB = 2
_SHT_RELA = 4
_SHT_SYMTAB_SHNDX = 18
_SHN_LORESERVE = 0xFF00
_SHN_XINDEX = 0xFFFF


@dataclass(frozen=True)
class Symbol:
    """One line of a symbol table; ``section`` is 0 where it is defined elsewhere."""

    name: str
    kind: int
    binding: int
    section: int


@dataclass
class Object:
    """One object file."""

    name: str
    sections: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    #: section index -> the symbols its bytes refer to
    references: dict[int, list[Symbol]] = field(default_factory=dict)


def _text(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode()


def read_object(name: str, data: bytes) -> Object:
    """Read one object file.

    Raises
    ------
    ValueError
        Where the bytes are no relocatable 64-bit little-endian ELF file; a file that
        was compiled for link-time optimisation has no code to look at and is refused.
    """
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{name}: not a 64-bit little-endian ELF object")
    (table_at,) = struct.unpack_from("<Q", data, 0x28)
    entry_size, count, names_index = struct.unpack_from("<HHH", data, 0x3A)
    # With 65,280 sections or more the real numbers stand in the first header.
    first = struct.unpack_from("<IIQQQQIIQQ", data, table_at)
    count = count or first[5]
    if names_index == _SHN_XINDEX:
        names_index = first[6]
    headers = [
        struct.unpack_from("<IIQQQQIIQQ", data, table_at + i * entry_size) for i in range(count)
    ]

    def content(index: int) -> bytes:
        offset, size = headers[index][4], headers[index][5]
        return data[offset : offset + size]

    names = content(names_index)
    found = Object(name)
    found.sections = [_text(names, header[0]) for header in headers]
    found.sizes = [header[5] for header in headers]
    if any(section.startswith(".gnu.lto_") for section in found.sections):
        raise ValueError(f"{name}: compiled for link-time optimisation")

    extended: tuple[int, ...] = ()
    for i, header in enumerate(headers):
        if header[1] == _SHT_SYMTAB_SHNDX:
            extended = struct.unpack(f"<{header[5] // 4}I", content(i))
    for i, header in enumerate(headers):
        if header[1] != _SHT_SYMTAB:
            continue
        strings = content(header[6])
        entries = struct.iter_unpack("<IBBHQQ", content(i))
        for number, (at, info, _, section, _, _) in enumerate(entries):
            if section == _SHN_XINDEX:
                section = extended[number]
            elif section >= _SHN_LORESERVE:
                section = 0  # absolute or common: no code
            found.symbols.append(Symbol(_text(strings, at), info & 15, info >> 4, section))
    for i, header in enumerate(headers):
        if header[1] == _SHT_RELA:
            found.references[header[7]] = [
                found.symbols[info >> 32] for _, info, _ in struct.iter_unpack("<QQq", content(i))
            ]
    return found


def read_archive(path: Path) -> Iterator[Object]:
    """Read every object of a static library.

    Raises
    ------
    ValueError
        Where the file is no ``ar`` archive or holds something else than ELF objects.
    """
    data = path.read_bytes()
    if data[:8] != b"!<arch>\n":
        raise ValueError(f"{path}: not a static library")
    long_names = b""
    at = 8
    while at + 60 <= len(data):
        name = data[at : at + 16].decode().rstrip()
        size = int(data[at + 48 : at + 58])
        body = data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
        if name == "//":
            long_names = body
        elif name not in ("/", "/SYM64/"):
            if name.startswith("/"):
                start = int(name[1:])
                name = long_names[start : long_names.index(b"\n", start)].decode()
            yield read_object(name.rstrip("/"), body)
