from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.catalog.team import TaskTemplate, Team
from parallel_agents.core.agent import Agent
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput

POET = Agent(name="poet", description="Writes poems.", instructions="Write.")

TEAM = Team(
    name="verse",
    description="Two poems.",
    input_schema={
        "type": "object",
        "properties": {
            "topic": {"type": "string", "minLength": 1},
            "words": {"type": "array", "items": {"type": "string"}},
            "count": {"type": "integer", "default": 3},
            "style": True,
        },
        "required": ["topic", "words", "count"],
    },
    tasks=(
        TaskTemplate(
            agent=POET, label="one", text="${count} on ${topic}", input={"use": "${words}"}
        ),
        TaskTemplate(agent=POET, label="two", text="On nothing", input={}),
    ),
    model="test/small",
)


def refusal(values: dict[str, Json]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        TEAM.tasks_for(values)
    return caught.value


def test_inputs_fill_the_tasks_which_go_by_their_labels() -> None:
    tasks = TEAM.tasks_for({"topic": "snow", "words": ["cold"]})

    assert tasks == [
        Task(
            POET,
            "3 on snow",
            input={"use": ["cold"]},
            model="test/small",
            label="one",
            key="one",
        ),
        Task(POET, "On nothing", model="test/small", label="two", key="two"),
    ]


def test_an_input_of_a_task_that_has_no_value_is_left_out() -> None:
    templates = ({"a": "${style}", "b": "x"}, {"a": "${topic}"})
    team = replace(
        TEAM,
        tasks=tuple(
            TaskTemplate(agent=POET, label=str(n), text="x", input=template)
            for n, template in enumerate(templates)
        ),
    )

    without = team.tasks_for({"topic": "snow", "words": []})
    given = team.tasks_for({"topic": "snow", "words": [], "style": 1})

    assert [task.input for task in without] == [{"b": "x"}, {"a": "snow"}]
    assert given[0].input == {"a": 1, "b": "x"}


def test_an_input_overrides_its_default() -> None:
    tasks = TEAM.tasks_for({"topic": "snow", "words": [], "count": 1})

    assert tasks[0].text == "1 on snow"


def test_all_missing_inputs_are_reported_at_once_with_examples() -> None:
    error = refusal({})

    assert error.message == "the team verse needs 'topic', 'words'"
    assert error.hint == """add --input topic=... --input words='["..."]'"""


def test_an_unknown_input_is_refused_with_the_closest_name() -> None:
    error = refusal({"topc": "snow", "words": []})

    assert error.message == "the team verse has no input 'topc'"
    assert error.hint == "did you mean 'topic'?"


def test_all_inputs_that_do_not_fit_are_named() -> None:
    error = refusal({"topic": "snow", "words": "cold", "count": "many"})

    told = f"{error.message}; {error.why}"
    assert "the team verse does not accept this input: " in error.message
    assert 'words: "cold" is not of type "array"' in told
    assert 'count: "many" is not of type "integer"' in told
    assert "--input " in error.hint


def test_a_value_of_ten_megabytes_does_not_fill_the_error() -> None:
    error = refusal({"topic": "snow", "words": "x" * 10_000_000})

    assert len(error.message) < 500
    assert 'is not of type "array"' in error.message
