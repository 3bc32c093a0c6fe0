"""The iceberg signal again, in plain Python over a list of messages.

`iceberg` follows, message by message, the rules that ``cpp/signal/iceberg.hpp`` states, on
the chains of `pyscalp.reference.iceberg_chains`. Slow; the engine does not use it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import polars as pl

from pyscalp.reference.arrays import NO_PRICE
from pyscalp.reference.iceberg_chains import Chains, IcebergOptions, Message

_LONG, _SHORT = 1, 2


def iceberg(
    messages: Iterable[Message], options: IcebergOptions | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is said of icebergs at every message of one instrument.

    An order executed in full may be refilled: by the next order event, if that adds an
    order of the same side and price with the same stamp ("at once"); within
    ``refill_within`` ns also by a later one of a like size. A chain of refills is believed
    in where its log-odds reach those of ``threshold``. They start at those of ``prior`` and
    grow with every refill by ln(P(time | iceberg) / P(time | others)) +
    ln(P(size | iceberg) / P(size | others)), and by ln 2 where a hidden order traded at its
    price. The reserve is estimated from how earlier chains went on (Kaplan and Meier).

    Parameters
    ----------
    messages : iterable of Message
    options : IcebergOptions, optional

    Returns
    -------
    sightings : polars.DataFrame
        One row for each refill or end of a chain: ``event`` (number of the order event),
        ``time``, ``kind`` (refilled, uncovered, exhausted, withdrawn), ``side``, ``price``,
        ``reference``, ``refills``, ``slice``, ``open``, ``executed``, ``hidden``, ``last``,
        ``believed``, ``believed_before``, ``log_odds``, ``reserve``.
    forecasts : polars.DataFrame
        One row for each message: ``time``, ``expected_move`` (1e-9), ``leave``, ``veto``
        (bits: 1 longs, 2 shorts).

    References
    ----------
    Christensen and Woodmansey, *Prediction of Hidden Liquidity in the Limit Order Book of
    GLOBEX Futures*, Journal of Trading 8(3) (2013); Zotikov and Antonov, *CME Iceberg Order
    Detection and Prediction* (2019), arXiv:1909.09495.
    """
    chosen = options or IcebergOptions()
    chains = Chains(chosen)
    said = []
    for message in messages:
        chains.take(message)
        said.append((message.time, *_forecast(chains, chosen, message)))
    forecasts = pl.DataFrame(
        said,
        schema={
            "time": pl.Int64, "expected_move": pl.Int64, "leave": pl.Int64, "veto": pl.Int64,
        },
        orient="row",
    )  # fmt: skip
    return pl.DataFrame(chains.sightings, infer_schema_length=None), forecasts


def _forecast(chains: Chains, options: IcebergOptions, message: Message) -> tuple[int, int, int]:
    """Expected move, and bits of the sides to leave and not to enter."""
    sound = NO_PRICE not in (message.bid, message.ask) and message.bid < message.ask
    behind = {1: 0.0, -1: 0.0}
    for sign, best in ((1, message.bid), (-1, message.ask)):
        walls = [
            chain
            for chain in chains.sides[sign].chains
            if chain and not chain.waiting and not chain.last and chains.believed(chain)
        ]
        # The best price, of equal ones the first.
        wall = max(walls, key=lambda chain: sign * chain.price, default=None)
        if sound and wall and wall.price == best and wall.reserve >= options.min_reserve:
            behind[sign] = wall.reserve
    leave = veto = 0
    for sign, ours, theirs in ((1, _LONG, _SHORT), (-1, _SHORT, _LONG)):
        if behind[sign] > 0:
            veto |= theirs
            chains.gone_at.pop(sign, None)
        elif sign in chains.gone_at:
            if chains.latest - chains.gone_at[sign] > options.leave_for:
                del chains.gone_at[sign]
            else:
                leave |= ours
    if behind[1] == behind[-1] == 0:
        return 0, leave, veto
    bid, ask = message.bid_qty + behind[1], message.ask_qty + behind[-1]
    half = 0.5 * (message.ask - message.bid)
    wanted = options.gain * half * ((bid - ask) / (bid + ask))
    move = int(wanted + math.copysign(0.5, wanted))
    towards = (behind[-1] == 0 and move < 0) or (behind[1] == 0 and move > 0)
    return 0 if towards else move, leave, veto
