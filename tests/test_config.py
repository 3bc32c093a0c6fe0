"""The configuration: what it accepts, what it refuses, and what becomes of it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscalp.config import Config
from pyscalp.config_problems import _all_keys, _field_at, key_lines, toml_value
from pyscalp.config_sections import Instrument, Risk
from pyscalp.duration import ClockTime, Duration
from pyscalp.errors import ConfigError, PyscalpError

ROOT = Path(__file__).resolve().parents[1]

RISK = """
[risk]
aum = 1_000_000
max_order_qty = 100
max_order_value = 50_000
price_collar = "1%"
max_position = 200
max_orders_working = 16
rate_limit = 200
rate_window = "1s"
rate_share = "90%"
stale_after = "300ms"
depth_share = "10%"
depth_levels = 10
depth_window = "1s"
drawdown = "1.5%"
max_losing_trades = 60
max_rejects = 20
"""
SMALLEST = '[[instruments]]\nsymbol = "AMZN"\n' + RISK


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Config.loads(text, source="a.toml")
    return [str(problem) for problem in caught.value.problems]


def only_problem(text: str) -> str:
    (problem,) = problems(text)
    return problem


# -- durations and times ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0s", 0),
        ("1ns", 1),
        ("50us", 50_000),
        ("50µs", 50_000),
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("1m30s", 90_000_000_000),
        ("2h", 7_200_000_000_000),
    ],
)
def test_duration(text: str, nanos: int) -> None:
    assert Duration.parse(text) == nanos


@pytest.mark.parametrize("text", ["", "5", "s", "5 parsecs", "-1s", "1s garbage", "0.5ns", "1e9h"])
def test_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|whole nanoseconds"):
        Duration.parse(text)


@given(st.integers(min_value=0, max_value=2**53))
def test_duration_is_written_as_it_is_read(nanos: int) -> None:
    assert Duration.parse(str(Duration(nanos))) == nanos


@given(st.integers(min_value=0, max_value=86_400 * 10**9 - 1))
def test_clock_time_is_written_as_it_is_read(nanos: int) -> None:
    assert ClockTime.parse(str(ClockTime(nanos))) == nanos


@pytest.mark.parametrize("text", ["9", "24:00", "09:60", "09:45:60", "nine"])
def test_not_a_clock_time(text: str) -> None:
    with pytest.raises(ValueError, match="time of day"):
        ClockTime.parse(text)


# -- round trips and the engine's form --------------------------------------------------


def test_included_is_complete_and_comes_back_equal() -> None:
    config = Config.included()
    assert Config.loads(config.to_toml()) == config
    assert config.exchange.driver == "agents"
    assert not config.venue.named


@pytest.mark.parametrize("name", ["paper.toml", "amzn_replay.toml", "four_signals.toml"])
def test_examples_load_and_come_back_equal(name: str) -> None:
    config = Config.load(ROOT / "examples" / name)
    assert Config.loads(config.to_toml()) == config


def test_paper_example_is_the_included_configuration() -> None:
    """But for the losses, which are there to show them."""
    paper = Config.load(ROOT / "examples" / "paper.toml")
    assert paper.replace("exchange", loss_a=0, loss_b=0) == Config.included()


def test_core_form_is_integers() -> None:
    config = Config.loads(
        SMALLEST
        + '[fees]\nmaker_bp = -0.25\ntaker_bp = "2.5"\n[session]\nstart = "09:45"\nend = 15:30:00\n'
        '[tactics]\ntarget = 0.0123\nexit_after = "30s"\n'
    )
    core = config.to_core()
    assert core["fees"] == {
        "maker_per_share": -2_000_000,
        "taker_per_share": 3_000_000,
        "maker_notional_e6": -25,
        "taker_notional_e6": 250,
    }
    assert core["instruments"] == [
        {"symbol": "AMZN", "tick": 10_000_000, "unit_tick": "0.01", "lot": "1"}
    ]
    assert core["tactics"]["target"] == 12_300_000
    assert core["tactics"]["exit_after"] == 30 * 10**9
    assert core["risk"]["aum"] == 10**15
    assert core["risk"]["drawdown_e6"] == 15_000
    assert core["risk"]["depth_share_e6"] == 100_000
    assert core["risk"]["stale_after"] == 300_000_000
    assert core["engine"]["session_start"] == (9 * 60 + 45) * 60 * 10**9
    assert core["engine"]["session_end"] == (15 * 60 + 30) * 60 * 10**9
    assert core["venue"]["orders"] == ["127.0.0.1", 26402]
    assert set(core) == {
        "venue", "binance", "fees", "instruments", "signals", "combination", "tactics", "risk",
        "engine", "seed",
    }  # fmt: skip


CRYPTO = (
    '[venue]\nprotocol = "binance-usdm"\n[[instruments]]\nsymbol = "BTCUSDT"\n'
    "tick = 0.1\nlot = 0.001\n"
    "opening = 60_000\n[fees]\nmaker_per_share = 0\ntaker_per_share = 0\nmaker_bp = 2\n"
    "[tactics]\norder_qty = 0.002\nsweep_qty = 0.01\ntarget = 12.5\n"
    + RISK.replace("max_order_qty = 100", "max_order_qty = 0.01").replace(
        "max_position = 200", "max_position = 0.02"
    )
)


def test_the_engine_counts_lots() -> None:
    core = Config.loads(CRYPTO).to_core()
    assert core["instruments"][0]["tick"] == 100_000  # 0.1 for one, 0.0001 for a lot
    assert core["tactics"]["order_qty"] == 2
    assert core["tactics"]["target"] == 12_500_000
    assert (core["risk"]["max_order_qty"], core["risk"]["max_position"]) == (10, 20)
    assert core["risk"]["max_order_value"] == 50_000 * 10**9, "money is money"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("order_qty = 0.002", "order_qty = 0.0025", "must be a multiple of the lot, 0.001"),
        ("lot = 0.001", "lot = 0.000000001", "must be a multiple of 0.00000001"),
        ("opening = 60_000", "", "add for example opening = 60_000"),
        ("maker_per_share = 0", "", "a crypto venue has none of"),
        ('"BTCUSDT"', '"BTC"', "ends in no quote asset"),
        ('protocol = "binance-usdm"', 'protocol = "itch"', "shares come whole"),
        ("[tactics]", '[binance]\nstreams = "wss://x:1"\n[tactics]', "binance.api: is missing"),
        ("[tactics]", '[binance]\nstreams = "x:1"\n[tactics]', "must be an address such as"),
    ],
)  # fmt: skip
def test_mistakes_of_a_crypto_venue(before: str, after: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.loads(CRYPTO.replace(before, after))
    assert said in str(caught.value)


def test_exchange_form_adds_the_driver() -> None:
    config = Config.included().replace("exchange", loss_a="5%", speed=None)
    form = config.to_exchange(b"day", "record.csv", Duration.parse("2s"))
    assert form["exchange"]["loss_a"] == 0.05
    assert form["exchange"]["speed"] == 20.0
    assert form["exchange"]["day"] == b"day"
    assert form["exchange"]["duration"] == 2 * 10**9
    assert form["risk"] == config.to_core()["risk"]


def test_prices_never_pass_through_a_float() -> None:
    config = Config.loads(
        SMALLEST + "[tactics]\ntarget = 0.123456789\nstop = 9_000_000.000000001\n"
    )
    assert config.to_core()["tactics"]["target"] == 123_456_789
    assert config.to_core()["tactics"]["stop"] == 9_000_000_000_000_001


@given(st.decimals(min_value=0, max_value=9_000_000_000, places=9).filter(lambda d: d > 0))
def test_any_amount_comes_back_equal(amount: Decimal) -> None:
    config = Config.loads(SMALLEST).replace("risk", aum=amount)
    assert Config.loads(config.to_toml()) == config
    assert config.to_core()["risk"]["aum"] == int(amount.scaleb(9))


# -- mistakes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n, f in Risk.model_fields.items() if f.is_required()])
def test_every_limit_must_be_written(name: str) -> None:
    text = re.sub(rf"^{name} = .*\n", "", SMALLEST, flags=re.MULTILINE)
    problem = only_problem(text)
    assert problem.startswith(f"line 4: risk.{name}: is missing")
    assert f"{name} = " in problem


def test_missing_sections_are_named_with_what_belongs_in_them() -> None:
    first, second = problems("")
    assert "instruments: is missing" in first
    assert "risk: the section is missing" in second
    assert "max_position" in second


def test_every_mistake_at_once_with_its_line() -> None:
    text = (
        '[venue]\nusername = "TOOLONGNAME"\norders = "localhost:1"\n'
        '[exchange]\ndriver = "replay"\n'
        '[[instruments]]\nsymbol = "AMZN"\n[[instruments]]\nsymbol = "AMZN"\ntick = 0\n'
        "[signals.mean_reversion]\nbars = 1\n"
        + RISK.replace("max_position = 200", "max_position = -5")
    )
    found = problems(text)
    assert [problem.split(":")[:2] for problem in found] == [
        ["line 2", " venue.username"],
        ["line 3", " venue.orders"],
        ["line 4", " exchange.file"],
        ["line 10", " instruments.1.tick"],
        ["line 12", " signals.mean_reversion.bars"],
        ["line 19", " risk.max_position"],
    ]
    assert "must be greater than 0; it is -5" in found[-1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('[tactics]\nexit_afer = "5s"', "did you mean exit_after?"),
        ("[tactics]\nmax_position = 5", "belongs under [risk]"),
        ("[tactics]\nxyzzy = 5", "known here: order_qty"),
        ("[tactics]\norder_qty = 10.5", "must be a whole number"),
        ('[tactics]\norder_qty = "10"', "must be a whole number"),
        ("[tactics]\norder_qty = true", "must be a whole number"),
        ("[tactics]\norder_qty = 150", "150 is above risk.max_order_qty, 100"),
        ("[tactics]\ntarget = 0.0123456789", "more than 9 decimals"),
        ("[tactics]\ntarget = nan", "not NaN"),
        ("[tactics]\nstop = 1e20", "is too large"),
        ('[tactics]\nstop = "cheap"', "must be a decimal number"),
        ("[tactics]\nexit_after = 5", 'write "5ms" or "5s"'),
        ('[tactics]\nexit_after = "50s"', "must be shorter than tactics.hold_limit, 50s"),
        ('[tactics]\nhold_limit = "60s"', "must lie between 100ms and 54s"),
        ('[tactics]\npassive_wait = "0s"', "must lie between 1ms and 1h"),
        ('[tactics]\nstyle = "fast"', "must be one of 'choose', 'maker' or 'taker'"),
        ("[exchange]\nspeed = 0", "must be at least 1"),
        ("[exchange]\nloss_a = 5", 'for 5 percent write "5%"'),
        ('[exchange]\nfile = "x"', "agents read no file"),
        ('[exchange]\nfrom = "09:45"', "agents begin at the open"),
        ('[exchange]\nfrom = "24:45"', "is not a time of day"),
        ('[session]\nstart = "10:00"\nend = "09:00"', "must be later than session.start, 10:00"),
        ('[venue]\nfeed_a = "10.0.0.1:5"', "must be a multicast group"),
        ('[venue]\ninterface = "eth0"', "must be an IPv4 address of this host"),
        ("[signals]\nmean_reversion = 5", "must be a section of its own"),
        ("[signals.mean_reversion]\nenabled = 1", "must be true or false"),
        ('[signals.book_imbalance]\nthreshold = "0.5"', "must be a number, without quotes"),
        ("[signals.momentum]\nday_curve = [1, 2]", "must be a list of 48 numbers"),
        ("[signals.momentum]\nday_curve = 1", "must be a list of 48 numbers"),
        ("[fees]\nmaker_bp = 0.001", "more than 2 decimals"),
    ],
)
def test_each_mistake_has_its_remedy(line: str, said: str) -> None:
    problem = only_problem(SMALLEST + line + "\n")
    assert said in problem
    assert re.match(r"line \d+: ", problem)


def test_some_endpoints_are_not_a_venue() -> None:
    found = problems(SMALLEST + '[venue]\norders = "127.0.0.1:1"\n')
    assert [re.sub(r"line \d+: (.*?):.*", r"\1", p) for p in found] == [
        "venue.feed_a", "venue.feed_b", "venue.retransmission",
    ]  # fmt: skip


VENUE = '[venue]\nfeed_a = "239.1.1.1:1"\nfeed_b = "239.1.1.2:1"\norders = "127.0.0.1:1"\n'


def test_a_venue_may_have_snapshots_in_place_of_retransmission_or_beside_it() -> None:
    snapshot, retransmission = 'snapshot = "127.0.0.1:3"\n', 'retransmission = "127.0.0.1:2"\n'
    assert "venue.retransmission" in only_problem(SMALLEST + VENUE)
    for lines, expected in (
        (snapshot, (None, ["127.0.0.1", 3])),
        (retransmission, (["127.0.0.1", 2], None)),
        (snapshot + retransmission, (["127.0.0.1", 2], ["127.0.0.1", 3])),
    ):
        config = Config.loads(SMALLEST + VENUE + lines)
        venue = config.to_core()["venue"]
        assert (venue["retransmission"], venue["snapshot"]) == expected
        assert Config.loads(config.to_toml()) == config
    # The included exchange always retransmits, and has snapshots unless a venue is
    # named that has none.
    assert Config.loads(SMALLEST).to_exchange()["venue"]["snapshot"] == ["127.0.0.1", 26403]
    alone = Config.loads(SMALLEST + VENUE + snapshot).to_exchange()["venue"]
    assert alone["retransmission"] == ["127.0.0.1", 26401]
    alone = Config.loads(SMALLEST + VENUE + retransmission).to_exchange()["venue"]
    assert alone["snapshot"] is None


def test_what_a_snapshot_is_taken_for() -> None:
    venue = Config.loads(SMALLEST).to_core()["venue"]
    assert (venue["snapshot_beyond"], venue["snapshot_names"]) == (10_000, "next")
    text = SMALLEST + '[venue]\nsnapshot_beyond = 0\nsnapshot_names = "last"\n'
    venue = Config.loads(text).to_core()["venue"]
    assert (venue["snapshot_beyond"], venue["snapshot_names"]) == (0, "last")
    assert "at least 0" in only_problem(SMALLEST + "[venue]\nsnapshot_beyond = -1\n")
    assert "'next' or 'last'" in only_problem(SMALLEST + '[venue]\nsnapshot_names = "both"\n')


def test_a_symbol_named_twice() -> None:
    problem = only_problem('[[instruments]]\nsymbol = "AMZN"\n' + SMALLEST)
    assert problem == 'line 4: instruments.1.symbol: "AMZN" is there already; name it once'


def test_less_than_one_request() -> None:
    problem = only_problem(SMALLEST.replace("rate_limit = 200", "rate_limit = 1"))
    assert "less than one request" in problem


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bar = 1s", 'a value with a unit stands in quotes: "1s"'),
        ("drawdown = 1.5%", 'stands in quotes: "1.5%"'),
        ("style = maker", 'text stands in quotes: "maker"'),
        ("x = ", "not TOML"),
        ("aum = 1\naum = 2", "twice"),
    ],
)
def test_bad_syntax(line: str, said: str) -> None:
    found = problems("[session]\nseed = 1\n" + line + "\n" + SMALLEST)
    assert any(said in problem for problem in found)


def test_several_lines_of_bad_syntax_and_other_mistakes_at_once() -> None:
    text = SMALLEST.replace('"1.5%"', "1.5%").replace('"300ms"', "300ms").replace("= 20\n", "= 0\n")
    found = problems(text)
    assert [problem.split(":")[0] for problem in found] == ["line 14", "line 18", "line 20"]
    assert "missing" not in "".join(found)


def test_a_broken_header_leaves_only_the_syntax() -> None:
    assert len(problems("[risk\n" + SMALLEST)) == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="No such file"):
        Config.load(tmp_path / "none.toml")
    with pytest.raises(PyscalpError, match="directory"):
        Config.load(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"a = 1\n\xff")
    with pytest.raises(PyscalpError, match=r"not text in UTF-8 \(byte 6\)"):
        Config.load(tmp_path / "bytes.toml")


def test_an_option_that_is_wrong_is_named_without_a_line() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.included().replace("exchange", speed=-1.0, loss_a="nine")
    assert sorted(problem.key for problem in caught.value.problems) == [
        "exchange.loss_a", "exchange.speed",
    ]  # fmt: skip
    assert {problem.line for problem in caught.value.problems} == {0}


# -- lines --------------------------------------------------------------------------------


def test_key_lines_of_a_hard_text() -> None:
    text = "\n".join([
        "# [not.a.section]",
        'a = "[x] # y"',
        "[b . 'c']",
        'd = """',
        "e = 1",
        '"""',
        "f = [",
        "  1, # ]",
        "  2]",
        "g.h = 3",
        "[[i]]",
        "j = { k = 1, l = 'm = 2' }",
        "[[i]]",
        "j = 1",
        "[i.n]",
        "o = 1",
    ])  # fmt: skip
    assert key_lines(text) == {
        ("a",): 2,
        ("b", "c"): 3,
        ("b", "c", "d"): 4,
        ("b", "c", "f"): 7,
        ("b", "c", "g", "h"): 10,
        ("i", 0): 11,
        ("i", 0, "j"): 12,
        ("i", 0, "j", "k"): 12,
        ("i", 0, "j", "l"): 12,
        ("i", 1): 13,
        ("i", 1, "j"): 14,
        ("i", 1, "n"): 15,
        ("i", 1, "n", "o"): 16,
    }


# -- the documentation --------------------------------------------------------------------


def test_documentation_names_every_key_and_its_default() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = {
        (section, key): default
        for section, body in re.findall(r"## `\[+([\w.]+)\]+`\n(.*?)(?=\n## |\Z)", text, re.DOTALL)
        for key, default in re.findall(r"^\| `(\w+)` \| (.*?) \|", body, re.MULTILINE)
    }
    expected = {}
    for path, key in _all_keys(Config):
        section, _, _ = _field_at(tuple(path.split(".")), Config) if path else (Instrument, "", [])
        assert section is not None
        for name in section.model_fields if not path else [key]:
            field = next(f for n, f in section.model_fields.items() if (f.alias or n) == name)
            default = (
                None
                if field.is_required()
                else field.get_default(call_default_factory=True, validated_data={})
            )
            expected[path or "instruments", name] = (
                "none, must be written"
                if field.is_required()
                else "–"
                if default is None
                else f"`{toml_value(default) if default != {} else '{}'}`"
            )
    assert rows == expected
