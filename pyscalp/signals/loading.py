"""From a library, a ``"module:name"`` or an object to a `Signal`, and to the engine."""

from __future__ import annotations

import ctypes
import datetime as dt
import importlib
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscalp.signals import abi
from pyscalp.signals.descriptor import Signal, SignalError, last_line
from pyscalp.signals.interpreted import interpreted

if TYPE_CHECKING:
    from pyscalp.config import Config

_OTHER_VERSIONS = range(2, 10)


class PythonSignalWarning(UserWarning):
    """A signal in plain Python is at work: the engine waits for it at every event."""


def load(source: Any, *, name: str | None = None) -> Signal:
    """Make a `Signal` of whatever a signal may be.

    Parameters
    ----------
    source : str, Path or object
        Path of a shared library that exports ``pyscalp_signal_v1``; ``"module:name"``,
        looked for in the working directory too; or what stands under such a name: a
        capsule of Cython's, what `numba_signal` made, a Python class or function, or a
        `Signal`.
    name : str, optional
        How messages call a Python class or function; its own name if none is given.

    Raises
    ------
    SignalError
        What was wrong, where, and what to do.
    """
    if isinstance(source, Path):
        return _library(str(source))
    if isinstance(source, str):
        if _is_entry(source):
            return _entry(source)
        return _library(source)
    if isinstance(source, Signal):
        return source
    if type(source).__name__ == "PyCapsule":
        return _capsule(source)
    if type(source).__name__ == "NumbaSignal":
        made: Signal = source.signal()
        return made
    if callable(source):
        called = name or str(getattr(source, "__name__", type(source).__name__))
        return interpreted(source, called)
    raise SignalError(
        f"{source!r} is no signal; it may be a library, a capsule, what numba_signal made, a "
        "class with on_book, or a function"
    )


def engine_form(
    config: Config, signal: Any = None, *, live: bool = False, day: dt.date | None = None
) -> tuple[dict[str, Any], Signal | None]:
    """The engine's form of a configuration, with the user's signal loaded.

    The dictionary keeps the signal alive, and the engine keeps the dictionary.

    Parameters
    ----------
    config : Config
        Its ``[signals.user]`` says what to load, and with which parameters.
    signal : optional
        What `load` takes; instead of that of the configuration.
    live : bool
        Whether it is for a market rather than a replay: then not in Python.
    day : datetime.date, optional
        As `Config.to_core` takes it.

    Raises
    ------
    SignalError
        If it cannot be loaded, or a parameter is wrong.
    PyscalpError
        As `Config.to_core` does.
    """
    core = config.to_core(day)
    user = config.signals.user
    source = user.source if signal is None else signal
    if source is None:
        return core, None
    loaded = load(source)
    if live and loaded.calls_python:
        raise SignalError(
            f"signals.user, {loaded.name}, is written in Python, and no Python runs between "
            "packet and order: replay it, or write it in C++, Cython or Numba (pyscalp "
            "new-strategy --help)"
        )
    if loaded.calls_python:
        warnings.warn(
            f"{loaded.name} is written in Python: the engine waits for it, some microseconds an "
            "event; no market would (docs/own_signal.md)",
            PythonSignalWarning,
            stacklevel=3,
        )
    core["signals"]["user"] = {
        "enabled": True,
        "plugin": loaded.address,
        "parameters": loaded.values(user.parameters),
        "keeps": loaded,
    }
    core["signals"]["shown_levels"] = max(core["signals"]["shown_levels"], loaded.levels)
    return core, loaded


def _is_entry(text: str) -> bool:
    module, colon, name = text.partition(":")
    return bool(colon) and all(part.isidentifier() for part in [*module.split("."), name])


# -- libraries --------------------------------------------------------------------------


def _library(text: str) -> Signal:
    path = Path(os.path.expandvars(text)).expanduser().absolute()
    if not path.is_file():
        raise SignalError(f"there is no library {path}{_build_hint(path)}")
    try:
        library = ctypes.CDLL(str(path), mode=os.RTLD_NOW | os.RTLD_LOCAL)
    except OSError as error:
        raise SignalError(f"cannot load {path}: {error}") from None
    entry = _symbol(library, abi.SYMBOL)
    if entry is None:
        raise SignalError(_no_symbol(library, path))
    entry.restype = ctypes.c_void_p
    address = entry()
    if not address:
        raise SignalError(f"{abi.SYMBOL} of {path} returned no signal (NULL)")
    return _placed(int(address), "a library", library, str(path))


def _symbol(library: ctypes.CDLL, name: str) -> Any:
    try:
        return getattr(library, name)
    except AttributeError:
        return None


def _no_symbol(library: ctypes.CDLL, path: Path) -> str:
    for version in _OTHER_VERSIONS:
        if _symbol(library, f"pyscalp_signal_v{version}") is not None:
            return (
                f"{path} is made for version {version} of pyscalp_signal.h, and this pyscalp has "
                f"version {abi.ABI}; build it again with the header of this pyscalp"
            )
    return (
        f"{path} exports no {abi.SYMBOL}; give it a function of that name with C linkage and "
        'default visibility: extern "C" const pyscalp_signal* pyscalp_signal_v1(void)'
    )


def _build_hint(path: Path) -> str:
    for folder in list(path.parents)[:3]:
        if (folder / "CMakeLists.txt").is_file():
            where = "" if folder == Path.cwd() else f" in {folder}"
            return f"; build it{where}: cmake -B build && cmake --build build"
    return f"; relative paths begin at {Path.cwd()}"


def _placed(address: int, kind: str, keeps: Any, where: str) -> Signal:
    try:
        return Signal.at(address, kind, keeps)
    except SignalError as error:
        raise SignalError(f"{where}: {error}") from None


# -- modules ----------------------------------------------------------------------------


def _entry(text: str) -> Signal:
    module_name, _, name = text.partition(":")
    module = _module(module_name)
    if not hasattr(module, name):
        near = [key for key in vars(module) if not key.startswith("_")]
        raise SignalError(
            f"signals.user: {module_name} has no {name}; it has {', '.join(near[:12]) or 'nothing'}"
        )
    try:
        return load(getattr(module, name), name=text)
    except SignalError as error:
        raise SignalError(f"{text}: {error}") from error.__cause__


def _module(name: str) -> Any:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise SignalError(f"{name} cannot be imported: {last_line(error)}") from error
        source = Path(here, *name.split("."))
        if source.with_suffix(".pyx").is_file():
            raise SignalError(
                f"{name}.pyx is not compiled: python setup.py build_ext --inplace"
            ) from None
        raise SignalError(
            f"there is no module {name}, neither in {here} nor where Python looks else"
        ) from None
    except SignalError:
        raise
    except Exception as error:
        raise SignalError(f"{name} cannot be imported: {last_line(error)}") from error
    finally:
        if here in sys.path:
            sys.path.remove(here)


def _capsule(capsule: Any) -> Signal:
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    found = api.PyCapsule_GetName(capsule)
    if found != abi.CAPSULE:
        called = (found or b"nothing").decode("utf-8", "replace")
        raise SignalError(
            f"the capsule is called {called}, not {abi.CAPSULE.decode()}; make it with "
            "pyscalp.signal_capsule, or build it again for this version"
        )
    return Signal.at(int(api.PyCapsule_GetPointer(capsule, abi.CAPSULE)), "Cython", capsule)
