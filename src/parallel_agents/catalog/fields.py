"""Fields: check a document against the fields of its kind of file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Generic, NamedTuple, TypeVar, get_args, get_type_hints

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from parallel_agents.catalog.document import Document, Steps
from parallel_agents.catalog.field_words import field_meant
from parallel_agents.catalog.findings import Findings
from parallel_agents.core.agent import NAME_PATTERN as NAME_PATTERN
from parallel_agents.core.limits import Limits
from parallel_agents.core.policy import ANY
from parallel_agents.core.problems import Found, as_path as as_path, find_problems
from parallel_agents.core.schema import InvalidSchema, Json, JsonObject, compiled
from parallel_agents.core.schema_keywords import has_keywords
from parallel_agents.core.texts import NonEmpty as NonEmpty
from parallel_agents.errors import InvalidFile

_NO_FIELDS: Mapping[str, object] = {}
_MOST_ROUNDS = 10  # more than there are levels of fields
_JSON_TYPES = "string, number, integer, boolean, array, object, null"


def _check_agent_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError(
            "it must be an agent's name, of lower-case letters, digits and underscores"
        )
    return name


AgentName = Annotated[str, AfterValidator(_check_agent_name)]
AnyAgentName = Annotated[
    str, AfterValidator(lambda name: name if name == ANY else _check_agent_name(name))
]


class Fields(BaseModel):
    """The fields of a file or of a part of it; others are refused, and so are numbers in quotes.

    Attributes:
        page: where they are explained.
        stand_ins: values that say nothing, by the paths of required fields without numbers: with
            these the other fields are checked when one is missing or wrong.
        elsewhere: hints for fields that are not written here, by their names.
    """

    page: ClassVar[str] = "`pagents docs agents`"
    stand_ins: ClassVar[Mapping[str, Json]] = {}
    elsewhere: ClassVar[Mapping[str, str]] = {}
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


FieldsT = TypeVar("FieldsT", bound=Fields)


def read_fields(document: Document, kind: type[FieldsT]) -> FieldsT:
    """The document as `kind`.

    Raises:
        InvalidFile: fields are missing, unknown or of a wrong type; the error names all of them.
    """
    findings = Findings()
    read = read_right_fields(document, kind, findings)
    findings.refuse()
    assert read is not None, "what could not be read was found to be wrong"
    return read.fields


class RightFields(NamedTuple, Generic[FieldsT]):
    """The fields of a document that are right.

    Attributes:
        wrong: the names and numbers that lead to the others, which were left out or have a stand-in.
    """

    fields: FieldsT
    wrong: tuple[Steps, ...]


def read_right_fields(
    document: Document, kind: type[FieldsT], findings: Findings
) -> RightFields[FieldsT] | None:
    """The fields that are right, so that more can be said than what is wrong with the others.

    What is wrong with the others is added to `findings`. None if nothing can be read without them.
    """
    found = _wrong_fields(document, kind)
    for error in found.values():
        findings.add(error)
    content: Json = orjson.loads(orjson.dumps(document.content))
    wrong = [*found]
    for steps in wrong:
        _leave_out(content, steps)
    for _ in range(_MOST_ROUNDS):
        try:
            return RightFields(kind.model_validate_json(orjson.dumps(content)), tuple(wrong))
        except ValidationError as error:
            wrong += [_do_without(content, kind, each) for each in find_problems(error)]
        if () in wrong:
            break
    return None


def _wrong_fields(document: Document, kind: type[Fields]) -> dict[Steps, InvalidFile]:
    """What is wrong with each field that is; a missing one is not told where its misspelling may be."""
    wrong = {
        steps: document.error(
            steps,
            f"{as_path(steps)!r} has no value",
            hint=f"write `{steps[-1]}: ...`, or delete the line",
        )
        for steps in document.blanks
        if steps[-1] in names_within(kind, steps[:-1])
    }
    try:
        kind.model_validate_json(orjson.dumps(document.content))
    except ValidationError as error:
        problems = find_problems(error)
        misspelt = {found.steps[:-1] for found in problems if found.is_unknown}
        for found in problems:
            if found.kind != "missing" or found.steps[:-1] not in misspelt:
                wrong.setdefault(found.steps, _explain(document, found, kind))
    return wrong


def _leave_out(content: Json, steps: Steps) -> None:
    """Delete a field from a document, or the field whose value has it as an item."""
    within: list[tuple[dict[str, Json], str]] = []
    here = content
    for step in steps:
        if isinstance(here, dict):
            within.append((here, step))
            here = here.get(step)
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
    if within:
        parent, name = within[-1]
        parent.pop(name, None)


def _do_without(content: Json, kind: type[Fields], found: Found) -> Steps:
    """Leave out a value or the part that requires it, or fill it in; the steps to what was done."""
    steps, parts = found.steps, found.steps[:-1]
    path = ".".join(step for step in steps if not step.isdigit())
    if found.kind != "missing" or path not in kind.stand_ins:
        at = parts if found.kind == "missing" else steps
        _leave_out(content, at)
        return at
    here = content
    for step in parts:
        if isinstance(here, list):
            here = here[int(step)]
        elif isinstance(here, dict):
            here = here.get(step)
    if isinstance(here, dict):
        here[steps[-1]] = kind.stand_ins[path]
    return steps


def _explain(document: Document, found: Found, kind: type[Fields]) -> InvalidFile:
    steps, where, last = found.steps, as_path(found.steps), found.steps[-1]
    if found.is_unknown:
        known = {
            name: names_within(kind, (*steps[:-1], name)) for name in names_within(kind, steps[:-1])
        }
        return document.error(
            steps,
            f"there is no field {where!r}",
            hint=field_meant(last, known, _elsewhere(_within(kind, steps[:-1]))),
        )
    if found.kind == "missing":
        return document.error(steps, f"{where!r} is missing", hint=f"add `{last}: ...`")
    if found.kind == "string_pattern_mismatch" and last == "name":
        return document.error(
            steps,
            f"the value of {where!r} is not a valid name",
            hint="use lower-case letters, digits and underscores, a letter first, at most 64",
        )
    return document.error(
        steps,
        f"{where!r} is invalid: {found.words}",
        hint=f"{kind.page} says what {found.field} takes",
    )


def names_within(kind: object, steps: Steps) -> tuple[str, ...]:
    """The names of the fields in the part of a file that `steps` lead to; empty if it has none."""
    return tuple(_fields_of(_within(kind, steps)))


def _within(kind: object, steps: Steps) -> object:
    """The annotation of the part of a file that `steps` lead to."""
    for step in steps:
        kind = kind if step.isdigit() else _fields_of(kind).get(step)
    return kind


def _elsewhere(kind: object) -> Mapping[str, str]:
    """The hints for fields that are not written in a part of a file, by its annotation."""
    if isinstance(kind, type) and issubclass(kind, Fields):
        return kind.elsewhere
    return {name: hint for part in get_args(kind) for name, hint in _elsewhere(part).items()}


def _fields_of(kind: object) -> Mapping[str, object]:
    """The fields of an annotation, or of the kind in `kind | None` or a list, with their annotations."""
    if isinstance(kind, type) and issubclass(kind, Fields):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if kind is Limits:
        return get_type_hints(Limits)
    parts = [_fields_of(part) for part in get_args(kind)]
    return max(parts, key=len) if parts else _NO_FIELDS


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
    """Refuse a value that is not a JSON Schema, or has a misspelt keyword.

    Raises:
        InvalidFile: the error names the line.
    """
    try:
        misspelt = compiled(schema).misspelt
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
    if schema and not has_keywords(schema):
        raise document.error(
            steps,
            f"{as_path(steps)!r} has no keyword of JSON Schema",
            why="a validator ignores all that it has, and allows every value",
            hint="write `type: object`, and the fields under `properties:`",
        )
    if misspelt is not None:
        place = (*steps, *misspelt.steps)
        raise document.error(
            place,
            f"JSON Schema has no keyword {as_path(place)!r}",
            why="a validator ignores it, and allows every value",
            hint=f"did you mean {misspelt.meant!r}?",
        )


def check_object_schema(document: Document, steps: Steps, schema: JsonObject) -> None:
    """Check a schema as `check_schema` does, and that it describes an object."""
    check_schema(document, steps, schema)
    if schema.get("type") != "object":
        raise document.error(
            (*steps, "type"),
            f"{as_path(steps)!r} does not describe an object",
            hint="write `type: object` and the values under `properties:`",
        )
