"""A request is checked before any of it is stored."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions import requests


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("a\0b", "x", "NUL"),
        ("fine", "a\0b", "NUL"),
        ("half \ud83d of one", "x", "not Unicode"),
        ("fine", "\ud83d", "not Unicode"),
        ("x" * 4_000_001, "x", "4,000,0"),
        ("fine", "x" * 4_000_001, "4,000,0"),
        ("fine", 2**70, "not Unicode text, or its input is not JSON"),
        ("fine", float("nan"), "NaN"),
        ("fine", [{"deep": float("inf")}], "infinite"),
    ],
)
def test_text_that_no_model_can_read_is_refused(text: str, value: Json, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        requests.check_text(text, {"value": value})

    assert message in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("text", ["", "\n\t "])
def test_a_task_has_a_text_or_an_input(text: str) -> None:
    with pytest.raises(InvalidInput, match="the task is empty"):
        requests.check_text(text, {})

    requests.check_text(text, {"value": "x"})


@pytest.mark.parametrize("text", ["a", "tab\tand\r\nline", "\x1b[31m red", "emoji \U0001f600"])
def test_control_characters_and_any_script_are_valid_text(text: str) -> None:
    requests.check_text(text, {"text": text, "escaped": "\\u0000"})


def test_input_that_does_not_fit_is_refused_with_where_and_why() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    agent = Agent(name="a", description="", instructions="", input_schema=schema)

    with pytest.raises(InvalidInput) as caught:
        requests.check_task(Task("a", "x", input={"n": "one"}), agent)

    assert caught.value.why == 'n: "one" is not of type "integer"'
    assert "pagents agents show a" in caught.value.hint


def test_input_that_is_missing_is_named_with_how_to_give_it() -> None:
    schema: JsonObject = {"type": "object", "properties": {"code": {}}, "required": ["code"]}
    agent = Agent(name="reviewer", description="", instructions="", input_schema=schema)

    with pytest.raises(InvalidInput, match="reviewer needs 'code'") as caught:
        requests.check_task(Task("reviewer", "x"), agent)

    assert caught.value.hint.startswith("add -i code=... or -i code=@FILE")


def test_a_choice_of_inputs_is_named_and_so_is_a_workspace_that_would_do() -> None:
    schema: JsonObject = {
        "type": "object",
        "required": ["why"],
        "anyOf": [{"required": ["code"]}, {"required": ["diff"]}],
    }
    there = WithWorkspace(input_schema={"type": "object"})
    agent = Agent("reviewer", instructions="x", input_schema=schema, with_workspace=there)

    with pytest.raises(InvalidInput) as caught:
        requests.check_task(Task("reviewer", "x", input={"why": "y"}), agent)
    requests.check_task(Task("reviewer", "x", input={"why": "y", "diff": "z"}), agent)

    assert caught.value.message == "reviewer needs 'code' or 'diff' or a workspace"
    assert "-i code=... or -i diff=... or -i code=@FILE or --workspace DIR" in caught.value.hint


def test_the_digest_tells_the_same_work_from_other_work() -> None:
    task = Task("a", "x", input={"k": 1, "l": 2})

    same = Task("a", "x", input={"l": 2, "k": 1}, priority=9, label="other", model="m/n")
    others = [Task("b", "x", input=task.input), Task("a", "y", input=task.input), Task("a", "x")]

    assert requests.task_digest(task) == requests.task_digest(same)
    assert len({requests.task_digest(other) for other in (task, *others)}) == 4
    whole, part = TeamTask(tasks=(task, task)), TeamTask(tasks=(task,))
    assert requests.team_digest(whole) != requests.team_digest(part)
