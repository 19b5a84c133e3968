"""Call formats: tool calls that are not plain JSON, as models' chat templates write them.

Formats: Qwen 3 Coder (`<function=NAME><parameter=KEY>`), Llama (`<function=NAME>{...}</function>`),
DeepSeek (`<｜tool▁calls▁begin｜>`), Kimi (`<|tool_call_begin|>`), GLM (`<arg_key>`, `<arg_value>`), MiniMax,
Anthropic and DeepSeek 3.2 (`<invoke name="NAME"><parameter name="KEY">`), Mistral
(`[TOOL_CALLS]NAME[ARGS]`), and gpt-oss (`to=functions.NAME`).
"""

# ruff: noqa: RUF001, RUF002 - DeepSeek's tokens have a bar of full width

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.core.schema import Json, JsonObject

Arguments: TypeAlias = JsonObject | str


class NamedCall(NamedTuple):
    """A call as it is written: the arguments may be JSON text that is still to be read."""

    name: str
    arguments: Arguments


class Place(NamedTuple):
    """Where calls stand in a text."""

    calls: Sequence[NamedCall]
    start: int
    end: int


def find_elements(text: str) -> Iterator[Place]:
    """Find the calls in a text, in order."""
    for match in _FORMATS.finditer(text):
        read = _READERS[match.lastgroup or ""]
        yield Place(read(match), match.start(), match.end())


def _read_function(match: re.Match[str]) -> Sequence[NamedCall]:
    """`<function=NAME>`, whose body is JSON or one element for each argument."""
    name, body = match.group("function_name"), match.group("function_body")
    if parameters := _PARAMETER.findall(body):
        return [NamedCall(name, {key: _value(text) for key, text in parameters})]
    return [NamedCall(name, body.strip() or "{}")]


def _read_invoke(match: re.Match[str]) -> Sequence[NamedCall]:
    parameters = _PARAMETER.findall(match.group("invoke_body"))
    return [NamedCall(match.group("invoke_name"), {key: _value(text) for key, text in parameters})]


def _read_glm(match: re.Match[str]) -> Sequence[NamedCall]:
    pairs = _GLM_ARGUMENT.findall(match.group("glm_body"))
    arguments = {key.strip(): _value(text) for key, text in pairs}
    return [NamedCall(match.group("glm_name"), arguments)]


def _read_mistral(match: re.Match[str]) -> Sequence[NamedCall]:
    name = match.group("mistral_name").partition("[CALL_ID]")[0]
    return [NamedCall(name.strip(), match.group("mistral_body").strip())]


def _read_section(match: re.Match[str]) -> Sequence[NamedCall]:
    """Kimi and DeepSeek: an id or a name, a separator, and JSON, perhaps in a code fence."""
    head, body = match.group("section_name"), match.group("section_body")
    name, _, text = body.partition("\n") if head.strip() == "function" else (head, "", body)
    arguments = re.sub(r"^\s*```(?:json)?|```\s*$", "", text.strip())
    return [NamedCall(name.strip(), arguments.strip() or "{}")]


def _read_harmony(match: re.Match[str]) -> Sequence[NamedCall]:
    return [NamedCall(match.group("harmony_name"), match.group("harmony_body"))]


def _value(text: str) -> Json:
    """An argument between tags: JSON if it is JSON, otherwise the text."""
    stripped = text.strip("\n")
    try:
        value: Json = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return stripped
    return value


_PARAMETER = re.compile(
    r"<parameter(?:=|\s+name=)[\"']?([^\"'>\s]+)[\"']?[^>]*>(.*?)"
    r"(?:</parameter>|(?=<parameter[=\s])|(?=</function>)|\Z)",
    re.DOTALL,
)
_GLM_ARGUMENT = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)
_FORMATS = re.compile(
    r"(?P<function><function=(?P<function_name>[^>\s]+)>(?P<function_body>.*?)(?:</function>|\Z))"
    r"|(?P<invoke><invoke\s+name=[\"'](?P<invoke_name>[^\"'>]+)[\"'][^>]*>(?P<invoke_body>.*?)</invoke>)"
    r"|(?P<glm><tool_call>\s*(?P<glm_name>[\w.-]+)\s*(?P<glm_body><arg_key>.*?)</tool_call>)"
    r"|(?P<mistral>\[TOOL_CALLS\]\s*(?P<mistral_name>[^\[{]+(?:\[CALL_ID\][^\[{]*)?)(?:\[ARGS\])?"
    r"(?P<mistral_body>\{.*?)(?=\[TOOL_CALLS\]|</s>|\Z))"
    r"|(?P<section><[|｜]tool[▁_]call[▁_]begin[|｜]>\s*(?P<section_name>[^<\n]+?)\s*"
    r"<[|｜](?:tool[▁_]sep|tool[▁_]call[▁_]argument[▁_]begin)[|｜]>(?P<section_body>.*?)"
    r"<[|｜]tool[▁_]call[▁_]end[|｜]>)"
    r"|(?P<harmony>(?:<\|start\|>assistant)?(?:<\|channel\|>\w+)?\s*to=functions\.(?P<harmony_name>[\w-]+)"
    r"[^{]*<\|message\|>(?P<harmony_body>\{.*?)(?:<\|call\|>|\Z))",
    re.DOTALL,
)
_READERS: Mapping[str, Callable[[re.Match[str]], Sequence[NamedCall]]] = {
    "function": _read_function,
    "invoke": _read_invoke,
    "glm": _read_glm,
    "mistral": _read_mistral,
    "section": _read_section,
    "harmony": _read_harmony,
}
