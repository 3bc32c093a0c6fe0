"""Market statistics on files small enough to count by hand."""

from __future__ import annotations

import lzma
import math
import os
import struct
from pathlib import Path

import pytest
from rich.console import Console

from pyscalp.market_statistics import STATISTICS, comparison, measure

SECOND = 1_000_000_000
OPEN = 34_200 * SECOND


class Tape:
    """Writes ITCH messages of one stock, locate 1, as a BinaryFILE."""

    def __init__(self, symbol: str = "TEST") -> None:
        self.symbol = symbol.encode().ljust(8)
        self.bytes = b""
        self.put(b"R", 0, self.symbol + b"Q" + b" " * 19)
        self.put(b"S", 0, b"Q", locate=0)

    def put(self, kind: bytes, seconds: float, body: bytes, locate: int = 1) -> None:
        time = (OPEN + round(seconds * SECOND)).to_bytes(6, "big")
        message = kind + struct.pack(">HH", locate, 0) + time + body
        self.bytes += struct.pack(">H", len(message)) + message

    def add(self, seconds: float, reference: int, side: bytes, shares: int, cents: int) -> None:
        body = struct.pack(">QcI8sI", reference, side, shares, self.symbol, cents * 100)
        self.put(b"A", seconds, body)

    def execute(self, seconds: float, reference: int, shares: int) -> None:
        self.put(b"E", seconds, struct.pack(">QIQ", reference, shares, 1))

    def cut(self, seconds: float, reference: int, shares: int) -> None:
        self.put(b"X", seconds, struct.pack(">QI", reference, shares))

    def delete(self, seconds: float, reference: int) -> None:
        self.put(b"D", seconds, struct.pack(">Q", reference))

    def replace(self, seconds: float, old: int, new: int, shares: int, cents: int) -> None:
        body = struct.pack(">QQII", old, new, shares, cents * 100)
        self.put(b"U", seconds, body)

    def hidden(self, seconds: float, shares: int, cents: int) -> None:
        body = struct.pack(">QcI8sIQ", 0, b"B", shares, self.symbol, cents * 100, 2)
        self.put(b"P", seconds, body)

    def close(self, seconds: float) -> None:
        self.put(b"S", seconds, b"M", locate=0)


def small_day() -> Tape:
    """A spread of 10 cents for 6 s and of 20 cents for 4 s, and some of each event."""
    tape = Tape()
    tape.add(1, 1, b"B", 100, 10_000)
    tape.add(1, 2, b"S", 300, 10_010)
    tape.add(2, 3, b"S", 50, 10_020)
    tape.cut(3, 2, 100)
    tape.execute(4, 2, 150)
    tape.execute(4, 2, 50)  # the same aggressor; order 2 is gone here
    tape.hidden(5, 10, 10_005)
    tape.add(5, 4, b"B", 20, 9_990)
    tape.delete(7, 4)
    tape.add(8, 5, b"S", 10, 10_010)
    tape.close(11)
    return tape


def test_small_day_is_counted_by_hand() -> None:
    numbers = measure(small_day().bytes, "TEST")
    assert list(numbers) == [statistic.key for statistic in STATISTICS]
    # From the first two-sided book at 1 s to the close at 11 s: ten messages.
    assert numbers["message_rate"] == pytest.approx(10 / 10)
    assert numbers["share_A"] == pytest.approx(50)
    assert numbers["share_E"] == pytest.approx(20)
    assert numbers["share_X"] == pytest.approx(10)
    assert numbers["share_D"] == pytest.approx(10)
    assert numbers["share_P"] == pytest.approx(10)
    assert numbers["spread_mean"] == pytest.approx((6 * 10 + 4 * 20) / 10)
    assert numbers["spread_p05"] == pytest.approx(10)
    assert numbers["spread_p95"] == pytest.approx(20)
    # Bid 100 throughout; ask 300 for 2 s, 200 for 1 s, 50 for 4 s, 10 for 3 s.
    ask = (2 * 300 + 1 * 200 + 4 * 50 + 3 * 10) / 10
    assert numbers["touch_depth_mean"] == pytest.approx((100 + ask) / 2)
    assert numbers["lifetime_p50"] == pytest.approx(2)
    assert numbers["trade_rate"] == pytest.approx(6)
    assert numbers["trade_size_mean"] == pytest.approx(200)
    assert numbers["executions_per_trade"] == pytest.approx(2)


def test_replace_is_a_delete_and_an_add() -> None:
    tape = small_day()
    plain = measure(tape.bytes, "TEST")
    other = Tape()
    other.add(1, 1, b"B", 100, 10_000)
    other.add(1, 2, b"S", 300, 10_010)
    other.replace(3, 1, 9, 60, 9_999)
    other.close(5)
    numbers = measure(other.bytes, "TEST")
    assert numbers["share_A"] == pytest.approx(75)
    assert numbers["share_D"] == pytest.approx(25)
    assert numbers["lifetime_p50"] == pytest.approx(2)
    assert numbers["spread_mean"] == pytest.approx((2 * 10 + 2 * 11) / 4)
    assert plain != numbers


def test_signs_are_the_aggressors() -> None:
    tape = Tape()
    tape.add(1, 1, b"B", 1000, 10_000)
    tape.add(1, 2, b"S", 1000, 10_010)
    for n in range(40):  # buys and sells by turns
        tape.execute(2 + n, 1 + n % 2, 10)
    tape.close(60)
    numbers = measure(tape.bytes, "TEST")
    assert numbers["sign_acf_1"] == pytest.approx(-1)
    assert numbers["sign_acf_2"] == pytest.approx(1)
    assert numbers["trade_gap_p50"] == pytest.approx(1)


def test_what_takers_pay_and_what_follows() -> None:
    tape = Tape()
    tape.add(1, 1, b"B", 100, 10_000)
    tape.add(1, 2, b"S", 300, 10_010)
    tape.execute(5, 2, 50)  # a buy, after which the bid is raised by 4 cents
    tape.replace(9, 1, 3, 100, 10_004)
    tape.close(30)
    numbers = measure(tape.bytes, "TEST")
    assert numbers["trade_half_spread"] == pytest.approx(5)
    assert numbers["trade_impact_10s"] == pytest.approx(2)


def test_orders_outside_the_window_and_fillers_do_not_count() -> None:
    tape = Tape()
    tape.add(1, 1, b"B", 100, 10_000)
    tape.add(1, 2, b"S", 100, 10_010)
    tape.add(2, 3, b"B", 100, 9_000)
    tape.add(3, 700, b"B", 100, 9_999)
    tape.delete(4, 700)
    tape.delete(5, 3)
    tape.close(11)
    everything = measure(tape.bytes, "TEST")
    assert everything["message_rate"] == pytest.approx(6 / 10)
    touch_only = measure(tape.bytes, "TEST", levels=1)
    assert touch_only["message_rate"] == pytest.approx(2 / 10)
    no_fillers = measure(tape.bytes, "TEST", filler_from=700)
    assert no_fillers["message_rate"] == pytest.approx(4 / 10)


def test_an_order_of_no_time_has_no_lifetime() -> None:
    tape = small_day()
    before = measure(tape.bytes, "TEST")
    again = Tape()
    again.add(1, 1, b"B", 100, 10_000)
    again.add(1, 2, b"S", 100, 10_010)
    again.add(2, 3, b"B", 100, 9_999)
    again.delete(2, 3)
    again.close(11)
    numbers = measure(again.bytes, "TEST")
    assert math.isnan(numbers["lifetime_p50"])
    assert numbers["share_A"] == pytest.approx(200 / 3)
    assert not math.isnan(before["lifetime_p50"])


def test_volatility_of_a_mid_that_jumps() -> None:
    tape = Tape()
    tape.add(1, 1, b"S", 100, 10_010)
    tape.add(1, 2, b"B", 100, 9_990)
    for n in range(12):  # every ten seconds the bid moves a dollar up, then down
        tape.replace(11 + 10 * n - 0.5, 2 + n, 3 + n, 100, 9_890 if n % 2 else 9_990)
    tape.close(121)
    moved = 1e4 * abs(math.log(10_000 / 9_950))
    numbers = measure(tape.bytes, "TEST")
    assert numbers["tail_10s_p90"] == pytest.approx(moved, rel=1e-6)
    assert numbers["kurtosis_10s"] == pytest.approx(1, abs=0.3)


def test_cut_and_foreign_files() -> None:
    whole = small_day().bytes
    cut = measure(whole[:-30], "TEST")
    assert cut["share_A"] > 0
    with pytest.raises(ValueError, match="no stock 'OTHER'"):
        measure(whole, "OTHER")
    with pytest.raises(ValueError, match="no stock"):
        measure(b"", "TEST")
    with pytest.raises(ValueError, match="both sides"):
        measure(Tape().bytes, "TEST")


def test_comparison_has_a_row_for_every_number() -> None:
    numbers = measure(small_day().bytes, "TEST")
    table = comparison(numbers, numbers)
    assert table.row_count == len(STATISTICS)
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    text = capture.get()
    assert "1.00x" in text
    assert "spread, mean" in text


def test_real_day() -> None:
    """The recorded AMZN day agrees with LOBSTER's own book of it."""
    data = os.environ.get("PYSCALP_DATA")
    if data is None:
        pytest.skip("PYSCALP_DATA is not set: no recorded day to measure")
    packed = Path(data) / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz"
    numbers = measure(lzma.decompress(packed.read_bytes()), "AMZN", filler_from=400_000_000)
    assert numbers["spread_mean"] == pytest.approx(12.85, abs=0.05)
    assert numbers["touch_depth_mean"] == pytest.approx(178.6, abs=1)
    assert numbers["volatility_60s"] == pytest.approx(7.37, abs=0.05)
    assert numbers["sign_acf_1"] == pytest.approx(0.62, abs=0.01)
    assert all(math.isfinite(value) for value in numbers.values())
