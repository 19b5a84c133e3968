"""JSON and JSON Schema: types, validation, and finding the JSON in what a model wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, NoReturn
from urllib.parse import unquote

import orjson
from typing_extensions import override

from parallel_agents.core.cutting import before_cut
from parallel_agents.core.json_value import Json as Json, JsonObject as JsonObject, depth_of
from parallel_agents.core.schema_cost import (
    MOST_CHECKS,
    checks_of_a_value,
    is_recursive_union,
)
from parallel_agents.core.schema_keywords import find_misspelt

_FENCE = re.compile(r"```[A-Za-z0-9_-]*+\s*+(.*?)```", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_DECODER = json.JSONDecoder()
_MOST_FAILED = (
    1_000  # brackets that begin no JSON, each of which costs a look at the text before it
)
_IS_EMPTY = '"" is shorter than 1 character'
_MAX_PROBLEMS = 5
_QUOTED = 150
_EXPLAINED_DEPTH = 8


class Problem(NamedTuple):
    """One reason why a value does not match, and where: a path such as `issues/0/line`."""

    where: str
    why: str

    @override
    def __str__(self) -> str:
        return f"{self.where or 'the value'}: {self.why}"


class InvalidSchema(ValueError):
    """A JSON Schema is not valid; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.where or 'the schema'}: {problem.why}")
        self.problem = problem


_TOO_DEEP = Problem("", "it is nested too deep to be checked")


class Schema:
    """A compiled JSON Schema (draft 2020-12 unless `$schema` says otherwise).

    A `$ref` can only point into the schema itself; nothing is fetched or read from disk.

    Attributes:
        misspelt: a keyword that is nearly a known one; the validator ignores it.

    Raises:
        InvalidSchema: `source` is not a valid JSON Schema.
    """

    __slots__ = ("_validator", "misspelt", "source")

    def __init__(self, source: JsonObject) -> None:
        # It takes 4 MB, and a process that only looks at a store compiles no schema.
        import jsonschema_rs  # noqa: PLC0415 - heavy

        self.source = source
        try:
            checks = checks_of_a_value(source)
            if checks > MOST_CHECKS:
                why = f"a value would be checked {checks:,} times, more than {MOST_CHECKS:,}"
                raise InvalidSchema(Problem("", why))
            self._validator = jsonschema_rs.validator_for(dict(source), retriever=_fetch_nothing)
            self.misspelt = find_misspelt(source)
        except jsonschema_rs.ValidationError as error:
            where = "/".join(str(step) for step in error.instance_path)
            raise InvalidSchema(Problem(where, _brief(error.message))) from error
        except RecursionError as error:
            raise InvalidSchema(_TOO_DEEP) from error

    def fits(self, value: Json) -> bool:
        """Whether `value` matches."""
        return self._validator.is_valid(value)

    def problems(self, value: Json) -> list[Problem]:
        """The reasons why `value` does not match, at most five; an empty list if it matches.

        What is wrong in a deep value of a union that contains itself is not reported: it takes too
        long.
        """
        if self.fits(value):
            return []
        if depth_of(value) > _EXPLAINED_DEPTH and is_recursive_union(self.source):
            why = "it does not match the schema, and is nested too deep to say where"
            return [Problem("", why)]
        try:
            return [
                Problem("/".join(str(step) for step in error.instance_path), _brief(error.message))
                for error in islice(self._validator.iter_errors(value), _MAX_PROBLEMS)
            ]
        except ValueError:  # the validator takes values of 255 levels into its messages, no deeper
            return [_TOO_DEEP]


def _brief(message: str) -> str:
    """A validator's message without its middle: it quotes the whole value, perhaps megabytes."""
    if message == _IS_EMPTY:
        return "it is empty"
    if len(message) <= 2 * _QUOTED:
        return message
    if len(message := before_cut(message)) <= 2 * _QUOTED:
        return message
    return f"{message[:_QUOTED]} ... {message[-_QUOTED:]}"


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is outside the schema")


def compiled(source: JsonObject) -> Schema:
    """The schema, compiled once for each source.

    Raises:
        InvalidSchema: as for Schema.
    """
    try:
        encoded = orjson.dumps(source)
    except TypeError as error:  # it is not JSON, or has more than 254 levels
        raise InvalidSchema(Problem("", _brief(str(error)))) from error
    return _compiled(encoded)


@lru_cache(maxsize=512)
def _compiled(source: bytes) -> Schema:
    return Schema(orjson.loads(source))


def find_json(text: str, schema: Schema | None = None) -> Json:
    """The JSON value in a model's text: the whole text, or a value in a code fence or in prose.

    Of several values the last one that matches `schema` is the answer, since models weigh examples
    before they decide; if none matches, the last one.

    Raises:
        ValueError: there is no JSON object or array in `text`.
    """
    values = [value for _, value in _values(text)]
    if not values:
        raise ValueError("the answer has no JSON in it")
    matching = (value for value in reversed(values) if schema is None or not schema.problems(value))
    return next(matching, values[-1])


def as_written(text: str, value: Json) -> bytes:
    """The JSON in a model's text that is `value`; numbers have all the digits that it wrote.

    Parsed numbers have at most 64 bits. The value's own JSON if the text has it nowhere.
    """
    encoded = orjson.dumps(value)
    for written, parsed in reversed(list(_values(text))):
        with suppress(TypeError):  # it has more than 254 levels
            if orjson.dumps(parsed) == encoded:
                return written.encode()
    return encoded


def _values(text: str) -> Iterator[tuple[str, Json]]:
    """The values, each with its JSON."""
    try:
        yield text.strip(), orjson.loads(text.strip())
    except orjson.JSONDecodeError:
        pass
    else:
        return
    for fenced in _FENCE.finditer(text):
        try:
            value: Json = orjson.loads(fenced.group(1))
        except orjson.JSONDecodeError:
            continue
        if not isinstance(value, Mapping | list):
            yield fenced.group(1).strip(), value  # in prose only objects and arrays are found
    yield from _embedded(text)


def _embedded(text: str) -> Iterator[tuple[str, Json]]:
    """Each outermost object or array in prose."""
    position = failed = 0
    while failed < _MOST_FAILED and (opening := _OPENING.search(text, position)):
        try:
            _, end = _DECODER.raw_decode(text, opening.start())
            # The decoder that finds the end accepts NaN and lone surrogates; orjson does not.
            value = orjson.loads(text[opening.start() : end])
        except ValueError:
            position, failed = opening.end(), failed + 1
        except RecursionError:
            return  # a model that repeats itself; trying each level would take seconds
        else:
            yield text[opening.start() : end], value
            position = end


def flattened(schema: JsonObject) -> JsonObject:
    """The schema with the parts of its `allOf` merged into it, one level deep."""
    parts = schema.get("allOf")
    flat = dict(schema)
    if isinstance(parts, Sequence):
        for part in parts:
            if isinstance(part, Mapping):
                flat |= part
    return flat


def resolved(reference: str, root: JsonObject) -> Json:
    """The part of a schema that a `$ref` such as `#/$defs/name` points to.

    Raises:
        ValueError: the schema has no such part, or it is named in another way, as by an `$anchor`.
    """
    start, *steps = reference.split("/")
    value: Json = root
    for step in (unquote(each).replace("~1", "/").replace("~0", "~") for each in steps):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            start = ""
            break
    if start != "#":
        raise ValueError(f"the schema has no {reference}")
    return value


def dereferenced(schema: Json, root: JsonObject) -> JsonObject:
    """The schema that a local reference points to; an empty one for what is not an object."""
    if not isinstance(schema, Mapping):
        return {}
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    try:
        found = resolved(reference, root)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
