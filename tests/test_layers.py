"""The arrows between the rooms, and that the check of them can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHECK = ROOT / "tools" / "check_layers"

ROOMS = """\
pyscalp_room(base)
pyscalp_room(wire USES base HOT)
# pyscalp_room(ghost USES wire)
pyscalp_room(feed
             USES base wire
             HOT)
pyscalp_room(net USES base NEEDS package debian-package)
"""


def check(cpp: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, CHECK, cpp], capture_output=True, text=True, check=False)


@pytest.fixture
def cpp(tmp_path: Path) -> Path:
    """A small tree in which every arrow is right."""
    (tmp_path / "CMakeLists.txt").write_text(ROOMS)
    for path, text in {
        "base/types.hpp": "#include <vector>\n",
        "wire/itch.hpp": '#include <vector>\n\n#include "base/types.hpp"\n',
        "feed/arbiter.cpp": '#include "feed/arbiter.hpp"\n#include "wire/itch.hpp"\n',
        "feed/arbiter.hpp": '#include "base/types.hpp"\n',
        "net/udp.cpp": '#include <net/if.h>\n#include "base/types.hpp"\n',
        "bindings/module.cpp": '#include "feed/arbiter.hpp"\n#include "net/udp.hpp"\n',
        "bindings/bench.cpp": '#include "bench/market_day.hpp"\n',
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_tree_keeps_its_arrows() -> None:
    result = check(ROOT / "cpp")
    assert result.returncode == 0, result.stderr


def test_a_right_tree_passes(cpp: Path) -> None:
    result = check(cpp)
    assert result.returncode == 0, result.stderr
    assert "4 rooms" in result.stdout


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("base/x.hpp", '\n#include "wire/itch.hpp"\n', "base/x.hpp:2: "),
        ("wire/x.cpp", '#include "net/udp.hpp"\n', "room wire may not see net"),
        ("net/deep/x.cpp", '#  include "wire/itch.hpp"\n', "net may not see wire"),
        ("feed/x.cpp", '#include "ghost/x.hpp"\n', "is in no room"),
        ("feed/x.cpp", '#include "arbiter.hpp"\n', "is in no room"),
        ("feed/x.cpp", '#include "../wire/itch.hpp"\n', "is in no room"),
        ("feed/x.cpp", "#include <wire/itch.hpp>\n", "in double quotes"),
        ("feed/x.cpp", '#include "bindings/x.hpp"\n', "may not see bindings"),
        ("feed/x.cpp", '#include "bench/x.hpp"\n', "may not see bench"),
        ("ghost/x.cpp", '#include "base/types.hpp"\n', "ghost is no room"),
    ],
)
def test_a_wrong_include_fails(cpp: Path, path: str, text: str, complaint: str) -> None:
    (cpp / path).parent.mkdir(parents=True, exist_ok=True)
    (cpp / path).write_text(text)
    result = check(cpp)
    assert result.returncode == 1
    assert complaint in result.stderr
    assert f"{path}:" in result.stderr
    assert "1 wrong arrow" in result.stderr


@pytest.mark.parametrize(
    ("rooms", "complaint"),
    [
        (
            "pyscalp_room(a USES b)\npyscalp_room(b USES a)\n",
            "CMakeLists.txt:1: room a",
        ),
        ("pyscalp_room(a)\npyscalp_room(b USES b)\n", "which is itself: a cycle"),
        ("pyscalp_room(a USES ghost)\n", "which is no room"),
        ("pyscalp_room(a)\npyscalp_room(a)\n", "declared twice"),
        ("add_library(a)\n", "no pyscalp_room"),
    ],
)
def test_wrong_rooms_fail(tmp_path: Path, rooms: str, complaint: str) -> None:
    (tmp_path / "CMakeLists.txt").write_text(rooms)
    result = check(tmp_path)
    assert result.returncode == 1
    assert complaint in result.stderr


def test_no_tree_fails(tmp_path: Path) -> None:
    assert check(tmp_path / "nowhere").returncode == 1
