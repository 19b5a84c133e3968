"""What views read of a store: pages of events and sessions, sums, names; each kind of store must pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.event import Attempted, Entry, Queued
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.overview import Origin
from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure, Outcome, RunnerKind, RunStatus
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.store import Filter, Store
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import NotFound
from tests.integration.kept_work import (
    DONE,
    ME,
    OpenStore,
    claim,
    look,
    plan,
    replied,
    spawn,
)

REPLY = Spend(Usage(10, 20, 30, 40), 1, 7, 0)
FAILED = Outcome(status=RunStatus.FAILED, error=Failure("PA-E210", "no"))


async def done(store: Store, run: str, outcome: Outcome = DONE) -> None:
    epoch = (await claim(store, run)).run.epoch
    await store.append(RunId(run), epoch, [replied(1)])
    await store.finish(RunId(run), epoch, outcome)


async def some_work(store: Store) -> SessionKey:
    """Two sessions beside each other and one below the first; returns the first."""
    (top,) = await spawn(store, plan("top"))
    await spawn(store, plan("leaf", top), plan("alone"))
    for run in ("run-top", "run-leaf", "run-alone"):
        await done(store, run)
    return top.key


async def test_the_last_events_are_pages_from_the_end(open_store: OpenStore) -> None:
    async with open_store() as store:
        await some_work(store)
        everything = await store.events()

        last = await store.last_events(limit=5)
        earlier = await store.last_events(before=last[0].seq, limit=100)

        assert last == everything[-5:]
        assert earlier == everything[:-5]
        assert await store.last_events(before=1, limit=5) == []


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_of_a_tree_hold_its_events_in_order(open_store: OpenStore, limit: int) -> None:
    async with open_store() as store:
        top = await some_work(store)
        of_tree = [e for e in await store.events() if e.run != "run-alone"]

        assert await store.events(tree=top, limit=limit) == of_tree[:limit]
        assert await store.last_events(tree=top, limit=limit) == of_tree[-limit:]


async def test_pages_of_kinds_hold_only_those(open_store: OpenStore) -> None:
    async with open_store() as store:
        top = await some_work(store)

        ends = await store.last_events(kinds=["finished"], limit=2)
        of_tree = await store.last_events(kinds=["finished", "queued"], tree=top, limit=3)
        first = await store.events(kinds=["replied"], tree=top, limit=1)

        assert [(e.run, e.body.kind) for e in ends] == [
            ("run-leaf", "finished"),
            ("run-alone", "finished"),
        ]
        assert [(e.run, e.body.kind) for e in of_tree] == [
            ("run-leaf", "queued"),
            ("run-top", "finished"),
            ("run-leaf", "finished"),
        ]
        assert [e.run for e in first] == ["run-top"]


async def test_events_are_counted(open_store: OpenStore) -> None:
    async with open_store() as store:
        top = await some_work(store)
        of_tree = [e.seq for e in await store.events() if e.run != "run-alone"]

        assert await store.count_events() == 12
        assert await store.count_events(before=5) == 4
        assert await store.count_events(tree=top) == 8
        assert await store.count_events(tree=top, before=of_tree[5]) == 5


async def test_sessions_are_paged_after_one_of_them(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, *(plan(str(n)) for n in range(7)))
        everything = await store.rows(Filter())

        last = None
        listed: list[Row] = []
        while page := await store.rows(Filter(limit=3, after=last)):
            listed += page
            last = page[-1].session.key

        assert listed == everything
        assert await store.count_rows(Filter(limit=3, after=last)) == 7


async def test_rows_are_counted_as_they_are_listed(open_store: OpenStore) -> None:
    async with open_store() as store:
        top = await some_work(store)
        await spawn(store, plan("left"))

        for chosen in (
            Filter(roots_only=True),
            Filter(roots_only=True, since=0.0),
            Filter(is_live=True),
            Filter(orphaned=True),
            Filter(tree=top),
            Filter(prefix="the top"),
        ):
            assert await store.count_rows(chosen) == len(await store.rows(chosen))


async def test_rows_of_runs_come_in_the_order_of_the_runs(open_store: OpenStore) -> None:
    async with open_store() as store:
        await some_work(store)
        asked = [RunId("run-alone"), RunId("run-top")]

        assert [row.run.id for row in await store.rows_of(asked)] == asked
        with pytest.raises(NotFound):
            await store.rows_of([RunId("nobody")])


async def test_the_runs_of_a_teams_tasks_are_counted(open_store: OpenStore) -> None:
    async with open_store() as store:
        team = replace(plan("team"), kind=RunnerKind.TEAM)
        await store.spawn([team, *(plan(str(n), team.session) for n in range(6))])
        await done(store, "run-0")
        await done(store, "run-1")
        await done(store, "run-2", FAILED)
        await claim(store, "run-3")
        # What a member is asked by others is none of the team's.
        child = SessionKey(plan("0").session.key)
        await store.send(child, RunId("another"), Queued(text="more"), owner=ME)

        seen = await look(store, "team")
        tallies = seen.tallies[team.session.key]
        found = {tally.status: tally for tally in tallies}

        assert sorted((tally.status, tally.runs) for tally in tallies) == [
            (RunStatus.DONE, 2),
            (RunStatus.FAILED, 1),
            (RunStatus.QUEUED, 2),
            (RunStatus.RUNNING, 1),
        ]
        assert found[RunStatus.DONE].finished_at is not None
        assert found[RunStatus.RUNNING].owner == ME
        assert found[RunStatus.RUNNING].finished_at is None


async def test_what_is_spent_below_runs_counts_every_level(open_store: OpenStore) -> None:
    async with open_store() as store:
        team = replace(plan("team"), kind=RunnerKind.TEAM)
        group = replace(plan("group", team.session), kind=RunnerKind.TEAM)
        members = (plan("0", team.session), plan("1", group.session), plan("2", group.session))
        await store.spawn([team, group, *members])
        for number in range(3):
            await done(store, f"run-{number}")

        found = await store.spend_below([RunId("run-team"), RunId("run-group"), RunId("run-0")])

        assert found == {
            RunId("run-team"): REPLY + REPLY + REPLY,
            RunId("run-group"): REPLY + REPLY,
        }


async def test_costs_count_each_attempt_on_its_model_and_services_apart(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        climbing = Queued(text="do top", ladder=("scripted/model", "scripted/better"))
        (top,) = await spawn(store, replace(plan("top"), queued=climbing))
        judge = plan("judge", top)
        options = SessionOptions(is_service=True)
        await store.spawn([replace(judge, session=replace(judge.session, options=options))])
        await done(store, "run-judge")
        epoch = (await claim(store, "run-top")).run.epoch
        begun = Attempted(number=2, error=Failure("", ""), model="scripted/better")
        entries = [replied(1), Entry("attempt-2", begun), replied(2)]
        await store.append(RunId("run-top"), epoch, entries)
        await store.finish(RunId("run-top"), epoch, DONE)
        await spawn(store, plan("alone"))

        found = {(cost.serves, cost.model): cost for cost in await store.costs(tree=top.key)}

        assert found["writer", "scripted/model"].spend == REPLY
        cheap, better = found["", "scripted/model"], found["", "scripted/better"]
        assert (cheap.ended, cheap.tried, cheap.accepted) == (0, 1, 0)
        assert (better.ended, better.tried, better.accepted) == (1, 1, 1)
        assert cheap.spend == REPLY
        assert better.spend == REPLY
        assert sum(cost.ended for cost in await store.costs()) == 2
        assert await store.costs(since=9e9) == []  # what has not called a model is no cost


async def test_origins_name_a_session_its_parent_and_its_first_run(open_store: OpenStore) -> None:
    async with open_store() as store:
        top = await some_work(store)
        leaf, unknown = plan("leaf").session.key, SessionKey("nobody")

        found = await store.origins([top, leaf, unknown])

        assert found == {
            top: Origin("the top", "", RunId("run-top"), "top"),
            leaf: Origin("the leaf", "the top", RunId("run-leaf"), "leaf", ("the leaf",)),
        }


@pytest.mark.parametrize(
    ("session", "run", "key", "found"),
    [
        ("own", "run-", "queued", "run-top"),
        ("own", "run-top", "finished", "run-top"),
        ("own", "run-l", "queued", None),
        ("own", "run-top", "gone", None),
        ("own", "%", "queued", None),
        ("other", "run-top", "queued", None),
    ],
)
async def test_an_event_is_found_by_its_key_in_its_own_session_alone(
    open_store: OpenStore, session: str, run: str, key: str, found: str | None
) -> None:
    async with open_store() as store:
        top = await some_work(store)
        other = next(e.session for e in await store.events() if e.session != top)

        event = await store.kept_event(top if session == "own" else other, run, key)

        assert (event.run if event else None) == found
