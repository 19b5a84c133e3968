"""Text calls: tool calls that a server left in the text, because it has no parser for the model.

Three kinds of formats are read: JSON after a mark, such as `<tool_call>` or `[TOOL_CALLS]`; elements for
each argument (see `call_formats`); and a text that is nothing but a call, in JSON or in Python.
"""

# ruff: noqa: RUF001 - DeepSeek's tokens have a bar of full width

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.reading.call_formats import NamedCall, find_elements
from parallel_agents.models.reading.values import read_arguments
from parallel_agents.models.shapes import ShapeError

_MOST_CHARACTERS = 200_000
_DECODER = json.JSONDecoder(strict=False)
# Hermes and Qwen, Llama, Mistral, Granite, Phi, Command R, InternLM, MiniMax, Hunyuan.
_MARKS = re.compile(
    r"<(?:tool_calls?|function_calls?|tool_use|tools?|function)>|<\|python_tag\|>|<\|tool_call\|>"
    r"|<\|START_ACTION\|>|<\|action_start\|>\s*<\|plugin\|>|\[TOOL_CALLS\](?=\s*[\[{])|functools(?=\[)"
)
_JSON_START = re.compile(r"[\s;,]*(?=[\[{])")
# What may follow the calls of a mark, and what stands around calls in other formats.
_TOKENS = re.compile(
    r"</?(?:tool_calls?|function_calls?|tool_use|tools?|function|minimax:tool_call)>"
    r"|<[|｜]/?\w+[|｜]>|<[|｜]tool[▁_\w]*[|｜]>|</s>|\[/?TOOL_CALLS\]"
)
_FENCE = re.compile(r"\s*```\w*\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_PYTHON = re.compile(
    r"\s*(?:<\|python_start\|>)?\s*(\[?\s*[A-Za-z_][\w.]*\(.*\)\s*\]?)\s*(?:<\|\w+\|>)*\s*",
    re.DOTALL,
)
_PREFIX = re.compile(r"^(?:functions|default_api|tools?|multi_tool_use)[.:]")
_SUFFIX = re.compile(r"(?:<\|.*|[:#]\d+)$", re.DOTALL)
_CALL_FIELDS = frozenset({"name", "arguments", "parameters", "type", "function", "id"})
_NAMES = ("name", "tool_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input")


class TextCall(NamedTuple):
    name: str
    arguments: JsonObject


class Found(NamedTuple):
    """The calls of known tools in a text, and the text without them."""

    calls: Sequence[TextCall]
    text: str


def clean_name(name: str, known: Collection[str]) -> str:
    """The tool that `name` means: without control tokens, a namespace or a number; else as it is."""
    if name in known:
        return name
    cleaned = _PREFIX.sub("", _SUFFIX.sub("", name.strip().strip("\"'`"))).strip()
    if cleaned in known:
        return cleaned
    by_case = [each for each in known if each.lower() == cleaned.lower()]
    return by_case[0] if len(by_case) == 1 else name


def find_calls(text: str, known: Collection[str]) -> Found:
    """Find calls of `known` tools in a model's text; anything that only looks like one stays text."""
    if not known or len(text) > _MOST_CHARACTERS or not any(sign in text for sign in "{[(<"):
        return Found((), text)
    plain = text.replace("｜DSML｜", "")
    for find in (_marked, _elements, _bare):
        found = find(plain, known)
        if found.calls:
            return found
    return Found((), text)


def _marked(text: str, known: Collection[str]) -> Found:
    """Calls as JSON after a mark."""
    calls: list[TextCall] = []
    rest: list[str] = []
    position = 0
    while mark := _MARKS.search(text, position):
        values, end = _values(text, mark.end())
        found = _known(known, (call for value in values for call in _named(value)))
        rest.append(text[position : mark.start()])
        if not found:
            rest.append(mark.group())
            end = mark.end()
        calls.extend(found)
        position = end
    rest.append(text[position:])
    return Found(calls, _TOKENS.sub("", "".join(rest)).strip()) if calls else Found((), text)


def _values(text: str, position: int) -> tuple[list[Json], int]:
    """The JSON values from a position on, one after the other, and where they end."""
    values: list[Json] = []
    while start := _JSON_START.match(text, position):
        try:
            value, position = _DECODER.raw_decode(text, start.end())
        except (ValueError, RecursionError):
            closing = _TOKENS.search(text, start.end())
            end = closing.start() if closing else len(text)
            try:
                value = read_arguments(text[start.end() : end])
            except ShapeError:
                break
            position = end
        values.append(value)
    return values, position


def _elements(text: str, known: Collection[str]) -> Found:
    """Calls as elements, in the formats of `call_formats`."""
    calls: list[TextCall] = []
    rest: list[str] = []
    position = 0
    for place in find_elements(text):
        found = _known(known, place.calls)
        if found:
            calls.extend(found)
            rest.append(text[position : place.start])
            position = place.end
    rest.append(text[position:])
    return Found(calls, _TOKENS.sub("", "".join(rest)).strip()) if calls else Found((), text)


def _bare(text: str, known: Collection[str]) -> Found:
    """A text that is nothing but calls, in JSON (Llama 3) or in Python (Llama 4, Gemma)."""
    fenced = _FENCE.fullmatch(text)
    inner = (fenced.group(1) if fenced else text).strip()
    if inner.startswith("{") and inner.endswith("}"):
        values, end = _values(inner, 0)
        is_call = end == len(inner) and all(
            isinstance(value, Mapping) and value.keys() <= _CALL_FIELDS for value in values
        )
        named = [call for value in values for call in _named(value)] if is_call else []
    else:
        python = _PYTHON.fullmatch(inner)
        named = list(_python_calls(python.group(1))) if python else []
    calls = _known(known, named)
    return Found(calls, "") if calls and len(calls) == len(named) else Found((), text)


def _python_calls(text: str) -> Iterator[NamedCall]:
    """Calls with literal arguments by name, such as `[look(city="Oslo")]`."""
    try:
        expression = ast.parse(text.strip(), mode="eval").body
        items = expression.elts if isinstance(expression, ast.List) else [expression]
        for item in items:
            if not isinstance(item, ast.Call) or item.args:
                return
            arguments = {
                keyword.arg: ast.literal_eval(keyword.value)
                for keyword in item.keywords
                if keyword.arg is not None
            }
            yield NamedCall(ast.unparse(item.func), arguments)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return


def _known(
    known: Collection[str], calls: Iterator[NamedCall] | Sequence[NamedCall]
) -> list[TextCall]:
    """The calls of known tools whose arguments can be read."""
    found: list[TextCall] = []
    for name, arguments in calls:
        cleaned = clean_name(name, known)
        if cleaned not in known:
            continue
        try:
            read = read_arguments(arguments) if isinstance(arguments, str) else arguments
        except ShapeError:
            continue
        found.append(TextCall(cleaned, read))
    return found


def _named(value: Json) -> list[NamedCall]:
    """The calls in `{"name": ..., "arguments": ...}`, under the names that templates use."""
    if isinstance(value, list):
        return [call for item in value for call in _named(item)]
    if not isinstance(value, Mapping):
        return []
    inner = value.get("function")
    source = inner if isinstance(inner, Mapping) else value
    name = next((source[key] for key in _NAMES if key in source), inner)
    arguments = next((source[key] for key in _ARGUMENTS if key in source), None)
    if not isinstance(name, str) or not isinstance(arguments, Mapping | str | None):
        return []
    return [NamedCall(name, "" if arguments is None else arguments)]
