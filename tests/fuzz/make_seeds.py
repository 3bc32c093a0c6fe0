"""Write tests/fuzz/corpus: one small valid input a message type, made by hand.

The fields are spelled here in Python, apart from the C++ that decodes them, from the
same specifications. Run it after adding a message; inputs that once failed are kept
in the same folders under names that start with ``found-`` and are left alone.
"""

from __future__ import annotations

import struct
from pathlib import Path

import web_seeds

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
OPTION_SIZES = {
    1: 8, 2: 4, 3: 4, 4: 1, 5: 4, 6: 1, 7: 4, 9: 8, 10: 1, 11: 4, 12: 1, 13: 4, 14: 4,
    15: 4, 16: 1, 17: 1, 18: 1, 22: 4, 23: 8, 24: 2, 25: 1, 26: 4, 27: 1, 28: 1, 29: 1,
    30: 2,
}  # fmt: skip
EVERY_OPTION = b"".join(bytes([1 + size, tag]) + b"P" * size for tag, size in OPTION_SIZES.items())


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
    "cancel_order_channel": ouch(b"X", "II", 2, 0, options=b"\x02\x1c\x05"),
    "modify_order": ouch(b"M", "IcI", 2, b"T", 5),
    "disable_order_entry": ouch(b"D", "I4s", 4, b"FIRM", options=b""),
    "enable_order_entry": ouch(b"E", "I4s", 5, b"FIRM", options=b""),
    "enter_order_every_option": ouch(b"O", *ENTER, options=EVERY_OPTION),
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
    "cancel_pending": ouch(b"P", "QI", 12, 6),
    "cancel_reject": ouch(b"I", "QI", 13, 6),
    "modified": ouch(b"M", "QIcI", 14, 2, b"T", 5),
    "disable_response": ouch(b"G", "QI4s", 15, 4, b"FIRM", options=b""),
    "enable_response": ouch(b"K", "QI4s", 16, 5, b"FIRM", options=b""),
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
    "timed_login": b"\x05" + soup(b"L", LOGIN + b"15000"),
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


def iex(kind: bytes, layout: str, first: object, *fields: object) -> bytes:
    """One IEX message: type, first byte, a time in 2018, then the fields."""
    head = kind + struct.pack("<" + layout[0] + "q", first, 1_517_000_000 * 10**9)
    return head + struct.pack("<" + layout[1:], *fields)


IEX = {
    "system_event": iex(b"S", "c", b"O"),
    "security_directory": iex(b"D", "B8sIqB", 0x20, STOCK, 100, 2_237_500, 1),
    "trading_status": iex(b"H", "c8s4s", b"H", STOCK, b"T1  "),
    "retail_liquidity": iex(b"I", "c8s", b"A", STOCK),
    "operational_halt": iex(b"O", "c8s", b"N", STOCK),
    "short_sale_test": iex(b"P", "B8sc", 1, STOCK, b"A"),
    "security_event": iex(b"E", "c8s", b"O", STOCK),
    "price_level_buy": iex(b"8", "B8sIq", 1, STOCK, 100, 2_237_500),
    "price_level_sell": iex(b"5", "B8sIq", 0, STOCK, 0, 2_238_000),
    "quote_update": iex(b"Q", "B8sIqqI", 0, STOCK, 100, 2_237_500, 2_238_000, 200),
    "trade_report": iex(b"T", "B8sIqQ", 0x20, STOCK, 5, 2_237_600, 77),
    "trade_break": iex(b"B", "B8sIqQ", 0, STOCK, 5, 2_237_600, 77),
    "official_price": iex(b"X", "c8sq", b"M", STOCK, 2_237_700),
    "auction_information": iex(
        b"A", "c8sIqqIcBIqqqq", b"C", STOCK, 900, 1, 2, 100, b"B", 0, 1_517_000_000,
        3, 4, 5, 6,
    ),
    "add_order": iex(b"a", "c8sQIq", b"8", STOCK, 9, 100, 2_237_500),
    "order_modify": iex(b"M", "B8sQIq", 0x80, STOCK, 9, 50, 2_237_500),
    "order_delete": iex(b"R", "B8sQ", 0, STOCK, 9),
    "order_executed": iex(b"L", "B8sQIqQ", 0, STOCK, 9, 50, 2_237_500, 78),
    "clear_book": iex(b"C", "B8s", 0, STOCK),
    "longer_than_known": iex(b"S", "c", b"C") + b"more",
}  # fmt: skip


def iex_tp(sequence: int, *messages: bytes, count: int | None = None) -> bytes:
    """One IEX-TP segment of DEEP; ``count`` where it shall lie."""
    blocks = b"".join(struct.pack("<H", len(m)) + m for m in messages)
    number = len(messages) if count is None else count
    return (
        struct.pack("<BBHII", 1, 0, 0x8004, 1, 7)
        + struct.pack("<HHQQq", len(blocks), number, 100, sequence, 1_517_000_000)
        + blocks
    )


IEX_TP = {
    "segment_heartbeat": iex_tp(5),
    "segment": iex_tp(5, *IEX.values()),
    "segment_of_nothing": iex_tp(5, b"", b""),
    "segment_count_past_the_end": iex_tp(5, b"S", count=2),
    "segment_count_short": iex_tp(5, b"S", b"S", count=1),
    "segment_last_sequence": iex_tp(2**64 - 1, b"S"),
    "segment_cut": iex_tp(5, IEX["add_order"])[:-1],
}

GLIMPSE = {
    "end": b"G" + b"123456".rjust(20),
    "end_padded_right": b"G" + b"7".ljust(20),
    "end_of_no_number": b"G" + b"x" * 20,
    "add_order": ITCH["add_order"],
}


def ipv4(protocol: int, segment: bytes, flags: int = 0x4000) -> bytes:
    """An IPv4 packet with a checksum of zero."""
    size = 20 + len(segment)
    head = struct.pack(">BBHHHBBH", 0x45, 0, size, 1, flags, 64, protocol, 0)
    return head + b"\x0a\x00\x00\x01" + b"\xef\x81\x02\x03" + segment


MACS = b"\x01\x00\x5e\x01\x02\x03" + b"\x02" + b"\x00" * 5
UDP = ipv4(17, struct.pack(">HHHH", 12_345, 26_400, 13, 0) + b"hello")
TCP = ipv4(6, struct.pack(">HHIIBBHHH", 4_000, 80, 7, 0, 0x50, 2, 512, 0, 0) + b"abc")
ETHERNET = {  # the first byte chooses the link
    "udp": b"\x00" + MACS + b"\x08\x00" + UDP,
    "tcp": b"\x00" + MACS + b"\x08\x00" + TCP,
    "vlan": b"\x00" + MACS + b"\x88\xa8\x00\x64\x81\x00\x00\x65\x08\x00" + UDP,
    "padded": b"\x00" + MACS + b"\x08\x00" + UDP + b"\x00" * 13,
    "fragment": b"\x00" + MACS + b"\x08\x00" + ipv4(17, b"\x00" * 16, 0x2000),
    "icmp": b"\x00" + MACS + b"\x08\x00" + ipv4(1, b"\x08\x00"),
    "arp": b"\x00" + MACS + b"\x08\x06\x00\x01",
    "null": b"\x01" + b"\x02\x00\x00\x00" + UDP,
    "loopback": b"\x02" + b"\x00\x00\x00\x02" + UDP,
    "raw": b"\x03" + UDP,
    "cooked": b"\x05" + b"\x00" * 14 + b"\x08\x00" + UDP,
    "cooked2": b"\x06" + b"\x08\x00" + b"\x00" * 18 + UDP,
    "unknown": b"\x07" + UDP,
}


def pcap(order: str, magic: int, *packets: bytes) -> bytes:
    """A classic capture file of whole packets, one a second."""
    file = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262_144, 1)
    for second, packet in enumerate(packets):
        file += struct.pack(order + "IIII", second, 5, len(packet), len(packet))
        file += packet
    return file


def pcapng_block(order: str, kind: int, body: bytes) -> bytes:
    """A block of pcapng, its body padded to four bytes."""
    body += b"\x00" * (-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(order: str) -> bytes:
    """A section with an interface of every option, and every kind of packet."""
    options = struct.pack(order + "HHBxxxHHqHH", 9, 1, 0x8A, 14, 8, -1, 0, 0)
    return b"".join(
        (
            pcapng_block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
            pcapng_block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + options),
            pcapng_block(order, 6, struct.pack(order + "5I", 0, 0, 4_096, 3, 9) + b"abc"),
            pcapng_block(order, 2, struct.pack(order + "HH4I", 0, 0, 0, 4_096, 2, 2) + b"de"),
            pcapng_block(order, 3, struct.pack(order + "I", 5) + b"fghij"),
            pcapng_block(order, 0x99, b"unknown"),
        )
    )


PCAP = {  # the first byte says after how many bytes the file is cut
    "little_micros": b"\x06" + pcap("<", 0xA1B2C3D4, b"abc", b"", b"d"),
    "big_nanos": b"\xff" + pcap(">", 0xA1B23C4D, b"abc", b"de"),
    "cut": b"\x02" + pcap("<", 0xA1B23C4D, b"abc")[:-1],
    "too_large": b"\x02" + pcap("<", 0xA1B23C4D) + b"\xff" * 16,
    "blocks_little": b"\x04" + pcapng("<"),
    "blocks_big": b"\xff" + pcapng(">"),
    "two_sections": b"\x10" + pcapng("<") + pcapng(">"),
    "block_length_zero": b"\x10" + pcapng("<") + b"\x06\x00\x00\x00" + b"\x00" * 4,
    "block_cut": b"\x01" + pcapng(">")[:-2],
}

BOOK = {  # pools and look-ahead, then messages: what and where, reference, quantity, price
    "add_and_take": bytes((0, 0, 1, 9, 5, 0, 2, 8, 5, 4, 1, 4, 6, 2, 1, 8, 1, 8, 2)),
    "both_sides": bytes((0, 0, 1, 9, 5, 32, 2, 8, 6, 32, 3, 8, 7, 10, 1, 4, 7, 7)),
    "replace_in_place": bytes((0, 0, 1, 9, 5, 0, 2, 9, 5, 10, 1, 1, 3, 5)),
    "pools_used_up": bytes((1,)) + b"".join(bytes((0, i, 1, 1 + i % 6)) for i in range(10)),
    "announced": bytes((2,)) + b"".join(bytes((0, i, 1, 2)) for i in range(40)),
    "sparse": bytes((0,)) + b"".join(bytes((0, 16 * i + 1, 1, 2)) for i in range(16)),
    "wrong_locate": bytes((0, 0, 1, 9, 5, 64 + 8, 1)),
    "overfill_and_duplicates": bytes((0, 0, 1, 9, 5, 0, 1, 9, 5, 4, 1, 23, 4, 1, 1)),
    "ends_of_prices": bytes((0, 0, 1, 9, 0xF0, 32, 2, 9, 0xF3, 32, 3, 0xF3, 0xE1)),
    "raw": bytes((0, 15, 40)) + ITCH["stock_directory"] + b"?",
}

LOBSTER_ROWS = (
    b"34200.017459617,5,0,1,2238200,-1\n34200.189607670,1,11885113,21,2238100,1\n"
    b"34200.189607671,4,11885113,20,2238100,1\n34200.2,3,11885113,1,2238100,1\n"
    b"34201,7,0,0,-1,-1\n"
)
BINANCE_LINES = (
    b'1723075200000000001 {"e":"bookTicker","u":7,"s":"BTCUSDT","b":"55000.10","B":"1.5",'
    b'"a":"55000.20","A":"2.25","T":1723075200000,"E":1723075200001}\n'
    b'1723075200000000002 {"e":"trade","E":1723075200001,"T":1723075200000,"s":"BTCUSDT",'
    b'"t":3,"p":"55000.20","q":"0.001","X":"MARKET","m":false}\n'
    b'1723075200000000003 {"lastUpdateId":10,"bids":[["55000.1","1"]],"asks":[["55001","2"]]}\n'
    b'1723075200000000004 {"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":9,"u":12,"pu":8,'
    b'"b":[["55000.1","0"]],"a":[["55001","3"],["55002.5","1"]]}\n'
)

LEAN_QUOTES = (
    b"34200000,494100,300,0,0,Q,1,0\n"
    b"34200000,0,0,494200,1200,P,1,0\n"
    b"34200001.5,494100.5,300,494300,0,,800,1\n"
    b"34200002,0,0,0,0,K,1,0"
)
LEAN_TRADES = b"34200000,494100,300,Q,20000020,0\n34200001,494100,100,D,1,0\n57600000,1,5,N,80,1"

RECORDED_FILE = {  # format, cuts, then the file
    "itch": b"\x00\x07" + b"".join(
        struct.pack(">H", len(message)) + message for message in ITCH.values()
    ),
    "lobster": b"\x01\x01" + LOBSTER_ROWS,
    "lobster_broken": b"\x01\x02" + LOBSTER_ROWS.replace(b",1,", b",x,"),
    "binance": b"\x03\x01" + BINANCE_LINES,
    "binance_cut": b"\x03\x05" + BINANCE_LINES[:-40],
    "lean_quotes": b"\x06\x03" + LEAN_QUOTES,
    "lean_trades": b"\x06\x04" + LEAN_TRADES,
    "lean_mixed": b"\x06\x05" + LEAN_QUOTES + LEAN_TRADES,
    "pcap": b"\x05\x09" + PCAP["two_sections"][1:],
}  # fmt: skip

def _order(status: str, filled: int, more: str = "", ref: int = 1) -> str:
    return (
        f'"symbol":"BTCUSDT","orderId":{70 + ref},"clientOrderId":"pf1-{ref}","price":"100.00",'
        f'"origQty":"100","executedQty":"{filled}","status":"{status}","side":"BUY"{more}'
    )


def _event(execution: str, status: str, filled: int, last: int, trade: int, ref: int = 1) -> str:
    return (
        f'"s":"BTCUSDT","c":"pf1-{ref}","C":"","S":"BUY","q":"100","p":"100.00",'
        f'"x":"{execution}","X":"{status}","i":{70 + ref},"l":"{last}","z":"{filled}",'
        f'"L":"100.00","T":1,"t":{trade},"m":true,"n":"0.1","N":"USDT"'
    )


def _spot(text: str) -> str:
    return f'{{"subscriptionId":0,"event":{{"e":"executionReport","E":1,{text}}}}}'


SPOT_START = (
    '{"id":1,"status":200,"result":{"subscriptionId":0}}',
    '{"id":2,"status":200,"result":{"balances":[{"asset":"USDT","free":"9","locked":"0"}]}}',
    '{"id":3,"status":200,"result":[]}',
)
USDM_START = (
    '{"id":1,"status":200,"result":{"listenKey":"k"}}',
    "!",  # the user stream comes up
    '{"id":2,"status":200,"result":[{"symbol":"BTCUSDT","positionSide":"BOTH",'
    '"positionAmt":"0"}]}',
    '{"id":3,"status":200,"result":[{"asset":"USDT","balance":"9","availableBalance":"8"}]}',
    "4[]",
)
BINANCE_ORDERS = {
    "spot_filled": b"\x00"
    + "\n".join((
        *SPOT_START,
        f'{{"id":4,"status":200,"result":{{{_order("PARTIALLY_FILLED", 40)},"fills":[{{'
        '"price":"100.00","qty":"40","commission":"0.1","commissionAsset":"USDT",'
        '"tradeId":5}]},"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND",'
        '"intervalNum":10,"limit":50,"count":2}]}',
        _spot(_event("TRADE", "FILLED", 100, 60, 6)),
        _spot(_event("NEW", "NEW", 0, 0, -1, 2)),
        _spot(_event("CANCELED", "CANCELED", 0, 0, -1, 2)),
    )).encode(),
    "spot_errors": b"\x00"
    + "\n".join((
        *SPOT_START,
        '{"id":4,"status":400,"error":{"code":-2010,"msg":"Order would immediately match"}}',
        '{"id":5,"status":503,"error":{"code":-1007,"msg":"Timeout"}}',
        "!!!",
        '{"id":7,"status":429,"error":{"code":-1003,"msg":"x","data":{"serverTime":1,'
        '"retryAfter":9}}}',
        '{"event":{"e":"serverShutdown","E":1}}',
    )).encode(),
    "usdm": b"\x01"
    + "\n".join((
        *USDM_START,
        f'{{"id":5,"status":200,"result":{{{_order("NEW", 0)}}}}}',
        '{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{'
        f'{_event("TRADE", "FILLED", 100, 100, 9)}}}}}',
        '{"e":"ACCOUNT_UPDATE","E":1,"T":1,"a":{"B":[{"a":"USDT","wb":"1","cw":"1"}],'
        '"P":[{"s":"BTCUSDT","pa":"-1","ps":"BOTH"}]}}',
        '{"e":"listenKeyExpired","E":1}',
    )).encode(),
    "spot_rest": b"\x02"
    + "\n".join((
        *SPOT_START,
        f"4{{{_order('EXPIRED', 0)}}}",
        '5{"code":-1021,"msg":"Timestamp"}',
        '6{"serverTime":1700000000000}',
        "7<html>",
    )).encode(),
}  # fmt: skip

BINANCE_ANSWERS = {
    f"{name}_{number}": line
    for name, lines in BINANCE_ORDERS.items()
    for number, line in enumerate(lines[1:].split(b"\n"))
    if line.startswith(b"{")
} | {
    "trades": b'[{"symbol":"BTCUSDT","id":2,"orderId":3,"price":"4.00","qty":"0.012",'
    b'"commission":"10.1","commissionAsset":"BTC","time":1499865549590,"isMaker":true}]',
    "orders": ("[{" + _order("NEW", 0) + "},{" + _order("FILLED", 100) + "}]").encode(),
    "error": b'{"code":-1003,"msg":"x"}',
}

_TICKER = b'{"u":13,"s":"BTCUSDT","b":"99.00000000","B":"1.50000000","a":"101.00","A":"2.25"}'
_SPOT_DEPTH = (
    b'{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":11,"u":12,'
    b'"b":[["99.00","3.00000"],["98.00","0.00000"]],"a":[["102.00","1.00000"]]}'
)
_COIN_DEPTH = (
    b'{"e":"depthUpdate","E":1723161257440,"T":1723161257432,"s":"BTCUSDT","ps":"BTCUSD",'
    b'"U":21,"u":30,"pu":20,"b":[],"a":[["102.0","7"],["103.0","0"]]}'
)
_SNAPSHOT = b'{"lastUpdateId":10,"bids":[["100.00","5.00000"]],"asks":[["102.00","4.00000"]]}'
BINANCE_MARKET = {
    "ticker_spot": _TICKER,
    "ticker_usdm": b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":51,'
    b'"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510",'
    b'"T":1723161256313,"E":1723161256313}}',
    "ticker_coinm": b'{"u":1007202248045,"e":"bookTicker","s":"BTCUSDT","ps":"BTCUSD",'
    b'"b":"61668.6","B":"1243","a":"61668.7","A":"871","T":1723161601262,"E":1723161601269}',
    "trade_spot": b'{"e":"trade","E":1723161256322,"s":"BTCUSDT","t":37,"p":"2683.81000000",'
    b'"q":"0.02500000","T":1723161256321,"m":true,"M":true}',
    "trade_usdm": b'{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":52,'
    b'"p":"61800.30","q":"0.006","X":"MARKET","m":false}',
    "aggregate": b'{"e":"aggTrade","E":1723161256322,"s":"ETHUSDT_PERPETUAL","a":26,'
    b'"p":"618.05","q":"5.5","nq":"5.5","f":100,"l":105,"T":1723161256320,"m":true}',
    "depth_spot": _SPOT_DEPTH,
    "depth_coinm": _COIN_DEPTH,
    "partial": b'{"stream":"btcusdt@depth5","data":' + _SNAPSHOT + b"}",
    "snapshot": _SNAPSHOT,
    "snapshot_coinm": b'{"lastUpdateId":25,"E":1723161257835,"T":1723161257823,'
    b'"symbol":"BTCUSDT","pair":"BTCUSD","bids":[["100","5"]],"asks":[["102","4"]]}',
    "other_order": b'{ "s":"BTCUSDT", "A":"1", "a":"101", "B":"1", "b":"99", "u":9 }',
    "answer": b'{"result":null,"id":1}',
    "error": b'{"error":{"code":2,"msg":"Invalid \\u0041"},"id":7}',
    "shutdown": b'{"e":"serverShutdown","E":1770123456789}',
}  # fmt: skip
BINANCE_FEED = {
    "spot": b"0" + _SPOT_DEPTH + b"\ns" + _SNAPSHOT + b"\n1" + _TICKER
    + b"\n0" + _SPOT_DEPTH.replace(b'"U":11,"u":12', b'"U":13,"u":14')
    + b"\n0" + _SPOT_DEPTH.replace(b'"U":11,"u":12', b'"U":19,"u":20') + b"\nd",
    "futures": b"0" + _COIN_DEPTH + b"\ns" + _SNAPSHOT.replace(b":10,", b":25,")
    + b"\n1" + _COIN_DEPTH.replace(b'"U":21,"u":30,"pu":20', b'"U":35,"u":40,"pu":30'),
}  # fmt: skip

SEEDS = {
    "binance_market": BINANCE_MARKET,
    "binance_feed": BINANCE_FEED,
    "itch50": ITCH,
    "ouch50_inbound": OUCH_INBOUND,
    "ouch50_outbound": OUCH_OUTBOUND,
    "moldudp64": MOLD,
    "soupbintcp": SOUP,
    "binary_file": FILE,
    "iex": IEX | IEX_TP,
    "glimpse": GLIMPSE,
    "ethernet": ETHERNET,
    "pcap": PCAP,
    "book": BOOK,
    "recorded_file": RECORDED_FILE,
    "binance_answers": BINANCE_ANSWERS,
    "binance_orders": BINANCE_ORDERS,
    "websocket": web_seeds.WEBSOCKET,
    "http": web_seeds.HTTP,
}

if __name__ == "__main__":
    for target, seeds in SEEDS.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)
