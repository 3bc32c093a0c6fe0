"""A signal of one's own: four languages, one interface, equal orders."""

from __future__ import annotations

import ctypes
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import built

from pyscalp import Config, get_include
from pyscalp.config_signals import UserSignal
from pyscalp.replay import replay
from pyscalp.signals import NO_PRICE, Forecast, Market, Signal, Trade, abi, engine_form, rehearse

_core = pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

KINDS = ("c++", "cython", "numba", "python")
STRUCTS = {
    "pyscalp_level": abi.Level,
    "pyscalp_trade": abi.Trade,
    "pyscalp_market": abi.Market,
    "pyscalp_forecast": abi.ForecastOut,
    "pyscalp_parameter": abi.ParameterEntry,
    "pyscalp_signal": abi.Descriptor,
}

pytestmark = pytest.mark.filterwarnings("ignore::pyscalp.signals.PythonSignalWarning")


def name_of(kind: str) -> str:
    return f"flow_{kind.replace('+', 'p')}"


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    into = tmp_path_factory.mktemp("strategies")
    return {kind: built(name_of(kind), kind, into) for kind in KINDS}


def config_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(folder)
    return Config.load("config.toml")


# -- the interface ----------------------------------------------------------------------


def test_the_structs_are_those_of_the_header(tmp_path: Path) -> None:
    """Every size and offset of ctypes, asserted by a C compiler."""
    lines = ["#include <pyscalp_signal.h>"]
    for name, struct in STRUCTS.items():
        lines.append(f'_Static_assert(sizeof({name}) == {ctypes.sizeof(struct)}, "{name}");')
        for field, _ in struct._fields_:
            offset = getattr(struct, field).offset
            where = f"offsetof({name}, {field.lstrip('_')})"
            lines.append(f'_Static_assert({where} == {offset}, "{name}.{field}");')
    lines.append(f'_Static_assert(PYSCALP_NO_PRICE == {NO_PRICE}, "");')
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    command = ["cc", "-std=c11", "-fsyntax-only", f"-I{get_include()}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    source.write_text(
        source.read_text().replace("sizeof(pyscalp_trade)", "1 + sizeof(pyscalp_trade)")
    )
    assert subprocess.run(command, capture_output=True).returncode != 0


@pytest.mark.parametrize("language", ["-std=c99 -x c", "-std=c++11 -x c++"])
def test_the_header_is_plain(language: str, tmp_path: Path) -> None:
    source = tmp_path / "header"
    source.write_text("#include <pyscalp_signal.h>\nint main(void) { return 0; }\n")
    flags = [*language.split(), "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    done = subprocess.run(["cc", *flags, f"-I{get_include()}", str(source)], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


# -- four languages ---------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_signal_gives_the_same_orders(
    projects: dict[str, Path], market_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = market_data / "itch" / "AMZN_AAPL_2012-06-21.itch50.xz"
    results = {
        kind: replay(day, config_of(folder, monkeypatch), start="09:45", end="10:15")
        for kind, folder in projects.items()
    }
    first = results["c++"]
    assert first.results.fills.size > 50
    entries = first.results.fills[first.results.fills["intent"] == 0]
    assert set(entries["signal"].tolist()) == {5}
    for kind, result in results.items():
        assert result.summary["hash"] == first.summary["hash"], kind
        assert np.array_equal(result.results.fills, first.results.fills), kind
        assert result.summary["user_signal"] == {
            **first.summary["user_signal"],
            "name": name_of(kind) + (":Signal" if kind == "python" else ""),
            "kind": {"c++": "a library", "cython": "Cython", "numba": "Numba"}.get(kind, "Python"),
        }
        assert result.summary["user_signal"]["calls"] > 10_000
        assert result.summary["user_signal"]["not_finite"] == 0
        assert result.summary["reconciliation"]["agrees"]


@pytest.mark.slow
def test_the_same_parameters_give_the_same_orders(
    projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = {}
    for kind, folder in projects.items():
        usual = config_of(folder, monkeypatch)
        user = usual.signals.user
        values = user.parameters | {"half_life": 0.25, "flow_gain": 3.5}
        changed = usual.replace("signals", user=user.model_copy(update={"parameters": values}))
        hashes[kind] = [rehearse(c, duration="5m").summary["hash"] for c in (usual, changed)]
    assert len({tuple(pair) for pair in hashes.values()}) == 1, hashes
    assert len(set(hashes["c++"])) == 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_says_is_what_numpy_says(
    kind: str, projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every forecast, against the formula on what the signals were shown."""
    core, _ = engine_form(config_of(projects[kind], monkeypatch))
    day = _core.simulate_day(5, 4 * 60 * 10**9, ["AMZN", "AAPL"])
    rows: dict[str, Any] = _core.signal_rows(core, day, 1)
    qty = rows["trade_qty"] * rows["trade_side"]
    bought = np.concatenate([[0], np.cumsum(qty)])[rows["trades_seen"]]
    depth = sum(rows[f"{side}_level_qty"][:, :5].sum(axis=1) for side in ("bid", "ask"))
    flow, at, before = 0.0, 0, 0
    opinions = leaves = 0
    for i, time in enumerate(rows["time"].tolist()):
        if time > at:
            flow *= math.exp(-0.6931471805599453 * (time - at) / 1e9)
            at = time
        flow += bought[i] - before
        before = bought[i]
        bid, ask = int(rows["bid"][i]), int(rows["ask"][i])
        if NO_PRICE in (bid, ask) or bid >= ask:
            assert rows["user"][i] == 0
            continue
        sizes = int(rows["bid_qty"][i]), int(rows["ask_qty"][i])
        mid = bid + (ask - bid) // 2
        micro = bid + (ask - bid) * sizes[0] // sum(sizes)
        pressure = flow / depth[i]
        move = micro - mid + pressure * (ask - bid) if (micro - mid) * pressure > 0 else 0.0
        assert rows["user"][i] == pytest.approx(move, abs=0.5001)
        assert rows["user_leave"][i] == (1 if pressure <= -0.5 else 2 if pressure >= 0.5 else 0)
        opinions += move != 0
        leaves += bool(rows["user_leave"][i])
    assert opinions > 500
    assert leaves > 10


# -- Python ---------------------------------------------------------------------------------


class Curious:
    """Looks at everything, and keeps what it found."""

    seen: list[Market]
    made: list[Curious]

    levels = 3

    def __init__(self, scale: float = 2.0) -> None:
        self.scale = scale
        self.trades: list[int] = []
        self.books = 0
        type(self).made.append(self)

    def on_trade(self, trade: Trade) -> None:
        self.trades.append(trade.side * trade.qty)
        assert trade.price > 0
        assert trade.venue_time > 0

    def on_book(self, market: Market) -> Forecast | float | None:
        self.books += 1
        shown = [qty for qty in self.trades if qty]
        assert market.buy_qty - market.sell_qty == sum(shown)
        assert market.trades >= len(shown)
        self.trades = []
        assert len(market.bids) == market.bid_count <= 3
        assert len(market.asks) == market.ask_count <= 3
        if market.bids:
            assert market.bids[0].price == market.bid
            assert market.bids[0].qty == market.bid_qty
            prices = [level.price for level in market.bids]
            assert prices == sorted(prices, reverse=True)
        if not market.sound:
            return None
        assert market.bid < market.mid < market.ask
        assert market.bid <= market.microprice <= market.ask
        both = market.bid_qty + market.ask_qty
        assert market.imbalance == (market.bid_qty - market.ask_qty) / both
        depths = [sum(level.qty for level in side) for side in (market.bids, market.asks)]
        assert market.depth_imbalance == (depths[0] - depths[1]) / sum(depths)
        if self.books % 2:
            return Forecast(veto=1)
        return self.scale * (market.microprice - market.mid)


def test_a_class_is_shown_everything() -> None:
    Curious.made = []
    result = rehearse(signal=Curious, duration="2m")
    calls = sum(one.books for one in Curious.made)
    assert result.summary["user_signal"]["calls"] == calls > 1000
    assert {one.scale for one in Curious.made} == {2.0}
    assert result.summary["fills"] > 0


def test_a_function_is_a_signal_too() -> None:
    def lean(market: Market, gain: float = 1.0) -> float:
        return gain * (market.microprice - market.mid) if market.sound else math.nan

    result = rehearse(signal=lean, duration="1m")
    own = result.summary["user_signal"]
    assert (own["name"], own["kind"]) == ("lean", "Python")
    assert own["not_finite"] < own["calls"] > 1000


# -- Numba ------------------------------------------------------------------------------


def test_numba_sees_trades_and_levels() -> None:
    """Compiled checks: what does not hold is not a number, and counted."""
    pytest.importorskip("numba")
    from pyscalp.signals import asks, bids, numba_signal

    nan = math.nan

    @numba_signal(state=[("signed", "i8"), ("count", "i8")], parameters={"gain": 2.0}, levels=2)
    def checks(market, state, parameters, forecast):  # type: ignore[no-untyped-def]
        good = state.signed == market.buy_qty - market.sell_qty
        good &= state.count == market.trades
        good &= parameters.gain == 2.0
        state.signed = 0
        state.count = 0
        good &= len(bids(market)) == market.bid_count
        good &= len(asks(market)) == market.ask_count
        good &= market.bid_count <= 2
        if market.bid_count > 0:
            good &= bids(market)[0].price == market.bid
            good &= bids(market)[0].orders > 0
        if market.ask_count > 0:
            good &= asks(market)[0].qty == market.ask_qty
        if not good:
            forecast.expected_move = nan
        elif market.sound:
            forecast.expected_move = float(market.microprice - market.mid)
            forecast.veto = 0

    @checks.on_trade
    def trade(one, state, parameters):  # type: ignore[no-untyped-def]
        state.count += 1
        state.signed += one.side * one.qty

    result = rehearse(signal=checks, duration="2m")
    own = result.summary["user_signal"]
    assert own["kind"] == "Numba"
    assert own["calls"] > 1000
    assert own["not_finite"] == 0
    assert result.summary["fills"] > 0


def test_a_bare_cfunc() -> None:
    numba = pytest.importorskip("numba")
    from pyscalp.signals import signature, trade_signature

    counter = np.dtype([("trades", "i8")])

    @numba.cfunc(signature)
    def on_book(state, parameters, market, forecast):  # type: ignore[no-untyped-def]
        view = numba.carray(market, 1)[0]
        own = numba.carray(state, 1, counter)[0]
        if view.sound and own.trades > 0:
            gain = numba.carray(parameters, 1)[0]
            numba.carray(forecast, 1)[0].expected_move = gain * (view.microprice - view.mid)

    @numba.cfunc(trade_signature)
    def on_trade(state, parameters, trade):  # type: ignore[no-untyped-def]
        numba.carray(state, 1, counter)[0].trades += 1

    from pyscalp.signals import Parameter

    signal = Signal(
        on_book, name="bare", on_trade=on_trade, state_size=8, parameters=[Parameter("gain", 1.0)]
    )
    result = rehearse(signal=signal, duration="2m")
    assert result.summary["user_signal"]["name"] == "bare"
    assert result.summary["fills"] > 0


def test_numba_divides_by_zero_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("numba")
    from pyscalp.signals import numba_signal

    @numba_signal()
    def divides(market, state, parameters, forecast):  # type: ignore[no-untyped-def]
        forecast.expected_move = 1.0 / float(market.trades - market.trades)

    result = rehearse(signal=divides, duration="30s")
    own = result.summary["user_signal"]
    assert own["not_finite"] == own["calls"] > 100
    assert result.summary["fills"] == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("where", ["book", "trade"])
def test_numba_that_raises_is_silent_from_then_on(
    where: str, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("numba")
    from pyscalp.signals import numba_signal

    at_book = where == "book"

    @numba_signal(state={"calls": "i8", "trades": "i8"})
    def raises(market, state, parameters, forecast):  # type: ignore[no-untyped-def]
        state.calls += 1
        if at_book and state.calls > 100:
            raise ValueError("enough")

    @raises.on_trade
    def trade(one, state, parameters):  # type: ignore[no-untyped-def]
        state.trades += 1
        if not at_book and state.trades > 3:
            raise ValueError("enough")

    result = rehearse(signal=raises, duration="1m")
    own = result.summary["user_signal"]
    assert 100 < own["not_finite"] < own["calls"]
    if at_book:
        assert own["calls"] - own["not_finite"] == 100 * len(result.results.symbols)
    assert capfd.readouterr().err == ""


# -- the configuration ------------------------------------------------------------------


def with_user(**values: Any) -> Config:
    return Config.included().replace("signals", user=UserSignal(**values))


def test_the_section_comes_back_equal() -> None:
    included = Config.included()
    assert included.signals.user.source is None
    assert included.to_core()["signals"]["user"]["enabled"] is False
    config = with_user(module="a.b:c", parameters={"x": 1.0, "y": -0.5})
    assert "[signals.user.parameters]\nx = 1.0\ny = -0.5\n" in config.to_toml()
    assert Config.loads(config.to_toml()) == config
    assert config.signals.user.source == "a.b:c"
    off = with_user(module="a.b:c", enabled=False)
    assert off.signals.user.source is None
    assert Config.loads(off.to_toml()) == off


def test_without_loading_the_engine_refuses() -> None:
    day = _core.simulate_day(1, 10**9, ["AMZN"])
    with pytest.raises(ValueError, match="has not been loaded"):
        _core.signal_rows(with_user(module="a:b").to_core(), day, 1)
