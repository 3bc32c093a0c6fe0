"""latency.hdr: one tagged HdrHistogram for each stage, in the V2 log format.

The file is read by HdrHistogram's own tools; each stage stands on a line of its own,
``Tag=tick_to_trade,…``, and so do the gaps of the engine's spin, ``Tag=spin_gap,…``.
Values are nanoseconds, kept to three significant digits.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader, HistogramLogWriter

Int64s = npt.NDArray[np.int64]
Histograms = Mapping[str, tuple[Int64s, Int64s]]
"""Stage to values in ns, ascending, and how often each was seen."""

STAGES = (
    "arrival",
    "decode",
    "feed",
    "book",
    "signal",
    "gate",
    "encode",
    "send",
    "tick_to_trade",
    "order_round_trip",
    "stop_to_order",
)
"""The stages in the order a packet meets them."""
SPIN_GAP = "spin_gap"
"""Not a stage: how long the spinning engine did not run, each time it did not."""
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}

_LOWEST_NS, _HIGHEST_NS, _DIGITS = 1, 3_600_000_000_000, 3


def encode_latency(histograms: Histograms) -> str:
    """The text of a log file with one line for each stage that was seen."""
    text = io.StringIO()
    writer = HistogramLogWriter(text)
    writer.output_log_format_version()
    writer.output_comment("[Values in nanoseconds; one tag for each stage]")
    writer.output_legend()
    for stage, (values, counts) in histograms.items():
        histogram = HdrHistogram(_LOWEST_NS, _HIGHEST_NS, _DIGITS)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            histogram.record_value(min(max(value, _LOWEST_NS), _HIGHEST_NS), count)
        if histogram.get_total_count():
            text.write(f"Tag={stage},")
            writer.output_interval_histogram(histogram)
    return text.getvalue()


def read_latency(path: str | Path) -> dict[str, tuple[Int64s, Int64s]]:
    """Stage to values in ns and counts, as written by `encode_latency`."""
    reader = HistogramLogReader(str(path), HdrHistogram(_LOWEST_NS, _HIGHEST_NS, _DIGITS))
    stages: dict[str, tuple[Int64s, Int64s]] = {}
    try:
        while (histogram := reader.get_next_interval_histogram()) is not None:
            recorded = [
                (item.value_iterated_to, item.count_added_in_this_iter_step)
                for item in histogram.get_recorded_iterator()
            ]
            pairs = np.array(recorded, dtype=np.int64).reshape(-1, 2)
            stages[histogram.get_tag() or ""] = (pairs[:, 0], pairs[:, 1])
    finally:
        reader.close()
    return stages


def value_at(values: Int64s, counts: Int64s, percentiles: Sequence[float]) -> list[int]:
    """The smallest value that at least so many percent do not exceed; 0 of nothing."""
    cumulated = np.cumsum(counts)
    if not cumulated.size or cumulated[-1] == 0:
        return [0 for _ in percentiles]
    wanted = np.ceil(np.asarray(percentiles) / 100 * cumulated[-1])
    places = np.searchsorted(cumulated, np.maximum(wanted, 1), side="left")
    return [int(values[min(place, values.size - 1)]) for place in places]


def stages_of(histograms: Histograms) -> Histograms:
    """The histograms of the stages alone."""
    return {stage: pair for stage, pair in histograms.items() if stage != SPIN_GAP}


def latency_table(histograms: Histograms) -> dict[str, dict[str, int]]:
    """Stage to count, min, p50, p90, p99, p99.9 and max, in ns, in the stages' order."""
    ordered = [stage for stage in STAGES if stage in histograms]
    ordered += [stage for stage in histograms if stage not in STAGES]
    table = {}
    for stage in ordered:
        values, counts = histograms[stage]
        if counts.sum():
            at = value_at(values, counts, list(PERCENTILES.values()))
            table[stage] = {
                "count": int(counts.sum()),
                "min": int(values[0]),
                **dict(zip(PERCENTILES, at, strict=True)),
                "max": int(values[-1]),
            }
    return table
