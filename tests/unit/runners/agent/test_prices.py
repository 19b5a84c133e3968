"""A price is looked up before there is an answer to keep."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import BudgetAccount
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.model import Model, ModelRequest
from parallel_agents.core.run import Result, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Owner, Row, SessionPlan
from parallel_agents.core.usage import Usage
from parallel_agents.engines.live_run import LiveRun, Mailbox, Means, Spending
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.testing import MemoryStore, RepliesWith, run_virtual

ME, RUN, KEY = OwnerId("me"), RunId("run"), SessionKey("agent:writer:subagent:a")
WRITER = Agent(name="writer", description="Writes", instructions="Write.")
BIRTH = SessionPlan(
    session=Session(key=KEY, agent=WRITER, label="writer", spawn_key="a", root=KEY),
    run=RUN,
    kind=RunnerKind.AGENT,
    queued=Queued(text="Hello."),
    digest="work",
    model="scripted/model",
    owner=ME,
)


class Till:
    """A model and its price, which note what they are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._model = RepliesWith(self._answer)

    def _answer(self, request: ModelRequest) -> str:
        self.asked.append("answer")
        return f"re: {request.messages[-1].text}"

    def get(self, name: str) -> Model:
        del name
        return self._model

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        self.asked.append(f"price of {model}")
        return usage.total_tokens


class Alone:
    """A run's place that stays its own, and verbs of one who has no children."""

    def park(self) -> None: ...

    async def take(self) -> None: ...

    async def list(self, chosen: Filter | None = None) -> list[Row]:
        del chosen
        return []

    async def wait(self, runs: Sequence[RunId]) -> builtins.list[Result]:
        del runs
        return []

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None:
        del parent, by, status


def test_a_list_of_prices_is_loaded_before_the_first_call() -> None:
    till = Till()

    async def body() -> None:
        store = MemoryStore()
        await store.heartbeat(Owner(id=ME, host="here", pid=1))
        await store.spawn([BIRTH])
        claim = await store.claim(RUN, ME)
        assert claim is not None
        live = LiveRun(
            claim,
            store,
            Mailbox(),
            means=Means(Alone(), tuple[BudgetAccount, ...], Spending()),
            listeners=[],
            is_stopping=lambda: False,
        )
        await AgentRunner(till, {}, Alone(), lambda _: "").run(live)
        await store.aclose()

    run_virtual(body())

    assert till.asked[:2] == ["price of scripted/model", "answer"]
