"""The sections of a configuration file: every key, its type, default, range and meaning."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from pyscalp.config_base import Section as Section
from pyscalp.config_crypto import CryptoExchange
from pyscalp.config_values import (
    Amount,
    Group,
    Holding,
    Host,
    Interface,
    Patience,
    Quantity,
    Real,
    Share,
    Staleness,
    TimeOfDay,
    Wait,
    Window,
)
from pyscalp.duration import ClockTime, Duration


class Session(Section):
    """When to trade."""

    start: TimeOfDay | None = Field(
        default=None, description="no entries before this time of the venue's day"
    )
    end: TimeOfDay | None = Field(
        default=None, description="flat and no entries from this time of the venue's day"
    )
    seed: int = Field(default=1, ge=0, le=2**63 - 1, description="seed of every random choice")

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: ClockTime | None, info: ValidationInfo) -> ClockTime | None:
        start = info.data.get("start")
        if start is not None and end is not None and end <= start:
            raise ValueError(f"must be later than session.start, {start}")
        return end


class Venue(Section):
    """Where the market is. Without endpoints the included exchange is started."""

    protocol: Literal["itch", "binance-spot", "binance-usdm"] = Field(
        default="itch",
        description="itch: ITCH 5.0 and OUCH 5.0, and the keys below; the others: [binance]",
    )
    feed_a: Group | None = Field(default=None, description="multicast group of line A")
    feed_b: Group | None = Field(default=None, description="multicast group of line B")
    retransmission: Host | None = Field(
        default=None, description="server that repeats lost packets"
    )
    snapshot: Host | None = Field(
        default=None, description="server of snapshots, for what nobody repeats; may be left out"
    )
    snapshot_beyond: int = Field(
        default=10_000,
        ge=0,
        le=2**31 - 1,
        description="more missing messages than this are had by a snapshot",
    )
    snapshot_names: Literal["next", "last"] = Field(
        default="next",
        description="message that a snapshot's end names: the next one, or its own last",
    )
    orders: Host | None = Field(default=None, description="order entry, OUCH over SoupBinTCP")
    interface: Interface = Field(
        default="127.0.0.1", description="address of the interface that receives the feed"
    )
    transport: Literal["auto", "xdp", "packet", "socket", "blocking"] = Field(
        default="auto",
        description="how the feed comes in; auto: the fastest that this machine grants",
    )
    username: str = Field(
        default="SCALP1",
        pattern="^[A-Za-z0-9]{1,6}$",
        description="login, up to 6 letters and digits",
    )
    password: str = Field(
        default="paper", pattern="^[A-Za-z0-9]{0,10}$", description="up to 10 letters and digits"
    )
    session: str = Field(
        default="",
        pattern="^[A-Za-z0-9]{0,10}$",
        description="session to join; empty: the current one",
    )

    @property
    def crypto(self) -> bool:
        """True for a venue of Binance's protocols."""
        return self.protocol != "itch"

    @property
    def named(self) -> bool:
        """True if the endpoints of an ITCH venue are given."""
        return self.orders is not None

    def missing(self) -> list[str]:
        """The endpoints that are not given, where some are."""
        names = ("feed_a", "feed_b", "retransmission", "orders")
        absent = [name for name in names if getattr(self, name) is None]
        if self.snapshot is None:
            return absent if len(absent) < len(names) else []
        return [name for name in absent if name != "retransmission"]


class ExchangeSection(Section):
    """The included exchange."""

    driver: Literal["agents", "replay"] = Field(
        default="agents", description="agents: a simulated market; replay: a recorded day"
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="recorded day, ITCH 5.0 BinaryFILE, or a raw capture of Binance "
        "(also .gz .xz .bz2)",
    )
    start: TimeOfDay | None = Field(
        default=None, alias="from", description="where in the recorded day to begin"
    )
    speed: Annotated[Real, Field(ge=1, le=1000)] | None = Field(
        default=None, description="times real time; without it 20 for agents, 1 for a recorded day"
    )
    seed: int = Field(
        default=1, ge=0, le=2**63 - 1, description="seed of the market and of the losses"
    )
    loss_a: Share = Field(default=Decimal(0), description="share of packets that line A loses")
    loss_b: Share = Field(default=Decimal(0), description="share of packets that line B loses")
    duplicate_a: Share = Field(
        default=Decimal(0), description="share of packets that line A repeats"
    )
    duplicate_b: Share = Field(
        default=Decimal(0), description="share of packets that line B repeats"
    )
    reorder_a: Share = Field(default=Decimal(0), description="share of packets that line A delays")
    reorder_b: Share = Field(default=Decimal(0), description="share of packets that line B delays")
    crypto: CryptoExchange = Field(default_factory=CryptoExchange)

    @field_validator("file")
    @classmethod
    def _fits_driver(cls, file: str | None, info: ValidationInfo) -> str | None:
        driver = info.data.get("driver")
        if driver == "replay" and file is None:
            raise ValueError('is needed by driver = "replay": name the recorded day')
        if driver == "agents" and file is not None:
            raise ValueError('is for driver = "replay"; agents read no file')
        return file

    @field_validator("start")
    @classmethod
    def _needs_replay(cls, start: ClockTime | None, info: ValidationInfo) -> ClockTime | None:
        if start is not None and info.data.get("driver") == "agents":
            raise ValueError('is for driver = "replay"; agents begin at the open')
        return start

    @property
    def pace(self) -> float:
        """Times real time, after the default of the driver."""
        return self.speed or (20.0 if self.driver == "agents" else 1.0)


class Instrument(Section):
    """One instrument to trade. Books are kept for all that the feed carries."""

    symbol: str = Field(
        pattern=r"^[A-Z0-9._+=\-*#^]{1,20}$",
        description="as the feed writes it, in capitals; of an ITCH feed up to 8",
    )
    tick: Amount = Field(default=Decimal("0.01"), gt=0, description="smallest price step")
    lot: Amount = Field(
        default=Decimal(1), gt=0, description="smallest quantity step; a share has no smaller one"
    )
    opening: Amount | None = Field(
        default=None, gt=0, description="price at which agents open a market of a crypto venue"
    )
    min_notional: Amount = Field(
        default=Decimal(0), ge=0, description="of an order at the included crypto venue"
    )


class Tactics(Section):
    """How a wish becomes orders, and how a position ends."""

    order_qty: Quantity = Field(default=Decimal(10), gt=0, description="shares of one entry")
    edge_min: Amount = Field(
        default=Decimal(0), ge=0, description="expected gain per share, after costs, to enter"
    )
    passive_wait: Patience = Field(
        default=Duration.parse("2s"), description="how long an entry rests before it is withdrawn"
    )
    reentry_wait: Wait = Field(
        default=Duration.parse("200ms"), description="pause after a position is closed"
    )
    target: Amount = Field(default=Decimal("0.06"), gt=0, description="profit per share to take")
    stop: Amount = Field(default=Decimal("0.25"), gt=0, description="loss per share to cut")
    hold_limit: Holding = Field(
        default=Duration.parse("50s"), description="flat by force after this; under one minute"
    )
    exit_after: Holding = Field(
        default=Duration.parse("30s"), description="start to leave a position after this"
    )
    style: Literal["choose", "maker", "taker"] = Field(
        default="choose",
        description="choose: passive or taking, whichever is expected to leave more",
    )
    passive_exit: Share = Field(
        default=Decimal("0.5"), description="share of positions expected to leave passively"
    )
    adverse: Share = Field(
        default=Decimal("0.5"),
        description="share of the half spread that a passive fill is expected to give back",
    )
    network_cost: Amount = Field(
        default=Decimal(0),
        description="drift per share from decision to arrival, until fills have shown it",
    )
    slippage_ticks: int = Field(
        default=2, ge=0, le=1000, description="how far through the touch an order that takes may go"
    )
    sweep_levels: int = Field(
        default=0, ge=0, le=32, description="levels that one order may take; 0: no sweeps"
    )
    sweep_share: Share = Field(
        default=Decimal("0.25"), gt=0, description="of what those levels display, at most"
    )
    sweep_qty: Quantity = Field(
        default=Decimal(100), gt=0, description="shares of a sweep, at most"
    )

    @field_validator("exit_after")
    @classmethod
    def _before_limit(cls, exit_after: Duration, info: ValidationInfo) -> Duration:
        limit = info.data.get("hold_limit")
        if limit is not None and exit_after >= limit:
            raise ValueError(f"must be shorter than tactics.hold_limit, {limit}")
        return exit_after


class Risk(Section):
    """Limits outside the trading logic. None has a default: a missing one refuses to start."""

    aum: Amount = Field(gt=0, description="assets under management", examples=["1_000_000"])
    max_order_qty: Quantity = Field(gt=0, description="shares of one order", examples=["100"])
    max_order_value: Amount = Field(
        gt=0, description="price times shares of one order", examples=["50_000"]
    )
    price_collar: Share = Field(
        gt=0, description="largest distance of a price from the touch", examples=['"1%"']
    )
    max_position: Quantity = Field(
        gt=0,
        description="shares of one instrument, working orders included",
        examples=["200"],
    )
    max_orders_working: int = Field(
        gt=0, le=1_000_000, description="orders open at one time", examples=["16"]
    )
    rate_limit: int = Field(
        gt=0, le=1_000_000, description="requests the venue allows per window", examples=["100"]
    )
    rate_window: Window = Field(description="window of rate_limit", examples=['"1s"'])
    rate_share: Share = Field(
        gt=0, description="new orders stop at this share of it", examples=['"90%"']
    )
    stale_after: Staleness = Field(
        description="no order on a price older than this", examples=['"300ms"']
    )
    depth_share: Share = Field(
        gt=0,
        description="largest position, as a share of the depth to leave into",
        examples=['"10%"'],
    )
    depth_levels: int = Field(
        ge=1, le=100, description="price levels counted as depth", examples=["10"]
    )
    depth_window: Window = Field(
        description="the smallest depth within this counts", examples=['"1s"']
    )
    drawdown: Share = Field(
        gt=0, description="daily loss that halts trading, of aum", examples=['"1.5%"']
    )
    max_losing_trades: int = Field(
        gt=0, le=1_000_000, description="losing round trips per minute", examples=["20"]
    )
    max_rejects: int = Field(
        gt=0, le=1_000_000, description="orders refused per minute", examples=["10"]
    )

    flatten_when_halted: bool = Field(
        default=True, description="after a drawdown halt, orders that close a position still pass"
    )

    @field_validator("rate_share")
    @classmethod
    def _leaves_one(cls, rate_share: Decimal, info: ValidationInfo) -> Decimal:
        limit = info.data.get("rate_limit")
        if limit is not None and rate_share * limit < 1:
            raise ValueError(f"of rate_limit = {limit} is less than one request; raise either")
        return rate_share


class Engine(Section):
    """The machine."""

    cpu: int = Field(default=-1, ge=-1, le=1023, description="core to pin to; -1: the last one")
    scheduler: Literal["normal", "fifo"] = Field(
        default="normal",
        description="fifo: before all other tasks, where that is safe; else it is said",
    )
    lock_memory: bool = Field(
        default=False, description="true brings all memory in at the start and keeps it there"
    )
    pages: Literal["small", "huge"] = Field(
        default="small", description="of the books; huge: 2 MiB each, brought in at the start"
    )
    max_orders: int = Field(
        default=1 << 20,
        ge=1024,
        le=1 << 28,
        description="orders of all books that are held at once",
    )
