"""Codex: its custom prompts, which are Markdown files with placeholders, and need no front matter.

https://developers.openai.com/codex/custom-prompts; skills took their place, and the files are still there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.agent_imports.foreign_agent import ForeignAgent
from parallel_agents.agent_imports.front_matter import Parts, read_parts, text_of
from parallel_agents.catalog.source import Source
from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json

FOLDER = "prompts"
_HINTS = ("argument-hint", "argument_hint")
_TAKEN = frozenset({"description", *_HINTS})
# A dollar sign that is written twice stays as it is, as there.
_PLACEHOLDER = re.compile(r"(?<!\$)\$([A-Z][A-Z0-9_]{0,63}|[1-9])")
_HINTED = re.compile(r"[\[<]([^\[\]<>=|]{1,64})[\]>]")
_ALL = "ARGUMENTS"
_BY_NUMBER = [f"argument_{number}" for number in range(1, 10)]
_MARKS = "#*_` "
_MOST_TOLD = 60


def read_prompt(source: Source) -> ForeignAgent:
    """A file of `~/.codex/prompts` as an agent, whose inputs are what a person typed after its name.

    Raises:
        InvalidFile: it has no text, or front matter that has no end.
    """
    parts = _parts(source)
    hint = next((text for name in _HINTS if (text := _hint(parts.fields.get(name)))), "")
    filled = _filled(parts.body, _HINTED.findall(hint))
    left = dict.fromkeys(parts.fields.keys() - _TAKEN, "there is no counterpart")
    if parts.is_loose:
        left["front matter"] = "it is not YAML, and was read line by line; look at the description"
    if hint and not filled.is_hinted:
        left["argument-hint"] = f"no input is called by it: {head(hint, _MOST_TOLD)}"
    if filled.unfilled:
        left["placeholders"] = (
            f"{filled.unfilled} stay as they are: a prompt with names takes nothing else"
        )
    left["tools"] = "it had those of Codex; here it has none"
    return ForeignAgent(
        name=source.file.stem,
        description=text_of(parts.fields.get("description")) or _first_line(parts.body),
        instructions=filled.text,
        inputs=filled.inputs,
        left_out=dict(sorted(left.items())),
    )


def _parts(source: Source) -> Parts:
    if source.text.partition("\n")[0].rstrip() == "---":
        return read_parts(source, _TAKEN)
    body = source.text.strip()
    if not body:
        raise source.error(1, "the prompt is empty", hint="write what the agent is to do")
    return Parts({}, body, is_loose=False)


def _hint(value: Json) -> str:
    """A hint as it is shown there; `[FILE]` without quotes is a list for YAML."""
    return f"[{'] ['.join(map(str, value))}]" if isinstance(value, list) else text_of(value)


def _first_line(body: str) -> str:
    return next(line for line in body.split("\n") if line.strip()).strip(_MARKS)


class _Filled(NamedTuple):
    """A text whose placeholders name inputs.

    Attributes:
        is_hinted: whether the hint says what inputs are called.
        unfilled: what stays as it is, because there are names.
    """

    text: str
    inputs: tuple[str, ...]
    is_hinted: bool
    unfilled: str


def _filled(body: str, hinted: Sequence[str]) -> _Filled:
    found = [*dict.fromkeys(_PLACEHOLDER.findall(body))]
    named = [each for each in found if not each.isdigit() and each != _ALL]
    numbers = [each for each in found if each.isdigit()]
    names = _names(numbers, hinted)
    inputs = {each: each.lower() for each in named}
    if not named:
        numbered = {each: names[int(each) - 1] for each in numbers}
        inputs = {each: numbered.get(each, _ALL.lower()) for each in found}

    def name(match: re.Match[str]) -> str:
        called = inputs.get(match[1])
        return match[0] if called is None else f"{{{called}}}"

    return _Filled(
        _PLACEHOLDER.sub(name, body),
        tuple(dict.fromkeys(inputs.values())),
        is_hinted=bool(named) or bool(numbers and names != _BY_NUMBER),
        unfilled=", ".join(f"${each}" for each in found if each not in inputs),
    )


def _names(numbers: Sequence[str], hinted: Sequence[str]) -> Sequence[str]:
    """What the numbers are called: as in the hint, if that has a name for each, and else by themselves."""
    names = [re.sub(r"[^a-z0-9]+", "_", each.lower()).strip("_") for each in hinted]
    most = max(map(int, numbers), default=0)
    is_whole = most <= len(names) and all(names) and len({*names}) == len(names)
    return names if is_whole else _BY_NUMBER
