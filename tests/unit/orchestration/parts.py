"""What the tests of the orchestrator share: a model that plans, writes and reports, and counts its calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.object_schema import properties
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.errors import AuthFailed
from parallel_agents.orchestration.request import DoRequest
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig
from tests.unit.flows.parts import Crash

WRITER = Agent("writer", instructions="Write.", output=str)
LISTER = Agent(
    "lister",
    instructions="List.",
    input_schema={
        "type": "object",
        "properties": {"topic": {"type": "string"}, "most": {"type": "integer"}},
        "required": ["topic"],
    },
    output={
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"type": "string"}}},
        "required": ["items"],
    },
)
AGENTS = (WRITER, LISTER)
NAMES = ("writer", "lister")


def step(id: str, text: str = "", *reads: str, **more: Any) -> dict[str, Any]:
    """A step as the model writes it."""
    made = {"id": id, "agent": "writer", "text": text or id, "reads": list(reads)}
    return {**made, "input": [], "check": "", "usd": 0, "new_agent": "", "target": 0, **more}


class Team:
    """A model that plays the orchestrator, the writers and the reporter.

    Args:
        plans: the drafts that the orchestrator writes, one after another; the last one again.
        report: makes the reporter's answer of the ids of the results; None has it fail.
    """

    def __init__(
        self,
        *plans: Sequence[Mapping[str, Any]],
        report: Callable[[list[str]], Any] | None = None,
        seconds: float = 10,
    ) -> None:
        self._plans = list(plans)
        self._report = report or said
        self.asked: list[str] = []  # the orchestrator
        self.calls: list[str] = []  # the writers
        self.reports: list[str] = []
        self.is_mended = False
        self.model = RepliesWith(self._answer, latency_seconds=seconds)

    def _answer(self, request: ModelRequest) -> Answer:
        text = request.messages[0].text
        names = properties(request.output_schema or {})
        if "steps" in names:
            self.asked.append(text)
            plan = self._plans.pop(0) if len(self._plans) > 1 else self._plans[0]
            return orjson.dumps({"steps": list(plan)}).decode()
        if "statements" in names:
            self.reports.append(text)
            ids = [line[1:-1] for line in text.splitlines() if line.startswith("[")]
            return orjson.dumps({"statements": self._report(ids)}).decode()
        self.calls.append(text)
        if text.startswith("fail") and not self.is_mended:
            return AuthFailed("no key")
        return '{"items": ["one", "two"]}' if "items" in names else f"{text} is done"


def said(ids: list[str]) -> list[dict[str, Json]]:
    return [{"from": [id], "text": f"There is {id}."} for id in ids]


@asynccontextmanager
async def process(team: Team, store: MemoryStore | None = None) -> AsyncGenerator[Rig]:
    """A process with this model; one that raises Crash leaves its calls as they are."""
    with suppress(Crash):
        async with open_rig(team.model, agents=AGENTS, store=store) as rig:
            yield rig


def asked(goal: str = "Tea", **more: Any) -> DoRequest:
    return DoRequest(goal=goal, agents=more.pop("agents", NAMES), **more)


async def do(rig: Rig, request: DoRequest | None = None, key: str = "one") -> Result[Any]:
    spawned = await rig.service.spawn_flow((request or asked()).flow_task(), key=key)
    (result,) = await rig.service.wait([spawned.run_id])
    return result
