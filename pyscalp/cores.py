"""Which core the engine gets, and how everything else is kept off it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from pyscalp.errors import PyscalpError


@contextlib.contextmanager
def reserved_core(wanted: int) -> Iterator[int]:
    """Keep this thread, and what it starts, off the engine's core.

    A kernel likes to put a woken process on the core that woke it, so an exchange that
    may run anywhere interrupts the engine at each order it is sent.

    Parameters
    ----------
    wanted : int
        The engine's core, or -1 for the highest-numbered one this process may use.

    Yields
    ------
    int
        The engine's core. On a machine of one core everything shares it.

    Raises
    ------
    PyscalpError
        If this process may not use the wanted core.
    """
    allowed = os.sched_getaffinity(0)
    core = max(allowed) if wanted < 0 else wanted
    if core not in allowed:
        cores = ", ".join(map(str, sorted(allowed)))
        raise PyscalpError(f"engine.cpu = {core} is not a core of this process; it may use {cores}")
    others = allowed - {core}
    if not others:
        yield core
        return
    os.sched_setaffinity(0, others)
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)
