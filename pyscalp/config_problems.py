"""Mistakes of a configuration file: where they stand, what is wrong, what to write."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from pyscalp.config_sections import Section
from pyscalp.config_values import Endpoint
from pyscalp.duration import ClockTime, Duration
from pyscalp.errors import Problem

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Location = tuple["str | int", ...]


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)


def parse(text: str) -> tuple[dict[str, Any] | None, list[Problem], set[str]]:
    """TOML text to a table; lines of bad syntax are named, blanked and passed over.

    Gives the table (None where the rest cannot be understood), the problems, and the
    keys that stood on the blanked lines.
    """
    lines = text.split("\n")
    problems: list[Problem] = []
    unread: set[str] = set()
    while True:
        try:
            return tomllib.loads("\n".join(lines), parse_float=Decimal), problems, unread
        except tomllib.TOMLDecodeError as error:
            message = str(error)
        where = _AT_LINE.search(message)
        number = int(where[1]) if where and where[1] else len(lines)
        what = _AT_LINE.sub("", message).strip().rstrip(".")
        index = min(number, len(lines)) - 1
        bad = lines[index].strip()
        problems.append(Problem(number, "", _syntax_remedy(what, bad)))
        key = re.match(r"([A-Za-z0-9_-]+)\s*=", bad)
        if not bad or bad.startswith("[") or key is None or len(problems) >= 50:
            return None, problems, unread
        unread.add(key[1])
        lines[index] = ""


def _syntax_remedy(what: str, line: str) -> str:
    shown = f" in `{line[:60]}`" if line else ""
    if "overwrite" in what.lower() or "twice" in what.lower():
        return f"the same key or section twice{shown}; keep one"
    value = line.partition("=")[2].partition("#")[0].strip()
    if re.fullmatch(r"[\d._]+\s*(ns|us|ms|s|m|h|%)", value):
        return f'not TOML{shown}; a value with a unit stands in quotes: "{value}"'
    if value and re.fullmatch(r"[A-Za-z][\w.:-]*", value):
        return f'not TOML{shown}; text stands in quotes: "{value}"'
    return f"not TOML{shown}: {what[:1].lower()}{what[1:]}"


def key_lines(text: str) -> dict[Location, int]:
    """Where each key and section of a TOML text stands, by line from 1.

    A line-wise scanner, for text `tomllib` has accepted; entries of ``[[table]]`` carry
    their index: ``("instruments", 0, "symbol")``.
    """
    # A string counts as one word, so that brackets, hashes and newlines in it are inert.
    flat = _STRINGS.sub(
        lambda m: '"' + "_" * (len(m[0]) - 2 - m[0].count("\n")) + '"' + "\x00" * m[0].count("\n"),
        text,
    )
    found: dict[Location, int] = {}
    counts: dict[Location, int] = {}
    table: Location = ()
    number, depth = 1, 0
    source = text.split("\n")
    for line in flat.split("\n"):
        code = line.partition("#")[0]
        if depth == 0 and code.lstrip().startswith("["):
            names = _keys(source[number - 1].strip().strip("[] \t").partition("]")[0])
            table = _place(names, counts, is_array=code.lstrip().startswith("[["))
            found.setdefault(table, number)
        elif depth == 0 and "=" in code:
            names = _keys(source[number - 1].partition("=")[0])
            place = (*table, *names)
            found.setdefault(place, number)
            for inner in re.finditer(r"[{,]\s*([A-Za-z0-9_-]+)\s*=", code):
                found.setdefault((*place, inner[1]), number)
        if not (depth == 0 and code.lstrip().startswith("[")):
            depth += sum(code.count(c) for c in "[{") - sum(code.count(c) for c in "]}")
            depth = max(depth, 0)
        number += 1 + line.count("\x00")
    return found


def _keys(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _place(names: list[str], counts: dict[Location, int], is_array: bool) -> Location:
    place: Location = ()
    for depth, name in enumerate(names):
        place = (*place, name)
        if is_array and depth == len(names) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _line_of(loc: Location, lines: Mapping[Location, int]) -> int:
    """The line of a key, or of the nearest section around it; 0 where none is known."""
    for length in range(len(loc), 0, -1):
        if loc[:length] in lines:
            return lines[loc[:length]]
    return 1 if lines else 0


def problems_of(
    detail: ErrorDetails, root: type[Section], lines: Mapping[Location, int], unread: set[str]
) -> Iterator[Problem]:
    """The problems behind one error of pydantic, in our words.

    `root` is the class of the whole file, `lines` are its `key_lines`; keys in `unread`
    stood on lines of bad syntax and are not called missing.
    """
    loc = tuple(detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "several":
        for key, text in context["problems"]:
            place = tuple(int(part) if part.isdecimal() else part for part in key.split("."))
            yield Problem(_line_of(place, lines), key, text)
        return
    key = ".".join(str(part) for part in loc)
    line = _line_of(loc, lines)
    if kind == "missing":
        if str(loc[-1]) not in unread:
            yield Problem(line, key, _missing(loc, root))
        return
    if kind == "extra_forbidden":
        yield Problem(line, key, _unknown(loc, root))
        return
    text = _WORDS.get(kind, detail["msg"])
    if kind == "value_error":
        text = str(context["error"])
    elif kind == "string_pattern_mismatch":
        text = f"must be {_field_at(loc, root)[1] or 'another text'}"
    else:
        text = text.format(**context)
    if kind != "value_error" and isinstance(detail["input"], (str, int, float, Decimal)):
        text += f"; it is {toml_value(detail['input'])}"
    yield Problem(line, key, text)


_WORDS = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number, without quotes or decimals",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false, without quotes",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "literal_error": "must be one of {expected}",
    "decimal_max_places": "has more than {decimal_places} decimals",
    "too_short": "must have at least one entry; add [[instruments]] with a symbol",
    "model_type": "must be a section of its own, not a single value",
    "tuple_type": "must be a list: [[...]] for each of its sections, or [...] of its texts",
}


def _field_at(loc: Location, root: type[Section]) -> tuple[type[Section] | None, str, list[str]]:
    """The section class at `loc` (if it is one), the description and examples there."""
    here: type[Section] | None = root
    description, examples = "", []
    for part in loc:
        if isinstance(part, int):
            continue
        fields = {f.alias or n: f for n, f in here.model_fields.items()} if here else {}
        if part not in fields:
            return None, "", []
        field = fields[part]
        description = field.description or ""
        examples = [str(example) for example in field.examples or []]
        candidates = (field.annotation, *get_args(field.annotation))
        here = next(
            (
                c
                for c in candidates
                if get_origin(c) is None and isinstance(c, type) and issubclass(c, Section)
            ),
            None,
        )
    return here, description, examples


def _missing(loc: Location, root: type[Section]) -> str:
    section, description, examples = _field_at(loc, root)
    if loc == ("instruments",):
        return 'is missing; say what to trade: [[instruments]] and below it symbol = "AMZN"'
    if section is not None:
        keys = ", ".join(
            name for name, field in section.model_fields.items() if field.is_required()
        )
        return f"the section is missing; limits have no defaults: add [{loc[-1]}] with {keys}"
    example = f"; add for example {loc[-1]} = {examples[0]}" if examples else ""
    return f"is missing ({description}); it has no default{example}"


def _unknown(loc: Location, root: type[Section]) -> str:
    name = str(loc[-1])
    section, _, _ = _field_at(loc[:-1], root)
    known = [f.alias or n for n, f in section.model_fields.items()] if section else []
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"is not known; did you mean {near[0]}?"
    for path, key in _all_keys(root):
        if key == name:
            return f"is not known here; it belongs under [{path}]"
    return f"is not known; known here: {', '.join(known)}"


def _all_keys(section: type[Section], path: str = "") -> Iterator[tuple[str, str]]:
    """Every key below a section, with the dotted name of the section it stands in."""
    for name, field in section.model_fields.items():
        key = field.alias or name
        inner, _, _ = _field_at((key,), section)
        if inner is None:
            yield path, key
        else:
            yield from _all_keys(inner, f"{path}.{key}" if path else key)


def toml_value(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (Duration, ClockTime, Endpoint)):
        return f'"{value}"'
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
