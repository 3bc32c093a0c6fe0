"""Fee schedules: those that come with pyscalp, one's own, and what is wrong with a file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pyscalp import Config, ConfigError, PyscalpError, fees
from pyscalp.config_problems import tomllib

ROOT = Path(__file__).resolve().parents[1]

OWN = """
title = "ours"
[[tiers]]
name = "small"
volume_min = 0
maker_bp = 1
taker_bp = 4.5
[[tiers]]
name = "large"
volume_min = 1_000_000
maker_bp = -0.25
taker_bp = 3
taker_per_share = 0.001
"""


def own(folder: Path, text: str = OWN) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["nasdaq", "binance_spot", "binance_futures"])
def test_shipped_schedules_say_what_they_are_and_where_from(name: str) -> None:
    assert name in fees.shipped()
    schedule = fees.load(name)
    assert "-like" in schedule.title
    assert schedule.source
    assert schedule.as_of[:2] == "20"
    text = (ROOT / "pyscalp" / "fee_schedules" / f"{name}.toml").read_text()
    assert text.startswith("# ")
    # Read here without pyscalp's own code.
    raw = tomllib.loads(text, parse_float=Decimal)["tiers"]
    for tier, plain in zip(schedule.tiers, raw, strict=True):
        for key, value in plain.items():
            assert getattr(tier, key) == value
    volumes = [tier for tier in schedule.tiers if tier.volume_min is not None]
    assert volumes[0].volume_min == 0
    ranked = sorted(volumes, key=lambda tier: tier.volume_min or 0)
    makers = [tier.in_bp(100)[0] for tier in ranked]
    assert makers == sorted(makers, reverse=True), "who trades more pays no more"


def test_the_first_of_nasdaq_is_the_default_of_a_configuration() -> None:
    tier = fees.load("nasdaq").tier()
    usual = Config.included().fees
    assert (tier.maker_per_share, tier.taker_per_share) == (
        usual.maker_per_share, usual.taker_per_share,
    )  # fmt: skip


def test_fees_by_the_share_become_basis_points_by_a_price() -> None:
    tier = fees.load("nasdaq").tier("add_0.25")
    assert tier.in_bp(100) == pytest.approx((-0.27, 0.30))
    assert tier.in_bp(Decimal("12.5")) == pytest.approx((-2.16, 2.40))
    for price in (None, 0, -1):
        with pytest.raises(PyscalpError, match="price"):
            tier.in_bp(price)
    assert fees.load("binance_spot").tier("vip0").in_bp() == (10, 10)


def test_one_of_ones_own(tmp_path: Path) -> None:
    schedule = fees.load(own(tmp_path))
    assert schedule.names == ["small", "large"]
    assert schedule.tier().name == "small"
    assert schedule.tier_for(999_999).name == "small"
    assert schedule.tier_for(1_000_000).name == "large"
    assert schedule.tier("large").in_bp(20) == pytest.approx((-0.25, 3.5))
    with pytest.raises(PyscalpError, match="there are small, large"):
        schedule.tier("vip")
    with pytest.raises(PyscalpError, match="no tier begins at or below"):
        fees.load("binance_futures").tier_for(-1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("maker_bp = 1", "maker_bp = 500", "line 6: tiers.0.maker_bp: must be at most 100"),
        ("maker_bp = 1", "maker = 1", "line 6: tiers.0.maker: is not known"),
        ("maker_bp = 1", "maker_bp = 1 %", "line 6: "),
        ('name = "large"', 'name = "small"', '"small" is there twice'),
        ('name = "large"', "", "tiers.1.name: is missing"),
        (OWN, 'title = "empty"', r"add \[\[tiers\]\]"),
        ("volume_min = 0", "volume_min = -1", "line 5: tiers.0.volume_min: must be at least 0"),
    ],
)
def test_mistakes_of_a_file_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in OWN
    with pytest.raises(ConfigError, match=said) as caught:
        fees.load(own(tmp_path, OWN.replace(old, new, 1)))
    assert "own.toml" in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="No such file"):
        fees.load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PyscalpError, match="not text in UTF-8"):
        fees.load(tmp_path / "bytes.toml")


# -- in a configuration -------------------------------------------------------------------


def included(**values: object) -> Config:
    return Config.included().replace("fees", **values)


def test_a_schedule_gives_the_engine_its_numbers(tmp_path: Path) -> None:
    assert included(schedule="nasdaq", tier="add_0.70").to_core()["fees"] == {
        "maker_per_share": -2_900_000, "taker_per_share": 3_000_000,
        "maker_notional_e6": 0, "taker_notional_e6": 0,
    }  # fmt: skip
    config = included(schedule=str(own(tmp_path)), tier="large")
    assert config.to_core()["fees"] == {
        "maker_per_share": 0, "taker_per_share": 1_000_000,
        "maker_notional_e6": -25, "taker_notional_e6": 300,
    }  # fmt: skip


def test_what_is_written_is_read_back_and_shows_the_numbers() -> None:
    config = included(schedule="binance_futures", tier="vip3")
    text = config.to_toml()
    assert "\n# maker_bp = 1.2  #" in text
    assert Config.loads(text) == config
    # And it can be changed, as the numbers are the schedule's.
    assert config.replace("fees", tier="vip9").fees.taker_bp == Decimal("1.7")
    assert Config.loads(text).replace("fees", tier="vip9").fees.maker_bp == 0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('schedule = "nasdaq"\nmaker_bp = 1', "line 3: fees.maker_bp: and schedule"),
        ('schedule = "nasdak"', "line 2: fees.schedule: there is no fee schedule"),
        ('schedule = "nasdaq"\ntier = "add"', "line 3: fees.tier: there is no tier"),
        ('tier = "vip1"', "line 2: fees.tier: is of a schedule"),
        ('schedule = "none.toml"', "line 2: fees.schedule: cannot read the fee schedule none"),
    ],
)
def test_contradictions_are_named_with_their_line(lines: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.loads(f"[fees]\n{lines}\n")
    assert any(str(problem).startswith(said) for problem in caught.value.problems)


def test_mistakes_of_the_file_it_names_are_named(tmp_path: Path) -> None:
    path = own(tmp_path, OWN.replace("taker_bp = 4.5", 'taker_bp = "much"'))
    with pytest.raises(ConfigError, match=r"fees.schedule: .*own.toml: line 7: tiers.0.taker_bp"):
        included(schedule=str(path))
