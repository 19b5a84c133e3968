"""A value has a depth, and one that some process could not read is refused."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.core.json_value import MOST_DEPTH, Json, depth_of, is_too_deep
from parallel_agents.core.message import ToolCall
from parallel_agents.core.output import Accepted, Rejected, check_output
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput
from parallel_agents.models.wires.call_pieces import take_call
from parallel_agents.models.wires.draft import Draft

DEPTHS: list[tuple[Json, int]] = [(1, 0), ([], 0), ([[], {"a": [1]}], 3)]


@pytest.mark.parametrize(("value", "depth"), DEPTHS)
def test_the_depth_of_a_value_is_measured(value: Json, depth: int) -> None:
    assert depth_of(value) == depth


def nested(levels: int) -> Json:
    value: Json = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("levels", "is_refused"), [(MOST_DEPTH - 1, False), (MOST_DEPTH, True)])
def test_a_value_is_refused_where_it_is_made(levels: int, *, is_refused: bool) -> None:
    value: Json = {"x": nested(levels)}
    text = orjson.dumps(value).decode()
    draft = Draft(tools={"look": "look"})
    take_call(draft, 0, "a", "look", text, is_whole=True)
    (call,) = draft.reply("a/b").message.tool_calls

    assert is_too_deep(value, text.encode()) is is_refused
    assert isinstance(check_output(text, {"type": "object"}), Rejected if is_refused else Accepted)
    assert isinstance(call, ToolCall)
    assert bool(call.unread) is is_refused


def test_an_input_is_not_that_deep() -> None:
    with pytest.raises(InvalidInput, match="input of Task"):
        Task("writer", "x", input={"x": nested(MOST_DEPTH)})
