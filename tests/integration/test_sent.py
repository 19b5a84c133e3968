"""What was sent: made again from the journal, it is what the provider got."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput
from parallel_agents.settings import Settings
from parallel_agents.testing import Behaviour, LoopbackProvider, RepliesWith, open_rig
from parallel_agents.testing.behaviour import Reply, answer_by_schema

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
CLERK = Agent(
    name="clerk",
    description="",
    instructions="Double what you are given.",
    tools=("double",),
    output_schema=SCHEMA,
    temperature=0.3,
)
PERSISTENT = SessionOptions(mode=Mode.SESSION)


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def call_then_answer() -> Behaviour:
    """A model that calls the tool once, and then answers by the schema."""
    calls = iter([(ToolCall("c1", "double", {"number": 4}),)])

    def answer(body: JsonObject) -> Reply:
        return next(calls, None) or answer_by_schema(body)

    return Behaviour(answer=answer)


@pytest.mark.parametrize(
    ("wire", "path"),
    [("chat", "/v1"), ("anthropic", ""), ("responses", "/v1"), ("gemini", "/v1beta")],
)
async def test_each_request_is_what_the_provider_got(wire: str, path: str) -> None:
    async with LoopbackProvider(call_then_answer()) as provider:
        acme: dict[str, Json] = {"base_url": provider.origin + path, "wire": wire}
        settings = Settings(model="acme/m", providers={"acme": acme})
        async with open_rig(agents=[CLERK], tools=[double], settings=settings) as rig:
            handle = await rig.sessions.spawn(Task("clerk", "Four.", options=PERSISTENT))
            await handle.wait()
            await handle.send("And again.")
            await handle.wait()

            sent = await rig.sessions.prompts(handle.key)

    assert len(sent) >= 3
    assert [each.body for each in sent] == [each.body for each in provider.requests]


async def test_a_model_behind_no_wire_has_a_request_and_no_body() -> None:
    async with open_rig(
        RepliesWith(lambda _: '{"title": "x"}'), agents=[CLERK], tools=[double]
    ) as rig:
        handle = await rig.sessions.spawn(Task("clerk", "Four."))
        await handle.wait()

        (sent,) = await rig.sessions.prompts(handle.key)

    assert sent.body is None
    assert sent.request.system == "Double what you are given."
    assert [tool.name for tool in sent.request.tools] == ["double"]


async def test_a_team_sends_nothing_itself() -> None:
    async with open_rig(
        RepliesWith(lambda _: '{"title": "x"}'), agents=[CLERK], tools=[double]
    ) as rig:
        handle = await rig.sessions.spawn_team(TeamTask(tasks=(Task("clerk", "Four."),)))
        await handle.wait()

        with pytest.raises(InvalidInput, match="sends nothing"):
            await rig.sessions.prompts(handle.key)
