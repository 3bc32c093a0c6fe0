"""Write tests/fuzz/corpus: one small valid input a message type, made by hand.

The fields are spelled here in Python, apart from the C++ that decodes them, from the
same specifications. Run it after adding a message; inputs that once failed are kept
in the same folders under names that start with ``found-`` and are left alone.
"""

from __future__ import annotations

import struct
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"

STOCK = b"SCLP    "
NOON = (12 * 3600 * 10**9).to_bytes(6, "big")


def itch(kind: bytes, layout: str, *fields: object) -> bytes:
    """One ITCH message: type, locate 1, tracking 2, noon, then the fields."""
    return kind + struct.pack(">HH", 1, 2) + NOON + struct.pack(">" + layout, *fields)


ITCH = {
    "system_event": itch(b"S", "c", b"Q"),
    "stock_directory": itch(
        b"R", "8sccIcc2scccccIc", STOCK, b"Q", b"N", 100, b"N", b"C", b"Z ", b"P",
        b"N", b"N", b"1", b"N", 0, b"N",
    ),
    "trading_action": itch(b"H", "8scc4s", STOCK, b"T", b" ", b"IPO1"),
    "reg_sho": itch(b"Y", "8sc", STOCK, b"0"),
    "participant_position": itch(b"L", "4s8sccc", b"MMKR", STOCK, b"Y", b"N", b"A"),
    "mwcb_decline_level": itch(b"V", "QQQ", 4 * 10**11, 3 * 10**11, 2 * 10**11),
    "mwcb_status": itch(b"W", "c", b"1"),
    "ipo_quoting_period": itch(b"K", "8sIcI", STOCK, 36_000, b"A", 250_000),
    "luld_collar": itch(b"J", "8sIIII", STOCK, 10_000, 10_500, 9_500, 1),
    "operational_halt": itch(b"h", "8scc", STOCK, b"Q", b"H"),
    "add_order": itch(b"A", "QcI8sI", 7, b"B", 100, STOCK, 2_237_500),
    "add_order_mpid": itch(b"F", "QcI8sI4s", 8, b"S", 50, STOCK, 2_238_000, b"MMKR"),
    "order_executed": itch(b"E", "QIQ", 7, 40, 1001),
    "order_executed_with_price": itch(b"C", "QIQcI", 7, 10, 1002, b"Y", 2_237_400),
    "order_cancel": itch(b"X", "QI", 7, 20),
    "order_delete": itch(b"D", "Q", 8),
    "order_replace": itch(b"U", "QQII", 7, 9, 30, 2_237_600),
    "trade": itch(b"P", "QcI8sIQ", 0, b"B", 25, STOCK, 2_237_700, 1003),
    "cross_trade": itch(b"Q", "Q8sIQc", 5_000, STOCK, 2_237_500, 1004, b"O"),
    "broken_trade": itch(b"B", "Q", 1003),
    "net_order_imbalance": itch(
        b"I", "QQc8sIIIcc", 900, 100, b"B", STOCK, 1, 2, 3, b"C", b"L"
    ),
    "retail_interest": itch(b"N", "8sc", STOCK, b"A"),
    "direct_listing": itch(
        b"O", "8scIIIQII", STOCK, b"Y", 90_000, 110_000, 100_000, 43_200 * 10**9,
        95_000, 105_000,
    ),
}  # fmt: skip

POST_ONLY = b"\x02\x0cP"
MAX_FLOOR = b"\x05\x05" + struct.pack(">I", 10)
UNKNOWN_TAG = b"\x03\x63ab"


def ouch(kind: bytes, layout: str, *fields: object, options: bytes | None = None) -> bytes:
    """One OUCH message; ``options`` are the elements of its appendage."""
    message = kind + struct.pack(">" + layout, *fields)
    if options is None:
        return message
    return message + struct.pack(">H", len(options)) + options


ENTER = ("IcI8sQccccc14s", 1, b"B", 10, STOCK, 2_237_500, b"0", b"Y", b"P", b"N", b"N",
         b"order 1       ")  # fmt: skip
OUCH_INBOUND = {
    "enter_order": ouch(b"O", *ENTER, options=b""),
    "enter_order_options": ouch(
        b"O", *ENTER, options=POST_ONLY + UNKNOWN_TAG + MAX_FLOOR
    ),
    "enter_order_bare": ouch(b"O", *ENTER),
    "replace_order": ouch(
        b"U", "IIIQccc14s", 1, 2, 8, 2_237_600, b"0", b"Y", b"N", b" " * 14,
        options=MAX_FLOOR,
    ),
    "cancel_order": ouch(b"X", "II", 2, 0),
    "mass_cancel": ouch(b"C", "I4s8s", 3, b"    ", b" " * 8, options=b""),
    "account_query": b"Q",
}  # fmt: skip

OUCH_OUTBOUND = {
    "system_event": ouch(b"S", "Qc", 1, b"S"),
    "accepted": ouch(
        b"A", "QIcI8sQccQcccc14s", 1, 1, b"B", 10, STOCK, 2_237_500, b"0", b"Y", 7,
        b"P", b"N", b"N", b"L", b"order 1       ", options=POST_ONLY,
    ),
    "replaced": ouch(
        b"U", "QIIcI8sQccQcccc14s", 2, 1, 2, b"B", 8, STOCK, 2_237_600, b"0", b"Y", 8,
        b"P", b"N", b"N", b"L", b" " * 14, options=MAX_FLOOR,
    ),
    "canceled": ouch(b"C", "QIIc", 3, 2, 8, b"U"),
    "aiq_canceled": ouch(b"D", "QIIcIQcc", 4, 2, 5, b"Q", 5, 2_237_600, b"R", b"*"),
    "executed": ouch(b"E", "QIIQcQ", 5, 2, 3, 2_237_600, b"A", 1001, options=b""),
    "broken_trade": ouch(b"B", "QIQc14s", 6, 2, 1001, b"S", b" " * 14),
    "rejected": ouch(b"J", "QIH14s", 7, 3, 4, b"order 3       "),
    "account_query_response": ouch(b"Q", "QI", 8, 4),
    "restated": ouch(b"R", "QIc", 9, 2, b"R", options=b""),
    "priority_update": ouch(b"T", "QIQcQ", 10, 2, 2_237_600, b"Y", 11),
    "mass_cancel_response": ouch(b"X", "QI4s8s", 11, 5, b"    ", STOCK, options=b""),
}  # fmt: skip


def block(message: bytes) -> bytes:
    """A message behind its length, as MoldUDP64 and BinaryFILE have it."""
    return struct.pack(">H", len(message)) + message


def mold(sequence: int, count: int, *messages: bytes) -> bytes:
    """One MoldUDP64 datagram."""
    head = struct.pack(">10sQH", b"000000001A", sequence, count)
    return head + b"".join(block(message) for message in messages)


MOLD = {
    "heartbeat": mold(1, 0),
    "end_of_session": mold(99, 0xFFFF),
    "one": mold(1, 1, ITCH["add_order"]),
    "three": mold(2, 3, ITCH["order_executed"], b"", ITCH["order_delete"]),
    "count_past_the_end": mold(5, 2, ITCH["order_delete"]),
    "bytes_past_the_count": mold(5, 1, ITCH["order_delete"], ITCH["order_delete"]),
    "last_sequence": mold(2**64 - 1, 1, ITCH["order_delete"]),
}


def soup(kind: bytes, payload: bytes = b"") -> bytes:
    """One SoupBinTCP frame."""
    return struct.pack(">H", len(payload) + 1) + kind + payload


LOGIN = b"SCALP1" + b"paper     " + b" " * 10 + b"1".rjust(20)
SOUP = {  # the first byte says after how many bytes the stream is cut
    "login": b"\x00" + soup(b"L", LOGIN),
    "session": b"\x04"
    + soup(b"A", b"000000001A" + b"18446744073709551615")
    + soup(b"S", OUCH_OUTBOUND["accepted"])
    + soup(b"H")
    + soup(b"Z"),
    "client": b"\xff" + soup(b"U", OUCH_INBOUND["enter_order"]) + soup(b"R"),
    "rejected": b"\x01" + soup(b"J", b"A") + soup(b"O") + soup(b"+", b"note"),
    "cut": b"\x02" + soup(b"L", LOGIN)[:-5],
    "length_zero": b"\x02" + soup(b"H") + b"\x00\x00",
}

FILE = {
    "empty": b"",
    "day": b"".join(block(message) for message in ITCH.values()),
    "end_mark": block(ITCH["add_order"]) + b"\x00\x00" + b"after",
    "cut": block(ITCH["add_order"])[:-1],
    "half_a_length": block(ITCH["order_delete"]) + b"\x00",
}

SEEDS = {
    "itch50": ITCH,
    "ouch50_inbound": OUCH_INBOUND,
    "ouch50_outbound": OUCH_OUTBOUND,
    "moldudp64": MOLD,
    "soupbintcp": SOUP,
    "binary_file": FILE,
}

if __name__ == "__main__":
    for target, seeds in SEEDS.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)
