"""Row columns: a run that was cut off may have been billed for a call, if anybody bills calls of its model."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Entry, Queued, Unanswered
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.core.store import SessionPlan
from parallel_agents.stores.memory import MemoryStore

ME = OwnerId("me")
RUN = RunId("run")
KEY = SessionKey("agent:writer:subagent:one")


@pytest.mark.parametrize(
    ("model", "is_lost", "uncounted"),
    [
        ("anthropic/large", False, 1),
        ("sim/calm", False, 0),
        ("local/small", False, 0),
        ("local/small", True, 1),  # the call of an earlier attempt, on a model that costs money
    ],
)
async def test_a_killed_run_is_counted_whole_if_nobody_bills_it(
    model: str, is_lost: bool, uncounted: int
) -> None:
    plan = SessionPlan(
        session=Session(
            key=KEY,
            agent=Agent("writer", instructions="Write."),
            label="one",
            spawn_key="one",
            root=KEY,
        ),
        run=RUN,
        kind=RunnerKind.AGENT,
        queued=Queued(text="work"),
        digest="work",
        model=model,
        owner=ME,
    )
    store = MemoryStore(lambda: 1.0)
    await store.heartbeat(Owner(id=ME, host="here", pid=1))
    await store.spawn([plan])
    await store.claim(RUN, ME)
    if is_lost:
        lost = Unanswered(turn=1, model="anthropic/large")
        await store.append(RUN, 1, [Entry("turn-1/unanswered-1", lost)])

    await store.kill(KEY, by="user")
    costs = await store.costs()
    await store.aclose()

    assert sum(each.spend.uncounted_runs for each in costs) == uncounted
