"""How market data came in and how much of it did not, in words for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOSSES = {
    "kernel_dropped": "by the socket's buffer",
    "ring_dropped": "by the ring",
    "truncated": "longer than a frame",
    "malformed": "malformed",
}
"""Counters of ``pyscalp._core.LiveSession``'s transport that are of lost packets."""


def transport_lines(transport: Mapping[str, Any]) -> list[str]:
    """Which transport a session has, and what it could not have."""
    lines = [f"market data by {transport['note']}"]
    if transport["missing"]:
        lines.append(f"not had: {transport['missing']}")
    return lines


def losses_text(transport: Mapping[str, Any]) -> str:
    """Packets that reached this machine and not the engine: ``none``, or how many and why."""
    parts = [f"{transport[key]:,} {what}" for key, what in LOSSES.items() if transport[key]]
    if transport["errors"]:
        parts.append(f"{transport['errors']:,} errors of the socket")
    return ", ".join(parts) or "none"


def transport_rows(transport: Mapping[str, Any]) -> list[list[str]]:
    """Every counter with its meaning."""
    counted = {"packets": "received", **{key: f"lost: {what}" for key, what in LOSSES.items()}}
    counted |= {"foreign": "left out: of no group of ours", "errors": "errors of the socket"}
    return [[what, f"{transport[key]:,}"] for key, what in counted.items()]
