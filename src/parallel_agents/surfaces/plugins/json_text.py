"""JSON text: one value set or removed, with all else in the file as it was, comments and order included.

What a change comes to is read again, and is refused if it means anything but what was asked for.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import cast

from parallel_agents.core.json_value import Json
from parallel_agents.surfaces.plugins.json_reading import JsonMistake, Member, Object, plain, read

_UNIT = "  "


def value_at(text: str, steps: Sequence[str]) -> Json:
    """The value at a path; None if there is none.

    Raises:
        JsonMistake: the text is not JSON5, or the path leads through what is not an object.
    """
    *_, found = _way(text, steps)
    return plain(found.value) if isinstance(found, Member) else None


def depth_of(text: str, steps: Sequence[str]) -> int:
    """How many steps of a path are there.

    Raises:
        JsonMistake: as for `value_at`.
    """
    return sum(isinstance(found, Member) for found in _way(text, steps))


def with_value(text: str, steps: Sequence[str], value: Json) -> str:
    """The text with a value at a path; missing objects are made.

    Raises:
        JsonMistake: as for `value_at`.
    """
    text = text if text.strip() else "{}\n"
    way = _way(text, steps)
    wanted = _put(_root(text), steps, value)
    *_, last = way
    if isinstance(last, Member):
        indent = _indent_at(text, last.start)
        new = _rendered(value, indent, _unit(text)) if indent is not None else json.dumps(value)
        return _checked(text[: last.value.start] + new + text[last.value.end :], wanted)
    below = [found for found in way if isinstance(found, Member)]
    within = cast("Object", below[-1].value if below else read(text))
    missing = steps[len(below) :]
    nested = value
    for step in reversed(missing[1:]):
        nested = {step: nested}
    return _checked(_with_member(text, within, missing[0], nested), wanted)


def without_value(text: str, steps: Sequence[str], *, made: int = 0) -> str:
    """The text without the value at a path.

    Args:
        text: JSON5.
        steps: the names on the way to it.
        made: how many of the objects around it go too, once they are empty.

    Raises:
        JsonMistake: as for `value_at`.
    """
    for cut in range(made + 1):
        path = steps[: len(steps) - cut]
        *above, last = _way(text, path)
        if not isinstance(last, Member) or (cut and plain(last.value) != {}):
            return text
        within = cast("Object", cast("Member", above[-1]).value if above else read(text))
        text = _checked(_without_member(text, within, last), _take(_root(text), path))
    return text


def _way(text: str, steps: Sequence[str]) -> list[Member | None]:
    """What each step leads to; None from the first on that leads nowhere."""
    node = read(text if text.strip() else "{}")
    found: list[Member | None] = []
    for step in steps:
        if not isinstance(node, Object):
            raise JsonMistake(f"{step} cannot be found in what is not an object", text, node.start)
        members = node.named(step)
        if len(members) > 1:
            raise JsonMistake(f"{step} is there twice", text, members[1].start)
        if not members:
            return [*found, *[None] * (len(steps) - len(found))]
        found.append(members[0])
        node = members[0].value
    return found


def _with_member(text: str, within: Object, name: str, value: Json) -> str:
    inner_end = within.end - 1
    before = text[: within.start + 1 + len(text[within.start + 1 : inner_end].rstrip())]
    closing = text[len(before) : inner_end]
    line = "\r\n" if "\r\n" in text else "\n"
    around = _line_indent(text, within.start)
    unit = _unit(text)
    if not within.members:
        indent = around + unit
        member = f"{json.dumps(name)}: {_rendered(value, indent, unit)}".replace("\n", line)
        return f"{before}{line}{indent}{member}{line}{around}{text[inner_end:]}"
    last = within.members[-1]
    indent = _indent_at(text, last.start)
    if indent is None:
        member = f"{json.dumps(name)}: {json.dumps(value)}"
        if last.comma is not None:
            return f"{before} {member},{closing}{text[inner_end:]}"
        return f"{before}, {member}{closing}{text[inner_end:]}"
    member = f"{json.dumps(name)}: {_rendered(value, indent, unit)}".replace("\n", line)
    if last.comma is not None:
        return f"{before}{line}{indent}{member},{closing}{text[inner_end:]}"
    end = last.value.end
    return f"{text[:end]},{before[end:]}{line}{indent}{member}{closing}{text[inner_end:]}"


def _without_member(text: str, within: Object, member: Member) -> str:
    at = within.members.index(member)
    end = member.value.end if member.comma is None else member.comma + 1
    head = text[: member.start].rstrip()
    if member.comma is None and at:
        comma = within.members[at - 1].comma
        if comma is not None:
            head = head[:comma] + head[comma + 1 :]
    tail = text[end:]
    if len(within.members) == 1 and not text[within.start + 1 : member.start].strip():
        tail = tail.lstrip() if not text[end : within.end - 1].strip() else tail
    return head + tail


def _rendered(value: Json, indent: str, unit: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"\n{indent}")


def _indent_at(text: str, at: int) -> str | None:
    """The indentation of what begins a line there; None if something is before it on the line."""
    indent = text[text.rfind("\n", 0, at) + 1 : at]
    return indent if "\n" in text[:at] and not indent.strip() else None


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """How far one level is indented: as far as the first member of the file."""
    root = read(text)
    first = root.members[0] if isinstance(root, Object) and root.members else None
    return (first and _indent_at(text, first.start)) or _UNIT


def _root(text: str) -> dict[str, Json]:
    root = plain(read(text))
    return root if isinstance(root, dict) else {}


def _put(root: Mapping[str, Json], steps: Sequence[str], value: Json) -> dict[str, Json]:
    changed = dict(copy.deepcopy(root))
    below = changed
    for step in steps[:-1]:
        below = cast("dict[str, Json]", below.setdefault(step, {}))
    below[steps[-1]] = value
    return changed


def _take(root: Mapping[str, Json], steps: Sequence[str]) -> dict[str, Json]:
    changed = dict(copy.deepcopy(root))
    below = changed
    for step in steps[:-1]:
        below = cast("dict[str, Json]", below[step])
    del below[steps[-1]]
    return changed


def _checked(text: str, wanted: Json) -> str:
    if plain(read(text)) != wanted:
        raise JsonMistake("it cannot be changed here without changing something else", text, 0)
    return text
