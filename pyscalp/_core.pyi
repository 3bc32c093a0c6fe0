# Written by tools/stubs from the compiled module; do not edit.
"""
The compiled part of pyscalp: engine, included exchange, replay, books.

Prices and money are int64 at 1e-9 of the currency unit, times int64 nanoseconds. Long calls release the GIL.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['ExchangeServer', 'LiveSession', 'Replay', 'book_rows', 'signal_rows', 'simulate_day']
class ExchangeServer:
    """
    The included exchange on real sockets. `run` works in the calling thread with the GIL released.
    """
    def __init__(self, config: dict[str, typing.Any]) -> None:
        """
        Open every socket. Raises ValueError for a wrong setting and OSError, with what failed, where and what to do, for a port that cannot be had.
        """
    def endpoints(self) -> dict[str, typing.Any]:
        """
        Addresses and ports as bound: feed_a, feed_b, retransmission, orders.
        """
    def run(self) -> None:
        """
        Serve until stop(), the duration or the end of the day.
        """
    def statistics(self) -> dict[str, typing.Any]:
        """
        What was sent, lost, asked and ordered.
        """
    def stop(self) -> None:
        """
        End `run` soon; from any thread.
        """
class LiveSession:
    """
    The engine on real sockets: a pinned C++ thread that trades, and one that keeps the journal.
    """
    def __init__(self, config: dict[str, typing.Any], out_dir: str) -> None:
        """
        Check the configuration and open sockets and journal.

        Raises ValueError for a wrong setting and OSError, with what failed, where and what to do, for a socket or file that cannot be opened.
        """
    def abandon(self, why: str) -> None:
        """
        End at once without getting flat, for a venue that is known to be gone.
        """
    def events(self) -> list[typing.Any]:
        """
        What happened since the last call.
        """
    def fills(self) -> numpy.typing.NDArray[typing.Any]:
        """
        Fills so far, as a structured array.
        """
    def histograms(self) -> dict[str, typing.Any]:
        """
        Stage -> (values in ns, counts). Only after the end.
        """
    def join(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> bool:
        """
        Wait up to that long; True once the threads have ended.
        """
    def kill(self) -> None:
        """
        Kill switch: HALTED, cancel every order, end.
        """
    def request_stop(self) -> None:
        """
        No new entries; cancel, flatten, log out; then the threads end.
        """
    def round_trips(self) -> numpy.typing.NDArray[typing.Any]:
        """
        Closed round trips so far.
        """
    def samples(self) -> numpy.typing.NDArray[typing.Any]:
        """
        Touch, position and equity every 250 ms.
        """
    def snapshot(self) -> dict[str, typing.Any]:
        """
        State, counters, instruments, latency.
        """
    def start(self) -> None:
        """
        Start both threads; returns at once.
        """
    def summary(self) -> dict[str, typing.Any]:
        """
        Totals, positions, denials, digest.
        """
class Replay:
    """
    A recorded day in process: the live engine against the included exchange, as fast as it goes. Deterministic.
    """
    def __init__(self, config: dict[str, typing.Any], day: bytes, options: dict[str, typing.Any]) -> None:
        """
        `day` is an ITCH 5.0 BinaryFILE; `options` has from_ns, to_ns (None: the whole day), feed_latency_ns, order_latency_ns, jitter_ns, seed.
        """
    def advance(self, messages: typing.SupportsInt | typing.SupportsIndex) -> bool:
        """
        Work through up to that many messages, GIL released; False when done.

        Raises ValueError if the recording cannot be replayed.
        """
    def events(self) -> list[typing.Any]:
        ...
    def fills(self) -> numpy.typing.NDArray[typing.Any]:
        ...
    def histograms(self) -> dict[str, typing.Any]:
        ...
    def progress(self) -> tuple[typing.Any, ...]:
        """
        (bytes done, bytes in all).
        """
    def round_trips(self) -> numpy.typing.NDArray[typing.Any]:
        ...
    def samples(self) -> numpy.typing.NDArray[typing.Any]:
        ...
    def summary(self) -> dict[str, typing.Any]:
        ...
    def write_record(self, path: str) -> None:
        """
        Write the exchange's own record of our orders as CSV. Raises OSError.
        """
    @property
    def messages(self) -> int:
        """
        Recorded messages so far.
        """
    @property
    def truncated(self) -> bool:
        """
        True if the recording ends inside a message.
        """
def book_rows(day: bytes, locate: typing.SupportsInt | typing.SupportsIndex, levels: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
    """
    The book of one instrument after each of its messages.

    Returns (messages, rows): the position in the file of each message, shape (n,), and int64 rows of shape (n, 4 * levels) in LOBSTER's order: ask price, ask size, bid price, bid size, best level first. Prices at 1e-9; a level that is not there has price 2**63 - 1 and size 0.
    """
def signal_rows(config: dict[str, typing.Any], day: bytes, locate: typing.SupportsInt | typing.SupportsIndex) -> dict[str, typing.Any]:
    """
    What each signal says at every event of one instrument in a recording.

    `config` is the engine's, `day` an ITCH 5.0 BinaryFILE. Returns int64 arrays: of one length time (ns since midnight), bid, ask (1e-9; 2**63 - 1 where a side is empty), bid_qty, ask_qty, bid_depth, ask_depth, trades_seen, and the expected moves mean_reversion and book_imbalance (1e-9, 0 is no opinion); and of another trade_time, trade_price, trade_qty.
    """
def simulate_day(seed: typing.SupportsInt | typing.SupportsIndex, duration_ns: typing.SupportsInt | typing.SupportsIndex, symbols: collections.abc.Sequence[str]) -> bytes:
    """
    The first `duration_ns` of an artificial day, as a BinaryFILE of ITCH 5.0.
    """
