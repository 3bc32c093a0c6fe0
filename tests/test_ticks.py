"""Equity ticks: reading them as events, finding a day's files, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from processes import run_command
from recorded import itch_day
from ticks import QUOTES, TRADES, messages, write_ticks

import pyscalp
from pyscalp import NO_PRICE, CutFileError, EventFlag, EventKind, EventSide, ReadError, _core
from pyscalp.config import Config
from pyscalp.config_sections import Instrument
from pyscalp.errors import PyscalpError
from pyscalp.formats.lean import TickName, member_name, zip_name
from pyscalp.recorded_day import read_recorded_day
from pyscalp.replay import replay
from pyscalp.tick_day import read_tick_day

# -- as events --------------------------------------------------------------------------


def test_quotes_are_touches(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "abc", QUOTES + "34200200,0,0,1003000,9,N,8,1\n")
    with pyscalp.read(folder / "20131007_quote.zip") as reader:
        events = reader.read_all()
    assert reader.format == "lean"
    assert reader.packings == ("zip",)
    assert reader.instruments == {1: "ABC"}
    assert reader.summary == "Lean equity ticks: 5 messages, 5 events, 1 suspicious rows"
    assert events["kind"].tolist() == [EventKind.TOUCH] * 4 + [EventKind.OTHER]
    assert events["side"].tolist()[:4] == [EventSide.BUY, EventSide.SELL] * 2
    assert events["price"].tolist() == [10_000_000_000, 10_020_000_000] * 2 + [NO_PRICE]
    assert events["qty"].tolist() == [500, 400, 700, 400, 0]
    assert events["venue_time"][2] == 34_200_100_000_000
    assert set(events["code"][:4]) == {b"Q", b"P"}


def test_trades_keep_their_conditions(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "abc", trades=TRADES + "34200200,100100,7,D,4000,0")
    path = folder / "20131007_trade.zip"
    events = pyscalp.read(path).read_all()
    assert events["kind"].tolist() == [EventKind.TRADE] * 3
    assert events["other"].tolist() == [1, 0x20000020, 0x4000]
    assert set(events["flags"]) == {int(EventFlag.LAST)}
    table = pyscalp.read(path, day="2013-10-07").to_table()
    assert table["symbol"].to_pylist() == ["ABC"] * 3
    midnight = dt.datetime(2013, 10, 7, 4, tzinfo=dt.timezone.utc)  # New York's
    assert table["venue_time"].to_pylist()[0] == int(midnight.timestamp()) * 10**9 + 34_200_060 * (
        10**6
    )


def test_the_touch_of_a_quote_file_is_a_book(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "abc")
    ended = run_command("book", folder / "20131007_quote.zip", "--json")
    assert ended.status == 0, ended.err


def test_names() -> None:
    day = dt.date(2013, 10, 7)
    assert zip_name("20131007_quote.zip") == TickName(day, "quote")
    assert member_name("20131007_brk.b_Trade_Tick.csv") == TickName(day, "trade", "BRK.B")
    for name in ("20131307_quote.zip", "20131007_quotes.zip", "x20131007_quote.zip", "quote.zip"):
        assert zip_name(name) is None, name
    assert member_name("20131007_aig_Quote_Second.csv") is None


# -- as a day ---------------------------------------------------------------------------


def test_trades_come_before_quotes_of_their_millisecond(tmp_path: Path) -> None:
    day = read_tick_day([write_ticks(tmp_path / "abc")])
    assert day.date == dt.date(2013, 10, 7)
    assert day.symbols == ("ABC",)
    said = "".join(message.kind for message in messages(day.messages))
    # The trade at 09:30:00.100 took 50 shares before the quote of then said 400 again.
    assert said == "SRHSSAAEEAASSS"
    times = [message.time for message in messages(day.messages)]
    assert times == sorted(times)
    assert day.counters["ABC"]["at_touch"] == {"count": 2, "shares": 150}
    assert day.counters["ABC"]["quotes"] == 4


def test_every_way_to_name_a_day_is_the_same_day(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "market" / "abc")
    expected = read_tick_day([folder]).messages
    for path in (
        folder / "20131007_quote.zip",
        folder / "20131007_trade.zip",
        tmp_path / "market",
    ):
        assert read_tick_day([path]).messages == expected
    both = [folder / "20131007_quote.zip", folder / "20131007_trade.zip"]
    assert read_tick_day(both).messages == expected
    recorded = read_recorded_day(folder, "2013-10-07")
    assert recorded.touch_only
    assert recorded.date == dt.date(2013, 10, 7)
    assert recorded.title == "ABC 2013-10-07, touch and trades"


def test_instruments_are_merged_by_time(tmp_path: Path) -> None:
    write_ticks(tmp_path / "abc")
    write_ticks(tmp_path / "xyz", QUOTES.replace("34200100", "34200007"), symbol="xyz")
    write_ticks(tmp_path / "spy", quotes=None, symbol="spy")
    day = read_tick_day([tmp_path])
    assert day.symbols == ("ABC", "XYZ")
    times = [message.time for message in messages(day.messages)]
    assert times == sorted(times)
    assert {message.locate for message in messages(day.messages)} == {0, 1, 2}
    (sentence,) = day.left_out
    assert "spy has trades of 2013-10-07 but no quotes" in sentence


def test_streams_that_the_module_does_not_take() -> None:
    events = np.zeros(4, pyscalp.EVENT_DTYPE)
    for wrong in (np.zeros(4), events[::2], events.reshape(2, 2)):
        with pytest.raises(ValueError, match="a stream is"):
            _core.touch_day(["ABC"], [(1, wrong)])
    with pytest.raises(ValueError, match="1 to 8 characters"):
        _core.touch_day(["LONGSYMBOL"], [])


# -- what is refused --------------------------------------------------------------------


def refused(*paths: Path, date: str | None = None) -> str:
    with pytest.raises(PyscalpError) as caught:
        read_recorded_day(list(paths), date)
    return str(caught.value)


def test_trades_alone(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "spy", quotes=None)
    for path in (folder, folder / "20131007_trade.zip", tmp_path):
        said = refused(path)
        assert "has trades of 2013-10-07 but no quotes" in said
        assert "put 20131007_quote.zip beside them" in said
    folder = write_ticks(tmp_path / "x" / "abc", trades=None)
    assert "has quotes of 2013-10-07 but no trades" in refused(folder)


def test_days_that_are_not_there(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "abc")
    write_ticks(tmp_path / "abc", day="20131008")
    assert "2013-10-07, 2013-10-08; choose one day with --date" in refused(folder)
    assert "no ticks of 2014-01-02" in refused(folder, date="2014-01-02")
    assert "one such as 2013-10-07" in refused(folder, date="7 October")
    assert read_recorded_day(folder, "2013-10-08").date == dt.date(2013, 10, 8)
    assert read_recorded_day(folder / "20131008_trade.zip").date == dt.date(2013, 10, 8)
    later = write_ticks(tmp_path / "x" / "xyz", symbol="xyz", day="20131009")
    assert "xyz has no ticks of 2013-10-07" in refused(folder, later, date="2013-10-07")
    two = (folder / "20131007_quote.zip", folder / "20131008_quote.zip")
    assert "choose one day" in refused(*two)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no ticks" in refused(tmp_path / "empty")
    assert "there is no such file" in refused(tmp_path / "20131007_quote.zip")
    (tmp_path / "other.zip").write_bytes(b"PK\x03\x04")
    assert "is not named as a day of ticks is" in refused(tmp_path / "other.zip")
    assert "the variable in this path is not set" in refused(Path("$NO_SUCH_NAME/abc.zip"))
    assert refused() == "there is no file to replay"


def test_damaged_files(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "abc")
    quote = folder / "20131007_quote.zip"
    whole = quote.read_bytes()
    quote.write_bytes(whole[: len(whole) // 2])
    assert "damaged or cut zip archive" in refused(folder)
    at = whole.index(b"Tick.csv") + 12  # in the packed rows
    quote.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
    with pytest.raises(ReadError, match=r"20131007_quote\.zip"):
        read_recorded_day(folder)
    write_ticks(folder, quotes=QUOTES[:-4])
    with pytest.raises(CutFileError, match="its last record is not whole"):
        read_recorded_day(folder)
    write_ticks(folder, quotes=QUOTES.replace("700", "7e2"))
    assert "row 3 is no tick of Lean: 34200100,100000,7e2" in refused(folder)
    write_ticks(folder, quotes="")
    assert "unpacks to nothing" in refused(folder) or "is empty" in refused(folder)


def test_files_under_a_wrong_name(tmp_path: Path) -> None:
    folder = write_ticks(tmp_path / "abc", quotes=TRADES)
    assert "named for its quotes, but holds trades" in refused(folder)
    folder = write_ticks(tmp_path / "def")
    (folder / "20131007_quote.zip").rename(folder / "20131008_quote.zip")
    (folder / "20131007_trade.zip").rename(folder / "20131008_trade.zip")
    assert "is named for 2013-10-08, but holds 2013-10-07" in refused(folder)
    folder = write_ticks(tmp_path / "ghi", trades=None, symbol="ghi")
    write_ticks(folder, quotes=None, symbol="jkl")
    assert "are of GHI and JKL" in refused(folder)
    twins = write_ticks(tmp_path / "one"), write_ticks(tmp_path / "two")
    assert "ABC is there twice" in refused(*twins)


def test_a_date_or_a_second_file_with_an_itch_day(tmp_path: Path) -> None:
    file = tmp_path / "day.itch50"
    file.write_bytes(itch_day())
    assert "is one day as it is" in refused(file, date="2013-10-07")
    assert "is a second file" in refused(file, file)
    assert read_recorded_day(file).messages == itch_day()
    assert not read_recorded_day(file).touch_only


def test_a_calendar_of_releases_asks_for_the_day_that_the_ticks_are_of(tmp_path: Path) -> None:
    """An ITCH day of a name without a date does not know its own, ticks do."""
    releases = tmp_path / "releases.csv"
    releases.write_text("date,time,name\n2013-10-07,10:00,x\n")
    instruments = (Instrument(symbol="ABC"),)
    config = Config.included().replace("calendar", file=str(releases))
    fields = {name: getattr(config, name) for name in type(config).model_fields}
    config = Config(**(fields | {"instruments": instruments}))
    folder = write_ticks(tmp_path / "abc")
    assert replay(folder, config).summary["date"] == "2013-10-07"
    (tmp_path / "day.itch50").write_bytes(read_tick_day([folder]).messages)
    with pytest.raises(PyscalpError, match="tells no date"):
        replay(tmp_path / "day.itch50", config)


# -- the command ------------------------------------------------------------------------


def test_the_command_replays_a_small_day(tmp_path: Path) -> None:
    write_ticks(tmp_path / "abc")
    write_ticks(tmp_path / "spy", quotes=None, symbol="spy")
    ended = run_command("replay", tmp_path, "--json")
    assert ended.status == 0, ended.err
    assert "left out:" in ended.words
    printed = json.loads(ended.out)
    assert printed["date"] == "2013-10-07"
    assert printed["symbols"] == ["ABC"]
    assert printed["venue"] == "ABC 2013-10-07, touch and trades"
    assert printed["ticks"]["ABC"]["quotes"] == 4
    assert len(printed["left_out"]) == 1
    assert printed["messages"] == len("SRHSSAAEEAASSS")
    spy = run_command("replay", tmp_path / "spy")
    assert spy.status == 2
    assert "trades alone do not tell what could be bought or sold" in spy.words
