"""Our ledger against the exchange's own record, fill by fill, to the cent and beyond."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pyscalp.errors import PyscalpError, os_reason
from pyscalp.run_directory import LIQUIDITIES, SIDES, Records


class Difference(NamedTuple):
    """One thing that our ledger and the exchange's record say differently."""

    what: str
    where: str
    ledger: str
    record: str


@dataclass(frozen=True)
class Reconciliation:
    """Our ledger held against the exchange's record, fill by fill."""

    fills_compared: int
    differences: list[Difference] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """True if nothing differs."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """As it stands in summary.json."""
        return {
            "agrees": self.agrees,
            "fills_compared": self.fills_compared,
            "differences": [difference._asdict() for difference in self.differences],
        }


class _Execution(NamedTuple):
    symbol: str
    side: str
    qty: int
    price_e9: int
    fee_e9: int
    liquidity: str


def reconcile(
    fills: Records,
    record: Path | str,
    account: str,
    final_positions: Mapping[str, int],
    symbols: Mapping[int, str],
) -> Reconciliation:
    """Hold every fill, fee and final position against the exchange's own record.

    Fills are matched by match number and side, as venues number orders in several ways;
    an execution that we booked as
    two fills, as it went through zero, is added up first. Prices and fees are compared in
    1e-9 of the currency, without tolerance.

    Parameters
    ----------
    fills : ndarray
        The engine's fills.
    record : Path or str
        The exchange's record: its file, or the text of it.
    account : str
        Our account in it.
    final_positions : mapping
        Symbol to the position that the engine ended with; a symbol left out is 0.
    symbols : mapping
        Instrument number to symbol.

    Raises
    ------
    PyscalpError
        If the record cannot be read or is damaged.
    """
    ours = _ledger_executions(fills, symbols)
    try:
        text = record.read_text(encoding="utf-8") if isinstance(record, Path) else record
        theirs = _recorded_executions(text.splitlines(), account)
    except OSError as error:
        raise PyscalpError(
            f"cannot read the exchange's record {record}: {os_reason(error)}"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        # The last line is cut where the exchange was killed while writing it.
        raise PyscalpError(f"the exchange's record is damaged: {error!r}") from None
    found: list[Difference] = []
    for key in sorted(ours.keys() | theirs.keys()):
        where = f"match {key[0]}, {key[1]}"
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None:
            found.append(Difference("fill", where, _spoken(mine), _spoken(other)))
            continue
        for name, a, b in _pairs(mine, other):
            if a != b:
                spoken = [_figure(name, value) for value in (a, b)]
                found.append(Difference(name.removesuffix("_e9"), where, *spoken))
    positions: dict[str, int] = defaultdict(int)
    for execution in theirs.values():
        positions[execution.symbol] += execution.qty * (1 if execution.side == "buy" else -1)
    for symbol in sorted(positions.keys() | final_positions.keys()):
        held = int(final_positions.get(symbol, 0))
        if held != positions.get(symbol, 0):
            found.append(
                Difference("final position", symbol, str(held), str(positions.get(symbol, 0)))
            )
    return Reconciliation(len(ours.keys() | theirs.keys()), found)


def _pairs(mine: _Execution, other: _Execution) -> Iterator[tuple[str, str | int, str | int]]:
    return zip(_Execution._fields, mine, other, strict=True)


def _figure(name: str, value: str | int) -> str:
    return f"{value / 1e9:.9f}" if name.endswith("_e9") and isinstance(value, int) else str(value)


def _spoken(execution: _Execution | None) -> str:
    if execution is None:
        return "none"
    return (
        f"{execution.side} {execution.qty} {execution.symbol} at "
        f"{execution.price_e9 / 1e9:.4f}, {execution.liquidity}"
    )


def _ledger_executions(
    fills: Records,
    symbols: Mapping[int, str],
) -> dict[tuple[int, str], _Execution]:
    booked: dict[tuple[int, str], _Execution] = {}
    for fill in fills:
        key = (int(fill["match"]), SIDES[int(fill["side"])])
        one = _Execution(
            symbols.get(int(fill["instrument"]), f"#{fill['instrument']}"),
            SIDES[int(fill["side"])],
            int(fill["qty"]),
            int(fill["price"]),
            int(fill["fee"]),
            LIQUIDITIES[int(fill["liquidity"])],
        )
        before = booked.get(key)
        if before is not None:
            one = one._replace(qty=before.qty + one.qty, fee_e9=before.fee_e9 + one.fee_e9)
        booked[key] = one
    return booked


def _recorded_executions(
    lines: Iterable[str],
    account: str,
) -> dict[tuple[int, str], _Execution]:
    executions: dict[tuple[int, str], _Execution] = {}
    for row in csv.DictReader(lines):
        if row["event"] == "executed" and row["account"] == account:
            key = (int(row["match"]), row["side"])
            executions[key] = _Execution(
                row["symbol"],
                row["side"],
                int(row["qty"]),
                int(row["price_e9"]),
                int(row["fee_e9"]),
                row["liquidity"],
            )
    return executions
