"""Document: the YAML of a file as JSON values with their lines, so that errors can name them.

Aliases, tags and duplicate keys are refused: an alias can expand a small file to any size, a tag
names a type that JSON does not have, and a second key would silently hide the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import yaml

from parallel_agents.catalog.source import Source, unprintable
from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import InvalidFile

Steps: TypeAlias = tuple[str, ...]

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"true": True, "false": False}
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_MAX_DEPTH = 50
_SHOWN = 40
_PADDED = re.compile(r"[-+]?0[0-9_]")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML mapping as JSON.

    Attributes:
        lines: the line of each key and each list item, by its path, such as
            `("tasks", "0", "text")`.
        blanks: the paths of keys and list items after which nothing is written, not even null.
    """

    source: Source
    content: JsonObject
    lines: Mapping[Steps, int] = field(repr=False)
    blanks: Sequence[Steps] = ()

    def line(self, steps: Iterable[str]) -> int:
        """The line of the value at `steps`, or of the nearest parent that exists."""
        path = tuple(steps)
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def error(self, steps: Iterable[str], what: str, *, why: str = "", hint: str) -> InvalidFile:
        """An error in the value at `steps`."""
        return self.source.error(self.line(steps), what, why=why, hint=hint)


def parse_document(source: Source, *, list_field: str = "") -> Document:
    """Parse a text that is one YAML mapping.

    Args:
        source: the text.
        list_field: the field that a list at the top is to be under, if there is one.

    Raises:
        InvalidFile: the text is not YAML, not a mapping, or has values that JSON does not have.
    """
    try:
        _check_events(source)
        node = yaml.compose(source.text, _LOADER)
    except yaml.MarkedYAMLError as error:
        raise source.error(
            _line(source, error.problem_mark or error.context_mark),
            f"this is not YAML: {error.problem or error.context}",
            hint='check the indentation; put "..." around text with a colon, # or quotes in it',
        ) from error
    if not isinstance(node, yaml.MappingNode):
        is_listed = isinstance(node, yaml.SequenceNode) and list_field
        hint = f"write `{list_field}:` on a line above the list" if is_listed else ""
        raise source.error(
            source.first_line,
            "the file is a list and has no fields" if is_listed else "the file has no fields",
            hint=hint or "write fields as `name: value` lines",
        )
    builder = _Builder(source)
    content = builder.mapping(node, ())
    return Document(source, content, builder.lines, builder.blanks)


def _check_events(source: Source) -> None:
    """Refuse aliases, tags and deep nesting before nodes are made: making them recurses in C."""
    depth = 0
    for event in yaml.parse(source.text, _LOADER):
        what = ""
        if isinstance(event, yaml.AliasEvent):
            what = f"the alias *{event.anchor} is not allowed"
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            what = f"the tag {event.tag} is not allowed"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            what = f"more than {_MAX_DEPTH} levels of nesting"
        if what:
            line = _line(source, event.start_mark)
            raise source.error(line, what, hint="write the value in plain YAML")


class _Builder:
    """Turns nodes into JSON values and notes their lines."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.lines: dict[Steps, int] = {(): source.first_line}
        self.blanks: list[Steps] = []

    def mapping(self, node: yaml.MappingNode, steps: Steps) -> dict[str, Json]:
        found: dict[str, Json] = {}
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key_node, value_node in pairs:
            key = self._key(key_node)
            path = (*steps, key)
            if key in found:
                raise self._error(
                    key_node,
                    f"{key!r} appears twice",
                    why=f"it is already on line {self.lines[path]}",
                    hint="delete one of the two",
                )
            self.lines[path] = _line(self._source, key_node.start_mark)
            found[key] = self._value(value_node, path)
        return found

    def _value(self, node: yaml.Node, steps: Steps) -> Json:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, steps)
        if isinstance(node, yaml.SequenceNode):
            items: list[yaml.Node] = node.value
            for index, item in enumerate(items):
                self.lines[*steps, str(index)] = _line(self._source, item.start_mark)
            return [self._value(item, (*steps, str(i))) for i, item in enumerate(items)]
        value = self._scalar(node)
        if value is None and not node.value:
            self.blanks.append(steps)
        return value

    def _key(self, node: yaml.Node) -> str:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            raise self._error(
                node, "the key is not text", hint='put "..." around it, or write a name'
            )
        return key

    def _scalar(self, node: yaml.Node) -> Json:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        if unprintable(text):
            raise self._error(node, "a control character", hint="delete the escape sequence for it")
        try:
            return _plain(kind, text)
        except ValueError as error:
            raise self._error(
                node,
                f"{head(text, _SHOWN)!r} is not allowed: YAML reads it as {kind}",
                hint='put "..." around text; write true or false, and numbers in decimal without zeros before',
            ) from error

    def _error(self, node: yaml.Node, what: str, *, why: str = "", hint: str) -> InvalidFile:
        return self._source.error(_line(self._source, node.start_mark), what, why=why, hint=hint)


def _plain(kind: str, text: str) -> Json:
    """A scalar as JSON; values that YAML 1.1 reads in a surprising way, such as `no`, are refused.

    Raises:
        ValueError: JSON has no such value, or a store could not hold it.
    """
    if kind in ("int", "float") and _PADDED.match(text):
        raise ValueError(text)  # a postcode or a file's mode, which as a number would be another
    match kind:
        case "str":
            return text
        case "null":
            return None
        case "bool" if text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        case "int" if _SMALLEST <= int(text) <= _LARGEST:
            return int(text)
        case "float" if math.isfinite(float(text)):
            return float(text)
        case _:
            raise ValueError(text)


class _Mark(Protocol):
    """A position as both PyYAML and its C library report it, counted from 0."""

    line: int


def _line(source: Source, mark: _Mark | None) -> int:
    return source.first_line + (mark.line if mark else 0)
