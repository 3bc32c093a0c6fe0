"""Sections of the configuration about signals: every option, its default and range."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from pyscalp.config_sections import Section
from pyscalp.config_values import (
    Amount,
    DayCurve,
    Patience,
    Real,
    RefillWait,
    Share,
    Wait,
    Window,
)
from pyscalp.duration import Duration


class MeanReversion(Section):
    """Back to the mean: price far from the average, in a market that goes sideways."""

    enabled: bool = Field(default=True, description="false switches the signal off")
    bands: tuple[Literal["session_vwap", "rolling_vwap", "bollinger"], ...] = Field(
        default=("session_vwap", "bollinger"),
        strict=False,
        description="averages to be far from, all of them: session_vwap, rolling_vwap, bollinger",
    )
    k_sigma: Real = Field(default=3.0, gt=0, le=20, description="distance in standard deviations")
    vwap_window: Window = Field(
        default=Duration.parse("5m"), description="trades that the rolling VWAP is of"
    )
    bars: int = Field(default=20, ge=2, le=512, description="bars in the window")
    bar: Window = Field(default=Duration.parse("1s"), description="length of a bar")
    regime: Literal["efficiency", "variance_ratio", "both"] = Field(
        default="efficiency",
        description="what tells a sideways market: efficiency, variance_ratio or both",
    )
    efficiency_max: Real = Field(
        default=0.3,
        gt=0,
        le=1,
        description="sideways only: net move over path length at most this",
    )
    variance_step: int = Field(
        default=4, ge=2, le=510, description="bars of the longer step of the variance ratio"
    )
    variance_ratio_max: Real = Field(
        default=1.0,
        gt=0,
        le=100,
        description="sideways only: variance over that step, to a random walk's, at most this",
    )
    min_trades: int = Field(default=50, ge=0, le=1_000_000, description="trades to see first")

    @field_validator("bands", mode="before")
    @classmethod
    def _some_bands(cls, bands: object) -> object:
        if not isinstance(bands, (list, tuple)) or not bands:
            raise ValueError('must be a list of at least one, such as ["bollinger"]')
        return bands

    @field_validator("bands")
    @classmethod
    def _bands_once(cls, bands: tuple[str, ...]) -> tuple[str, ...]:
        for band in bands:
            if bands.count(band) > 1:
                raise ValueError(f'names "{band}" twice; once is enough')
        return bands

    @field_validator("variance_step")
    @classmethod
    def _fits_window(cls, variance_step: int, info: ValidationInfo) -> int:
        bars = info.data.get("bars")
        asked = info.data.get("regime") != "efficiency"
        if asked and bars is not None and variance_step > bars - 2:
            raise ValueError(
                f"must be at most signals.mean_reversion.bars - 2 = {bars - 2}; "
                "two steps of that length that overlap are needed"
            )
        return variance_step


class BookImbalance(Section):
    """With the heavier side of the book."""

    enabled: bool = Field(default=True, description="false switches the signal off")
    measure: Literal["touch", "depth", "weighted", "order_flow"] = Field(
        default="depth",
        description="what leans: touch, depth of the levels, weighted by distance, order_flow",
    )
    threshold: Real = Field(
        default=0.6, gt=0, lt=1, description="imbalance, (bids - asks) / (bids + asks)"
    )
    levels: int = Field(
        default=5, ge=1, le=32, description="price levels counted on each side; 1: the touch"
    )
    window: Window = Field(default=Duration.parse("1s"), description="order flow that counts")
    flow_scale: Literal["flow", "depth"] = Field(
        default="flow",
        description="net order flow is taken as a share of all flow, or of the depth",
    )
    persistence: Wait = Field(default=Duration.parse("50ms"), description="how long it must last")
    horizon_gain: Real = Field(
        default=1.0, gt=0, le=100, description="expected move in half spreads at full imbalance"
    )


class Momentum(Section):
    """With the break of a tight range on a surge of volume."""

    enabled: bool = Field(default=False, description="true switches the signal on")
    bucket: Amount = Field(
        default=Decimal("0.01"), gt=0, description="height of a price bucket of the volume profile"
    )
    window: Window = Field(default=Duration.parse("1m"), description="trades in the profile")
    min_trades: int = Field(default=20, ge=1, le=8192, description="trades it must hold")
    value_share: Share = Field(
        default=Decimal("0.7"), gt=0, description="of the volume that makes up the value area"
    )
    width_max: Share = Field(
        default=Decimal("0.001"),
        gt=0,
        description="tight: the value area is at most this share of the price high",
    )
    consolidation: Wait = Field(
        default=Duration.parse("10s"), description="how long it must be tight"
    )
    surge: Real = Field(
        default=3.0, gt=0, le=1000, description="volume at the break, as a multiple of the usual"
    )
    surge_window: Window = Field(
        default=Duration.parse("1s"), description="what volume is summed over"
    )
    history: int = Field(default=60, ge=1, le=200, description="such windows that make the usual")
    day_curve: DayCurve = Field(
        default=(),
        description="volume to be expected in each of the 48 half hours from midnight; empty: even",
    )
    gain: Real = Field(
        default=1.0, gt=0, le=100, description="expected move in heights of the range broken"
    )
    hold: Patience = Field(default=Duration.parse("5s"), description="life of a break")
    failure: Wait = Field(
        default=Duration.parse("3s"), description="back inside within this, the break has failed"
    )
    confirm_imbalance: Real = Field(
        default=0.0, ge=0, le=1, description="imbalance of the touch it takes too; 0: not asked for"
    )


class UserSignal(Section):
    """A signal of your own, at work where `library` or `module` is given."""

    enabled: bool = Field(default=True, description="false switches the signal off")
    library: str | None = Field(
        default=None, min_length=1, description="path of a shared library, of C++ for example"
    )
    module: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description='"module:name" of a signal in Cython, Numba or Python',
    )
    parameters: dict[str, Real] = Field(
        default={}, description="a table: numbers by the names that the signal gives them"
    )

    @field_validator("module")
    @classmethod
    def _one_source(cls, module: str | None, info: ValidationInfo) -> str | None:
        if module is not None and info.data.get("library") is not None:
            raise ValueError("and signals.user.library are two signals; give one of them")
        return module

    @field_validator("parameters")
    @classmethod
    def _of_something(cls, parameters: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        named = info.data.get("library") or info.data.get("module")
        # Where one of them is wrong, that has been said.
        if parameters and not named and {"library", "module"} <= info.data.keys():
            raise ValueError("need a signal; name it by signals.user.library or module")
        for name in parameters:
            if not name.isidentifier():
                raise ValueError(f'has no valid name in "{name}"; use letters, digits and _')
        return parameters

    @property
    def source(self) -> str | None:
        """What there is to load, where the signal is at work."""
        return (self.library or self.module) if self.enabled else None


class Iceberg(Section):
    """With hidden orders behind us: icebergs found by their refills, see signals.md."""

    enabled: bool = Field(default=False, description="true switches the signal on")
    threshold: Real = Field(
        default=0.98, gt=0, lt=1, description="belief from which on an iceberg counts"
    )
    prior: Real = Field(default=0.02, gt=0, lt=1, description="belief before any refill")
    at_once: Real = Field(
        default=0.95,
        gt=0,
        le=1,
        description="share of refills with the stamp of the execution, next to it",
    )
    at_once_by_chance: Real = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="share of executions in full that somebody else follows just so",
    )
    refill_within: RefillWait = Field(
        default=Duration.parse("0s"),
        description="longest delay of a refill, for a venue that takes time",
    )
    late_by_chance: Real = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="share of executions in full that somebody else follows within that",
    )
    slice_spread: Real = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="relative difference of slices, for a venue that randomises them",
    )
    min_reserve: Real = Field(
        default=100.0, ge=0, le=1e9, description="estimated hidden shares that make a shield"
    )
    gain: Real = Field(
        default=1.0,
        gt=0,
        le=100,
        description="expected move, as a multiple of microprice with reserves less mid",
    )
    leave_for: Wait = Field(
        default=Duration.parse("250ms"),
        description="how long positions are told to leave a shield that is gone",
    )

    @field_validator("refill_within")
    @classmethod
    def _leaves_some_late(cls, refill_within: Duration, info: ValidationInfo) -> Duration:
        if int(refill_within) > 0 and info.data.get("at_once") == 1:
            raise ValueError("needs at_once below 1: some refills come late")
        return refill_within


class Signals(Section):
    """What makes us want to trade."""

    mean_reversion: MeanReversion = Field(default_factory=MeanReversion)
    book_imbalance: BookImbalance = Field(default_factory=BookImbalance)
    momentum: Momentum = Field(default_factory=Momentum)
    user: UserSignal = Field(default_factory=UserSignal)
    iceberg: Iceberg = Field(default_factory=Iceberg)

    @property
    def shown_levels(self) -> int:
        """Levels of each side that signals are shown."""
        return max(5, self.book_imbalance.levels)
