"""Gemini: the native API (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.wires.formats.shape import JsonDict, Ordinary, dumps, halves, table, tables

FINISH, CALLS, BASE = "STOP", "STOP", "/v1beta"
USAGE: JsonDict = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}


def say(text: str, calls: Sequence[tuple[str, JsonDict]]) -> list[JsonDict]:
    parts: list[JsonDict] = [{"text": text}] if text or not calls else []
    return parts + [{"functionCall": {"name": name, "args": given}} for name, given in calls]


def whole(reply: Ordinary) -> JsonDict:
    content: JsonDict = {"role": "model"}
    if reply.blocks:
        content["parts"] = reply.blocks
    candidate: JsonDict = {"content": content, "index": 0}
    if reply.finish is not None:
        candidate["finishReason"] = reply.finish
    usage = {} if reply.usage is None else {"usageMetadata": reply.usage}
    return {"candidates": [candidate], **usage, "modelVersion": "m1", "responseId": "r1"}


def events(reply: Ordinary) -> list[Any]:
    pieces = [piece for part in reply.blocks for piece in _pieces(part)]
    *before, last = [[piece] for piece in pieces] or [[]]
    chunks = [whole(Ordinary(parts, None, None)) for parts in before]
    return [*chunks, whole(Ordinary(last, reply.finish, reply.usage))]


def _pieces(part: JsonDict) -> Iterator[JsonDict]:
    text = part.get("text")
    if not isinstance(text, str) or "thoughtSignature" in part:
        yield part
        return
    for piece in halves(text) or [""]:
        yield {**part, "text": piece}


def frame(event: Mapping[str, Any]) -> str:
    return f"data: {dumps(event)}\r\n\r\n"


def results(body: JsonDict) -> list[str]:
    parts = [part for turn in tables(body.get("contents")) for part in tables(turn.get("parts"))]
    told = [table(part["functionResponse"]) for part in parts if "functionResponse" in part]
    return [_result(table(each.get("response"))) for each in told]


def _result(response: JsonDict) -> str:
    """The text of a result; the API leaves the key to the client."""
    values = list(response.values())
    return str(values[0]) if len(values) == 1 else dumps(response)


def refusal(message: str) -> JsonDict:
    return {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}


def broken_rule(body: JsonDict) -> str | None:
    """What the API refuses of any model, in its words."""
    turns = tables(body.get("contents"))
    if not turns:
        return "GenerateContentRequest.contents: contents is not specified"
    for index, turn in enumerate(turns):
        if not turn.get("parts"):
            return f"GenerateContentRequest.contents[{index}].parts: must not be empty"
        if turn.get("role") not in {"user", "model"}:
            return "Please use a valid role: user, model."
    for before, turn in pairwise([JsonDict(), *turns, JsonDict()]):
        asked = sum("functionCall" in part for part in tables(before.get("parts")))
        told = sum("functionResponse" in part for part in tables(turn.get("parts")))
        if asked != told:
            return (
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
    return _broken_schema(body)


def _broken_schema(body: JsonDict) -> str | None:
    tools = [each for tool in tables(body.get("tools")) for each in _declarations(tool)]
    given = [table(tool["parameters"]) for tool in tools if "parameters" in tool]
    answer = table(table(body.get("generationConfig")).get("responseSchema"))
    found = (broken_schema(schema) for schema in [*given, *([answer] if answer else [])])
    return next((problem for problem in found if problem), None)


def _declarations(tool: Mapping[str, Any]) -> list[JsonDict]:
    return tables(tool.get("functionDeclarations") or tool.get("function_declarations"))


_FIELDS = frozenset(
    {"type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems"}
    | {"properties", "required", "minProperties", "maxProperties", "minLength", "maxLength"}
    | {"pattern", "example", "anyOf", "propertyOrdering", "default", "items", "minimum", "maximum"}
)


def broken_schema(schema: Mapping[str, Any]) -> str | None:
    """What the subset of OpenAPI 3.0 refuses: https://ai.google.dev/api/caching#Schema."""
    for key in schema:
        if key not in _FIELDS:
            return f"Invalid JSON payload received. Unknown name \"{key}\" at 'tools[0]': Cannot find field."
    kind = str(schema.get("type", "")).lower()
    if "enum" in schema and kind != "string":
        return "only allowed for STRING type: parameters.properties[x].enum"
    if isinstance(schema.get("type"), list):
        return "Proto field is not repeating, cannot start list."
    if kind == "object" and not schema.get("properties") and "properties" in schema:
        return "parameters.properties: should be non-empty for OBJECT type"
    if kind == "array" and "items" not in schema:
        return "parameters.properties[x].items: missing field."
    inner = [table(each) for each in table(schema.get("properties")).values()]
    inner += [
        *tables(schema.get("anyOf")),
        *([table(schema["items"])] if "items" in schema else []),
    ]
    return next((problem for each in inner if (problem := broken_schema(each))), None)
