"""`pyscalp run` at the crypto venue over TLS: it trades, agrees, and says what is wrong."""

from __future__ import annotations

import json
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from processes import Command, run_command

from pyscalp.config import Config
from pyscalp.crypto_venue import venue_rules
from pyscalp.errors import PyscalpError
from pyscalp.exchange import exchange_process, joined

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _core.has_binance, reason="built without simdjson"),
]

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / "examples" / "binance_paper.toml").read_text(encoding="utf-8")


def eager(text: str) -> str:
    """The example, trading for the sake of trading."""
    for before, after in (
        ("speed = 20 ", "speed = 60 "),
        ("threshold = 0.4", "threshold = 0.1\nhorizon_gain = 10.0"),
        ('persistence = "50ms"', 'persistence = "0s"'),
        ('passive_wait = "1s"', 'passive_wait = "300ms"'),
        ('exit_after = "5s"', 'exit_after = "1s"'),
        ("max_losing_trades = 60", "max_losing_trades = 1000"),
    ):
        assert before in text, before
        text = text.replace(before, after)
    return text


SPOT = (
    ("binance-usdm", "binance-spot"),
    ("binance_futures", "binance_spot"),
    ("tick = 0.1", "tick = 0.01"),
    ("lot = 0.001 ", "lot = 0.00001 "),
)


def variant(*changes: tuple[str, str]) -> str:
    text = eager(EXAMPLE)
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


class Ran(NamedTuple):
    """A run that has ended."""

    folder: Path
    summary: dict[str, Any]
    fills: pl.DataFrame
    trades: pl.DataFrame


def ran(folder: Path, text: str, seconds: int = 6) -> Ran:
    folder.mkdir(parents=True)
    config = folder / "config.toml"
    config.write_text(text, encoding="utf-8")
    out = folder / "run"
    done = run_command("run", str(config), "--duration", f"{seconds}s", "--out", str(out), "--json")
    assert done.status == 0, done.err
    return Ran(
        out,
        json.loads((out / "summary.json").read_text(encoding="utf-8")),
        pl.read_parquet(out / "fills.parquet"),
        pl.read_parquet(out / "trades.parquet"),
    )


REST = ('protocol = "binance-usdm"', 'protocol = "binance-usdm"\n[binance]\norder_path = "rest"')


@pytest.fixture(
    scope="module",
    params=[(), SPOT, (REST,)],
    ids=["futures", "spot", "futures_by_rest"],
)
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A session at each kind of venue, orders by WebSocket or by REST."""
    return ran(tmp_path_factory.mktemp("crypto") / "session", variant(*request.param))


def test_it_trades_and_the_ledger_is_the_exchanges_record(session: Ran) -> None:
    assert session.fills.height > 0
    agreement = session.summary["reconciliation"]
    assert agreement["agrees"], agreement["differences"]
    assert agreement["fills_compared"] > 0
    assert not any(session.summary["final_positions"].values())


def test_no_position_is_held_for_a_minute(session: Ran) -> None:
    assert session.trades["holding_ns"].max() < 60 * 10**9


def test_nothing_is_allocated_while_it_trades(session: Ran) -> None:
    assert session.summary["allocations"] == 0


def test_tables_are_in_coins_and_their_prices(session: Ran) -> None:
    prices = session.fills["price_e9"].to_numpy() / 1e9
    assert ((prices > 50_000) & (prices < 70_000)).all()
    assert session.fills["qty"].max() <= 0.01 + 1e-12
    opened = session.trades["entry_notional_e9"].to_numpy() / 1e9
    assert opened == pytest.approx(session.trades["qty"].to_numpy() * 60_000, rel=0.1)


def test_the_economics_of_coins_are_those_of_the_run(session: Ran) -> None:
    done = run_command("economics", str(session.folder), "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["maker_share"] == pytest.approx(session.summary["maker_share"])


def test_spot_sells_what_it_has(session: Ran) -> None:
    if "binance-spot" not in (session.folder / "config.toml").read_text(encoding="utf-8"):
        pytest.skip("futures may be short")
    assert set(session.trades["side"].cast(pl.String)) == {"buy"}


def test_the_key_is_in_nothing_that_a_run_writes(session: Ran) -> None:
    keys = session.folder / "exchange" / "keys"
    secrets = [
        line.split('"')[1]
        for line in (keys / "keys.toml").read_text(encoding="ascii").splitlines()
        if line.startswith(("secret", "api_key"))
    ]
    assert len(secrets) == 3
    for file in session.folder.rglob("*"):
        if file.is_file() and keys not in file.parents:
            text = file.read_bytes()
            assert not any(secret.encode() in text for secret in secrets), file


def test_lost_depth_makes_the_book_stale_and_nothing_is_traded_on_it(tmp_path: Path) -> None:
    # Both connections carry the same stream, but each loses what the exchange drops.
    lossy = (
        'driver = "agents"',
        '[exchange.crypto]\ndepth_loss = 0.2\n[exchange]\ndriver = "agents"',
    )
    text = variant(lossy).replace("[exchange]\n[exchange.crypto]", "[exchange.crypto]", 1)
    run = ran(tmp_path / "lossy", text)
    assert run.summary["reconciliation"]["agrees"]
    assert run.summary["engine"]["gaps"] > 1
    assert run.summary["engine"]["orders_in_gap"] == 0


# -- what is wrong is said ----------------------------------------------------------------


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The included exchange, and a configuration that names its addresses."""
    with exchange_process(Config.loads(EXAMPLE), tmp_path_factory.mktemp("venue")) as exchange:
        yield joined(Config.loads(EXAMPLE), exchange.wait_ready())


def refused(folder: Path, config: Config) -> str:
    """What a run says that cannot start."""
    file = folder / "config.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    done = run_command("run", str(file), "--duration", "5s", "--out", str(folder / "run"))
    assert done.status == 2, done.err
    return done.words


def test_rules_are_the_venues(venue: Config) -> None:
    rules = venue_rules(venue)
    assert rules["symbols"][0]["symbol"] == "BTCUSDT"
    assert Decimal(rules["symbols"][0]["step"]) == Decimal("0.001")
    assert ("ORDERS", 10 * 10**9, 300) in rules["limits"]
    assert venue_rules(venue)["run"] != rules["run"]


def test_another_tick_than_the_venues(venue: Config) -> None:
    other = Config.loads(EXAMPLE.replace("tick = 0.1", "tick = 0.2"))
    with pytest.raises(PyscalpError, match=r"has tick = 0.10? at the venue"):
        venue_rules(other.replace("binance", **dict(venue.binance)))


def test_a_symbol_it_does_not_trade(venue: Config) -> None:
    other = Config.loads(EXAMPLE.replace('"BTCUSDT"', '"ETHUSDT"'))
    with pytest.raises(PyscalpError, match="does not trade ETHUSDT"):
        venue_rules(other.replace("binance", **dict(venue.binance)))


def test_an_authority_that_did_not_sign_the_certificate(venue: Config, tmp_path: Path) -> None:
    said = refused(tmp_path, venue.replace("binance", ca_file=None))
    assert "self-signed" in said or "unknown" in said or "not trusted" in said, said


def test_a_key_the_venue_does_not_know(venue: Config, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.touch(mode=0o600)
    keys.write_text('[hmac]\napi_key = "abc"\nsecret = "def"\n', encoding="ascii")
    said = refused(tmp_path, venue.replace("binance", key_file=str(keys)))
    assert "the venue refused the API key" in said, said


def test_a_key_file_that_others_may_read(venue: Config, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text('[hmac]\napi_key = "abc"\nsecret = "def"\n', encoding="ascii")
    keys.chmod(0o644)
    assert "chmod 600" in refused(tmp_path, venue.replace("binance", key_file=str(keys)))


def test_nobody_at_the_address(venue: Config, tmp_path: Path) -> None:
    said = refused(tmp_path, venue.replace("binance", rest="https://127.0.0.1:1"))
    assert "no connection to https://127.0.0.1:1" in said, said


def test_several_instruments_are_several_runs(tmp_path: Path) -> None:
    second = '[[instruments]]\nsymbol = "ETHUSDT"\ntick = 0.01\nlot = 0.001\nopening = 2_500\n'
    config = Config.loads(EXAMPLE.replace("[signals.mean", second + "\n[signals.mean", 1))
    assert "one run trades one instrument" in refused(tmp_path, config)


def test_the_exchange_is_killed_in_mid_session(tmp_path: Path) -> None:
    config, out = tmp_path / "config.toml", tmp_path / "run"
    config.write_text(variant(), encoding="utf-8")
    with Command("run", str(config), "--out", str(out)) as command:
        command.wait_trading(out)
        os.kill(command.exchange(), signal.SIGKILL)
        ended = command.end()
    assert "the exchange ended in mid-session by SIGKILL" in ended.words
    assert ended.status not in (0, 1)


def test_ctrl_c_stops_flat(tmp_path: Path) -> None:
    config, out = tmp_path / "config.toml", tmp_path / "run"
    config.write_text(variant(), encoding="utf-8")
    with Command("run", str(config), "--out", str(out)) as command:
        command.wait_trading(out)
        command.signal()
        ended = command.end()
    assert ended.status == 0, ended.err
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["reconciliation"]["agrees"]
    assert not any(summary["final_positions"].values())
