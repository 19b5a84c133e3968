"""A simulated model calls a few of the offered tools, with valid arguments."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, user
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.core.schema import Schema
from parallel_agents.core.tool import ToolSpec
from parallel_agents.errors import MalformedReply
from parallel_agents.models.simulated.calls import make_calls
from parallel_agents.models.simulated.days import Day, Mishap
from parallel_agents.models.simulated.model import Simulated
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.testing import run_virtual

NAME = {"type": "string", "maxLength": 40}
FIND = ToolSpec(
    "find",
    "Find it.",
    {
        "type": "object",
        "properties": {"name": NAME, "deep": {"type": "boolean"}},
        "required": ["name"],
        "additionalProperties": False,
    },
)
ZIP = {"type": "string", "pattern": "^[0-9]{9}$"}
CODE = ToolSpec("code", "", {"type": "object", "properties": {"zip": ZIP}, "required": ["zip"]})
SEEDS = range(200)


def asking(*tools: ToolSpec, after: tuple[Message, ...] = ()) -> ModelRequest:
    return ModelRequest(messages=(user("Go."), *after), tools=tools)


def turn(call: str, name: str = "find", content: str = "nothing") -> tuple[Message, Message]:
    """A call, and its result."""
    calls, results = ToolCall(call, name, {}), ToolResult(call, name, content)
    return Message(Role.ASSISTANT, (calls,)), Message(Role.TOOL, (results,))


def calls_of(request: ModelRequest) -> list[tuple[ToolCall, ...]]:
    return [made for seed in SEEDS if (made := make_calls(request, Random(seed)))]


def replies(mishap: Mishap, request: ModelRequest) -> list[ModelReply | MalformedReply]:
    """The outcome of each repetition of a request on a day when the mishap is certain."""

    async def body() -> list[ModelReply | MalformedReply]:
        model = Simulated(Day(name="bad", shares={mishap: 1.0}))
        found: list[ModelReply | MalformedReply] = []
        for _ in range(40):
            try:
                found.append(await model.respond(request))
            except MalformedReply as error:
                found.append(error)
        return found

    return run_virtual(body(), limit_seconds=1e6)


def test_one_or_two_tools_are_called_with_minimal_valid_arguments() -> None:
    made = calls_of(asking(FIND, *SPECS))

    fits = {spec.name: Schema(spec.parameters) for spec in (FIND, *SPECS)}
    assert len(SEEDS) / 2 < len(made) < len(SEEDS)
    assert {len(calls) for calls in made} == {1, 2}
    for calls in made:
        assert len({call.id for call in calls}) == len({call.name for call in calls}) == len(calls)
        assert all(not fits[call.name].problems(call.arguments) for call in calls)
        assert all(call.arguments.keys() <= {"name", "task", "ids", "message"} for call in calls)


def test_no_tool_is_called_without_tools_or_after_two_turns_of_calls() -> None:
    after = (*turn("a"), *turn("b"))

    assert calls_of(asking()) == []
    assert calls_of(asking(FIND, after=turn("a")))
    assert calls_of(asking(FIND, after=after)) == []
    assert calls_of(asking(FIND, after=(*after, user("More.")))) == []


def test_a_tool_whose_arguments_cannot_be_made_up_is_not_called() -> None:
    assert calls_of(asking(CODE)) == []
    assert {call.name for calls in calls_of(asking(CODE, FIND)) for call in calls} == {"find"}


@pytest.mark.parametrize("result", ["{}", "no JSON", '{"agents": "none"}'])
def test_agents_are_listed_before_one_is_spawned_and_an_unknown_answer_names_none(
    result: str,
) -> None:
    listed = orjson.dumps({"agents": [{"id": "writer"}, {"id": "editor"}]}).decode()

    first = calls_of(asking(*SPECS))
    then = calls_of(asking(*SPECS, after=turn("a", "agents_list", listed)))
    strange = calls_of(asking(*SPECS, after=turn("a", "agents_list", result)))

    assert {calls[0].name for calls in first + strange} == {"agents_list"}
    assert {calls[0].name for calls in then} == {"sessions_spawn"}
    assert {str(calls[0].arguments["agentId"]) for calls in then} == {"writer", "editor"}


def test_a_mishap_of_a_tool_call_is_the_error_that_a_wire_would_raise() -> None:
    broken = replies(Mishap.BROKEN_JSON, asking(FIND))
    wrong = replies(Mishap.WRONG_SCHEMA, asking(FIND))

    errors = [reply for reply in broken if isinstance(reply, MalformedReply)]
    assert 0 < len(errors) < len(broken)
    assert all("arguments are not JSON" in error.message for error in errors)
    called = [
        reply for reply in wrong if isinstance(reply, ModelReply) and reply.message.tool_calls
    ]
    assert 0 < len(called) < len(wrong)
    for reply in called:
        assert reply.finish is Finish.TOOLS
        assert reply.usage.output_tokens > 1
        assert all(Schema(FIND.parameters).problems(c.arguments) for c in reply.message.tool_calls)


def test_made_up_values_do_not_depend_on_random_ids() -> None:
    def made_up(run: str) -> list[str]:
        key = f"agent:clerk:subagent:7d1f0c2a-8c1e-4a39-9f0e-{run}"
        after = (*turn("a", content=key), user(f"{key}: done"))
        found = replies(Mishap.DRIP, asking(FIND, after=after))
        return [repr(reply) for reply in found]

    assert made_up("0c4f5a2b7d11") == made_up("1111aaaa2222")
