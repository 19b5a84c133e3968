"""What every store promises; each kind of store must pass."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from parallel_agents.core.circuit import Circuit
from parallel_agents.core.event import (
    Queued,
    Replied,
    Started,
    Steered,
    SteerMode,
)
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.limits import Limits
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.throttle import Holder
from parallel_agents.errors import (
    Conflict,
    NotFound,
    OwnershipLost,
    RunIsOver,
)
from tests.integration.kept_work import (
    AGENT,
    DONE,
    ME,
    OTHER,
    OpenStore,
    bodies,
    claim,
    keys,
    plan,
    replied,
    row,
    spawn,
)


async def test_spawn_stores_everything_that_a_plan_holds(open_store: OpenStore) -> None:
    async with open_store() as store:
        rich = replace(
            AGENT,
            output_schema={"type": "object"},
            tools=("look",),
            limits=Limits(max_turns=3),
        )
        given = plan("a")
        session = replace(given.session, agent=rich)
        queued = Queued(
            text="do\nit " * 50, input={"n": [1, {"x": None}]}, limits=Limits(attempts=2)
        )

        spawned = (await store.spawn([replace(given, session=session, queued=queued, priority=5)]))[
            0
        ]

        assert spawned.is_new
        assert spawned.session == replace(session, created_at=spawned.session.created_at)
        assert spawned.run.status is RunStatus.QUEUED
        assert spawned.run.priority == 5
        assert spawned.run.model == "scripted/model"
        assert spawned.run.number == 1
        assert spawned.run.title == " ".join(queued.text.split())[:120]
        assert [event.body for event in await store.events()] == [queued]


async def test_spawning_a_key_again_returns_the_existing_session(open_store: OpenStore) -> None:
    async with open_store() as store:
        first = (await store.spawn([plan("a")]))[0]
        claimed = await claim(store, "run-a")
        await store.finish(RunId("run-a"), claimed.run.epoch, DONE)
        again = replace(plan("a"), run=RunId("another"))

        found = (await store.spawn([again]))[0]

        assert not found.is_new
        assert found.session == first.session
        assert found.run.id == "run-a"
        assert found.run.status is RunStatus.DONE
        assert len(await store.rows(Filter())) == 1


async def test_rows_are_chosen_by_state_agent_label_model_and_text(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("tea"), plan("Coffee_100%"))
        claimed = await claim(store, "run-tea")
        await store.finish(RunId("run-tea"), claimed.run.epoch, DONE)
        (row,) = await store.rows(Filter(run=RunId("run-tea")))

        assert await keys(store, Filter(statuses=(RunStatus.DONE,))) == {"tea"}
        assert await keys(store, Filter(statuses=(RunStatus.DONE, RunStatus.QUEUED))) == {
            "tea",
            "Coffee_100%",
        }
        assert await keys(store, Filter(statuses=())) == set()
        assert len(await store.rows(Filter(agents=(row.session.agent.name, "nobody")))) == 2
        assert await keys(store, Filter(agents=("nobody",))) == set()
        assert await keys(store, Filter(labels=("TEA", "milk"))) == {"tea"}
        assert await keys(store, Filter(labels=("_100%",))) == {"Coffee_100%"}
        assert len(await store.rows(Filter(models=("SCRIPTED/",)))) == 2
        assert await keys(store, Filter(texts=("tea", "milk"))) == set()
        assert await keys(store, Filter(texts=("cof", "100%"))) == {"Coffee_100%"}
        assert await keys(store, Filter(texts=("agent:writer:subagent:tea",))) == {"tea"}
        for text in ("c%e", "_offee", "coffee\\_100", "tea" * 20_000, "subagent", "agen"):
            assert await keys(store, Filter(texts=(text,))) == set()
        assert await store.count_rows(Filter(labels=("tea",), limit=0)) == 1


async def test_the_same_key_under_another_parent_is_another_session(open_store: OpenStore) -> None:
    async with open_store() as store:
        (above,) = await spawn(store, plan("above"))
        await spawn(store, plan("a"))
        below = plan("a-below", above)

        (found,) = await store.spawn(
            [replace(below, session=replace(below.session, spawn_key="a"))]
        )

        assert found.is_new


async def test_a_key_that_names_other_work_refuses_every_plan(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        before = await store.events()

        other = replace(plan("a", digest="other"), queued=Queued(text="boil it"))

        with pytest.raises(Conflict, match="'a' is already used for different work") as used:
            await store.spawn([plan("b"), other])
        with pytest.raises(Conflict, match="'c'"):
            await store.spawn([plan("c"), plan("c", digest="other")])
        with pytest.raises(NotFound):
            await store.spawn([plan("d"), plan("e", plan("nowhere").session)])

        assert used.value.why == "its text was 'do a', and is 'boil it' here"
        assert await store.events() == before
        assert await keys(store, Filter()) == {"a"}


async def test_a_child_of_a_killed_session_starts_killed(open_store: OpenStore) -> None:
    async with open_store() as store:
        (above,) = await spawn(store, plan("above"))
        await store.kill(above.key, by="me")

        spawned = (await store.spawn([plan("late", above)]))[0]

        assert spawned.session.killed
        assert spawned.run.status is RunStatus.KILLED
        claimed = await store.claim(spawned.run.id, ME)
        assert claimed is None
        assert bodies(await store.events(), "run-late") == ["queued", "finished"]
        (grandchild,) = await store.spawn([plan("later", spawned.session)])
        assert grandchild.run.status is RunStatus.KILLED


async def test_a_claim_raises_the_epoch_and_hands_over_the_events(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a", owner=None))

        first = await claim(store, "run-a")
        second = await claim(store, "run-a")

        assert first.run.epoch == 1
        assert second.run.epoch == 2
        assert first.run.owner == ME
        assert first.run.status == "running"
        assert first.run.attempts == 1
        assert bodies(first.events, "run-a") == ["queued", "started"]
        assert first.events[-1].body == Started(owner=ME, epoch=1)
        assert second.run.started_at == first.run.started_at


async def test_a_claim_is_refused_while_another_owner_lives(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a", owner=OTHER))

        claimed = await store.claim(RunId("run-a"), ME)
        assert claimed is None
        claimed_now = await store.claim(RunId("no such run"), ME)
        assert claimed_now is None

        assert (await row(store, "a")).run.epoch == 0
        assert (await row(store, "a")).owner_state is OwnerState.LIVE


@pytest.mark.parametrize("state", [OwnerState.GONE, OwnerState.DEAD])
async def test_a_run_is_taken_from_an_owner_that_has_ended(
    open_store: OpenStore, state: OwnerState
) -> None:
    async with open_store() as store:
        await spawn(store, plan("a", owner=OTHER))
        lost = await claim(store, "run-a", OTHER)
        if state is OwnerState.DEAD:
            await store.mark_dead(OTHER)
        else:
            await store.heartbeat(Owner(id=OTHER, host="here", pid=1, state=state))

        taken = await claim(store, "run-a", ME)

        assert taken.run.owner == ME
        assert taken.run.epoch == lost.run.epoch + 1
        with pytest.raises(OwnershipLost):
            await store.append(RunId("run-a"), lost.run.epoch, [replied(1)])


async def test_the_runs_of_a_session_are_executed_one_after_the_other(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a"))
        second = await store.send(session.key, RunId("second"), Queued(text="more"), owner=ME)
        assert second.number == 2
        assert second.status == "queued"
        assert second.model == "scripted/model"

        first = await claim(store, "run-a")
        claimed = await store.claim(second.id, ME)
        assert claimed is None
        await store.finish(RunId("run-a"), first.run.epoch, DONE)

        claimed_now = await claim(store, "second")
        assert {event.run for event in claimed_now.events} == {"second"}
        assert [m.text for m in claimed_now.before.messages] == ["do a"]
        assert (await row(store, "a")).run.id == "second"


async def test_an_earlier_run_whose_owner_has_ended_is_free_for_any_process(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a", owner=OTHER))
        await store.heartbeat(Owner(id=OTHER, host="here", pid=1, state=OwnerState.GONE))
        await store.send(session.key, RunId("second"), Queued(text="more"), owner=ME)
        assert await store.rows(Filter(orphaned=True)) == []

        claimed = await store.claim(RunId("second"), ME)
        assert claimed is None

        (orphan,) = await store.rows(Filter(orphaned=True))
        assert orphan.run.id == "run-a"


async def test_nothing_is_sent_to_a_killed_or_unknown_session(open_store: OpenStore) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a"))
        await store.kill(session.key, by="me")

        with pytest.raises(RunIsOver, match="killed"):
            await store.send(session.key, RunId("second"), Queued(text="more"), owner=ME)
        with pytest.raises(RunIsOver) as refused:
            await store.steer(RunId("run-a"), "steer-1", "x", mode=SteerMode.NEXT, by="me")
        assert refused.value.hint == "spawn a new one"  # not `pagents send`, which was just refused
        with pytest.raises(NotFound, match="'nowhere'"):
            await store.send(SessionKey("nowhere"), RunId("x"), Queued(text="more"), owner=ME)

        assert bodies(await store.events(), "second") == []


async def test_a_key_is_written_once(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        epoch = (await claim(store, "run-a")).run.epoch

        await store.append(RunId("run-a"), epoch, [replied(1, "first")])
        await store.append(RunId("run-a"), epoch, [replied(1, "second"), replied(2, "third")])

        texts = [e.body.message.text for e in await store.events() if isinstance(e.body, Replied)]
        assert texts == ["first", "third"]
        assert (await row(store, "a")).run.spend.calls == 2


async def test_an_append_is_fenced_by_the_epoch_and_by_the_end(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        old = (await claim(store, "run-a")).run.epoch
        new = (await claim(store, "run-a")).run.epoch

        with pytest.raises(OwnershipLost):
            await store.append(RunId("run-a"), old, [replied(1)])
        with pytest.raises(OwnershipLost):
            await store.finish(RunId("run-a"), old, DONE)
        finished = await store.finish(RunId("run-a"), new, DONE)
        assert finished
        with pytest.raises(OwnershipLost):
            await store.append(RunId("run-a"), new, [replied(1)])
        with pytest.raises(OwnershipLost):
            await store.finish(RunId("run-a"), new, DONE)
        with pytest.raises(OwnershipLost):
            await store.append(RunId("no such run"), 1, [replied(1)])

        assert bodies(await store.events(), "run-a") == ["queued", "started", "started", "finished"]


async def test_a_run_does_not_end_over_messages_that_it_has_not_seen(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        run, epoch = RunId("run-a"), (await claim(store, "run-a")).run.epoch
        await store.steer(run, "steer-1", "shorter", mode=SteerMode.NEXT, by="me")
        await store.steer(run, "steer-1", "twice", mode=SteerMode.NEXT, by="me")

        finished = await store.finish(run, epoch, DONE, steers_seen=0)
        assert not finished
        assert (await row(store, "a")).run.status is RunStatus.RUNNING
        finished_now = await store.finish(run, epoch, DONE, steers_seen=1)
        assert finished_now

        steered = [e.body for e in await store.events() if isinstance(e.body, Steered)]
        assert steered == [Steered(text="shorter", mode=SteerMode.NEXT, by="me")]


async def test_without_a_count_a_run_ends_whatever_waits(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        epoch = (await claim(store, "run-a")).run.epoch
        await store.steer(RunId("run-a"), "steer-1", "x", mode=SteerMode.NOW, by="me")

        finished = await store.finish(RunId("run-a"), epoch, DONE)
        assert finished


async def test_a_message_to_a_run_that_has_ended_or_is_unknown_is_refused(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        epoch = (await claim(store, "run-a")).run.epoch
        await store.finish(RunId("run-a"), epoch, DONE)

        with pytest.raises(RunIsOver, match="done"):
            await store.steer(RunId("run-a"), "steer-1", "x", mode=SteerMode.NEXT, by="me")
        with pytest.raises(NotFound, match="'nobody'"):
            await store.steer(RunId("nobody"), "steer-1", "x", mode=SteerMode.NEXT, by="me")


async def test_a_paused_tree_cannot_be_claimed_nor_what_is_spawned_below_it(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (top,) = await spawn(store, plan("top", owner=None))
        middle, _ = await spawn(store, plan("middle", top), plan("stranger", owner=None))
        await claim(store, "run-middle")

        paused = await store.pause(top.key, by="ana")
        again = await store.pause(middle.key, by="bob")
        (late,) = await spawn(store, plan("late", middle, owner=None))
        claims = [await store.claim(RunId(f"run-{name}"), ME) for name in ("top", "middle", "late")]
        orphans = await store.rows(Filter(orphaned=True))
        rows = await store.rows(Filter(tree=top.key))
        unpaused = await store.unpause(top.key, by="bob")
        taken = [await store.claim(RunId(f"run-{name}"), ME) for name in ("top", "middle", "late")]

        assert [run.id for run in paused.runs] == ["run-top", "run-middle"]
        assert (again.runs, again.unchanged) == ([], 1)
        assert late.paused_by == "ana"
        assert claims == [None, None, None]
        assert [row.run.id for row in orphans] == ["run-stranger"]
        assert {row.session.paused_by for row in rows} == {"ana"}
        assert [run.id for run in unpaused.runs] == ["run-top", "run-middle", "run-late"]
        assert None not in taken
        assert (await store.check_rows()).is_intact
        with pytest.raises(NotFound):
            await store.pause(SessionKey("nowhere"), by="me")


@pytest.mark.parametrize("status", [RunStatus.KILLED, RunStatus.TIMED_OUT])
async def test_a_kill_ends_the_live_runs_of_a_tree_with_what_they_have(
    open_store: OpenStore, status: RunStatus
) -> None:
    async with open_store() as store:
        (top,) = await spawn(store, plan("top"))
        middle, done = await spawn(store, plan("middle", top), plan("done", top))
        await spawn(store, plan("leaf", middle), plan("stranger"))
        epoch = (await claim(store, "run-middle")).run.epoch
        await store.append(RunId("run-middle"), epoch, [replied(1, "older"), replied(2, "half")])
        over = (await claim(store, "run-done")).run.epoch
        await store.finish(RunId("run-done"), over, DONE)

        killed = await store.kill(top.key, by="somebody", status=status)

        assert {run.id for run in killed.runs} == {"run-top", "run-middle", "run-leaf"}
        assert killed.already_over == 1
        results = await store.results([RunId("run-middle"), RunId("run-leaf"), RunId("run-done")])
        middle_end, leaf_end, done_end = [result for result in results if result is not None]
        assert middle_end.status == status
        assert middle_end.output == "half"
        assert middle_end.text == "half"
        assert leaf_end.status == status
        assert leaf_end.output is None
        assert leaf_end.text == ""
        assert done_end.status is RunStatus.DONE
        assert middle_end.error is not None
        assert "somebody" in middle_end.error.message
        assert (await row(store, "middle")).run.error_code == middle_end.error.code
        with pytest.raises(OwnershipLost):
            await store.append(RunId("run-middle"), epoch, [replied(3)])
        assert (await row(store, "stranger")).run.status is RunStatus.QUEUED
        assert (await row(store, "done")).session.killed
        assert done.key == done_end.session_key


async def test_a_dry_run_of_a_kill_says_what_it_would_do_and_does_nothing(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (top,) = await spawn(store, plan("top"))
        await spawn(store, plan("below", top))
        before = await store.events()

        would = await store.kill(top.key, by="me", dry_run=True)

        assert [run.id for run in would.runs] == ["run-top", "run-below"]
        assert await store.events() == before
        assert not (await row(store, "top")).session.killed
        did = await store.kill(top.key, by="me")
        assert [run.id for run in did.runs] == [run.id for run in would.runs]
        killed = await store.kill(top.key, by="me")
        assert killed == ([], 2)
        with pytest.raises(NotFound):
            await store.kill(SessionKey("nowhere"), by="me")


async def test_released_runs_are_free_and_only_the_owner_can_release_them(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        await claim(store, "run-a")
        b = await claim(store, "run-b")
        await store.finish(RunId("run-b"), b.run.epoch, DONE)

        await store.release(OTHER, [RunId("run-a")])
        assert (await row(store, "a")).run.owner == ME
        await store.release(ME, [RunId("run-a"), RunId("run-b")])

        free = await row(store, "a")
        assert free.run.owner is None
        assert free.run.status is RunStatus.QUEUED
        assert (await row(store, "b")).run.owner == ME
        claimed = await claim(store, "run-a", OTHER)
        assert claimed.run.owner == OTHER


async def test_an_owner_that_ends_leaves_its_runs_queued(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        await claim(store, "run-a")

        await store.heartbeat(Owner(id=ME, host="here", pid=1, state=OwnerState.GONE))

        left = await row(store, "a")
        assert left.run.status is RunStatus.QUEUED
        assert left.run.owner == ME
        assert left.owner_state is OwnerState.GONE
        assert await store.rows(Filter(orphaned=True)) == []


async def test_everything_that_an_owner_left_can_be_released_to_any_process(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (session, *_) = await spawn(store, plan("a", owner=ME), plan("b", owner=OTHER))
        await store.send(session.key, RunId("second"), Queued(text="more"), owner=ME)
        await claim(store, "run-a")
        await store.heartbeat(Owner(id=ME, host="here", pid=1, state=OwnerState.GONE))

        left = [found.run.id for found in await store.rows(Filter(owner=ME))]
        await store.release(ME, left)

        assert sorted(left) == ["run-a", "second"]
        assert {r.run.id for r in await store.rows(Filter(orphaned=True))} == set(left)
        assert await store.rows(Filter(owner=ME)) == []


async def test_heartbeats_are_stored_and_a_living_owner_can_be_marked_dead(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        began = time.time()
        await store.heartbeat(Owner(id=ME, host="far", pid=42, role=Role.WORKER))
        await store.mark_dead(OTHER)

        owners = {owner.id: owner for owner in await store.owners()}

        assert owners[OTHER].state is OwnerState.DEAD
        assert owners[ME].state is OwnerState.LIVE
        assert owners[ME].pid == 1
        assert began <= owners[ME].heartbeat_at <= time.time()
        await store.heartbeat(Owner(id=OTHER, host="here", pid=1))
        assert {owner.state for owner in await store.owners()} == {OwnerState.LIVE}


async def test_an_event_that_is_written_soon_is_there_before_one_that_is_written_later(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        run, epoch = RunId("run-a"), (await claim(store, "run-a")).run.epoch

        store.append_soon(run, epoch, replied(1))
        store.append_soon(run, epoch - 1, replied(3))
        await store.append(run, epoch, [replied(2)])
        store.append_soon(run, epoch, replied(4))
        await store.finish(run, epoch, DONE)
        store.append_soon(run, epoch, replied(5))

        written = [e.key for e in await store.events() if isinstance(e.body, Replied)]
        assert written == ["turn-1/model", "turn-2/model", "turn-4/model"]


async def test_a_throttle_is_changed_in_one_transaction_and_kept(open_store: OpenStore) -> None:
    async with open_store() as store:
        assert await store.throttles() == []

        kept, given = await store.change_throttle(
            "mine/model", lambda found: (found.reset(RateLimit(requests_per_minute=3)), "given")
        )
        store.change_throttle_soon("mine/model", lambda found: replace(found, window=7))
        again, _ = await store.change_throttle("mine/model", lambda found: (found, None))

        assert given == "given"
        assert kept.limit == RateLimit(requests_per_minute=3)
        assert again == replace(kept, window=7)
        assert await store.throttles() == [again]


@pytest.mark.parametrize("is_dead", [True, False])
async def test_a_dead_or_gone_owner_has_no_call_in_flight_and_no_probe(
    open_store: OpenStore, is_dead: bool
) -> None:
    held = Holder(in_flight=3, waiting=1, until=1e12)
    probing = Circuit(opened=1, open_until=1.0, probe_until=1e12, prober=ME)

    async with open_store() as store:
        mine = Owner(id=ME, host="here", pid=1)
        await store.heartbeat(mine)
        await store.change_throttle(
            "mine/model",
            lambda found: (
                replace(found, holders={ME: held, OTHER: held}, circuit=probing),
                None,
            ),
        )

        if is_dead:
            await store.mark_dead(ME)
        else:
            await store.heartbeat(replace(mine, state=OwnerState.GONE))

        (throttle,) = await store.throttles()
        assert throttle.holders == {OTHER: held}
        assert throttle.circuit == probing.lose_probe()
