"""How well icebergs are found: the detector against the exchange's own record.

The truth is the record's `refilled` lines: an order that was refilled is an iceberg, and
every reference it was shown under is known, with what was left of it. The detector names
a reference too. What is counted:

- an *iceberg* is an order of the record with at least one refill; no other shows on the
  feed what it is. Recall is over those with at least one, two and three refills;
- a *detection* is a chain of refills when it is first believed in. It is true if the
  reference it names is one of an iceberg that no earlier detection named;
- its *delay* is the number of the iceberg's refills until then, by the record;
- at every refill of a believed chain, the detection included, the estimate of what is left
  (shown and hidden) is held against the record. Its error is given as a share of the
  iceberg's whole size, which is the error of the size estimate too, and as a share of what
  is truly left, which is stricter.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from pyscalp import _core
from pyscalp.config import Config

SECOND: Final = 10**9
STRICT: Final = "error_of_rest"
WHOLE: Final = "error_of_size"


@dataclass(frozen=True)
class IcebergDay:
    """A made day: its feed, and the exchange's record of orders with a display size."""

    stocks: int
    feed: bytes
    record: pl.DataFrame
    counts: dict[str, int]


@dataclass(frozen=True)
class Judgement:
    """Detections held against the record.

    ``icebergs`` and ``found`` count those refilled at least 1, 2 and 3 times. ``errors``
    has a row for each refill of a true detection: ``refills``, ``detected_now``, ``last``
    (a smaller slice was shown), and both errors.
    """

    icebergs: dict[int, int]
    found: dict[int, int]
    detections: int
    true: int
    twice: int
    delays: list[int]
    errors: pl.DataFrame

    @property
    def precision(self) -> float:
        """Share of detections that are true; one of an iceberg already found is not."""
        return self.true / self.detections if self.detections else float("nan")

    def recall(self, refills: int = 1) -> float:
        """Share found of the icebergs with at least so many refills."""
        number = self.icebergs[refills]
        return self.found[refills] / number if number else float("nan")

    def error(self, of: str = WHOLE, *, at_detection: bool = False) -> float:
        """Median error over all refills, or over those of the detections alone."""
        rows = self.errors.filter(pl.col("detected_now")) if at_detection else self.errors
        median = rows[of].median()
        return float("nan") if median is None else float(median)  # type: ignore[arg-type]

    def summary(self) -> dict[str, Any]:
        """All of it in plain numbers."""
        return {
            "icebergs": self.icebergs,
            "detections": self.detections,
            "true": self.true,
            "found_twice": self.twice,
            "precision": self.precision,
            "recall": {refills: self.recall(refills) for refills in self.icebergs},
            "delay_median": float(np.median(self.delays)) if self.delays else None,
            "delay_p95": float(np.quantile(self.delays, 0.95)) if self.delays else None,
            "estimates": len(self.errors),
            "error_of_size": self.error(),
            "error_of_size_at_detection": self.error(at_detection=True),
            "error_of_rest": self.error(STRICT),
            "error_of_rest_at_detection": self.error(STRICT, at_detection=True),
        }


def make_day(
    seed: int,
    *,
    stocks: int = 4,
    duration: int = 23_400 * SECOND,
    same_stamp: float = 0.02,
    heavy_tail: bool = False,
) -> IcebergDay:
    """Make a day with icebergs and decoys; ``bench/iceberg_day.hpp`` says of whom.

    Parameters
    ----------
    seed : int
    stocks : int
        Each has an iceberg of the day's own every 60 s, a decoy every 45 s, and the fitted
        agents with theirs.
    duration : int
        Nanoseconds from the open.
    same_stamp : float
        Share of the decoys' answers that come with the stamp of the execution.
    heavy_tail : bool
        Sizes spread evenly over their logarithms rather than over 2 to 50 slices.

    Raises
    ------
    ValueError
        A setting out of range.
    OSError
        The record cannot be written to the temporary folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.csv"
        feed, counts = _core.iceberg_day(
            seed, stocks, duration, 60 * SECOND, 45 * SECOND, same_stamp, heavy_tail, str(path)
        )
        record = pl.read_csv(path, schema_overrides={"reason": pl.String})
    return IcebergDay(stocks, feed, record, counts)


def detect(
    feed: bytes, locates: list[int], options: dict[str, Any] | None = None, before: bytes = b""
) -> pl.DataFrame:
    """What the detector says of some instruments of a recording, a row a sighting.

    Parameters
    ----------
    feed : bytes
        ITCH 5.0 BinaryFILE.
    locates : list of int
    options : dict, optional
        Of ``[signals.iceberg]``, in the engine's units, where not the defaults.
    before : bytes
        A day to learn sizes and chance from first.

    Returns
    -------
    polars.DataFrame
        As `pyscalp._core.iceberg_sightings`, with ``locate``.
    """
    config = Config.included().to_core()
    config["signals"]["iceberg"] |= options or {}
    frames = []
    for locate in locates:
        said = _core.iceberg_sightings(config, feed, locate, before)
        del said["forgotten"]
        frames.append(pl.DataFrame(said).with_columns(locate=pl.lit(locate)))
    return pl.concat(frames)


def judge(record: pl.DataFrame, sightings: pl.DataFrame) -> Judgement:
    """Hold sightings against the exchange's record; see the head of this module.

    Parameters
    ----------
    record : polars.DataFrame
        The exchange's record, of orders with a display size at least.
    sightings : polars.DataFrame
        From `detect`, of all instruments of the record.
    """
    order = ["account", "client_ref"]
    refills = (
        record.filter(pl.col("event") == "refilled")
        .with_columns(number=pl.col("sequence").rank("ordinal").over(order))
        .select(*order, "number", pl.col("order_reference").alias("reference"), "leaves")
    )
    each = refills.group_by(order).len("refills")

    believed = sightings.filter((pl.col("kind") == "refilled") & (pl.col("believed") == 1))
    detections = believed.filter(pl.col("believed_before") == 0)
    named = detections.join(refills, on="reference").sort("event")
    first = named.unique(order, keep="first", maintain_order=True)

    icebergs, found = {}, {}
    for least in (1, 2, 3):
        of_them = each.filter(pl.col("refills") >= least)
        icebergs[least] = len(of_them)
        found[least] = len(of_them.join(first, on=order, how="semi"))

    held = believed.join(refills, on="reference")
    off = (held["open"] + held["reserve"] - held["leaves"]).abs()
    errors = held.select(
        "refills",
        (pl.col("believed_before") == 0).alias("detected_now"),
        (pl.col("last") == 1).alias("last"),
        (off / (pl.col("leaves") + pl.col("executed"))).alias(WHOLE),
        (off / pl.col("leaves")).alias(STRICT),
    )
    return Judgement(
        icebergs=icebergs,
        found=found,
        detections=len(detections),
        true=len(first),
        twice=len(named) - len(first),
        delays=first["number"].cast(pl.Int64).to_list(),
        errors=errors,
    )


def least_error(record: pl.DataFrame, sightings: pl.DataFrame) -> float:
    """The median error, as a share of what is left, that hindsight could have had.

    For each number of refills the one estimate, in slices, that would have been best over
    all icebergs of this very record. Nobody who knows only the refills does much better.
    """
    refills = record.filter(pl.col("event") == "refilled").select(
        pl.col("order_reference").alias("reference"), "leaves"
    )
    believed = sightings.filter((pl.col("kind") == "refilled") & (pl.col("believed") == 1))
    held = believed.join(refills, on="reference").with_columns(
        left=pl.col("leaves") / pl.col("slice")
    )
    errors = []
    for _, group in held.group_by("refills", "last"):
        left = np.sort(group["left"].to_numpy())
        half = (len(left) + 1) // 2
        a, b = left[: len(left) - half + 1], left[half - 1 :]
        best = int(np.argmin(b / a))
        estimate = 2 * a[best] * b[best] / (a[best] + b[best])
        errors.append(np.abs(estimate / left - 1))
    return float(np.median(np.concatenate(errors))) if errors else float("nan")


def hidden_trades_beside(
    feed: bytes,
    locate: int,
    options: dict[str, Any] | None = None,
    *,
    refills: int = 3,
    controls: int = 200,
    seed: int = 1,
) -> dict[str, float | int]:
    """How often hidden orders traded at the price of a chain of refills, and elsewhere.

    A recorded day says nothing of icebergs, but prints trades against orders that were not
    displayed. For each chain of at least ``refills`` refills, believed in or not: was there
    such a trade at its price between its first execution and its end? The same is asked of
    ``controls`` windows of the same length, each of which begins at an execution of the
    same side drawn by chance, at that one's price, and has at least as many executions
    there; executions inside chains are not drawn.

    Returns
    -------
    dict
        ``chains``, ``with_hidden`` (share of them), ``windows``, ``windows_with_hidden``
        (share), ``believed`` (chains believed in when they ended).
    """
    config = Config.included().to_core()
    rows = _core.signal_rows(config, feed, locate)
    time, price = rows["trade_time"], rows["trade_price"]
    # The side that rested: 1 a buyer, 0 not told.
    side = -rows["trade_side"]
    ends = detect(feed, [locate], options).filter(
        (pl.col("kind") != "refilled") & (pl.col("refills") >= refills)
    )
    chains = list(
        ends.select("first", "time", "price", "side", "refills", "believed_before").iter_rows()
    )
    places: dict[tuple[int, int], Any] = {}

    def times(at: int, whose: int) -> Any:
        if (at, whose) not in places:
            places[at, whose] = time[(price == at) & (side == whose)]
        return places[at, whose]

    def count(at: int, whose: int, first: int, last: int) -> int:
        found = times(at, whose)
        return int(np.searchsorted(found, last, "right") - np.searchsorted(found, first))

    inside = np.zeros(len(time), bool)
    for first, last, at, whose, _, _ in chains:
        inside |= (time >= first) & (time <= last) & (price == at) & (side == whose)
    random = np.random.default_rng(seed)
    hits = tried = hit = 0
    share = []
    for first, last, at, whose, many, _ in chains:
        hits += count(at, 0, first, last) > 0
        pool = np.flatnonzero((side == whose) & ~inside)
        similar = []
        for place in random.permutation(pool):
            start, there = int(time[place]), int(price[place])
            end = start + last - first
            if count(there, whose, start, end) <= many:
                continue
            similar.append(count(there, 0, start, end) > 0)
            if len(similar) == controls:
                break
        tried += len(similar)
        hit += sum(similar)
        if similar:
            share.append(float(np.mean(similar)))
    return {
        "chains": len(chains),
        "believed": sum(believed for *_, believed in chains),
        "with_hidden": hits / len(chains) if chains else float("nan"),
        "windows": tried,
        "windows_with_hidden": float(np.mean(share)) if share else float("nan"),
    }
