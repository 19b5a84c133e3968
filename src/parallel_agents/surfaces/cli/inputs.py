"""Inputs: `NAME=VALUE` and files as the values that agents and teams take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import orjson

from parallel_agents.app.asked_map import Templates, wants_text
from parallel_agents.catalog.team import Team
from parallel_agents.core.cutting import head
from parallel_agents.core.json_example import json_example
from parallel_agents.core.message import File
from parallel_agents.core.object_schema import check_names, missing_names, properties
from parallel_agents.core.schema import Json
from parallel_agents.core.task import JsonOrFile
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.given_files import Given, read_text, read_texts
from parallel_agents.surfaces.cli.stdin import NAME as STDIN

_SHOWN = 80
_BEGINS_JSON = frozenset('[{"')


def read_inputs(given: list[str] | None, schema: Mapping[str, Json] | None) -> dict[str, Json]:
    """`name=value` pairs as values.

    `name=@file` is the file's text, and `name=@@text` begins with one `@`. A value is JSON if the
    schema does not accept a string, or else a list of the texts that a folder or a pattern has.

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
        check_names((name,), schema or {})
        values[name] = _value(name, text, schema)
    return values


def _value(name: str, typed: str, schema: Mapping[str, Json] | None) -> Json:
    """The value that was typed; where a list is wanted, the files of a folder or a pattern are its items."""
    text = typed.removeprefix("@") if typed.startswith("@@") else typed
    if typed.startswith("@") and not typed.startswith("@@"):
        found = _files(typed)
        if found.texts and not found.is_one and _wants_list(name, schema):
            return [each.block for each in found.texts]
        text = found.text
    elif wants_text(name, schema) and _is_file(text):
        shown = head(text, _SHOWN)
        render.note(
            f"Note: {name} is the path {shown} and not what is in that file: write -i {name}=@{shown}"
        )
    return text if wants_text(name, schema) else _json(name, text, schema)


def _is_file(text: str) -> bool:
    """Whether a text is the path of a file that is there."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False


def _wants_list(name: str, schema: Mapping[str, Json] | None) -> bool:
    return properties(schema or {}).get(name, {}).get("type") == "array"


def _takes_files(name: str, schema: Mapping[str, Json] | None) -> bool:
    items = properties(schema or {}).get(name, {}).get("items")
    is_text = not isinstance(items, Mapping) or items.get("type", "string") == "string"
    return _wants_list(name, schema) and is_text


def read_templates(
    pairs: list[str] | None, schema: Mapping[str, Json] | None, *, given: Given
) -> Templates:
    """`name=template` pairs; `name=@file` is the file's text for all rows, and `@{column}` a file's of each.

    What `given` has is the same for all rows: the one required input that is missing, or a text that
    is added to each task.

    Raises:
        InvalidInput: as for `read_inputs`.
    """
    texts: dict[str, str] = {}
    literals: list[str] = []
    for pair in pairs or ():
        name, equals, text = pair.partition("=")
        is_file = text.startswith("@") and not text.startswith(("@{", "@@"))
        if not equals or is_file:
            literals.append(pair)
        else:
            if name in texts:
                raise InvalidInput(f"--input {head(name, _SHOWN)} is given twice")
            check_names((name,), schema or {})
            is_escaped = text.startswith("@@") and not text.startswith("@@{")
            texts[name] = text[1:] if is_escaped else text
    json_names = tuple(name for name in texts if not wants_text(name, schema))
    values = read_inputs(literals, schema)
    filled, rest = with_files({**values, **texts}, schema, given)
    same = {name: value for name, value in _without_files(filled).items() if name not in texts}
    return Templates(texts, same, json_names, rest.added)


def given_text(text: str | None) -> str | None:
    """A task or a message as it was typed, if it was; `-` is what stdin has, without its last line end.

    Raises:
        NotText, TooMuchGiven, NothingOnStdin: as for `read_text`.
    """
    if text != STDIN:
        return text
    return read_text(Path(STDIN)).removesuffix("\n").removesuffix("\r")


class Filled(NamedTuple):
    """Values with the files that a command is given.

    Attributes:
        values: for the inputs of an agent or a team.
        rest: the files that are no value.
    """

    values: dict[str, JsonOrFile]
    rest: Given


def with_files(
    values: Mapping[str, Json], schema: Mapping[str, Json] | None, given: Given
) -> Filled:
    """The values with files: they are the one required input that is missing, if only one is.

    A single file is its text, several are texts under their names; an image or PDF is itself, if
    there is no text.

    Raises:
        InvalidInput: the input is not a text, and the file not JSON.
    """
    filled: dict[str, JsonOrFile] = dict(values)
    missing = missing_inputs(schema, values)
    if len(missing) != 1 or not (given.texts or len(given.shown) == 1):
        return Filled(filled, given)
    (name,) = missing
    if given.texts:
        is_text = wants_text(name, schema)
        filled[name] = given.text if is_text else _json(name, given.text, schema)
        return Filled(filled, Given(shown=given.shown))
    return Filled({**filled, name: given.shown[0]}, Given())


def team_values(team: Team, pairs: list[str] | None, given: Given) -> dict[str, Json]:
    """The inputs of a team, of which files may be the one that is missing.

    Raises:
        InvalidInput: as for `read_inputs`, or nothing says which input the files are.
    """
    return values_of(team.name, team.input_schema, pairs, given)


def values_of(
    name: str, schema: Mapping[str, Json], pairs: list[str] | None, given: Given
) -> dict[str, Json]:
    """The inputs of a team with that schema, as `team_values` reads them."""
    values = read_inputs(pairs, schema)
    filled, rest = with_files(values, schema, given)
    if rest.texts:
        missing = missing_inputs(schema, values)
        raise InvalidInput(
            f"nothing says which input of {name} the files are",
            why=f"{' and '.join(missing)} have no value" if missing else "no input is missing",
            hint="name the input: --input NAME=@FILE",
        )
    return _without_files(filled)


def missing_inputs(schema: Mapping[str, Json] | None, values: Mapping[str, object]) -> list[str]:
    """The required inputs that have no value; of several choices the first that one value completes."""
    return missing_names(schema or {}, values.keys())


def _without_files(values: Mapping[str, JsonOrFile]) -> dict[str, Json]:
    return {name: value for name, value in values.items() if not isinstance(value, File)}


def _files(typed: str) -> Given:
    instead = "an agent is shown it with -f, by `pagents spawn` or `pagents send`"
    return read_texts([Path(typed.removeprefix("@"))], "an input", instead)


def _json(name: str, text: str, schema: Mapping[str, Json] | None) -> Json:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        example = json_example(text, properties(schema or {}).get(name, {}), schema or {})
        # Where no JSON was meant, the place of the fault in it says nothing.
        at = f": {error}" if text.lstrip()[:1] in _BEGINS_JSON else ""
        raise InvalidInput(
            f"--input {name} is not JSON: {head(text, _SHOWN)!r}",
            why=f"{name} is {example.kind}, which is written as JSON{at}",
            hint=f"write --input {name}={quote(example.text)}, or {name}=@FILE with it in a file"
            + (f", or {name}=@FOLDER for its files" if _takes_files(name, schema) else ""),
        ) from error
