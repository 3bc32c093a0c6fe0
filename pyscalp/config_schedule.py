"""Sections of the configuration that say which signal counts when."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from pyscalp.config_sections import Section
from pyscalp.config_values import Real, TimeOfDay, Wait
from pyscalp.duration import ClockTime, Duration

SIGNAL_NAMES = ("mean_reversion", "book_imbalance", "momentum", "iceberg", "user")
"""The signals that can be weighed."""

Weight = Annotated[Real, Field(ge=0, le=1000)]


class Combination(Section):
    """How the opinions of several signals become one."""

    rule: Literal["strongest", "sum"] = Field(
        default="strongest",
        description="strongest: the largest weighed move alone; sum: all weighed moves together",
    )
    over: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description='"a > b": while a has an opinion, one of b against it is dropped',
    )
    mean_reversion: Weight = Field(default=1.0, description="weight; 0 silences the signal")
    book_imbalance: Weight = Field(default=1.0, description="weight; 0 silences the signal")
    momentum: Weight = Field(default=1.0, description="weight; 0 silences the signal")
    iceberg: Weight = Field(default=1.0, description="weight; 0 silences the signal")
    user: Weight = Field(default=1.0, description="weight; 0 silences the signal")

    @field_validator("over")
    @classmethod
    def _names_signals(cls, over: tuple[str, ...]) -> tuple[str, ...]:
        for entry in over:
            names = [name.strip() for name in entry.split(">")]
            if len(names) != 2 or names[0] == names[1] or not set(names) <= set(SIGNAL_NAMES):
                raise ValueError(
                    f'"{entry}" is not "a > b" with two different signals of '
                    + ", ".join(SIGNAL_NAMES)
                )
        return over

    @property
    def weights(self) -> dict[str, float]:
        """Signal to weight."""
        return {name: getattr(self, name) for name in SIGNAL_NAMES}

    def to_core(self, windows: list[dict[str, Any]]) -> dict[str, Any]:
        """The engine's form, with the time windows of the day to trade."""
        return {
            "rule": self.rule,
            "weights": self.weights,
            "over": [[name.strip() for name in entry.split(">")] for entry in self.over],
            "windows": windows,
        }


class Regime(Section):
    """Other weights for a part of the day. Of those that overlap the last one holds."""

    start: TimeOfDay = Field(alias="from", description="from this time of the venue's day")
    end: TimeOfDay = Field(alias="to", description="up to this time")
    entries: bool = Field(default=True, description="false: nothing is entered")
    mean_reversion: Weight | None = Field(default=None, description="weight in that time")
    book_imbalance: Weight | None = Field(default=None, description="weight in that time")
    momentum: Weight | None = Field(default=None, description="weight in that time")
    iceberg: Weight | None = Field(default=None, description="weight in that time")
    user: Weight | None = Field(default=None, description="weight in that time")

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: ClockTime, info: ValidationInfo) -> ClockTime:
        start = info.data.get("start")
        if start is not None and end <= start:
            raise ValueError(f"must be later than from, {start}")
        return end

    def to_core(self, usual: dict[str, float]) -> dict[str, Any]:
        """The engine's form; `usual` are the weights of signals that are not named."""
        own = {name: getattr(self, name) for name in SIGNAL_NAMES}
        return {
            "from": int(self.start),
            "to": int(self.end),
            "entries": self.entries,
            "weights": {
                name: usual[name] if weight is None else weight for name, weight in own.items()
            },
        }


class Calendar(Section):
    """Scheduled releases, around which nothing is entered."""

    file: str | None = Field(
        default=None,
        min_length=1,
        description="releases, CSV: date, time, name; times by the venue's clock",
    )
    date: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="day of the market as YYYY-MM-DD; else that of the recording or today",
    )
    before: Wait = Field(default=Duration.parse("1m"), description="no entries so long before")
    after: Wait = Field(default=Duration.parse("2m"), description="no entries so long after")
    only: tuple[str, ...] = Field(
        default=(), strict=False, description="count releases whose name contains one of these"
    )
