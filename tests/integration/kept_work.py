"""Work that the contract tests put into a store: plans, claims, replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Entry, Event, Queued, Replied
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.inspection import Snapshot
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.row import Row
from parallel_agents.core.run import Outcome, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Claim, Filter, SessionPlan, Store
from parallel_agents.core.stuck_rules import STUCK_RULES
from parallel_agents.core.usage import Usage

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
ME, OTHER = OwnerId("me"), OwnerId("other")
DONE = Outcome(status=RunStatus.DONE, output="answer", text="answer")


def plan(
    name: str, parent: Session | None = None, *, digest: str = "work", owner: OwnerId | None = ME
) -> SessionPlan:
    key = SessionKey(f"agent:writer:subagent:{name}")
    session = Session(
        key=key,
        agent=AGENT,
        label=f"the {name}",
        spawn_key=name,
        parent=parent.key if parent else None,
        root=parent.root if parent else key,
        depth=parent.depth + 1 if parent else 0,
    )
    return SessionPlan(
        session=session,
        run=RunId(f"run-{name}"),
        kind=RunnerKind.AGENT,
        queued=Queued(text=f"do {name}"),
        digest=digest,
        model="scripted/model",
        owner=owner,
    )


def replied(turn: int, text: str = "words", cost: int | None = 7) -> Entry:
    body = Replied(
        turn=turn,
        message=assistant(text),
        model="scripted/model",
        finish=Finish.STOP,
        usage=Usage(10, 20, 30, 40),
        cost_nanousd=cost,
        seconds=0.5,
    )
    return Entry(f"turn-{turn}/model", body)


async def spawn(store: Store, *plans: SessionPlan) -> list[Session]:
    return [outcome.session for outcome in await store.spawn(plans)]


async def claim(store: Store, run: str, owner: OwnerId = ME) -> Claim:
    claimed = await store.claim(RunId(run), owner)
    assert claimed is not None
    return claimed


async def row(store: Store, name: str) -> Row:
    return next(r for r in await store.rows(Filter(orphaned=False)) if r.session.spawn_key == name)


async def look(store: Store, *names: str) -> Snapshot:
    rows = [await row(store, name) for name in names]
    return await store.look(rows, STUCK_RULES, store.now())


async def keys(store: Store, chosen: Filter) -> set[str]:
    return {found.session.spawn_key for found in await store.rows(chosen)}


def bodies(events: Sequence[Event], run: str) -> list[str]:
    return [event.body.kind for event in events if event.run == run]
