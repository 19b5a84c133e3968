"""A store with 200,000 events, as months of work leave one: large teams and single sessions."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import parallel_agents as pa
from parallel_agents.core.event import Attempted, Entry, Queued, Replied, ToolFinished, ToolStarted
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, make_run_id, make_session_key
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Failure, Outcome, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan
from parallel_agents.core.task import TeamTask
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Usage
from parallel_agents.errors import GateRefused
from parallel_agents.stores.sqlite import SqliteStore


class Size(NamedTuple):
    """How many teams, tasks in each of them, and single sessions."""

    teams: int
    tasks: int
    singles: int


LARGE = Size(20, 1_000, 5_000)  # 200,060 events
SMALL = Size(1, 2, 3)
_AT_ONCE = 20
_OWNER = OwnerId("filler")
AGENT = pa.Agent(
    name="clerk", description="Files.", instructions="You file papers.", tools=("file",)
)
_REFUSED = Failure.of(GateRefused("the page is upside down"))


async def fill(path: Path, size: Size) -> int:
    """Make a store, through its own methods; return the number of its events."""
    store = await SqliteStore.open(path)
    try:
        owner = Owner(id=_OWNER, host="here", pid=1)
        await store.heartbeat(owner)
        for number in range(size.teams):
            team, *tasks = team_plans(number, size.tasks)
            await store.spawn([team, *tasks])
            await store.claim(team.run, _OWNER)
            await work_all(store, tasks)
            await store.finish(team.run, 1, Outcome(status=RunStatus.DONE, text="all done"))
        singles = [session_plan(f"paper {number}") for number in range(size.singles)]
        await store.spawn(singles)
        await work_all(store, singles)
        await store.heartbeat(Owner(id=_OWNER, host="here", pid=1, state=OwnerState.GONE))
        return await store.count_events()
    finally:
        await store.aclose()


async def fill_team(path: Path, tasks: int, turns: int) -> SessionKey:
    """Make a store with one team, each task of which calls a model and a tool by turns.

    The times of its events are changed afterwards, so that its chain of hashes does not hold.
    """
    store = await SqliteStore.open(path)
    try:
        await store.heartbeat(Owner(id=_OWNER, host="here", pid=1))
        team, *plans = team_plans(0, tasks)
        await store.spawn([team, *plans])
        await store.claim(team.run, _OWNER)
        for plan in plans:
            await store.claim(plan.run, _OWNER)
        for turn in range(1, turns + 1):
            for part in (_turn_begins(turn), _turn_ends(turn)):
                await asyncio.gather(*(store.append(plan.run, 1, part) for plan in plans))
        done = Outcome(status=RunStatus.DONE, text="all done")
        await asyncio.gather(*(store.finish(plan.run, 1, done) for plan in plans))
        await store.finish(team.run, 1, done)
        await store.heartbeat(Owner(id=_OWNER, host="here", pid=1, state=OwnerState.GONE))
    finally:
        await store.aclose()
    with closing(sqlite3.connect(path)) as database, database:  # as if it had taken its time
        database.execute(
            "UPDATE events SET at = at - ?1 + ?1 * seq / (SELECT MAX(seq) FROM events)",
            (3.0 * turns,),
        )
    return team.session.key


def _turn_begins(turn: int) -> list[Entry]:
    call = ToolCall(f"call-{turn}", "file", {"page": turn})
    key = f"turn-{turn}/call/1/started"
    started = ToolStarted(turn=turn, call=call, effect=Effect.ONCE, number=1)
    return [_replied(turn, Message(Role.ASSISTANT, (call,))), Entry(key, started)]


def _turn_ends(turn: int) -> list[Entry]:
    result = ToolResult(f"call-{turn}", "file", "filed " * 40)
    finished = ToolFinished(turn=turn, result=result, seconds=1.0, number=1)
    return [Entry(f"turn-{turn}/call-1", finished)]


def team_plans(number: int, tasks: int) -> list[SessionPlan]:
    name = f"month-{number}"
    key = SessionKey(f"team:filing:{name}")
    session = Session(key=key, agent=AGENT, label="filing", spawn_key=name, root=key)
    texts = [f"paper {number}/{task}" for task in range(tasks)]
    task = TeamTask(name="filing", tasks=tuple(pa.Task(AGENT, text) for text in texts))
    team = SessionPlan(
        session=session,
        run=make_run_id(),
        kind=RunnerKind.TEAM,
        queued=Queued(text=f"team filing: {tasks} tasks", team=task),
        digest=name,
    )
    members = zip(texts, task.keys, strict=True)
    return [team, *(session_plan(text, session, key) for text, key in members)]


def session_plan(text: str, team: Session | None = None, key: str = "") -> SessionPlan:
    own = make_session_key(AGENT.name)
    return SessionPlan(
        session=Session(
            key=own,
            agent=AGENT,
            label=AGENT.name,
            spawn_key=key or own,
            parent=team.key if team else None,
            root=team.root if team else own,
            depth=1 if team else 0,
        ),
        run=make_run_id(),
        kind=RunnerKind.AGENT,
        queued=Queued(text=f"file {text}\n" + "Every page counts. " * 20),
        digest=text,
        model="bench/clerk",
    )


async def work_all(store: SqliteStore, plans: Sequence[SessionPlan]) -> None:
    for first in range(0, len(plans), _AT_ONCE):
        await asyncio.gather(
            *(_work(store, plan.run, n) for n, plan in enumerate(plans[first : first + _AT_ONCE]))
        )


async def _work(store: SqliteStore, run: RunId, number: int) -> None:
    """Eight events in all; of a tenth of the runs the first answer is refused."""
    await store.claim(run, _OWNER)
    call = ToolCall("call-1", "file", {"page": number})
    await store.append(run, 1, [_replied(1, Message(Role.ASSISTANT, (call,)))])
    entries = [
        Entry(
            "turn-1/call/1/started", ToolStarted(turn=1, call=call, effect=Effect.ONCE, number=1)
        ),
        Entry(
            "turn-1/call-1",
            ToolFinished(
                turn=1, result=ToolResult("call-1", "file", "filed " * 40), seconds=0.1, number=1
            ),
        ),
    ]
    await store.append(run, 1, entries)
    if number % 10 == 0:
        begun = Attempted(number=2, error=_REFUSED, model="bench/archivist")
        await store.append(run, 1, [Entry("attempt-2", begun)])
    text = "The paper is filed. " * 10
    await store.append(run, 1, [_replied(2, assistant(text))])
    await store.append(run, 1, [_replied(3, assistant(text))] if number % 10 else [])
    await store.finish(run, 1, Outcome(status=RunStatus.DONE, output=text, text=text))


def _replied(turn: int, message: Message) -> Entry:
    body = Replied(
        turn=turn,
        message=message,
        model="bench/clerk",
        finish=Finish.STOP,
        usage=Usage(500, 50),
        cost_nanousd=70_000,
        seconds=1.5,
    )
    return Entry(f"turn-{turn}/model", body)


if __name__ == "__main__":
    print(asyncio.run(fill(Path(sys.argv[1]), LARGE)))
