"""The configuration: one TOML file, typed, every mistake named with its line.

People write ``"250ms"``, ``0.01`` and ``"1.5%"``; `Config.to_core` turns that into the
integers the engine works with: money and prices in 1e-9 of the currency unit, time in
nanoseconds, shares of a whole in 1e-6. Nothing passes through a binary float on the way.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from pyscalp.config_binance import Binance
from pyscalp.config_core import core_form, exchange_form
from pyscalp.config_fees import Fees
from pyscalp.config_instruments import crypto_problems, itch_problems, opening_problems
from pyscalp.config_problems import key_lines, parse, problems_of, toml_value
from pyscalp.config_schedule import SIGNAL_NAMES, Calendar, Combination, Regime
from pyscalp.config_sections import (
    Engine,
    ExchangeSection,
    Instrument,
    Risk,
    Section,
    Session,
    Tactics,
    Venue,
)
from pyscalp.config_signals import Signals
from pyscalp.duration import Duration
from pyscalp.errors import ConfigError, PyscalpError, os_reason


class Config(Section):
    """A whole configuration. Build it with `load`, `loads` or `included`."""

    session: Session = Field(default_factory=Session)
    venue: Venue = Field(default_factory=Venue)
    binance: Binance = Field(default_factory=Binance)
    exchange: ExchangeSection = Field(default_factory=ExchangeSection)
    fees: Fees = Field(default_factory=Fees)
    instruments: tuple[Instrument, ...] = Field(strict=False, min_length=1, max_length=32)
    signals: Signals = Field(default_factory=Signals)
    combination: Combination = Field(default_factory=Combination)
    regimes: tuple[Regime, ...] = Field(default=(), strict=False, max_length=256)
    calendar: Calendar = Field(default_factory=Calendar)
    tactics: Tactics = Field(default_factory=Tactics)
    risk: Risk
    engine: Engine = Field(default_factory=Engine)

    @field_validator("venue")
    @classmethod
    def _whole_venue(cls, venue: Venue) -> Venue:
        problems = [
            (
                f"venue.{name}",
                "is missing; a venue needs feed_a, feed_b, retransmission (or snapshot) and "
                "orders; leave all of them out to use the included exchange",
            )
            for name in venue.missing()
        ]
        if problems:
            raise PydanticCustomError("several", "several", {"problems": problems})
        return venue

    @field_validator("binance")
    @classmethod
    def _whole_binance(cls, binance: Binance) -> Binance:
        problems = [
            (
                f"binance.{name}",
                "is missing; a venue needs streams, api and rest; leave all of them out to use "
                "the included exchange",
            )
            for name in binance.missing()
        ]
        if problems:
            raise PydanticCustomError("several", "several", {"problems": problems})
        return binance

    @field_validator("instruments")
    @classmethod
    def _symbols_once(
        cls, instruments: tuple[Instrument, ...], info: ValidationInfo
    ) -> tuple[Instrument, ...]:
        symbols = [instrument.symbol for instrument in instruments]
        problems = [
            (f"instruments.{i}.symbol", f'"{symbol}" is there already; name it once')
            for i, symbol in enumerate(symbols)
            if symbol in symbols[:i]
        ]
        venue = info.data.get("venue")
        if venue is not None:
            problems += (crypto_problems if venue.crypto else itch_problems)(instruments)
            exchange, named = info.data.get("exchange"), info.data.get("binance")
            if venue.crypto and exchange and named and not named.named:
                problems += opening_problems(exchange.driver, instruments)
        if problems:
            raise PydanticCustomError("several", "several", {"problems": problems})
        return instruments

    @field_validator("fees")
    @classmethod
    def _fees_of_money(cls, fees: Fees, info: ValidationInfo) -> Fees:
        venue = info.data.get("venue")
        if venue is not None and venue.crypto and (fees.maker_per_share or fees.taker_per_share):
            schedule = "binance_spot" if venue.protocol == "binance-spot" else "binance_futures"
            what = (
                f'are per share, which a crypto venue has none of; name schedule = "{schedule}", '
                "or set maker_per_share and taker_per_share to 0"
            )
            raise PydanticCustomError("several", "several", {"problems": [("fees", what)]})
        return fees

    @field_validator("signals")
    @classmethod
    def _orders_are_shown(cls, signals: Signals, info: ValidationInfo) -> Signals:
        venue = info.data.get("venue")
        if venue is not None and venue.crypto and signals.iceberg.enabled:
            what = "follows single orders; this venue tells quantities by price alone"
            problems = [("signals.iceberg.enabled", what)]
            raise PydanticCustomError("several", "several", {"problems": problems})
        return signals

    @field_validator("tactics")
    @classmethod
    def _orders_of_lots(cls, tactics: Tactics, info: ValidationInfo) -> Tactics:
        _whole_lots("tactics", tactics, ("order_qty", "sweep_qty"), info)
        return tactics

    @field_validator("risk")
    @classmethod
    def _order_within_limits(cls, risk: Risk, info: ValidationInfo) -> Risk:
        _whole_lots("risk", risk, ("max_order_qty", "max_position"), info)
        tactics = info.data.get("tactics")
        problems = [
            (
                "tactics.order_qty",
                f"{tactics.order_qty} is above risk.{name}, {limit}; no order would pass the gate",
            )
            for name, limit in (
                ("max_order_qty", risk.max_order_qty),
                ("max_position", risk.max_position),
            )
            if tactics is not None and tactics.order_qty > limit
        ]
        if problems:
            raise PydanticCustomError("several", "several", {"problems": problems})
        return risk

    # -- where it comes from ----------------------------------------------------------

    @classmethod
    def included(cls) -> Config:
        """Four instruments on the included exchange, paper money, a full set of limits."""
        return cls.loads(_INCLUDED, source="the included configuration")

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """Read a TOML file.

        Raises
        ------
        PyscalpError
            If there is no such file, or it cannot be read.
        ConfigError
            With every mistake in it.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise PyscalpError(
                f"{path} is not text in UTF-8 (byte {error.start}); is it a configuration?"
            ) from None
        except OSError as error:
            raise PyscalpError(
                f"cannot read the configuration {path}: {os_reason(error)}"
            ) from None
        return cls.loads(text, source=str(path))

    @classmethod
    def loads(cls, text: str, source: str = "") -> Config:
        """Read TOML text; see `load`."""
        raw, problems, unread = parse(text)
        lines = key_lines(text)
        if raw is not None:
            try:
                config = cls.model_validate(raw)
            except ValidationError as error:
                for detail in error.errors(include_url=False):
                    problems += problems_of(detail, cls, lines, unread)
            else:
                if not problems:
                    return config
        raise ConfigError(problems, source)

    def replace(self, section: str, **changes: object) -> Config:
        """A copy with fields of one section changed, checked like a file.

        Raises
        ------
        ConfigError
            If a new value is wrong.
        """
        data: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        fields = {name: getattr(data[section], name) for name in data[section].model_fields_set}
        try:
            data[section] = type(data[section])(**(fields | changes))
        except ValidationError as error:
            raise ConfigError(
                [
                    problem
                    for detail in error.errors(include_url=False)
                    for problem in problems_of(
                        {**detail, "loc": (section, *detail["loc"])}, type(self), {}, set()
                    )
                ]
            ) from None
        return type(self)(**data)

    def with_signals(self, names: Sequence[str]) -> Config:
        """A copy in which these signals are on, with their options, and the others off.

        Parameters
        ----------
        names : sequence of str
            Of `SIGNAL_NAMES`; ``["all"]`` is all but one of the user's own, which stays
            what it is.

        Raises
        ------
        PyscalpError
            If there is no such signal.
        """
        built_in = [name for name in SIGNAL_NAMES if name != "user"]
        wanted = built_in if list(names) == ["all"] else list(names)
        for name in wanted:
            if name not in built_in:
                known = ", ".join(built_in)
                near = difflib.get_close_matches(name, built_in, n=1)
                raise PyscalpError(
                    f'there is no signal "{name}"; '
                    + (f"did you mean {near[0]}?" if near else f"there are {known} and all")
                )
        sections = {name: getattr(self.signals, name) for name in built_in}
        return self.replace(
            "signals",
            **{
                name: type(section)(
                    **{key: getattr(section, key) for key in section.model_fields_set}
                    | {"enabled": name in wanted}
                )
                for name, section in sections.items()
            },
        )

    # -- what becomes of it -----------------------------------------------------------

    def to_core(self, day: dt.date | None = None) -> dict[str, Any]:
        """The engine's form: integers only, as `pyscalp._core` documents it.

        Parameters
        ----------
        day : datetime.date, optional
            The day to trade, by which releases of the calendar are chosen unless
            ``calendar.date`` is set; today if neither is.

        Raises
        ------
        PyscalpError
            If the calendar's file cannot be read.
        """
        return core_form(self, day)

    def to_exchange(
        self, day: bytes = b"", record: str = "", duration: Duration | None = None
    ) -> dict[str, Any]:
        """The form of `pyscalp._core.ExchangeServer`.

        That of `to_core`, plus ``exchange``: driver, speed (times real time), seed,
        from (ns since midnight, 0: the start), day (BinaryFILE bytes of the replay
        driver), record (path, empty: none), duration (ns of wall time, 0: no end), and
        the six impairments as shares in [0, 1].
        """
        return exchange_form(self, day, record, duration)

    def to_toml(self) -> str:
        """The configuration as used; `loads` gives an equal one back."""
        lines: list[str] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple):  # of sections
                for entry in value:
                    lines += ["", f"[[{name}]]", *_toml_lines(entry)]
            else:
                lines += _toml_section(name, value)
        return "\n".join(lines).lstrip("\n") + "\n"


_MOST_LOTS = 999_999
"""Of one order, or of a position; what an order of OUCH holds."""


def _whole_lots(section: str, values: Section, names: Sequence[str], info: ValidationInfo) -> None:
    """Quantities are multiples of the lot, and no more than an order can say."""
    instruments = info.data.get("instruments")
    if not instruments:
        return
    lot = instruments[0].lot
    problems = []
    for name in names:
        qty = getattr(values, name)
        most = 2**53 if name == "max_position" else _MOST_LOTS
        if qty % lot:
            what = "a whole number" if lot == 1 else f"a multiple of the lot, {lot}"
            problems.append((f"{section}.{name}", f"must be {what}"))
        elif qty > most * lot:
            problems.append((f"{section}.{name}", f"must be less than or equal to {most * lot}"))
    if problems:
        raise PydanticCustomError("several", "several", {"problems": problems})


_INCLUDED = """
[exchange]
driver = "agents"
speed = 60

[[instruments]]
symbol = "AMZN"
[[instruments]]
symbol = "AAPL"
[[instruments]]
symbol = "MSFT"
[[instruments]]
symbol = "INTC"

# A minute of the market passes in one second of ours: everything is told to hurry.
[signals.mean_reversion]
k_sigma = 2
[signals.book_imbalance]
threshold = 0.4
levels = 1

[tactics]
passive_wait = "1s"
reentry_wait = "50ms"
target = 0.06
stop = 0.25
exit_after = "5s"

[risk]
aum = 1_000_000
max_order_qty = 100
max_order_value = 50_000
price_collar = "1%"
max_position = 200
max_orders_working = 16
rate_limit = 200
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 60
max_rejects = 20
"""


def _toml_section(name: str, section: Section) -> list[str]:
    own = _toml_lines(section)
    lines = ["", f"[{name}]", *own] if own else []
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            lines += _toml_section(f"{name}.{key}", value)
        elif isinstance(value, dict) and value:
            entries = (f"{entry} = {toml_value(number)}" for entry, number in value.items())
            lines += ["", f"[{name}.{key}]", *entries]
    return lines


def _toml_lines(section: Section) -> list[str]:
    lines = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value is None or isinstance(value, (Section, dict)):
            continue
        note = f"  # {field.description}" if field.description else ""
        inert = "" if section.gives(name) else "# "
        lines.append(f"{inert}{field.alias or name} = {toml_value(value)}{note}")
    return lines
