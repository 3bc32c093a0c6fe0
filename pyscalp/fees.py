"""Fee schedules of venues: tiers with makers' and takers' fees, from TOML files.

Those in ``fee_schedules/`` are examples *like* a venue's public list, each with its
source and date; one's own contract goes into a file of the same form.
"""

from __future__ import annotations

import difflib
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator

from pyscalp.config_problems import key_lines, parse, problems_of
from pyscalp.config_sections import Section
from pyscalp.config_values import Amount
from pyscalp.errors import ConfigError, PyscalpError, os_reason

_FOLDER = Path(__file__).parent / "fee_schedules"
_BP = Decimal(10_000)

BasisPoints = Annotated[Amount, Field(ge=-100, le=100, decimal_places=2)]


class Tier(Section):
    """One tier: its fees of one fill, negative where it is a rebate."""

    name: str = Field(min_length=1, description="as it is chosen", examples=['"base"'])
    condition: str = Field(default="", description="what the venue asks for, in words")
    volume_min: Amount | None = Field(
        default=None, ge=0, description="volume from which it applies; without it, by name only"
    )
    maker_per_share: Amount = Field(default=Decimal(0), description="money per share")
    taker_per_share: Amount = Field(default=Decimal(0), description="money per share")
    maker_bp: BasisPoints = Field(default=Decimal(0), description="basis points of the notional")
    taker_bp: BasisPoints = Field(default=Decimal(0), description="basis points of the notional")

    @property
    def per_share(self) -> bool:
        """True if a part of the fee is by the share, so that basis points need a price."""
        return bool(self.maker_per_share or self.taker_per_share)

    def in_bp(self, price: Decimal | float | None = None) -> tuple[float, float]:
        """The fees of one fill as maker and as taker, in basis points of its notional.

        Parameters
        ----------
        price
            Of one share; only fees by the share need it.

        Raises
        ------
        PyscalpError
            If it is needed and not there, or not positive.
        """
        share = Decimal(0)
        if self.per_share:
            if price is None:
                raise PyscalpError(
                    f'the fees of the tier "{self.name}" are by the share; to have them in '
                    "basis points, say the price of one"
                )
            if not price > 0:
                raise PyscalpError(f"the price of a share must be positive, not {price}")
            share = _BP / Decimal(str(price))
        maker, taker = (
            float(bp + by_share * share)
            for bp, by_share in (
                (self.maker_bp, self.maker_per_share),
                (self.taker_bp, self.taker_per_share),
            )
        )
        return maker, taker


class FeeSchedule(Section):
    """What a venue asks for, tier by tier. Get one with `load`."""

    title: str = Field(default="", description="whose fees, of what")
    currency: str = Field(default="", description="of the money per share")
    volume: str = Field(default="", description="what volume_min counts")
    source: str = Field(default="", description="where the figures are from")
    as_of: str = Field(default="", description="when they stood there")
    tiers: tuple[Tier, ...] = Field(default=(), strict=False, description="[[tiers]]")

    @field_validator("tiers")
    @classmethod
    def _named_once(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        names = [tier.name for tier in tiers]
        if not names:
            raise ValueError("has no entry; add [[tiers]] and below it a name and the fees")
        if twice := [name for i, name in enumerate(names) if name in names[:i]]:
            raise ValueError(f'"{twice[0]}" is there twice; give every tier its own name')
        return tiers

    @property
    def names(self) -> list[str]:
        """The names of its tiers."""
        return [tier.name for tier in self.tiers]

    def tier(self, name: str | None = None) -> Tier:
        """A tier by its name; the first without one.

        Raises
        ------
        PyscalpError
            If there is none of this name.
        """
        if name is None:
            return self.tiers[0]
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise PyscalpError(f'there is no tier "{name}"{_near(name, self.names)}')

    def tier_for(self, volume: Decimal | float) -> Tier:
        """The tier with the highest `volume_min` that this volume reaches.

        Raises
        ------
        PyscalpError
            If it reaches none, or the tiers say no volumes.
        """
        reached = [
            (tier.volume_min, tier)
            for tier in self.tiers
            if tier.volume_min is not None and tier.volume_min <= Decimal(str(volume))
        ]
        if not reached:
            raise PyscalpError(
                f"no tier begins at or below a volume of {volume}; name one of "
                f"{', '.join(self.names)}"
            )
        return max(reached, key=lambda entry: entry[0])[1]


def shipped() -> list[str]:
    """The names of the schedules that come with pyscalp."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(schedule: str | Path) -> FeeSchedule:
    """A schedule that comes with pyscalp, by its name, or one's own, by its file.

    Parameters
    ----------
    schedule
        Such as ``"nasdaq"`` (see `shipped`), or a path that ends in ``.toml``.

    Raises
    ------
    PyscalpError
        If there is no such schedule or file, or it cannot be read.
    ConfigError
        With every mistake in the file.
    """
    name = str(schedule)
    if name in shipped():
        path = _FOLDER / f"{name}.toml"
    elif name.endswith(".toml"):
        path = Path(name)
    else:
        raise PyscalpError(
            f'there is no fee schedule "{name}"{_near(name, shipped())} (the name of a file of '
            "your own ends in .toml)"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PyscalpError(f"{path} is not text in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise PyscalpError(f"cannot read the fee schedule {path}: {os_reason(error)}") from None
    raw, problems, unread = parse(text)
    if raw is not None:
        try:
            found = FeeSchedule.model_validate(raw)
        except ValidationError as error:
            lines = key_lines(text)
            for detail in error.errors(include_url=False):
                problems += problems_of(detail, FeeSchedule, lines, unread)
        else:
            if not problems:
                return found
    raise ConfigError(problems, str(path))


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else f"; there are {', '.join(known)}"
