"""The report: whole, self-contained, right in its numbers, and about anything at all."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_run_directory import E9, nothing, seed_trade

from pyscalp.config import Config
from pyscalp.errors import PyscalpError
from pyscalp.figures import figures
from pyscalp.report import render, write_report
from pyscalp.report_plots import (
    distribution,
    gap_figure,
    latency_figure,
    nanos,
    price_figure,
    signed,
    waterfall,
)
from pyscalp.run_directory import Results, RunDirectory, WrittenRun

AGREES = {"agrees": True, "fills_compared": 2, "differences": []}


def written(path: Path, results: Results, **changes: Any) -> WrittenRun:
    folder = RunDirectory.create(path)
    folder.write_config(Config.included())
    summary = {
        "mode": "run", "version": "1", "started": "now", "venue": "here", "symbols": ["AMZN"],
        "duration_s": 60.0, "messages": 5, "hash": "abc", "breakers": [], "trips": [],
        "denied": {}, "reconciliation": AGREES, "error": "",
        **figures(results, 10**6 * E9), **changes,
    }  # fmt: skip
    folder.write_results(results, summary, write_report)
    return folder.read()


def visible(page: str) -> str:
    """The text of a page without its scripts and styles."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_the_numbers_of_the_verdict(tmp_path: Path) -> None:
    written(tmp_path / "run", seed_trade())
    text = visible((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    for part in (
        "Net PnL $0.30", "Net per trade +3.00 bp", "Round trips 1 100% winners",
        "Maximum drawdown −$4.00", "Maker share 50%", "Longest holding 4.0 s", "Breakers 0",
        "Ledger agrees",
    ):  # fmt: skip
        assert part in text
    assert "AMZN book imbalance 1 100% +12.00 −5.00 −3.00 0.00 −1.00 +3.00 50% $0.30" in text


def test_breakers_that_went_off_and_back_are_not_kept_quiet(tmp_path: Path) -> None:
    trips = [{"time": 1, "text": "concentration: 50 reached the limit 42, now ACTIVE"}] * 2
    text = visible(render(written(tmp_path / "run", seed_trade(), trips=trips)))
    assert "Breakers 0 at the end; tripped 2 times, see Risk" in text
    assert "none tripped" not in text


def test_the_waterfall_ends_at_the_net(tmp_path: Path) -> None:
    figure = waterfall(written(tmp_path / "run", seed_trade()))
    (bars,) = figure.data
    assert list(bars.y) == [12, -5, -3, 0, -1, 3]
    assert sum(bars.y[:-1]) == bars.y[-1]
    assert list(bars.measure) == ["relative"] * 5 + ["total"]


def test_the_distribution_counts_every_trade(tmp_path: Path) -> None:
    results = seed_trade()
    trips = np.repeat(results.round_trips, 50)
    trips["net"] *= np.arange(-25, 25)
    run = written(tmp_path / "run", replace(results, round_trips=trips))
    assert sum(distribution(run).data[0].y) == 50


def test_entries_and_exits_are_marked_apart(tmp_path: Path) -> None:
    run = written(tmp_path / "run", seed_trade())
    figure, note = price_figure(run, run.samples, run.fills)
    marks = {trace.name: len(trace.x) for trace in figure.data if trace.mode == "markers"}
    assert marks == {"buy to open": 1, "sell to open": 0, "buy to close": 0, "sell to close": 1}
    assert note == ""
    bid, ask = figure.data[:2]
    assert (len(bid.y), np.isnan(ask.y).sum()) == (6, 1)


def test_every_stage_has_its_line(tmp_path: Path) -> None:
    run = written(tmp_path / "run", seed_trade())
    names = [trace.name for trace in latency_figure(run).data]
    assert names == ["feed", "tick to trade"]


SPIN = {
    "threshold_ns": 5_000, "watched_ns": 60 * E9, "gaps": 30, "worst_ns": 2_000_000,
    "p50_ns": 20_000, "p99_ns": 2_000_000, "lost_ns": 30_000_000, "lost_share": 0.0005,
}  # fmt: skip


def with_gaps(results: Results) -> Results:
    lengths, counts = np.array([6_000, 20_000, 2_000_000]), np.array([10, 15, 5])
    return replace(results, histograms={**results.histograms, "spin_gap": (lengths, counts)})


def test_when_the_engine_was_not_running(tmp_path: Path) -> None:
    results = with_gaps(seed_trade())
    notes = ["engine pinned to core 1", "memory not locked: <why>"]
    run = written(tmp_path / "run", results, spin=SPIN, machine=notes)
    text = visible(render(run))
    for part in (
        "When the engine was not running", "Not running 0.050%, 30.00 ms in all",
        "Gaps above 5 µs 30", "Worst 2.00 ms", "engine pinned to core 1",
        "memory not locked: &lt;why&gt;",
    ):  # fmt: skip
        assert part in text
    (bars,) = gap_figure(run).data
    assert sum(bars.y) == 30


def test_gaps_are_no_stage(tmp_path: Path) -> None:
    run = written(tmp_path / "run", with_gaps(seed_trade()), spin=SPIN, machine=[])
    assert "spin_gap" in run.latency
    assert "spin_gap" not in run.summary["latency_ns"]
    assert "spin gap" not in [trace.name for trace in latency_figure(run).data]


def test_an_engine_that_always_ran(tmp_path: Path) -> None:
    run = written(tmp_path / "run", seed_trade(), spin=SPIN | {"gaps": 0}, machine=[])
    assert "never kept from running" in visible(render(run))


def test_a_replay_spins_nowhere(tmp_path: Path) -> None:
    text = visible(render(written(tmp_path / "run", seed_trade(), mode="replay")))
    assert "When the engine was not running" not in text


class _Outside(HTMLParser):
    """Every address that a page would fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.addresses += [
            value or ""
            for name, value in attrs
            if name in ("src", "srcset", "data") or (tag == "link" and name == "href")
        ]


def test_it_fetches_nothing_and_carries_plotly_once(tmp_path: Path) -> None:
    written(tmp_path / "run", seed_trade())
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    parser = _Outside()
    parser.feed(page)
    assert parser.addresses == []
    assert parser.scripts > 3
    assert page.count("plotly.js v") == 1
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_without_a_single_trade(tmp_path: Path) -> None:
    text = visible(render(written(tmp_path / "run", nothing(), reconciliation=None)))
    for part in (
        "No round trip was closed", "equity was never sampled", "No prices were sampled",
        "No position was closed", "No stage was timed", "No breaker tripped",
        "The gate refused no order", "There was no record to compare with",
    ):  # fmt: skip
        assert part in text


def test_prices_without_a_trade(tmp_path: Path) -> None:
    results = replace(nothing(), samples=seed_trade().samples)
    text = visible(render(written(tmp_path / "run", results)))
    assert "AMZN 0 fills" in text


def test_what_went_wrong_is_said(tmp_path: Path) -> None:
    differences = [{"what": "price", "where": "match 7, order 70", "ledger": "1", "record": "2"}]
    run = written(
        tmp_path / "run", seed_trade(),
        error="the exchange ended in mid-session by SIGKILL",
        reconciliation={"agrees": False, "fills_compared": 2, "differences": differences},
        breakers=["daily_drawdown"], denied={"stale_price": 3, "concentration": 0},
        trips=[{"time": 6 * E9, "text": "daily_drawdown: loss 15,000"}],
    )  # fmt: skip
    text = visible(render(run))
    for part in (
        "ended in mid-session by SIGKILL", "Ledger differs", "1 differences",
        "price match 7, order 70 1 2", "Breakers 1 daily drawdown",
        "00:00:02.000 daily_drawdown: loss 15,000", "stale price 3",
    ):  # fmt: skip
        assert part in text
    assert "concentration" not in text.split("Refused at the gate")[1].split("Ledger")[0]


def test_nothing_from_outside_becomes_markup(tmp_path: Path) -> None:
    results = replace(seed_trade(), symbols={1: "<b>X</b>"})
    run = written(tmp_path / "run", results, error="<script>alert(1)</script>", venue="<i>v</i>")
    page = render(run)
    body = page[page.index("<body>") :]
    assert "<script>alert" not in body
    assert "<b>X</b> <small>" not in body
    assert "<i>v</i>" not in body


def test_the_password_is_not_shown(tmp_path: Path) -> None:
    folder = RunDirectory.create(tmp_path / "run")
    folder.write_config(Config.included().replace("venue", password="hunter2"))
    folder.write_results(
        nothing(), {"reconciliation": None, **figures(nothing(), E9)}, write_report
    )
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    assert "hunter2" in (folder.path / "config.toml").read_text()
    assert "hunter2" not in page
    assert "max_order_qty = 100" in page


def test_lost_packets_and_the_transport_are_named(tmp_path: Path) -> None:
    transport = {
        "kind": "socket", "note": "spinning UDP sockets", "missing": "a ring; run as <root>",
        "packets": 12_345, "kernel_dropped": 67, "ring_dropped": 0, "truncated": 1,
        "malformed": 2, "foreign": 3, "errors": 4, "lost": 70,
    }  # fmt: skip
    written(tmp_path / "run", seed_trade(), transport=transport)
    text = visible((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    for part in (
        "market data by spinning UDP sockets", "not had: a ring; run as &lt;root&gt;",
        "received 12,345", "lost: by the socket&#x27;s buffer 67", "lost: malformed 2",
        "left out: of no group of ours 3", "errors of the socket 4",
    ):  # fmt: skip
        assert part in text


def test_a_replay_shows_the_clock_of_the_venue(tmp_path: Path) -> None:
    results = seed_trade()
    results.samples["time"] += 34_200 * E9
    run = written(tmp_path / "run", results, mode="replay")
    assert str(run.clock(np.array([34_200 * E9]))[0])[11:19] == "09:30:00"
    assert run.clock_title == "venue time"


def test_many_samples_are_thinned_but_the_last_is_kept(tmp_path: Path) -> None:
    results = seed_trade()
    samples = np.repeat(results.samples, 5_000)
    samples["time"] = np.arange(samples.size) * E9
    run = written(tmp_path / "run", replace(results, samples=samples))
    figure, _ = price_figure(run, run.samples, run.fills)
    assert len(figure.data[0].x) < 5_000
    assert figure.data[0].x[-1] == run.clock(samples["time"])[-1]


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(PyscalpError, match="not a run directory"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.004, "0.00"), (-0.004, "0.00"), (1.005, "+1.00"), (-3.2, "−3.20")],
)
def test_signed(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(999, "999 ns"), (1500, "1.50 µs"), (2.5e6, "2.50 ms"), (3e9, "3.00 s")],
)
def test_nanos(value: float, text: str) -> None:
    assert nanos(value) == text
