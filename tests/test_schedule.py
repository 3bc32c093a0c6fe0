"""Which signal counts when: combination, regimes and the calendar of releases."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pyscalp.config import Config
from pyscalp.errors import ConfigError, PyscalpError
from pyscalp.release_calendar import date_in_name, read_releases, times_of
from pyscalp.replay import replay

MINUTE = 60 * 10**9
OPEN = (9 * 60 + 30) * MINUTE

LIMITS = "[risk]" + Config.included().to_toml().partition("[risk]")[2].partition("[engine]")[0]
SMALLEST = '[[instruments]]\nsymbol = "AMZN"\n' + LIMITS


def test_weights_hold_in_their_part_of_the_day_and_the_usual_ones_else() -> None:
    core = Config.loads(
        SMALLEST
        + """
[combination]
rule = "sum"
momentum = 2
over = ["momentum > mean_reversion"]

[[regimes]]
from = "09:30"
to = "09:35"
mean_reversion = 0

[[regimes]]
from = "15:55"
to = "16:00"
entries = false
"""
    ).to_core()["combination"]
    usual = {"mean_reversion": 1, "book_imbalance": 1, "momentum": 2, "iceberg": 1, "user": 1}
    assert core["rule"] == "sum"
    assert core["weights"] == usual
    assert core["over"] == [["momentum", "mean_reversion"]]
    opening, closing = core["windows"]
    assert (opening["from"], opening["to"]) == (OPEN, OPEN + 5 * MINUTE)
    assert opening["weights"] == usual | {"mean_reversion": 0}
    assert opening["entries"]
    assert not closing["entries"]
    assert closing["weights"] == usual


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[combination]\nover = ["momentum"]', 'is not "a > b"'),
        ('[combination]\nover = ["momentum > luck"]', "of mean_reversion, book_imbalance"),
        ('[combination]\nover = ["momentum > momentum"]', "two different signals"),
        ("[combination]\nmomentum = -1", "must be at least 0"),
        ('[[regimes]]\nfrom = "10:00"\nto = "09:00"', "must be later than from, 10:00"),
        ('[[regimes]]\nfrom = "10:00"', "regimes.0.to: is missing"),
        ("[regimes]\nfrom = 1", "must be a list"),
        ('[calendar]\ndate = "21.06.2012"', "day of the market as YYYY-MM-DD"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.loads(SMALLEST + "\n" + text + "\n")
    assert says in str(raised.value)
    assert "line " in str(raised.value)


def test_the_configuration_as_used_reads_back() -> None:
    config = Config.loads(
        SMALLEST
        + '\n[combination]\nover = ["iceberg > momentum"]\n'
        + '[[regimes]]\nfrom = "09:30"\nto = "09:35"\nmomentum = 3\n'
        + '[calendar]\nonly = ["FOMC"]\n'
    )
    assert Config.loads(config.to_toml()) == config


CALENDAR = """date,time,name
2012-06-21,08:30,Initial claims
2012-06-21,10:00,Existing home sales
2012-06-21,10:00,Philadelphia Fed
2012-06-22,10:00,Nothing of the day before
"""


def calendar_config(path: Path, more: str = "") -> Config:
    return Config.loads(SMALLEST + f"\n[calendar]\nfile = {str(path)!r}\n" + more)


def test_nothing_is_entered_around_a_release(tmp_path: Path) -> None:
    path = tmp_path / "releases.csv"
    path.write_text(CALENDAR, encoding="utf-8")
    config = calendar_config(path, 'before = "30s"\nafter = "1m"\n')
    windows = config.to_core(dt.date(2012, 6, 21))["combination"]["windows"]
    assert [(w["from"], w["to"], w["entries"]) for w in windows] == [
        (OPEN - 60 * MINUTE - MINUTE // 2, OPEN - 59 * MINUTE, False),
        (OPEN + 30 * MINUTE - MINUTE // 2, OPEN + 31 * MINUTE, False),
    ]
    only = calendar_config(path, 'only = ["fed"]\ndate = "2012-06-21"\n')
    assert len(only.to_core()["combination"]["windows"]) == 1
    assert calendar_config(path).to_core(dt.date(2012, 6, 20))["combination"]["windows"] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day,time,name\n", "does not name the column date"),
        ("", "does not name the column date"),
        ("date,time,name\n2012-06-21,8h30,CPI\n", 'line 2: "2012-06-21 8h30" is not a date and'),
        ("date,time,name\n2012-06-21\n", "line 2"),
    ],
)
def test_a_bad_calendar_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "releases.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PyscalpError, match=says):
        read_releases(path)


def test_a_calendar_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="cannot read the calendar"):
        calendar_config(tmp_path / "none.csv").to_core()
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PyscalpError, match="not text in UTF-8"):
        read_releases(binary)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("AMZN_AAPL_2012-06-21.itch50.xz", dt.date(2012, 6, 21)),
        ("12302019.NASDAQ_ITCH50", dt.date(2019, 12, 30)),
        ("20131007_quote.zip", dt.date(2013, 10, 7)),
        ("market.itch50", None),
        ("99999999.itch50", None),
    ],
)
def test_the_name_of_a_recording_tells_its_day(name: str, day: dt.date | None) -> None:
    assert date_in_name(Path("folder_2001-01-01") / name) == day


def test_times_are_in_order_and_once(tmp_path: Path) -> None:
    path = tmp_path / "releases.csv"
    path.write_text(CALENDAR, encoding="utf-8")
    times = times_of(read_releases(path), dt.date(2012, 6, 21))
    assert [str(time) for time in times] == ["08:30", "10:00"]


def test_chosen_signals_keep_their_options() -> None:
    config = Config.loads(SMALLEST + "\n[signals.momentum]\nsurge = 5\n")
    chosen = config.with_signals(["momentum"])
    enabled = {
        name: getattr(chosen.signals, name).enabled
        for name in ("mean_reversion", "book_imbalance", "momentum", "iceberg")
    }
    assert [name for name, on in enabled.items() if on] == ["momentum"]
    assert chosen.signals.momentum.surge == 5
    everything = config.with_signals(["all"]).signals
    assert everything.iceberg.enabled
    assert everything.mean_reversion.enabled
    assert Config.loads(chosen.to_toml()) == chosen


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["momentun"], "did you mean momentum"),
        (["luck"], "there are mean_reversion, book"),
        ([""], 'no signal ""'),
    ],
)
def test_a_signal_that_is_none_is_said(names: list[str], says: str) -> None:
    with pytest.raises(PyscalpError, match=says):
        Config.included().with_signals(names)


def test_a_replay_says_what_its_day_does_not_have(tmp_path: Path) -> None:
    core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")
    day = tmp_path / "2012-06-21.itch50"
    day.write_bytes(core.simulate_day(1, 10**9, ["AMZN"]))
    path = tmp_path / "releases.csv"
    path.write_text(CALENDAR, encoding="utf-8")

    def left_out(*symbols: str, more: str = "") -> list[str]:
        named = "".join(f'[[instruments]]\nsymbol = "{symbol}"\n' for symbol in symbols)
        text = named + LIMITS + f"\n[calendar]\nfile = {str(path)!r}\n" + more
        config = Config.loads(text)
        return list(replay(day, config).summary["left_out"])

    assert left_out("AMZN") == []
    assert left_out("AMZN", "MSFT") == [f"left out: {day} does not name MSFT"]
    (sentence,) = left_out("AMZN", more='only = ["CPI"]\n')
    assert sentence.startswith(f"no release of {path} is on 2012-06-21 with a name")
    (sentence,) = left_out("AMZN", more='date = "2012-06-20"\n')
    assert sentence == f"no release of {path} is on 2012-06-20, so it stops no entry"
    with pytest.raises(PyscalpError, match=r"none of the instruments to trade \(MSFT\).*AMZN"):
        left_out("MSFT")
