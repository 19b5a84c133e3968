"""Text calls: tool calls that a server left in the text, because it has no parser for the model.

Formats, from the chat templates of the models: Hermes and Qwen (`<tool_call>{...}</tool_call>`), Qwen 3
Coder (`<function=NAME><parameter=KEY>`), Llama (`<|python_tag|>`, `<function=NAME>{...}</function>`),
Mistral (`[TOOL_CALLS]`), DeepSeek (`<｜tool▁calls▁begin｜>`), Kimi (`<|tool_calls_section_begin|>`), GLM
(`<arg_key>`, `<arg_value>`), MiniMax and Anthropic (`<invoke name="NAME"><parameter name="KEY">`), and
gpt-oss (`to=functions.NAME`).
"""

# ruff: noqa: RUF001, RUF002 - DeepSeek's tokens have a bar of full width

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import orjson

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.reading.values import read_arguments
from parallel_agents.models.shapes import ShapeError

_MARKS = ("<", "[TOOL_CALLS]", "functions.")
_MOST_CHARACTERS = 200_000
_WRAPPERS = re.compile(
    r"</?(?:tool_calls?|function_calls?|minimax:tool_call|function_call_list)>"
    r"|<[|｜]tool[▁_]calls?(?:[▁_]section)?[▁_](?:begin|end)[|｜]>|<[|｜]tool[▁_]call[▁_]end[|｜]>"
    r"|<\|(?:im_end|eot_id|eom_id|call)\|>",
)
_PREFIX = re.compile(r"^(?:functions|default_api|tools?|multi_tool_use)[.:]")
_SUFFIX = re.compile(r"(?:<\|.*|[:#]\d+)$", re.DOTALL)


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
    if not known or len(text) > _MOST_CHARACTERS:
        return Found((), text)
    if not any(mark in text for mark in _MARKS):
        return _bare_calls(text, known)
    calls: list[TextCall] = []

    def take(match: re.Match[str]) -> str:
        found = [
            call
            for name, arguments in _READERS[match.lastgroup or ""](match)
            if (call := _call(name, arguments, known)) is not None
        ]
        calls.extend(found)
        return "" if found else match.group()

    rest = _FORMATS.sub(take, text)
    if not calls:
        return Found((), text)
    return Found(calls, _WRAPPERS.sub("", rest).strip())


def _bare_calls(text: str, known: Collection[str]) -> Found:
    """A text that is nothing but a call in JSON, as Llama 3 writes it."""
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return Found((), text)
    try:
        value: Json = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return Found((), text)
    if not isinstance(value, Mapping) or not value.keys() <= _CALL_FIELDS:
        return Found((), text)
    calls = [
        call
        for name, arguments in _objects(value)
        if (call := _call(name, arguments, known)) is not None
    ]
    return Found(calls, "") if calls else Found((), text)


_Pair = tuple[str, "JsonObject | str"]
_CALL_FIELDS = {"name", "arguments", "parameters", "type", "function", "id"}


def _call(name: str, arguments: JsonObject | str, known: Collection[str]) -> TextCall | None:
    cleaned = clean_name(name, known)
    if cleaned not in known:
        return None
    try:
        read = read_arguments(arguments) if isinstance(arguments, str) else arguments
    except ShapeError:
        return None
    return TextCall(cleaned, read)


def _objects(value: Json) -> Sequence[_Pair]:
    """The calls in `{"name": ..., "arguments": ...}`, under the names that templates use."""
    if isinstance(value, list):
        return [pair for item in value for pair in _objects(item)]
    if not isinstance(value, Mapping):
        return ()
    inner = value.get("function")
    source = inner if isinstance(inner, Mapping) else value
    name = source.get("name") or (inner if isinstance(inner, str) else None)
    arguments = source.get("arguments", source.get("parameters", {}))
    if not isinstance(name, str) or not isinstance(arguments, Mapping | str):
        return ()
    return [(name, arguments)]


def _read_json(match: re.Match[str]) -> Sequence[_Pair]:
    body = match.group("json")
    try:
        return _objects(orjson.loads(body))
    except orjson.JSONDecodeError:
        pass
    try:
        return _objects(read_arguments(body))
    except ShapeError:
        return ()


def _read_mistral(match: re.Match[str]) -> Sequence[_Pair]:
    body = match.group("mistral").strip()
    if body.startswith("["):
        try:
            return _objects(orjson.loads(body[: body.rfind("]") + 1]))
        except orjson.JSONDecodeError:
            return ()
    name, _, arguments = body.partition("[ARGS]") if "[ARGS]" in body else body.partition("{")
    return [(name.partition("[CALL_ID]")[0], arguments if "[ARGS]" in body else "{" + arguments)]


def _read_named(match: re.Match[str]) -> Sequence[_Pair]:
    """`<function=NAME>`, whose body is JSON or one element for each argument."""
    name, body = match.group("named_name"), match.group("named_body")
    if parameters := _PARAMETER.findall(body):
        return [(name, {key: _value(text) for key, text in parameters})]
    return [(name, body.strip() or "{}")]


def _read_invoke(match: re.Match[str]) -> Sequence[_Pair]:
    parameters = _PARAMETER.findall(match.group("invoke_body"))
    return [(match.group("invoke_name"), {key: _value(text) for key, text in parameters})]


def _read_glm(match: re.Match[str]) -> Sequence[_Pair]:
    pairs = _GLM_ARGUMENT.findall(match.group("glm_body"))
    return [(match.group("glm_name"), {key.strip(): _value(text) for key, text in pairs})]


def _read_section(match: re.Match[str]) -> Sequence[_Pair]:
    """Kimi and DeepSeek: an id or a name, a separator, and JSON, perhaps in a code fence."""
    head, body = match.group("section_name"), match.group("section_body")
    name, _, json_text = body.partition("\n") if head.strip() == "function" else (head, "", body)
    fenced = re.sub(r"^\s*```(?:json)?|```\s*$", "", json_text.strip())
    return [(name.strip(), fenced.strip() or "{}")]


def _read_harmony(match: re.Match[str]) -> Sequence[_Pair]:
    return [(match.group("harmony_name"), match.group("harmony_body"))]


def _value(text: str) -> Json:
    """An argument between tags: JSON if it is JSON, otherwise the text."""
    stripped = text.strip("\n")
    try:
        value: Json = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return stripped
    return value


_PARAMETER = re.compile(
    r"<parameter(?:=|\s+name=)[\"']?([^\"'>\s]+)[\"']?[^>]*>(.*?)</parameter>", re.DOTALL
)
_GLM_ARGUMENT = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)
_FORMATS = re.compile(
    r"(?P<named><function=(?P<named_name>[^>\s]+)>(?P<named_body>.*?)(?:</function>|\Z))"
    r"|(?P<invoke><invoke\s+name=[\"'](?P<invoke_name>[^\"'>]+)[\"'][^>]*>(?P<invoke_body>.*?)</invoke>)"
    r"|(?P<glm><tool_call>\s*(?P<glm_name>[\w.-]+)\s*(?P<glm_body><arg_key>.*?)</tool_call>)"
    r"|(?P<tagged><(?P<tag>tool_call|function_call|tool_use|tools?|function)>\s*(?P<json>[\[{].*?)\s*"
    r"(?:</(?P=tag)>|\Z))"
    r"|(?P<python><\|python_tag\|>\s*(?P<json2>\{.*?)(?:<\|\w+\|>|\Z))"
    r"|(?P<tool_calls>\[TOOL_CALLS\]\s*(?P<mistral>.*?)(?=\[TOOL_CALLS\]|</s>|\Z))"
    r"|(?P<section><[|｜]tool[▁_]call[▁_]begin[|｜]>\s*(?P<section_name>[^<\n]+?)\s*"
    r"<[|｜](?:tool[▁_]sep|tool[▁_]call[▁_]argument[▁_]begin)[|｜]>(?P<section_body>.*?)"
    r"<[|｜]tool[▁_]call[▁_]end[|｜]>)"
    r"|(?P<harmony>(?:<\|start\|>assistant)?(?:<\|channel\|>\w+)?\s*to=functions\.(?P<harmony_name>[\w-]+)"
    r"[^{]*<\|message\|>(?P<harmony_body>\{.*?)(?:<\|call\|>|\Z))",
    re.DOTALL,
)


def _read_python(match: re.Match[str]) -> Sequence[_Pair]:
    try:
        return _objects(read_arguments(match.group("json2")))
    except ShapeError:
        return ()


_READERS: Mapping[str, Callable[[re.Match[str]], Sequence[_Pair]]] = {
    "named": _read_named,
    "invoke": _read_invoke,
    "glm": _read_glm,
    "tagged": _read_json,
    "python": _read_python,
    "tool_calls": _read_mistral,
    "section": _read_section,
    "harmony": _read_harmony,
}
