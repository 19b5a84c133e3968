"""Another version of an agent is a registered one or is taken from a file, and must be another version of that agent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.catalog.agent_file import parse_any_agent
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.agent_test_asked import version_of

TEXT = "---\nname: writer\ndescription: Writes.\n---\nWrite.\n"
NOW = parse_any_agent(Source(Path("writer.md"), TEXT))


def write(folder: Path, text: str) -> str:
    file = folder / "writer.before.md"
    file.write_text(text, "utf-8")
    return str(file)


def registered(name: str, number: int) -> Agent:
    assert name == NOW.name
    return replace(NOW, instructions=f"Write version {number}.")


def test_a_file_of_any_name_is_another_version(tmp_path: Path) -> None:
    before = version_of(NOW, write(tmp_path, TEXT.replace("Write.", "Write less.")), registered)

    assert before.instructions == "Write less."


@pytest.mark.parametrize(
    ("text", "why"),
    [(TEXT, "the same version"), (TEXT.replace("writer", "reader"), "a version of reader")],
)
def test_the_same_version_and_another_agent_are_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        version_of(NOW, write(tmp_path, text), registered)


@pytest.mark.parametrize("given", ["v3", "3", "writer@v3"])
def test_a_registered_version_is_named_by_its_number(given: str) -> None:
    assert version_of(NOW, given, registered).instructions == "Write version 3."


def test_what_is_neither_a_version_nor_a_file_of_an_agent_is_refused() -> None:
    with pytest.raises(InvalidInput, match="neither a version nor the file"):
        version_of(NOW, "latest", registered)
