"""A signal that the engine can run, whatever it is written in."""

from __future__ import annotations

import ctypes
import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pyscalp.errors import PyscalpError
from pyscalp.signals import abi


class SignalError(PyscalpError):
    """A signal of one's own that cannot be loaded, started or gone on with."""


class Parameter(NamedTuple):
    """A number that ``[signals.user.parameters]`` may set.

    Attributes
    ----------
    name : str
        Letters, digits and ``_``.
    value : float
        Where the configuration is silent.
    min, max : float
        What it may be, both ends included; both 0 is any finite number.
    """

    name: str
    value: float
    min: float = 0.0
    max: float = 0.0

    @property
    def bounded(self) -> bool:
        """Whether `min` and `max` mean anything."""
        return self.min != 0.0 or self.max != 0.0


class Signal:
    """A signal, ready for the engine: the address of a ``pyscalp_signal`` and what it says.

    Made by `load`. Use the constructor for functions of another language or of
    ``numba.cfunc``; it builds the C struct around them and keeps it alive.

    Parameters
    ----------
    on_book, on_trade, create, destroy, reset : int, ctypes function or numba cfunc
        Addresses of C functions as ``pyscalp_signal.h`` has them; only `on_book` is
        needed.
    name : str
        How messages call it.
    levels : int
        Levels of each side that it is to be shown, 1 to 32.
    state_size : int
        Bytes of state of one instrument, zeroed at the start.
    parameters : sequence of Parameter
        What it takes.
    kind : str
        What it is written in, for messages.
    calls_python : bool
        It runs the Python interpreter; the engine then refuses it outside replays.

    Raises
    ------
    SignalError
        If a value is out of its range.
    """

    def __init__(
        self,
        on_book: Any,
        *,
        name: str,
        levels: int = 5,
        state_size: int = 0,
        parameters: Sequence[Parameter] = (),
        create: Any = None,
        destroy: Any = None,
        reset: Any = None,
        on_trade: Any = None,
        kind: str = "native",
        calls_python: bool = False,
    ) -> None:
        table = (abi.ParameterEntry * max(1, len(parameters)))()
        for entry, parameter in zip(table, parameters, strict=False):
            entry.name = parameter.name.encode()
            entry.value, entry.min, entry.max = parameter[1:]
        functions = (create, destroy, reset, on_book, on_trade)
        descriptor = abi.Descriptor(
            abi.ABI,
            ctypes.sizeof(abi.Descriptor),
            name.encode(),
            abi.CALLS_PYTHON if calls_python else 0,
            levels,
            state_size,
            table,
            len(parameters),
            *map(_address, functions),
        )
        self._read(descriptor, kind)
        self._keeps = (descriptor, table, functions)

    @classmethod
    def at(cls, address: int, kind: str, keeps: Any = None) -> Signal:
        """The signal whose ``pyscalp_signal`` lies at an address.

        Raises
        ------
        SignalError
            If it is made for another version, or its values are out of range.
        """
        signal = cls.__new__(cls)
        signal._read(abi.Descriptor.from_address(address), kind)
        signal._keeps = keeps
        return signal

    _keeps: Any
    failure: Callable[[], BaseException | None] | None = None
    """What a signal in Python has raised since it was loaded."""

    def _read(self, descriptor: abi.Descriptor, kind: str) -> None:
        if descriptor.abi != abi.ABI:
            raise SignalError(
                f"the signal is made for version {descriptor.abi} of pyscalp_signal.h, and this "
                f"pyscalp has version {abi.ABI}; build it again with the header of this pyscalp"
            )
        if descriptor.size < ctypes.sizeof(abi.Descriptor):
            raise SignalError(
                f"the signal's size is {descriptor.size} bytes, not "
                f"{ctypes.sizeof(abi.Descriptor)}; set it to sizeof(pyscalp_signal)"
            )
        self.address = ctypes.addressof(descriptor)
        self.kind = kind
        self.name = (descriptor.name or b"").decode("utf-8", "replace")
        self.levels = int(descriptor.levels)
        self.calls_python = bool(descriptor.flags & abi.CALLS_PYTHON)
        for wrong, what in (
            (not self.name, "has no name"),
            (not descriptor.on_book, "has no on_book"),
            (not 1 <= self.levels <= abi.LEVELS_MAX, f"asks for {self.levels} levels, not 1 to 32"),
            (descriptor.state_size > abi.STATE_MAX, "has more than 1 GiB of state"),
            (descriptor.parameter_count > abi.PARAMETERS_MAX, "has more than 64 parameters"),
            (descriptor.parameter_count and not descriptor.parameters, "has no parameter table"),
        ):
            if wrong:
                raise SignalError(f"the signal {self.name} {what}".replace("  ", " "))
        self.parameters = tuple(
            Parameter((entry.name or b"").decode("utf-8", "replace"), *_numbers(entry))
            for entry in descriptor.parameters[: descriptor.parameter_count]
        )

    def values(self, given: Mapping[str, float]) -> list[float]:
        """A value for each parameter, in the signal's order.

        Raises
        ------
        SignalError
            For a name that the signal has not, or a value out of its range.
        """
        known = [parameter.name for parameter in self.parameters]
        for name in given:
            if name in known:
                continue
            near = difflib.get_close_matches(name, known, n=1)
            said = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
            raise SignalError(
                f"signals.user.parameters.{name}: {self.name} has no such parameter; {said}"
            )
        values = []
        for parameter in self.parameters:
            value = float(given.get(parameter.name, parameter.value))
            if not math.isfinite(value) or (
                parameter.bounded and not parameter.min <= value <= parameter.max
            ):
                what = f"from {parameter.min:g} to {parameter.max:g}"
                raise SignalError(
                    f"signals.user.parameters.{parameter.name}: must be "
                    f"{what if parameter.bounded else 'finite'}; it is {value:g}"
                )
            values.append(value)
        return values

    def check(self) -> None:
        """Raise what a signal in Python has raised, as a sentence.

        Raises
        ------
        SignalError
            With the last line of its traceback and where that was.
        """
        error = self.failure() if self.failure is not None else None
        if error is None:
            return
        if not isinstance(error, Exception):  # Ctrl-C
            raise error
        raise SignalError(f"signals.user, {self.name}, has failed: {last_line(error)}") from error

    def __repr__(self) -> str:
        return f"<pyscalp signal {self.name}, {self.kind}>"


def last_line(error: BaseException) -> str:
    """What an exception says and where it was raised, in one line."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    at = error.__traceback__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{what} ({error.filename}, line {error.lineno})"
    if at is None:
        return what
    while at.tb_next is not None:
        at = at.tb_next
    code = at.tb_frame.f_code
    return f"{what} ({code.co_filename}, line {at.tb_lineno}, in {code.co_name})"


def _numbers(entry: abi.ParameterEntry) -> tuple[float, float, float]:
    return entry.value, entry.min, entry.max


def _address(function: Any) -> int | None:
    if function is None or isinstance(function, int):
        return function
    if isinstance(getattr(function, "address", None), int):  # numba's cfunc
        return int(function.address)
    return ctypes.cast(function, ctypes.c_void_p).value
