"""Schemas: a JSON Schema in the part of the standard that a server accepts.

What a server does not know is moved into the description, where the model still reads it; an answer is
checked against the whole schema here.

Sources: https://platform.openai.com/docs/guides/structured-outputs (strict mode),
https://platform.claude.com/docs/en/build-with-claude/structured-outputs, and
https://ai.google.dev/api/caching#Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.core.schema import Json, JsonObject, flattened
from parallel_agents.models.dialect import Dialect, SchemaSubset
from parallel_agents.models.wires.strict import is_strict

_JSON_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_ROOT_CHOICES = ("anyOf", "oneOf", "allOf")
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_COMMON = frozenset({"type", "properties", "required", "items", "anyOf", "enum", "description"})
_KEYWORDS: Mapping[SchemaSubset, frozenset[str]] = {
    SchemaSubset.OPENAI: _COMMON
    | {"additionalProperties", "const", "$defs", "$ref", "pattern", "format", "multipleOf"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"},
    SchemaSubset.ANTHROPIC: _COMMON
    | {"additionalProperties", "const", "$defs", "$ref", "format", "title"},
    SchemaSubset.GEMINI: _COMMON
    | {"format", "nullable", "minItems", "maxItems", "minLength", "maxLength", "pattern"}
    | {"minimum", "maximum", "minProperties", "maxProperties"},
}
_SILENT = frozenset({"$schema", "$id", "title", "default", "examples", "discriminator", "$comment"})
_MOST_NESTED = 60


class AnswerSchema(NamedTuple):
    schema: JsonObject
    is_strict: bool


def answer_schema(schema: JsonObject, dialect: Dialect) -> AnswerSchema:
    """The schema of an answer as the server accepts it, and whether it may be enforced exactly."""
    adapted = adapt(schema, SchemaSubset.PLAIN)
    match dialect.schema:
        case SchemaSubset.PLAIN:  # the server enforces all that it can, lengths included
            return AnswerSchema(adapted, is_strict=dialect.strict and is_strict(adapted))
        case SchemaSubset.OPENAI:
            narrowed = adapt(adapted, SchemaSubset.OPENAI)
            if dialect.strict and is_strict(narrowed):
                return AnswerSchema(narrowed, is_strict=True)
            return AnswerSchema(adapted, is_strict=False)
        case SchemaSubset.ANTHROPIC | SchemaSubset.GEMINI:
            return AnswerSchema(adapt(adapted, dialect.schema), is_strict=False)


def tool_schema(parameters: JsonObject, dialect: Dialect) -> JsonObject:
    """The parameters of a tool as the server accepts them: an object, without a choice at its root."""
    root = parameters
    if any(name in root for name in _ROOT_CHOICES):
        merged = flattened(root)
        root = {name: part for name, part in merged.items() if name not in _ROOT_CHOICES}
    plain: JsonObject = {"type": "object", "properties": {}, **root}
    is_gemini = dialect.schema is SchemaSubset.GEMINI
    return adapt(plain, SchemaSubset.GEMINI if is_gemini else SchemaSubset.PLAIN)


def adapt(schema: JsonObject, subset: SchemaSubset) -> JsonObject:
    """The schema with its references resolved and its implied types, in a server's subset."""
    resolved = _resolved(schema)
    adapted = _adapt(resolved, subset)
    assert isinstance(adapted, Mapping)
    return adapted


_Object: TypeAlias = dict[str, Json]


def _adapt(schema: Json, subset: SchemaSubset) -> Json:
    if not isinstance(schema, Mapping):
        return schema
    adapted: _Object = {}
    for name, part in schema.items():
        match name:
            case "properties" | "$defs" | "definitions" if isinstance(part, Mapping):
                adapted[name] = {key: _adapt(value, subset) for key, value in part.items()}
            case "items" | "additionalProperties" | "not":
                adapted[name] = _adapt(part, subset)
            case "anyOf" | "oneOf" | "allOf" | "prefixItems" if isinstance(part, Sequence):
                adapted[name] = [_adapt(value, subset) for value in part]
            case _:
                adapted[name] = part
    if "type" not in adapted and (implied := _implied_type(adapted)):
        adapted["type"] = implied
    keywords = _KEYWORDS.get(subset)
    if keywords is None:
        return adapted
    adapted = _narrowed(adapted)
    return _described(_FITS[subset](adapted), keywords)


def _implied_type(schema: JsonObject) -> Json:
    """The type that the values of an `enum` or `const` have; None if it is not one."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        return "object" if "properties" in schema else None
    types = {_JSON_TYPES.get(type(value), "") for value in values}
    return types.pop() if len(types) == 1 else None


def _narrowed(schema: _Object) -> _Object:
    """The schema with its choices as `anyOf`, and a single `allOf` merged into it."""
    narrowed = dict(schema)
    choices = narrowed.pop("oneOf", None)
    if choices is not None and "anyOf" not in narrowed:
        narrowed["anyOf"] = choices
    parts = narrowed.get("allOf")
    if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping):
        del narrowed["allOf"]
        narrowed = {**parts[0], **narrowed}
    return narrowed


def _described(schema: _Object, keywords: frozenset[str]) -> JsonObject:
    """The schema with what is not among `keywords` told in its description."""
    told = {
        name: part for name, part in schema.items() if name not in keywords and name not in _SILENT
    }
    kept: _Object = {name: part for name, part in schema.items() if name in keywords}
    if told:
        text = ", ".join(f"{name}: {orjson.dumps(part).decode()}" for name, part in told.items())
        before = kept.get("description")
        kept["description"] = f"{before} ({text})" if before else text
    return kept


def _without_format(schema: _Object, known: frozenset[str]) -> _Object:
    """The schema; a format that is not known becomes a keyword that the description tells."""
    found = schema.get("format")
    if found is None or found in known:
        return schema
    return {("Format" if name == "format" else name): part for name, part in schema.items()}


def _for_openai(schema: _Object) -> _Object:
    schema = _without_format(schema, _FORMATS)
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and "(?" in pattern:  # it looks neither ahead nor behind
        del schema["pattern"]
        schema["Pattern"] = pattern
    return schema


def _for_anthropic(schema: _Object) -> _Object:
    schema = _without_format(schema, _FORMATS | {"uri"})
    if schema.get("type") == "object":
        schema = {**schema, "additionalProperties": False}
    return schema


def _for_gemini(schema: _Object) -> _Object:
    adapted = _without_format(schema, frozenset({"date-time", "enum"}))
    adapted.pop("additionalProperties", None)
    if not adapted.get("properties", True):
        del adapted["properties"]  # an object without any is refused
    if "const" in adapted:
        adapted["enum"] = [adapted.pop("const")]
    kinds = adapted.get("type")
    if isinstance(kinds, list):
        named = [kind for kind in kinds if kind != "null"]
        adapted["type"] = named[0] if named else "string"
        adapted["nullable"] = "null" in kinds
    choices = adapted.get("anyOf")
    if isinstance(choices, list):
        others = [each for each in choices if each != {"type": "null"}]
        if len(others) < len(choices):
            adapted["nullable"] = True
        if len(others) == 1 and isinstance(others[0], Mapping):
            del adapted["anyOf"]
            adapted = {**others[0], **adapted}
        else:
            adapted["anyOf"] = others
    values = adapted.get("enum")
    if isinstance(values, list) and not all(isinstance(value, str) for value in values):
        adapted["Allowed values"] = adapted.pop("enum")  # it enumerates strings only
    return adapted


_FITS: Mapping[SchemaSubset, Callable[[_Object], _Object]] = {
    SchemaSubset.OPENAI: _for_openai,
    SchemaSubset.ANTHROPIC: _for_anthropic,
    SchemaSubset.GEMINI: _for_gemini,
}


def _resolved(schema: JsonObject) -> JsonObject:
    """The schema with the targets of its references in their place; one that recurs stays as it is.

    Servers refuse a reference that has a description, or read no definitions at all.
    """
    if b'"$ref"' not in orjson.dumps(schema, default=dict):
        return schema
    try:
        resolved = _inlined(schema, schema, ())
    except RecursionError:
        return schema
    if not isinstance(resolved, Mapping):
        return schema
    if b'"$ref"' in orjson.dumps(resolved, default=dict):
        return schema
    return {name: part for name, part in resolved.items() if name not in {"$defs", "definitions"}}


def _inlined(schema: Json, root: JsonObject, within: tuple[str, ...]) -> Json:
    if isinstance(schema, list):
        return [_inlined(part, root, within) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return {name: _inlined(part, root, within) for name, part in schema.items()}
    target = _target(root, reference)
    if target is None or reference in within or len(within) > _MOST_NESTED:
        return schema
    found = _inlined(target, root, (*within, reference))
    others = {name: part for name, part in schema.items() if name != "$ref"}
    return {**found, **others} if isinstance(found, Mapping) else found


def _target(root: JsonObject, reference: str) -> Json:
    """What a reference such as `#/$defs/NAME` points to; None if it points outside."""
    if not reference.startswith("#/"):
        return None
    found: Json = root
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
