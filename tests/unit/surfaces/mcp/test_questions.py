"""A client that the user lets answer sees the questions, and decides with the rights of a person."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.call_decisions import Answered
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.permission import Permissions
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.task import Task
from parallel_agents.errors import AlreadyAnswered, InvalidInput
from parallel_agents.models.shapes import objects_at
from parallel_agents.session_tools.arguments import Arguments
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.surfaces.mcp.questions import ALIASES, ANSWER, LIST, call_questions
from parallel_agents.testing import ScriptedModel, open_rig
from parallel_agents.tools.box import Box
from parallel_agents.tools.function import tool


def test_no_agent_of_ours_has_the_tools() -> None:
    assert {LIST, ANSWER}.isdisjoint(spec.name for spec in SPECS)
    assert {LIST, ANSWER}.isdisjoint(Box({}))


async def test_a_question_is_listed_answered_once_and_the_audit_says_through_what() -> None:
    said: list[str] = []

    @tool(access="write", subject="word")
    def say(word: str) -> None:
        """Say a word."""
        said.append(word)

    call = ModelReply(
        message=Message(Role.ASSISTANT, (ToolCall("1", "say", {"word": "tea"}),)),
        model="m",
        finish=Finish.TOOLS,
    )
    agent = Agent(
        name="a",
        description="A",
        instructions="A.",
        tools=("say",),
        permissions=Permissions(ask=("say",)),
    )
    continued: list[OpenQuestion] = []

    async def go_on(answered: OpenQuestion) -> None:
        continued.append(answered)

    async with open_rig(ScriptedModel([call, "done"]), agents=[agent], tools=[say]) as rig:
        handle = await rig.sessions.spawn(Task("a", "work"))
        await asyncio.sleep(1)
        listed = await call_questions(rig.service, LIST, Arguments({}), go_on)
        (question,) = await rig.sessions.questions()

        def answering(answer: str, **more: str) -> Arguments:
            return Arguments({"questionId": question.id, "answer": answer, **more}, ALIASES)

        assert objects_at(listed, "questions")[0]["id"] == question.id
        assert objects_at(listed, "questions")[0]["asks"] == "may it call say tea?"

        with pytest.raises(InvalidInput, match="whether a call may be made"):
            await call_questions(rig.service, ANSWER, answering("ok"), go_on)
        await call_questions(
            rig.service,
            ANSWER,
            answering("allow", arguments='{"word": "rain"}'),
            go_on,
        )
        with pytest.raises(AlreadyAnswered):
            await call_questions(rig.service, ANSWER, answering("deny"), go_on)
        await handle.wait()
        by = [e.body.by for e in await rig.store.events() if isinstance(e.body, Answered)]

    assert said == ["rain"]
    assert by == ["user by MCP"]
    assert [each.id for each in continued] == [question.id]
