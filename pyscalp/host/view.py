"""What `pyscalp host check` and `host tune` print for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pyscalp.host.check import Report
from pyscalp.host.item import Finding
from pyscalp.host.tune import Outcome, Plan

_MARKS = {"good": ("ok", "green"), "poor": ("poor", "yellow"), "unknown": ("?", "magenta")}
_OUTCOME_STYLES = {"failed": "bold red", "changed": "green", "restored": "green"}


def print_report(report: Report, console: Console, *, explain: bool) -> None:
    """Every item with what was found and what is best; why and how for what is not well.

    With `explain` the why is there for all of them.
    """
    host = report.host
    group = ""
    for finding in report.findings:
        if finding.group != group:
            group = finding.group
            table = _new_table(group)
        _add(table, finding, explain=explain)
        if finding is _last_of(report, group):
            console.print(table)
            console.print()
    where = f"{host.profile}, engine on core {host.core}, feed by {host.interface}"
    if report.fit:
        console.print(Text.assemble(("fit", "bold green"), f" for {where}"))
    else:
        names = ", ".join(finding.name for finding in report.unfit)
        console.print(Text.assemble(("not fit", "bold red"), f" for {where}: {names}"))
    tunable = sum(
        bool(f.judgement.changes) and f.judgement.verdict == "poor" and f.need != "not needed"
        for f in report.findings
    )
    if tunable:
        console.print(f"{tunable} of them pyscalp host tune can change.", style="dim")


def _last_of(report: Report, group: str) -> Finding:
    return [finding for finding in report.findings if finding.group == group][-1]


def _new_table(group: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), title_justify="left")
    table.add_column("", min_width=4)
    table.add_column(group, header_style="bold blue", width=24)
    table.add_column("found", header_style="dim", ratio=1, overflow="fold")
    return table


def _add(table: Table, finding: Finding, *, explain: bool) -> None:
    judgement = finding.judgement
    mark, style = _MARKS[judgement.verdict]
    if finding.need == "not needed" and judgement.verdict != "good":
        mark, style = "-", "dim"
    if finding.unfit:
        mark, style = "NOT", "bold red"
    text = Text(judgement.found)
    text.append(f"   best: {judgement.best}", style="dim")
    well = judgement.verdict == "good"
    if explain or not (well or finding.need == "not needed"):
        text.append(f"\n{finding.item.why}")
        if judgement.remedy:
            text.append("\nfix: ", style="bold")
            text.append(judgement.remedy)
    name = Text(finding.name)
    if finding.need == "required":
        name.append(" *", style="bold")
    table.add_row(Text(mark, style=style), name, text)


def print_plan(plan: Plan, outcomes: list[Outcome] | None, console: Console) -> None:
    """The commands of a plan, or what became of them."""
    if outcomes is None:
        for change in plan.changes:
            console.print(change.command(), markup=False, highlight=False, soft_wrap=True)
    else:
        print_outcomes(outcomes, console)
    if not plan.changes:
        console.print("nothing to change", style="dim")
    if plan.boot:
        console.print("\non the kernel's command line, by hand, then restart:", style="dim")
        console.print(" ".join(plan.boot), markup=False, highlight=False, soft_wrap=True)
    if plan.by_hand:
        console.print("\nby hand:", style="dim")
        for name, step in plan.by_hand:
            console.print(f"{name}: {step}", markup=False, highlight=False, soft_wrap=True)


def print_outcomes(outcomes: list[Outcome], console: Console) -> None:
    """One line for each setting."""
    for outcome in outcomes:
        line = Text(f"{outcome.result:<9}", style=_OUTCOME_STYLES.get(outcome.result, "dim"))
        line.append(outcome.command, style="none")
        if outcome.reason:
            line.append(f"   {outcome.reason}", style="none")
        console.print(line, soft_wrap=True)
