"""The session tools as an MCP client sees them, by the client of the SDK in this process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Model
from parallel_agents.core.policy import Policy
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.errors import ConfigError, StoreFull
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.surfaces.mcp.about import listed
from parallel_agents.surfaces.mcp.calls import Calls, find_requester
from parallel_agents.surfaces.mcp.client import Client as McpClient
from parallel_agents.surfaces.mcp.http import guard, is_loopback
from parallel_agents.surfaces.mcp.offers import ANNOTATIONS, offered
from parallel_agents.surfaces.mcp.server import make_server
from parallel_agents.testing import RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
ECHO = RepliesWith(lambda request: request.messages[-1].text)
OF_A_SESSION = McpClient(is_session=True)
ANY_CHILD = Policy(spawns=("*",))


@asynccontextmanager
async def connected(*models: Model) -> AsyncGenerator[tuple[Client, Rig]]:
    """A client of the tools, called by nobody in particular."""
    async with open_rig(*models or (ECHO,), agents=[WRITER]) as rig:
        server = make_server(
            Calls(rig.session_tools, Requester()).answer, asyncio.Event(), listed(OF_A_SESSION)
        )
        async with Client(server) as client:
            yield client, rig


async def call(client: Client, name: str, **arguments: object) -> CallToolResult:
    return await client.call_tool(name, arguments)


def told(result: CallToolResult) -> Mapping[str, Any]:
    """The answer: as text, and as the same object if it is not a refusal."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    answer = orjson.loads(block.text)
    assert result.structured_content == (None if result.is_error else answer)
    return answer


# What is listed


async def test_a_client_is_offered_the_tools_with_their_own_schemas() -> None:
    async with connected() as (client, _):
        all_tools = (await client.list_tools()).tools

    tools = {tool.name: tool for tool in all_tools}

    assert {name: tool.input_schema for name, tool in tools.items()} == {
        spec.name: spec.parameters for spec in SPECS if spec.name != "sessions_yield"
    }


async def test_who_acts_for_a_session_is_offered_the_same() -> None:
    async with open_rig(ECHO, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "x"))
        requester = await find_requester(rig.service, handle.key)
        async with Client(
            make_server(
                Calls(rig.session_tools, requester).answer, asyncio.Event(), listed(OF_A_SESSION)
            )
        ) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]

    assert names == [spec.name for spec in SPECS if spec.name != "sessions_yield"]


def test_no_description_names_a_tool_that_is_not_offered() -> None:
    listed = offered()

    words = " ".join(str(tool["description"]) for tool in listed)
    named = set(re.findall(r"\b[a-z]+_[a-z]+\b", words)) & {spec.name for spec in SPECS}
    assert named <= {str(tool["name"]) for tool in listed}


def test_every_tool_says_what_it_may_do() -> None:
    assert ANNOTATIONS.keys() == {str(tool["name"]) for tool in offered()}
    reading = {name for name, hints in ANNOTATIONS.items() if hints["readOnlyHint"]}
    destroying = {name for name, hints in ANNOTATIONS.items() if hints["destructiveHint"]}
    reaching_out = {name for name, hints in ANNOTATIONS.items() if hints["openWorldHint"]}

    assert destroying == {"subagents"}
    assert reaching_out == {"sessions_spawn", "sessions_send"}
    assert reading == ANNOTATIONS.keys() - destroying - reaching_out
    for hints in ANNOTATIONS.values():
        # A client assumes the worst of a hint that is not given, so each is.
        assert hints.keys() >= {"destructiveHint", "idempotentHint", "openWorldHint"}


# Calls


async def test_an_agent_is_spawned_and_its_result_is_had() -> None:
    async with connected() as (client, _):
        spawned = await call(client, "sessions_spawn", task="hello", agentId="writer")
        run = told(spawned)["runId"]
        waited = await call(client, "agents_wait", ids=[run])

    assert not spawned.is_error
    assert told(spawned)["status"] == "accepted"
    assert "agents_wait" in told(spawned)["note"]
    assert not waited.is_error
    assert told(waited)["completed"][0]["result"] == "hello"


@pytest.mark.parametrize(
    ("name", "arguments", "status", "words"),
    [
        ("sessions_history", {"sessionKey": "nobody"}, "error", "No session found: nobody"),
        ("sessions_spawn", {"task": "x", "sandbox": "off"}, "error", 'Invalid sandbox "off"'),
        ("sessions_spawn", {"task": "x", "agentId": "poet"}, "error", 'Agent "poet" not found'),
        ("sessions_spawn", {"task": "x", "input": {"n": 10**30}}, "error", "64-bit"),
        ("sessions_yield", {}, "error", "Yield not supported in this context"),
        ("session_status", {}, "error", "sessionKey required"),
        ("no_such_tool", {}, "error", "no tool 'no_such_tool'. Tools: sessions_spawn, "),
        ("sessions_spawn", {}, "error", "task required"),
        ("sessions_spawn", {"task": 1}, "error", "task must be a string"),
        ("sessions_spawn", {"task": "x", "mode": "evil"}, "error", 'Invalid mode "evil"'),
        ("sessions_list", {"limit": "many"}, "error", "limit must be an integer"),
    ],
)
async def test_what_goes_wrong_is_an_answer_that_the_model_can_read(
    name: str, arguments: JsonObject, status: str, words: str
) -> None:
    async with connected() as (client, rig):
        result = await call(client, name, **arguments)
        sessions = len(await rig.store.rows(Filter()))

    assert result.is_error
    assert told(result)["status"] == status
    assert words in told(result)["error"]
    assert sessions == 0


class _Broken(SessionTools):
    """Tools of which each call raises the same."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @override
    async def call(self, name: str, arguments: JsonObject, requester: Requester) -> JsonObject:
        raise self._error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StoreFull("the disk is full", hint="make room"), "the disk is full; make room"),
        (RuntimeError("what a pity"), "RuntimeError: what a pity (a bug;"),
    ],
)
async def test_no_exception_is_masked_and_none_ends_the_server(
    error: Exception, words: str
) -> None:
    async with Client(
        make_server(
            Calls(_Broken(error), Requester()).answer, asyncio.Event(), listed(OF_A_SESSION)
        )
    ) as client:
        calls = [await call(client, "sessions_list") for _ in range(2)]

    for result in calls:
        assert result.is_error
        assert told(result)["error"].startswith(words)


async def test_who_waits_long_is_told_of_progress_where_it_asked() -> None:
    beats: list[float] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        assert message == f"agents_wait: {progress:g} s"
        beats.append(progress)

    slow = RepliesWith(lambda _: "done", latency_seconds=17.0)
    async with connected(slow) as (client, _):
        await call(client, "sessions_spawn", task="x", agentId="writer", label="slow")
        arguments = {"ids": ["slow"]}
        waited = await client.call_tool("agents_wait", arguments, progress_callback=on_progress)

    assert told(waited)["completed"][0]["result"] == "done"
    assert beats == [5.0, 10.0, 15.0]


async def test_who_waits_when_the_server_stops_is_told_so() -> None:
    stop = asyncio.Event()
    slow = RepliesWith(lambda _: "done", latency_seconds=17.0)
    async with (
        open_rig(slow, agents=[WRITER]) as rig,
        Client(
            make_server(Calls(rig.session_tools, Requester()).answer, stop, listed(OF_A_SESSION))
        ) as client,
    ):
        await call(client, "sessions_spawn", task="x", agentId="writer", label="slow")
        asyncio.get_running_loop().call_later(1.0, stop.set)
        stopped = await call(client, "agents_wait", ids=["slow"])

    assert stopped.is_error
    assert told(stopped)["error"].startswith("The server is stopping.")


# Who calls


async def test_what_a_session_spawns_is_under_it() -> None:
    lead = Agent(name="lead", instructions="Lead.", description="Leads", policy=ANY_CHILD)
    async with open_rig(ECHO, agents=[lead, WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("lead", "x", label="boss"))
        requester = await find_requester(rig.service, "boss")
        async with Client(
            make_server(
                Calls(rig.session_tools, requester).answer, asyncio.Event(), listed(OF_A_SESSION)
            )
        ) as client:
            spawned = await call(client, "sessions_spawn", task="y", agentId="writer")
        child = await rig.service.find(told(spawned)["childSessionKey"])
        parent = handle.key
        found = child.session.parent

    assert found == parent


async def test_a_parent_that_is_not_there_is_refused_with_the_setting() -> None:
    async with open_rig(ECHO, agents=[WRITER]) as rig:
        with pytest.raises(ConfigError, match="parent_session") as refused:
            await find_requester(rig.service, "nobody")
        assert "PARALLEL_AGENTS_PARENT_SESSION" in refused.value.hint


# Who may call over HTTP


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.7", False),
        ("localhost.example", False),
    ],
)
def test_on_loopback_only_its_own_names_are_accepted(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
    assert guard(host).enable_dns_rebinding_protection is expected
