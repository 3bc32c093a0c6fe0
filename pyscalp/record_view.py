"""What is shown while a session is recorded."""

from __future__ import annotations

import abc
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from rich.console import Console
from rich.status import Status

from pyscalp.record_feed import Feed

View = TypeVar("View", bound="RecordingView")

_PATIENCE_S = 3.0
"""A sender that has nothing to say sends a heartbeat each second."""


class RecordingView(abc.ABC):
    """A line that says how far a recording is, and hints where something is amiss.

    Each kind of recording has its own words: `_parts` and `_hints`.
    """

    def __init__(self, console: Console, path: Path, source: str, *, live: bool) -> None:
        self._console = console
        self._path = path
        self._source = source
        self._status: Status | None = None
        if live and console.is_terminal:
            self._status = console.status(f"recording {path.name}", spinner="dots")
        self._said: set[str] = set()
        self._rate = 0.0
        self._before = (0.0, 0)

    def __enter__(self: View) -> View:
        if self._status is not None:
            self._status.start()
        else:
            self._say(f"recording {self._source} to {self._path}", style="dim")
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def update(self, figures: dict[str, Any], elapsed_s: float) -> None:
        """Show the figures of a `_core.Recorder`, and hint at what they tell."""
        if self._status is not None:
            self._status.update(self._line(figures, elapsed_s))
        if elapsed_s >= _PATIENCE_S:
            for hint in self._hints(figures):
                if hint not in self._said:
                    self._said.add(hint)
                    self._say(hint, style="yellow")

    def _line(self, figures: dict[str, Any], elapsed_s: float) -> str:
        then, messages = self._before
        if elapsed_s - then >= 1.0:
            self._rate = (figures["messages"] - messages) / (elapsed_s - then)
            self._before = (elapsed_s, figures["messages"])
        parts = [
            f"{elapsed_s:.0f} s",
            f"{figures['messages']:,} messages, {self._rate:,.0f}/s",
            *self._parts(figures),
            f"{figures['bytes'] / 1e6:,.1f} MB",
        ]
        if figures["dropped"]:
            parts.append(f"[red]{figures['dropped']:,} dropped[/red]")
        return f"recording {self._path.name}: " + ", ".join(parts)

    @abc.abstractmethod
    def _parts(self, figures: dict[str, Any]) -> list[str]:
        """What this kind of recording counts."""

    @abc.abstractmethod
    def _hints(self, figures: dict[str, Any]) -> list[str]:
        """What somebody should know by now, each told once."""

    def _say(self, text: str, style: str) -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


class RecordView(RecordingView):
    """That of multicast lines."""

    def __init__(self, console: Console, path: Path, feed: Feed, *, live: bool) -> None:
        super().__init__(console, path, str(feed), live=live)
        self._feed = feed

    def _parts(self, figures: dict[str, Any]) -> list[str]:
        parts = [
            f"{sum(figures['datagrams'].values()):,} datagrams",
            f"{figures['gaps']:,} gaps, {figures['recovered']:,} recovered",
        ]
        if figures["missing"]:
            parts.append(f"[red]{figures['missing']:,} missing[/red]")
        return parts

    def _hints(self, figures: dict[str, Any]) -> list[str]:
        feed, datagrams = self._feed, figures["datagrams"]
        if not any(datagrams.values()):
            return [
                f"nothing heard on {feed} yet; are groups and ports right, and does the feed come "
                f"in at {feed.interface} (--interface)?"
            ]
        hints = []
        if figures["malformed"] == sum(datagrams.values()):
            hints.append("what arrives is not MoldUDP64: a pcap can hold it, an ITCH file cannot")
        for key, group in (("a", feed.line_a), ("b", feed.line_b)):
            if group is not None and not datagrams[key]:
                hints.append(f"line {key.upper()} is silent: nothing heard on {group}")
        if figures["server_silent"]:
            hints.append(
                f"{feed.retransmission} does not answer requests for retransmission; what both "
                "lines lose will be missing"
            )
        return hints
