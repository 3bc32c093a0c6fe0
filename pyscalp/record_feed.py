"""Where a feed to record is: its addresses, and the included exchange."""

from __future__ import annotations

import contextlib
import errno
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pyscalp.config import Config
from pyscalp.config_core import DEFAULT_ENDPOINTS
from pyscalp.config_values import Endpoint, Group, Host, Interface
from pyscalp.errors import PyscalpError
from pyscalp.exchange import ExchangeProcess, exchange_process, joined


@dataclass(frozen=True)
class Feed:
    """Where a feed is."""

    line_a: Endpoint
    line_b: Endpoint | None
    retransmission: Endpoint | None
    interface: str

    def __str__(self) -> str:
        return f"{self.line_a}" + (f" and {self.line_b}" if self.line_b else "")


def endpoint(name: str, value: Endpoint | str | None, *, group: bool) -> Endpoint | None:
    """An address and port; `name` is what a message calls it.

    Raises
    ------
    PyscalpError
        If it is none, or no multicast group where it has to be one.
    """
    if value is None:
        return None
    kind: Any = Group if group else Host
    found: Endpoint = _checked(name, kind, value)
    if found.port == 0:
        raise PyscalpError(f"{name} needs the port that the sender uses, not 0")
    return found


def _checked(name: str, kind: Any, value: object) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0].get("ctx", {}).get("error", "cannot be understood")
        raise PyscalpError(f"{name} {reason}") from None


def named_feed(
    line_a: Endpoint | str | None,
    line_b: Endpoint | str | None,
    retransmission: Endpoint | str | None,
    interface: str | None,
) -> Feed | None:
    """The feed at these addresses; None where none is given.

    Raises
    ------
    PyscalpError
        If an address is wrong, or that of line A is missing.
    """
    first = endpoint("line_a", line_a, group=True)
    second = endpoint("line_b", line_b, group=True)
    server = endpoint("retransmission", retransmission, group=False)
    if first is None:
        if second is not None or server is not None:
            raise PyscalpError("the address of line A is missing")
        return None
    if first == second:
        raise PyscalpError(f"lines A and B are both {first}; leave B out where there is one line")
    checked = _checked("interface", Interface, interface or "127.0.0.1")
    return Feed(first, second, server, checked)


@contextlib.contextmanager
def opened_feed(
    named: Feed | None, config: Config | None, exchange: bool | None, interface: str | None
) -> Iterator[tuple[Feed, ExchangeProcess | None]]:
    """Where to record, and the exchange that was started for it."""
    if named is not None:
        yield named, None
        return
    if config is not None and config.venue.named and not exchange:
        yield _feed_of(config, interface), None
        return
    if exchange is None:
        exchange = config is not None or not _included_exchange_serves()
    config = config or Config.included()
    if not exchange:
        yield _feed_of(config, interface), None
        return
    with (
        tempfile.TemporaryDirectory(prefix="pyscalp-record-") as folder,
        exchange_process(config, Path(folder)) as own,
    ):
        yield _feed_of(joined(config, own.wait_ready()), interface), own


def _feed_of(config: Config, interface: str | None) -> Feed:
    """That of a venue; of the included exchange where it names none."""
    venue = config.venue
    line_a, line_b, server = (
        getattr(venue, name) if venue.named else DEFAULT_ENDPOINTS[name]
        for name in ("feed_a", "feed_b", "retransmission")
    )
    where = _checked("interface", Interface, interface or venue.interface)
    return Feed(line_a, line_b, server, where)


def _included_exchange_serves() -> bool:
    """Whether somebody holds the port of the included exchange's retransmission server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(tuple(DEFAULT_ENDPOINTS["retransmission"]))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
