"""`pyscalp record` at a crypto venue: what is in its files, what is missing, how it fails."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crypto_client import Venue, configuration, running
from processes import Command, Ended, run_command
from websockets.exceptions import ConnectionClosed

import pyscalp
from pyscalp.cli import status_of
from pyscalp.config_sections import Instrument
from pyscalp.errors import EXIT_NOT_WRITTEN, EXIT_OK, EXIT_USER
from pyscalp.level_day import read_level_day
from pyscalp.record_session import EXIT_INCOMPLETE
from pyscalp.reference.depth_book import DepthBook, exact

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

PROTOCOLS = ("binance-spot", "binance-usdm")
STEPS = {"binance-spot": "0.00001", "binance-usdm": "0.001"}
CAPTURE = "binance/usdm_btcusdt_20240808.gz"


def settings(venue: Venue, folder: Path, more: str = "") -> Path:
    """A configuration that names a running venue."""
    root = f"127.0.0.1:{venue.port}"
    path = folder / "venue.toml"
    path.write_text(
        configuration(folder, venue.protocol)
        + f'[binance]\nstreams = "wss://{root}"\napi = "wss://{root}/ws"\n'
        f'rest = "https://{root}"\nca_file = "{venue.authority}"\n{more}'
    )
    return path


def lines_of(path: Path) -> list[tuple[int, str]]:
    """Time of receipt and message of each line, read without pyscalp's own code."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    assert text.endswith("\n")
    rows = [line.partition(" ") for line in text.splitlines()]
    return [(int(stamp), message) for stamp, _, message in rows]


def key(message: dict[str, Any]) -> tuple[str, int]:
    """Stream and id of a message."""
    data = message["data"]
    kind = data.get("e", "bookTicker")
    return message["stream"], data[{"trade": "t", "aggTrade": "a"}.get(kind, "u")]


class Listener:
    """What a plain client of `websockets` is told meanwhile."""

    def __init__(self, venue: Venue, depth: str) -> None:
        self.texts: dict[tuple[str, int], str] = {}
        spot = venue.protocol == "binance-spot"
        names = [f"btcusdt@depth@{depth}", "btcusdt@bookTicker"]
        targets = (
            [f"/stream?streams={'/'.join([*names, 'btcusdt@trade'])}"]
            if spot
            else [
                f"/public/stream?streams={'/'.join(names)}",
                "/market/stream?streams=btcusdt@aggTrade",
            ]
        )
        self._over = threading.Event()
        sockets = [venue.connect(target) for target in targets]
        self._threads = [threading.Thread(target=self._listen, args=(one,)) for one in sockets]
        for thread in self._threads:
            thread.start()

    def _listen(self, one: Any) -> None:
        with one, contextlib.suppress(ConnectionClosed):
            while True:
                try:
                    text = one.recv(timeout=0.3)
                except TimeoutError:
                    if self._over.is_set():
                        return
                    continue
                self.texts[key(json.loads(text))] = text
                if self._over.is_set():
                    return

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def recorded(
    venue: Venue, folder: Path, out: Path, seconds: float, *options: str, more: str = ""
) -> tuple[Ended, list[dict[str, Any]]]:
    """Record for so long; the venue's own snapshots of the time come along."""
    snapshots = []
    arguments = ["record", "--config", settings(venue, folder, more), "--out", out, "--json"]
    with Command(*arguments, *options) as command:
        command.wait_until(lambda: out.exists() and out.stat().st_size > 0, "it recorded")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.2)
            parameters = {"symbol": "BTCUSDT", "limit": 1000}
            with contextlib.suppress(OSError):
                snapshots.append(venue.rest("GET", "/depth", parameters)[1])
        time.sleep(0.2)
        command.signal(signal.SIGINT)
        return command.end(), snapshots


def lots(step: str, rows: list[list[str]]) -> list[tuple[int, int]]:
    """Levels of a snapshot as the reference book has them."""
    decimals = len(step.partition(".")[2])
    return [
        (exact(price, 9) // 10**decimals, exact(f"{qty}", 8) // 10 ** (8 - decimals))
        for price, qty in rows
    ]


def assert_books(
    path: Path, protocol: str, snapshots: list[dict[str, Any]], most: int = 5000
) -> int:
    """At each snapshot's id: reference, `pyscalp.Books` and the venue say the same book."""
    step = STEPS[protocol]
    wanted = {one["lastUpdateId"]: one for one in snapshots}
    reference = DepthBook(futures=protocol == "binance-usdm", step=step)
    places: list[tuple[int, int]] = []
    for number, (_, text) in enumerate(lines_of(path), start=1):
        message = json.loads(text)
        if "lastUpdateId" in message:
            reference.take(text)
        elif "depth" in message["stream"]:
            reference.take(text)
            if reference.joined and message["data"]["u"] in wanted:
                told = wanted[message["data"]["u"]]
                bids, asks = reference.levels(5000)
                assert bids[:most] == lots(step, told["bids"])[:most]
                assert asks[:most] == lots(step, told["asks"])[:most]
                places.append((number, message["data"]["u"]))
    assert reference.gaps == 0
    books = pyscalp.Books()
    with pyscalp.read(path) as reader:
        events = reader.read_all()
        assert reader.counters["gaps"] == reader.counters["undecodable"] == 0
        books.name(reader.instruments)
        scale = reader.qty_scale
    at = 0
    for number, update in places:
        end = int(np.searchsorted(events["sequence"], number, side="right"))
        books.apply(events[at:end])
        at = end
        told = wanted[update]
        for side, rows in (("buy", told["bids"]), ("sell", told["asks"])):
            levels = books.levels("BTCUSDT", side, 5000)
            found = list(zip(levels.price.tolist(), levels.qty.tolist(), strict=True))
            digits = len(str(scale)) - 1
            assert found[:most] == [(exact(p, 9), exact(q, digits)) for p, q in rows][:most]
    return len(places)


# -- what is in the files -----------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_books_and_messages_are_the_venue_s(protocol: str, tmp_path: Path) -> None:
    out = tmp_path / "a.gz"
    with running(tmp_path, protocol) as venue:
        listener = Listener(venue, "0ms")
        ended, snapshots = recorded(venue, tmp_path, out, 10, more='depth = "0ms"')
        listener.end()
    assert ended.status == EXIT_OK, ended.err
    printed = json.loads(ended.out)
    assert printed["complete"]
    assert json.loads((tmp_path / "a.gz.json").read_text()) == printed
    rows = lines_of(out)
    assert printed["messages"] == len(rows) > 500
    assert printed["repeated"] > 300
    stamps = [stamp for stamp, _ in rows]
    assert stamps == sorted(stamps)
    assert (stamps[0], stamps[-1]) == (printed["first_time"], printed["last_time"])
    assert 0 <= time.time_ns() - stamps[-1] < 120e9
    assert assert_books(out, protocol, snapshots) >= 10
    texts: dict[tuple[str, int], str] = {}
    for _, text in rows:
        message = json.loads(text)
        if "stream" in message:
            assert key(message) not in texts, "twice"
            texts[key(message)] = text
    assert sum("lastUpdateId" in text for _, text in rows) == printed["snapshots"] == 1
    compared = 0
    for stream in {stream for stream, _ in texts}:
        ids = [number for of, number in texts if of == stream]
        for (of, number), text in listener.texts.items():
            if of == stream and min(ids) <= number <= max(ids):
                assert texts[of, number] == text
                compared += 1
    assert compared > 500


def test_a_replayed_capture(market_data: Path, tmp_path: Path) -> None:
    """Real books through the exchange and back into a file, which the exchange plays again."""
    exchange = f'driver = "replay"\nfile = "{market_data / CAPTURE}"\nspeed = 3'
    out = tmp_path / "a.gz"
    with running(tmp_path, "binance-usdm", exchange) as venue:
        listener = Listener(venue, "0ms")
        ended, snapshots = recorded(venue, tmp_path, out, 10, more='depth = "0ms"')
        listener.end()
    assert ended.status == EXIT_OK, ended.err
    # The venue's snapshots end at 1,000 levels, and what lies beyond is not known.
    assert assert_books(out, "binance-usdm", snapshots, most=200) >= 5
    told = {json.loads(text)["data"]["u"] for _, text in lines_of(out) if "@depth" in text}
    heard = [number for (stream, number) in listener.texts if "@depth" in stream]
    inside = [number for number in heard if min(told) <= number <= max(told)]
    assert set(inside) <= told
    assert len(inside) > 200
    again = tmp_path / "again"
    again.mkdir()
    exchange = f'driver = "replay"\nfile = "{out}"\nspeed = 1'
    with running(again, "binance-usdm", exchange) as venue:
        ended, snapshots = recorded(venue, again, again / "b", 4, more='depth = "0ms"')
    assert ended.status == EXIT_OK, ended.err
    assert assert_books(again / "b", "binance-usdm", snapshots, most=200) >= 2


def test_a_recording_is_a_day(tmp_path: Path) -> None:
    """Its own exchange, started for it; and what it wrote can be played and read."""
    config = tmp_path / "a.toml"
    config.write_text(configuration(tmp_path, "binance-usdm"))
    out = tmp_path / "a.txt"
    ended = run_command("record", "--config", config, "--duration", "4s", "--out", out)
    assert ended.status == EXIT_OK, ended.err
    assert "missing nothing" in " ".join(ended.out.split())
    with pyscalp.read(out) as reader:
        assert reader.format == "binance"
        assert len(reader.read_all()) > 100
    assert pyscalp.book(out, tables=("top",)).top.num_rows > 10
    usdm = Instrument(symbol="BTCUSDT", tick="0.10", lot="0.001")
    counted = read_level_day(out, [usdm]).counters["BTCUSDT"]
    assert counted["snapshots"] == 1
    assert counted["updates"] > 10
    assert counted["refused"] == 0


def test_several_symbols_in_one_file(tmp_path: Path) -> None:
    """Each snapshot names its symbol, which the venue's own answer does not on spot."""
    text = configuration(tmp_path, "binance-spot")
    second = '[[instruments]]\nsymbol = "ETHUSDT"\ntick = "0.01"\nlot = "0.0001"\nopening = 3_000\n'
    config = tmp_path / "a.toml"
    config.write_text(text + second)
    out = tmp_path / "a.gz"
    # The included exchange numbers trades across its symbols: by number some are missing.
    arguments = ["--config", config, "--streams", "depth,bookTicker", "--duration", "5s"]
    ended = run_command("record", *arguments, "--out", out)
    assert ended.status == EXIT_OK, ended.err
    snapshots = [json.loads(text) for _, text in lines_of(out) if "lastUpdateId" in text]
    assert sorted(one["stream"] for one in snapshots) == [
        "btcusdt@depthSnapshot",
        "ethusdt@depthSnapshot",
    ]
    with pyscalp.read(out) as reader:
        events = reader.read_all()
        books = pyscalp.Books(reader.instruments)
        assert reader.counters["gaps"] == 0
    books.apply(events)
    for symbol, decimals in (("BTCUSDT", 5), ("ETHUSDT", 4)):
        reference = DepthBook(futures=False, step="0." + "1".zfill(decimals))
        for _, text in lines_of(out):
            message = json.loads(text)
            if symbol.lower() in message["stream"] and "depth" in message["stream"]:
                reference.take(text)
        assert reference.gaps == 0
        bids, asks = reference.levels(1000)
        for side, rows in (("buy", bids), ("sell", asks)):
            prices = books.levels(symbol, side, 1000).price.tolist()
            assert prices == [price * 10**decimals for price, _ in rows]
            assert prices


def test_streams_that_are_chosen(tmp_path: Path) -> None:
    config = tmp_path / "a.toml"
    config.write_text(configuration(tmp_path, "binance-spot"))
    out = tmp_path / "a.gz"
    arguments = ["--config", config, "--streams", "aggTrade, bookTicker", "--messages", "40"]
    ended = run_command("record", *arguments, "--out", out, "--json")
    assert ended.status == EXIT_OK, ended.err
    printed = json.loads(ended.out)
    assert printed["end"] == "messages"
    assert printed["messages"] == len(lines_of(out)) == 40
    assert printed["snapshots"] == printed["kinds"]["depth"] == printed["kinds"]["trade"] == 0


# -- what is missing ------------------------------------------------------------------------


def last_whole(path: Path) -> list[tuple[int, str]]:
    """The lines from the last snapshot on, and the changes before it that reach past it."""
    rows = lines_of(path)
    at = max(number for number, (_, text) in enumerate(rows) if "lastUpdateId" in text)
    base = json.loads(rows[at][1])["lastUpdateId"]
    before = [
        row for row in rows[:at] if "@depth" in row[1] and json.loads(row[1])["data"]["u"] >= base
    ]
    return [rows[at], *before, *rows[at + 1 :]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_lost_changes_are_named_and_the_book_is_asked_for_again(
    protocol: str, tmp_path: Path
) -> None:
    out = tmp_path / "a.gz"
    with running(tmp_path, protocol, crypto="depth_loss = 0.2") as venue:
        ended, _ = recorded(venue, tmp_path, out, 6, more="connections = 1")
    assert ended.status == EXIT_INCOMPLETE, ended.err
    assert "changes of depth are missing" in ended.words
    printed = json.loads(ended.out)
    futures = protocol == "binance-usdm"
    last, breaks = 0, []
    for _, text in lines_of(out):
        message = json.loads(text)
        if "@depth" not in message.get("stream", ""):
            continue
        data = message["data"]
        before = data["pu"] if futures else data["U"] - 1
        if last and before != last:
            breaks.append({"symbol": "BTCUSDT", "after": last, "before": before})
        last = data["u"]
    assert breaks == printed["gap_ids"]
    assert len(breaks) == printed["gaps"] > 0
    assert printed["snapshots"] > 1
    if not printed["unfinished"]:
        reference = DepthBook(futures=futures, step=STEPS[protocol])
        for _, text in last_whole(out):
            if "epth" in text or "lastUpdateId" in text:
                reference.take(text)
        with pyscalp.read(out) as reader:
            events = reader.read_all()
            books = pyscalp.Books(reader.instruments)
        books.apply(events)
        bids, _ = reference.levels(1000)
        decimals = len(STEPS[protocol]) - 2
        found = books.levels("BTCUSDT", "buy", 1000).price.tolist()
        assert found == [price * 10**decimals for price, _ in bids]


def test_cut_connections_are_told(tmp_path: Path) -> None:
    out = tmp_path / "a.gz"
    with running(tmp_path, "binance-usdm", crypto="cut = 0.02") as venue:
        ended, _ = recorded(venue, tmp_path, out, 6, more="connections = 1")
    assert ended.status == EXIT_INCOMPLETE, ended.err
    printed = json.loads(ended.out)
    assert printed["outages"] > 0
    assert sum(link["connections"] for link in printed["links"]) > 2
    assert "connections were lost and made again" in ended.words
    assert len(lines_of(out)) == printed["messages"]


# -- how it ends ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def venue(tmp_path_factory: Any) -> Iterator[Venue]:
    with running(tmp_path_factory.mktemp("venue"), "binance-usdm") as found:
        yield found


@pytest.mark.parametrize("name", ["a.gz", "a.txt"])
def test_a_killed_one_leaves_whole_lines(venue: Venue, name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    with Command("record", "--config", settings(venue, tmp_path), "--out", out) as command:
        command.wait_until(lambda: out.exists() and out.stat().st_size > 5_000, "it recorded")
        command.signal(signal.SIGKILL)
        command.end()
    rows = lines_of(out)
    assert len(rows) > 5
    for _, text in rows:
        json.loads(text)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk(venue: Venue, tmp_path: Path) -> None:
    arguments = ["--config", settings(venue, tmp_path), "--out", "/dev/full", "--duration", "20s"]
    with contextlib.suppress(FileNotFoundError):
        assert not Path("/dev/full.json").exists()
    ended = run_command("record", *arguments, "--force")
    assert ended.status == EXIT_NOT_WRITTEN
    assert "cannot write /dev/full: No space left on device" in ended.words


def test_a_file_that_is_there_is_kept(venue: Venue, tmp_path: Path) -> None:
    out = tmp_path / "a.gz"
    out.write_text("kept")
    arguments = ["--config", settings(venue, tmp_path), "--out", out, "--duration", "1s"]
    ended = run_command("record", *arguments)
    assert ended.status == EXIT_USER
    assert "--force" in ended.words
    assert out.read_text() == "kept"
    ended = run_command("record", *arguments, "--force")
    assert ended.status == EXIT_OK, ended.err
    assert len(lines_of(out)) > 10
    out.unlink()
    ended = run_command("record", *arguments)
    assert ended.status == EXIT_USER
    assert "belongs to an earlier recording" in ended.words


def test_nobody_there(venue: Venue, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        config = settings(venue, tmp_path)
        config.write_text(config.read_text().replace(str(venue.port), str(closed.getsockname()[1])))
        out = tmp_path / "a.gz"
        ended = run_command("record", "--config", config, "--out", out)
    assert ended.status == EXIT_USER
    assert "nothing was recorded: no connection to wss://127.0.0.1" in ended.words
    assert "refused" in ended.words
    assert not out.exists()


def test_a_certificate_of_somebody_else(venue: Venue, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with running(other, "binance-spot") as another:
        wrong = tmp_path / "wrong.pem"
        shutil.copy(another.authority, wrong)
    config = settings(venue, tmp_path)
    config.write_text(config.read_text().replace(str(venue.authority), str(wrong)))
    ended = run_command("record", "--config", config, "--out", tmp_path / "a.gz")
    assert ended.status == EXIT_USER
    assert "certificate" in ended.words
    assert not (tmp_path / "a.gz").exists()


WRONG = {
    "packing": (["--out", "a.xz"], ["a raw capture is packed by gzip"]),
    "stream": (["--streams", "kline"], ["there is no stream 'kline'", "bookTicker"]),
    "line": (["--line-a", "239.255.10.1:1"], ["--line-a", "crypto venue"]),
    "twice": (["--symbol", "BTCUSDT", "--symbol", "btcusdt"], ["named twice"]),
    "folder": (["--out", "none/a.gz"], ["cannot create none/a.gz: No such file or directory"]),
    "no length": (["--duration", "60"], ["--duration is not a length of time"]),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_options(
    kind: str,
    venue: Venue,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options, words = WRONG[kind]
    config = settings(venue, tmp_path)
    monkeypatch.chdir(tmp_path)
    usual = [] if "--out" in options else ["--out", "a.gz"]
    assert status_of(["record", "--config", str(config), *usual, *options]) == EXIT_USER
    said = " ".join(capsys.readouterr().err.split())
    for word in words:
        assert word in said
    assert {entry.name for entry in tmp_path.iterdir()} == {config.name}


def test_what_is_for_a_crypto_venue_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["record", "--symbol", "BTCUSDT", "--out", "a.itch"]) == EXIT_USER
    assert "--symbol: is for a crypto venue" in capsys.readouterr().err
