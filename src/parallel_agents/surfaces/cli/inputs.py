"""Inputs: `NAME=VALUE` and files as the values that agents and teams take."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from parallel_agents.app.asked_map import Templates, wants_text
from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.requests import MAX_INPUT_BYTES

_STDIN = Path("-")
_SHOWN = 80


def read_inputs(given: list[str] | None, schema: Mapping[str, Json] | None) -> dict[str, Json]:
    """`name=value` pairs as values.

    `name=@file` is the file's text, and `name=@@text` begins with one `@`. A value is JSON if the
    schema does not accept a string.

    Raises:
        InvalidInput: a pair has no `=`, a file cannot be read, or a value is not valid JSON.
    """
    values: dict[str, Json] = {}
    for pair in given or ():
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidInput(
                f"--input {head(pair, _SHOWN)!r} has no =", hint='write --input topic="Monday"'
            )
        if not name:
            raise InvalidInput(
                f"--input {head(pair, _SHOWN)!r} has no name", hint='write --input topic="Monday"'
            )
        if name in values:
            raise InvalidInput(
                f"--input {head(name, _SHOWN)} is given twice",
                why="an input has one value",
                hint=f"give {head(name, _SHOWN)} once; several values are a JSON list",
            )
        _check_taken(name, schema)
        text = _text(text)
        values[name] = text if wants_text(name, schema) else _json(name, text)
    return values


def read_templates(given: list[str] | None, schema: Mapping[str, Json] | None) -> Templates:
    """`name=template` pairs; `name=@file` is the file's text for all rows, and `@{column}` a file's of each.

    Raises:
        InvalidInput: as for `read_inputs`.
    """
    texts: dict[str, str] = {}
    literals: list[str] = []
    for pair in given or ():
        name, equals, text = pair.partition("=")
        is_file = text.startswith("@") and not text.startswith(("@{", "@@"))
        if not equals or is_file:
            literals.append(pair)
        else:
            if name in texts:
                raise InvalidInput(f"--input {head(name, _SHOWN)} is given twice")
            _check_taken(name, schema)
            is_escaped = text.startswith("@@") and not text.startswith("@@{")
            texts[name] = text[1:] if is_escaped else text
    json_names = tuple(name for name in texts if not wants_text(name, schema))
    return Templates(texts, read_inputs(literals, schema), json_names)


def given_text(text: str | None) -> str | None:
    """A task or a message as it was typed, if it was; `-` is what stdin has, without its last line end.

    Raises:
        InvalidInput: as for `read_text`.
    """
    return read_text(_STDIN).removesuffix("\n").removesuffix("\r") if text == "-" else text


def read_text(file: Path) -> str:
    """A file's text; the file `-` is stdin.

    Raises:
        InvalidInput: the file cannot be read, is not UTF-8, or is larger than any task may be.
    """
    if file == _STDIN and sys.stdin.buffer.closed:
        raise InvalidInput(
            "stdin was read before",
            why="more than one argument is to be what stdin has",
            hint="name a file for all but one: --input NAME=@FILE",
        )
    try:
        with sys.stdin.buffer if file == _STDIN else file.open("rb") as opened:
            content = opened.read(MAX_INPUT_BYTES + 1)
        if len(content) > MAX_INPUT_BYTES:
            raise InvalidInput(
                f"the file {file} is too large",
                why=f"a task and its input have at most {MAX_INPUT_BYTES:,} bytes",
                hint="split the work into several tasks",
            )
        return content.decode()
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"the file {file} cannot be read", why=str(error), hint="name a UTF-8 text file"
        ) from error


def _check_taken(name: str, schema: Mapping[str, Json] | None) -> None:
    """Refuse a name that a schema does not list, unless it says that it takes others."""
    properties = (schema or {}).get("properties")
    if schema is None or not isinstance(properties, Mapping) or name in properties:
        return
    if _has_more_names(schema):
        return
    raise InvalidInput(
        f"no input is called {head(name, _SHOWN)!r}",
        why=f"the inputs are {', '.join(map(repr, properties)) or 'none'}",
        hint=did_you_mean(name, properties),
    )


def _has_more_names(schema: Mapping[str, Json]) -> bool:
    """Whether a schema says more of names than its properties; choices of what is required do not."""
    if schema.keys() & {"additionalProperties", "patternProperties", "$ref", "allOf"}:
        return True
    choices = schema.get("anyOf", ())
    return not isinstance(choices, Sequence) or any(
        not isinstance(choice, Mapping) or choice.keys() - {"required"} for choice in choices
    )


def _text(given: str) -> str:
    if given.startswith("@@"):
        return given[1:]
    return read_text(Path(given[1:])) if given.startswith("@") else given


def _json(name: str, text: str) -> Json:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"--input {name} is not JSON: {head(text, _SHOWN)!r}",
            why=str(error),
            hint=f'write it as JSON, such as --input {name}=\'["a", "b"]\'',
        ) from error
