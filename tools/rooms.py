"""What ``cpp/CMakeLists.txt`` says about the rooms: their order, arrows and heat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_CALL = re.compile(r"pyscalp_room\s*\(([^)]*)\)")


@dataclass(frozen=True)
class Room:
    """One ``pyscalp_room(name USES … HOT NEEDS …)``: a folder of ``cpp/``.

    ``needs`` is the CMake package without which the room is not built; empty: none.
    """

    name: str
    uses: tuple[str, ...]
    hot: bool
    line: int
    needs: str = ""


def read_rooms(cmake_lists: Path) -> list[Room]:
    """Read the rooms in the order they are declared.

    Parameters
    ----------
    cmake_lists
        A ``CMakeLists.txt`` with one ``pyscalp_room`` call a room.

    Raises
    ------
    ValueError
        Where the file declares no room, or a room twice.
    """
    text = re.sub(r"#[^\n]*", "", cmake_lists.read_text(encoding="utf-8"))
    rooms: list[Room] = []
    for call in _CALL.finditer(text):
        name, *words = call[1].split()
        needs = ""
        if "NEEDS" in words:
            at = words.index("NEEDS")
            needs = " ".join(words[at + 1 : at + 2])
            del words[at : at + 3]
        hot = "HOT" in words
        uses = tuple(word for word in words if word not in ("USES", "HOT"))
        line = text.count("\n", 0, call.start()) + 1
        if any(room.name == name for room in rooms):
            raise ValueError(f"{cmake_lists}:{line}: room {name} is declared twice")
        rooms.append(Room(name, uses, hot, line, needs))
    if not rooms:
        raise ValueError(f"{cmake_lists}: no pyscalp_room(…) found")
    return rooms
