"""Call formats: how a call is written behind its mark, in any of the models' chat templates.

A reader begins at a position and says which calls stand there and where they end: JSON, elements
(Qwen 3 Coder, MiniMax, Anthropic), pairs of keys and values (GLM), a name and JSON (Mistral, DeepSeek,
Kimi, gpt-oss), Python (Llama 4, LFM2, OLMo), or Gemma's own form. No reader goes back over a text.
"""

# ruff: noqa: RUF001 - the tokens of DeepSeek and Step have a bar of full width

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.reading.call_marks import BEFORE, CLOSER, ELEMENT, NAME
from parallel_agents.models.reading.code_calls import read_python
from parallel_agents.models.reading.values import read_arguments
from parallel_agents.models.shapes import ShapeError

Arguments: TypeAlias = JsonObject | str


class NamedCall(NamedTuple):
    """A call as it is written: the arguments may be JSON text that is still to be read."""

    name: str
    arguments: Arguments


class Reading(NamedTuple):
    """Calls, and the position in the text where they end."""

    calls: Sequence[NamedCall]
    end: int


_DECODER = json.JSONDecoder(strict=False)
_JSON_START = re.compile(r"[\s;,]*+(?=[\[{])")
_PYTHON = re.compile(rf"\[?\s*+{NAME}\(")
_NAMED = re.compile(
    rf"\s*+(?P<name>{NAME}(?::\d{{1,9}})?)(?:\[CALL_ID\]\w{{0,64}})?\s*+"
    r"(?:(?:<[|｜][^|｜<>]{1,40}[|｜]>(?:\s*+(?:json|code|commentary))?|\[ARGS\]|✿ARGS✿:?|(?:json|code|commentary)\s*+(?=[<{])"
    r"|(?:Action |Tool |Function )?(?:Input|Arguments):|```(?:json)?)\s*+){0,6}"
)
_KEY = re.compile(r"\s*+<((?:[a-z]{1,20}_)?)arg_key>")
_SEPARATOR = re.compile(r"\s*+(?:<tool_sep>)?\s*+")
_PARAMETER = re.compile(
    r"<(?:[A-Za-z]{1,20}:)?parameter(?:=|\s{1,8}name=)[\"']?([^\"'<>\s]{1,200})[\"']?([^<>]{0,200})>"
)
_PARAMETER_END = re.compile(r"</(?:[A-Za-z]{1,20}:)?parameter>")
_FIELD_NAME = re.compile(
    rf"<(?:tool_|function_)?name>\s*+({NAME})\s*+</(?:tool_|function_)?name>\s*+"
)
_FIELD = re.compile(r"<(arguments|parameters|args|input)>")
_CHILD = re.compile(r"\s*+<([\w.-]{1,200})>")
_GEMMA = re.compile(rf"call:({NAME})(?=\{{)")
_GEMMA_END = re.compile(r"<tool_call\|>|<end_function_call>|<\|tool_call>|<start_function_call>")
_GEMMA_TEXT = re.compile(r'<\|"\|>|<escape>')
_GEMMA_KEY = re.compile(r"([{,]\s*+)([\w.\-]{1,200})\s*+:")
_NAMES = ("name", "tool_name", "function_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input")


def read_call(text: str, position: int) -> Reading | None:
    """The calls that begin at a position, in whatever format; None if none can be read there."""
    before = BEFORE.match(text, position)
    start = before.end() if before else position
    sign = text[start : start + 1]
    if sign == "<":
        readers: Sequence[Callable[[str, int], Reading | None]] = (read_element, _read_fields)
    elif sign in {"{", "["}:
        readers = (_read_code, read_json)
    else:
        readers = (_read_gemma, _read_code, read_named)
    return next((found for reader in readers if (found := reader(text, start))), None)


def read_json(text: str, position: int) -> Reading | None:
    """JSON values, one after the other, each a call or a list of calls."""
    calls: list[NamedCall] = []
    while start := _JSON_START.match(text, position):
        found = _json_at(text, start.end())
        if found is None:
            break
        named = named_calls(found[0])
        if not named:
            break
        calls.extend(named)
        position = found[1]
    return Reading(calls, position) if calls else None


def read_named(text: str, position: int) -> Reading | None:
    """A name, and behind it JSON, pairs, or nothing."""
    head = _NAMED.match(text, position)
    if head is None:
        return None
    name, end = head.group("name"), head.end()
    if text.startswith("{", end):
        found = _json_at(text, end)
        if found is None or not isinstance(found[0], Mapping):
            return None
        return Reading([NamedCall(name, found[0])], found[1])
    separator = _SEPARATOR.match(text, end)
    pairs = _read_pairs(text, separator.end() if separator else end)
    if pairs is not None:
        return Reading([NamedCall(name, pairs[0])], pairs[1])
    closed = CLOSER.match(text, end) is not None or end == len(text)
    return Reading([NamedCall(name, {})], end) if closed else None


def read_element(text: str, position: int) -> Reading | None:
    """`<function=NAME>` or `<invoke name="NAME">`: its body is JSON or one element for each argument."""
    opening = ELEMENT.match(text, position)
    if opening is None:
        return None
    end = text.find(f"</{opening['space']}{opening['tag']}>", opening.end())
    following = ELEMENT.search(text, opening.end())
    if following and not 0 <= end < following.start():
        end = following.start()  # its closing tag is missing
    is_closed = end >= 0
    end = end if is_closed else len(text)
    if not is_closed and (closer := CLOSER.search(text, opening.end())):
        end, is_closed = closer.start(), True
    body = text[opening.end() : end]
    arguments = _parameters(body, is_closed=is_closed)
    if arguments is None:
        return None
    return Reading([NamedCall(opening["name"], arguments or body.strip() or "{}")], end)


def _parameters(body: str, *, is_closed: bool) -> JsonObject | None:
    """The arguments in a body; None if the last one breaks off."""
    arguments: dict[str, Json] = {}
    opening = _PARAMETER.search(body)
    closing = _PARAMETER_END.search(body)
    while opening is not None:
        while closing is not None and closing.start() < opening.end():
            closing = _PARAMETER_END.search(body, closing.end())
        following = _PARAMETER.search(body, opening.end())
        ends = [each.start() for each in (closing, following) if each]
        if not ends and not is_closed:
            return None
        text = body[opening.end() : min(ends, default=len(body))]
        is_text = 'string="true"' in opening[2]
        arguments[opening[1]] = text if is_text else _value(text)
        opening = following
    return arguments


def _read_fields(text: str, position: int) -> Reading | None:
    """`<name>NAME</name><arguments>...</arguments>`, with JSON or an element for each argument."""
    name = _FIELD_NAME.match(text, position)
    if name is None:
        return None
    field = _FIELD.match(text, name.end())
    if field is None:
        return None
    end = text.find(f"</{field[1]}>", field.end())
    if end < 0:
        return None
    body = text[field.end() : end].strip()
    arguments = read_children(body) if body.startswith("<") else body or "{}"
    return Reading([NamedCall(name[1], arguments)], end + len(field[1]) + 3)


def read_children(body: str) -> JsonObject:
    """`<KEY>VALUE</KEY>`, one for each argument."""
    arguments: dict[str, Json] = {}
    position = 0
    while child := _CHILD.match(body, position):
        closing = f"</{child[1]}>"
        end = body.find(closing, child.end())
        if end < 0:
            break
        arguments[child[1]] = _value(body[child.end() : end])
        position = end + len(closing)
    return arguments


def _read_pairs(text: str, position: int) -> tuple[JsonObject, int] | None:
    """`<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>`, again and again."""
    arguments: dict[str, Json] = {}
    while key := _KEY.match(text, position):
        end_of_key = text.find(f"</{key[1]}arg_key>", key.end())
        if end_of_key < 0:
            return None
        value_at = text.find(f"<{key[1]}arg_value>", end_of_key)
        end = text.find(f"</{key[1]}arg_value>", value_at)
        if value_at < 0 or end < 0:
            return None
        name = text[key.end() : end_of_key].strip()
        arguments[name] = _value(text[value_at + len(key[1]) + 11 : end])
        position = end + len(key[1]) + 12
    return (arguments, position) if arguments else None


def _read_code(text: str, position: int) -> Reading | None:
    """Calls in Python, up to the next mark that closes them."""
    if not _PYTHON.match(text, position):
        return None
    closer = CLOSER.search(text, position)
    end = closer.start() if closer else len(text)
    calls = read_python(text[position:end].rstrip().removesuffix("```"))
    return Reading([NamedCall(*call) for call in calls], end) if calls else None


def _read_gemma(text: str, position: int) -> Reading | None:
    """`call:NAME{key:<escape>text<escape>, other:1}`: keys are bare, texts stand between tokens."""
    head = _GEMMA.match(text, position)
    if head is None:
        return None
    closer = _GEMMA_END.search(text, head.end())
    end = closer.start() if closer else len(text)
    parts = _GEMMA_TEXT.split(text[head.end() : end].strip())
    if len(parts) % 2 == 0:
        return None  # a text that breaks off
    written = [
        json.dumps(part) if index % 2 else _GEMMA_KEY.sub(r'\1"\2":', part)
        for index, part in enumerate(parts)
    ]
    return Reading([NamedCall(head[1], "".join(written))], end)


def _json_at(text: str, position: int) -> tuple[Json, int] | None:
    """The JSON value at a position, even if it has slips, and where it ends."""
    try:
        value, end = _DECODER.raw_decode(text, position)
    except (ValueError, RecursionError):
        closer = CLOSER.search(text, position)
        end = closer.start() if closer else len(text)
        if end == position:
            return None
        try:
            return read_arguments(text[position:end]), end
        except ShapeError:
            return None
    return value, end


def named_calls(value: Json) -> list[NamedCall]:
    """The calls in `{"name": ..., "arguments": ...}`, under the names that templates use.

    An item of a list may also be `{NAME: ARGUMENTS}` (Apertus). A tool's definition is not a call.
    """
    if isinstance(value, list):
        return [call for item in value for call in named_calls(item) or _only(item)]
    if not isinstance(value, Mapping):
        return []
    inner = value.get("function")
    source = inner if isinstance(inner, Mapping) else value
    name = next((source[key] for key in _NAMES if key in source), inner)
    key = next((key for key in _ARGUMENTS if key in source), "")
    arguments = source[key] if key else None
    if not isinstance(name, str) or not isinstance(arguments, Mapping | str | None):
        return []
    if is_definition(source):
        return []
    return [NamedCall(name, "" if arguments is None else arguments)]


def _only(item: Json) -> list[NamedCall]:
    if not isinstance(item, Mapping) or len(item) != 1:
        return []
    name, arguments = next(iter(item.items()))
    return [NamedCall(name, arguments)] if isinstance(arguments, Mapping) else []


def is_definition(value: JsonObject) -> bool:
    """Whether an object describes a tool: its parameters are a schema, or it has a description."""
    parameters = value.get("parameters")
    is_schema = isinstance(parameters, Mapping) and isinstance(
        parameters.get("properties"), Mapping
    )
    return is_schema or ("description" in value and "arguments" not in value)


def _value(text: str) -> Json:
    """An argument between tags: JSON if it is JSON, otherwise the text."""
    stripped = text.strip("\n")
    try:
        value: Json = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return stripped
    return value
