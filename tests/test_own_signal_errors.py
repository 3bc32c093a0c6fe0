"""What is wrong with a signal of one's own is said in a sentence, where and what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from processes import run_command

from pyscalp import Config, _core, get_include
from pyscalp.config import ConfigError
from pyscalp.config_signals import UserSignal
from pyscalp.errors import PyscalpError
from pyscalp.signals import Market, Parameter, Signal, SignalError, engine_form, load, rehearse

pytestmark = pytest.mark.filterwarnings("ignore::pyscalp.signals.PythonSignalWarning")

PLUGIN = """
#include <pyscalp_signal.h>
#include <string.h>
static void on_book(void* s, const double* p, const pyscalp_market* m, pyscalp_forecast* f) {
  (void)s, (void)p, (void)m, (void)f;
}
static const char* create(void* s, const double* p) {
  (void)s;
  return p[0] > 5 ? "five is the most for size" : NULL;
}
static const pyscalp_parameter table[] = {{"size", 1, 0, 10}, {"decay", 2, 0, 0}};
static const pyscalp_signal signal = {
  ABI, SIZE, NAME, 0, LEVELS, 0, table, 2, create, 0, 0, ON_BOOK, 0};
const pyscalp_signal* SYMBOL(void) { return SIGNAL; }
"""


def library(folder: Path, **changes: str) -> Path:
    """A shared library, right but for the changes."""
    values = {
        "ABI": "1",
        "SIZE": "sizeof(pyscalp_signal)",
        "NAME": '"plain"',
        "LEVELS": "5",
        "ON_BOOK": "on_book",
        "SYMBOL": "pyscalp_signal_v1",
        "SIGNAL": "&signal",
    } | changes
    source, made = folder / "plugin.c", folder / "plugin.so"
    source.write_text(PLUGIN)
    defines = [f"-D{name}={value}" for name, value in values.items()]
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-I{get_include()}", *defines, str(source), "-o", str(made)],
        check=True,
        capture_output=True,
    )
    return made


def with_user(**values: object) -> Config:
    return Config.included().replace("signals", user=UserSignal(**values))


def refused(source: object) -> str:
    with pytest.raises(SignalError) as caught:
        load(source)
    return str(caught.value)


# -- libraries --------------------------------------------------------------------------


def test_a_library_that_is_right(tmp_path: Path) -> None:
    signal = load(library(tmp_path))
    assert (signal.name, signal.kind, signal.levels) == ("plain", "a library", 5)
    assert signal.parameters == (Parameter("size", 1, 0, 10), Parameter("decay", 2))
    assert not signal.calls_python
    assert signal.values({"decay": -3}) == [1.0, -3.0]
    result = rehearse(signal=tmp_path / "plugin.so", duration="10s")
    assert result.summary["user_signal"]["name"] == "plain"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SYMBOL": "something_else"}, "exports no pyscalp_signal_v1; give it a function"),
        ({"SYMBOL": "pyscalp_signal_v2"}, "is made for version 2 of pyscalp_signal.h, and this"),
        ({"ABI": "7"}, "is made for version 7 of pyscalp_signal.h, and this pyscalp has version 1"),
        ({"SIZE": "8"}, "size is 8 bytes, not 88; set it to sizeof(pyscalp_signal)"),
        ({"NAME": "0"}, "the signal has no name"),
        ({"ON_BOOK": "0"}, "the signal plain has no on_book"),
        ({"LEVELS": "40"}, "asks for 40 levels, not 1 to 32"),
        ({"SIGNAL": "0"}, "returned no signal (NULL)"),
    ],
)
def test_a_library_that_is_not(changes: dict[str, str], said: str, tmp_path: Path) -> None:
    made = library(tmp_path, **changes)
    text = refused(made)
    assert said in text
    assert str(made) in text


def test_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("flow.so").endswith(f"there is no library {tmp_path}/flow.so; "
                                       f"relative paths begin at {tmp_path}")  # fmt: skip
    (tmp_path / "CMakeLists.txt").touch()
    assert "build it: cmake -B build && cmake --build build" in refused("build/flow.so")
    (tmp_path / "text.so").write_text("no library")
    assert "cannot load" in refused("text.so")
    monkeypatch.setenv("WHERE", str(tmp_path))
    library(tmp_path)
    assert load("$WHERE/plugin.so").name == "plain"


# -- parameters -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            {"siz": 1},
            "signals.user.parameters.siz: plain has no such parameter; did you mean size?",
        ),
        ({"xyzzy": 1}, "plain has no such parameter; it has size, decay"),
        ({"size": 11}, "signals.user.parameters.size: must be from 0 to 10; it is 11"),
        ({"size": 6}, "signals.user, plain, will not start: five is the most for size"),
    ],
)
def test_parameters_that_are_wrong(parameters: dict[str, float], said: str, tmp_path: Path) -> None:
    config = with_user(library=str(library(tmp_path)), parameters=parameters)
    with pytest.raises(PyscalpError) as caught:
        rehearse(config, duration="10s")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('library = "a.so"\nmodule = "a:b"', "user.module: and signals.user.library are two"),
        ('module = "a.so"', 'must be "module:name" of a signal in Cython, Numba or Python'),
        ("[signals.user.parameters]\nx = 1", "need a signal; name it"),
        ('module = "a:b"\n[signals.user.parameters]\nx = "1"', "must be a number, without quotes"),
        ('module = "a:b"\n[signals.user.parameters]\n"x y" = 1', 'no valid name in "x y"'),
        ('modul = "a:b"', "is not known; did you mean module?"),
    ],
)
def test_mistakes_of_the_configuration(lines: str, said: str) -> None:
    text = Config.included().to_toml().replace("[signals.user]\nenabled = true", "[signals.user]\n")
    head, _, tail = text.partition("[signals.user]\n")
    rest = tail[tail.index("\n[tactics]") :]
    with pytest.raises(ConfigError) as caught:
        Config.loads(f"{head}[signals.user]\n{lines}\n{rest}")
    (problem,) = caught.value.problems
    assert said in str(problem)


# -- modules ----------------------------------------------------------------------------


def test_modules_that_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_broken.py").write_text("import math\n\nx = 1 / 0\n")
    (tmp_path / "own_syntax.py").write_text("def f(:\n")
    (tmp_path / "own_import.py").write_text("import no_such_thing\n")
    (tmp_path / "own_pyx.pyx").touch()
    (tmp_path / "own_empty.py").write_text("number = 3\n")
    assert "there is no module own_absent" in refused("own_absent:signal")
    assert "own_pyx.pyx is not compiled: python setup.py build_ext --inplace" in refused(
        "own_pyx:signal"
    )
    assert "ZeroDivisionError: division by zero" in refused("own_broken:signal")
    assert "own_broken.py, line 3" in refused("own_broken:signal")
    assert "own_syntax.py, line 1" in refused("own_syntax:signal")
    assert "No module named 'no_such_thing'" in refused("own_import:signal")
    assert "own_empty has no signal; it has number" in refused("own_empty:signal")
    assert "3 is no signal" in refused("own_empty:number")
    assert str(tmp_path) not in sys.path


def test_a_capsule_of_something_else() -> None:
    import ctypes

    api = ctypes.pythonapi
    api.PyCapsule_New.restype = ctypes.py_object
    api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    name = b"pyscalp.signal.v9"
    capsule = api.PyCapsule_New(1, name, None)
    assert "the capsule is called pyscalp.signal.v9, not pyscalp.signal.v1" in refused(capsule)


def test_what_numba_cannot_compile() -> None:
    pytest.importorskip("numba")
    from pyscalp.signals import numba_signal

    @numba_signal()
    def wrong(market, state, parameters, forecast):  # type: ignore[no-untyped-def]
        forecast.expected_move = market.no_such_field

    text = refused(wrong)
    assert text.startswith("Numba cannot compile wrong (")
    assert "test_own_signal_errors.py, line" in text
    assert "neither market nor state, parameters, forecast or trade has a field" in text
    assert "no_such_field" in text

    @numba_signal(name="worse")
    def odd(market, state, parameters, forecast):  # type: ignore[no-untyped-def]
        forecast.expected_move = "up".no_such_method()

    assert "no_such_method" in refused(odd)


# -- Python -----------------------------------------------------------------------------


class Fails:
    calls = 0

    def on_book(self, market: Market) -> float:
        Fails.calls += 1
        if Fails.calls == 100:
            raise KeyError("lost")
        return 0.0


def test_an_exception_stops_it_with_its_last_line() -> None:
    Fails.calls = 0
    with pytest.raises(SignalError) as caught:
        rehearse(signal=Fails, duration="1m")
    text = str(caught.value)
    assert text.startswith("signals.user, Fails, has failed: KeyError: 'lost' (")
    assert "test_own_signal_errors.py, line" in text
    assert text.endswith("in on_book)")
    assert isinstance(caught.value.__cause__, KeyError)
    assert Fails.calls == 100, "not called again"


def test_ctrl_c_in_it_is_ctrl_c() -> None:
    def interrupted(market: Market) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearse(signal=interrupted, duration="10s")


def test_it_returns_what_a_forecast_may_be() -> None:
    def says(market: Market) -> object:
        return "up"

    with pytest.raises(SignalError, match=r"on_book returned 'up'; it returns a number of 1e-9"):
        rehearse(signal=says, duration="10s")


def test_its_parameters_are_numbers() -> None:
    def needs(market: Market, threshold: float) -> float:
        return threshold

    class Odd:
        pass

    assert "threshold of needs has no number as its default; write such as" in refused(needs)
    assert refused(Odd) == "Odd is a class without on_book(market)"
    assert "{} is no signal" in refused({})


def test_it_refuses_to_start_in_its_own_words() -> None:
    class Picky:
        def __init__(self, size: float = 1.0) -> None:
            raise ValueError("size is always wrong")

        def on_book(self, market: Market) -> None:
            return None

    with pytest.raises(PyscalpError, match="will not start: ValueError: size is always wrong"):
        rehearse(signal=Picky, duration="10s")


def test_the_engine_takes_it_for_replays_alone(tmp_path: Path) -> None:
    def idle(market: Market) -> None:
        return None

    with pytest.raises(SignalError, match="no Python runs between packet and order"):
        engine_form(Config.included(), idle, live=True)
    core, _ = engine_form(Config.included(), idle)
    with pytest.raises(ValueError, match="no Python runs between packet and order"):
        _core.LiveSession(core, str(tmp_path))


def test_it_is_said_that_it_is_slow() -> None:
    from pyscalp.signals import PythonSignalWarning

    with pytest.warns(PythonSignalWarning, match="the engine waits for it"):
        engine_form(Config.included(), Fails)


def test_values_of_a_signal_are_checked() -> None:
    for wrong in ({"levels": 0}, {"levels": 33}, {"name": ""}, {"state_size": 1 << 31}):
        with pytest.raises(SignalError):
            Signal(1, **({"name": "x"} | wrong))  # type: ignore[arg-type]
    with pytest.raises(SignalError, match="64 parameters"):
        Signal(1, name="x", parameters=[Parameter(f"p{i}", 0.0) for i in range(65)])


# -- the command line -------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "day.itch50").write_bytes(_core.simulate_day(1, 60 * 10**9, ["AMZN", "AAPL"]))
    (tmp_path / "own_flow.py").write_text(
        "def lean(market, gain=1.0):\n"
        "    return gain * (market.microprice - market.mid) if market.sound else None\n\n\n"
        "def late(market):\n"
        "    if market.venue_time > 34_230 * 10**9:\n"
        "        return [][1]\n"
    )
    for name in ("lean", "late"):
        text = with_user(module=f"own_flow:{name}").to_toml()
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def test_replay_speaks_of_it(folder: Path) -> None:
    arguments = ("replay", folder / "day.itch50", "--config", folder / "lean.toml")
    ended = run_command(*arguments, "--json", cwd=folder)
    assert ended.status == 0, ended.err
    assert ended.words.startswith("own_flow:lean is written in Python: the engine waits for it")
    assert json.loads(ended.out)["user_signal"]["calls"] > 1000
    shown = run_command(*arguments, cwd=folder)
    assert "own signal" in shown.out
    assert "own_flow:lean, Python" in shown.out


def test_replay_ends_with_its_failure(folder: Path) -> None:
    out = folder / "run"
    ended = run_command(
        "replay", folder / "day.itch50", "--config", folder / "late.toml", "--out", out, cwd=folder
    )
    assert ended.status == 2
    said = "signals.user, own_flow:late, has failed: IndexError: list index out of range ("
    assert ended.words.count(said) == 1
    assert f"{folder}/own_flow.py, line 7, in late)" in ended.words
    assert not out.exists()


def test_run_refuses_it_before_anything_starts(folder: Path) -> None:
    out = folder / "run"
    ended = run_command("run", folder / "lean.toml", "--duration", "1s", "--out", out, cwd=folder)
    assert ended.status == 2
    assert "own_flow:lean, is written in Python, and no Python runs between" in ended.words
    assert not out.exists()
