"""Signals in plain Python: for slow logic and first drafts, in replays alone.

The engine waits for the interpreter at every event, a few microseconds; where a market
trades, that is out of the question, and `pyscalp.run` refuses such a signal.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from pyscalp.signals import abi
from pyscalp.signals.descriptor import Parameter, Signal, SignalError, last_line


class Forecast(NamedTuple):
    """What `on_book` may return.

    Attributes
    ----------
    expected_move : float
        Of the mid, in 1e-9 of the currency, up is positive; 0 is no opinion.
    leave : int
        `LONG`, `SHORT` or both: positions to be closed at once.
    veto : int
        The same: sides on which no signal may enter.
    """

    expected_move: float = 0.0
    leave: int = 0
    veto: int = 0


def interpreted(thing: Callable[..., Any], name: str) -> Signal:
    """A `Signal` of a class or a function.

    Parameters
    ----------
    thing : class or function
        A class has ``on_book(market)``, and ``on_trade(trade)`` and ``reset()`` if it
        likes; one object is made for each instrument, with the parameters by name. A
        function is called as ``thing(market, **parameters)``. Parameters are those of
        its signature, with numbers as defaults. An attribute ``levels`` says how many
        levels of each side to show, else 5.
    name : str
        How messages call it.

    Raises
    ------
    SignalError
        If it is neither, or has a parameter without a number as its default.
    """
    is_class = inspect.isclass(thing)
    if is_class and not callable(getattr(thing, "on_book", None)):
        raise SignalError(f"{name} is a class without on_book(market)")
    parameters = _parameters(thing, name, skip=0 if is_class else 1)
    desk = _Desk(thing if is_class else _stateless(thing), [p.name for p in parameters])
    signal = Signal(
        abi.OnBook(desk.on_book),
        name=name,
        levels=int(getattr(thing, "levels", 5)),
        parameters=parameters,
        create=abi.Create(desk.create),
        destroy=abi.Destroy(desk.destroy),
        reset=abi.Reset(desk.reset) if hasattr(thing, "reset") else None,
        on_trade=abi.OnTrade(desk.on_trade) if hasattr(thing, "on_trade") else None,
        kind="Python",
        calls_python=True,
    )
    signal.failure = lambda: desk.failure
    return signal


def _stateless(function: Callable[..., Any]) -> type[Any]:
    class Stateless:
        def __init__(self, **parameters: float) -> None:
            self._parameters = parameters

        def on_book(self, market: abi.Market) -> Any:
            return function(market, **self._parameters)

    return Stateless


class _Desk:
    """The objects of all instruments, by the address of their state in the engine."""

    def __init__(self, factory: Callable[..., Any], names: list[str]) -> None:
        self.failure: BaseException | None = None
        self._factory = factory
        self._names = names
        self._objects: dict[int, Any] = {}
        self._refusal: ctypes.Array[ctypes.c_char] | None = None

    def create(self, state: int, parameters: Any) -> int | None:
        values = {name: parameters[i] for i, name in enumerate(self._names)}
        try:
            self._objects[state] = self._factory(**values)
        except BaseException as error:
            self._refusal = ctypes.create_string_buffer(last_line(error).encode())
            return ctypes.addressof(self._refusal)
        return None

    def destroy(self, state: int) -> None:
        self._objects.pop(state, None)

    def reset(self, state: int, _parameters: Any) -> None:
        if self.failure is None:
            try:
                self._objects[state].reset()
            except BaseException as error:
                self.failure = error

    def on_book(self, state: int, _parameters: Any, market: Any, forecast: Any) -> None:
        if self.failure is not None:
            return  # whoever drives the engine finds it
        try:
            said = self._objects[state].on_book(market.contents)
            if said is not None:
                _fill(forecast.contents, said)
        except BaseException as error:
            self.failure = error

    def on_trade(self, state: int, _parameters: Any, trade: Any) -> None:
        if self.failure is None:
            try:
                self._objects[state].on_trade(trade.contents)
            except BaseException as error:
                self.failure = error


def _fill(out: abi.ForecastOut, said: Any) -> None:
    if isinstance(said, Forecast):
        out.expected_move, out.leave, out.veto = said
        return
    try:
        out.expected_move = float(said)
    except (TypeError, ValueError):
        raise TypeError(
            f"on_book returned {said!r}; it returns a number of 1e-9 of the currency, a "
            "Forecast or None"
        ) from None


def _parameters(thing: Callable[..., Any], name: str, skip: int) -> list[Parameter]:
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        raise SignalError(f"{name} is no class or function of Python's") from None
    found = []
    for parameter in list(signature.parameters.values())[skip:]:
        default = parameter.default
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if isinstance(default, bool) or not isinstance(default, (int, float)):
            raise SignalError(
                f"the parameter {parameter.name} of {name} has no number as its default; "
                f"write such as {parameter.name}=1.0"
            )
        found.append(Parameter(parameter.name, float(default)))
    return found
