"""A design is data: whatever a model writes into it becomes fields with bounds, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.creating.design import design_schema, read_design
from tests.unit.creating.parts import DESIGN, parsed


def outputs(*fields: dict[str, Any]) -> JsonObject:
    return {**DESIGN, "outputs": [{"kind": "text", "about": "", **field} for field in fields]}


def test_a_design_matches_its_schema_and_becomes_a_closed_agent() -> None:
    agent = parsed()

    assert not compiled(design_schema()).problems(DESIGN)
    assert agent.output_schema is not None
    assert agent.output_schema["required"] == ["reason", "kind"]
    assert agent.output_schema["additionalProperties"] is False
    assert agent.limits.max_output_tokens == 680
    assert (agent.tools, agent.temperature) == ((), 0.2)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Urgency Level!", "urgency_level"),
        ("../x", "x"),
        ("class", "field_class"),
        ("true", "field_true"),
        ("7th", "field_7th"),
        ("\u4f60", "field_1"),
    ],
)
def test_a_name_becomes_one_that_conditions_can_read(written: str, name: str) -> None:
    design = read_design(outputs({"name": written}))

    assert [field.name for field in design.outputs] == [name]


def test_names_that_are_the_same_are_told_apart() -> None:
    design = read_design(outputs({"name": "kind"}, {"name": "Kind"}))

    assert [field.name for field in design.outputs] == ["kind", "kind_2"]


def test_a_choice_of_nothing_is_a_text() -> None:
    design = read_design(outputs({"name": "kind", "kind": "choice", "choices": ["a", "a"]}))

    assert design.outputs[0].schema == {"type": "string", "maxLength": 2000}


def test_only_tools_that_it_may_have_are_in_a_design() -> None:
    asked = {**DESIGN, "tools": ["run_command", "read_file", "read_file"]}

    assert read_design(asked, ["read_file"]).tools == ("read_file",)
    assert read_design(asked).tools == ()
    assert compiled(design_schema()).problems(asked)
