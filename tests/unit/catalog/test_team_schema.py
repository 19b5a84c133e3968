"""The published schema accepts what the reader accepts, and says what each field is."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.catalog import BUILT_IN
from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.source import read_source
from parallel_agents.catalog.team_schema import DIALECT, team_schema
from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.models.shapes import object_at

FILES = [*(BUILT_IN / "teams").glob("*.yaml"), *(BUILT_IN / "templates").glob("*.yaml")]


def content(file: Path) -> JsonObject:
    return parse_document(read_source(file)).content


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_that_come_with_the_package_match(file: Path) -> None:
    assert compiled(team_schema()).problems(content(file)) == []


@pytest.mark.parametrize(
    "field", [{"need": ["a"]}, {"needs": "a"}, {"run_if": "any"}, {"loop": {"rounds": 2}}]
)
def test_a_field_that_the_reader_refuses_does_not_match(field: JsonObject) -> None:
    team = {"name": "a", "description": "b", "tasks": [{"agent": "x", "text": "y", **field}]}

    assert compiled(team_schema()).problems(team)


def test_each_field_has_a_description() -> None:
    schema = team_schema()
    tasks = object_at(object_at(schema, "$defs"), "PlanTaskFields")

    assert schema["$schema"] == DIALECT
    for part in (schema, tasks):
        properties = object_at(part, "properties")
        assert all(object_at(properties, name).get("description") for name in properties)
