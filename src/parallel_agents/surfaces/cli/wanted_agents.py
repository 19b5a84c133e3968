"""Wanted agents: the names and purposes in the file of `pagents agents new --from`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.source import read_source
from parallel_agents.core.schema import Json
from parallel_agents.creating import request
from parallel_agents.creating.created import Wanted
from parallel_agents.errors import InvalidFile, InvalidInput

_NOTHING: Mapping[str, Json] = {}


def read_wanted(file: Path) -> list[Wanted]:
    """The agents that a file names: objects with `name` and `purpose`, as lines of JSON, or `agents` in YAML.

    Raises:
        InvalidFile: the file is not like that; the error names the line.
    """
    source = read_source(file)
    entries: list[tuple[int, Json]]
    if file.suffix in {".yaml", ".yml"}:
        document = parse_document(source)
        listed = document.content.get("agents")
        if not isinstance(listed, list):
            raise source.error(1, "there is no list `agents`", hint="write `agents:` above them")
        entries = [(document.line(("agents", str(n))), each) for n, each in enumerate(listed)]
    else:
        lines = enumerate(source.text.split("\n"), start=1)
        entries = [(n, _parsed(file, n, line)) for n, line in lines if line.strip()]
    wanted: dict[str, tuple[int, Wanted]] = {}
    for line, entry in entries:
        found = _wanted(file, line, entry)
        if found.name in wanted:
            raise InvalidFile(
                f"{file}:{line}: the agent {found.name} is wanted twice",
                why=f"line {wanted[found.name][0]} wants it, too",
                hint="name each once",
            )
        wanted[found.name] = (line, found)
    return [each for _, each in wanted.values()]


def _parsed(file: Path, number: int, line: str) -> Json:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidFile(
            f"{file}:{number}: this is not JSON", why=str(error), hint="write one object to a line"
        ) from error


def _wanted(file: Path, line: int, entry: Json) -> Wanted:
    values: Mapping[str, Json] = entry if isinstance(entry, Mapping) else _NOTHING
    name, purpose = values.get("name"), values.get("purpose")
    if not isinstance(name, str) or not isinstance(purpose, str) or len(values) > 2:
        raise InvalidFile(
            f"{file}:{line}: an agent has a `name` and a `purpose`, and nothing else",
            hint='write {"name": "release_notes_writer", "purpose": "..."}',
        )
    try:
        request.check_wanted(found := Wanted(name=name, purpose=purpose))
    except InvalidInput as error:
        raise InvalidFile(
            f"{file}:{line}: {error.message}", why=error.why, hint=error.hint
        ) from error
    return found
