"""What is wanted of tick-to-trade, and what was found: ratios within one run.

Each is the median of what the rounds found, a round's contenders compared with each other:
where two virtual cores are on the host, and with that what a way from one to the other
takes, may change from one second to the next. A round in which that changed between the
contenders, by the time of a cache line, says nothing of either and is left out, unless all
are. The least and the most of the rounds that count stand beside the median.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

Row = dict[str, Any]

_STEADY = 1.6
"""How far the times of a cache line may lie apart in a round that counts."""


def figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Every figure that this run has the contenders for.

    Parameters
    ----------
    result : dict
        Of `pyscalp.bench_tick.bench_tick_to_trade`.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``least``, ``most`` and number of the ``rounds`` that count,
        ``bound``, ``at_most`` (else at least), ``met``.
    """
    found: list[dict[str, Any]] = []
    rows: list[Row] = [row for row in result["rows"] if row["wire"]["count"]]
    engines = [row for row in rows if row["role"] == "engine"]
    echoes = [row for row in rows if row["role"] == "echo"]
    _against_echo(found, engines, echoes)
    _own_share(found, engines, echoes)
    _transports(found, echoes, "")
    _asyncio(found, rows, "")
    _explained(found, engines, echoes)
    if result["feed"] is not None:
        _under_load(found, [row for row in result["feed"]["rows"] if row["wire"]["count"]])
    return found


def crypto_figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of `pyscalp.bench_crypto_trade.bench_crypto_trade`."""
    found: list[dict[str, Any]] = []
    rows: list[Row] = [row for row in result["rows"] if row["wire"]["count"]]
    engines = [row for row in rows if row["role"] == "engine"]
    echoes = [row for row in rows if row["role"] == "echo"]
    for row in engines:
        echo = _same(echoes, row["transport"])
        if echo is not None:
            name = f"over the bare TLS echo, order by {row['transport']}, p50"
            _add(found, name, by_round(_wire_ratio("p50"), row, echo), 1.4)
    _explained(found, engines, echoes)
    return found


def _add(
    found: list[dict[str, Any]],
    name: str,
    values: Sequence[float],
    bound: float,
    at_most: bool = True,
) -> None:
    if not values:
        return
    value = median(values)
    # A share below nothing says that the run was disturbed, not that all is well.
    met = 0 <= value <= bound if at_most else value >= bound
    spread = {"least": min(values), "most": max(values), "rounds": len(values)}
    wanted = {"bound": bound, "at_most": at_most, "met": bool(met)}
    found.append({"name": name, "value": value, **spread, **wanted})


def by_round(of: Callable[..., float], *rows: Row) -> list[float]:
    """What each round gives that counts, and in which all of the rows have an order."""
    together = zip(*(row["rounds"] for row in rows), strict=False)
    usable = [each for each in together if all(one["wire"]["count"] for one in each)]
    steady = [each for each in usable if _steady(each)]
    return [of(*each) for each in steady or usable]


def _steady(each: Sequence[Row]) -> bool:
    lines = [ns for one in each for ns in one["line_ns"]]
    return not lines or max(lines) <= _STEADY * min(lines)


def _wire_ratio(quantile: str) -> Callable[[Row, Row], float]:
    return lambda one, other: one["wire"][quantile] / other["wire"][quantile]


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
            _add(found, name, by_round(_wire_ratio(quantile), row, echo), bound)


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
    if not echoes:
        return
    floor = min(echoes, key=lambda echo: float(echo["way_in"]["p50"]))
    row = _same(engines, floor["transport"])
    if row is None:
        return

    def own(one: Row, echo: Row) -> float:
        return own_ns(one, echo) / float(echo["way_in"]["p50"])

    def to_bytes(one: Row, echo: Row) -> float:
        return to_bytes_ns(one) / float(echo["way_in"]["p50"])

    name = f"engine's own time over the one-way floor, {row['transport']}, p50"
    _add(found, name, by_round(own, row, floor), 0.35)
    name = f"its stages up to the order's bytes over the same, {row['transport']}, p50"
    _add(found, name, by_round(to_bytes, row, floor), 0.35)


def _transports(found: list[dict[str, Any]], echoes: Sequence[Row], when: str) -> None:
    fast = [row for row in echoes if row["transport"] in ("xdp", "packet")]
    if not fast:
        return
    best = min(fast, key=lambda row: float(row["way_in"]["p50"]))

    def ratio(one: Row, other: Row) -> float:
        return float(one["way_in"]["p50"] / other["way_in"]["p50"])

    for slow, bound in (("socket", 1.3), ("blocking", 15.0)):
        row = _same(echoes, slow)
        if row is None:
            continue
        name = f"one way by {best['transport']} faster than {slow}{when}, p50"
        _add(found, name, by_round(ratio, row, best), bound, at_most=False)


def _asyncio(found: list[dict[str, Any]], rows: Sequence[Row], when: str) -> None:
    user = next((row for row in rows if row["role"] == "asyncio"), None)
    engines = [row for row in rows if row["role"] == "engine"]
    if user is None or not engines:
        return
    best = min(engines, key=lambda row: float(row["wire"]["p50"]))
    name = f"tick-to-trade by {best['transport']} faster than the asyncio client{when}, p50"
    _add(found, name, by_round(_wire_ratio("p50"), user, best), 50.0, at_most=False)


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
    def share(row: Row, echo: Row) -> float:
        return abs(explanation(row, echo)["rest"]) / float(row["wire"]["p50"])

    for row in engines:
        echo = _same(echoes, row["transport"])
        if echo is None or row["transport"] == "blocking":
            continue
        name = f"not explained by the stages and the echo, {row['transport']}, p50"
        _add(found, name, by_round(share, row, echo), 0.10)


def _under_load(found: list[dict[str, Any]], rows: Sequence[Row]) -> None:
    for load in sorted({row["load"] for row in rows}):
        same = [row for row in rows if row["load"] == load]
        when = f", feed at {load:g}x" if load else ", a market's books at rest"
        _asyncio(found, same, when)
        echoes = [row for row in same if row["role"] == "echo"]
        if load and len(echoes) > 1:
            _transports(found, echoes, when)
    engines = [row for row in rows if row["role"] == "engine"]
    most = max(engines, key=lambda row: float(row["load"]), default=None)
    if most is None or most["load"] == 0:
        return
    at = f"engine, feed at {most['load']:g}x"
    lost = most["lost"] + most["gaps"] + most["records_lost"]
    _add(found, f"packets lost, {at}", [lost], 0)
    _add(found, f"triggers without an order, {at}", [most["unanswered"]], 0)
    rest = next((row for row in engines if row["load"] == 0), None)
    if rest is not None:
        name = f"p50 against the same books at rest, {at}"
        _add(found, name, by_round(_wire_ratio("p50"), most, rest), 1.10)
