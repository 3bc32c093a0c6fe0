"""`pyscalp new-strategy`: a folder with a signal of one's own, ready to build and run."""

from __future__ import annotations

import importlib.util
import keyword
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pyscalp.errors import PyscalpError, os_reason

_TEMPLATES = Path(__file__).parent / "templates"
_PLACEHOLDER = "my_signal"


@dataclass(frozen=True)
class Kind:
    """A language that a signal can be written in.

    Attributes
    ----------
    folder : str
        Of its templates.
    source : str
        The line of ``[signals.user]`` that names the signal.
    build : tuple of str
        Commands to type in the project's folder, before the test.
    needs : str
        What has to be installed besides pyscalp, for a person.
    live : bool
        Whether it may trade, too.
    """

    name: str
    folder: str
    file: str
    source: str
    build: tuple[str, ...]
    needs: str
    live: bool = True


KINDS = {
    "c++": Kind(
        "C++",
        "cpp",
        "my_signal.cpp",
        'library = "build/my_signal.so"',
        ("cmake -B build", "cmake --build build"),
        "It needs a C++ compiler and CMake (Debian: g++ cmake).",
    ),
    "cython": Kind(
        "Cython",
        "cython",
        "my_signal.pyx",
        'module = "my_signal:signal"',
        ("python setup.py build_ext --inplace",),
        "It needs a C compiler and Python's headers (Debian: gcc python3-dev), and Cython: "
        "`pip install 'pyscalp[cython]'`.",
    ),
    "numba": Kind(
        "Numba",
        "numba",
        "my_signal.py",
        'module = "my_signal:signal"',
        (),
        "It needs Numba: `pip install 'pyscalp[numba]'`. Nothing is built beforehand.",
    ),
    "python": Kind(
        "Python",
        "python",
        "my_signal.py",
        'module = "my_signal:Signal"',
        (),
        "It needs nothing but pyscalp. The engine waits for the interpreter at every event: for "
        "replays, not for a market.",
        live=False,
    ),
}


def new_strategy(name: str, kind: str = "c++", into: str | Path = ".") -> tuple[Path, list[str]]:
    """Write a project with a signal of one's own.

    Parameters
    ----------
    name : str
        Of the signal, its module and its folder: letters, digits and ``_``.
    kind : str
        ``"c++"``, ``"cython"``, ``"numba"`` or ``"python"``.
    into : str or Path
        Where the folder is made.

    Returns
    -------
    tuple of Path and list of str
        The folder, and the commands to type next.

    Raises
    ------
    PyscalpError
        If the name cannot be one, is taken, or the folder cannot be written.
    """
    if kind not in KINDS:
        raise PyscalpError(f'there is no kind "{kind}"; there are {", ".join(KINDS)}')
    _check(name)
    folder = Path(into) / name
    if folder.exists() or folder.is_symlink():
        raise PyscalpError(f"{folder} exists already; choose another name, or another --into")
    chosen = KINDS[kind]
    try:
        folder.mkdir(parents=True)
        try:
            _write(folder, name, chosen)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        raise PyscalpError(f"cannot write {folder}: {os_reason(error)}") from None
    return folder, [line.replace(_PLACEHOLDER, name) for line in _commands(chosen)]


def _check(name: str) -> None:
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name):
        raise PyscalpError(
            f'"{name}" cannot be a name: letters (a to z), digits and _, no digit in front, and no '
            "word of Python's own"
        )
    try:
        taken = name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None
    except ValueError:  # a module without a specification, such as __main__
        taken = True
    if taken:
        raise PyscalpError(
            f"there is a Python module {name} already, which the signal would hide; choose "
            "another name"
        )


def _commands(kind: Kind) -> list[str]:
    return [*kind.build, "python test_my_signal.py"]


def _write(folder: Path, name: str, kind: Kind) -> None:
    run = "pyscalp run config.toml --duration 60s"
    values = {
        "@SOURCE@": kind.source,
        "@LANGUAGE@": kind.name,
        "@FILE@": kind.file,
        "@NEEDS@": kind.needs,
        "@BUILD@\n": "".join(f"{line}\n" for line in kind.build),
        "@RUN@\n": f"{run}\n" if kind.live else "",
        "@AFTER@": (",\n`run` the included exchange with paper money." if kind.live else "."),
    }
    folders = (_TEMPLATES / "common", _TEMPLATES / kind.folder)
    for source in (file for part in folders for file in sorted(part.iterdir())):
        if not source.is_file():
            continue
        text = source.read_text(encoding="utf-8")
        for token, value in values.items():
            text = text.replace(token, value)
        place = folder / source.name.replace(_PLACEHOLDER, name)
        place.write_text(text.replace(_PLACEHOLDER, name), encoding="utf-8")
