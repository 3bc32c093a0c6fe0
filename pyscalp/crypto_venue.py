"""What a session at a crypto venue needs to know first: the venue's rules, and a key."""

from __future__ import annotations

import json
import os
import secrets
import stat
import string
import sys
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pyscalp.config import Config
from pyscalp.config_sections import Instrument
from pyscalp.errors import PyscalpError, os_reason

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CONNECT_S = 5.0
_INTERVALS_NS = {
    "SECOND": 10**9,
    "MINUTE": 60 * 10**9,
    "HOUR": 3_600 * 10**9,
    "DAY": 86_400 * 10**9,
}
_RUN_NAME = string.ascii_lowercase + string.digits
_RUN_LETTERS = 10


@dataclass(frozen=True)
class ApiKey:
    """A key to sign requests with. Its text and repr hold no secret."""

    kind: str
    key: str = field(repr=False)
    secret: str = field(repr=False)

    def to_core(self) -> dict[str, str]:
        """The form that the engine takes."""
        return {"kind": self.kind, "key": self.key, "secret": self.secret}


def read_api_key(config: Config) -> ApiKey:
    """The key that ``[binance]`` names, or the one of the environment.

    A key file is TOML, readable by its owner alone: ``[hmac]`` with ``api_key`` and
    ``secret``, or ``[ed25519]`` with ``api_key`` and ``private_key``, the path of a PEM
    file of PKCS#8, from the key file's own folder on.

    Raises
    ------
    PyscalpError
        If there is none, others may read the file, or it is not as it should be.
    """
    section = config.binance
    if section.key_file is None:
        key, secret = (os.environ.get(f"PYSCALP_API_{name}", "") for name in ("KEY", "SECRET"))
        if key and secret:
            kind = "ed25519" if secret.lstrip().startswith("-----BEGIN") else "hmac"
            return ApiKey(kind, key, secret)
        raise PyscalpError(
            "there is no API key: set binance.key_file, or PYSCALP_API_KEY and "
            "PYSCALP_API_SECRET in the environment"
        )
    file = Path(section.key_file).expanduser()
    text = _read_secret(file)
    try:
        table = tomllib.loads(text)[section.key]
        key = str(table["api_key"])
        if section.key == "hmac":
            return ApiKey("hmac", key, str(table["secret"]))
        return ApiKey("ed25519", key, _read_secret(file.parent / str(table["private_key"])))
    except (ValueError, KeyError, TypeError):
        needs = "secret" if section.key == "hmac" else "private_key"
        raise PyscalpError(
            f"the key file {file} has no [{section.key}] with api_key and {needs}"
        ) from None


def _read_secret(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            if mode & 0o077:
                raise PyscalpError(
                    f"{file} can be read by others (mode {mode:04o}); run: chmod 600 {file}"
                )
            return opened.read()
    except (OSError, UnicodeDecodeError) as error:
        why = os_reason(error) if isinstance(error, OSError) else "it is no text"
        raise PyscalpError(f"cannot read the key file {file}: {why}") from None


def venue_rules(config: Config) -> dict[str, Any]:
    """What the venue says of the configured instruments, held against the configuration.

    Returns
    -------
    dict
        ``symbols`` with the filters as the venue writes them, ``limits`` as (kind,
        interval in ns, limit), and ``run``, a name that no other run has.

    Raises
    ------
    PyscalpError
        If the venue cannot be asked, does not trade an instrument, or says another tick
        or lot.
    """
    info = _exchange_info(config)
    listed = {entry.get("symbol"): entry for entry in info.get("symbols", [])}
    return {
        "symbols": [_symbol(one, listed.get(one.symbol), config) for one in config.instruments],
        "limits": [
            (limit["rateLimitType"], _INTERVALS_NS[limit["interval"]] * limit["intervalNum"],
             limit["limit"])
            for limit in info.get("rateLimits", [])
            if limit.get("interval") in _INTERVALS_NS
        ],
        "run": "".join(secrets.choice(_RUN_NAME) for _ in range(_RUN_LETTERS)),
    }  # fmt: skip


def _exchange_info(config: Config) -> dict[str, Any]:
    from pyscalp import _core

    rest = str(config.binance.rest)
    spot = config.venue.protocol == "binance-spot"
    path = "/api/v3/exchangeInfo" if spot else "/fapi/v1/exchangeInfo"
    if spot:  # of USD-M there is but the whole list
        names = ",".join(f'"{one.symbol}"' for one in config.instruments)
        path += f"?symbols=[{names}]".replace('"', "%22")
    try:
        client = _core.HttpsClient(
            rest, ca_file=config.binance.ca_file or "", connect_within_s=_CONNECT_S
        )
    except OSError as error:
        raise PyscalpError(f"{error} (binance.rest)") from None
    if not client.wait_open(_CONNECT_S):
        raise PyscalpError(f"no connection to {rest}: {client.failure}; check [binance]")
    answer = client.request("GET", path)
    client.close()
    if answer["fate"] != "answered":
        raise PyscalpError(f"{rest} did not answer: {answer['reason']}")
    try:
        told = json.loads(answer["body"])
    except ValueError:
        told = None
    if answer["status"] != 200 or not isinstance(told, dict):
        said = told.get("msg", "") if isinstance(told, dict) else "no JSON"
        raise PyscalpError(
            f"{rest}{path.split('?')[0]} answered {answer['status']}"
            + (f": {said}" if said else "")
        )
    return told


def _symbol(instrument: Instrument, entry: dict[str, Any] | None, config: Config) -> dict[str, str]:
    name = instrument.symbol
    if entry is None:
        raise PyscalpError(f"{config.binance.rest} does not trade {name}; check [[instruments]]")
    if entry.get("status") != "TRADING":
        raise PyscalpError(f"{name} is not traded now: its status is {entry.get('status')}")
    filters = {one.get("filterType"): one for one in entry.get("filters", [])}
    price, lots = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
    least = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    found = {
        "symbol": name,
        "base": str(entry.get("baseAsset", "")),
        "quote": str(entry.get("quoteAsset", "")),
        "tick": str(price.get("tickSize", "")),
        "step": str(lots.get("stepSize", "")),
        "min_price": str(price.get("minPrice", "")),
        "max_price": str(price.get("maxPrice", "")),
        "min_qty": str(lots.get("minQty", "")),
        "max_qty": str(lots.get("maxQty", "")),
        "min_notional": str(least.get("minNotional", least.get("notional", ""))),
    }
    for key, ours, theirs in (
        ("tick", instrument.tick, found["tick"]),
        ("lot", instrument.lot, found["step"]),
    ):
        if _number(theirs) != ours:
            raise PyscalpError(
                f"{name} has {key} = {theirs or 'none'} at the venue, the configuration says "
                f"{ours}; set it in [[instruments]]"
            )
    return found


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
