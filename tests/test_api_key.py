"""API keys come from a file of one's own or the environment, and show nowhere."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from pyscalp.crypto_venue import ApiKey, read_api_key
from pyscalp.errors import PyscalpError

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYD\n-----END PRIVATE KEY-----\n"


def config(key_file: Path | None, kind: str = "hmac") -> SimpleNamespace:
    named = None if key_file is None else str(key_file)
    return SimpleNamespace(binance=SimpleNamespace(key_file=named, key=kind))


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "keys.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


HMAC = f'[hmac]\napi_key = "{KEY}"\nsecret = "{SECRET}"\n'
ED25519 = f'[ed25519]\napi_key = "{KEY}"\nprivate_key = "key.pem"\n'


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    key = read_api_key(config(key_file(tmp_path, HMAC)))
    assert (key.kind, key.key, key.secret) == ("hmac", KEY, SECRET)
    assert read_api_key(config(key_file(tmp_path, HMAC, 0o400))) == key


def test_the_private_key_is_a_file_beside_it(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text(PEM, encoding="utf-8")
    pem.chmod(0o600)
    key = read_api_key(config(key_file(tmp_path, ED25519), "ed25519"))
    assert (key.kind, key.secret) == ("ed25519", PEM)
    pem.chmod(0o640)
    with pytest.raises(PyscalpError, match=r"key\.pem can be read by others \(mode 0640\)"):
        read_api_key(config(key_file(tmp_path, ED25519), "ed25519"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, HMAC, mode)
    with pytest.raises(PyscalpError) as caught:
        read_api_key(config(file))
    assert str(caught.value) == (
        f"{file} can be read by others (mode {mode:04o}); run: chmod 600 {file}"
    )


@pytest.mark.parametrize(
    "text",
    [
        HMAC.replace("secret =", "sekret ="),
        HMAC.replace("[hmac]", "[other]"),
        HMAC + "broken",
        HMAC.replace('"\n', "\n"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_its_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(PyscalpError) as caught:
        read_api_key(config(key_file(tmp_path, text)))
    assert SECRET not in str(caught.value)
    # No error of the parser, which could quote the file, is shown behind it.
    assert caught.value.__suppress_context__
    assert "[hmac] with api_key and secret" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="cannot read the key file"):
        read_api_key(config(tmp_path / "none.toml"))


def test_the_environment_is_read_where_no_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYSCALP_API_KEY", raising=False)
    monkeypatch.delenv("PYSCALP_API_SECRET", raising=False)
    with pytest.raises(PyscalpError, match="there is no API key"):
        read_api_key(config(None))
    monkeypatch.setenv("PYSCALP_API_KEY", KEY)
    monkeypatch.setenv("PYSCALP_API_SECRET", SECRET)
    assert read_api_key(config(None)) == ApiKey("hmac", KEY, SECRET)
    monkeypatch.setenv("PYSCALP_API_SECRET", PEM)
    assert read_api_key(config(None)).kind == "ed25519"


def test_no_text_of_a_key_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    key = ApiKey("hmac", KEY, SECRET)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(__name__).info("signing with %s %r", key, key)
    for text in (repr(key), str(key), f"{key}", repr([key]), caplog.text):
        assert KEY not in text
        assert SECRET not in text
    # It goes where it is handed to, and is what it was.
    assert pickle.loads(pickle.dumps(key)).secret == SECRET
