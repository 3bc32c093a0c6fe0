"""The included exchange as a crypto venue: keys of ``[exchange.crypto]``."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, field_validator

from pyscalp.config_base import Section
from pyscalp.config_values import Amount, Delay, Endpoint, Host, Lifetime, Share
from pyscalp.duration import Duration


class CryptoExchange(Section):
    """The included exchange where `venue.protocol` is one of a crypto venue."""

    listen: Host = Field(
        default=Endpoint("127.0.0.1", 26443),
        description="address and port of REST, streams and order API, all over TLS",
    )
    folder: str = Field(
        default="crypto-exchange",
        min_length=1,
        description="where the certificate, its authority and the API keys are written",
    )
    balances: dict[str, Amount] = Field(
        default_factory=dict,
        description="what the account has of each asset; 1,000,000 of a quote asset not named",
    )
    leverage: int = Field(default=20, ge=1, le=125, description="of USD-M, for margin")
    weight_limit: int = Field(
        default=6000, ge=1, le=10**9, description="request weight that an address has a minute"
    )
    order_limit: int = Field(
        default=300, ge=1, le=10**9, description="orders that an account has in 10 s"
    )
    ping_every: Delay = Field(
        default=Duration.parse("0s"),
        description="between pings; 0s: the protocol's own, 20 s on spot, 3 min on USD-M",
    )
    lifetime: Lifetime = Field(
        default=Duration.parse("24h"), description="of a WebSocket, until it is cut"
    )
    depth_loss: Share = Field(
        default=Decimal(0), description="share of depth updates that are not sent"
    )
    cut: Share = Field(
        default=Decimal(0), description="share of stream messages behind which the link is cut"
    )
    unknown_answers: Share = Field(
        default=Decimal(0), description="share of orders that are taken and answered by 503"
    )
    answer_delay: Delay = Field(
        default=Duration.parse("0s"), description="by which every answer is late"
    )

    @field_validator("balances")
    @classmethod
    def _not_below_zero(cls, balances: dict[str, Decimal]) -> dict[str, Decimal]:
        for asset, amount in balances.items():
            if amount < 0:
                raise ValueError(f"of {asset} must not be below 0")
        return balances
