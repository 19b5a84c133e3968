"""Runs with gates: writers, judges and refiners as scripted models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Attempted, Event
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.task import Task
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig

WRITER = Agent(name="writer", description="", instructions="Write.")
DONE, FAILED = RunStatus.DONE, RunStatus.FAILED
SHORT = ConditionGate(condition="len(text) < 10")


async def run(
    models: Sequence[RepliesWith | ScriptedModel],
    task: Task,
    *,
    agent: Agent = WRITER,
    gates: dict[str, Callable[..., object]] | None = None,
    settings: Settings | None = None,
) -> tuple[Result, list[Event]]:
    given = settings or Settings(tries=1)
    async with open_rig(*models, agents=[agent], gates=gates or {}, settings=given) as rig:
        handle = await rig.sessions.spawn(task)
        return await handle.wait(), await rig.sessions.history(handle.key)


def attempts(events: Sequence[Event]) -> list[tuple[int, str, str]]:
    bodies = [e.body for e in events if isinstance(e.body, Attempted)]
    return [(body.number, body.model, body.error.code) for body in bodies]


LADDER = ("scripted/cheap", "scripted/better", "scripted/best")


def ladder(*replies: Sequence[Answer]) -> list[ScriptedModel]:
    return [ScriptedModel(list(r), name) for r, name in zip(replies, LADDER, strict=False)]


class Court:
    """Writers that write and judges that judge, on one model."""

    def __init__(
        self, *scores: float, lacks: frozenset[str] = frozenset(), name: str = "scripted/model"
    ) -> None:
        self._scores = list(scores)
        self._written = 0
        self.then: Exception | None = None
        self.model = RepliesWith(self._answer, name, capabilities=Capabilities(lacks=lacks))

    def _answer(self, request: ModelRequest) -> Answer:
        if not request.system.startswith("You judge"):
            self._written += 1
            return self.then if self.then and self._written > 1 else f"v{self._written}"
        score = self._scores.pop(0)
        item = {"name": "c", "evidence": "e", "reason": "r", "score": score}
        return orjson.dumps({"criteria": [item], "critique": f"better than {score}"}).decode()


def words(answer: object) -> tuple[float, str]:
    """A point for each word."""
    count = len(str(answer).split())
    return min(10, count), f"{10 - count} words more"
