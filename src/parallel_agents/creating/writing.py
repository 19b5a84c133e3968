"""Writing: files of agents and of cases made from data; no text in it can become anything else than text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import yaml
from typing_extensions import override

from parallel_agents.catalog.agent_file import split_front_matter
from parallel_agents.catalog.source import Source, unprintable
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.unicode import whole_text
from parallel_agents.creating.design import Design

_RULE = "---\n"
_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Writes each value in full: files may have no aliases."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True


def agent_text(name: str, design: Design, instructions: str) -> str:
    """The file of an agent."""
    return agent_file(design.front_matter(name), instructions)


def agent_file(front_matter: JsonObject, instructions: str) -> str:
    """The file of an agent with these fields."""
    return f"{_RULE}{_yaml(front_matter)}{_RULE}{_body(instructions)}"


def cases_text(document: JsonObject) -> str:
    """The file of an agent's cases."""
    return _yaml(document)


def with_instructions(source: Source, instructions: str) -> str:
    """The file of an agent with other instructions; its front matter stays as it is.

    Raises:
        InvalidFile: the file has no front matter.
    """
    front, _ = split_front_matter(source)
    return f"{_RULE}{front.text}\n{_RULE}{_body(instructions)}"


def _body(instructions: str) -> str:
    return f"{_plain(instructions).strip()}\n"


def _yaml(document: JsonObject) -> str:
    dump = cast("Callable[..., str]", yaml.dump)
    value = _clean(document)
    return dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def _clean(value: Json) -> Json:
    """The value without characters that no file may have."""
    match value:
        case str():
            return _plain(value)
        case list() | tuple():
            return [_clean(each) for each in value]
        case dict():
            return {name: _clean(each) for name, each in value.items()}
        case _:
            return value


def _plain(text: str) -> str:
    text = whole_text(text).replace("\r\n", "\n").replace("\r", "\n")
    while odd := unprintable(text):
        text = text.replace(odd.group(), "")
    return text
