"""What every recording has: a compiled recorder that is minded, and figures beside the file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from pyscalp.duration import Duration
from pyscalp.errors import ExchangeLost, PyscalpError, os_reason
from pyscalp.exchange import ExchangeProcess, StopSignals

EXIT_INCOMPLETE = 6
"""The recording was written, and lacks something that was sent."""

_FRAME_S = 0.2
_AFTER_EXCHANGE_S = 2.0


class View(Protocol):
    """What shows the figures of a recorder while it runs."""

    def update(self, figures: dict[str, Any], elapsed_s: float) -> None:
        """Show figures, and hint at what they tell."""


class Result(Protocol):
    """What a recording came to."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def to_json(self) -> dict[str, Any]:
        """Its figures."""


class RecordingSession:
    """Minds a compiled recorder from its start to its end."""

    def __init__(
        self, make: Callable[[], Any], own: ExchangeProcess | None, signals: StopSignals
    ) -> None:
        """Make the recorder; PyscalpError where it cannot have what it needs."""
        self._own = own
        self._signals = signals
        self.lost: ExchangeLost | None = None
        self.duration_s = 0.0
        try:
            self.core = make()
        except (OSError, ValueError) as error:
            raise PyscalpError(_said(str(error))) from None

    def run(self, view: View, length: Duration | None) -> None:
        """Record until there is a reason to stop, and all is on disk."""
        began = time.monotonic()
        until = began + length / 1e9 if length is not None else None
        exchange_until: float | None = None
        self._signals.armed = True
        self.core.start()
        try:
            while not self.core.join(_FRAME_S):
                now = time.monotonic()
                view.update(self.core.snapshot(), now - began)
                if self._own is not None and self._own.status is not None:
                    # Its end of session is on the way, where it came to one.
                    exchange_until = exchange_until or now + _AFTER_EXCHANGE_S
                    if self._own.status != 0 and self.lost is None:
                        self.lost = self._own.lost()
                over = (until, exchange_until)
                if self._signals.count or any(at is not None and now >= at for at in over):
                    self.core.request_stop()
        finally:
            self.core.request_stop()
            while not self.core.join(1.0):
                pass
        self.duration_s = time.monotonic() - began


def _said(text: str) -> str:
    """An error of the core, with what else helps."""
    if "address already in use" in text:
        return (
            f"{text.partition(';')[0]}; another program holds this group and port and does not "
            "share it (SO_REUSEADDR); `ss -ulpn` shows which"
        )
    return text


def refuse_earlier(path: Path) -> None:
    """Refuse a name that an earlier recording's figures have.

    Raises
    ------
    PyscalpError
        If they are there.
    """
    if _sidecar(path).exists():
        raise PyscalpError(
            f"{_sidecar(path)} belongs to an earlier recording; choose another name, or "
            "overwrite it (--force)"
        )


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def write_sidecar(result: Result, console: Console, overwrite: bool) -> None:
    """Write the figures beside the file, so that what it lacks is known later, too."""
    if not result.path.is_file():
        return
    path = _sidecar(result.path)
    try:
        with path.open("w" if overwrite else "x", encoding="utf-8") as file:
            json.dump(result.to_json(), file, indent=1)
            file.write("\n")
    except OSError as error:
        console.print(
            f"the figures could not be written to {path}: {os_reason(error)}",
            style="yellow",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
