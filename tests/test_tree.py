"""The shape of the tree: few entries at the top, short files, nothing of one machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAX_TOP_LEVEL = 12
MAX_LINES = 450
DOCUMENTS = {"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"}

# Paths that exist on one machine only, and hosts that packages are fetched from. Written
# so that they do not find themselves.
MACHINE = re.compile(r"(?<![\w.<*-])/(?:home|mnt|opt|root|Users|work)/\w")
HOSTS = re.compile(
    r"pypi\.org|pytho[n]hosted|(?:deb|security)\.debian\.org|archive\.ubuntu|index[-_]url"
    r"|find[-_]links"
)
UNFINISHED = re.compile(r"\b(?:TO{1}DO|FIX{1}ME|X{3})\b")


def tree() -> list[str]:
    """The files that are, or are about to be, in the repository."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the tree is not known")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()})


def texts() -> list[tuple[str, str]]:
    found = []
    for name in tree():
        try:
            found.append((name, (ROOT / name).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # seeds of the fuzz targets
    return found


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_few_entries_at_the_top() -> None:
    """Folders and build files; hidden files and the documents of every project aside."""
    entries = {name.split("/")[0] for name in tree()}
    counted = {name for name in entries if not name.startswith(".")} - DOCUMENTS
    assert len(counted) <= MAX_TOP_LEVEL, sorted(counted)


def test_files_are_short() -> None:
    long = [
        f"{name}: {text.count(chr(10))} lines"
        for name, text in texts()
        if name.startswith(("cpp/", "pyscalp/"))
        and not name.endswith("_core.pyi")
        and text.count("\n") > MAX_LINES
    ]
    assert not long


def test_nothing_of_one_machine() -> None:
    assert not lines_matching(MACHINE)


def test_no_package_hosts() -> None:
    assert not lines_matching(HOSTS)


def test_nothing_unfinished() -> None:
    assert not lines_matching(UNFINISHED)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE, 'path = "' + "/" + 'root/x"'),
        (MACHINE, "see /" + "home/me/data"),
        (HOSTS, "https://" + "pypi" + ".org/simple"),
        (UNFINISHED, "// TO" + "DO: later"),
    ],
)
def test_the_patterns_can_match(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)
