"""Which format a recorded file has, told by its bytes and never by its name."""

from __future__ import annotations

import re

from pyscalp.day_file import MESSAGE_LENGTHS
from pyscalp.errors import ReadError

HEAD = 4096
"""Bytes that `recognise` wants to see, where the file has as many."""

FORMATS = {
    "itch": "ITCH 5.0 (BinaryFILE)",
    "pcap": "packet capture (pcap, pcapng)",
    "lobster": "LOBSTER messages",
    "lean": "Lean equity ticks",
    "dbn": "Databento DBN",
    "hftbacktest": "hftbacktest .npy or .npz",
    "binance": "raw Binance capture",
}
"""Name to description."""

_CAPTURES = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
_LOBSTER = re.compile(rb"\d+(\.\d+)?,[1-7],\d+,\d+,-?\d+,-?1(,[^\n]*)?\r?(\n|$)")
_LEAN = re.compile(rb"\d+(\.\d+)?(,\d+(\.\d+)?,\d+){1,2},[A-Z]?,[0-9A-Fa-f]*,[01]\r?(\n|$)")
_ORDERBOOK = re.compile(rb"(-?\d{1,16},-?\d+,){1,}-?\d+,-?\d+\r?\n")
_BINANCE = re.compile(rb'(\d{13,19} )?\{\s*"')
_BINANCE_KEYS = re.compile(
    rb'"(stream|lastUpdateId)"|"e"\s*:\s*"(depthUpdate|trade|aggTrade|bookTicker)"'
    rb'|"result"\s*:\s*null'
)


def recognise(head: bytes, name: str) -> str:
    """The format of a file that begins with `head`: a key of `FORMATS`.

    Raises
    ------
    ReadError
        If it is none of them; the text says what it looks like.
    """
    if not head:
        raise ReadError(f"{name} is empty; fetch it again")
    if head.startswith(_CAPTURES):
        return "pcap"
    if head.startswith(b"DBN"):
        return "dbn"
    if head.startswith(b"\x93NUMPY"):
        return "hftbacktest"
    if _LOBSTER.match(head):
        return "lobster"
    if _LEAN.match(head):
        return "lean"
    line = head.split(b"\n", 1)[0]
    if _BINANCE.match(head) and _BINANCE_KEYS.search(line):
        return "binance"
    if _is_itch(head):
        return "itch"
    raise ReadError(f"{name} is none of the formats that pyscalp reads: {_looks_like(head)}")


def _is_itch(head: bytes) -> bool:
    """True where the framing holds as far as it can be seen, types and lengths agreeing."""
    at, known = 0, 0
    while at + 3 <= len(head):
        length = head[at] << 8 | head[at + 1]
        if length == 0:
            break
        expected = MESSAGE_LENGTHS.get(chr(head[at + 2]))
        if expected is not None and expected != length:
            return False
        # A type that this revision does not know may follow, but cannot begin.
        if expected is None and (known == 0 or length > 512):
            return False
        known += expected is not None
        at += 2 + length
    return known > 0


def _looks_like(head: bytes) -> str:
    if _ORDERBOOK.match(head):
        return "it looks like a LOBSTER orderbook file; give the message file beside it"
    if head.startswith(b"PAR1"):
        return "it is a Parquet file; read that with polars.read_parquet"
    if head[:1] in b"{[<" or all(32 <= byte < 127 or byte in b"\r\n\t" for byte in head[:200]):
        line = head[:60].split(b"\n")[0].decode("ascii", "replace")
        return f"it is text that begins with {line!r}"
    return f"it begins with the bytes {head[:8].hex(' ')}; give one of: " + ", ".join(
        FORMATS.values()
    )
