"""What every store answers; each kind of store must pass."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from parallel_agents.core.event import (
    Attempted,
    Entry,
    Event,
    Finished,
    Queued,
    Retrying,
    ToolStarted,
)
from parallel_agents.core.flow import RowsChanged
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import ToolCall
from parallel_agents.core.run import Failure, Outcome, RunnerKind, RunStatus
from parallel_agents.core.store import Attempt, Filter, Store
from parallel_agents.core.stuck_rules import STUCK_RULES
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import NotFound
from parallel_agents.views.activity import doing_after
from tests.integration.kept_work import (
    DONE,
    ME,
    OTHER,
    OpenStore,
    claim,
    keys,
    look,
    plan,
    replied,
    row,
    spawn,
)


async def test_a_run_is_found_even_if_its_session_has_had_another(open_store: OpenStore) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a"))
        await store.finish(RunId("run-a"), (await claim(store, "run-a")).run.epoch, DONE)
        await store.send(session.key, RunId("second"), Queued(text="more"), owner=ME)
        first, second = Filter(run=RunId("run-a")), Filter(run=RunId("second"))

        assert [row.run.number for row in await store.rows(first)] == [1]
        assert [row.run.number for row in await store.rows(second)] == [2]
        assert await store.rows(Filter(run=RunId("run-"))) == []
        assert await store.rows(replace(first, is_live=True)) == []
        assert await store.rows(replace(first, tree=SessionKey("another"))) == []


async def test_each_field_of_a_filter_chooses(open_store: OpenStore) -> None:
    async with open_store() as store:
        (top,) = await spawn(store, plan("top"))
        (middle,) = await spawn(store, plan("middle", top, owner=None))
        await spawn(store, plan("leaf", middle, owner=OTHER), plan("alone"))
        epoch = (await claim(store, "run-alone")).run.epoch
        await store.finish(RunId("run-alone"), epoch, DONE)
        finished_at = (await row(store, "alone")).run.finished_at or 0.0
        everybody = {"top", "middle", "leaf", "alone"}

        assert await keys(store, Filter()) == everybody
        assert await keys(store, Filter(tree=middle.key)) == {"middle", "leaf"}
        assert await keys(store, Filter(parent=top.key)) == {"middle"}
        assert await keys(store, Filter(roots_only=True)) == {"top", "alone"}
        assert await keys(store, Filter(is_live=True)) == {"top", "middle", "leaf"}
        assert await keys(store, Filter(is_live=False)) == {"alone"}
        assert await keys(store, Filter(orphaned=True)) == {"middle"}
        await store.mark_dead(OTHER)
        assert await keys(store, Filter(orphaned=True)) == {"middle", "leaf"}
        assert await keys(store, Filter(since=finished_at)) == everybody
        assert await keys(store, Filter(since=finished_at + 1)) == everybody - {"alone"}
        assert await keys(store, Filter(tree=top.key, is_live=True, parent=top.key)) == {"middle"}
        assert len(await store.rows(Filter(limit=2))) == 2


async def test_live_work_is_counted_for_the_process_that_takes_it_up(open_store: OpenStore) -> None:
    async with open_store() as store:
        (top,) = await spawn(store, plan("top"))
        (left,) = await spawn(store, plan("left", owner=OTHER))
        await spawn(store, plan("one", top, owner=OTHER), plan("two", top, owner=OTHER))
        await spawn(store, plan("below", left, owner=OTHER), plan("mine", left))
        await claim(store, "run-top")
        await claim(store, "run-left", OTHER)
        before = await counted(store)
        await store.mark_dead(OTHER)

        assert before == {
            (ME, "running"): 1,
            (ME, "queued"): 1,
            (OTHER, "queued"): 3,
            (OTHER, "running"): 1,
        }
        # What is below the work of a living process is its own; what is below that of a dead one is left.
        assert await counted(store) == before | {(ME, "queued"): 3, (OTHER, "queued"): 1}


async def counted(store: Store) -> dict[tuple[OwnerId | None, str], int]:
    vitals = await store.vitals(STUCK_RULES, since=0.0, now=0.0)
    return {(each.owner, str(each.status)): each.runs for each in vitals.live}


async def test_only_failures_that_still_count_are_counted(open_store: OpenStore) -> None:
    async with open_store() as store:
        key = SessionKey("flow:map:fruits")
        top = plan("fruits")
        top = replace(top, session=replace(top.session, key=key, root=key), kind=RunnerKind.FLOW)
        (fruits,) = await spawn(store, top)
        names = ("plums", "apples", "figs")
        await spawn(store, *(plan(name, fruits) for name in names), plan("alone"))
        run, epoch = RunId("run-fruits"), (await claim(store, "run-fruits")).run.epoch
        failed = Outcome(status=RunStatus.FAILED, error=Failure("PA-E310", "no"))
        for name in (*names, "alone"):
            await store.finish(
                RunId(f"run-{name}"), (await claim(store, f"run-{name}")).run.epoch, failed
            )
        counts = [await failures(store)]

        await spawn(store, plan("plums/retry-2", fruits))
        counts.append(await failures(store))
        again = await claim(store, "run-plums/retry-2")
        await store.finish(again.run.id, again.run.epoch, failed)
        counts.append(await failures(store))
        await store.append(run, epoch, [Entry("rows-changed/1", RowsChanged(gone=("apples",)))])
        counts.append(await failures(store))
        await store.append(run, epoch, [Entry("rows-changed/2", RowsChanged(back=("apples",)))])
        counts.append(await failures(store))
        await store.send(plan("alone").session.key, RunId("more"), Queued(text="more"), owner=ME)
        counts.append(await failures(store))

        assert counts == [4, 3, 4, 3, 4, 3]


async def failures(store: Store) -> int:
    vitals = await store.vitals(STUCK_RULES, since=0.0, now=0.0)
    return sum(each.runs for each in vitals.failures)


@pytest.mark.parametrize(
    "prefix",
    ["agent:writer:subagent:first", "agent:writer:subagent:fi", "fi", "the first", "run-firs"],
)
async def test_a_prefix_is_the_start_of_a_key_or_an_id_or_a_whole_label(
    open_store: OpenStore, prefix: str
) -> None:
    async with open_store() as store:
        await spawn(store, plan("first"), plan("second"))

        assert await keys(store, Filter(prefix=prefix)) == {"first"}


@pytest.mark.parametrize(
    "prefix",
    [
        "the fir",
        "*",
        "f?rst",
        "[f]irst",
        "rst",
        "FIRST",
        "%",
        "",
        "a",
        "agent",
        "writer",
        "subagent",
        "run-fir",
    ],
)
async def test_a_prefix_is_not_a_pattern(open_store: OpenStore, prefix: str) -> None:
    async with open_store() as store:
        await spawn(store, plan("first"))

        assert await keys(store, Filter(prefix=prefix)) == set()


async def test_a_full_name_comes_before_newer_namesakes(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("monday"))
        for number in range(5):
            await spawn(store, plan(f"monday-{number}"))

        for name in ("monday", "agent:writer:subagent:monday", "run-monday"):
            (found, _) = await store.rows(Filter(prefix=name, limit=2))
            assert found.session.spawn_key == "monday"


async def test_rows_come_newest_first_with_the_latest_run(open_store: OpenStore) -> None:
    async with open_store() as store:
        (a,) = await spawn(store, plan("a"))
        await spawn(store, plan("b"))
        epoch = (await claim(store, "run-a")).run.epoch
        await store.finish(RunId("run-a"), epoch, DONE)
        assert [r.session.spawn_key for r in await store.rows(Filter())] == ["b", "a"]

        await store.send(a.key, RunId("second"), Queued(text="more"), owner=ME)

        rows = await store.rows(Filter())
        assert [(r.session.spawn_key, r.run.id) for r in rows] == [("a", "second"), ("b", "run-b")]


async def test_results_come_in_the_order_asked_with_none_for_live_runs(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        epoch = (await claim(store, "run-b")).run.epoch
        await store.append(RunId("run-b"), epoch, [replied(1)])
        failure = Failure("PA-E301", "no fit", "why", "hint")
        outcome = Outcome(
            status=RunStatus.FAILED, output={"n": [1]}, text="raw", error=failure, notices=("weak",)
        )
        await store.finish(RunId("run-b"), epoch, outcome)

        b, a, again = await store.results([RunId("run-b"), RunId("run-a"), RunId("run-b")])

        assert a is None
        assert b is not None
        assert again == b
        assert b.agent == "writer"
        assert b.label == "the b"
        assert b.model == "scripted/model"
        assert b.status == "failed"
        assert b.output == {"n": [1]}
        assert b.text == "raw"
        assert b.error == failure
        assert b.notices == ("weak",)
        assert b.attempts == 1
        assert b.run_id == "run-b"
        assert b.spend == Spend(Usage(10, 20, 30, 40), 1, 7, 0)
        with pytest.raises(NotFound, match="'nobody'"):
            await store.results([RunId("run-a"), RunId("nobody")])


async def test_events_are_read_after_a_number_of_a_session_of_a_tree_and_up_to_a_limit(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (top,) = await spawn(store, plan("top"))
        (below,) = await spawn(store, plan("below", top))
        await spawn(store, plan("alone"))
        await claim(store, "run-below")

        everything = await store.events()

        assert [e.seq for e in everything] == sorted({e.seq for e in everything})
        assert await store.events(after=everything[1].seq) == everything[2:]
        assert await store.events(limit=2) == everything[:2]
        assert {e.run for e in await store.events(session=top.key)} == {"run-top"}
        assert {e.run for e in await store.events(tree=top.key)} == {"run-top", "run-below"}
        (last,) = await store.events(tree=below.key, after=everything[2].seq, limit=5)
        assert last.body.kind == "started"
        assert last.session == below.key
        assert last.key == "started-1"


async def test_a_subscriber_gets_every_event_once_and_in_order(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("before"))
        heard: list[Event] = []
        unsubscribe = store.subscribe(heard.extend)

        await spawn(store, *(plan(f"s{n}") for n in range(5)))
        await asyncio.gather(*(store.claim(RunId(f"run-s{n}"), ME) for n in range(5)))
        await store.append(RunId("run-s0"), 1, [replied(1), replied(1), replied(2)])
        await store.finish(RunId("run-s0"), 1, DONE)
        unsubscribe()
        await spawn(store, plan("after"))

        written = [e for e in await store.events() if e.run not in ("run-before", "run-after")]
        assert heard == written
        assert len(heard) == 13


async def test_the_row_of_a_run_follows_its_events(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"))
        run, epoch = RunId("run-a"), (await claim(store, "run-a")).run.epoch
        error = Failure("PA-E201", "slow down")
        tool = ToolStarted(turn=1, call=ToolCall("1", "look", {}), effect=Effect.PURE)
        retry = Retrying(turn=2, attempt=1, error=error, wait_seconds=3.2)

        await store.append(run, epoch, [replied(1), Entry("turn-1/call-1/started", tool)])
        assert doing_after((await look(store, "a")).last[run]) == "calls look"
        await store.append(run, epoch, [Entry("turn-2/retry-1", retry)])
        assert doing_after((await look(store, "a")).last[run]) == "slow down; again in 3 s, try 2"
        later = await store.look([await row(store, "a")], STUCK_RULES, store.now() + 4.0)
        assert doing_after(later.last[run]) == "slow down; asks again, try 2"
        await store.append(run, epoch, [replied(2, cost=None)])
        await store.append(run, epoch, [Entry("attempt-2", Attempted(number=2, error=error))])

        now = (await row(store, "a")).run
        assert now.attempts == 2
        assert now.spend == Spend(Usage(20, 40, 60, 80), 2, 7, 1)
        assert now.spend.cost_usd is None
        await store.finish(run, epoch, replace(DONE, status=RunStatus.FAILED, error=error))
        end = (await row(store, "a")).run
        assert end.status == "failed"
        assert end.error_code == "PA-E201"
        assert end.seconds is not None
        last = (await store.events())[-1].body
        assert isinstance(last, Finished)
        assert last.outcome.error == error


async def test_live_runs_are_returned_in_order_and_the_unknown_is_an_error(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"), plan("c"))
        epoch = (await claim(store, "run-b")).run.epoch
        await store.finish(RunId("run-b"), epoch, DONE)
        asked = [RunId(f"run-{name}") for name in "cba"]

        assert await store.live_among(asked) == ["run-c", "run-a"]
        assert await store.live_among([]) == []
        with pytest.raises(NotFound, match="'nobody'"):
            await store.live_among([RunId("nobody")])


async def test_the_last_event_of_each_run_that_has_begun_is_returned(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        epoch = (await claim(store, "run-b")).run.epoch
        await store.append(RunId("run-b"), epoch, [replied(1)])

        last = (await look(store, "a", "b")).last
        await store.mark_dead(ME)
        times = (await look(store, "a", "b")).last_times
        # A process was there at its last heartbeat, which comes every two seconds.
        at = {event.run: event.at for event in await store.events()}
        assert times == pytest.approx(at, abs=60)

        assert last == {"run-b": replied(1).body}


async def test_the_last_step_of_a_run_is_not_its_start(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        epoch = (await claim(store, "run-b")).run.epoch
        await store.append(RunId("run-b"), epoch, [replied(1)])
        await claim(store, "run-a")
        await claim(store, "run-b")

        seen = await look(store, "a", "b")

        assert seen.last_steps == {"run-b": replied(1).body}


async def test_the_attempts_of_a_run_are_returned_with_their_costs(open_store: OpenStore) -> None:
    async with open_store() as store:
        ladder = replace(plan("a").queued, ladder=("loop/small", "loop/large"))
        await spawn(store, replace(plan("a"), queued=ladder), plan("b"))
        run, epoch = RunId("run-a"), (await claim(store, "run-a")).run.epoch
        again = Attempted(number=2, error=Failure("", ""), model="loop/large")
        entries = [replied(1), Entry("attempt-2", again), replied(2), replied(3, cost=None)]
        await store.append(run, epoch, entries)

        attempts = await store.attempts([run, RunId("run-b")])

        one, two = Usage(10, 20, 30, 40), Usage(20, 40, 60, 80)
        assert attempts[run] == [
            Attempt("loop/small", Spend(one, 1, 7, 0)),
            Attempt("loop/large", Spend(two, 2, 7, 1)),
        ]
        assert attempts[RunId("run-b")] == [Attempt("", Spend())]


async def test_events_are_chosen_by_their_kinds(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        epoch = (await claim(store, "run-b")).run.epoch
        await store.append(RunId("run-b"), epoch, [replied(1)])

        chosen = await store.events(kinds={"queued", "replied"})
        of_session = await store.events(session=plan("b").session.key, kinds=["replied"])

        assert [event.body.kind for event in chosen] == ["queued", "queued", "replied"]
        assert [event.key for event in of_session] == ["turn-1/model"]
        assert await store.events(kinds=[]) == []
