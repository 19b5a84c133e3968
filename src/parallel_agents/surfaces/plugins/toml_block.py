"""TOML block: one table added to a file or removed, with every other line of it as it was.

What a change comes to is read again, and is refused if it means anything but what was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from parallel_agents.core.json_value import Json
from parallel_agents.core.toml import tables_of

_HEADER = re.compile(r"[ \t]*\[")
_WRITTEN_OTHERWISE = "it is written in a form that only a person can change safely"


def value_at(text: str, steps: Sequence[str]) -> Json:
    """The table at a path; None if there is none.

    Raises:
        ValueError: the text is not TOML, or the path leads through what is not a table.
    """
    value: Json = tables_of(text)
    for step in steps:
        tables = value if isinstance(value, Mapping) else None
        if tables is None:
            raise ValueError(f"{step} cannot be found in what is not a table")
        if step not in tables:
            return None
        value = tables[step]
    return value


def with_table(text: str, steps: Sequence[str], table: Mapping[str, Json]) -> str:
    """The text with a table at a path, in place of the one that is there, or else at the end.

    Raises:
        ValueError: the text is not TOML, or cannot be changed so.
    """
    line = "\r\n" if "\r\n" in text else "\n"
    rows = [f"[{'.'.join(map(_key, steps))}]"]
    rows += [
        f"{_key(name)} = {json.dumps(value, ensure_ascii=False)}" for name, value in table.items()
    ]
    block = "".join(f"{row}{line}" for row in rows)
    lines = text.splitlines(keepends=True)
    if value_at(text, steps) is not None:
        start, end = _place(lines, steps)
        changed = "".join((*lines[:start], block, *lines[end:]))
    else:
        gap = "" if not text or text.endswith("\n") else line
        changed = f"{text}{gap}{line if text.strip() else ''}{block}"
    wanted = _without(tables_of(text), steps)
    return _checked(changed, steps, wanted, table)


def without_table(text: str, steps: Sequence[str]) -> str:
    """The text without the table at a path; the text itself if it has none.

    Raises:
        ValueError: the text is not TOML, or cannot be changed so.
    """
    if value_at(text, steps) is None:
        return text
    lines = text.splitlines(keepends=True)
    start, end = _place(lines, steps)
    if start and not lines[start - 1].strip():
        start -= 1
    return _checked(
        "".join((*lines[:start], *lines[end:])), steps, _without(tables_of(text), steps)
    )


def _place(lines: Sequence[str], steps: Sequence[str]) -> tuple[int, int]:
    """The first line of a table and of those in it, and the line after its last one.

    Empty lines and comments above the next table belong to that.
    """
    path = r"[ \t]*\.[ \t]*".join(f'(?:{re.escape(step)}|"{re.escape(step)}")' for step in steps)
    own = re.compile(rf"[ \t]*\[[ \t]*{path}[ \t]*(?:\]|\.)")
    start = next((n for n, line in enumerate(lines) if own.match(line)), None)
    if start is None:
        raise ValueError(_WRITTEN_OTHERWISE)
    after = range(start + 1, len(lines))
    is_other = (n for n in after if _HEADER.match(lines[n]) and not own.match(lines[n]))
    end = next(is_other, len(lines))
    while end > start + 1 and _is_aside(lines[end - 1]):
        end -= 1
    return start, end


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _without(tables: Json, steps: Sequence[str]) -> Json:
    """Tables without the one at a path; a table that is empty by that is as good as none."""
    if not isinstance(tables, Mapping) or steps[0] not in tables:
        return tables
    rest = {name: value for name, value in tables.items() if name != steps[0]}
    below = _without(tables[steps[0]], steps[1:]) if len(steps) > 1 else None
    return {**rest, steps[0]: below} if below else rest


def _checked(
    text: str, steps: Sequence[str], wanted: Json, table: Mapping[str, Json] | None = None
) -> str:
    try:
        is_right = value_at(text, steps) == table and _without(tables_of(text), steps) == wanted
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError(_WRITTEN_OTHERWISE)
    return text
