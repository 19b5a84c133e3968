"""What is different about an agent in a folder, and what such a difference may be."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.limits import Limits
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.errors import InvalidInput

NEEDS_CODE: JsonObject = {"type": "object", "required": ["code"]}
NEEDS_NOTHING: JsonObject = {"type": "object"}
THERE = WithWorkspace(
    instructions="Read the files.",
    tools=("grep", "read_file"),
    input_schema=NEEDS_NOTHING,
    limits=Limits(max_turns=40),
)
REVIEWER = Agent(
    "reviewer",
    instructions="Review.",
    output=str,
    tools=("read_file",),
    input_schema=NEEDS_CODE,
    limits=Limits(max_turns=2, max_output_tokens=900),
    with_workspace=THERE,
)


def test_in_a_folder_an_agent_has_more_tools_and_instructions_and_another_input() -> None:
    there = REVIEWER.in_folder

    assert there.instructions == "Review.\n\nRead the files."
    assert there.tools == ("read_file", "grep")
    assert there.input_schema == NEEDS_NOTHING
    assert there.limits == Limits(max_turns=40, max_output_tokens=900)
    assert there.output_type is REVIEWER.output_type
    assert there.in_folder is there


def test_an_agent_without_such_a_difference_is_the_same_everywhere() -> None:
    agent = Agent("writer", instructions="Write.")

    assert agent.in_folder is agent


def test_an_agent_that_takes_any_input_does_so_in_a_folder() -> None:
    agent = Agent("writer", instructions="Write.", with_workspace=THERE)

    assert agent.in_folder.input_schema is None


def test_its_tools_are_those_of_both() -> None:
    assert REVIEWER.possible_tools == ("read_file", "grep")


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a JSON Schema"):
        WithWorkspace(input_schema={"type": "objekt"})
