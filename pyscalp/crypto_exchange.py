"""The included exchange as a crypto venue: its certificate, its keys, its settings."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyscalp.config import Config
from pyscalp.config_instruments import split_symbol
from pyscalp.config_sections import Instrument
from pyscalp.duration import Duration
from pyscalp.errors import PyscalpError, os_reason
from pyscalp.level_day import read_level_day

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_QUOTE_BALANCE = 1_000_000
_VALID_DAYS = 30
_KEYS_HEAD = """\
# API keys of the included exchange's account. Whoever can read this can trade there.
"""


@dataclass(frozen=True)
class CryptoFiles:
    """What the exchange writes for its clients.

    Attributes
    ----------
    authority : Path
        Certificate to trust, PEM; made anew at every start.
    certificate, key : Path
        Of the server; made anew at every start.
    keys : Path
        TOML, mode 0600, kept from start to start: ``[hmac]`` with api_key and secret,
        ``[ed25519]`` with api_key and private_key, the path of a PEM file.
    """

    authority: Path
    certificate: Path
    key: Path
    keys: Path


def make_files(folder: str | Path, host: str) -> CryptoFiles:
    """Make the certificates, and the API keys where there are none yet.

    Raises
    ------
    PyscalpError
        If the folder or a file in it cannot be written.
    """
    from pyscalp import _core

    path = Path(os.path.expanduser(str(folder)))
    files = CryptoFiles(
        path / "authority.pem", path / "server.pem", path / "server.key", path / "keys.toml"
    )
    names = ["localhost", "127.0.0.1"]
    names += [host] if host not in (*names, "0.0.0.0") else []
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _core.make_certificates(
            str(files.authority), str(files.certificate), str(files.key), names, _VALID_DAYS
        )
        if not files.keys.exists():
            _write_keys(files.keys)
    except OSError as error:
        raise PyscalpError(
            f"cannot write the exchange's keys below {path}: {os_reason(error) or error}"
        ) from None
    return files


def _write_keys(file: Path) -> None:
    from pyscalp import _core

    private_pem, public_pem = _core.make_ed25519()
    private = file.parent / "ed25519.pem"
    _write_secret(private, private_pem)
    (file.parent / "ed25519_public.pem").write_text(public_pem, encoding="ascii")
    _write_secret(
        file,
        _KEYS_HEAD + f'[hmac]\napi_key = "{_core.random_text(64)}"\n'
        f'secret = "{_core.random_text(64)}"\n\n'
        f'[ed25519]\napi_key = "{_core.random_text(64)}"\n'
        f'private_key = "{private.name}"\n',
    )


def _write_secret(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(text)


def read_keys(file: Path) -> list[dict[str, Any]]:
    """The keys as the exchange takes them.

    Raises
    ------
    PyscalpError
        If the file is not as `make_files` writes it.
    """
    try:
        told = tomllib.loads(file.read_text(encoding="ascii"))
        public_pem = (file.parent / "ed25519_public.pem").read_text(encoding="ascii")
        hmac, ed25519 = told["hmac"], told["ed25519"]
        return [
            {
                "account": 1,
                "api_key": hmac["api_key"],
                "secret": hmac["secret"],
                "public_pem": "",
            },
            {
                "account": 1,
                "api_key": ed25519["api_key"],
                "secret": "",
                "public_pem": public_pem,
            },
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise PyscalpError(
            f"{file} is not as the exchange writes it; remove it, and new keys are made"
        ) from None


def crypto_form(
    config: Config, files: CryptoFiles, record: str, duration: Duration | None
) -> dict[str, Any]:
    """The form of `pyscalp._core.CryptoExchangeServer`: integers, amounts at 1e-9."""
    section, crypto = config.exchange, config.exchange.crypto
    day = b""
    if section.driver == "replay" and section.file:
        day = read_level_day(section.file, config.instruments).messages
    return {
        "protocol": config.venue.protocol,
        "symbols": [_symbol(config, one) for one in config.instruments],
        "balances": [_balances(config)],
        "keys": read_keys(files.keys),
        "leverage": crypto.leverage,
        "weight_limit": crypto.weight_limit,
        "order_limit": crypto.order_limit,
        "ping_every": int(crypto.ping_every),
        "lifetime": int(crypto.lifetime),
        "depth_loss": float(crypto.depth_loss),
        "cut": float(crypto.cut),
        "unknown_answers": float(crypto.unknown_answers),
        "answer_delay": int(crypto.answer_delay),
        "seed": section.seed,
        "driver": section.driver,
        "day": day,
        "from": int(section.start or 0),
        "speed": section.pace,
        "duration": int(duration or 0),
        "listen": list(crypto.listen),
        "certificate": str(files.certificate),
        "key": str(files.key),
        "fees": config.to_core()["fees"],
        "record": record,
    }


def _symbol(config: Config, instrument: Instrument) -> dict[str, Any]:
    base, quote = split_symbol(instrument.symbol) or ("", "")
    spot = config.venue.protocol == "binance-spot"
    return {
        "symbol": instrument.symbol,
        "base": base,
        "quote": quote,
        "tick": _e9(instrument.tick),
        "step": _e9(instrument.lot),
        # Spot writes eight decimals always, USD-M those of the tick as it is written.
        "price_decimals": 8 if spot else _decimals(instrument.tick),
        "qty_decimals": 8 if spot else _decimals(instrument.lot),
        "min_notional": _e9(instrument.min_notional),
        "opening": _e9(instrument.opening or Decimal(0)),
    }


def _balances(config: Config) -> dict[str, int]:
    balances = {asset: _e9(amount) for asset, amount in config.exchange.crypto.balances.items()}
    for instrument in config.instruments:
        _, quote = split_symbol(instrument.symbol) or ("", "")
        balances.setdefault(quote, _e9(Decimal(_QUOTE_BALANCE)))
    return balances


def _decimals(step: Decimal) -> int:
    exponent = step.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _e9(amount: Decimal) -> int:
    return int(amount.scaleb(9))
