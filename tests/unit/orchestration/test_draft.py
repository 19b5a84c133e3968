"""A draft becomes a plan whose placeholders are written by code, whatever a model's texts contain."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.plan import Step
from parallel_agents.orchestration.draft import Compiled, Draft, Frame, as_id, compiled, schema_for
from parallel_agents.orchestration.roster import Roster
from tests.unit.orchestration.parts import LISTER, WRITER, step

ROSTER = Roster({"writer": WRITER, "lister": LISTER}, is_small=False)


def made(*steps: dict[str, Any], given: tuple[str, ...] = ()) -> Compiled:
    frame = Frame(given, given, ROSTER.agents)
    return compiled(Draft.model_validate({"steps": list(steps)}), frame)


def only(*steps: dict[str, Any], given: tuple[str, ...] = ()) -> Step:
    return made(*steps, given=given).plan.steps[-1]


@pytest.mark.parametrize(
    ("written", "id"),
    [
        ("Funny Post", "funny_post"),
        ("${tasks.x}", "tasks_x"),
        ("1st", "step_1st"),
        ("../../etc", "etc"),
        ("***", ""),
        ("x" * 400, "x" * 40),
    ],
)
def test_what_a_model_calls_a_step_becomes_an_id(written: str, id: str) -> None:
    assert as_id(written) == id


def test_a_placeholder_that_a_model_writes_stays_a_text() -> None:
    assert only(step("a", "${tasks.b.output} $${x}")).text == "$${tasks.b.output} $$$${x}"


def test_a_placeholder_in_an_input_stays_a_text() -> None:
    given = [
        {"name": "topic", "value": "${home}", "result_of": ""},
        {"name": "most", "value": '["${home}"]', "result_of": ""},
    ]

    found = only(step("a", agent="lister", input=given))

    assert found.input == {"topic": "$${home}", "most": ["$${home}"]}


def test_controls_are_in_no_text() -> None:
    assert only(step("a", "\x00\x1b[31mred\u202e\x9b")).text == "[31mred\u202e"


def test_a_result_is_read_by_the_placeholder_of_its_step() -> None:
    found = only(step("facts"), step("page", "Sum up", "Facts"))

    assert found.text == "Sum up\n\nfacts:\n${tasks.facts.output}"
    assert found.needs == ("facts",)


def test_material_that_no_step_reads_is_read_by_those_that_begin() -> None:
    first, second = made(step("a"), step("b", "", "a"), given=("notes",)).plan.steps

    assert first.text == "a\n\nnotes:\n${notes}"
    assert "notes" not in second.text


@pytest.mark.parametrize(("written", "target"), [(0, 9.2), (3, 9.2), (9.9, 9.9)])
def test_an_agent_that_is_made_needs_what_the_goal_asks_for(written: float, target: float) -> None:
    frame = Frame((), (), ROSTER.agents, "", 9.2)
    made = {**step("baker"), "agent": "create_agent", "target": written}

    (found,) = compiled(Draft.model_validate({"steps": [made]}), frame).plan.steps

    assert found.create is not None
    assert found.create.target == target


def test_a_condition_that_is_none_is_told() -> None:
    found = made(step("a", check="__import__('os')"))

    assert "is not a condition on an answer" in found.problems[0]
    assert found.plan.steps[0].gates == ()


def test_only_agents_of_the_list_are_names() -> None:
    fields: Any = schema_for(ROSTER, 30)
    one = fields["properties"]["steps"]["items"]["properties"]

    assert one["agent"]["enum"] == ["writer", "lister", "create_agent"]
    assert fields["properties"]["steps"]["maxItems"] == 30
    assert fields["properties"]["steps"]["minItems"] == 1
    assert not {"tools", "permissions", "model"} & one.keys()
