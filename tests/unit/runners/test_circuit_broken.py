"""An agent whose runs keep failing by its own fault is paused, tried by one run, and used again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.circuit import AGENTS
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.event import Event, Noticed
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import ToolCall, assistant
from parallel_agents.core.model import Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.core.throttle import name_for_agent
from parallel_agents.core.usage import Usage
from parallel_agents.errors import AuthFailed
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig
from parallel_agents.views.decisions import find_decisions

BAD, GOOD = "far too long an answer", "short"
SHORT = ConditionGate(condition="len(text) < 10")
NAME = "scripted/model"
WRITER = Agent(name="writer", description="", instructions="Write.", gates=(SHORT,))
READER = Agent(name="reader", description="", instructions="Read.")
WRITE, READ = Task("writer", "Go."), Task("reader", "Go.")
AGENT_OPEN = "PA-E312"
ONE_TRY = Settings(tries=1)


def open_on(
    model: RepliesWith, store: MemoryStore, settings: Settings = ONE_TRY
) -> AbstractAsyncContextManager[Rig]:
    return open_rig(model, agents=[WRITER, READER], store=store, settings=settings)


async def go(rig: Rig, count: int = 1, task: Task = WRITE) -> list[Result]:
    """The results of runs, one after the other."""
    return [await (await rig.sessions.spawn(task)).wait() for _ in range(count)]


def codes(results: Sequence[Result]) -> list[str]:
    return [result.error.code if result.error else "" for result in results]


def by_time(answer: Callable[[float], Answer], seconds: float = 0.0) -> RepliesWith:
    clock = asyncio.get_running_loop().time
    return RepliesWith(lambda _: answer(clock()), NAME, latency_seconds=seconds)


def new_store() -> MemoryStore:
    return MemoryStore(asyncio.get_running_loop().time)


def notices(events: Sequence[Event]) -> list[str]:
    return [event.body.text for event in events if isinstance(event.body, Noticed)]


async def test_after_ten_refused_answers_the_next_run_is_not_begun_and_is_a_dead_letter() -> None:
    store, model = new_store(), by_time(lambda _: BAD)
    async with open_on(model, store) as rig:
        failed = await go(rig, 10)
        (refused,) = await go(rig)
        letters = await rig.sessions.dead_letters(DeadLetterFilter(agent="writer"))

    assert codes(failed) == ["PA-E310"] * 10
    assert refused.status is RunStatus.FAILED
    assert refused.error is not None
    assert refused.error.code == AGENT_OPEN
    assert refused.error.message == "agent writer is paused for 60 s more"
    assert refused.error.why.endswith(
        "most recently with PA-E310 the answer did not pass len(text) < 10"
    )
    assert "`pagents dlq retry --agent writer --current`" in refused.error.hint
    assert len(model.requests) == 10
    assert len(letters) == 11
    assert letters[0].queued.text == "Go."


class Uneven(RepliesWith):
    """The first twelve calls are soon answered badly, all others well and late."""

    def __init__(self) -> None:
        super().__init__(lambda _: GOOD, NAME, latency_seconds=60)

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        if len(self.requests) >= 12:
            return await super().respond(request, listener)
        self.requests.append(request)
        await asyncio.sleep(1)
        return ModelReply(message=assistant(BAD), model=NAME)


@pytest.mark.parametrize(("others", "last"), [(50, ""), (1, AGENT_OPEN)])
async def test_runs_under_way_since_before_the_first_failure_may_yet_go_well(
    others: int, last: str
) -> None:
    settings = Settings(tries=1, max_parallel=100)
    async with open_on(Uneven(), new_store(), settings) as rig:
        early = [await rig.sessions.spawn(WRITE) for _ in range(12 + others)]
        await asyncio.sleep(30)
        late = await rig.sessions.spawn(WRITE)
        seen = codes([await handle.wait() for handle in (*early, late)])

    assert seen == ["PA-E310"] * 12 + [""] * others + [last]


async def test_the_run_that_met_the_opening_tells_it_and_the_audit_lists_it() -> None:
    store = new_store()
    async with open_on(by_time(lambda _: BAD), store) as rig:
        await go(rig, 9)
        handle = await rig.sessions.spawn(WRITE)
        await handle.wait()
        refused = await rig.sessions.spawn(WRITE)
        await refused.wait()
        history = rig.sessions.history
        met = await history(handle.key)
        refused = await history(refused.key)

    left = "agent writer keeps failing and is paused for 60 s: PA-E310 the answer did not pass"
    assert [text.startswith(left) for text in notices(met)] == [True]
    told = [(decision.what, decision.why[:12]) for decision in find_decisions(met, {})]
    assert ("notice", "agent writer") in told
    ends = [decision.why for decision in find_decisions(refused, {}) if decision.what == "fail"]
    assert [end.startswith(f"{AGENT_OPEN} agent writer is paused") for end in ends] == [True]


async def test_one_run_tries_after_the_open_time_and_done_ends_it() -> None:
    store, model = new_store(), by_time(lambda now: BAD if now < 30 else GOOD, 1.0)
    async with open_on(model, store) as rig:
        await go(rig, 10)
        await asyncio.sleep(61)
        handles = [await rig.sessions.spawn(WRITE) for _ in range(3)]
        tried = [await handle.wait() for handle in handles]
        (after,) = await go(rig)
        told = await rig.sessions.history(handles[0].key)

    assert codes(tried) == ["", AGENT_OPEN, AGENT_OPEN]
    assert tried[1].error is not None
    assert tried[1].error.message.endswith("paused until its trial run has ended")
    assert after.is_done
    assert notices(told) == ["agent writer has recovered"]


async def test_a_try_that_fails_too_leaves_it_alone_for_twice_as_long() -> None:
    async with open_on(by_time(lambda _: BAD), new_store()) as rig:
        await go(rig, 10)
        await asyncio.sleep(61)
        await go(rig)
        (refused,) = await go(rig)

    assert refused.error is not None
    assert refused.error.message == "agent writer is paused for 120 s more"


async def test_a_try_whose_end_says_nothing_of_the_agent_leaves_the_try_to_the_next() -> None:
    store = new_store()
    model = by_time(lambda now: BAD if now < 30 else GOOD, 1.0)
    async with open_on(model, store) as rig:
        await go(rig, 10)
        await asyncio.sleep(61)
        killed = await rig.sessions.spawn(WRITE)
        await asyncio.sleep(0.5)
        await killed.kill()
        await asyncio.sleep(1)  # its call is broken off
        results = await go(rig, 2)

    assert [result.status for result in results] == [RunStatus.DONE] * 2


async def test_processes_of_one_store_count_together() -> None:
    store = new_store()
    async with (
        open_on(by_time(lambda _: BAD), store) as one,
        open_on(by_time(lambda _: BAD), store) as other,
    ):
        await go(one, 5)
        await go(other, 5)
        await asyncio.sleep(1)
        results = await go(one)

    assert codes(results) == [AGENT_OPEN]


@pytest.mark.parametrize(
    ("answer", "task", "code"),
    [
        (AuthFailed("no"), READ, "PA-E203"),
        (GOOD, replace(READ, limits=Limits(timeout_seconds=0.5)), "PA-E302"),
    ],
)
async def test_what_a_provider_or_a_time_limit_ended_is_no_fault_of_the_agent(
    answer: Answer, task: Task, code: str
) -> None:
    async with open_on(by_time(lambda _: answer, 1.0), new_store()) as rig:
        results = await go(rig, 15, task)

    assert codes(results) == [code] * 15


CUT = ModelReply(message=assistant("to be con"), model=NAME, finish=Finish.LENGTH, usage=Usage())


@pytest.mark.parametrize(
    ("answer", "limits", "code"),
    [
        (CUT, Limits(), "PA-E211"),
        (ToolCall("1", "no_such_tool", {}), Limits(max_turns=1), "PA-E303"),
    ],
)
async def test_each_fault_counts(answer: Answer, limits: Limits, code: str) -> None:
    async with open_on(by_time(lambda _: answer), new_store()) as rig:
        results = await go(rig, 11, replace(READ, limits=limits))

    assert codes(results) == [*[code] * 10, AGENT_OPEN]


async def test_an_answer_that_fits_no_schema_counts() -> None:
    strict = Agent(name="strict", description="", instructions="", output_schema={"type": "object"})

    async with open_rig(by_time(lambda _: "no object"), agents=[strict]) as rig:
        results = await go(rig, 11, Task("strict", "Go."))

    assert codes(results) == [*["PA-E301"] * 10, AGENT_OPEN]


async def test_a_run_that_a_crash_of_its_model_ends_counts() -> None:
    async with open_on(by_time(lambda _: TypeError("a bug")), new_store()) as rig:
        results = await go(rig, 11, READ)

    assert codes(results) == [*["PA-E314"] * 10, AGENT_OPEN]


async def test_a_run_that_was_begun_before_is_carried_on() -> None:
    store, model = new_store(), by_time(lambda _: BAD, 5.0)
    async with open_on(model, store) as rig:
        begun = await rig.sessions.spawn(WRITE)
        await asyncio.sleep(1)
        rig.engine.cancel_all()
    async with open_on(by_time(lambda _: BAD), store) as rig:
        await go(rig, 10)
    async with open_on(by_time(lambda _: GOOD), store) as rig:
        (row,) = await store.rows(Filter(session=begun.key))
        rig.engine.submit(row)
        found = [*await rig.service.wait([begun.run_id]), *await go(rig)]

    assert codes(found) == ["", AGENT_OPEN]


async def test_an_agent_that_gives_some_good_answers_is_used_on_and_another_is_not_touched() -> (
    None
):
    async def body() -> list[Result]:
        store, calls = new_store(), iter(range(100))
        async with open_on(by_time(lambda _: BAD if next(calls) % 5 else GOOD), store) as rig:
            mixed = await go(rig, 40)
        async with open_on(by_time(lambda _: BAD), store) as rig:
            await go(rig, 30)
            return [*mixed, *await go(rig, 1, READ)]

    assert AGENT_OPEN not in codes(await body())


@pytest.mark.parametrize(
    "options",
    [SessionOptions(is_quiet=True, is_service=True), SessionOptions(is_trial=True)],
    ids=["for the runtime", "a try of a case"],
)
async def test_what_says_nothing_about_an_agent_s_work_neither_counts_nor_is_refused(
    options: SessionOptions,
) -> None:
    service = replace(WRITE, options=options)

    async with open_on(by_time(lambda _: BAD), new_store()) as rig:
        uncounted = await go(rig, 20, service)
        counted = await go(rig, 10) + await go(rig, 1, service)

    assert codes(uncounted) == ["PA-E310"] * 20
    assert codes(counted) == ["PA-E310"] * 11


async def test_the_setting_leaves_no_agent_alone() -> None:
    settings = Settings(tries=1, agent_breaker=False)
    async with open_on(by_time(lambda _: BAD), new_store(), settings) as rig:
        results = await go(rig, 20)

    assert codes(results) == ["PA-E310"] * 20


async def test_an_agent_that_does_well_has_nothing_in_the_store() -> None:
    store = new_store()
    async with open_on(by_time(lambda _: GOOD), store) as rig:
        await go(rig, 20)
    throttles = await store.throttles()

    assert throttles == []


async def test_a_reset_lets_it_be_used_again() -> None:
    store = new_store()
    async with open_on(by_time(lambda _: BAD), store) as rig:
        await go(rig, AGENTS.failures)
        await store.change_throttle(
            name_for_agent("writer"), lambda found: (found.reset(None), None)
        )
        results = await go(rig)

    assert codes(results) == ["PA-E310"]
