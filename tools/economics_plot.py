"""Draws the picture of docs/economics.md: what a move leaves, by how it is traded.

    python tools/economics_plot.py docs/economics.svg

Run it, from the environment pyscalp is installed in, after a change to the calculator.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyscalp.calculator import Assumptions

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 214, 20, 46
_MOVES = (0.0, 16.0)
_NETS = (-10.0, 20.0)
_INK, _SOFT, _GRID = "#16212c", "#5d6b78", "#e6eaee"
_ADVERSE_BP = 4
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'
_LINES = (
    ("maker", 0, "maker on both sides", "#12876f", ""),
    ("maker_taker", 0, "maker, then taker", "#c98a12", ""),
    ("maker", _ADVERSE_BP, f"maker, {_ADVERSE_BP} bp against each fill", "#12876f", "6 4"),
    ("taker", 0, "taker on both sides", "#1f5fa8", ""),
)


def _x(move: float) -> float:
    return _LEFT + (move - _MOVES[0]) / (_MOVES[1] - _MOVES[0]) * (_WIDTH - _LEFT - _RIGHT)


def _y(net: float) -> float:
    return _TOP + (_NETS[1] - net) / (_NETS[1] - _NETS[0]) * (_HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, words: str, anchor: str = "middle", colour: str = _SOFT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def _stroke(points: list[tuple[float, float]], colour: str, width: float, dash: str = "") -> str:
    path = " ".join(f"{_x(move):.1f},{_y(net):.1f}" for move, net in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
    )


def svg() -> str:
    """The picture."""
    parts = []
    for net in range(int(_NETS[0]), int(_NETS[1]) + 1, 5):
        ends = [(_MOVES[0], net), (_MOVES[1], net)]
        parts.append(_stroke(ends, _GRID if net else _SOFT, 1))
        parts.append(_text(_LEFT - 8, _y(net) + 4, f"{net}", "end"))
    for move in range(int(_MOVES[0]), int(_MOVES[1]) + 1, 2):
        parts.append(_text(_x(move), _HEIGHT - _BOTTOM + 18, f"{move}"))
    middle = (_x(_MOVES[0]) + _x(_MOVES[1])) / 2
    parts.append(_text(middle, _HEIGHT - 8, "expected move, basis points"))
    centre = (_TOP + _HEIGHT - _BOTTOM) / 2
    turn = f'<g transform="rotate(-90 14 {centre:.1f})">'
    parts.append(turn + _text(14, centre, "net, basis points") + "</g>")
    for role, adverse, words, colour, dash in _LINES:
        ends = [
            (move, Assumptions(move_bp=move, adverse_bp=adverse).economics(role).net_bp)
            for move in _MOVES
        ]
        parts.append(_stroke(ends, colour, 2.2, dash))
        parts.append(_text(_x(_MOVES[1]) + 8, _y(ends[-1][1]) + 4, words, "start", colour))
    example = Assumptions()
    net = example.economics("taker").net_bp
    x, y = _x(example.move_bp), _y(net)
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="#1f5fa8"/>')
    parts.append(_text(x + 58, y + 16, f"12 - (5 + 3 + 1) = {net:g}", "middle", _INK))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Path(sys.argv[1]).write_text(svg(), encoding="utf-8")
