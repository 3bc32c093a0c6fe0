"""The section ``[fees]``: by a schedule's tier, or by its own numbers."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pyscalp import fees
from pyscalp.config_sections import Section
from pyscalp.config_values import Amount
from pyscalp.errors import ConfigError, PyscalpError

_FEE_NUMBERS = ("maker_per_share", "taker_per_share", "maker_bp", "taker_bp")


class Fees(Section):
    """What a fill costs; negative is a rebate. By a schedule's tier, or by the numbers."""

    schedule: str | None = Field(
        default=None,
        min_length=1,
        description="nasdaq, binance_spot, binance_futures, or a TOML file of your own",
    )
    tier: str | None = Field(
        default=None, min_length=1, description="of the schedule; its first one if none is named"
    )
    maker_per_share: Amount = Field(default=Decimal("-0.0020"), description="money per share")
    taker_per_share: Amount = Field(default=Decimal("0.0030"), description="money per share")
    maker_bp: fees.BasisPoints = Field(
        default=Decimal(0), description="basis points of the notional"
    )
    taker_bp: fees.BasisPoints = Field(
        default=Decimal(0), description="basis points of the notional"
    )

    @model_validator(mode="after")
    def _by_schedule(self) -> Fees:
        problems: list[tuple[str, str]] = []
        if self.schedule is None:
            if self.tier is not None:
                problems = [("fees.tier", "is of a schedule; name one, such as nasdaq")]
        else:
            problems = [
                (
                    f"fees.{name}",
                    f'and schedule = "{self.schedule}" contradict each other; leave one out',
                )
                for name in _FEE_NUMBERS
                if name in self.model_fields_set
            ]
            key = "fees.schedule"
            try:
                schedule = fees.load(self.schedule)
                key = "fees.tier"
                tier = schedule.tier(self.tier)
                self.__dict__.update({name: getattr(tier, name) for name in _FEE_NUMBERS})
            except ConfigError as error:
                problems += [(key, f"{error.source}: {problem}") for problem in error.problems]
            except PyscalpError as error:
                problems.append((key, str(error)))
        if problems:
            raise PydanticCustomError("several", "several", {"problems": problems})
        return self

    def gives(self, name: str) -> bool:
        """False for the numbers that are the schedule's."""
        return self.schedule is None or name not in _FEE_NUMBERS
