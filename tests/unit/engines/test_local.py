"""The local engine keeps its limits, loses no run, and stops cleanly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Body,
    Entry,
    Queued,
    Replied,
    Retrying,
    ToolFinished,
    Unanswered,
)
from parallel_agents.core.gate import JudgeGate, RegexGate
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Failure, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Claim, Filter, SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import Stopping, StoreFull
from parallel_agents.settings import Settings
from parallel_agents.testing import (
    MemoryStore,
    RepliesWith,
    Rig,
    ScriptedModel,
    open_rig,
    run_virtual,
)
from parallel_agents.tools.function import FunctionTool

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
CRITIC = replace(WRITER, name="critic", instructions="Judge.")
LOST = OwnerId("lost")
ONE = Settings(max_parallel=1)


class Crowd(RepliesWith):
    """A model that takes 10 s, and counts who asks it at once, by the agent's instructions."""

    def __init__(self, name: str = "scripted/model", at_once: int | None = None) -> None:
        super().__init__(lambda _: "done", name, capabilities=Capabilities(max_parallel=at_once))
        self.most: Counter[str] = Counter()
        self._now: Counter[str] = Counter()

    @property
    def order(self) -> list[str]:
        return [request.messages[0].text for request in self.requests]

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self._now.update(("all", request.system))
        self.most |= self._now
        await asyncio.sleep(10)
        self._now.subtract(("all", request.system))
        return await super().respond(request, listener)


async def run_all(rig: Rig, *tasks: Task, max_parallel: int | None = None) -> float:
    """Seconds until all tasks of a team are done."""
    team = TeamTask(tasks=tasks, max_parallel=max_parallel)
    result = await rig.sessions.team_result(await rig.sessions.spawn_team(team))
    assert result.is_done
    return result.seconds


def tasks(count: int, agent: str = "writer", model: str | None = None) -> list[Task]:
    return [Task(agent, f"task {n}", model=model) for n in range(count)]


async def test_no_more_runs_are_at_work_than_the_process_allows() -> None:
    crowd = Crowd()

    async with open_rig(crowd, agents=[WRITER], settings=Settings(max_parallel=4)) as rig:
        seconds = await run_all(rig, *tasks(10))

    assert seconds == 30
    assert crowd.most["all"] == 4


async def test_a_team_has_its_own_bound_and_takes_no_place_of_its_own() -> None:
    crowd = Crowd()

    async with open_rig(crowd, agents=[WRITER], settings=Settings(max_parallel=5)) as rig:
        both = (run_all(rig, *tasks(4), max_parallel=n) for n in (2, 3))
        results = await asyncio.gather(*both)

    assert results == [20, 20]
    assert crowd.most["all"] == 5


async def test_an_agent_has_its_own_bound() -> None:
    crowd = Crowd()
    alone = replace(CRITIC, limits=Limits(max_parallel=1))

    async with open_rig(crowd, agents=[WRITER, alone]) as rig:
        seconds = await run_all(rig, *tasks(4), *tasks(4, "critic"))

    assert seconds == 40
    assert crowd.most["Write."] == 4
    assert crowd.most["Judge."] == 1


async def test_a_model_has_its_own_bound() -> None:
    small, big = Crowd("scripted/small", at_once=2), Crowd("scripted/big")

    async with open_rig(small, big, agents=[WRITER]) as rig:
        seconds = await run_all(rig, *tasks(6), *tasks(6, model="scripted/big"))

    assert seconds == 30
    assert small.most["all"] == 2
    assert big.most["all"] == 6


async def test_among_those_that_wait_the_higher_priority_goes_first() -> None:
    crowd = Crowd()

    async with open_rig(crowd, agents=[WRITER], settings=Settings(max_parallel=1)) as rig:
        given = [("first", 0), ("low", -1), ("second", 0), ("high", 5)]
        await run_all(rig, *(Task("writer", text, priority=p) for text, p in given))

    assert crowd.order == ["high", "first", "second", "low"]


async def test_a_thousand_runs_at_once_take_no_longer_than_one() -> None:
    crowd = Crowd()

    async with open_rig(crowd, agents=[WRITER], settings=Settings(max_parallel=1000)) as rig:
        seconds = await run_all(rig, *tasks(1000))

    assert seconds == 10
    assert crowd.most["all"] == 1000


async def test_the_next_run_of_a_session_begins_when_the_one_before_ends() -> None:
    crowd = Crowd()

    async with open_rig(crowd, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "first"))
        spawned = [await rig.service.send(handle.key, text) for text in ("second", "third")]
        runs = [handle.run_id, *(s.run_id for s in spawned)]
        results = await rig.service.wait(runs)

    assert [result.seconds for result in results] == [10, 10, 10]
    assert crowd.most["all"] == 1


class SlowClaims(MemoryStore):
    """A store whose answer to a claim comes a second after it was decided."""

    @override
    async def claim(self, run: RunId, owner: OwnerId) -> Claim | None:
        decided = await super().claim(run, owner)
        await asyncio.sleep(1)
        return decided


async def test_an_end_that_is_heard_while_the_next_run_is_being_claimed_frees_it() -> None:
    store = SlowClaims(asyncio.get_running_loop().time)
    async with open_rig(Crowd(), agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn(Task("writer", "first"))
        # The first run is over at 11 s: after this claim is decided, before it is answered.
        await asyncio.sleep(10.5)
        second = await rig.service.send(handle.key, "second")
        results = await rig.service.wait([handle.run_id, second.run_id])
    await store.aclose()

    assert [result.status for result in results] == [RunStatus.DONE] * 2


async def test_killing_a_run_breaks_off_its_call_and_lets_the_next_in() -> None:
    crowd = Crowd()

    async with open_rig(crowd, agents=[WRITER], settings=Settings(max_parallel=1)) as rig:
        first = await rig.sessions.spawn(Task("writer", "first"))
        second = await rig.sessions.spawn(Task("writer", "second"))
        await asyncio.sleep(4)
        await first.kill()
        killed = await first.wait()
        await second.wait()
        ended_at = asyncio.get_running_loop().time()

    assert killed.status is RunStatus.KILLED
    assert killed.seconds == 4
    assert ended_at == 14
    assert crowd.order == ["second"]


async def test_a_run_that_is_killed_in_the_queue_never_begins() -> None:
    model = ScriptedModel(["done"], latency_seconds=10)

    async with open_rig(model, agents=[WRITER], settings=Settings(max_parallel=1)) as rig:
        first = await rig.sessions.spawn(Task("writer", "first"))
        second = await rig.sessions.spawn(Task("writer", "second"))
        await second.kill()
        killed = await second.wait()
        await first.wait()
        await rig.engine.wait_idle()

    assert killed.status is RunStatus.KILLED
    model.assert_used_up()


async def test_text_reaches_who_listens_until_they_stop() -> None:
    heard: list[str] = []

    async with open_rig(RepliesWith(lambda _: "words"), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "first"))
        stop = rig.engine.listen(handle.run_id, heard.append)
        await handle.wait()
        stop()

    assert heard == ["words"]


# Coming to a stop


async def test_leaving_lets_calls_end_and_be_kept_and_leaves_the_runs_queued() -> None:
    model = ScriptedModel(["not yet", "done"], latency_seconds=10)
    agent = replace(WRITER, output_schema={"type": "object"})

    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model, agents=[agent], store=store, settings=ONE) as rig:
        handle = await rig.sessions.spawn(Task("writer", "first"))
        await rig.sessions.spawn(Task("writer", "second"))
        await asyncio.sleep(3)
    left_at = asyncio.get_running_loop().time()
    (_, row) = await store.rows(Filter())
    events = await store.events(session=handle.key)
    assert {r.run.status for r in await store.rows(Filter())} == {RunStatus.QUEUED}
    await store.aclose()

    assert left_at == 10
    assert row.owner_state is OwnerState.GONE
    assert [event.body.kind for event in events] == ["queued", "started", "replied"]
    assert len(model.requests) == 1


async def test_an_answer_that_comes_while_the_engine_stops_ends_its_run_if_no_call_is_missing() -> (
    None
):
    gates = (RegexGate(pattern="all"), RegexGate(pattern="done"))
    model = RepliesWith(lambda _: "all done", latency_seconds=10)

    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        await rig.sessions.spawn(Task("writer", "checked", gates=gates))
        await rig.sessions.spawn(Task("writer", "judged", gates=(JudgeGate(rubric="Is it good?"),)))
        await asyncio.sleep(3)
    rows = await store.rows(Filter())
    await store.aclose()

    ended = {row.run.title: row.run.status for row in rows}
    assert ended == {"checked": RunStatus.DONE, "judged": RunStatus.QUEUED}
    assert len(model.requests) == 2


async def test_another_process_goes_on_where_the_first_one_stopped() -> None:
    first, second = (ScriptedModel([reply], latency_seconds=10) for reply in ("bad", "{}"))
    agent = replace(WRITER, output_schema={"type": "object"})

    store = MemoryStore(asyncio.get_running_loop().time)
    task = Task("writer", "do it", key="monday")
    async with open_rig(first, agents=[agent], store=store) as rig:
        await rig.sessions.spawn(task)
        await asyncio.sleep(1)
    async with open_rig(second, agents=[agent], store=store) as rig:
        handle = await rig.sessions.spawn(task)
        assert not handle.is_new
        result = await handle.wait()
    await store.aclose()

    assert result.status is RunStatus.DONE
    assert result.output == {}
    assert result.spend.calls == 2
    assert [len(request.messages) for request in second.requests] == [3]


async def test_what_is_asked_of_an_engine_that_stops_is_refused() -> None:
    async with open_rig(Crowd(), agents=[WRITER]) as rig:
        rig.engine.admit_nothing_new()
        with pytest.raises(Stopping):
            await rig.sessions.spawn(Task("writer", "too late"))


async def test_breaking_off_everything_loses_only_the_calls_in_flight() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(Crowd(), agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do it"))
        await asyncio.sleep(3)
        rig.engine.cancel_all()
        await rig.engine.wait_idle()
    kinds = [event.body.kind for event in await store.events(session=handle.key)]
    await store.aclose()

    assert kinds == ["queued", "started", "unanswered"]


# Runs that nobody has


async def leave(store: MemoryStore, name: str, owner: OwnerId | None) -> RunId:
    """A run in the store that was begun by `owner`, or by nobody."""
    key, run = SessionKey(f"agent:writer:subagent:{name}"), RunId(f"run-{name}")
    session = Session(key=key, agent=WRITER, label=name, spawn_key=name, root=key)
    plan = SessionPlan(
        session=session,
        run=run,
        kind=RunnerKind.AGENT,
        queued=Queued(text="do it"),
        digest="",
        model="scripted/model",
        owner=owner,
    )
    await store.spawn([plan])
    if owner is not None:
        await store.claim(run, owner)
    return run


async def test_the_runs_of_an_owner_that_fell_silent_are_taken_over() -> None:
    loop = asyncio.get_running_loop()
    store = MemoryStore(loop.time)
    await store.heartbeat(Owner(id=LOST, host="elsewhere", pid=1))
    run = await leave(store, "a", LOST)
    async with open_rig(Crowd(), agents=[WRITER], store=store) as rig:
        (result,) = await rig.service.wait([run])
        ended_at = loop.time()
    await store.aclose()

    assert result.status is RunStatus.DONE
    assert 30 < ended_at - 10 <= 34


TRIED = Retrying(turn=1, attempt=1, error=Failure("PA-E204", "busy"), wait_seconds=1.0)
LOST_BEFORE = Unanswered(turn=1, model="scripted/model")


@pytest.mark.parametrize(
    ("written", "price_usd", "lost"),
    [((), 1.0, 1), ((), 0.0, 0), ((TRIED,), 1.0, 1), ((LOST_BEFORE,), 1.0, 1)],
)
async def test_a_call_that_a_dead_process_may_have_had_in_flight_may_have_been_billed_once(
    written: Sequence[Body], price_usd: float, lost: int
) -> None:
    price = {"*": {"input_usd": price_usd, "output_usd": price_usd}}
    provider = {"wire": "chat", "base_url": "http://127.0.0.1:1/v1", "prices": price}
    store = MemoryStore(asyncio.get_running_loop().time)
    await store.heartbeat(Owner(id=LOST, host="elsewhere", pid=1))
    run = await leave(store, "a", LOST)
    entries = [Entry(f"turn-1/epoch-1/{n}", body) for n, body in enumerate(written)]
    await store.append(run, 1, entries)
    settings = Settings(providers={"scripted": provider})
    async with open_rig(Crowd(), agents=[WRITER], store=store, settings=settings) as rig:
        (result,) = await rig.service.wait([run])
        events = await rig.sessions.history(result.session_key)
    await store.aclose()

    assert sum(isinstance(event.body, Unanswered) for event in events) == lost
    assert bool(result.notices) == bool(lost)


async def test_calls_under_way_are_held_under_the_id_of_their_owner() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    await store.change_throttle("scripted/model", lambda found: (replace(found, window=5), None))
    async with open_rig(Crowd(), agents=[WRITER], store=store) as rig:
        await rig.sessions.spawn(Task("writer", "do it"))
        await asyncio.sleep(5)
        (kept,) = await store.throttles()
        owner = rig.engine.owner
    await store.aclose()
    holders = list(kept.holders)

    assert holders == [owner]


async def test_a_living_owner_keeps_its_runs() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    await store.heartbeat(Owner(id=LOST, host="elsewhere", pid=1))
    await leave(store, "a", LOST)
    async with open_rig(Crowd(), agents=[WRITER], store=store):
        for _ in range(50):
            await asyncio.sleep(2)
            await store.heartbeat(Owner(id=LOST, host="elsewhere", pid=1))
    (row,) = await store.rows(Filter())
    await store.aclose()

    assert row.run.owner == LOST
    assert row.run.epoch == 1
    assert row.owner_state is OwnerState.LIVE


def test_a_run_of_no_owner_is_taken_at_once_by_a_worker_and_soon_by_a_script() -> None:
    async def begun_after(role: Role) -> float:
        loop = asyncio.get_running_loop()
        store = MemoryStore(loop.time)
        async with open_rig(Crowd(), agents=[WRITER], store=store, role=role) as rig:
            await asyncio.sleep(1)
            (result,) = await rig.service.wait([await leave(store, "a", None)])
        await store.aclose()
        assert result.status is RunStatus.DONE
        return loop.time() - 11

    assert run_virtual(begun_after(Role.WORKER)) == 0
    assert run_virtual(begun_after(Role.SCRIPT)) <= 2


async def test_a_run_is_left_alone_where_its_model_or_its_tools_are_missing() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    await leave(store, "a", None)
    async with open_rig(Crowd("other/model"), agents=[WRITER], store=store):
        await asyncio.sleep(10)
    (row,) = await store.rows(Filter(orphaned=True))
    await store.aclose()
    epoch = row.run.epoch

    assert epoch == 0


async def test_a_run_that_was_taken_over_and_not_ended_is_free_again() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    run = await leave(store, "a", None)
    async with open_rig(Crowd(), agents=[WRITER], store=store, role=Role.WORKER) as rig:
        await asyncio.sleep(5)
        rig.engine.cancel_all()
    (row,) = await store.rows(Filter(orphaned=True))
    await store.aclose()
    assert row.run.id == run

    assert row.run.owner is None
    assert row.run.status is RunStatus.QUEUED
    assert row.run.epoch == 1


async def test_a_former_owner_that_comes_back_leaves_the_run_to_the_new_one() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with (
        open_rig(Crowd(), agents=[WRITER], store=store) as first,
        open_rig(Crowd(), agents=[WRITER], store=store) as second,
    ):
        handle = await first.sessions.spawn(Task("writer", "do it"))
        await asyncio.sleep(5)
        await store.mark_dead(first.engine.owner)
        await second.service.resume(handle.key)
        (result,) = await second.service.wait([handle.run_id])
        await first.engine.wait_idle()
        assert result.status is RunStatus.DONE
    events = await store.events(session=handle.key)
    await store.aclose()

    kinds = [event.body.kind for event in events]
    # The first one's call may have been billed.
    assert kinds == ["queued", "started", "started", "unanswered", "replied", "finished"]


# When the store fails


class FullAfter(MemoryStore):
    """A store whose disk is full after so many model replies."""

    def __init__(self, replies: int) -> None:
        super().__init__()
        self.left = replies

    @override
    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> bool:
        self.left -= any(isinstance(entry.body, Replied) for entry in entries)
        if self.left < 0:
            raise StoreFull("the disk is full")
        return await super().append(run, epoch, entries)


async def test_a_store_that_fails_ends_all_who_wait_with_its_error_and_nothing_hangs() -> None:
    store = FullAfter(3)
    async with open_rig(Crowd(), agents=[WRITER], store=store, settings=ONE) as rig:
        team = await rig.sessions.spawn_team(TeamTask(tasks=tuple(tasks(10))))
        alone = await rig.sessions.spawn(Task("writer", "alone"))

        async def follow() -> None:
            async for _ in rig.sessions.follow(team):
                pass

        ended = await asyncio.gather(
            rig.sessions.team_result(team),
            alone.wait(),
            rig.sessions.wait([team, alone, team]),
            follow(),
            return_exceptions=True,
        )
        with pytest.raises(StoreFull):
            await alone.wait()
        with pytest.raises(Stopping):
            await rig.sessions.spawn(Task("writer", "one more"))
    done = [row for row in await store.rows(Filter()) if row.run.status is RunStatus.DONE]
    assert len(done) == 3
    await store.aclose()

    assert [type(error) for error in ended] == [StoreFull] * 4


@pytest.mark.parametrize(("held", "most"), [(None, 2), (1, 1), (3, 3)])
async def test_a_team_that_goes_on_keeps_its_bound_unless_it_is_told_another(
    held: int | None, most: int
) -> None:
    crowd = Crowd()

    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(crowd, agents=[WRITER], store=store) as rig:
        first = TeamTask(tasks=tuple(tasks(8)), max_parallel=2)
        spawned = await rig.service.spawn_team(first, key="monday")
    crowd.most.clear()
    async with open_rig(crowd, agents=[WRITER], store=store) as rig:
        if held is not None:
            rig.service.limit_parallel(spawned.session_key, held)
        again = TeamTask(tasks=tuple(tasks(8)), max_parallel=5)
        handle = await rig.sessions.spawn_team(again, key="monday")
        assert (await rig.sessions.team_result(handle)).is_done
    await store.aclose()

    assert crowd.most["all"] == most


async def test_a_listener_that_exits_ends_no_run_and_is_not_called_again() -> None:
    heard: list[str] = []

    def listener(piece: str) -> None:
        heard.append(piece)
        raise SystemExit(piece)

    async with open_rig(ScriptedModel(["one two three"]), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "Go."))
        handle.listen(listener)
        result = await handle.wait()

    assert result.is_done
    assert len(heard) == 1


class Strays(MemoryStore):
    """A store whose appends are cancelled by nobody: a failure outside of all calls."""

    @override
    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> bool:
        raise asyncio.CancelledError


async def test_a_cancellation_from_nowhere_ends_the_run_with_an_error() -> None:
    store = Strays(asyncio.get_running_loop().time)
    async with open_rig(ScriptedModel(["done"]), agents=[WRITER], store=store) as rig:
        result = await (await rig.sessions.spawn(Task("writer", "Go."))).wait()
    await store.aclose()

    assert result.error is not None
    assert result.error.code == "PA-E307"
    assert result.error.message == "CancelledError"


async def test_leaving_keeps_the_outcome_of_a_call_that_stands_beside_a_wait() -> None:
    spawn = ToolCall("s", "sessions_spawn", {"task": "draft", "agentId": "critic"})
    both = [ToolCall("w", "sessions_yield", {}), ToolCall("p", "pay", {})]
    model = ScriptedModel([spawn, both, "done"])
    slow = ScriptedModel(["late"], name="scripted/slow", latency_seconds=5)
    critic = replace(CRITIC, model=slow.name)

    async def pay() -> str:
        await asyncio.sleep(10)
        return "paid"

    lead = replace(
        WRITER,
        tools=("pay", "sessions_spawn", "sessions_yield"),
        policy=Policy(spawns=("*",)),
    )
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(
        model, slow, agents=[lead, critic], tools=[FunctionTool(pay)], store=store
    ) as rig:
        handle = await rig.sessions.spawn(Task("writer", "pay"))
        await asyncio.sleep(3)
    events = await store.events(session=handle.key)
    await store.aclose()
    ended = [e.body.result.content for e in events if isinstance(e.body, ToolFinished)]

    assert ended[-1] == "paid"
