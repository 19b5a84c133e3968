"""The command that a person copies has the input without which it would be refused."""

from __future__ import annotations

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.team import Team
from parallel_agents.core.schema import JsonObject
from parallel_agents.surfaces.cli.first_call import first_run

CATALOG = Catalog(())


@pytest.mark.parametrize(
    ("team", "command"),
    [
        ("content", "pagents run --team content -i topic=..."),
        ("demo", "pagents run --team demo -i topic=... -i code=..."),
        ("review", "pagents run --team review -i code=..."),
    ],
)
def test_the_first_run_of_a_team_has_what_it_requires_or_else_its_first_input(
    team: str, command: str
) -> None:
    assert first_run(CATALOG.team(team), f"--team {team}") == command


def test_a_list_of_objects_has_one_with_its_required_fields() -> None:
    item: JsonObject = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
        "required": ["title"],
    }
    books: JsonObject = {"type": "array", "items": item}
    schema: JsonObject = {"type": "object", "properties": {"books": books}, "required": ["books"]}
    team = Team(name="shelf", description="", input_schema=schema, tasks=())

    assert (
        first_run(team, "shelf.yaml") == """pagents run shelf.yaml -i 'books=[{"title":"..."}]'"""
    )
