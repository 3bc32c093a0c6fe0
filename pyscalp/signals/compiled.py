"""Signals in Numba: Python's syntax, compiled before the first event, as fast as C++.

`numba_signal` is the comfortable way. Who would rather write the C functions by hand has
their types in `signature` and `trade_signature`, the records behind the pointers in
`MARKET`, `FORECAST` and `TRADE`, and `Signal` to put them together.
"""

from __future__ import annotations

import ctypes
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscalp.signals import abi
from pyscalp.signals.descriptor import Parameter, Signal, SignalError

try:
    from numba import carray, cfunc, from_dtype, njit, types
    from numba.core.errors import NumbaError
    from numba.extending import intrinsic
except ImportError as error:
    raise SignalError(
        f"Numba is missing ({error}): pip install 'pyscalp[numba]', or write the signal in "
        "another language"
    ) from None

nan = math.nan  # compiled code takes a global as a constant

_FORMATS = {
    ctypes.c_uint32: "u4",
    ctypes.c_int32: "i4",
    ctypes.c_uint64: "u8",
    ctypes.c_int64: "i8",
    ctypes.c_double: "f8",
    ctypes.c_void_p: "u8",
}


def _dtype(struct: type[ctypes.Structure]) -> np.dtype[Any]:
    """The same bytes for NumPy; pointers are addresses."""
    fields = [(field[0], field[1]) for field in struct._fields_]
    return np.dtype(
        {
            "names": [name for name, _ in fields],
            "formats": [_FORMATS[kind] for _, kind in fields],
            "offsets": [getattr(struct, name).offset for name, _ in fields],
            "itemsize": ctypes.sizeof(struct),
        }
    )


LEVEL = from_dtype(_dtype(abi.Level))
MARKET = from_dtype(_dtype(abi.Market))
FORECAST = from_dtype(_dtype(abi.ForecastOut))
TRADE = from_dtype(_dtype(abi.Trade))

_MARKETS = types.CPointer(MARKET)
_FORECASTS = types.CPointer(FORECAST)
_TRADES = types.CPointer(TRADE)
_DOUBLES = types.CPointer(types.double)

signature = types.void(types.voidptr, _DOUBLES, _MARKETS, _FORECASTS)
"""Of ``on_book(state, parameters, market, forecast)``, for ``numba.cfunc``."""
trade_signature = types.void(types.voidptr, _DOUBLES, _TRADES)
"""Of ``on_trade(state, parameters, trade)``, for ``numba.cfunc``."""


@intrinsic  # type: ignore[untyped-decorator]
def _levels_at(_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, found: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(found.return_type))

    return types.CPointer(LEVEL)(address), generate


@njit(inline="always")  # type: ignore[untyped-decorator]
def bids(market: Any) -> Any:
    """The best levels to buy at, best first: an array of `price`, `qty`, `orders`."""
    return carray(_levels_at(market._bids), (market.bid_count,))


@njit(inline="always")  # type: ignore[untyped-decorator]
def asks(market: Any) -> Any:
    """The best levels to sell at, best first: an array of `price`, `qty`, `orders`."""
    return carray(_levels_at(market._asks), (market.ask_count,))


Fields = Mapping[str, npt.DTypeLike] | Sequence[tuple[str, npt.DTypeLike]]


class NumbaSignal:
    """What `numba_signal` makes of a function; compiled when it is loaded."""

    def __init__(
        self,
        on_book: Callable[..., None],
        parameters: Mapping[str, float | tuple[float, float, float]],
        state: Fields,
        levels: int,
        name: str,
    ) -> None:
        self.name = name
        self._on_book = on_book
        self._on_trade: Callable[..., None] | None = None
        self._levels = levels
        self._parameters = [
            Parameter(key, *(map(float, value) if isinstance(value, tuple) else (float(value),)))
            for key, value in parameters.items()
        ]
        fields = list(state.items() if isinstance(state, Mapping) else state)
        self._state = _record([*fields, ("_raised", "i8")])
        self._values = _record((parameter.name, "f8") for parameter in self._parameters)
        self._signal: Signal | None = None

    def on_trade(self, function: Callable[..., None]) -> Callable[..., None]:
        """Decorate ``function(trade, state, parameters)``, to be called at every trade."""
        self._on_trade = function
        self._signal = None
        return function

    def signal(self) -> Signal:
        """Compile it.

        Raises
        ------
        SignalError
            With what Numba said, if it cannot.
        """
        if self._signal is None:
            try:
                self._signal = self._compiled()
            except Exception as error:
                raise SignalError(
                    f"Numba cannot compile {self.name} ({_place(self._on_book)}):{_said(error)}"
                ) from None
        return self._signal

    def _compiled(self) -> Signal:
        state_dtype, values_dtype = self._state, self._values
        state_at, values_at = from_dtype(state_dtype), from_dtype(values_dtype)
        on_book = _jitted(self._on_book)

        @cfunc(  # type: ignore[untyped-decorator]
            types.void(types.CPointer(state_at), types.CPointer(values_at), _MARKETS, _FORECASTS),
            error_model="numpy",
        )
        def book(state: Any, parameters: Any, market: Any, forecast: Any) -> None:
            own = carray(state, 1)[0]
            said = carray(forecast, 1)[0]
            if own._raised == 0:
                try:
                    on_book(carray(market, 1)[0], own, carray(parameters, 1)[0], said)
                except Exception:
                    own._raised = 1
            if own._raised != 0:
                said.expected_move = nan
                said.leave = said.veto = 0

        trade_function = None
        if self._on_trade is not None:
            on_trade = _jitted(self._on_trade)

            @cfunc(  # type: ignore[untyped-decorator]
                types.void(types.CPointer(state_at), types.CPointer(values_at), _TRADES),
                error_model="numpy",
            )
            def trade(state: Any, parameters: Any, one: Any) -> None:
                own = carray(state, 1)[0]
                try:
                    on_trade(carray(one, 1)[0], own, carray(parameters, 1)[0])
                except Exception:
                    own._raised = 1

            trade_function = trade

        return Signal(
            book,
            name=self.name,
            levels=self._levels,
            state_size=state_dtype.itemsize,
            parameters=self._parameters,
            on_trade=trade_function,
            kind="Numba",
        )


def numba_signal(
    *,
    parameters: Mapping[str, float | tuple[float, float, float]] | None = None,
    state: Fields | None = None,
    levels: int = 5,
    name: str | None = None,
) -> Callable[[Callable[..., None]], NumbaSignal]:
    """Make a signal of ``function(market, state, parameters, forecast)``.

    The function is compiled by Numba in nopython mode. It reads the fields of `market` as
    ``pyscalp_signal.h`` names them, and its levels by `bids` and `asks`; keeps what it
    likes in the fields of `state`; and sets ``forecast.expected_move``, ``forecast.leave``
    and ``forecast.veto``, which are 0 when it is called. Division by zero gives infinity
    or NaN, which are no opinion. Once it has raised something for an instrument it is not
    called for it any more: all that follows is counted as not finite.

    Parameters
    ----------
    parameters : mapping
        Name to default, or to (default, smallest, largest).
    state : mapping of str to dtype, or sequence of pairs
        The fields of one instrument's state; zero at the start.
    levels : int
        Levels of each side that it is to be shown, 1 to 32.
    name : str, optional
        How messages call it; the function's own name if none is given.

    Raises
    ------
    SignalError
        If Numba is missing; when the signal is loaded, if it does not compile.
    """

    def decorate(function: Callable[..., None]) -> NumbaSignal:
        return NumbaSignal(
            function, parameters or {}, state or {}, levels, name or function.__name__
        )

    return decorate


def _record(fields: Any) -> np.dtype[Any]:
    """A C struct of them; of one field that nobody looks at, where there are none."""
    return np.dtype(list(fields) or [("_nothing", "f8")], align=True)


def _jitted(function: Any) -> Any:
    if hasattr(function, "py_func"):  # jitted already
        return function
    return njit(error_model="numpy")(function)


def _said(error: Exception) -> str:
    """Numba's own words, which are many lines, or what a plain exception means here."""
    if isinstance(error, KeyError):
        return f" neither market nor state, parameters, forecast or trade has a field {error}"
    if not isinstance(error, NumbaError):
        return f" {type(error).__name__}: {error}"
    return "".join(f"\n  {line}" for line in str(error).splitlines() if line.strip())


def _place(function: Any) -> str:
    code = inspect.unwrap(getattr(function, "py_func", function)).__code__
    return f"{code.co_filename}, line {code.co_firstlineno}"
