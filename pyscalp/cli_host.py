"""The commands ``pyscalp host …``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pyscalp.errors import EXIT_NOT_CHANGED, EXIT_NOT_FIT, EXIT_OK, PyscalpError
from pyscalp.terminal import ERR, OUT, print_json

if TYPE_CHECKING:
    from pyscalp.host.machine import Machine

host = typer.Typer(
    name="host",
    help="Whether this machine is fit to trade on, and what to change.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ProfileName = Annotated[
    Literal["laptop", "cloud", "colocated"],
    typer.Option(help="What the machine is, and so what it must have."),
]
CoreNumber = Annotated[
    int | None,
    typer.Option(min=0, metavar="N", help="The engine's core.", show_default="the last one"),
]
InterfaceName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Where the feed comes in.", show_default="of the default route"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Root = Annotated[Path, typer.Option(hidden=True, help="Where /proc, /sys and /dev are.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(host)


@host.callback()
def _host() -> None:
    """Whether this machine is fit to trade on, and what to change."""


@host.command(epilog="Example: pyscalp host check --profile cloud --core 1 --interface eth0")
def check(
    profile: ProfileName = "laptop",
    core: CoreNumber = None,
    interface: InterfaceName = None,
    seconds: Annotated[
        float,
        typer.Option(min=0, max=600, help="How long to measure the core; 0 measures nothing."),
    ] = 1.0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of every item why it matters.")
    ] = False,
    as_json: Json = False,
    root: Root = Path("/"),
) -> None:
    """Look at all that adds to latency: what was found, what is best, why, how to fix it.

    A star marks what the profile requires. The core is kept busy for that time.

    Exit status: 0 fit for the profile, 6 not fit (or not known to be), 2 no such core or
    interface.
    """
    from pyscalp.host.check import check as check_host
    from pyscalp.host.machine import Machine
    from pyscalp.host.view import print_report

    with ERR.status("measuring", spinner="line"):
        report = check_host(
            Machine(root), profile=profile, core=core, interface=interface, seconds=seconds
        )
    if as_json:
        print_json(report.to_json())
    else:
        print_report(report, OUT, explain=explain)
    raise typer.Exit(EXIT_OK if report.fit else EXIT_NOT_FIT)


@host.command(epilog="Example: sudo pyscalp host tune --profile cloud --apply")
def tune(
    profile: ProfileName = "laptop",
    core: CoreNumber = None,
    interface: InterfaceName = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="ITEM,…", help="Of the check's items.", show_default="all"),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Carry the commands out.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put everything back.")] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the old values are kept.",
            show_default="pyscalp/host_tune.json in the state directory",
        ),
    ] = None,
    as_json: Json = False,
    root: Root = Path("/"),
) -> None:
    """Print the commands that the check asks for; carry them out, or put everything back.

    Only what the check found poor and the profile wants is changed, until the next
    restart. What belongs on the kernel's command line is printed only.

    Exit status: 0 done, 7 not every setting could be changed or put back, 2 not root, or
    nothing to undo.
    """
    from pyscalp.host.check import check as check_host
    from pyscalp.host.machine import Machine
    from pyscalp.host.state import default_path, tuning
    from pyscalp.host.tune import apply as apply_plan
    from pyscalp.host.tune import plan_of, tune_json
    from pyscalp.host.view import print_plan

    machine = Machine(root)
    if apply and undo:
        raise PyscalpError("--apply and --undo contradict each other")
    if (apply or undo) and machine.real and os.geteuid() != 0:
        raise PyscalpError("changing the machine takes root; put sudo in front")
    path = state or default_path()
    if undo:
        _undo(machine, path, as_json=as_json)
        return
    report = check_host(machine, profile=profile, core=core, interface=interface, seconds=0)
    plan = plan_of(report, None if only is None else [part.strip() for part in only.split(",")])
    outcomes = None
    if apply:
        with tuning(path, machine) as held:
            outcomes = apply_plan(plan, machine, held)
    if as_json:
        print_json(tune_json(report, plan, outcomes))
    else:
        print_plan(plan, outcomes, OUT)
    if outcomes and any(outcome.result == "failed" for outcome in outcomes):
        raise typer.Exit(EXIT_NOT_CHANGED)


def _undo(machine: Machine, path: Path, *, as_json: bool) -> None:
    from pyscalp.host.state import tuning
    from pyscalp.host.tune import tune_json
    from pyscalp.host.tune import undo as undo_all
    from pyscalp.host.view import print_outcomes

    if not path.exists():
        raise PyscalpError(f"nothing to undo: there is no {path}; was it kept with --state?")
    with tuning(path, machine) as held:
        if held.restarted:
            path.unlink()
            raise PyscalpError(
                "nothing to undo: the machine was restarted since, and forgot it by itself"
            )
        outcomes = undo_all(machine, held)
    if as_json:
        print_json(tune_json(None, None, outcomes))
    else:
        print_outcomes(outcomes, OUT)
    if any(outcome.result == "failed" for outcome in outcomes):
        raise typer.Exit(EXIT_NOT_CHANGED)
