"""What one would write instead: the same feed, book, signal and order in asyncio.

Nothing of pyscalp is used. Packets are taken apart with `struct`, the book is a dict, the
signal the imbalance at the touch, the order a hundred bytes to a stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import defaultdict
from collections.abc import Callable

_MOLD = struct.Struct("!10sQH")
_ADD = struct.Struct("!HHHIQcI8sI")
_DELETE = struct.Struct("!HHHIQ")
_EXECUTE = struct.Struct("!HHHIQI")
_REPLACE = struct.Struct("!HHHIQQII")
_ENTER = struct.Struct("!HccIcI8sQccccc14sH")

_THRESHOLD = 0.5
_TICK_E4 = 100


class Book:
    """Orders by reference, shares by price."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[bytes, int, int]] = {}
        self.levels: dict[bytes, dict[int, int]] = {b"B": defaultdict(int), b"S": defaultdict(int)}

    def add(self, reference: int, side: bytes, shares: int, price: int) -> None:
        """A new order."""
        self.orders[reference] = (side, shares, price)
        self.levels[side][price] += shares

    def reduce(self, reference: int, by: int | None = None) -> None:
        """Take shares off an order that is known; all of them without `by`."""
        if reference not in self.orders:
            return
        side, shares, price = self.orders[reference]
        taken = shares if by is None else by
        level = self.levels[side]
        level[price] -= taken
        if level[price] == 0:
            del level[price]
        if taken == shares:
            del self.orders[reference]
        else:
            self.orders[reference] = (side, shares - taken, price)

    def replace(self, old: int, new: int, shares: int, price: int) -> None:
        """An order becomes another one on its side."""
        if old in self.orders:
            side = self.orders[old][0]
            self.reduce(old)
            self.add(new, side, shares, price)

    def imbalance(self) -> float:
        """Of the shares at the touch; 0 where a side is empty."""
        bids, asks = self.levels[b"B"], self.levels[b"S"]
        if not bids or not asks:
            return 0.0
        bid, ask = bids[max(bids)], asks[min(asks)]
        return (bid - ask) / (bid + ask)


class Feed(asyncio.DatagramProtocol):
    """One line of the feed; calls `tick` after each packet about the stock."""

    def __init__(self, symbol: bytes, tick: Callable[[Book], None]) -> None:
        self.symbol = symbol
        self.tick = tick
        self.books: dict[int, Book] = defaultdict(Book)
        self.locate = 0
        self.expected = 1
        self.lost = 0

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take a packet apart and apply its messages."""
        _, sequence, count = _MOLD.unpack_from(data)
        if sequence < self.expected:
            return
        self.lost += sequence - self.expected
        self.expected = sequence + count
        touched = False
        at = _MOLD.size
        for _ in range(count):
            (length,) = struct.unpack_from("!H", data, at)
            touched |= self.apply(data, at + 2)
            at += 2 + length
        if touched:
            self.tick(self.books[self.locate])

    def apply(self, data: bytes, at: int) -> bool:
        """Apply one message; True if it was about the stock."""
        kind = data[at : at + 1]
        if kind in (b"A", b"F"):
            locate, _, _, _, reference, side, shares, _, price = _ADD.unpack_from(data, at + 1)
            self.books[locate].add(reference, side, shares, price)
        elif kind == b"D":
            locate, _, _, _, reference = _DELETE.unpack_from(data, at + 1)
            self.books[locate].reduce(reference)
        elif kind in (b"E", b"C", b"X"):
            locate, _, _, _, reference, shares = _EXECUTE.unpack_from(data, at + 1)
            self.books[locate].reduce(reference, shares)
        elif kind == b"U":
            locate, _, _, _, old, new, shares, price = _REPLACE.unpack_from(data, at + 1)
            self.books[locate].replace(old, new, shares, price)
        elif kind == b"R":
            if data[at + 11 : at + 19] == self.symbol:
                (self.locate,) = struct.unpack_from("!H", data, at + 1)
            return False
        else:
            return False
        return bool(locate == self.locate)


class Client:
    """Decides, and keeps at most one order at work."""

    def __init__(self, symbol: bytes, writer: asyncio.StreamWriter) -> None:
        self.symbol = symbol
        self.writer = writer
        self.user_ref = 0
        self.working = False

    def on_tick(self, book: Book) -> None:
        """Buy where the bids outweigh, sell where the asks do."""
        if self.working:
            return
        imbalance = book.imbalance()
        if abs(imbalance) < _THRESHOLD:
            return
        if imbalance > 0:
            side, price = b"B", min(book.levels[b"S"]) + 2 * _TICK_E4
        else:
            side, price = b"S", max(book.levels[b"B"]) - 2 * _TICK_E4
        self.user_ref += 1
        self.working = True
        self.writer.write(
            _ENTER.pack(
                *(_ENTER.size - 2, b"U", b"O", self.user_ref, side, 1, self.symbol, price),
                *(b"3", b"Y", b"P", b"N", b"N", b" " * 14, 0),
            )
        )

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Hear what became of the orders, until the exchange is gone or we are cancelled."""
        ends = (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError)
        with contextlib.suppress(*ends):
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                frame = await reader.readexactly(length)
                if frame[:2] in (b"SC", b"SJ"):
                    self.working = False


def _line(group: str, port: int, interface: str) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    line.bind((group, port))
    joined = socket.inet_aton(group) + socket.inet_aton(interface)
    line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    line.setblocking(False)
    return line


async def trade(
    feed: tuple[str, int], interface: str, orders: tuple[str, int], symbol: str
) -> dict[str, int]:
    """Trade until the session ends or this is cancelled; orders sent and messages lost."""
    padded = symbol.ljust(8).encode()
    line = _line(*feed, interface)
    reader, writer = await asyncio.open_connection(*orders)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = Client(padded, writer)
    protocol = Feed(padded, client.on_tick)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, sock=line)
    login = b"L" + b"SCALP1" + b"paper".ljust(10) + b" " * 10 + b"0".rjust(20)
    writer.write(struct.pack("!H", len(login)) + login)
    try:
        await client.read(reader)
    finally:
        transport.close()
        writer.close()
    return {"orders": client.user_ref, "lost": protocol.lost}
