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
import typing_extensions
__all__: list[str] = ['BookRun', 'CryptoEcho', 'CryptoExchangeServer', 'CryptoFeed', 'CryptoOutsider', 'CryptoRecorder', 'Echo', 'EventBook', 'EventDecoder', 'EventTables', 'ExchangeServer', 'FeedProbe', 'HttpsClient', 'ItchTables', 'LiveSession', 'Outsider', 'Recorder', 'Replay', 'SignalCost', 'WebSocketClient', 'book_rows', 'calibration', 'counter_offset', 'day_pace', 'decode_fields', 'event_values', 'has_binance', 'iceberg_day', 'iceberg_sightings', 'level_day', 'line_round', 'make_certificates', 'make_ed25519', 'operation_times', 'random_text', 'signal_rows', 'signal_tape', 'simulate_day', 'touch_day', 'walk_frames', 'watch_core', 'write_market_day']
class BookRun:
    """
    Order-by-order books of a stream of ITCH 5.0 BinaryFILE bytes, for benchmarks.

    `orders` and `levels` bound the pools; memory is taken as it is used, in pages of 2 MiB with `huge_pages`.
    """
    def __init__(self, *, orders: typing.SupportsInt | typing.SupportsIndex = 16777216, levels: typing.SupportsInt | typing.SupportsIndex = 8388608, huge_pages: bool = False) -> None:
        ...
    def counters(self) -> dict[str, typing.Any]:
        """
        Messages by outcome, orders alive, and books crossed or flagged now.
        """
    def feed(self, piece: typing_extensions.Buffer) -> None:
        """
        Books the next bytes of the stream, cut anywhere.
        """
    def feed_touches(self, piece: typing_extensions.Buffer) -> numpy.typing.NDArray[numpy.int64]:
        """
        Books the next bytes; one int64 row for each message after which a best price or its quantity is another.

        Columns: the message's number from 0, locate, then price (at 1e-4), quantity and orders of the bid and of the ask; 0 where there is none.
        """
    def levels(self, depth: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.int64]:
        """
        The best `depth` levels of every instrument that has one.

        int64 rows: locate, then for each rank price (at 1e-4), quantity and orders of the bid, then of the ask; 0 where there is none.
        """
class CryptoFeed:
    """
    Market data of Binance: messages in, a book a symbol out. Times are ns of any clock that never steps; prices are of one lot at 1e-9, quantities are lots. One thread.
    """
    def __init__(self, market: str, symbols: collections.abc.Sequence[tuple[str, str, str]], snapshot_interval_ns: typing.SupportsInt | typing.SupportsIndex = 500000000, snapshot_backoff_ns: typing.SupportsInt | typing.SupportsIndex = 1000000000) -> None:
        """
        ``market`` is spot or futures, ``symbols`` are (name, tickSize, stepSize) as exchangeInfo writes them; ValueError where one cannot be followed.
        """
    def compare_parsers(self, lines: str, symbol: str) -> dict[str, typing.Any]:
        """
        Reads each line by its shape and by simdjson, and counts `lines`, `by_shape`, `refused` and `different`; snapshots are of ``symbol``.
        """
    def counters(self) -> dict[str, typing.Any]:
        ...
    def levels(self, symbol: str, side: str, count: typing.SupportsInt | typing.SupportsIndex) -> list[typing.Any]:
        """
        (price, quantity) of the best levels of bid or ask.
        """
    def next_deadline(self) -> int | None:
        ...
    def on_down(self, connection: typing.SupportsInt | typing.SupportsIndex, now: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def on_message(self, connection: typing.SupportsInt | typing.SupportsIndex, text: str, now: typing.SupportsInt | typing.SupportsIndex) -> str:
        """
        What became of the message, by name.
        """
    def on_snapshot(self, symbol: str, text: str, now: typing.SupportsInt | typing.SupportsIndex) -> str:
        """
        What became of the answer to a request, by name.
        """
    def on_snapshot_failed(self, symbol: str, now: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def on_up(self, connection: typing.SupportsInt | typing.SupportsIndex, now: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def reconnect_wanted(self, connection: typing.SupportsInt | typing.SupportsIndex) -> bool:
        ...
    def run(self, lines: str, depth: typing.SupportsInt | typing.SupportsIndex) -> dict[str, typing.Any]:
        """
        Takes the lines of a capture; at every bookTicker a row of `rows` (line, symbol, ticker's u, depth's u, fresh, bids, asks), of `levels` (side, rank, price and quantity) and of `depth_touch`.
        """
    def stale(self, symbol: str) -> bool:
        ...
    def take_snapshot_request(self, now: typing.SupportsInt | typing.SupportsIndex) -> str | None:
        """
        The symbol whose snapshot is to be asked for now; None where none is.
        """
    def take_told(self) -> list[typing.Any]:
        """
        (what, symbol, price, quantity, aggressor) of trade, stale and fresh, in order, since the last call.
        """
    def venue_time(self) -> int:
        """
        Newest T or E, ns since 1970.
        """
class EventDecoder:
    """
    Turns the bytes of a recorded file into events, pushed in pieces cut anywhere.

    Formats: itch, pcap, lobster, lean, dbn, hftbacktest (the rows behind the .npy header), binance. Decoding releases the GIL. Arrays own their memory.
    """
    def __init__(self, format: str, *, midnight_ns: typing.SupportsInt | typing.SupportsIndex = 0, qty_scale: typing.SupportsInt | typing.SupportsIndex = 1, symbol: str = '') -> None:
        ...
    def choose(self, symbols: collections.abc.Sequence[str], numbers: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        """
        Leaves out the events of all other instruments from here on.
        """
    def feed(self, data: typing_extensions.Buffer) -> int:
        """
        Takes the next bytes; returns how many events wait to be taken.
        """
    def finish(self) -> int:
        """
        Says that the file ends here; returns how many events wait to be taken.
        """
    def take(self, most: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[typing.Any]:
        """
        The first `most` waiting events, or all, as an array that owns them.
        """
    @property
    def counters(self) -> dict[str, typing.Any]:
        ...
    @property
    def cut(self) -> bool:
        """
        True where the last record was not whole at `finish`.
        """
    @property
    def failed_at(self) -> int:
        """
        Byte of the unpacked file where that, or the cut, is.
        """
    @property
    def failure(self) -> str:
        """
        Why nothing more can be decoded; empty if all is well.
        """
    @property
    def instruments(self) -> dict[int, str]:
        ...
    @property
    def qty_scale(self) -> int:
        ...
class CryptoOutsider:
    """
    The venue's end of the tick-to-trade bench over TLS: USD-M futures' streams, REST and order API of BTCUSDT on one port of 127.0.0.1. Changes the book at intended times, and stamps the orders that come.

    Raises OSError for a port or certificate that cannot be had.
    """
    def __init__(self, *, certificate: str, key: str, api_key: str, secret: str, triggers: typing.SupportsInt | typing.SupportsIndex, period_ns: typing.SupportsInt | typing.SupportsIndex, patience_ns: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def counts(self) -> dict[str, typing.Any]:
        """
        Orders unasked for, size of an order, stream messages sent, orders placed and fills.
        """
    def run(self) -> None:
        """
        Wait for a client, then measure. RuntimeError where that could not be.
        """
    def stop(self) -> None:
        """
        End `run`; for another thread.
        """
    def trips(self) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 rows, as `Outsider.trips`.
        """
    @property
    def port(self) -> int:
        """
        That it listens on.
        """
class CryptoEcho:
    """
    The floor of the tick-to-trade bench over TLS: answers a trigger with an order, by no work.

    Raises OSError for an address or authorities that cannot be had.
    """
    def __init__(self, *, stream: str, orders: str, ca_file: str, order_bytes: typing.SupportsInt | typing.SupportsIndex, triggers: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def echoed(self) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 rows, as `Echo.echoed`.
        """
    def run(self) -> None:
        """
        Until `stop`, or until the exchange is gone.
        """
    def stop(self) -> None:
        """
        End `run`; for another thread.
        """
class FeedProbe:
    """
    A WebSocket over TLS and the book of one symbol of USD-M futures, stamped message by message.

    Raises OSError for an address or authorities that cannot be had.
    """
    def __init__(self, *, url: str, ca_file: str, symbol: str, tick: str, step: str, snapshot: str, messages: typing.SupportsInt | typing.SupportsIndex, bare: bool = False) -> None:
        ...
    def levels(self, bids: bool) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 rows of ticks and lots, best first.
        """
    def run(self) -> None:
        """
        Spin until every message has come; RuntimeError where that could not be.
        """
    def stamps(self) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64: when the book had each message, in ns of CLOCK_MONOTONIC; 0: it did not come.
        """
    def stop(self) -> None:
        """
        End `run`; for another thread.
        """
    @property
    def fresh(self) -> bool:
        """
        Whether the book is whole.
        """
    @property
    def refused(self) -> int:
        """
        Messages that were not taken.
        """
    @property
    def trades(self) -> int:
        """
        Trades told.
        """
class CryptoExchangeServer:
    """
    The included exchange as a crypto venue, on one TLS port. `run` works in the calling thread with the GIL released.
    """
    def __init__(self, config: dict[str, typing.Any]) -> None:
        """
        Open the port. Raises ValueError for a wrong setting and OSError, with what failed, where and what to do, for a port or file that cannot be had.
        """
    def endpoints(self) -> dict[str, typing.Any]:
        """
        listen: address and port as bound.
        """
    def run(self) -> None:
        """
        Serve until stop(), the duration or the end of the day.
        """
    def statistics(self) -> dict[str, typing.Any]:
        """
        What was sent, asked, refused and ordered.
        """
    def stop(self) -> None:
        """
        End `run` soon; from any thread.
        """
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
        Addresses and ports as bound: feed_a, feed_b, retransmission, orders, and snapshot where snapshots are given.
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
        Stage -> (values in ns, counts), and so `spin_gap`. Only after the end.
        """
    def join(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> bool:
        """
        Wait up to that long; True once the threads have ended.
        """
    def kill(self) -> None:
        """
        Kill switch: HALTED, cancel every order, end.
        """
    def markouts(self) -> numpy.typing.NDArray[typing.Any]:
        """
        For each of those fills the mid 1, 5 and 30 s later, int64 at 1e-9, (fills, 3); the largest int64 where that is still to come, or the book had none.
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
class Recorder:
    """
    A multicast session into a file: a C++ thread that receives, and one that writes.
    """
    def __init__(self, config: dict[str, typing.Any]) -> None:
        """
        Join the groups and create the file.

        `config`: path, overwrite, format (pcap or itch), line_a, line_b and retransmission (pairs of address and port; the last two may be None), interface, from_start, messages_max (0: no limit). Raises ValueError for a wrong setting and OSError, with what failed, where and what to do, for a group or file that cannot be had.
        """
    def join(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> bool:
        """
        Wait up to that long; True once all is on disk.
        """
    def missing(self) -> list[typing.Any]:
        """
        (first sequence number, count, reason) of what the recording lacks, the first 10,000 ranges. Only after the end.
        """
    def request_stop(self) -> None:
        """
        End soon, once a gap that is open is closed or given up.
        """
    def snapshot(self) -> dict[str, typing.Any]:
        """
        Figures of some 50 ms ago, final once `ended`. Times in ns since 1970.
        """
    def start(self) -> None:
        """
        Start both threads; returns at once. Call it once.
        """
class CryptoRecorder:
    """
    Streams of a crypto venue into a raw capture: a C++ thread that receives, and one that writes.
    """
    def __init__(self, config: dict[str, typing.Any]) -> None:
        """
        Look the hosts up and create the file.

        `config`: path, overwrite, packed (gzip), futures, symbols, streams (URLs, one a WebSocket), depth (changes of depth are among them), rest, snapshot_target (path and query up to the symbol), ca_file (may be empty) and messages_max (0: no limit). Raises ValueError for a wrong setting and OSError, with what failed, where and what to do, for a host or file that cannot be had.
        """
    def gaps(self) -> list[typing.Any]:
        """
        (symbol, update id before, update id behind) of breaks in the depth, the first 10,000. Only after the end.
        """
    def join(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> bool:
        """
        Wait up to that long; True once all is on disk.
        """
    def request_stop(self) -> None:
        """
        End soon, once snapshots that are wanted are there or given up.
        """
    def snapshot(self) -> dict[str, typing.Any]:
        """
        Figures of some 50 ms ago, final once `ended`. Times in ns since 1970.
        """
    def start(self) -> None:
        """
        Start both threads; returns at once. Call it once.
        """
class Replay:
    """
    A recorded day in process: the live engine against the included exchange, as fast as it goes. Deterministic.
    """
    def __init__(self, config: dict[str, typing.Any], day: bytes, options: dict[str, typing.Any]) -> None:
        """
        `day` is an ITCH 5.0 BinaryFILE; `options` has from_ns, to_ns (None: the whole day), feed_latency_ns, order_latency_ns, jitter_ns, seed, and touch_only for a day that `touch_day` made.
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
    def markouts(self) -> numpy.typing.NDArray[typing.Any]:
        """
        For each fill the mid 1, 5 and 30 s later, int64 at 1e-9, (fills, 3); the largest int64 where the run ended before, or the book had none.
        """
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
class SignalCost:
    """
    What a call of users' signals costs, for bench/own_signal.py.
    """
    def __init__(self, day: bytes, locate: typing.SupportsInt | typing.SupportsIndex, most: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Of the first `most` events of an instrument at which its book is sound.
        """
    def add(self, config: dict[str, typing.Any]) -> None:
        """
        Time signals.user of this configuration, too.
        """
    def lap(self) -> list[tuple[float, int]]:
        """
        Show every event to one signal after the other: (ns an event, sum of the expected moves) of each.
        """
    @property
    def events(self) -> int:
        ...
class ItchTables:
    """
    Tables of an ITCH 5.0 BinaryFILE, pushed in chunks.
    """
    def __init__(self, tables: collections.abc.Sequence[str], symbols: collections.abc.Sequence[str], midnight_ns: typing.SupportsInt | typing.SupportsIndex, levels: typing.SupportsInt | typing.SupportsIndex, ticks: typing.SupportsInt | typing.SupportsIndex, tick: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def columns(self, table: str) -> list[typing.Any]:
        """
        (name, kind) of each column; empty if not asked for.
        """
    def feed(self, chunk: typing_extensions.Buffer) -> bool:
        """
        Take the next bytes; False once the file is over or damaged.
        """
    def instruments(self) -> tuple[typing.Any, ...]:
        """
        Arrays (number, number at the venue, symbol, messages, flagged) of all that were met; symbols, a list, are empty where the file is not ITCH.
        """
    def levels(self, instrument: typing.SupportsInt | typing.SupportsIndex, side: typing.SupportsInt | typing.SupportsIndex, count: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
        """
        Arrays (price, qty, orders) of the best levels now, best first.
        """
    def number(self, instrument: typing.SupportsInt | typing.SupportsIndex) -> int:
        """
        The venue's own number of an instrument.
        """
    def symbol(self, instrument: typing.SupportsInt | typing.SupportsIndex) -> str:
        ...
    def take(self, table: str) -> list[typing.Any]:
        """
        Rows since the last call: a list of (rows, columns), each column (values, validity bits or None, nulls). The arrays own their memory.
        """
    @property
    def chosen(self) -> bool:
        ...
    @property
    def counters(self) -> dict[str, typing.Any]:
        ...
    @property
    def cut(self) -> bool:
        ...
    @property
    def damaged(self) -> bool:
        ...
    @property
    def listed(self) -> bool:
        ...
    @property
    def offset(self) -> int:
        ...
    @property
    def rows_waiting(self) -> int:
        ...
class EventTables:
    """
    Tables of a stream of market events.
    """
    def __init__(self, tables: collections.abc.Sequence[str], levels: typing.SupportsInt | typing.SupportsIndex, ticks: typing.SupportsInt | typing.SupportsIndex, tick: typing.SupportsInt | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def columns(self, table: str) -> list[typing.Any]:
        """
        (name, kind) of each column; empty if not asked for.
        """
    def feed(self, events: numpy.typing.NDArray[typing.Any]) -> None:
        """
        Take the next events.
        """
    def instruments(self) -> tuple[typing.Any, ...]:
        """
        Arrays (number, number at the venue, symbol, messages, flagged) of all that were met; symbols, a list, are empty where the file is not ITCH.
        """
    def levels(self, instrument: typing.SupportsInt | typing.SupportsIndex, side: typing.SupportsInt | typing.SupportsIndex, count: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
        """
        Arrays (price, qty, orders) of the best levels now, best first.
        """
    def number(self, instrument: typing.SupportsInt | typing.SupportsIndex) -> int:
        """
        The venue's own number of an instrument.
        """
    def take(self, table: str) -> list[typing.Any]:
        """
        Rows since the last call: a list of (rows, columns), each column (values, validity bits or None, nulls). The arrays own their memory.
        """
    @property
    def counters(self) -> dict[str, typing.Any]:
        ...
    @property
    def rows_waiting(self) -> int:
        ...
class EventBook:
    """
    Books driven by market events.
    """
    def __init__(self, step: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def apply(self, events: numpy.typing.NDArray[typing.Any]) -> None:
        """
        Apply events in their order.
        """
    def flagged(self, instrument: typing.SupportsInt | typing.SupportsIndex) -> bool:
        ...
    def levels(self, instrument: typing.SupportsInt | typing.SupportsIndex, side: typing.SupportsInt | typing.SupportsIndex, count: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
        ...
    def place(self, order: typing.SupportsInt | typing.SupportsIndex) -> typing.Any:
        """
        (instrument, side, price, qty, orders ahead, qty ahead), or None.
        """
    def queue(self, instrument: typing.SupportsInt | typing.SupportsIndex, side: typing.SupportsInt | typing.SupportsIndex, price: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
        """
        Arrays (order, qty) at a price, first to trade first.
        """
    def touch(self, instrument: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
        """
        (bid, bid_qty, ask, ask_qty); None: no such side.
        """
    @property
    def counters(self) -> dict[str, typing.Any]:
        ...
class Outsider:
    """
    The exchange's end of the tick-to-trade bench: sends triggers at intended times, and a day between them, and stamps the orders that come.

    Raises OSError for a socket that cannot be opened.
    """
    def __init__(self, *, feed: tuple[str, typing.SupportsInt | typing.SupportsIndex], interface: str, orders: tuple[str, typing.SupportsInt | typing.SupportsIndex], locate: typing.SupportsInt | typing.SupportsIndex, triggers: typing.SupportsInt | typing.SupportsIndex, period_ns: typing.SupportsInt | typing.SupportsIndex, patience_ns: typing.SupportsInt | typing.SupportsIndex, day: typing_extensions.Buffer | None = None, opening_bytes: typing.SupportsInt | typing.SupportsIndex = 0, pace: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> None:
        ...
    def counts(self) -> dict[str, typing.Any]:
        """
        Orders unasked for, size of an order, packets and messages sent, and how late the day was at worst.
        """
    def run(self) -> None:
        """
        Wait for a client, then measure. RuntimeError where that could not be.
        """
    def stop(self) -> None:
        """
        End `run`; for another thread.
        """
    def trips(self) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 rows: when a trigger was to go, when it went (0: it did not, as nobody had answered for long), when its order came (0: none did), in ns of CLOCK_MONOTONIC.
        """
    @property
    def orders(self) -> int:
        """
        Port that it listens on.
        """
class Echo:
    """
    The floor of the tick-to-trade bench: answers a trigger with an order, by no work.

    Raises OSError for a transport that cannot be had.
    """
    def __init__(self, *, transport: str, feed_a: tuple[str, typing.SupportsInt | typing.SupportsIndex], feed_b: tuple[str, typing.SupportsInt | typing.SupportsIndex], interface: str, orders: tuple[str, typing.SupportsInt | typing.SupportsIndex], locate: typing.SupportsInt | typing.SupportsIndex, triggers: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def echoed(self) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 rows: when a trigger was seen, when its answer was sent; 0: never.
        """
    def lost(self) -> int:
        """
        Packets that reached this machine and not the echo.
        """
    def run(self) -> None:
        """
        Until `stop`, or until the exchange is gone.
        """
    def stop(self) -> None:
        """
        End `run`; for another thread.
        """
    @property
    def note(self) -> str:
        """
        The transport, in words.
        """
class WebSocketClient:
    """
    A WebSocket over TLS or plain TCP that connects again when it is lost.

    Nothing happens but within a call: `receive` and `wait_open` connect, answer pings and find dead links. Not for several threads at once.
    """
    def __init__(self, url: str, *, ca_file: str = '', verify_host: str = '', address: typing.Any = None, message_most: typing.SupportsInt | typing.SupportsIndex = 16777216, connect_within_s: typing.SupportsFloat | typing.SupportsIndex = 10.0, ping_after_s: typing.SupportsFloat | typing.SupportsIndex = 10.0, dead_after_s: typing.SupportsFloat | typing.SupportsIndex = 30.0, close_within_s: typing.SupportsFloat | typing.SupportsIndex = 2.0, life_s: typing.SupportsFloat | typing.SupportsIndex = 0.0, backoff_first_s: typing.SupportsFloat | typing.SupportsIndex = 0.1, backoff_most_s: typing.SupportsFloat | typing.SupportsIndex = 30.0, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        """
        `ca_file`: trusted authorities in PEM, empty for the system's. `verify_host`: whom the certificate must be for, empty for the URL's host. `address`: (dotted text, port) to connect to instead of looking the host up. `message_most`: bytes of a message. `ping_after_s`, `dead_after_s`: silence that is asked about, and that ends a connection; 0 is never. `life_s`: age at which a connection is made anew; 0 is never. `seed`: of the waits between tries; 0 is the system's choice. Raises OSError, with what to do, for a URL, a host or a CA file that cannot be used, and ValueError for a setting out of range.
        """
    def close(self, code: typing.SupportsInt | typing.SupportsIndex = 1000, reason: str = '', timeout_s: typing.SupportsFloat | typing.SupportsIndex = 5.0) -> bool:
        """
        End it with the closing handshake; True once it is done.
        """
    def counters(self) -> dict[str, typing.Any]:
        """
        Counts since the client was made, over all connections.
        """
    def receive(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> typing.Any:
        """
        The next message as (opcode, bytes), opcode 1 for text and 2 for binary; None when the time is over or the client is closed.
        """
    def renew(self) -> None:
        """
        Close this connection and make a new one.
        """
    def send_binary(self, payload: bytes) -> bool:
        """
        As send_text.
        """
    def send_text(self, text: str) -> bool:
        """
        False where the connection is not open, or has no room for it now.
        """
    def wait_open(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> bool:
        """
        Connect; True once messages can go, False when the time is over.
        """
    @property
    def close_code(self) -> int:
        """
        The peer's; 1005 where its close frame had none, 1006 where none came.
        """
    @property
    def close_reason(self) -> str:
        ...
    @property
    def connection(self) -> int:
        """
        How many connections have opened.
        """
    @property
    def end(self) -> str:
        """
        How the WebSocket of the last connection ended: none, by us, by peer, refused, bad handshake, protocol, silent, late or ended.
        """
    @property
    def failure(self) -> str:
        """
        How the last connection or try ended; empty where none has.
        """
    @property
    def http_code(self) -> int:
        """
        Status of the answer to the upgrade; 0 where none came.
        """
    @property
    def is_open(self) -> bool:
        ...
    @property
    def received_ns(self) -> int:
        """
        When the message last returned came; ns since 1970.
        """
    @property
    def round_trip_ns(self) -> int:
        """
        From our last answered ping to its pong; 0 before the first.
        """
    @property
    def state(self) -> str:
        """
        waiting, connecting, open, closing or stopped.
        """
    @property
    def tls_version(self) -> str:
        """
        TLSv1.2 or TLSv1.3; empty without TLS.
        """
    @property
    def waiting(self) -> int:
        """
        Messages that have come and were not returned yet.
        """
class HttpsClient:
    """
    HTTP/1.1 over one connection that stays, with TLS or without.
    """
    def __init__(self, url: str, *, ca_file: str = '', verify_host: str = '', address: typing.Any = None, answer_most: typing.SupportsInt | typing.SupportsIndex = 33554432, connect_within_s: typing.SupportsFloat | typing.SupportsIndex = 10.0, answer_within_s: typing.SupportsFloat | typing.SupportsIndex = 10.0, backoff_first_s: typing.SupportsFloat | typing.SupportsIndex = 0.1, backoff_most_s: typing.SupportsFloat | typing.SupportsIndex = 30.0, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        """
        `url`: scheme, host and port; as WebSocketClient otherwise. `answer_most`: bytes of an answer.
        """
    def close(self) -> None:
        """
        End the connection for good.
        """
    def counters(self) -> dict[str, typing.Any]:
        """
        Counts since the client was made.
        """
    def request(self, method: str, target: str, headers: collections.abc.Sequence[tuple[str, str]] = [], body: str = '') -> dict[str, typing.Any]:
        """
        Send it and wait for the answer, for answer_within_s at most. Returns fate (answered, not sent or unknown: it may have been done), status, headers as pairs of str and bytes, body, reason (why there is no answer) and took_ns.
        """
    def wait_open(self, timeout_s: typing.SupportsFloat | typing.SupportsIndex) -> bool:
        """
        Connect; True once a request would leave at once.
        """
    @property
    def failure(self) -> str:
        """
        How the last connection or try ended; empty where none has.
        """
    @property
    def is_open(self) -> bool:
        ...
def book_rows(day: bytes, locate: typing.SupportsInt | typing.SupportsIndex, levels: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
    """
    The book of one instrument after each of its messages.

    Returns (messages, rows): the position in the file of each message, shape (n,), and int64 rows of shape (n, 4 * levels) in LOBSTER's order: ask price, ask size, bid price, bid size, best level first. Prices at 1e-9; a level that is not there has price 2**63 - 1 and size 0.
    """
def calibration(tries: typing.SupportsInt | typing.SupportsIndex, each_ns: typing.SupportsInt | typing.SupportsIndex) -> dict[str, typing.Any]:
    """
    Compare the time stamp counter with CLOCK_MONOTONIC_RAW, several times.

    Returns invariant, ns_per_tick, and spread: the largest rate found less the smallest, over the middle one.
    """
def counter_offset(core: typing.SupportsInt | typing.SupportsIndex, other: typing.SupportsInt | typing.SupportsIndex) -> tuple[typing.Any, ...]:
    """
    How far the second core's time stamp counter is ahead of the first's.

    Returns (nanoseconds, uncertainty either way). Raises OSError for a core that this process may not use, and without such a counter.
    """
def day_pace(file: typing_extensions.Buffer) -> tuple[typing.Any, ...]:
    """
    Messages of a BinaryFILE in memory without system events, nanoseconds from the first to the last, and messages of its busiest second.
    """
def decode_fields(file: typing_extensions.Buffer) -> tuple[typing.Any, ...]:
    """
    Decodes every field of every message of a BinaryFILE in memory; returns (messages, sum of all fields modulo 2**64).
    """
def event_values() -> dict[str, typing.Any]:
    """
    The numbers behind the names of kinds, sides and flags of events, the price that is none, and the dtype of their arrays.
    """
def iceberg_day(seed: typing.SupportsInt | typing.SupportsIndex, stocks: typing.SupportsInt | typing.SupportsIndex, duration_ns: typing.SupportsInt | typing.SupportsIndex, iceberg_wait_ns: typing.SupportsInt | typing.SupportsIndex, decoy_wait_ns: typing.SupportsInt | typing.SupportsIndex, same_stamp: typing.SupportsFloat | typing.SupportsIndex, heavy_tail: bool, record: str) -> tuple[typing.Any, ...]:
    """
    A day of the included exchange with many icebergs and decoys: its ITCH 5.0 BinaryFILE and counts of what was put in. Writes the exchange's record of all orders with a display size to the file `record`. See bench/iceberg_day.hpp. Raises ValueError for settings out of range, OSError where it cannot write.
    """
def iceberg_sightings(config: dict[str, typing.Any], day: bytes, locate: typing.SupportsInt | typing.SupportsIndex, day_before: bytes = b'') -> dict[str, typing.Any]:
    """
    What the iceberg detector says of one instrument in a recording.

    `config` is the engine's, of which signals.iceberg is used, `day` an ITCH 5.0 BinaryFILE, `day_before` another one to learn from first. One entry a sighting: event (number of the order event), time (ns), kind (refilled, uncovered, exhausted, withdrawn), side (1 buyer, -1 seller), price (1e-9), reference, refills, slice, open, executed, hidden (shares), last, first (ns), believed, believed_before, log_odds, reserve (shares); and forgotten, the number of orders there was no room for.
    """
def level_day(data: bytes, instruments: collections.abc.Sequence[tuple[str, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]]) -> tuple[typing.Any, ...]:
    """
    A venue's day, ITCH 5.0 in BinaryFILE framing, out of a raw capture of Binance.

    `instruments` are (symbol, tick, step) at 1e-9. Returns the day, in ticks and lots, and what became of the events, by symbol.
    """
def line_round(core: typing.SupportsInt | typing.SupportsIndex, other: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    Nanoseconds that a cache line takes from one core to the other and back, the median of many rounds.

    Raises OSError as counter_offset does.
    """
def make_certificates(authority: str, certificate: str, key: str, names: collections.abc.Sequence[str], days: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Write an authority and a server's certificate and key that it signed, in PEM. Raises OSError with what failed.
    """
def make_ed25519() -> tuple[str, str]:
    """
    A new Ed25519 key: private (PKCS#8) and public, in PEM.
    """
def operation_times(file: typing_extensions.Buffer, *, every: typing.SupportsInt | typing.SupportsIndex, untimed: typing.SupportsInt | typing.SupportsIndex, look_ahead: bool, orders: typing.SupportsInt | typing.SupportsIndex = 16777216, levels: typing.SupportsInt | typing.SupportsIndex = 8388608, huge_pages: bool = False) -> dict[str, typing.Any]:
    """
    Nanoseconds of single book operations by kind, one message in `every` timed, none of the first `untimed`.

    Returns for each kind, and for the clock alone, count, p50, p99, p999 and max; the kinds' times have the clock's in them.
    """
def random_text(size: typing.SupportsInt | typing.SupportsIndex) -> str:
    """
    So many letters and digits that nobody can guess.
    """
def signal_rows(config: dict[str, typing.Any], day: bytes, locate: typing.SupportsInt | typing.SupportsIndex) -> dict[str, typing.Any]:
    """
    What each signal says at every event of one instrument in a recording.

    `config` is the engine's, `day` an ITCH 5.0 BinaryFILE. Returns int64 arrays. Of one length: time (ns since midnight), bid, ask (1e-9; 2**63 - 1 where a side is empty), bid_qty, ask_qty, trades_seen; for each signal its expected move under its name (1e-9, 0 is no opinion), and under its name with _leave and _veto a bit for longs (1) and shorts (2). What enabled signals have worked out, float64: mean_reversion_vwap, _vwap_sigma, _rolling_vwap, _rolling_sigma, _bollinger_mean, _bollinger_sigma, _efficiency_ratio, _variance_ratio, book_imbalance_measured and momentum_relative_volume (0 where not known or not used); int64: momentum_tight (0 or 1), momentum_poc, _value_low, _value_high, _low, _high (lower edges of buckets, 1e-9; 2**63 - 1 where there is no trade). The tick is that of the first instrument configured. Of shape (events, signals.shown_levels): bid_level_price, bid_level_qty and the same of ask, best first. Of another length: trade_time, trade_price, trade_qty, trade_side (1 the buyer came to the market, -1 the seller, 0 not told: a hidden order).
    """
def signal_tape(config: dict[str, typing.Any], columns: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """
    What each signal says at every book event among those given, in order.

    `config` is the engine's, the tick that of its first instrument. `columns` are int64 arrays of one length. Needed: kind (0 the book after a change, 1 a trade, 2 what happened to one order), time (ns since the venue's midnight). Of books: bid, bid_qty, ask, ask_qty (1e-9; 2**63 - 1, also where left out, is an empty side), and of shape (events, up to 32), best first, bid_level_price, bid_level_qty and the same of ask (left out: the touch alone). Of trades and orders: price, qty, side (1 buy, -1 sell; of trades the side that came to the market, 0 a hidden order). Of orders: order_kind (0 added, 1 executed, 2 reduced, 3 removed), reference, order_qty, level_qty. Whoever has trades but no quotes puts a touch of one tick on either side around each.

    Returns arrays of one length, an entry a book event: time, trades_seen, and what signals say and measure as `signal_rows` has them.

    Raises ValueError where a column has another shape, or a kind is none.
    """
def simulate_day(seed: typing.SupportsInt | typing.SupportsIndex, duration_ns: typing.SupportsInt | typing.SupportsIndex, symbols: collections.abc.Sequence[str]) -> bytes:
    """
    The first `duration_ns` of an artificial day, as a BinaryFILE of ITCH 5.0.
    """
def touch_day(symbols: collections.abc.Sequence[str], streams: list[typing.Any]) -> tuple[typing.Any, ...]:
    """
    A venue's day, ITCH 5.0 in BinaryFILE framing, out of quotes and trades.

    `streams` are (instrument, events): the number of a symbol, from 1, and its events in order of time since midnight. Of equal times the earlier stream's come first, so give trades before quotes. Returns the day and what became of the events, by symbol.
    """
def walk_frames(file: typing_extensions.Buffer) -> tuple[typing.Any, ...]:
    """
    Steps through a BinaryFILE in memory; returns (messages, sum of types).
    """
def watch_core(core: typing.SupportsInt | typing.SupportsIndex, length_ns: typing.SupportsInt | typing.SupportsIndex, *, threshold_ns: typing.SupportsInt | typing.SupportsIndex = 1000) -> dict[str, typing.Any]:
    """
    Spin on a core and record when it did not run.

    A gap is the time between two readings of the clock that is longer than the threshold. Returns gaps, worst_ns, lost_ns, lost_share, watched_ns and `histogram`, (lengths in ns, counts). Raises OSError for a core that this process may not use.
    """
def write_market_day(path: str, messages: typing.SupportsInt | typing.SupportsIndex, instruments: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex = 1, live_orders: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> dict[str, typing.Any]:
    """
    Writes a made-up market day as an ITCH 5.0 BinaryFILE.

    `live_orders` keeps that many orders alive; 0 lets them grow over the day. `progress(messages)` is called now and then. Returns what was written; raises ValueError for a day that cannot be, OSError where the file cannot be written. Ctrl-C stops it and leaves the file unfinished.
    """
has_binance: bool = True
