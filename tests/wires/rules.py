"""Rules: what real servers refuse that a path cannot say; a case names them under `rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from tests.wires.case import Wire
from tests.wires.formats import chat, gemini, messages, responses
from tests.wires.formats.shape import JsonDict, table, tables

_FORMATS = {"chat": chat, "messages": messages, "responses": responses, "gemini": gemini}

_KNOWN_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_NOT_AT_ROOT = frozenset({"oneOf", "anyOf", "allOf", "enum", "not"})
_NEVER_STRICT = frozenset({"oneOf", "allOf", "not", "dependentRequired", "if", "then", "else"})


def broken(rule: str, wire: Wire, body: Any) -> str | None:
    """Why a server with this rule refuses the request, or None."""
    if rule == "orderly":
        return _FORMATS[wire].broken_rule(body)
    return RULES[rule](body)


def _openai_strict(body: JsonDict) -> str | None:
    """https://platform.openai.com/docs/guides/structured-outputs#supported-schemas."""
    for name, schema, strict in _schemas(body):
        if schema.get("type") != "object" or _NOT_AT_ROOT & schema.keys():
            kind = schema.get("type")
            problem = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
            return f"Invalid schema for {name}: {problem}"
        if strict and (problem := _strict_problem(schema, ())):
            return f"Invalid schema for {name}: {problem}"
    return None


def _schemas(body: JsonDict) -> Iterator[tuple[str, JsonDict, bool]]:
    """Each schema of the request, its name, and whether it is strict; of both of OpenAI's APIs."""
    for asked in (body.get("response_format"), table(body.get("text")).get("format")):
        given = table(table(asked).get("json_schema") or asked)
        if "schema" in given:
            yield (
                f"response_format '{given.get('name')}'",
                given["schema"],
                bool(given.get("strict")),
            )
    for tool in tables(body.get("tools")):
        function = table(tool.get("function", tool))
        is_strict = bool(function.get("strict"))
        yield f"function '{function.get('name')}'", table(function.get("parameters")), is_strict


def _strict_problem(schema: JsonDict, where: tuple[str, ...]) -> str | None:
    problem = _own_problem(schema, where)
    return problem or next(
        (p for at, s in _inner(schema) if (p := _strict_problem(s, (*where, *at)))), None
    )


def _own_problem(schema: JsonDict, where: tuple[str, ...]) -> str | None:
    context = f"In context={where!r}, "
    if "$ref" in schema:
        more = schema.keys() - {"$ref"}
        return f"context={where!r}, $ref cannot have keywords {more!r}." if more else None
    if never := _NEVER_STRICT & schema.keys():
        return f"{context}'{sorted(never)[0]}' is not permitted."
    if "anyOf" not in schema and "type" not in schema:
        return f"{context}schema must have a 'type' key."
    if schema.get("format", "date") not in _KNOWN_FORMATS:
        return f"{context}'{schema['format']}' is not a valid format."
    if "(?" in schema.get("pattern", ""):
        return f"{context}'pattern' uses a regex construct that is not supported: lookaround."
    if schema.get("type") == "object":
        return _object_problem(schema, context)
    if schema.get("type") == "array" and "items" not in schema:
        return f"{context}array schema missing items."
    return None


def _object_problem(schema: JsonDict, context: str) -> str | None:
    if schema.get("additionalProperties") is not False:
        return f"{context}'additionalProperties' is required to be supplied and to be false."
    missing = schema.get("properties", {}).keys() - set(schema.get("required", ()))
    if missing:
        return (
            f"{context}'required' is required to be supplied and to be an array including every "
            f"key in properties. Missing '{sorted(missing)[0]}'."
        )
    return None


def _inner(schema: JsonDict) -> Iterator[tuple[tuple[str, ...], JsonDict]]:
    for key in ("properties", "$defs"):
        for name, inner in table(schema.get(key)).items():
            yield (key, name), table(inner)
    if isinstance(schema.get("items"), Mapping):
        yield ("items",), schema["items"]
    for index, inner in enumerate(tables(schema.get("anyOf"))):
        yield ("anyOf", str(index)), inner


def _alternate(body: JsonDict) -> str | None:
    """Templates of Gemma, Llama 2 and Mistral."""
    roles = [m["role"] for m in body["messages"] if m["role"] not in {"system", "tool"}]
    has_tools = any(m["role"] == "tool" for m in body["messages"])
    if not has_tools and any(a == b for a, b in pairwise(roles)):
        return "Conversation roles must alternate user/assistant/user/assistant/..."
    return None


def _openai_subset_of_gemini(body: JsonDict) -> str | None:
    """Gemini's OpenAI endpoint checks the schemas of tools as the native one does."""
    for tool in tables(body.get("tools")):
        parameters = table(table(tool.get("function")).get("parameters"))
        known = {
            k: v for k, v in parameters.items() if k not in {"additionalProperties", "$schema"}
        }
        if problem := gemini.broken_schema(known):
            return f"* GenerateContentRequest.tools[0].function_declarations[0].{problem}"
    return None


RULES: Mapping[str, Callable[[JsonDict], str | None]] = {
    "openai_strict": _openai_strict,
    "alternate": _alternate,
    "gemini_tools": _openai_subset_of_gemini,
}
