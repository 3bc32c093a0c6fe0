"""Market days for the benchmarks: made up on the spot, or the real one of PYSCALP_DATA."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyscalp import _core
from pyscalp.day_file import read_day
from pyscalp.errors import PyscalpError, ResultsNotWritten, os_reason

REAL_DAY = "itch/AMZN_AAPL_2012-06-21.itch50.xz"
"""Where PYSCALP_DATA keeps the real day of two stocks."""


@dataclass(frozen=True)
class Day:
    """A file to measure on, and what is in it.

    Attributes
    ----------
    file : Path
        ITCH 5.0 BinaryFILE, not compressed.
    messages : int
        In all.
    opening_bytes : int
        Of the directory and the orders that rest before the market opens; 0 where the
        file is not ours.
    opening_messages : int
        The same in messages.
    """

    file: Path
    messages: int
    opening_bytes: int = 0
    opening_messages: int = 0

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.stat().st_size


def write_day(
    file: Path,
    messages: int,
    instruments: int,
    *,
    seed: int = 1,
    live_orders: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Day:
    """Write a made-up market day; bench/README.md states what it consists of.

    Parameters
    ----------
    file : Path
        Replaced once the day is written whole.
    messages : int
        In all, the directory's too.
    instruments : int
        1 to 65,534.
    seed : int
        Of every random choice; the same settings give the same bytes.
    live_orders : int
        Orders alive from the opening to the end; 0 lets them grow over the day.
    progress : callable, optional
        Called with messages written and messages in all.

    Raises
    ------
    PyscalpError
        If no such day can be, or the file cannot be written.
    """
    tell = None if progress is None else lambda written: progress(written, messages)
    part = file.with_name(file.name + ".part")
    try:
        about: dict[str, Any] = _core.write_market_day(
            str(part), messages, instruments, seed, live_orders, tell
        )
        part.replace(file)
    except ValueError as error:
        raise PyscalpError(f"no such market day: {error}") from None
    except OSError as error:
        raise ResultsNotWritten(f"cannot write {file}: {os_reason(error)}") from None
    finally:
        part.unlink(missing_ok=True)
    return Day(file, about["messages"], about["opening_bytes"], about["opening_messages"])


def given_day(file: Path) -> Day:
    """A file of the user's, counted.

    Raises
    ------
    PyscalpError
        If it cannot be read, or holds no ITCH 5.0 in the BinaryFILE framing.
    """
    import numpy as np

    try:
        data = np.memmap(file, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "it is empty"
        raise PyscalpError(f"cannot read {file}: {reason}") from None
    if data[:1].tobytes() != b"\0":
        raise PyscalpError(
            f"{file} is no ITCH 5.0 BinaryFILE; a compressed one has to be unpacked first"
        )
    messages, _ = _core.walk_frames(data.data)
    if messages == 0:
        raise PyscalpError(f"{file} holds no message")
    return Day(file, messages)


def real_day(folder: Path) -> Day | None:
    """The real day of AMZN and AAPL, unpacked into `folder`; None without PYSCALP_DATA."""
    data = os.environ.get("PYSCALP_DATA")
    if not data or not (Path(data) / REAL_DAY).is_file():
        return None
    file = folder / Path(REAL_DAY).stem
    file.write_bytes(read_day(Path(data) / REAL_DAY))
    return given_day(file)
