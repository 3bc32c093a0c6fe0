"""A signal tried on a simulated day: no data, no account, a second or two."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscalp.duration import Duration
from pyscalp.errors import PyscalpError

if TYPE_CHECKING:
    from pyscalp.config import Config
    from pyscalp.replay import ReplayResult


def rehearse(
    config: Config | str | Path | None = None,
    *,
    signal: Any = None,
    duration: str = "10m",
    seed: int = 1,
) -> ReplayResult:
    """Replay the opening of a day that the included exchange's agents make up.

    Parameters
    ----------
    config : Config, str or Path, optional
        A configuration or its file, whose instruments the day has; `Config.included()`
        without one.
    signal : optional
        A signal of your own, as `pyscalp.signals.load` takes it, instead of that of
        ``[signals.user]``.
    duration : str
        Of the day, such as ``"10m"``, up to ``"6h30m"``.
    seed : int
        Of the day: equal seeds, equal days.

    Raises
    ------
    PyscalpError
        If the configuration is wrong, or the signal cannot be loaded or fails.
    """
    from pyscalp import _core
    from pyscalp.config import Config
    from pyscalp.replay import replay

    if config is None:
        config = Config.included()
    elif not isinstance(config, Config):
        config = Config.load(config)
    try:
        length = Duration.parse(duration)
    except ValueError as error:
        raise PyscalpError(f"the duration {error}") from None
    if not 0 < length <= Duration.parse("6h30m"):
        raise PyscalpError(f"the duration must be above 0 and up to 6h30m; it is {length}")
    symbols = [instrument.symbol for instrument in config.instruments]
    with tempfile.TemporaryDirectory(prefix="pyscalp-") as folder:
        day = Path(folder) / "simulated.itch50"
        day.write_bytes(_core.simulate_day(seed, int(length), symbols))
        return replay(day, config, signal=signal)
