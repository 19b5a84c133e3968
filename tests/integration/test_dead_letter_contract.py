"""What every store promises of tasks that others end, and of those that failed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Birth, Filter, Store

RunIn = Callable[[Callable[[Store], Coroutine[Any, Any, None]]], None]

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
ME = OwnerId("me")
TEAM = Session(
    key=SessionKey("team:crew:monday"),
    agent=AGENT,
    label="crew",
    spawn_key="monday",
    root=SessionKey("team:crew:monday"),
)


def birth(name: str, parent: Session | None = None) -> Birth:
    key = SessionKey(f"agent:writer:subagent:{name}")
    session = Session(
        key=key,
        agent=AGENT,
        label=name,
        spawn_key=name,
        parent=parent.key if parent else None,
        root=parent.root if parent else key,
        depth=1 if parent else 0,
    )
    queued = Queued(text=f"do {name}", input={"n": 1})
    run = RunId(f"run-{name}")
    return Birth(
        session=session, run=run, kind=RunnerKind.SUBAGENT, queued=queued, digest=name, owner=ME
    )


def team() -> Birth:
    return Birth(
        session=TEAM,
        run=RunId("run-team"),
        kind=RunnerKind.TEAM,
        queued=Queued(text="team"),
        digest="t",
    )


def test_those_that_nobody_has_begun_are_ended_and_no_others(run_in: RunIn) -> None:
    async def body(store: Store) -> None:
        await store.spawn([team(), *(birth(name, TEAM) for name in ("a", "b", "c")), birth("x")])
        assert await store.claim(RunId("run-a"), ME) is not None
        assert await store.claim(RunId("run-b"), ME) is not None
        await store.release(ME, [RunId("run-b")])

        ended = await store.end_unbegun(TEAM.key, by="a sibling's failure")

        assert ended == ["run-c"]
        rows = await store.rows(Filter(parent=TEAM.key))
        status = {row.session.spawn_key: row.run.status for row in rows}
        assert status == {
            "a": RunStatus.RUNNING,
            "b": RunStatus.QUEUED,
            "c": RunStatus.KILLED,
        }
        assert await store.claim(RunId("run-x"), ME) is not None

    run_in(body)
