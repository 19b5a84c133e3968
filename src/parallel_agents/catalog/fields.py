"""Fields: check a document against the fields of its kind of file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agents.catalog.document import Document, Steps
from parallel_agents.core.agent import NAME_PATTERN as NAME_PATTERN
from parallel_agents.core.schema import InvalidSchema, JsonObject, compiled
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidFile

_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_EXPLANATIONS = {
    "string_type": "it must be text",
    "int_type": "it must be a whole number",
    "list_type": "it must be a list, each item after a dash",
    "tuple_type": "it must be a list, each item after a dash",
    "dict_type": "it must be a mapping, written as `name: value` lines",
    "model_type": "it must be a mapping, written as `name: value` lines",
    "too_short": "it must not be empty",
}
# Earlier names of fields, for files that still have them.
_RENAMED = {
    "holds": "condition",
    "matches": "regex",
    "matches_not": "not_regex",
    "approves": "function",
    "passes": "command",
    "scored": "score",
    "judged": "judge",
}
_JSON_TYPES = "string, number, integer, boolean, array, object, null"


class Fields(BaseModel):
    """The fields of a file or of a part of it; others are refused, and so are numbers in quotes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


FieldsT = TypeVar("FieldsT", bound=Fields)


def read_fields(
    document: Document, kind: type[FieldsT], *, nested: Mapping[str, Collection[str]]
) -> FieldsT:
    """The document as `kind`.

    Args:
        document: the content of the file.
        kind: its fields.
        nested: the names of the fields within each field that has some.

    Raises:
        InvalidFile: a field is missing, unknown or of a wrong type. The error names the first fault
            in the file, and an unknown field before a missing one, which may be its misspelling.
    """
    try:
        return kind.model_validate_json(orjson.dumps(document.content))
    except ValidationError as error:
        problems = [
            (tuple(str(step) for step in found["loc"]), found["type"], found["msg"])
            for found in error.errors(include_url=False, include_input=False)
        ]
        steps, problem, message = min(
            problems, key=lambda found: (found[1] not in _UNKNOWN, document.line(found[0]))
        )
        known = kind.model_fields if len(steps) == 1 else nested.get(steps[0], ())
        raise _explain(document, steps, problem, message=message, known=known) from error


def _explain(
    document: Document, steps: Steps, problem: str, *, message: str, known: Collection[str]
) -> InvalidFile:
    where, last = as_path(steps), steps[-1]
    if problem in _UNKNOWN:
        return document.error(
            steps,
            f"there is no field {where!r}",
            hint=did_you_mean(_RENAMED.get(last, last), known),
        )
    if problem == "missing":
        return document.error(steps, f"{where!r} is missing", hint=f"add `{last}: ...`")
    if problem == "string_pattern_mismatch" and last == "name":
        return document.error(
            steps,
            f"the value of {where!r} is not a valid name",
            hint="use lower-case letters, digits and underscores, a letter first, at most 64",
        )
    why = _EXPLANATIONS.get(problem) or message[0].lower() + message[1:]
    return document.error(
        steps, f"{where!r} is invalid: {why}", hint=f"docs/agents.md says what {last} takes"
    )


def as_path(steps: Steps) -> str:
    """Steps in the usual notation: `tasks[0].text`."""
    path = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)
    return path.removeprefix(".")


def check_stem(document: Document, name: str) -> None:
    """Raise if a file is not named after what it defines: it could not be found by name."""
    file = document.source.file
    if file.stem != name:
        raise document.error(
            ("name",),
            f"the name {name!r} does not match the file name {file.name!r}",
            hint=f"rename the file to {name}{file.suffix}, or write `name: {file.stem}`",
        )


def check_schema(document: Document, steps: Steps, schema: JsonObject) -> None:
    """Refuse a value that is not a JSON Schema.

    Raises:
        InvalidFile: the error names the line.
    """
    try:
        compiled(schema)
    except InvalidSchema as error:
        inside = error.problem.where.split("/") if error.problem.where else []
        place = (*steps, *inside)
        raise document.error(
            place,
            f"{as_path(place)!r} is not a valid JSON Schema: {error.problem.why}",
            hint=f"a type is one of {_JSON_TYPES}"
            if place[-1] == "type"
            else "see https://json-schema.org/understanding-json-schema/reference for every keyword",
        ) from error


def check_object_schema(document: Document, steps: Steps, schema: JsonObject) -> None:
    """Check a schema as `check_schema` does, and that it describes an object."""
    check_schema(document, steps, schema)
    if schema.get("type") != "object":
        raise document.error(
            (*steps, "type"),
            f"{as_path(steps)!r} does not describe an object",
            hint="write `type: object` and the values under `properties:`",
        )
