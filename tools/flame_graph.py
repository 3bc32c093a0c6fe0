"""Stacks that were sampled, as a flame graph in one SVG file.

Input is folded: a line a stack, outermost frame first, ``a;b;c COUNT``, as py-spy writes
it; `fold_perf` makes it of what ``perf script`` prints. The graph grows upwards, a
frame's width is its share of all samples, frames with the same parent are sorted by
name. It stands alone: no script from elsewhere, a tooltip by frame, a click widens a
frame, Ctrl-F finds what is wide enough to have its name drawn.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

_WIDTH = 1200.0
_ROW = 17
_LETTER = 6.6
_TOP = 40
_LEAST_WIDTH = 0.3  # of a pixel: what is narrower is not drawn
_MAX_DEPTH = 250


@dataclass
class Frame:
    """A function as called from its parents, with the samples in it and below."""

    name: str
    samples: int = 0
    calls: dict[str, Frame] = field(default_factory=dict)


def fold_perf(lines: Iterable[str]) -> Counter[str]:
    """Fold the output of ``perf script -F comm,tid,ip,sym,dso``.

    A sample is a line with the thread's name and number, then a line a frame, innermost
    first, then an empty one. The thread's name becomes the outermost frame.
    """
    folded: Counter[str] = Counter()
    thread, frames = "", []
    for line in [*lines, ""]:
        if not line.strip():
            if thread:
                folded[";".join([thread, *reversed(frames)])] += 1
            thread, frames = "", []
        elif not line[0].isspace() or not thread:
            thread = _clean(re.sub(r"\s+\d+(?:/\d+)?:?\s*$", "", line.strip()))
        elif found := re.match(r"\s+[0-9a-f]+\s+(.*?)\s+\((.*)\)\s*$", line):
            symbol, library = found.groups()
            if symbol == "[unknown]":
                symbol = f"[{library.rpartition('/')[2].strip('[]') or 'unknown'}]"
            frames.append(_clean(re.sub(r"\+0x[0-9a-f]+$", "", symbol)))
    return folded


def read_folded(text: str) -> Counter[str]:
    """Stacks with their counts; lines that are none are passed over."""
    folded: Counter[str] = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        if stack and count.isdecimal():
            folded[stack] += int(count)
    return folded


def svg(folded: Counter[str], title: str) -> str:
    """Draw the stacks; ValueError where there is not one sample."""
    root = Frame("all")
    for stack, count in folded.items():
        root.samples += count
        at = root
        for name in stack.split(";")[:_MAX_DEPTH]:
            at = at.calls.setdefault(name, Frame(name))
            at.samples += count
    if root.samples == 0:
        raise ValueError("there is no sample")
    boxes: list[str] = []
    depth = _draw(root, root.samples, boxes)
    height = _TOP + depth * _ROW + 12
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:.0f}" height="{height}" '
        f'viewBox="0 0 {_WIDTH:.0f} {height}" font-family="monospace" font-size="11">'
    )
    about = f"{title}: {root.samples:,} samples"
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            head,
            '<rect width="100%" height="100%" fill="#fffdf8"/>',
            f'<text x="8" y="20" font-size="14">{escape(_fit(about, _WIDTH * 0.75))}</text>',
            f'<g transform="translate(0,{height - 12})">',
            *boxes,
            "</g>",
            f"<script><![CDATA[{_ZOOM}]]></script>",
            "</svg>\n",
        ]
    )


def _draw(root: Frame, total: int, boxes: list[str]) -> int:
    """One box a frame, from the bottom up; how many rows there are."""
    rows = 0
    waiting = [(root, 0.0, 0)]
    while waiting:
        frame, left, row = waiting.pop()
        width = frame.samples / total * _WIDTH
        if width < _LEAST_WIDTH:
            continue
        rows = max(rows, row + 1)
        boxes.append(_box(frame, left, width, row, total))
        for name in sorted(frame.calls):
            waiting.append((frame.calls[name], left, row + 1))
            left += frame.calls[name].samples / total * _WIDTH
    return rows


def _box(frame: Frame, left: float, width: float, row: int, total: int) -> str:
    about = f"{frame.name}: {frame.samples:,} samples, {frame.samples / total:.1%}"
    y = -(row + 1) * _ROW
    return (
        f'<g data-x="{left:.2f}" data-w="{width:.2f}"><title>{escape(about)}</title>'
        f'<rect x="{left:.2f}" y="{y}" width="{width:.2f}" height="{_ROW - 1}" '
        f'fill="{_colour(frame.name)}" rx="1"/>'
        f'<text x="{left + 3:.2f}" y="{y + 12}" data-n="{escape(frame.name)}">'
        f"{escape(_fit(frame.name, width - 6))}</text></g>"
    )


def _fit(text: str, width: float) -> str:
    letters = int(width / _LETTER)
    if letters >= len(text):
        return text
    return text[: letters - 2] + ".." if letters >= 4 else ""


def _colour(name: str) -> str:
    """The same for the same name; Python's files in blue, ours in orange, others yellow."""
    shade = zlib.crc32(name.encode()) % 100 / 100
    hue = 205 if ".py:" in name else 24 if "pyscalp::" in name else 46
    return f"hsl({hue + shade * 14:.0f},{60 + shade * 25:.0f}%,{68 + shade * 10:.0f}%)"


def _clean(name: str) -> str:
    """A name without what separates frames, and what XML cannot hold."""
    return re.sub(r"[\x00-\x1f\x7f]", "", name).replace(";", ":") or "unknown"


# A click on a frame gives it the whole width, with what is above and below it; a click on
# the lowest one gives everything back.
_ZOOM = """
const frames = [...document.querySelectorAll("g[data-x]")];
const num = (g, k) => Number(g.getAttribute(k));
for (const g of frames) g.addEventListener("click", () => {
  const x0 = num(g, "data-x"), w0 = num(g, "data-w"), k = 1200 / w0;
  for (const f of frames) {
    const x = num(f, "data-x"), w = num(f, "data-w");
    const outside = x + w < x0 + 0.01 || x > x0 + w0 - 0.01;
    f.style.display = outside ? "none" : "";
    if (outside) continue;
    const left = Math.max(0, (x - x0) * k);
    const width = Math.min(1200, (x + w - x0) * k) - left;
    const [box, text] = [f.querySelector("rect"), f.querySelector("text")];
    box.setAttribute("x", left);
    box.setAttribute("width", width);
    text.setAttribute("x", left + 3);
    const name = text.getAttribute("data-n"), room = Math.floor((width - 6) / 6.6);
    text.textContent = room >= name.length ? name
      : room >= 4 ? name.slice(0, room - 2) + ".." : "";
  }
});
"""
