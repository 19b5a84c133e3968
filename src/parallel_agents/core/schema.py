"""JSON and JSON Schema: types, validation, and finding the JSON in what a model wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias

import jsonschema_rs
import orjson
from typing_extensions import override

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
    JsonObject: TypeAlias = Mapping[str, Json]
else:
    # What comes in as JSON is JSON: decoders need not walk it again.
    Json = Any
    JsonObject = Mapping[str, Any]

_FENCE = re.compile(r"```[A-Za-z0-9_-]*\s*\n?(.*?)```", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_DECODER = json.JSONDecoder()
_MAX_PROBLEMS = 5
_QUOTED = 150


class Problem(NamedTuple):
    """One way in which a value does not fit: where (a path such as `issues/0/line`) and why."""

    where: str
    why: str

    @override
    def __str__(self) -> str:
        return f"{self.where or 'the value'}: {self.why}"


class InvalidSchema(ValueError):
    """A JSON Schema that is none; `problem` says where in it, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.where or 'the schema'}: {problem.why}")
        self.problem = problem


class Schema:
    """A compiled JSON Schema (draft 2020-12 unless `$schema` says otherwise).

    A `$ref` reaches what is in the schema itself; nothing is fetched or read from disk.

    Raises:
        InvalidSchema: `source` is not a valid JSON Schema.
    """

    __slots__ = ("_validator", "source")

    def __init__(self, source: JsonObject) -> None:
        self.source = source
        try:
            self._validator = jsonschema_rs.validator_for(dict(source), retriever=_fetch_nothing)
        except jsonschema_rs.ValidationError as error:
            where = "/".join(str(step) for step in error.instance_path)
            raise InvalidSchema(Problem(where, _brief(error.message))) from error

    def problems(self, value: Json) -> list[Problem]:
        """What is wrong with `value`: at most five problems, none when it fits."""
        found: list[Problem] = []
        for error in self._validator.iter_errors(value):
            found.append(
                Problem("/".join(str(step) for step in error.instance_path), _brief(error.message))
            )
            if len(found) == _MAX_PROBLEMS:
                break
        return found


def _brief(words: str) -> str:
    """A validator's words; it quotes the whole value, of which the middle can be megabytes."""
    return words if len(words) <= 2 * _QUOTED else f"{words[:_QUOTED]} ... {words[-_QUOTED:]}"


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} lies outside of the schema")


def compiled(source: JsonObject) -> Schema:
    """The schema, compiled once for all who use the same source.

    Raises:
        InvalidSchema: as for Schema.
    """
    return _compiled(orjson.dumps(source))


@lru_cache(maxsize=512)
def _compiled(source: bytes) -> Schema:
    return Schema(orjson.loads(source))


def find_json(text: str, schema: Schema | None = None) -> Json:
    """The JSON value in a model's text: the whole, in a code fence, or after prose.

    Of several candidates the first that fits `schema` wins, else the first.

    Raises:
        ValueError: there is no JSON object or array in `text`.
    """
    first: list[Json] = []
    for value in _values(text):
        if schema is None or not schema.problems(value):
            return value
        first = first or [value]
    if not first:
        raise ValueError("no JSON was found in the answer")
    return first[0]


def _values(text: str) -> Iterator[Json]:
    for candidate in (text.strip(), *(match.group(1) for match in _FENCE.finditer(text))):
        try:
            yield orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
    yield from _embedded(text)


def _embedded(text: str) -> Iterator[Json]:
    """Each outermost object or array that stands in prose."""
    position = 0
    while opening := _OPENING.search(text, position):
        try:
            _, end = _DECODER.raw_decode(text, opening.start())
            # The decoder that finds the end also takes NaN and half characters; this one does not.
            value = orjson.loads(text[opening.start() : end])
        except ValueError:
            position = opening.end()
        except RecursionError:
            return  # a model that repeats itself; to look on at each level would take seconds
        else:
            position = end
            yield value


def flattened(schema: JsonObject) -> JsonObject:
    """The schema with the first level of its `allOf` laid into it."""
    parts = schema.get("allOf")
    flat = dict(schema)
    if isinstance(parts, Sequence):
        for part in parts:
            if isinstance(part, Mapping):
                flat |= part
    return flat


def resolved(reference: str, root: JsonObject) -> Json:
    """What a `$ref` such as `#/$defs/name` stands for.

    Raises:
        ValueError: the schema has no such part.
    """
    value: Json = root
    for step in reference.removeprefix("#").split("/")[1:]:
        if not isinstance(value, Mapping) or step not in value:
            raise ValueError(f"the schema has no {reference}")
        value = value[step]
    return value
