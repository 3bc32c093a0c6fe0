"""What is wanted of tick-to-trade, and what was found: ratios within one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Every figure that this run has the contenders for.

    Parameters
    ----------
    result : dict
        Of `pyscalp.bench_tick.bench_tick_to_trade`.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``bound``, ``at_most`` (else at least), ``met``.
    """
    rows: list[Row] = [row for row in result["rows"] if row["wire"]["count"]]
    found: list[dict[str, Any]] = []
    engines = [row for row in rows if row["role"] == "engine"]
    echoes = [row for row in rows if row["role"] == "echo"]
    _against_echo(found, engines, echoes)
    _own_share(found, engines, echoes)
    _transports(found, echoes)
    _asyncio(found, rows, engines)
    _explained(found, engines, echoes)
    if result["feed"] is not None:
        _under_load(found, result["feed"]["rows"])
    return found


def _add(
    found: list[dict[str, Any]], name: str, value: float, bound: float, at_most: bool = True
) -> None:
    # A share below nothing says that the run was disturbed, not that all is well.
    met = 0 <= value <= bound if at_most else value >= bound
    found.append(
        {"name": name, "value": value, "bound": bound, "at_most": at_most, "met": bool(met)}
    )


def _same(rows: Sequence[Row], transport: str) -> Row | None:
    return next((row for row in rows if row["transport"] == transport), None)


def _against_echo(
    found: list[dict[str, Any]], engines: Sequence[Row], echoes: Sequence[Row]
) -> None:
    for row in engines:
        echo = _same(echoes, row["transport"])
        if echo is None:
            continue
        for quantile, bound in (("p50", 1.25), ("p99", 1.5)):
            name = f"wire to wire over the bare echo, {row['transport']}, {quantile}"
            _add(found, name, row["wire"][quantile] / echo["wire"][quantile], bound)


def own_ns(row: Row, echo: Row) -> float:
    """The engine's own time at p50: packet in user space to order handed over.

    Its last stamp is behind the call that sends, which is the kernel's; so what the same
    call takes the echo is taken off.
    """
    return float(row["stages"]["tick_to_trade"]["p50"] - echo["send_call"]["p50"])


def to_bytes_ns(row: Row) -> float:
    """From a packet that traded in user space to the bytes of its order, at p50.

    Not the sum over the stages, as the first of them is of all packets.
    """
    return float(row["stages"]["tick_to_trade"]["p50"] - row["stages"]["send"]["p50"])


def _own_share(found: list[dict[str, Any]], engines: Sequence[Row], echoes: Sequence[Row]) -> None:
    pairs = [(row, _same(echoes, row["transport"])) for row in engines]
    if not echoes:
        return
    floor = min(echo["way_in"]["p50"] for echo in echoes)
    for row, echo in pairs:
        if echo is None or echo["way_in"]["p50"] != floor:
            continue
        name = f"engine's own time over the one-way floor, {row['transport']}, p50"
        _add(found, name, own_ns(row, echo) / floor, 0.35)
        name = f"its stages up to the order's bytes over the same, {row['transport']}, p50"
        _add(found, name, to_bytes_ns(row) / floor, 0.35)


def _transports(found: list[dict[str, Any]], echoes: Sequence[Row]) -> None:
    fast = [row for row in echoes if row["transport"] in ("xdp", "packet")]
    if not fast:
        return
    best = min(fast, key=lambda row: float(row["way_in"]["p50"]))
    for slow, bound in (("socket", 1.3), ("blocking", 15.0)):
        row = _same(echoes, slow)
        if row is None:
            continue
        name = f"one way by {best['transport']} faster than {slow}, p50"
        _add(found, name, row["way_in"]["p50"] / best["way_in"]["p50"], bound, at_most=False)


def _asyncio(found: list[dict[str, Any]], rows: Sequence[Row], engines: Sequence[Row]) -> None:
    user = next((row for row in rows if row["role"] == "asyncio"), None)
    if user is None or not engines:
        return
    best = min(engines, key=lambda row: float(row["wire"]["p50"]))
    name = f"tick-to-trade by {best['transport']} faster than the asyncio client, p50"
    _add(found, name, user["wire"]["p50"] / best["wire"]["p50"], 50.0, at_most=False)


def explanation(row: Row, echo: Row) -> dict[str, float]:
    """The outsider's p50 of an engine, part by part.

    The way in and the way out are the echo's: kernel, wire and kernel again. Between them
    are the engine's stages up to the order's bytes.
    """
    own = to_bytes_ns(row)
    way_in, way_out = echo["way_in"]["p50"], echo["way_out"]["p50"]
    parts = {"way_in": way_in, "stages": own, "way_out": way_out}
    return {**parts, "rest": row["wire"]["p50"] - sum(parts.values())}


def _explained(found: list[dict[str, Any]], engines: Sequence[Row], echoes: Sequence[Row]) -> None:
    for row in engines:
        echo = _same(echoes, row["transport"])
        if echo is None or row["transport"] == "blocking":
            continue
        parts = explanation(row, echo)
        name = f"not explained by the stages and the echo, {row['transport']}, p50"
        _add(found, name, abs(parts["rest"]) / row["wire"]["p50"], 0.10)


def _under_load(found: list[dict[str, Any]], rows: Sequence[Row]) -> None:
    one = [row for row in rows if row["load"] == 1 and row["wire"]["count"]]
    engine = next((row for row in one if row["role"] == "engine"), None)
    user = next((row for row in one if row["role"] == "asyncio"), None)
    if engine is not None and user is not None:
        name = "tick-to-trade faster than the asyncio client, feed at 1x, p50"
        _add(found, name, user["wire"]["p50"] / engine["wire"]["p50"], 50.0, at_most=False)
    for role in ("engine", "echo"):
        own = [row for row in rows if row["role"] == role and row["wire"]["count"]]
        rest = next((row for row in own if row["load"] == 0), None)
        most = max(own, key=lambda row: float(row["load"]), default=None)
        if most is None or most["load"] == 0:
            continue
        at = f"{role}, feed at {most['load']:g}x"
        if role == "engine":
            lost = most["lost"] + most["gaps"] + most["records_lost"]
            _add(found, f"packets lost, {at}", lost, 0)
            _add(found, f"triggers without an order, {at}", most["unanswered"], 0)
        if rest is not None and role == "engine":
            name = f"p50 against the same books at rest, {at}"
            _add(found, name, most["wire"]["p50"] / rest["wire"]["p50"], 1.10)
