"""A configuration in the form that the engine and the included exchange take.

Integers but for ratios: money and prices in 1e-9 of the currency unit, time in
nanoseconds, shares of a whole in 1e-6. Quantities are counted in lots, and prices are
those of one lot; for shares, whose lot is 1, that changes nothing.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pyscalp.config_sections import Section
from pyscalp.config_values import Endpoint
from pyscalp.duration import Duration
from pyscalp.release_calendar import read_releases, times_of

if TYPE_CHECKING:
    from pyscalp.config import Config

DEFAULT_ENDPOINTS = {
    "feed_a": Endpoint("239.255.10.1", 26400),
    "feed_b": Endpoint("239.255.10.2", 26400),
    "retransmission": Endpoint("127.0.0.1", 26401),
    "orders": Endpoint("127.0.0.1", 26402),
    "snapshot": Endpoint("127.0.0.1", 26403),
}
"""Where the included exchange is found unless the configuration says otherwise."""


def core_form(config: Config, day: dt.date | None = None) -> dict[str, Any]:
    """See `pyscalp.config.Config.to_core`."""
    venue, signals, tactics, risk = config.venue, config.signals, config.tactics, config.risk
    lot = config.instruments[0].lot

    def lots(qty: Decimal) -> int:
        return int(qty / lot)

    def of_lot(amount: Decimal) -> int:
        """Of an amount for one unit; the engine's prices are those of one lot."""
        return round(amount.scaleb(9) * lot)

    return {
        "venue": {
            "protocol": venue.protocol,
            **_endpoints(config),
            "snapshot_beyond": venue.snapshot_beyond,
            "snapshot_names": venue.snapshot_names,
            "interface": venue.interface,
            "transport": venue.transport,
            "username": venue.username,
            "password": venue.password,
            "session": venue.session,
        },
        "fees": {
            "maker_per_share": of_lot(config.fees.maker_per_share),
            "taker_per_share": of_lot(config.fees.taker_per_share),
            "maker_notional_e6": int(config.fees.maker_bp * 100),
            "taker_notional_e6": int(config.fees.taker_bp * 100),
        },
        "instruments": [
            {
                "symbol": instrument.symbol,
                "tick": _e9(instrument.tick * instrument.lot),
                "unit_tick": str(instrument.tick),
                "lot": str(instrument.lot),
            }
            for instrument in config.instruments
        ],
        "binance": {
            name: "" if value is None else value
            for name, value in dict(config.binance).items()
            if name not in ("key_file", "key")
        },
        "signals": {
            **{
                name: _core_form(getattr(signals, name))
                for name in type(signals).model_fields
                if name != "user"
            },
            # An address and values, once pyscalp.signals.engine_form has loaded it.
            "user": {
                "enabled": signals.user.source is not None,
                "plugin": 0,
                "parameters": [],
            },
            # Depth for the gate is read off them too, as far as they go.
            "shown_levels": max(
                signals.shown_levels, tactics.sweep_levels, min(risk.depth_levels, 32)
            ),
        },
        "combination": config.combination.to_core(_windows(config, day)),
        "tactics": {
            "order_qty": lots(tactics.order_qty),
            "edge_min": of_lot(tactics.edge_min),
            "passive_wait": int(tactics.passive_wait),
            "reentry_wait": int(tactics.reentry_wait),
            "target": of_lot(tactics.target),
            "stop": of_lot(tactics.stop),
            "exit_after": int(tactics.exit_after),
            "hold_limit": int(tactics.hold_limit),
            "style": tactics.style,
            "passive_exit": float(tactics.passive_exit),
            "adverse": float(tactics.adverse),
            "network_cost": of_lot(tactics.network_cost),
            "slippage_ticks": tactics.slippage_ticks,
            "sweep_levels": tactics.sweep_levels,
            "sweep_share_e6": _e6(tactics.sweep_share),
            "sweep_qty": lots(tactics.sweep_qty),
        },
        "risk": {
            "aum": _e9(risk.aum),
            "max_order_qty": lots(risk.max_order_qty),
            "max_order_value": _e9(risk.max_order_value),
            "price_collar_e6": _e6(risk.price_collar),
            "max_position": lots(risk.max_position),
            "rate_limit": risk.rate_limit,
            "rate_window": int(risk.rate_window),
            "rate_share_e6": _e6(risk.rate_share),
            "stale_after": int(risk.stale_after),
            "depth_share_e6": _e6(risk.depth_share),
            "depth_levels": risk.depth_levels,
            "depth_window": int(risk.depth_window),
            "drawdown_e6": _e6(risk.drawdown),
            "max_losing_trades": risk.max_losing_trades,
            "max_rejects": risk.max_rejects,
            "max_orders_working": risk.max_orders_working,
            "flatten_when_halted": risk.flatten_when_halted,
        },
        "engine": {
            "cpu": config.engine.cpu,
            "scheduler": config.engine.scheduler,
            "lock_memory": config.engine.lock_memory,
            "pages": config.engine.pages,
            "max_orders": config.engine.max_orders,
            "session_start": int(config.session.start or 0),
            "session_end": int(config.session.end or 0),
        },
        "seed": config.session.seed,
    }


def exchange_form(
    config: Config, day: bytes, record: str, duration: Duration | None
) -> dict[str, Any]:
    """See `pyscalp.config.Config.to_exchange`."""
    section = config.exchange
    form = core_form(config)
    if form["venue"]["retransmission"] is None:
        form["venue"]["retransmission"] = list(DEFAULT_ENDPOINTS["retransmission"])
    shares = ("loss_a", "loss_b", "duplicate_a", "duplicate_b", "reorder_a", "reorder_b")
    return {
        **form,
        "exchange": {
            "driver": section.driver,
            "speed": section.pace,
            "seed": section.seed,
            "from": int(section.start or 0),
            "day": day,
            "record": record,
            "duration": int(duration or 0),
            **{name: float(getattr(section, name)) for name in shares},
        },
    }


def _windows(config: Config, day: dt.date | None) -> list[dict[str, Any]]:
    """Regimes of the day, then the time around releases, which stands above them."""
    usual = config.combination.weights
    windows = [regime.to_core(usual) for regime in config.regimes]
    calendar = config.calendar
    if calendar.file is None:
        return windows
    if calendar.date is not None:
        day = dt.date.fromisoformat(calendar.date)
    releases = times_of(read_releases(calendar.file), day or dt.date.today(), calendar.only)
    return windows + [
        {
            "from": time - calendar.before,
            # The moment itself counts, however short the wait.
            "to": time + max(calendar.after, 1),
            "entries": False,
            "weights": usual,
        }
        for time in releases
    ]


def _endpoints(config: Config) -> dict[str, list[Any] | None]:
    """Those of a venue that is named, None where it lacks one; else the usual ones."""
    named = {name: getattr(config.venue, name) for name in DEFAULT_ENDPOINTS}
    if not config.venue.named:
        named = {name: named[name] or usual for name, usual in DEFAULT_ENDPOINTS.items()}
    return {name: found and list(found) for name, found in named.items()}


def _core_form(section: Section) -> dict[str, Any]:
    """Of a section without sections: lengths of time in ns, amounts in 1e-9."""
    form = dict(section)
    for name, value in form.items():
        if isinstance(value, Duration):
            form[name] = int(value)
        elif isinstance(value, Decimal):
            form[name] = _e9(value)
    return form


def _e9(amount: Decimal) -> int:
    return int(amount.scaleb(9))


def _e6(share: Decimal) -> int:
    return int(share.scaleb(6))
