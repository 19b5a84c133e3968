"""What every store promises about tasks that others end, and about failed ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.ended_by import OTHER_ROW
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner
from parallel_agents.core.run import Failure, Outcome, Run, RunnerKind, RunStatus
from parallel_agents.core.session import Mode, Session, SessionOptions
from parallel_agents.core.store import Filter, SessionPlan, Store
from parallel_agents.errors import OwnershipLost
from parallel_agents.testing import MemoryStore

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
ME = OwnerId("me")
EVERY = DeadLetterFilter()
TEAM = Session(
    key=SessionKey("team:crew:monday"),
    agent=AGENT,
    label="crew",
    spawn_key="monday",
    root=SessionKey("team:crew:monday"),
)


def plan(name: str, parent: Session | None = None) -> SessionPlan:
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
    return SessionPlan(
        session=session, run=run, kind=RunnerKind.AGENT, queued=queued, digest=name, owner=ME
    )


def team() -> SessionPlan:
    return SessionPlan(
        session=TEAM,
        run=RunId("run-team"),
        kind=RunnerKind.TEAM,
        queued=Queued(text="team"),
        digest="t",
    )


async def run_of(store: Store, session: Session) -> Run:
    (row,) = await store.rows(Filter(session=session.key))
    return row.run


async def test_only_sessions_that_have_not_started_are_ended(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([team(), *(plan(name, TEAM) for name in ("a", "b", "c")), plan("x")])
        claimed = await store.claim(RunId("run-a"), ME)
        assert claimed is not None
        claimed_now = await store.claim(RunId("run-b"), ME)
        assert claimed_now is not None
        await store.release(ME, [RunId("run-b")])

        ended = await store.end_unbegun(await run_of(store, TEAM), by="a sibling's failure")

        assert ended == ["run-c"]
        rows = await store.rows(Filter(parent=TEAM.key))
        status = {row.session.spawn_key: row.run.status for row in rows}
        assert status == {
            "a": RunStatus.RUNNING,
            "b": RunStatus.QUEUED,
            "c": RunStatus.KILLED,
        }
        claimed_again = await store.claim(RunId("run-x"), ME)
        assert claimed_again is not None


@pytest.mark.parametrize("status", [RunStatus.KILLED, RunStatus.TIMED_OUT])
async def test_live_children_are_ended_with_their_own_children_unless_they_outlive_the_parent(
    open_store: OpenStore, status: RunStatus
) -> None:
    async with open_store() as store:
        quiet = plan("quiet", TEAM)
        quiet = replace(
            quiet, session=replace(quiet.session, options=SessionOptions(is_quiet=True))
        )
        lasting = plan("lasting", TEAM)
        options = SessionOptions(mode=Mode.SESSION)
        lasting = replace(lasting, session=replace(lasting.session, options=options))
        given = [plan(name, TEAM) for name in ("a", "b", "done")]
        spawned = await store.spawn([team(), *given, quiet, lasting, plan("stranger")])
        sessions = {found.session.spawn_key: found.session for found in spawned}
        await store.spawn([plan("leaf", sessions["a"]), plan("under-done", sessions["done"])])
        await end(store, "done", Outcome(status=RunStatus.DONE))

        ended = await store.end_children(
            await run_of(store, TEAM), by="the team's end", status=status
        )

        assert ended == ["run-a", "run-leaf", "run-b"]
        results = [found for found in await store.results(ended) if found is not None]
        assert [found.status for found in results] == [status] * 3
        assert all(found.error and "the team's end" in found.error.message for found in results)
        live = {row.session.spawn_key for row in await store.rows(Filter(is_live=True))}
        assert live == {"monday", "quiet", "lasting", "stranger", "under-done"}
        killed = {row.session.spawn_key for row in await store.rows(Filter()) if row.session.killed}
        assert killed == {"a", "leaf", "b"}
        assert (
            await store.end_children(await run_of(store, TEAM), by="the team's end", status=status)
            == []
        )


async def test_a_thousand_children_are_ended_in_one_change(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([team(), *(plan(f"n{n}", TEAM) for n in range(1000))])
        heard: list[Sequence[Event]] = []
        unsubscribe = store.subscribe(heard.append)

        ended = await store.end_children(
            await run_of(store, TEAM), by="a sibling", status=RunStatus.KILLED
        )

        unsubscribe()
        assert len(set(ended)) == 1000
        # A transaction's events are told at once, and a thousand transactions' are not.
        assert [len(events) for events in heard] == [1000]


FAILED = Outcome(
    status=RunStatus.FAILED, error=Failure("PA-E301", "no answer in 25 turns", "", "ask for less")
)


async def end(store: Store, name: str, outcome: Outcome = FAILED) -> None:
    claim = await store.claim(RunId(f"run-{name}"), ME)
    assert claim is not None
    await store.finish(claim.run.id, claim.run.epoch, outcome)


async def letters(store: Store, chosen: DeadLetterFilter = EVERY) -> list[str]:
    return sorted(letter.session.spawn_key for letter in await store.dead_letters(chosen))


async def test_a_failed_run_is_a_dead_letter_with_its_whole_request(open_store: OpenStore) -> None:
    async with open_store() as store:
        budget = Budget(usd=2.5, tokens=1000)
        await store.spawn([replace(plan("a"), budget=budget)])

        await end(store, "a")

        (letter,) = await store.dead_letters(EVERY)
        assert letter.run.status is RunStatus.FAILED
        assert letter.session.agent == AGENT
        assert letter.queued.text == "do a"
        assert letter.queued.input == {"n": 1}
        assert letter.error == FAILED.error
        assert letter.budget == budget
        assert letter.retried_by is None
        assert letter.at == letter.run.finished_at


@pytest.mark.parametrize(
    ("status", "is_letter"),
    [
        (RunStatus.DONE, False),
        (RunStatus.KILLED, False),
        (RunStatus.FAILED, True),
        (RunStatus.TIMED_OUT, True),
        (RunStatus.OVER_BUDGET, True),
    ],
)
async def test_the_end_of_a_run_decides_whether_it_is_a_dead_letter(
    open_store: OpenStore, status: RunStatus, is_letter: bool
) -> None:
    async with open_store() as store:
        await store.spawn([plan("a")])

        await end(store, "a", Outcome(status=status))

        assert await letters(store) == ["a"] * is_letter


async def test_teams_and_children_of_agents_are_not_dead_letters(open_store: OpenStore) -> None:
    async with open_store() as store:
        child = plan("task", TEAM)
        await store.spawn([team(), child, plan("below", child.session)])

        for name in ("below", "task", "team"):
            await end(store, name)

        assert await letters(store) == ["task"]


async def test_a_run_timed_out_from_outside_is_a_dead_letter_and_a_killed_one_is_not(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await store.spawn([plan("late"), plan("killed")])

        await store.kill(
            SessionKey("agent:writer:subagent:late"), by="a limit", status=RunStatus.TIMED_OUT
        )
        await store.kill(SessionKey("agent:writer:subagent:killed"), by="ana")

        assert await letters(store) == ["late"]


async def test_dead_letters_are_found_by_agent_code_time_and_tree(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([team(), plan("a", TEAM), plan("b")])
        await end(store, "a")
        await end(store, "b", Outcome(status=RunStatus.TIMED_OUT))
        (first, *_) = await store.dead_letters(EVERY)

        assert await letters(store, DeadLetterFilter(agent="writer")) == ["a", "b"]
        assert await letters(store, DeadLetterFilter(agent="reader")) == []
        assert await letters(store, DeadLetterFilter(code="PA-E301")) == ["a"]
        assert await letters(store, DeadLetterFilter(since=first.at + 60)) == []
        assert await letters(store, DeadLetterFilter(tree=TEAM.key)) == ["a"]
        assert await letters(store, DeadLetterFilter(run=RunId("run-b"))) == ["b"]


async def test_a_dead_letter_is_dropped_once(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([plan("a"), plan("b")])
        await end(store, "a")
        await end(store, "b")

        dropped = await store.drop_dead_letters([RunId("run-a"), RunId("nobody")])
        assert dropped == 1
        dropped_now = await store.drop_dead_letters([RunId("run-a")])
        assert dropped_now == 0
        assert await letters(store) == ["b"]


async def test_a_dead_letter_stays_until_a_retry_succeeds(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([plan("a")])
        await end(store, "a")

        retry = replace(plan("a2"), retries=RunId("run-a"))
        await store.spawn([retry])

        (letter,) = await store.dead_letters(EVERY)
        assert letter.retried_by == retry.session.key
        await end(store, "a2", Outcome(status=RunStatus.DONE))
        assert await letters(store) == []


async def test_the_dead_letter_of_a_failed_retry_replaces_the_first(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([plan("a")])
        await end(store, "a")
        await store.spawn([replace(plan("a2"), retries=RunId("run-a"))])

        await end(store, "a2")

        assert await letters(store) == ["a2"]


async def test_a_killed_retry_leaves_the_dead_letter(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([plan("a")])
        await end(store, "a")
        await store.spawn([replace(plan("a2"), retries=RunId("run-a"))])

        await store.kill(SessionKey("agent:writer:subagent:a2"), by="ana")

        assert await letters(store) == ["a"]


async def test_what_somebody_killed_is_found_if_it_is_asked_for_until_it_is_tried_again(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await store.spawn([team(), *(plan(name, TEAM) for name in ("a", "b", "c"))])
        await store.kill(SessionKey("agent:writer:subagent:a"), by="ana")
        await store.kill(SessionKey("agent:writer:subagent:b"), by=OTHER_ROW)

        (letter,) = await store.dead_letters(DeadLetterFilter(tree=TEAM.key, killed=True))
        others = DeadLetterFilter(tree=TEAM.key, agent="reader", killed=True)
        again = plan("a/retry-2", TEAM)
        assert (letter.session.spawn_key, letter.killed_by) == ("a", "ana")
        assert await letters(store) == []
        assert await letters(store, others) == []
        await store.spawn([replace(again, retries=letter.run.id)])
        assert await letters(store, DeadLetterFilter(killed=True)) == []


async def test_a_killed_retry_that_is_done_again_closes_the_dead_letter(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await store.spawn([plan("a")])
        await end(store, "a")
        await store.spawn([replace(plan("a2"), retries=RunId("run-a"))])
        await store.kill(SessionKey("agent:writer:subagent:a2"), by="ana")

        await store.spawn([replace(plan("a3"), retries=RunId("run-a2"))])
        await end(store, "a3", Outcome(status=RunStatus.DONE))

        assert await letters(store) == []


@pytest.mark.virtual_time
async def test_old_dead_letters_are_not_listed_and_are_deleted_by_the_next_write() -> None:
    loop = asyncio.get_running_loop()
    store = MemoryStore(loop.time, dead_letter_seconds=100)
    await store.heartbeat(Owner(id=ME, host="here", pid=1))
    await store.spawn([plan("a"), plan("b")])
    await end(store, "a")
    assert await letters(store) == ["a"]

    await asyncio.sleep(101)

    assert await letters(store) == []
    dropped = await store.drop_dead_letters([RunId("run-a")])
    assert dropped == 1, "it was still there"
    await end(store, "b")
    dropped_now = await store.drop_dead_letters([RunId("run-a")])
    assert dropped_now == 0
    assert await letters(store) == ["b"]
    await store.aclose()


async def test_who_lost_a_run_ends_none_of_its_children(open_store: OpenStore) -> None:
    async with open_store() as store:
        await store.spawn([team(), plan("a", TEAM)])
        before = await store.claim(RunId("run-team"), ME)
        assert before is not None
        await store.release(ME, [RunId("run-team")])
        assert await store.claim(RunId("run-team"), ME) is not None

        with pytest.raises(OwnershipLost):
            await store.end_children(before.run, by="the team's end", status=RunStatus.KILLED)
        with pytest.raises(OwnershipLost):
            await store.end_unbegun(before.run, by="a sibling")

        (child,) = await store.rows(Filter(parent=TEAM.key))
        assert child.run.status is RunStatus.QUEUED
