"""Signals of one's own: written in C++, Cython, Numba or Python, run by the engine.

What they have in common is the C interface of ``pyscalp/include/pyscalp_signal.h``, which
is the manual of every field; ``docs/own_signal.md`` is the way in. `load` makes a `Signal`
of a library, a ``"module:name"`` or an object; `pyscalp.replay` and `pyscalp.run` take
one, or find it by ``[signals.user]`` of the configuration.

``numba_signal``, ``bids``, ``asks``, ``signature`` and ``trade_signature`` need Numba
(``pip install 'pyscalp[numba]'``), which is imported when the first of them is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyscalp.signals.abi import LONG, NO_PRICE, SHORT, UNIT, Level, Market, Trade
from pyscalp.signals.descriptor import Parameter, Signal, SignalError
from pyscalp.signals.interpreted import Forecast
from pyscalp.signals.loading import PythonSignalWarning, engine_form, load
from pyscalp.signals.rehearsal import rehearse

if TYPE_CHECKING:
    from pyscalp.signals.compiled import asks, bids, numba_signal, signature, trade_signature

__all__ = [
    "LONG",
    "NO_PRICE",
    "SHORT",
    "UNIT",
    "Forecast",
    "Level",
    "Market",
    "Parameter",
    "PythonSignalWarning",
    "Signal",
    "SignalError",
    "Trade",
    "asks",
    "bids",
    "engine_form",
    "load",
    "numba_signal",
    "rehearse",
    "signature",
    "trade_signature",
]

_OF_NUMBA = ("asks", "bids", "numba_signal", "signature", "trade_signature")


def __getattr__(name: str) -> Any:
    if name not in _OF_NUMBA:
        raise AttributeError(f"module 'pyscalp.signals' has no attribute {name!r}")
    from pyscalp.signals import compiled

    value = globals()[name] = getattr(compiled, name)
    return value
