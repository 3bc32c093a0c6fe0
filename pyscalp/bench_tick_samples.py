"""The samples of a tick-to-trade measurement, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyscalp.bench_tick_run import Measured

STAGES = ("arrival", "feed", "signal", "gate", "encode", "send", "tick_to_trade")
"""Of the engine, in order; the last one spans those from ``feed`` on."""

_QUANTILES = {"min": 0, "p50": 50, "p90": 90, "p99": 99, "p99.9": 99.9, "max": 100}


def quantiles(samples: NDArray[np.int64]) -> dict[str, float]:
    """Count, min, p50, p90, p99, p99.9 and max; the count alone where there are none."""
    if samples.size == 0:
        return {"count": 0}
    values = np.percentile(samples, list(_QUANTILES.values()))
    found = dict(zip(_QUANTILES, (float(v) for v in values), strict=True))
    return {"count": int(samples.size), **found}


@dataclass
class Samples:
    """Of one measurement, or of several.

    Attributes
    ----------
    trips : ndarray
        int64, shape (triggers, 3), as `Measured.trips`, of those that count and went.
    echoed : ndarray or None
        int64, shape (triggers, 2): of an echo, when it saw each and when it had sent.
    stages : dict
        Of an engine: by stage, its times in ns.
    """

    trips: NDArray[np.int64]
    echoed: NDArray[np.int64] | None
    stages: dict[str, NDArray[np.int64]]

    @classmethod
    def of(cls, measured: Measured) -> Samples:
        """The first triggers of a measurement warm everything up and do not count."""
        untimed = min(100, len(measured.trips) // 10)
        went = int((measured.trips[:, 1] > 0).sum())
        found = measured.contender
        echoed = None
        if "echoed" in found:
            echoed = np.asarray(found["echoed"], dtype=np.int64).reshape(-1, 2)[untimed:went]
        stages = {
            stage: np.repeat(np.asarray(values, np.int64), np.asarray(counts, np.int64))
            for stage, (values, counts) in found.get("stages", {}).items()
            if stage in STAGES
        }
        return cls(measured.trips[untimed:went], echoed, stages)

    @classmethod
    def together(cls, several: Sequence[Samples]) -> Samples:
        """All of them as one."""
        echoed = [one.echoed for one in several if one.echoed is not None]
        return cls(
            np.concatenate([one.trips for one in several]),
            np.concatenate(echoed) if echoed else None,
            {
                stage: np.concatenate([one.stages[stage] for one in several])
                for stage in STAGES
                if all(stage in one.stages for one in several)
            },
        )

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which triggers an order came to."""
        answered: NDArray[np.bool_] = self.trips[:, 2] > 0
        return answered

    @property
    def wire(self) -> NDArray[np.int64]:
        """From a trigger out to its order in."""
        trips = self.trips[self.answered]
        wire: NDArray[np.int64] = trips[:, 2] - trips[:, 1]
        return wire

    def summary(self) -> dict[str, Any]:
        """Quantiles of everything; the engine's by stage."""
        trips = self.trips[self.answered]
        out: dict[str, Any] = {
            "wire": quantiles(self.wire),
            "from_intended": quantiles(trips[:, 2] - trips[:, 0]),
            "sent_late": quantiles(self.trips[:, 1] - self.trips[:, 0]),
        }
        if self.echoed is not None:
            seen, sent = self.echoed[self.answered, 0], self.echoed[self.answered, 1]
            out["way_in"] = quantiles(seen - trips[:, 1])
            out["way_out"] = quantiles(trips[:, 2] - seen)
            out["send_call"] = quantiles(sent - seen)
        if self.stages:
            out["stages"] = {
                stage: quantiles(self.stages[stage]) for stage in STAGES if stage in self.stages
            }
        return out
