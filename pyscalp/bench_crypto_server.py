"""A TLS WebSocket server of recorded lines: ``python -m pyscalp.bench_crypto_server JOB``.

Nothing of it is ours but the loop: TLS is the standard library's `ssl`, the upgrade is
answered by hand, the frames are made before. At a chosen rate it stamps each message just
before the call that sends it; at full speed it hands the kernel many frames at a time.
It says its port as one JSON object, serves one client, says its stamps' file, and ends.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import socket
import ssl
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CHUNK = 64 << 10
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class ServerJob:
    """What is to be served.

    Attributes
    ----------
    lines : str
        File of one message a line.
    rate : float
        Messages a second; 0: as fast as the client takes them.
    stamps : str
        File that the stamps are written to, as `numpy.save` does.
    certificate, key : str
        PEM files.
    core : int or None
        To run on.
    """

    lines: str
    rate: float
    stamps: str
    certificate: str
    key: str
    core: int | None

    @property
    def role(self) -> str:
        """Who it is, for errors."""
        return "server"

    @property
    def module(self) -> str:
        """That reads it."""
        return "pyscalp.bench_crypto_server"

    def to_json(self) -> str:
        """As the server reads it from its command line."""
        return json.dumps(asdict(self))


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A whole frame of a server: final, not masked. Source: RFC 6455, 5.2."""
    head = bytes([0x80 | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 1 << 16:
        return head + b"\x7e" + len(payload).to_bytes(2, "big") + payload
    return head + b"\x7f" + len(payload).to_bytes(8, "big") + payload


def upgrade(connection: ssl.SSLSocket) -> None:
    """Answer the client's request for a WebSocket. Source: RFC 6455, 4.2.2."""
    request = b""
    while b"\r\n\r\n" not in request:
        got = connection.recv(4096)
        if not got:
            raise OSError("the client went away before its request was whole")
        request += got
    fields = dict(
        line.split(": ", 1) for line in request.decode("ascii").split("\r\n")[1:] if ": " in line
    )
    key = next(value for name, value in fields.items() if name.lower() == "sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()
    connection.sendall(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )


def send_paced(connection: ssl.SSLSocket, frames: list[bytes], rate: float) -> NDArray[np.int64]:
    """One frame a call at even intervals; when each was handed over, CLOCK_MONOTONIC ns."""
    stamps = [0] * len(frames)
    now, send = time.monotonic_ns, connection.sendall
    period = 1e9 / rate
    begun = now() + 1_000_000
    for index, each in enumerate(frames):
        due = begun + int(index * period)
        while now() < due:
            pass
        stamps[index] = now()
        send(each)
    return np.asarray(stamps, dtype=np.int64)


def send_all(connection: ssl.SSLSocket, frames: list[bytes]) -> NDArray[np.int64]:
    """As many frames a call as a chunk holds; the stamp of each is that of its call."""
    stamps = np.zeros(len(frames), dtype=np.int64)
    first, size = 0, 0
    for index, each in enumerate(frames):
        size += len(each)
        if size < _CHUNK and index + 1 < len(frames):
            continue
        block = b"".join(frames[first : index + 1])
        stamps[first : index + 1] = time.monotonic_ns()
        connection.sendall(block)
        first, size = index + 1, 0
    return stamps


def serve(job: ServerJob) -> None:
    """Serve one client, and write the stamps."""
    if job.core is not None:
        os.sched_setaffinity(0, {job.core})
    with open(job.lines, "rb") as file:
        frames = [frame(line.rstrip(b"\n")) for line in file]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(job.certificate, job.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_PATIENCE_S)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        plain, _ = listener.accept()
        plain.settimeout(_PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_side=True) as connection:
            upgrade(connection)
            # The client is at its loop again.
            time.sleep(0.05)
            stamps = (
                send_paced(connection, frames, job.rate)
                if job.rate > 0
                else send_all(connection, frames)
            )
            np.save(job.stamps, stamps)
            # The client closes; whatever it says is read and not looked at.
            with contextlib.suppress(OSError):
                while connection.recv(4096):
                    pass
    print(json.dumps({"sent": len(frames)}), flush=True)


def main(text: str) -> int:
    """Do a job; 0, or 1 with a line on standard error."""
    try:
        serve(ServerJob(**json.loads(text)))
    except (OSError, StopIteration, ValueError) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
