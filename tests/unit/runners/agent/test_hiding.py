"""A run goes on with what its journal keeps: neither the model nor the store is told a secret."""

from __future__ import annotations

import parallel_agents as pa
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.task import Task
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import ScriptedModel, open_rig

SECRET = "sk-9fK2mQ7xVb3Rt6"
AGENT = pa.Agent(
    name="caller",
    description="Calls",
    instructions=f"Use {SECRET}.",
    tools=("tool", "save"),
    permissions=pa.Permissions(allow=("tool", "save")),
)


def replies(*calls: ToolCall) -> ModelReply:
    return ModelReply(message=Message(Role.ASSISTANT, calls), model="m", finish=Finish.TOOLS)


async def test_what_the_model_is_told_is_what_the_journal_keeps() -> None:
    KNOWN.add(SECRET, "KEY")
    saved: list[str] = []

    def tool() -> str:
        return f"the token is {SECRET}"

    @pa.tool(access="write")
    def save(text: str) -> str:
        saved.append(text)
        return "saved"

    model = ScriptedModel(
        [
            replies(ToolCall("1", "tool", {})),
            replies(ToolCall("2", "save", {"text": "TOKEN=[redacted:KEY]"})),
            replies(ToolCall("3", "save", {"text": f"TOKEN={SECRET}"})),
            replies(ToolCall("4", "save", {"text": "TOKEN=[redacted:UNKNOWN]"})),
            f"It is {SECRET}.",
        ]
    )
    store = MemoryStore()
    try:
        async with open_rig(model, agents=[AGENT], tools=[tool, save], store=store) as rig:
            result = await (await rig.sessions.spawn(Task("caller", f"Use {SECRET}"))).wait()
        events = [str(event.body) for event in await store.events(session=result.session_key)]
    finally:
        await store.aclose()

    told = [str((request.system, request.messages)) for request in model.requests]
    assert not any(SECRET in text for text in (*told, *events, result.text))
    assert result.text == "It is [redacted:KEY]."
    assert "the token is [redacted:KEY]" in told[1]
    # What stands for a secret is not written in its place; what stands for nothing is a text.
    assert saved == ["TOKEN=[redacted:UNKNOWN]"]
    assert "stands for a secret that is shown to nobody" in told[2]
