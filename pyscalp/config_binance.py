"""The section ``[binance]``: a venue of Binance's protocols, or the included one."""

from __future__ import annotations

import urllib.parse
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pyscalp.config_sections import Section


def _url(*schemes: str) -> AfterValidator:
    example = f"{schemes[0]}://127.0.0.1:9443"

    def check(text: str) -> str:
        try:
            parts = urllib.parse.urlsplit(text)
            whole = parts.scheme in schemes and parts.hostname and (parts.port or True)
        except ValueError:
            whole = False
        if not whole:
            raise ValueError(f'must be an address such as "{example}"')
        if parts.query or parts.fragment or parts.username:
            raise ValueError("must be a scheme, a host, a port and a path, and nothing else")
        return text.rstrip("/")

    return AfterValidator(check)


StreamUrl = Annotated[str, _url("wss", "ws")]
RestUrl = Annotated[str, _url("https", "http")]


class Binance(Section):
    """A crypto venue, for ``venue.protocol`` "binance-spot" and "binance-usdm"."""

    streams: StreamUrl | None = Field(
        default=None, description="market data; without it the included exchange is started"
    )
    api: StreamUrl | None = Field(default=None, description="orders over a WebSocket")
    rest: RestUrl | None = Field(default=None, description="REST: snapshots, rules, balances")
    order_path: Literal["websocket", "rest"] = Field(
        default="websocket", description="which of the two orders go by"
    )
    connections: int = Field(
        default=2, ge=1, le=2, description="that carry the same streams; the first copy counts"
    )
    depth: Literal["100ms", "0ms"] = Field(
        default="100ms", description="interval of depth updates; 0ms: each change, where offered"
    )
    ca_file: str | None = Field(
        default=None, min_length=1, description="certificates to trust; else this machine's own"
    )
    key_file: str | None = Field(
        default=None,
        min_length=1,
        description="API keys, TOML, mode 0600; else PYSCALP_API_KEY and PYSCALP_API_SECRET "
        "of the environment",
    )
    key: Literal["hmac", "ed25519"] = Field(
        default="hmac", description="which key of key_file to sign with"
    )

    @property
    def named(self) -> bool:
        """True if the addresses of a venue are given."""
        return self.streams is not None

    def missing(self) -> list[str]:
        """The addresses that are not given, where some are."""
        names = ("streams", "api", "rest")
        absent = [name for name in names if getattr(self, name) is None]
        return absent if len(absent) < len(names) else []
