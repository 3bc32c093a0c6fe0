"""The command ``pyscalp new-strategy``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pyscalp.terminal import OUT, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        name="new-strategy",
        epilog="Example: pyscalp new-strategy flow_lean --kind numba --into strategies",
    )(new_strategy)


def new_strategy(
    name: Annotated[str, typer.Argument(help="Letters, digits and _; also the folder's name.")],
    kind: Annotated[
        Literal["c++", "cython", "numba", "python"], typer.Option(help="What to write it in.")
    ] = "c++",
    into: Annotated[Path, typer.Option(help="Where the folder is made.")] = Path("."),
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Write a folder with a signal of your own, ready to build, test and run.

    C++, Cython and Numba run at native speed; Python is for replays alone. The README in
    the folder has the commands, docs/own_signal.md the rest.
    """
    from pyscalp.new_strategy import new_strategy as write

    folder, commands = write(name, kind, into)
    if as_json:
        print_json({"directory": str(folder), "commands": commands})
        return
    OUT.print(f"{folder} is written; now:", highlight=False, markup=False)
    for command in [f"cd {folder}", *commands]:
        OUT.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
