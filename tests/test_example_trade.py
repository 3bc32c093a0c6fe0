"""The example, 12 - (5 + 3 + 1) = 3 basis points, traded: a day made so that the engine
takes, or rests, at those very prices, in the included exchange."""

from __future__ import annotations

import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from recorded import delete, directory, framed, header

from pyscalp import Config, replay
from pyscalp.calculator import Assumptions
from pyscalp.run_directory import RunDirectory

MS = 1_000_000
OPEN = 34_200 * 1000 * MS
SECOND = 1000 * MS
E9 = 10**9


class Day:
    """ITCH messages of one stock, at $100 or so; prices in dollars, times after the open."""

    def __init__(self) -> None:
        self._messages: list[tuple[int, bytes]] = [(0, directory(1, "AMZN"))]
        for event in "OSQ":
            self._put(0, header("S", 0, OPEN) + event.encode())
        trading = b"T" + b" " + b"    "
        self._put(0, header("H", 1, OPEN) + b"AMZN    " + trading)
        # An order far away comes and goes, so that no price is ever stale.
        for i in range(240):
            at, order = i * 50 * MS, 1_000_000 + i
            self.add(at, order, "B", 100, "90.00")
            self._put(at + MS, delete(1, order, OPEN + at + MS))

    def _put(self, after: int, message: bytes) -> None:
        self._messages.append((after, message))

    def add(self, after: int, order: int, side: str, qty: int, price: str) -> None:
        body = struct.pack(">Q", order) + side.encode() + struct.pack(">I", qty) + b"AMZN    "
        e4 = int(Decimal(price) * 10_000)
        self._put(after, header("A", 1, OPEN + after) + body + struct.pack(">I", e4))

    def reduce(self, after: int, order: int, qty: int) -> None:
        self._put(after, header("X", 1, OPEN + after) + struct.pack(">QI", order, qty))

    def delete(self, after: int, order: int) -> None:
        self._put(after, delete(1, order, OPEN + after))

    def execute(self, after: int, order: int, qty: int, match: int) -> None:
        body = struct.pack(">QIQ", order, qty, match)
        self._put(after, header("E", 1, OPEN + after) + body)

    def write(self, path: Path) -> Path:
        self._messages.sort(key=lambda entry: entry[0])
        path.write_bytes(framed(*(message for _, message in self._messages)))
        return path


def takers_day() -> Day:
    """Decided at a mid of 99.975, bought at an ask of 100.00; 12 cents on, sold at the bid."""
    day = Day()
    day.add(0, 1, "B", 10_000, "99.96")
    day.add(0, 2, "S", 10_000, "99.99")
    day.reduce(3 * SECOND, 2, 9_000)
    # While the order travels: a cent up, and in balance.
    moved = 3 * SECOND + 10 * MS
    day.delete(moved, 2)
    day.add(moved, 3, "S", 10_000, "100.00")
    day.add(moved, 4, "B", 10_000, "99.97")
    later = 4 * SECOND
    day.delete(later, 3)
    day.add(later, 5, "S", 10_000, "100.11")
    day.add(later, 6, "B", 10_000, "100.08")
    return day


def makers_day() -> Day:
    """Decided at a mid of 100.005, bought at the bid of 100.00; 12 cents on, sold at the ask."""
    day = Day()
    day.add(0, 1, "B", 10_000, "100.00")
    day.add(0, 2, "S", 10_000, "100.01")
    day.reduce(3 * SECOND, 2, 9_000)
    # While the order travels the ask goes two cents up, the mid one.
    moved = 3 * SECOND + 10 * MS
    day.delete(moved, 2)
    day.add(moved, 3, "S", 10_000, "100.03")
    # Who came after ours has traded: so ours would have, before.
    day.add(3 * SECOND + 200 * MS, 4, "B", 100, "100.00")
    day.execute(3 * SECOND + 300 * MS, 4, 100, 1)
    later = 4 * SECOND
    day.delete(later, 3)
    day.add(later, 5, "S", 10_000, "100.14")
    day.add(later, 6, "B", 10_000, "100.11")
    day.add(7 * SECOND, 7, "S", 100, "100.14")
    day.execute(7 * SECOND + 100 * MS, 7, 100, 2)
    return day


CONFIG = """
[fees]
maker_per_share = -0.005
taker_per_share = 0.025
[[instruments]]
symbol = "AMZN"
[signals.mean_reversion]
enabled = false
[signals.book_imbalance]
levels = 1
persistence = "0s"
horizon_gain = 100
[tactics]
target = 4
stop = 4
exit_after = "{exit_after}"
hold_limit = "{hold_limit}"
style = "{style}"
[risk]
aum = 1_000_000
max_order_qty = 100
max_order_value = 50_000
price_collar = "10%"
max_position = 200
max_orders_working = 16
rate_limit = 200
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 60
max_rejects = 20
"""

TAKER = Assumptions(taker_fee_bp=2.5, maker_fee_bp=-0.5, spread_bp=3, network_bp=1)
"""One basis point of $100 is a cent."""


def traded(folder: Path, role: str) -> tuple[dict[str, Any], Path]:
    day = (takers_day() if role == "taker" else makers_day()).write(folder / "day.itch50")
    # A taker's last limit order is cancelled while it still may rest: then time is up.
    waits = ("1900ms", "1950ms") if role == "taker" else ("2s", "30s")
    config = Config.loads(CONFIG.format(exit_after=waits[0], hold_limit=waits[1], style=role))
    result = replay(day, config, order_latency="50ms", out=folder / "run")
    assert result.exit_status == 0
    return result.summary, folder / "run"


@pytest.mark.parametrize(
    ("role", "parts"),
    [
        ("taker", {"gross": 12, "fees": 5, "half_spread": 3, "slippage": 0, "network": 1}),
        ("maker", {"gross": 12, "fees": -1, "half_spread": -3, "slippage": 0, "network": 1}),
    ],
)
def test_the_example_comes_out_of_a_run_and_of_the_calculator(
    tmp_path: Path, role: str, parts: dict[str, int]
) -> None:
    summary, folder = traded(tmp_path, role)
    assert summary["round_trips"] == 1
    assert summary["maker_share"] == (1 if role == "maker" else 0)
    net = parts["gross"] - sum(list(parts.values())[1:])
    assert net == {"taker": 3, "maker": 15}[role]
    (trip,) = RunDirectory.open(folder).read().trades.iter_rows(named=True)
    assert trip["entry_notional_e9"] == 10 * 100 * E9
    bp = 10 * E9 // 100
    for name, value in (parts | {"net": net}).items():
        assert trip[f"{name}_e9"] == value * bp, name
        assert summary[f"{name}_bp_per_trade"] == pytest.approx(value), name
    calculated = TAKER.row(role, loss_bp=12, notional=1000)
    assert [
        calculated[f"{name}_bp"]
        for name in ("gross", "fee", "half_spread", "slippage", "network", "net")
    ] == [*parts.values(), net]
    assert calculated["net"] == pytest.approx(summary["net"])


def test_the_mid_that_followed_is_in_the_fills(tmp_path: Path) -> None:
    _, folder = traded(tmp_path, "maker")
    bought, sold = RunDirectory.open(folder).read().fills.iter_rows(named=True)
    cent = E9 // 100
    assert (bought["price_e9"], bought["mid_e9"]) == (10_000 * cent, 10_001.5 * cent)
    assert bought["mid_1s_e9"] == 10_012.5 * cent
    assert bought["mid_5s_e9"] == 10_012.5 * cent
    assert bought["adverse_1s_e9"] == -11 * cent * 10, "the mid went with us"
    assert bought["mid_30s_e9"] is None, "the day had ended"
    assert bought["adverse_30s_e9"] is None
    assert (sold["side"], sold["half_spread_e9"]) == ("sell", -1.5 * cent * 10)
    assert sold["adverse_1s_e9"] == 0
