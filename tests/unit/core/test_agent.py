"""An agent made in code: its output type, its description, and what is refused."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, TypeAdapter

import parallel_agents as pa
from parallel_agents.core.agent import Agent
from parallel_agents.core.output_type import output_type
from parallel_agents.core.output_types import OutputTypes
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput


class Finding(BaseModel):
    line: int


@dataclass
class Score:
    score: float


def look_up(word: str) -> str:
    """Look it up."""
    return word


AUDITOR = Agent("auditor", instructions="Find bugs. Be brief.", output=Finding)
SCHEMA = {**Finding.model_json_schema(), "additionalProperties": False}


def test_a_name_is_checked_when_an_agent_is_made_and_not_when_it_is_read_from_a_store() -> None:
    stored: dict[str, Any] = {"name": "Code Writer", "instructions": "Write."}

    with pytest.raises(InvalidInput) as refused:
        Agent(**stored)

    assert refused.value.hint == "choose another name, such as code_writer"
    assert TypeAdapter(Agent).validate_python(stored).name == "Code Writer"


@pytest.mark.parametrize(
    ("tools", "hint"),
    [
        (
            [pa.tool(look_up)],
            "write tools=['look_up'], and pass tools=[look_up] to run() or open()",
        ),
        (look_up, "write tools=['look_up']"),
        (["grep", look_up], "write tools=['look_up']"),
    ],
)
def test_a_function_in_place_of_the_name_of_a_tool_is_told_where_it_goes(
    tools: Any, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Agent("writer", instructions="Write.", tools=tools)

    assert hint in refused.value.hint


def test_a_function_in_place_of_a_gate_is_told_where_it_goes() -> None:
    with pytest.raises(InvalidInput) as refused:
        Agent("writer", instructions="Write.", gates=[look_up])  # pyright: ignore[reportArgumentType] - it is wrong

    assert "write FunctionGate(function='look_up'), and pass gates=[look_up]" in refused.value.hint


def test_the_schema_of_the_output_type_is_the_output_schema() -> None:
    assert AUDITOR.output_schema == SCHEMA
    assert AUDITOR.output_type is not None
    assert AUDITOR.output_type.kind is Finding


def test_the_type_is_not_stored() -> None:
    stored = orjson.dumps(AUDITOR)

    read = TypeAdapter(Agent).validate_json(stored)

    assert read == AUDITOR == Agent("auditor", instructions="Find bugs. Be brief.", output=SCHEMA)
    assert read.output_type is None


def test_a_replaced_agent_keeps_its_type_with_its_schema() -> None:
    again = replace(AUDITOR, tools=("grep",))

    assert again.output_type is AUDITOR.output_type
    assert replace(AUDITOR, output_schema={"type": "object"}).output_type is None
    assert replace(AUDITOR, output=Score).output_type is output_type(Score)


def test_an_agent_can_be_copied_and_sent_to_another_process() -> None:
    sent = pickle.loads(pickle.dumps(AUDITOR))

    assert sent == deepcopy(AUDITOR) == AUDITOR
    assert sent.output_type is AUDITOR.output_type


def test_a_schema_may_be_passed_as_output() -> None:
    made = Agent("auditor", instructions="", output={"type": "array"})

    assert made.output_schema == {"type": "array"}
    assert made.output_type is None


@pytest.mark.parametrize(
    ("output", "message", "why", "hint"),
    [
        (Finding(line=1), "Finding(line=1) (Finding)", "is not a type", "pass the class, Finding"),
        (Score(1), "Score(score=1) (Score)", "is not a type", "pass the class, Score"),
        (5, "5 (int)", "a Pydantic model, dataclass or TypedDict", "correct output"),
        ("Finding", "'Finding' (str)", "is not a type", "correct output"),
        ({1: 2}, "{1: 2} (dict)", "text as names", "Dict key must be str"),
    ],
)
def test_an_output_of_another_kind_is_refused(
    output: Any, message: str, why: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Agent("auditor", instructions="", output=output)

    assert refused.value.message == f"output of Agent is {message}"
    assert why in refused.value.why
    assert hint in refused.value.hint


def test_an_output_and_a_schema_contradict_each_other() -> None:
    with pytest.raises(
        InvalidInput, match=r"got output .*Finding.* and an output_schema"
    ) as refused:
        Agent("auditor", instructions="", output=Finding, output_schema={})

    assert refused.value.hint == "leave one of them out"


@pytest.mark.parametrize(
    ("instructions", "description"),
    [
        ("Find bugs. Be brief.", "Find bugs."),
        ("\n  You audit v2.1 of it!  Then\nmore", "You audit v2.1 of it!"),
        ("No end", "No end"),
        ("A heading\nand a text.", "A heading"),
        ("短い。 長い。", "短い。"),
        ("w" * 200, f"{'w' * 99}…"),
        ("", ""),
    ],
)
def test_an_agent_is_described_by_the_first_sentence_of_its_instructions(
    instructions: str, description: str
) -> None:
    assert Agent("auditor", instructions=instructions).description == description


def test_a_name_of_a_sandbox_stands_for_it() -> None:
    assert Agent("auditor", instructions="", sandbox="require").sandbox is Sandbox.REQUIRE
    assert Task("auditor", "Go.", sandbox="off").sandbox is Sandbox.OFF


def test_a_type_belongs_to_a_name_and_a_schema() -> None:
    types = OutputTypes([AUDITOR])
    stored = TypeAdapter(Agent).validate_json(orjson.dumps(AUDITOR))

    assert types.of(stored) is AUDITOR.output_type
    assert types.of(replace(stored, name="other")) is None
    assert types.of(replace(stored, output_schema={"type": "object"})) is None
    assert OutputTypes().of(AUDITOR) is None
