"""docs/agents.md: its examples work, and its lists are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallel_agents.catalog.agent_file import AgentFields
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.team_fields import TaskFields, TeamFields
from parallel_agents.core.agent import Agent
from parallel_agents.errors import InvalidFile

PAGE = (Path(__file__).parents[2] / "docs" / "agents.md").read_text()
EXAMPLE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def unpack(folder: Path) -> list[str]:
    """Write the page's examples as files, and tell their names."""
    examples = EXAMPLE.findall(PAGE)
    for name, text in examples:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return [name for name, _ in examples]


def test_the_example_agents_and_the_example_team_work(tmp_path: Path) -> None:
    names = unpack(tmp_path)
    catalog = Catalog([tmp_path])

    tasks = catalog.team("season").tasks_for({"season": "winter"})

    agents = [
        f"agents/{name}.md"
        for name in ("haiku_writer", "ticket_sorter", "ticket_kind", "proofreader")
    ]
    assert names == [*agents, "teams/season.yaml"]
    assert catalog.agent("proofreader").in_folder.tools == ("read_file", "glob")
    assert [task.label for task in tasks] == ["first", "second", "ticket_sorter"]
    assert tasks[1].text == "Write a haiku about the end of winter."
    assert tasks[2].text == "Sort this ticket, one of []."
    assert tasks[2].input == {"ticket": "Every winter the heating fails, and it costs us $200."}


def test_the_example_of_an_error_is_the_one_reported(tmp_path: Path) -> None:
    unpack(tmp_path)
    file = tmp_path / "agents" / "haiku_writer.md"
    lines = file.read_text().split("\n")
    file.write_text("\n".join([*lines[:3], "teir: small", *lines[3:]]))

    with pytest.raises(InvalidFile) as caught:
        Catalog([tmp_path]).agent("haiku_writer")

    message = caught.value.message.replace(str(tmp_path), ".parallel-agents")
    assert f"{message}\n  hint  {caught.value.hint}\n" in PAGE


def test_every_field_of_a_file_is_on_the_page() -> None:
    rows = {name for name, _, _ in ROW.findall(PAGE)}

    assert rows >= AgentFields.model_fields.keys()
    assert rows >= TeamFields.model_fields.keys()
    assert all(f"`{name}`" in PAGE for name in TaskFields.model_fields)


def test_every_built_in_agent_is_on_the_page_with_the_fields_of_its_answer() -> None:
    rows = {name: answer for name, _, answer in ROW.findall(PAGE)}

    for entry in Catalog().agents():
        assert isinstance(entry.content, Agent)
        schema = entry.content.output_schema
        required = ["text"] if schema is None else schema["required"]
        assert isinstance(required, list)
        assert set(rows[entry.name].split(", ")) == set(required)


def test_every_built_in_team_is_on_the_page() -> None:
    rows = {name for name, _, _ in ROW.findall(PAGE)}

    assert rows >= {entry.name for entry in Catalog().teams()}
