"""Seeds of WebSocket streams and HTTP messages, for ``make_seeds.py``."""

from __future__ import annotations

import struct


def frame(first: int, payload: bytes = b"", mask: bytes | None = None) -> bytes:
    """One frame; `first` is its first byte: FIN, reserved bits, opcode."""
    size = len(payload)
    bit = 0 if mask is None else 0x80
    if size < 126:
        head = bytes([first, bit | size])
    elif size < 65_536:
        head = bytes([first, bit | 126]) + struct.pack(">H", size)
    else:
        head = bytes([first, bit | 127]) + struct.pack(">Q", size)
    if mask is not None:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + (mask or b"") + payload


KEY = b"\x37\xfa\x21\x3d"
TEXT = '{"e":"trade","s":"BTCUSDT","p":"61234.50","q":"0.001"} € 😀'.encode()

# The first byte says who reads (0 the client, 1 the server), the second where to cut.
WEBSOCKET = {
    "text_and_binary": b"\x00\x03" + frame(0x81, TEXT) + frame(0x82, bytes(range(200))),
    "fragments_and_ping": b"\x00\x00"
    + frame(0x01, TEXT[:58])
    + frame(0x89, b"1723161243000")
    + frame(0x00)
    + frame(0x80, TEXT[58:]),
    "close": b"\x00\x10" + frame(0x8A, b"pong") + frame(0x88, b"\x03\xe9bye") + frame(0x81, b"x"),
    "masked": b"\x01\x04" + frame(0x81, TEXT, KEY) + frame(0x82, b"", KEY),
    "masked_fragments": b"\x01\x02"
    + frame(0x02, bytes(130), KEY)
    + frame(0x89, b"p", KEY)
    + frame(0x80, bytes(7), b"\xff\x00\xff\x00")
    + frame(0x88, b"", KEY),
    "unmasked_at_the_server": b"\x01\x01" + frame(0x81, b"a"),
    "reserved_bit": b"\x00\x01" + frame(0xC1, b"a"),
    "reserved_opcode": b"\x00\x01" + frame(0x83, b"a"),
    "too_large": b"\x00\x01\x82\x7f" + struct.pack(">Q", 64 << 20),
    "no_utf8": b"\x00\x01" + frame(0x01, b"\xe2\x82") + frame(0x80, b"\x41"),
    "bad_close": b"\x00\x01" + frame(0x88, b"\x03\xed"),
    "long_length": b"\x00\x01\x82\x7e\x00\x05hello",
}

# The first byte says which kind (0 requests, 1 responses), the second where to cut.
HTTP = {
    "requests": b"\x00\x07"
    b"GET /api/v3/depth?symbol=BTCUSDT&limit=5 HTTP/1.1\r\nHost: a:8443\r\nX-MBX-APIKEY: k\r\n\r\n"
    b"\r\nPOST /api/v3/order HTTP/1.1\r\nhost: a\r\nContent-Length: 8\r\n\r\nsymbol=A"
    b"GET / HTTP/1.0\r\n\r\n",
    "upgrade": b"\x00\x01GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n\x81\x80",
    "chunked_request": b"\x00\x05PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nabcd\r\n0\r\n\r\n",
    "responses": b"\x01\x02HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n00c\r\n, and more...\r\n0\r\nTrailer: t\r\n\r\nHTTP/1.1 204\r\n\r\n",
    "to_the_end": b"\x01\x00HTTP/1.0 200 fine\r\nServer: s\r\n\r\nas far as it goes",
    "switched": b"\x01\x03HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nHTTP",
    "both_lengths": b"\x01\x01HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    "folded": b"\x01\x01HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
    "bare_line_feed": b"\x00\x01GET / HTTP/1.1\nHost: a\n\n",
    "huge_chunk": b"\x01\x01HTTP/1.1 200 OK\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "too_large": b"\x01\x01HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
}
