"""The part of a report that tells when the engine was not running, and on what machine."""

from __future__ import annotations

import html

from pyscalp.latency_file import SPIN_GAP
from pyscalp.report_page import nothing, plot, section, table
from pyscalp.report_plots import gap_figure, nanos
from pyscalp.run_directory import WrittenRun

_SPIN = (
    "The engine spins: it looks at the clock in every turn, some polls apart. A longer time "
    "between two looks with no work between them is a gap, in which an interrupt, another task "
    "or the hypervisor had the core. What strikes during work is in the latencies above."
)


def machine_section(run: WrittenRun) -> list[str]:
    """When the engine did not run, and what the machine gave it; nothing of a replay."""
    spin = run.summary.get("spin")
    if not spin:
        return []
    rows = [
        ["Watched", nanos(spin["watched_ns"])],
        ["Not running", f"{spin['lost_share']:.3%}, {nanos(spin['lost_ns'])} in all"],
        [f"Gaps above {nanos(spin['threshold_ns'], 0)}", f"{spin['gaps']:,}"],
        ["Half of them up to", nanos(spin["p50_ns"])],
        ["99 % of them up to", nanos(spin["p99_ns"])],
        ["Worst", nanos(spin["worst_ns"])],
    ]
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in run.summary.get("machine", []))
    right = f"{table(['Spin', ''], rows)}<h3>What the machine gave</h3><ul>{lines}</ul>"
    left = (
        f"<h3>Length of the gaps</h3>{plot(gap_figure(run), 'gaps')}"
        if SPIN_GAP in run.latency
        else nothing("The engine's thread was never kept from running.")
    )
    body = f'<div class="pair"><div>{left}</div><div>{right}</div></div>'
    return [section("When the engine was not running", _SPIN, body)]
