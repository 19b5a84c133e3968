"""A rig with a few agents, and the session tools called as a script or as a session calls them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.schema import Json
from parallel_agents.session_tools.context import Requester
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

SCRIPT = Requester()
DEFAULTS = Settings()
WRITER = Agent(name="writer", description="Writes.", instructions="Write.")
LEAD = Agent(
    name="lead",
    description="Leads.",
    instructions="Lead.",
    policy=Policy(spawns=("writer", "lead")),
)
# What the general agent is here: it spawns nobody, so a test of one tool has one run.
MAIN = Agent(name="main", description="Does it.", instructions="Do it.")


def answer(request: ModelRequest) -> Answer:
    return f"re: {request.messages[-1].text}"


@dataclass(frozen=True, slots=True)
class World:
    """The tools on a rig; each model call takes 10 s."""

    rig: Rig
    model: RepliesWith

    async def call(
        self, tool: str, arguments: Mapping[str, Json] | None = None, by: Requester = SCRIPT
    ) -> Mapping[str, Any]:
        return await self.rig.session_tools.call(tool, arguments or {}, by)

    async def spawn(self, by: Requester = SCRIPT, **arguments: Json) -> Mapping[str, Any]:
        """A session, by `sessions_spawn`; its run has not ended."""
        spawned = await self.call("sessions_spawn", {"task": "Write.", **arguments}, by)
        assert spawned["status"] == "accepted", spawned
        return spawned

    async def done(self, by: Requester = SCRIPT, **arguments: Json) -> Mapping[str, Any]:
        """A session whose run has ended."""
        spawned = await self.spawn(by, **arguments)
        await self.call("agents_wait", {"ids": [spawned["runId"]], "timeoutSeconds": 100}, by)
        return spawned

    async def requester(self, agent: str = "lead") -> Requester:
        """A session with a live run that calls tools."""
        spawned = await self.spawn(agentId=agent, task="Lead.", label="the lead")
        return Requester(session=SessionKey(spawned["childSessionKey"]), run=spawned["runId"])


@asynccontextmanager
async def open_world(
    reply: Callable[[ModelRequest], Answer] = answer,
    settings: Settings = DEFAULTS,
    agents: Sequence[Agent] = (),
) -> AsyncGenerator[World]:
    model = RepliesWith(reply, latency_seconds=10)
    async with open_rig(model, agents=[MAIN, WRITER, LEAD, *agents], settings=settings) as rig:
        yield World(rig, model)
