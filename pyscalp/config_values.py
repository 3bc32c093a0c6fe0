"""Values of a configuration as people write them, read exactly.

Nothing passes through a binary float: a decimal stays a `Decimal` until the engine's
integers are made of it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, PlainValidator

from pyscalp.duration import ClockTime, Duration

_INT64_MAX = 2**63 - 1


def _decimal(value: object, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError(f'must be {what}, such as 0.01 or "0.01"')
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise ValueError(f'must be {what}, such as 0.01 or "0.01"') from None
    if not number.is_finite():
        raise ValueError(f"must be {what}, not {number}")
    return number


def _amount(value: object) -> Decimal:
    number = _decimal(value, "a decimal number")
    scaled = number.scaleb(9)
    if scaled != scaled.to_integral_value():
        raise ValueError("has more than 9 decimals; prices and money are exact to 1e-9")
    if abs(scaled) > _INT64_MAX:
        raise ValueError("is too large; the largest amount is 9,223,372,036")
    return number


def _quantity(value: object) -> Decimal:
    if isinstance(value, (bool, str)):
        raise ValueError("must be a whole number of the instrument's lots, such as 10")
    return _amount(value)


def _share(value: object) -> Decimal:
    if isinstance(value, str) and value.strip().endswith("%"):
        number = _decimal(value.strip()[:-1].strip(), "a share of a whole") / 100
    else:
        number = _decimal(value, "a share of a whole")
    if not 0 <= number <= 1:
        raise ValueError(
            f'must lie between 0 and 1, or "0%" and "100%"; for {number} percent write "{number}%"'
        )
    if number.scaleb(6) != number.scaleb(6).to_integral_value():
        raise ValueError("is finer than one millionth, the smallest step of a share")
    return number


def _plain_float(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _day_curve(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) not in (0, 48):
        raise ValueError("must be a list of 48 numbers, one for each half hour, or []")
    return tuple(value)


def _duration(shortest: str, longest: str) -> Callable[[object], Duration]:
    low, high = Duration.parse(shortest), Duration.parse(longest)

    def parse(value: object) -> Duration:
        if not isinstance(value, (str, Duration)):
            raise ValueError(f'needs its unit: write "{value}ms" or "{value}s" instead of {value}')
        nanos = value if isinstance(value, Duration) else Duration.parse(value)
        if not low <= nanos <= high:
            raise ValueError(f"must lie between {low} and {high}")
        return nanos

    return parse


def _clock(value: object) -> ClockTime:
    return value if isinstance(value, ClockTime) else ClockTime.parse(str(value))


class Endpoint(NamedTuple):
    """An IPv4 address and a port; port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _endpoint(multicast: bool) -> Callable[[object], Endpoint]:
    example = "239.255.10.1:26400" if multicast else "127.0.0.1:26402"

    def parse(value: object) -> Endpoint:
        if isinstance(value, Endpoint):
            return value
        host, colon, port = str(value).rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f'must be an address and a port, such as "{example}"')
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(f'"{host}" is not an IPv4 address; write it as "{example}"') from None
        if multicast and not address.is_multicast:
            raise ValueError(f'must be a multicast group, such as "{example}"')
        return Endpoint(host, int(port))

    return parse


def _interface(value: object) -> str:
    try:
        return str(ipaddress.IPv4Address(value if isinstance(value, str) else ""))
    except ValueError:
        raise ValueError('must be an IPv4 address of this host, such as "127.0.0.1"') from None


Amount = Annotated[Decimal, BeforeValidator(_amount)]
Quantity = Annotated[Decimal, BeforeValidator(_quantity)]
Share = Annotated[Decimal, BeforeValidator(_share)]
Real = Annotated[float, BeforeValidator(_plain_float), Field(allow_inf_nan=False)]
Group = Annotated[Endpoint, PlainValidator(_endpoint(multicast=True))]
Host = Annotated[Endpoint, PlainValidator(_endpoint(multicast=False))]
Interface = Annotated[str, PlainValidator(_interface)]
TimeOfDay = Annotated[ClockTime, PlainValidator(_clock)]
RefillWait = Annotated[Duration, PlainValidator(_duration("0s", "1s"))]
Wait = Annotated[Duration, PlainValidator(_duration("0s", "1h"))]
Patience = Annotated[Duration, PlainValidator(_duration("1ms", "1h"))]
Delay = Annotated[Duration, PlainValidator(_duration("0s", "1h"))]
Lifetime = Annotated[Duration, PlainValidator(_duration("100ms", "24h"))]
Window = Annotated[Duration, PlainValidator(_duration("1ms", "1h"))]
Holding = Annotated[Duration, PlainValidator(_duration("100ms", "54s"))]
Staleness = Annotated[Duration, PlainValidator(_duration("1ms", "10s"))]
DayCurve = Annotated[
    tuple[Annotated[Real, Field(ge=0.001, le=1000)], ...], BeforeValidator(_day_curve)
]
