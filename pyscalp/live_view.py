"""What a person sees while a session runs: a terminal view, or plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pyscalp.transport import losses_text

_NO_PRICE = 2**63 - 1
_EVENTS_SHOWN = 9
_LINE_EVERY_S = 5.0
_STATE_STYLES = {"ACTIVE": "bold green", "REDUCING": "bold yellow", "HALTED": "bold red"}
_EVENT_STYLES = {
    "fill": "cyan",
    "round_trip": "green",
    "breaker": "bold red",
    "state": "bold yellow",
    "connection": "magenta",
    "gap": "yellow",
    "note": "dim",
}


class LiveView:
    """Shows snapshots of `pyscalp._core.LiveSession`; on a terminal in place, else by line.

    Used as a context manager by one thread, which calls `update` about four times a
    second.
    """

    def __init__(self, console: Console, *, in_place: bool, duration_s: float | None) -> None:
        self._console = console
        self._duration_s = duration_s
        self._events: deque[Mapping[str, Any]] = deque(maxlen=_EVENTS_SHOWN)
        self._live = Live(console=console, auto_refresh=False, transient=True) if in_place else None
        self._next_line = 0.0
        self._started = time.monotonic()

    def __enter__(self) -> LiveView:
        if self._live is not None:
            self._live.start()
        self._started = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, snapshot: Mapping[str, Any], events: list[dict[str, Any]]) -> None:
        """Show a snapshot and the events since the one before."""
        elapsed = time.monotonic() - self._started
        self._events.extend(events)
        if self._live is not None:
            picture = render(snapshot, list(self._events), elapsed, self._duration_s)
            self._live.update(picture, refresh=True)
            return
        for event in events:
            if event["kind"] not in ("fill", "round_trip"):
                self._say(f"{elapsed:7.1f} s  {event['kind']}: {event['text']}")
        if elapsed >= self._next_line:
            self._next_line = elapsed + _LINE_EVERY_S
            self._say(f"{elapsed:7.1f} s  {one_line(snapshot)}")

    def say(self, text: str) -> None:
        """A line of our own among the events."""
        self._events.append({"kind": "note", "text": text})
        if self._live is None:
            self._say(f"{time.monotonic() - self._started:7.1f} s  {text}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def one_line(snapshot: Mapping[str, Any]) -> str:
    """A snapshot in one plain line."""
    lost = snapshot["transport"]["lost"]
    return (
        f"{snapshot['phase']} {snapshot['state']}  messages {snapshot['messages']:,}  "
        f"orders {snapshot['orders_sent']:,}  fills {snapshot['fills']:,}  "
        f"round trips {snapshot['round_trips']:,}  net {_money(_net(snapshot))}"
        + (f"  packets lost {lost:,}" if lost else "")
    )


def render(
    snapshot: Mapping[str, Any],
    events: list[Mapping[str, Any]],
    elapsed_s: float,
    duration_s: float | None,
) -> Group:
    """The whole view of one moment."""
    lower = Table.grid(expand=True, padding=(0, 1))
    lower.add_column(ratio=1)
    lower.add_column(ratio=1)
    lower.add_row(
        Panel(_counters(snapshot), title="trading", border_style="blue", title_align="left"),
        Panel(_latency(snapshot), title="latency", border_style="blue", title_align="left"),
    )
    return Group(
        _headline(snapshot, elapsed_s, duration_s),
        Panel(_instruments(snapshot), title="instruments", border_style="blue", title_align="left"),
        lower,
        Panel(_recent(events), title="events", border_style="blue", title_align="left"),
        Text("Ctrl-C stops cleanly: cancel, flatten, report. Twice: kill switch.", style="dim"),
    )


def _headline(snapshot: Mapping[str, Any], elapsed_s: float, duration_s: float | None) -> Text:
    state = str(snapshot["state"])
    span = f"{elapsed_s:,.0f} s" + (f" of {duration_s:,.0f} s" if duration_s else "")
    net = _net(snapshot)
    text = Text.assemble(
        ("pyscalp ", "bold blue"),
        (f"{snapshot['phase']} ", "bold"),
        (state, _STATE_STYLES.get(state, "bold")),
        f"   {span}   net ",
        (_money(net), "bold green" if net > 0 else "bold red" if net < 0 else "bold"),
        f"   {snapshot['round_trips']:,} round trips",
    )
    if snapshot["gaps_open"]:
        text.append("   feed gap open", style="bold yellow")
    if snapshot["error"]:
        text.append(f"   {snapshot['error']}", style="bold red")
    return text


def _instruments(snapshot: Mapping[str, Any]) -> Table:
    table = Table(expand=True, box=None, header_style="dim", pad_edge=False)
    for name in ("", "bid qty", "bid", "ask", "ask qty", "spread", "position", "net"):
        table.add_column(name, justify="left" if not name else "right")
    for row in snapshot["instruments"]:
        bid, ask, net = row["bid"], row["ask"], row["net"]
        two_sided = _NO_PRICE not in (bid, ask)
        position = row["position"]
        table.add_row(
            Text(str(row["symbol"]), style="bold"),
            f"{row['bid_qty']:,}",
            _price(bid),
            _price(ask),
            f"{row['ask_qty']:,}",
            _price(ask - bid) if two_sided else "–",
            Text(f"{position:+,}" if position else "0", style="bold" if position else "dim"),
            Text(_money(net), style="green" if net > 0 else "red" if net < 0 else "dim"),
        )
    return table


def _counters(snapshot: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    share = snapshot.get("maker_share")
    denied = {reason: n for reason, n in snapshot["denied"].items() if n}
    breakers = [
        str(b.get("name", b) if isinstance(b, Mapping) else b) for b in snapshot["breakers"]
    ]
    table.add_row("orders, cancels", f"{snapshot['orders_sent']:,}, {snapshot['cancels_sent']:,}")
    table.add_row(
        "fills", f"{snapshot['fills']:,}" + ("" if share is None else f", {share:.0%} as maker")
    )
    table.add_row(
        "realised, open", f"{_money(snapshot['realised'])}, {_money(snapshot['unrealised'])}"
    )
    table.add_row("fees", _money(snapshot["fees"]))
    table.add_row(
        "messages",
        f"{snapshot['messages']:,} in {snapshot['packets']:,} packets, "
        f"{snapshot['gap_requests']:,} repeats asked",
    )
    lost = losses_text(snapshot["transport"])
    table.add_row("packets lost", Text(lost, style="green" if lost == "none" else "bold red"))
    table.add_row(
        "breakers", Text(", ".join(breakers) or "none", style="bold red" if breakers else "green")
    )
    top = sorted(denied.items(), key=lambda item: -item[1])[:3]
    table.add_row(
        "refused at the gate",
        ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in top) or "none",
    )
    return table


def _latency(snapshot: Mapping[str, Any]) -> Table:
    table = Table(expand=True, box=None, header_style="dim", pad_edge=False)
    for name in ("stage", "p50", "p99", "max"):
        table.add_column(name, justify="left" if name == "stage" else "right", no_wrap=True)
    for stage, row in snapshot["latency"].items():
        style = "bold" if stage == "tick_to_trade" else ""
        table.add_row(
            stage.replace("_", " "),
            _nanos(row["p50"]),
            _nanos(row["p99"]),
            _nanos(row["max"]),
            style=style,
        )
    spin = snapshot.get("spin")
    if spin and spin["watched_ns"]:
        table.add_row(
            f"not running {spin['lost_share']:.2%}",
            _nanos(spin["p50_ns"]),
            _nanos(spin["p99_ns"]),
            _nanos(spin["worst_ns"]),
            style="dim",
        )
    return table


def _recent(events: list[Mapping[str, Any]]) -> Text:
    lines = [
        Text.assemble(
            (
                f"{str(event['kind']).replace('_', ' '):<11}",
                _EVENT_STYLES.get(str(event["kind"]), ""),
            ),
            str(event["text"]),
        )
        for event in events
    ]
    lines += [Text()] * (_EVENTS_SHOWN - len(lines))
    return Text("\n").join(lines)


def _net(snapshot: Mapping[str, Any]) -> int:
    """Net of all costs, from the equity; realised and unrealised are before fees."""
    return int(snapshot["realised"] + snapshot["unrealised"] - snapshot["fees"])


def _money(e9: float) -> str:
    return f"{'-' if e9 < 0 else ''}${abs(e9) / 1e9:,.2f}"


def _price(e9: int) -> str:
    return "–" if e9 == _NO_PRICE else f"{e9 / 1e9:,.2f}"


def _nanos(value: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:,.0f} ns"
