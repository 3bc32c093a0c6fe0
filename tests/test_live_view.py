"""What is shown while a session runs, on a terminal and elsewhere."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from pyscalp.live_view import LiveView, one_line, render

NO_PRICE = 2**63 - 1


def transport(**counts: int) -> dict[str, Any]:
    names = ("packets", "kernel_dropped", "ring_dropped", "truncated", "malformed", "foreign")
    counters = dict.fromkeys((*names, "errors", "lost"), 0)
    return {"kind": "packet", "note": "a ring", "missing": "", **counters, **counts}


def snapshot(**changes: Any) -> dict[str, Any]:
    return {
        "state": "ACTIVE", "phase": "running", "error": "", "now": 0, "messages": 12_345,
        "packets": 9_000, "orders_sent": 41, "cancels_sent": 30, "fills": 22, "round_trips": 11,
        "denied": {"concentration": 7, "stale_price": 0}, "breakers": [], "gaps_open": False,
        "gap_requests": 2, "realised": 5_000_000_000, "unrealised": -1_500_000_000,
        "fees": -250_000_000, "equity": 3_750_000_000, "maker_share": 0.75,
        "instruments": [
            {"symbol": "AMZN", "bid": 223_640_000_000, "ask": 223_830_000_000, "bid_qty": 200,
             "ask_qty": 100, "position": -10, "net": 1_230_000_000},
            {"symbol": "AAPL", "bid": NO_PRICE, "ask": 5 * 10**9, "bid_qty": 0, "ask_qty": 5,
             "position": 0, "net": 0},
        ],
        "latency": {"tick_to_trade": {"p50": 5_600, "p99": 12_500, "max": 2_000_000}},
        "allocations": 0,
        "transport": transport(),
        **changes,
    }  # fmt: skip


def shown(snap: dict[str, Any], events: list[dict[str, Any]] | None = None) -> str:
    console = Console(file=io.StringIO(), width=110, force_terminal=False)
    console.print(render(snap, events or [], 12.3, 60.0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return " ".join(str(text).split())


def test_everything_a_trader_looks_for() -> None:
    text = shown(snapshot(), [{"kind": "fill", "text": "bought 10 AMZN at 223.64"}])
    for part in (
        "running ACTIVE 12 s of 60 s net $3.75 11 round trips",
        "AMZN 200 223.64 223.83 100 0.19 -10 $1.23",
        "AAPL 0 – 5.00 5 – 0 $0.00",
        "orders, cancels 41, 30", "22, 75% as maker", "$5.00, -$1.50", "breakers none",
        "concentration 7", "tick to trade 5.6 us 12.5 us 2 ms",
        "fill bought 10 AMZN at 223.64", "Ctrl-C stops cleanly",
    ):  # fmt: skip
        assert part in text
    assert "stale" not in text


def test_when_the_engine_did_not_run() -> None:
    spin = {
        "threshold_ns": 5_000, "watched_ns": 10**9, "gaps": 12, "worst_ns": 812_000,
        "p50_ns": 6_000, "p99_ns": 90_000, "lost_ns": 16_000_000, "lost_share": 0.016,
    }  # fmt: skip
    assert "not running 1.60% 6 us 90 us 812 us" in shown(snapshot(spin=spin))
    assert "not running" not in shown(snapshot(spin={**spin, "watched_ns": 0}))


def test_what_should_worry_stands_out() -> None:
    text = shown(
        snapshot(state="HALTED", breakers=["daily_drawdown"], gaps_open=True, error="link dead")
    )
    for part in ("HALTED", "breakers daily_drawdown", "feed gap open", "link dead"):
        assert part in text


def test_lost_packets_are_seen() -> None:
    assert "packets lost none" in shown(snapshot())
    lossy = snapshot(transport=transport(ring_dropped=1_234, malformed=5, lost=1_239, foreign=9))
    assert "packets lost 1,234 by the ring" in shown(lossy)
    assert "malformed" in shown(lossy)
    assert one_line(lossy).endswith("packets lost 1,239")
    failing = snapshot(transport=transport(errors=2))
    assert "packets lost 2 errors of the socket" in shown(failing)


def test_a_session_that_knows_nothing_yet() -> None:
    text = shown(snapshot(phase="connecting", instruments=[], latency={}, maker_share=None))
    assert "connecting" in text


def test_text_from_outside_is_not_markup() -> None:
    assert "[bold]x[/nope]" in shown(snapshot(), [{"kind": "note", "text": "[bold]x[/nope]"}])


def test_one_line() -> None:
    assert one_line(snapshot()) == (
        "running ACTIVE  messages 12,345  orders 41  fills 22  round trips 11  net $3.75"
    )


@pytest.fixture
def plain() -> tuple[LiveView, io.StringIO]:
    file = io.StringIO()
    console = Console(file=file, force_terminal=False, width=60)
    return LiveView(console, in_place=False, duration_s=None), file


def test_elsewhere_a_line_now_and_then(plain: tuple[LiveView, io.StringIO]) -> None:
    view, file = plain
    with view:
        for _ in range(20):
            view.update(snapshot(), [])
    assert file.getvalue().count("\n") == 1
    assert "\x1b" not in file.getvalue()


def test_elsewhere_events_but_not_every_fill(plain: tuple[LiveView, io.StringIO]) -> None:
    view, file = plain
    events = [
        {"kind": "fill", "text": "a fill"},
        {"kind": "round_trip", "text": "a round trip"},
        {"kind": "breaker", "text": "daily_drawdown"},
    ]
    with view:
        view.update(snapshot(), events)
        view.say("stopping")
    text = file.getvalue()
    assert "breaker: daily_drawdown" in text
    assert "stopping" in text
    assert "a fill" not in text
    assert "a round trip" not in text


def test_in_place_it_leaves_nothing_behind_but_drew_something() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=110, height=60)
    with LiveView(console, in_place=True, duration_s=5.0) as view:
        view.update(snapshot(), [{"kind": "gap", "text": "feed incomplete"}])
    assert "feed incomplete" in file.getvalue()
