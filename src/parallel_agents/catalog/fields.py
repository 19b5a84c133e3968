"""Fields: a document checked against the fields that its kind of file has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agents.catalog.document import Document, Steps
from parallel_agents.catalog.spelling import did_you_mean
from parallel_agents.core.schema import InvalidSchema, JsonObject, Schema
from parallel_agents.errors import InvalidFile

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"

_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_OUR_WORDS = {
    "string_type": "it must be text",
    "int_type": "it must be a whole number",
    "list_type": "it must be a list, each item after a dash",
    "tuple_type": "it must be a list, each item after a dash",
    "dict_type": "it must be names with values",
    "model_type": "it must be names with values",
    "too_short": "it must not be empty",
}
_JSON_TYPES = "string, number, integer, boolean, array, object, null"


class Fields(BaseModel):
    """What a file may say: no other fields, no numbers in quotes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


FieldsT = TypeVar("FieldsT", bound=Fields)


def read_fields(
    document: Document, kind: type[FieldsT], *, nested: Mapping[str, Collection[str]]
) -> FieldsT:
    """The document as `kind`. `nested` names the fields inside those that have fields.

    Raises:
        InvalidFile: a field is missing, unknown or of a wrong type. Of several faults the first in
            the file is told, an unknown field before one that it may be a misspelling of.
    """
    try:
        return kind.model_validate_json(orjson.dumps(document.content))
    except ValidationError as error:
        problems = [
            (tuple(str(step) for step in found["loc"]), found["type"], found["msg"])
            for found in error.errors(include_url=False, include_input=False)
        ]
        steps, problem, words = min(
            problems, key=lambda found: (found[1] not in _UNKNOWN, document.line(found[0]))
        )
        known = kind.model_fields if len(steps) == 1 else nested.get(steps[0], ())
        raise _explain(document, steps, problem, words=words, known=known) from error


def _explain(
    document: Document, steps: Steps, problem: str, *, words: str, known: Collection[str]
) -> InvalidFile:
    where, last = spoken(steps), steps[-1]
    if problem in _UNKNOWN:
        return document.error(
            steps, f"no field is called {where!r}", hint=did_you_mean(last, known)
        )
    if problem == "missing":
        return document.error(steps, f"{where!r} is missing", hint=f"add `{last}: ...`")
    if problem == "string_pattern_mismatch" and last == "name":
        return document.error(
            steps,
            f"{where!r} is not a name",
            hint="use lower-case letters, digits and underscores, a letter first, at most 64",
        )
    words = _OUR_WORDS.get(problem) or words[0].lower() + words[1:]
    return document.error(
        steps, f"{where!r} does not fit: {words}", hint=f"docs/agents.md says what {last} takes"
    )


def spoken(steps: Steps) -> str:
    """Steps as a reader would write them: `tasks[0].text`."""
    words = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)
    return words.removeprefix(".")


def check_stem(document: Document, name: str) -> None:
    """Refuse a file that is not called what it defines, as it could not be found by name."""
    file = document.source.file
    if file.stem != name:
        raise document.error(
            ("name",),
            f"the name is {name!r} and the file is {file.name!r}",
            hint=f"call the file {name}{file.suffix}, or write `name: {file.stem}`",
        )


def check_schema(document: Document, steps: Steps, schema: JsonObject) -> None:
    """Refuse what is not a JSON Schema.

    Raises:
        InvalidFile: in the line where it is wrong.
    """
    try:
        Schema(schema)
    except InvalidSchema as error:
        inside = error.problem.where.split("/") if error.problem.where else []
        place = (*steps, *inside)
        raise document.error(
            place,
            f"{spoken(place)!r} is not JSON Schema: {error.problem.why}",
            hint=f"a type is one of {_JSON_TYPES}"
            if place[-1] == "type"
            else "https://json-schema.org/understanding-json-schema/reference has each keyword",
        ) from error


def check_object_schema(document: Document, steps: Steps, schema: JsonObject) -> None:
    """As `check_schema`, for named values: the schema must be that of an object."""
    check_schema(document, steps, schema)
    if schema.get("type") != "object":
        raise document.error(
            (*steps, "type"),
            f"{spoken(steps)!r} is not the schema of an object",
            hint="write `type: object` and the values under `properties:`",
        )
