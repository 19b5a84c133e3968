"""Front matter: the fields above the text of a Markdown file, also where they are not quite YAML.

Descriptions with colons and unindented lines are common in the files of Claude Code, which reads them
line by line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from parallel_agents.catalog.agent_file import split_front_matter
from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.source import Source
from parallel_agents.core.json_value import Json
from parallel_agents.errors import InvalidFile

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,40}):(?:[ \t]+(.*))?")
_BLOCK = frozenset({">", "|", ">-", "|-", ">+", "|+", ""})


class Parts(NamedTuple):
    """What a file says.

    Attributes:
        is_loose: whether its fields were read line by line.
    """

    fields: Mapping[str, Json]
    body: str
    is_loose: bool


def read_parts(source: Source, names: frozenset[str]) -> Parts:
    """The fields and the text of a file.

    Args:
        source: the file.
        names: the fields that the program has; other words before a colon belong to a text.

    Raises:
        InvalidFile: it has no fields, or no text.
    """
    front, body = split_front_matter(source)
    try:
        return Parts(parse_document(front).content, body, is_loose=False)
    except InvalidFile:
        return Parts(_by_line(front.text, names), body, is_loose=True)


def _by_line(text: str, names: frozenset[str]) -> dict[str, Json]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.split("\n"):
        field = _FIELD.fullmatch(line)
        if field is not None and field.group(1) in names and field.group(1) not in found:
            first = (field.group(2) or "").strip()
            current = found[field.group(1)] = [] if first in _BLOCK else [first]
        elif line.strip():
            current.append(line.strip())
    return {name: _unquoted(" ".join(lines)) for name, lines in found.items()}


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def text_of(value: Json) -> str:
    """A value as text; empty for none."""
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def names_of(value: Json) -> tuple[str, ...]:
    """The names in a list, or in a text with commas or spaces between them."""
    if isinstance(value, list):
        return tuple(text for each in value if (text := text_of(each)))
    # A tool may have a pattern with spaces in parentheses.
    return tuple(re.findall(r"[^\s,(]+(?:\([^)]*\))?", text_of(value).strip("[]")))
