"""The book against LOBSTER's: equal in every row of a whole day, event by event.

LOBSTER saw the best levels alone. The recording therefore has corrections around its
events: orders that stand in for what came and went outside its window, and orders that
were older than the day under a number of their own until LOBSTER names them. So an event
is one message, found by time, type, reference, shares, price and side, and its row is the
book once the corrections that follow it are in. Corrections that hand shares over to the
order of the next event already belong to that one; they can be told by what they do.
"""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from pyscalp.day_file import read_day

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

Ints = npt.NDArray[np.int64]

FILLERS_FROM = 400_000_000
"""References from here up stand in for orders that LOBSTER does not show."""
NO_PRICE = 2**63 - 1
LOBSTER_NO_ASK, LOBSTER_NO_BID = 9_999_999_999, -9_999_999_999
E4 = 100_000
"""1e-9 of a dollar in LOBSTER's and ITCH's unit of price, 1e-4."""
OPENED = 34_200_000_000_001
"""When the recording puts up what the book held at the open."""

# LOBSTER's type of an event to the message that tells it. A partial cancel of an order
# whose rest nobody knew takes all that is known of it, and is a delete.
SUBMITTED, CANCELLED, DELETED, EXECUTED, HIDDEN = "12345"
MESSAGES = {SUBMITTED: "A", CANCELLED: "XD", DELETED: "D", EXECUTED: "E", HIDDEN: "P"}


class Message(NamedTuple):
    """One ITCH message of an instrument, with what it takes from or adds to the book."""

    kind: str
    time: int
    reference: int
    shares: int
    price: int
    side: int

    @property
    def filler(self) -> bool:
        return self.reference >= FILLERS_FROM


class Event(NamedTuple):
    """One line of LOBSTER's message file."""

    time: int
    type: str
    reference: int
    shares: int
    price: int
    side: int


def messages_of(day: bytes, locate: int) -> list[Message]:
    """Every message of an instrument, read here without the code under test."""
    found: list[Message] = []
    orders: dict[int, list[int]] = {}
    at = 0
    while at < len(day):
        (length,) = struct.unpack_from(">H", day, at)
        body = day[at + 2 : at + 2 + length]
        at += 2 + length
        kind, number = chr(body[0]), body[1] << 8 | body[2]
        if number != locate:
            continue
        time = int.from_bytes(body[5:11], "big")
        if kind not in "AEXDP":
            assert kind in "RH", kind
            found.append(Message(kind, time, 0, 0, 0, 0))
            continue
        reference = int.from_bytes(body[11:19], "big")
        if kind in "AP":
            shares, price = int.from_bytes(body[20:24], "big"), int.from_bytes(body[32:36], "big")
            side = 1 if body[19:20] == b"B" else -1
            if kind == "A":
                orders[reference] = [shares, price, side]
        else:
            order = orders[reference]
            shares = order[0] if kind == "D" else int.from_bytes(body[19:23], "big")
            _, price, side = order
            order[0] -= shares
            assert order[0] >= 0
            if order[0] == 0:
                del orders[reference]
        found.append(Message(kind, time, reference, shares, price, side))
    return found


def lobster(archive: Path) -> tuple[list[Event], Ints]:
    """The events, and the book after each, of one of LOBSTER's sample files."""
    with zipfile.ZipFile(archive) as files:
        names = {name.split("_")[-2]: name for name in files.namelist()}
        lines = files.read(names["message"]).decode().split()
        rows = np.loadtxt(io.BytesIO(files.read(names["orderbook"])), delimiter=",", dtype=np.int64)
    events = []
    for line in lines:
        time, kind, *numbers = line.split(",")
        # Some times have picked up the digits of a binary float.
        events.append(Event(round(Decimal(time) * 10**9), kind, *map(int, numbers)))
    return events, rows


def in_lobsters_units(rows: Ints) -> Ints:
    """Our rows with prices in 1e-4 and LOBSTER's figures for a level that is not there."""
    table = rows.copy()
    for column, nothing in ((0, LOBSTER_NO_ASK), (2, LOBSTER_NO_BID)):
        prices = rows[:, column::4]
        there = prices != NO_PRICE
        assert not np.any(prices[there] % E4)
        table[:, column::4] = np.where(there, prices // E4, nothing)
    return table


def tells(message: Message, event: Event) -> bool:
    """Whether the message is the event, by everything that both of them say."""
    if (message.time, message.reference) != (event.time, event.reference):
        return False
    if message.kind not in MESSAGES[event.type]:
        return False
    # ITCH's delete has no quantity, and the rest of an old order is not always known.
    return (message.price, message.side) == (event.price, event.side) and (
        message.shares == event.shares or event.type == DELETED
    )


def places_of(messages: list[Message], events: list[Event]) -> list[int]:
    """The index of the one message that is each event, in their common order."""
    places, at = [], 0
    for number, event in enumerate(events):
        at = next((i for i in range(at, len(messages)) if tells(messages[i], event)), -1)
        assert at >= 0, f"event {number} is not in the recording: {event}"
        places.append(at)
        at += 1
    return places


def preparations(messages: list[Message], before: int, place: int, event: Event) -> list[int]:
    """Where the corrections that prepare `event`, at `place`, may begin; likeliest first.

    They hand shares over to the event's order at its price and side, in its instant: from
    fillers, whole ones first and a part of the last, until it has what the event takes or
    no filler is left. Where it had some already, it is deleted and comes again with all.

    If the event `before` is of the same instant, deletes just there may complete that one
    instead; where nothing in the messages tells, every place that would do is given.
    """
    if event.type in (SUBMITTED, HIDDEN):
        return [place]
    doubtful = messages[before].time == event.time

    def is_kind(i: int, kind: str, *, filler: bool) -> bool:
        m = messages[i]
        here = (m.time, m.price, m.side) == (event.time, event.price, event.side)
        whose = m.filler if filler else m.reference == event.reference
        return i > before and here and whose and m.kind == kind

    def fillers_before(begin: int, wanted: int) -> list[int]:
        part = wanted > 0 and is_kind(begin - 1, "X", filler=True)
        if part:
            begin -= 1
            wanted -= messages[begin].shares
        begins = [begin]
        while wanted > 0 and is_kind(begin - 1, "D", filler=True):
            begin -= 1
            wanted -= messages[begin].shares
            if wanted >= 0:
                begins.insert(0, begin)
        # A filler of which a part is left was the last: all before it were wanted.
        return begins if doubtful and not part else begins[:1]

    if not is_kind(place - 1, "A", filler=False):
        return fillers_before(place, event.shares - messages[place].shares)
    if not is_kind(place - 2, "D", filler=False):
        return fillers_before(place - 1, event.shares)
    had = messages[place - 2].shares
    begins = fillers_before(place - 2, event.shares - had)
    return begins + ([place - 1] if doubtful else [])


@dataclass(frozen=True)
class Sample:
    """One of LOBSTER's files, and how many of its rows are not at the likeliest place."""

    symbol: str
    locate: int
    levels: int
    rows: int
    elsewhere: int


AMZN = Sample("AMZN", 1, 5, 155_935, 1)
AAPL = Sample("AAPL", 2, 1, 118_497, 26)


class Aligned(NamedTuple):
    """LOBSTER's rows, and after which messages each event may be complete."""

    expected: Ints
    complete: list[list[int]]

    def different(self, book: Ints) -> list[int]:
        """The rows that the book equals nowhere."""
        return [
            number
            for number, after in enumerate(self.complete)
            if not any(np.array_equal(book[i], self.expected[number]) for i in after)
        ]

    def elsewhere(self, book: Ints) -> int:
        """How many rows it does not equal at the likeliest place."""
        likeliest = [after[0] for after in self.complete]
        return int(np.sum(np.any(book[likeliest] != self.expected, axis=1)))


def aligned(market_data: Path, day: bytes, sample: Sample) -> Aligned:
    """Every event found in the recording, and the rest of the recording accounted for."""
    name = f"LOBSTER_SampleFile_{sample.symbol}_2012-06-21_{sample.levels}.zip"
    events, expected = lobster(market_data / "lobster" / name)
    assert len(events) == len(expected) == sample.rows
    messages = messages_of(day, sample.locate)
    places = places_of(messages, events)

    # What is no event is the opening book, or a correction in the instant of a neighbour.
    told = set(places)
    others = {(m.kind, m.time) for i, m in enumerate(messages) if i not in told}
    corrections = {(kind, time) for kind, time in others if kind not in "RH"}
    assert {kind for kind, _ in corrections} == {"A", "X", "D"}
    assert {time for _, time in corrections} <= {event.time for event in events} | {OPENED}
    assert {m.time for m in messages[: places[0]] if m.kind not in "RH"} == {OPENED}
    assert places[-1] == len(messages) - 1

    complete = [
        [begin - 1 for begin in preparations(messages, place, after, event)]
        for place, after, event in zip(places[:-1], places[1:], events[1:], strict=True)
    ] + [[len(messages) - 1]]
    assert all(min(after) >= place for after, place in zip(complete, places, strict=True))
    return Aligned(expected, complete)


def book_of(day: bytes, sample: Sample) -> Ints:
    _, rows = _core.book_rows(day, sample.locate, sample.levels)
    return in_lobsters_units(rows)


@pytest.fixture(scope="module")
def day(market_data: Path) -> bytes:
    return read_day(market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz")


@pytest.mark.parametrize("sample", [AMZN, AAPL], ids=lambda sample: sample.symbol)
def test_the_book_is_lobsters_in_every_row(market_data: Path, day: bytes, sample: Sample) -> None:
    found = aligned(market_data, day, sample)
    book = book_of(day, sample)
    assert found.different(book) == []
    assert found.elsewhere(book) == sample.elsewhere


def test_a_share_less_would_be_seen(market_data: Path, day: bytes) -> None:
    """The canary: an order of the opening book is one share smaller, and the row differs."""
    found = aligned(market_data, day, AAPL)
    opening = next(m for m in messages_of(day, AAPL.locate) if m.kind == "A")
    shares = day.index(opening.reference.to_bytes(8, "big")) + 9
    changed = day[:shares] + (opening.shares - 1).to_bytes(4, "big") + day[shares + 4 :]
    assert found.different(book_of(changed, AAPL)) == [0]
