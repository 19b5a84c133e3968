"""Agents whose tools are those of servers: what they are offered, allowed and told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import ToolFinished
from parallel_agents.core.limits import Limits
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.permission import Permissions
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput
from parallel_agents.runners.agent.tool_calls import UNKNOWN
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import ScriptedModel, open_rig
from tests.integration.mcp_client.servers import agent, entry

ALLOWED = Permissions(allow=("mcp__one",))


def table(server: McpServer) -> JsonObject:
    """An entry as `config.toml` has it."""
    return {"command": server.command, "args": list(server.args)}


SETTINGS = Settings(mcp_servers={"one": table(entry("ok"))})


def replies(*calls: ToolCall) -> ModelReply:
    return ModelReply(message=Message(Role.ASSISTANT, calls), model="m", finish=Finish.TOOLS)


async def run(
    who: Agent, *calls: ToolCall, settings: Settings = SETTINGS, task: Task | None = None
) -> tuple[Sequence[ToolResult], Result, ScriptedModel]:
    """What the model was told of its calls, and how the run ended."""
    model = ScriptedModel([replies(*calls), "done"] if calls else ["done"])
    async with open_rig(model, agents=[who], settings=settings) as rig:
        result = await (await rig.sessions.spawn(task or Task(who.name, "go"))).wait()
    told = model.requests[1].messages[-1].parts if len(model.requests) > 1 else ()
    return [part for part in told if isinstance(part, ToolResult)], result, model


def echo(text: str = "tea") -> ToolCall:
    return ToolCall("1", "mcp__one__echo", {"text": text})


async def test_an_agent_is_offered_the_tools_of_a_server_and_calls_them() -> None:
    who = replace(agent("mcp__one__*"), permissions=ALLOWED)

    (told,), result, model = await run(who, echo())

    assert told.content == "tea"
    assert result.status is RunStatus.DONE
    assert "mcp__one__add" in {spec.name for spec in model.requests[0].tools}


async def test_its_tools_are_in_the_order_in_which_it_names_them() -> None:
    who = agent("mcp__one__fail", "read_file", "mcp__one__echo")

    _, _, model = await run(who)

    names = [spec.name for spec in model.requests[0].tools]
    assert names == ["mcp__one__fail", "read_file", "mcp__one__echo"]


async def test_an_agent_brings_its_own_server() -> None:
    who = replace(agent(servers=(entry("ok"),)), permissions=ALLOWED)

    (told,), _, _ = await run(who, echo(), settings=Settings())

    assert told.content == "tea"


@pytest.mark.parametrize(
    ("permissions", "says"),
    [
        (Permissions(), "do not allow mcp__one__echo"),
        (Permissions(allow=("mcp__two",)), "do not allow mcp__one__echo"),
        (Permissions(allow=("mcp__one",), deny=("mcp__one__echo",)), "by the rule mcp__one__echo"),
        (Permissions(allow=("*",), deny=("mcp__one",)), "by the rule mcp__one."),
        (Permissions(allow=("*",), deny=("mcp__one__*",)), "by the rule mcp__one__*"),
    ],
)
async def test_silence_denies_and_rules_name_servers(permissions: Permissions, says: str) -> None:
    (told,), _, _ = await run(replace(agent(), permissions=permissions), echo())

    assert told.is_error
    assert says in told.content


async def test_a_server_of_which_no_call_is_allowed_is_told_once() -> None:
    _, result, _ = await run(agent())

    assert result.notices == (
        "no permission allows any call of the tools of the MCP server one, which the agent names",
    )


async def test_a_server_of_which_one_call_is_allowed_needs_no_word() -> None:
    who = replace(agent(), permissions=Permissions(allow=("mcp__one__echo",)))

    _, result, _ = await run(who)

    assert result.notices == ()


async def test_what_a_server_says_it_only_reads_needs_no_permission_if_the_user_believes_it() -> (
    None
):
    believed = {**table(entry("ok")), "trust_read_only": True}

    (told,), _, _ = await run(agent(), echo(), settings=Settings(mcp_servers={"one": believed}))

    assert told.content == "tea"


async def test_arguments_that_do_not_fit_never_reach_the_server() -> None:
    odd = '{"tools": [{"name": "echo", "inputSchema": {"type": "object", "required": ["text"]}}]}'
    who = replace(agent(servers=(entry("odd", odd),)), permissions=ALLOWED)

    (told,), _, _ = await run(who, ToolCall("1", "mcp__one__echo", {}))

    assert "The arguments do not match the tool's schema" in told.content


# Refused before anything is paid for


@pytest.mark.parametrize(
    ("who", "settings", "message", "hint"),
    [
        (agent("mcp__two__x"), SETTINGS, "there is no MCP server 'two'", "use one of: one."),
        (agent("mcp__onne"), SETTINGS, "there is no MCP server 'onne'", "did you mean 'one'?"),
        (
            agent(servers=(entry("ok", env={"K": "${NO_SUCH}"}),)),
            SETTINGS,
            "NO_SUCH is not set, and env.K of the MCP server one names it",
            "export NO_SUCH=...",
        ),
        (
            agent(servers=(McpServer(name="one", command="no-such-program"),)),
            SETTINGS,
            "the MCP server one cannot be started",
            "install the program",
        ),
    ],
)
async def test_what_could_only_fail_is_refused_when_it_is_spawned(
    who: Agent, settings: Settings, message: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        await run(who, settings=settings)

    assert error.value.message == message
    assert hint in error.value.hint


async def test_without_the_extra_an_agent_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)  # as Python finds it where it is not installed

    with pytest.raises(InvalidInput) as error:
        await run(agent())

    assert error.value.message == "the client for MCP servers is not installed"
    assert error.value.hint.endswith("install 'pagents[mcp]'")


@pytest.mark.parametrize(
    ("who", "code", "message"),
    [
        (agent("mcp__one__ecko"), "PA-E305", "there is no tool 'mcp__one__ecko'"),
        (agent(servers=(entry("exits"),)), "PA-E319", "the MCP server one cannot be used"),
        (
            replace(agent(servers=(entry("ok", cwd="/"),)), sandbox=Sandbox.REQUIRE),
            "PA-E413",
            "the MCP server one cannot run in a sandbox",
        ),
    ],
)
async def test_what_shows_only_at_the_server_ends_the_run_before_its_first_call(
    who: Agent, code: str, message: str
) -> None:
    _, result, model = await run(who)

    assert result.error is not None
    assert (result.error.code, result.error.message) == (code, message)
    assert model.requests == []


# Deaths


async def test_a_call_whose_effect_is_unknown_is_noted_as_such_and_the_run_goes_on() -> None:
    who = replace(agent(), permissions=ALLOWED)
    model = ScriptedModel([replies(ToolCall("1", "mcp__one__crash", {})), "done"])

    async with open_rig(model, agents=[who], settings=SETTINGS) as rig:
        session = await rig.sessions.spawn(Task("caller", "go"))
        result = await session.wait()
        finished = [
            event.body
            for event in await rig.store.events(session=session.key)
            if isinstance(event.body, ToolFinished)
        ]

    assert result.status is RunStatus.DONE
    assert [body.is_unknown for body in finished] == [True]


async def test_a_call_with_unknown_effect_is_not_made_again_by_the_next_attempt() -> None:
    who = replace(agent(), permissions=ALLOWED, output_schema={"type": "object", "required": ["a"]})
    crash = ToolCall("1", "mcp__one__crash", {})
    model = ScriptedModel(
        [replies(crash), "no JSON", "none either", replies(crash), '{"a": 1}'], "scripted/model"
    )

    async with open_rig(model, agents=[who], settings=SETTINGS) as rig:
        task = Task("caller", "go", limits=Limits(attempts=2))
        result = await (await rig.sessions.spawn(task)).wait()

    (told,) = model.requests[-1].messages[-1].parts
    assert isinstance(told, ToolResult)
    assert "its outcome is unknown and it was not repeated" in told.content
    assert result.output == {"a": 1}


async def test_a_run_that_is_stopped_and_taken_up_again_has_its_server_again(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes"
    settings = Settings(mcp_servers={"one": table(entry("noted", str(notes)))})
    who = replace(agent(), permissions=ALLOWED)
    store = MemoryStore()
    first = ScriptedModel([replies(ToolCall("1", "mcp__one__hang", {}))], "scripted/model")
    async with open_rig(first, agents=[who], settings=settings, store=store) as rig:
        await rig.sessions.spawn(Task("caller", "go", key="k"))
        async with asyncio.timeout(10):
            while not (notes.exists() and "hang" in notes.read_text()):  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.01)
        rig.engine.cancel_all()
    second = ScriptedModel([replies(echo()), "done"], "scripted/model")
    async with open_rig(second, agents=[who], settings=settings, store=store) as rig:
        result = await (await rig.sessions.spawn(Task("caller", "go", key="k"))).wait()
    await store.aclose()

    parts = second.requests[0].messages[-1].parts
    assert [part.content for part in parts if isinstance(part, ToolResult)] == [UNKNOWN]
    assert result.status is RunStatus.DONE
