"""OpenAPI: the description of the API, made from the table of routes and the types in it.

Making it takes seconds, so `docs/openapi.json` has it, and a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import cast

from pydantic import JsonValue, TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from typing_extensions import TypeForm

from parallel_agents.surfaces.gateway.openai_problems import OPENAI, OpenaiProblem
from parallel_agents.surfaces.gateway.problems import TYPE, Problem
from parallel_agents.surfaces.gateway.replies import JSON
from parallel_agents.surfaces.gateway.routes import Form, Route

Schema = dict[str, JsonValue]
NO_VERSION = "1"
_REF = "#/components/schemas/{model}"
_TEXT: JsonValue = {"type": "string"}
_ABOUT = (
    "The verbs and views of Parallel Agents. Every request carries `Authorization: Bearer TOKEN`."
    " Errors are problem documents (RFC 9457) with a stable code, and below /v1 those of OpenAI."
)


class _Schemas:
    """The schemas of all types, which refer to each other by name."""

    def __init__(self, routes: Sequence[Route]) -> None:
        bodies = [route.takes for route in routes if route.has_body]
        given = [route.gives for route in routes if route.form in (Form.DOCUMENT, Form.PAGE)]
        given += [Problem, OpenaiProblem]
        self._kinds: list[TypeForm[object]] = [*bodies, *given]
        modes: list[JsonSchemaMode] = [
            *("validation" for _ in bodies),
            *("serialization" for _ in given),
        ]
        inputs: list[tuple[int, JsonSchemaMode, TypeAdapter[object]]] = [
            (number, mode, TypeAdapter[object](kind))
            for number, (kind, mode) in enumerate(zip(self._kinds, modes, strict=True))
        ]
        found, shared = TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self._found = [_object(found[number, mode]) for number, mode, _ in inputs]
        self.shared = _object(shared.get("$defs", {}))

    def of(self, kind: TypeForm[object]) -> JsonValue:
        return self._found[self._kinds.index(kind)]


def description(routes: Sequence[Route]) -> Schema:
    """The OpenAPI 3.1 document of these routes, without the version of the package."""
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, JsonValue]] = {}
    for route in routes:
        operation = _operation(route, schemas)
        paths.setdefault(route.whole_path, {})[route.method.lower()] = operation
    paths["/mcp"] = {"post": _mcp(schemas)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parallel Agents", "version": NO_VERSION, "description": _ABOUT},
        "security": [{"token": []}],
        "paths": {path: dict(operations) for path, operations in paths.items()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas.shared,
        },
    }


def _operation(route: Route, schemas: _Schemas) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "summary": route.does,
        "parameters": list(_parameters(route)),
        "responses": _responses(route, schemas),
    }
    if route.has_body:
        content: JsonValue = {JSON: {"schema": schemas.of(route.takes)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> Iterator[JsonValue]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if route.keeps_answer or route.name == "respond":
        text = "Names the request: sent again with the same key, it takes effect once."
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": text,
            "schema": {"type": "string", "maxLength": 200},
        }
    if route.has_body:
        return
    schema = _object(route.takes.model_json_schema(ref_template=_REF))
    defs = _object(schema.get("$defs", {}))
    for name, value in _object(schema.get("properties", {})).items():
        each = _object(value)
        told = _plain(each)
        if ref := told.pop("$ref", None):  # an enum
            told = {**_plain(_object(defs[str(ref).rpartition("/")[2]])), **told}
        yield {
            "name": name,
            "in": "query",
            "required": "default" not in each,
            "description": each.get("description", ""),
            "schema": told,
        }


def _object(schema: object) -> Schema:
    return cast("Schema", schema)  # a JSON Schema that pydantic made has objects there


def _plain(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _responses(route: Route, schemas: _Schemas) -> JsonValue:
    is_openai = route.whole_path.startswith(OPENAI)
    return {
        "200": _answer(route, schemas),
        **_others(route, schemas),
        "default": _openai_problem(schemas) if is_openai else _problem(schemas),
    }


def _problem(schemas: _Schemas) -> JsonValue:
    return {
        "description": "A problem: its code, why it is so, and what to do.",
        "content": {TYPE: {"schema": schemas.of(Problem)}},
    }


def _openai_problem(schemas: _Schemas) -> JsonValue:
    return {
        "description": "A problem in OpenAI's form, with our code.",
        "content": {JSON: {"schema": schemas.of(OpenaiProblem)}},
    }


def _mcp(schemas: _Schemas) -> JsonValue:
    """The one path that no route answers: what its bodies are is for MCP to say."""
    message: JsonValue = {"schema": {"type": "object"}}
    return {
        "operationId": "mcp",
        "summary": "A message of an MCP client, over streamable HTTP.",
        "parameters": [],
        "requestBody": {"required": True, "content": {JSON: message}},
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {JSON: message, "text/event-stream": {"schema": _TEXT}},
            },
            "default": {
                "description": "A problem, or an error of JSON-RPC if the message is not one of MCP.",
                "content": {TYPE: {"schema": schemas.of(Problem)}, JSON: message},
            },
        },
    }


def _others(route: Route, schemas: _Schemas) -> Schema:
    if route.begins:
        return {str(HTTPStatus.CREATED.value): _answer(route, schemas)}
    if route.form is Form.PAGE:
        return {
            str(HTTPStatus.NOT_MODIFIED.value): {
                "description": "The client has it already, by its entity tag."
            }
        }
    return {}


def _answer(route: Route, schemas: _Schemas) -> JsonValue:
    match route.form:
        case Form.CONTENT:
            binary: JsonValue = {"type": "string", "format": "binary"}
            return {"description": route.does, "content": {"*/*": {"schema": binary}}}
        case Form.PAGE:
            content: Schema = {JSON: {"schema": _page(schemas.of(route.gives))}}
            if route.name == "listEvents":
                content["text/event-stream"] = {"schema": {"type": "string"}}
            return {"description": route.does, "content": content}
        case Form.TEXT:
            return {"description": route.does, "content": {"text/plain": {"schema": _TEXT}}}
        case Form.STREAM:
            return {"description": route.does, "content": {"text/event-stream": {"schema": _TEXT}}}
        case Form.DOCUMENT:
            content = {JSON: {"schema": schemas.of(route.gives)}}
            if route.name == "respond":
                content["text/event-stream"] = {"schema": _TEXT}
            return {"description": route.does, "content": content}


def _page(item: JsonValue) -> JsonValue:
    """The shape of a page of items."""
    number: JsonValue = {"type": "integer"}
    text: JsonValue = {"type": "string"}
    return {
        "type": "object",
        "required": ["schema", "as_of", "truncated", "counts", "next", "items"],
        "properties": {
            "schema": text,
            "as_of": text,
            "truncated": {"type": "boolean"},
            "counts": {
                "type": "object",
                "properties": {"items": number, "total": {"type": ["integer", "null"]}},
            },
            "next": {"type": ["string", "null"]},
            "items": {"type": "array", "items": item},
        },
    }
