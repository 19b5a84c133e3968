"""The seven verbs: what they accept, refuse and answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET
from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import (
    Conflict,
    InvalidInput,
    MissingKey,
    NotFound,
    PagentsError,
    RunIsOver,
    UnknownAgent,
    UnknownModel,
)
from parallel_agents.settings import Settings
from parallel_agents.testing import MemoryStore, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
STRICT = replace(
    WRITER,
    name="strict",
    input_schema={
        "type": "object",
        "properties": {"tone": {"type": "string"}},
        "required": ["tone"],
    },
)


def model() -> RepliesWith:
    return RepliesWith(lambda request: f"re: {request.messages[-1].text}", latency_seconds=10)


def team(*tasks: Task) -> TeamTask:
    return TeamTask(tasks=tasks)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Task("nobody", "x"), UnknownAgent),
        (Task("strict", "x"), InvalidInput),
        (Task("strict", "x", input={"tone": 3}), InvalidInput),
        (Task("writer", " \n"), InvalidInput),
        (Task("writer", "x", model="nowhere/model"), UnknownModel),
        (Task("writer", "x", model="anthropic/claude-haiku-4-5"), MissingKey),
    ],
)
async def test_a_task_that_cannot_run_is_refused_before_anything_is_stored(
    bad: Task, error: type[PagentsError]
) -> None:
    async with open_rig(model(), agents=[WRITER, STRICT]) as rig:
        with pytest.raises(error):
            await rig.sessions.spawn(bad)
        with pytest.raises(error):
            await rig.sessions.spawn_team(team(Task("writer", "good"), bad))
        events = await rig.store.events()

    assert events == []


async def test_a_task_can_define_its_agent() -> None:
    async with open_rig(model()) as rig:
        output = (await (await rig.sessions.spawn(Task(WRITER, "x"))).wait()).output

    assert output == "re: x"


async def test_limits_come_from_the_task_then_the_agent_then_the_settings() -> None:
    agent = replace(WRITER, limits=Limits(max_turns=7, attempts=2))
    limits_of_task = Limits(max_turns=3)

    settings = Settings(attempts=9, timeout_seconds=77)
    async with open_rig(model(), agents=[agent], settings=settings) as rig:
        await rig.sessions.spawn(Task("writer", "x", limits=limits_of_task))
        event = (await rig.store.events())[0]

    queued = event.body

    assert queued.kind == "queued"
    limits = queued.limits
    assert limits.max_turns == 3
    assert limits.attempts == 2
    assert limits.timeout_seconds == 77


async def test_the_same_key_returns_the_existing_session_and_pays_for_nothing_twice() -> None:
    asked = model()

    async with open_rig(asked, agents=[WRITER]) as rig:
        task = Task("writer", "x", key="monday", input={"a": 1, "b": 2})
        first = await rig.sessions.spawn(task)
        result = await first.wait()
        again = await rig.sessions.spawn(replace(task, input={"b": 2, "a": 1}, priority=3))
        assert first.is_new
        assert not again.is_new
        assert await again.wait() == result

    assert len(asked.requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        Task("writer", "y", key="monday"),
        Task("strict", "x", key="monday", input={"tone": "dry"}),
        Task("writer", "x", key="monday", input={"a": 1}),
    ],
)
async def test_other_work_under_a_key_is_a_conflict(other: Task) -> None:
    async with open_rig(model(), agents=[WRITER, STRICT]) as rig:
        await rig.sessions.spawn(Task("writer", "x", key="monday"))
        with pytest.raises(Conflict, match="'monday'"):
            await rig.sessions.spawn(other)


async def test_a_team_under_a_key_continues_and_another_team_under_it_leaves_no_trace() -> None:
    asked = model()

    async with open_rig(asked, agents=[WRITER]) as rig:
        two = team(Task("writer", "a"), Task("writer", "b"))
        first = await rig.sessions.team_result(await rig.sessions.spawn_team(two, key="m"))
        again = await rig.sessions.team_result(await rig.sessions.spawn_team(two, key="m"))
        assert again == first
        with pytest.raises(Conflict):
            await rig.sessions.spawn_team(team(*two.tasks, Task("writer", "c")), key="m")
        assert len(await rig.sessions.list()) == 3

    assert len(asked.requests) == 2


@pytest.mark.parametrize("key", ["a/b", "a b", "-a", ".a", "x" * 65, "ä", "a\n"])
async def test_a_name_that_cannot_be_part_of_a_path_is_refused(key: str) -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        with pytest.raises(InvalidInput, match="is not a valid name for a run"):
            await rig.sessions.spawn_team(team(Task("writer", "a")), key=key)


async def test_two_tasks_with_one_key_and_the_same_work_are_one_run() -> None:
    asked = model()

    async with open_rig(asked, agents=[WRITER]) as rig:
        twins = team(Task("writer", "a", key="one"), Task("writer", "a", key="one"))
        result = await rig.sessions.team_result(await rig.sessions.spawn_team(twins))
        first, second = [r.run_id for r in result.results]

    assert first == second
    assert len(asked.requests) == 1


async def test_a_child_has_its_place_in_the_tree_and_a_killed_parent_has_no_live_children() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        top = await rig.sessions.spawn(Task("writer", "top"))
        below = await rig.sessions.spawn(Task("writer", "below"), parent=top)
        leaf = await rig.sessions.spawn(Task("writer", "leaf"), parent=below)
        row = await rig.service.find(leaf.key)
        assert row.session.parent == below.key
        assert row.session.root == top.key
        assert row.session.depth == 2

        would = await rig.sessions.kill(top.key, dry_run=True)
        assert [run.session for run in would.runs] == [top.key, below.key, leaf.key]
        await top.kill()
        late = await rig.sessions.spawn(Task("writer", "late"), parent=below)

        results = await rig.sessions.wait([top, below, leaf, late])
        assert {result.status for result in results} == {RunStatus.KILLED}
        with pytest.raises(RunIsOver, match="killed"):
            await below.send("more")
        with pytest.raises(NotFound):
            await rig.service.spawn(Task("writer", "x"), parent=SessionKey("nowhere"))


async def test_a_wait_ends_at_its_deadline_and_the_run_continues() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "x"))
        with pytest.raises(TimeoutError):
            await handle.wait(timeout=5)
        assert asyncio.get_running_loop().time() == 5
        assert (await handle.wait()).status is RunStatus.DONE
        assert (await handle.wait(timeout=0)).status is RunStatus.DONE
        with pytest.raises(NotFound, match="'nothing'"):
            await rig.service.wait([handle.run_id, RunId("nothing")])


async def test_results_have_the_order_of_the_runs_even_if_one_is_named_twice() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        a, b = [await rig.sessions.spawn(Task("writer", text)) for text in "ab"]

        results = await rig.sessions.wait([b, a, b])

        assert [result.output for result in results] == ["re: b", "re: a", "re: b"]
        assert await rig.sessions.wait([]) == []


class CountedReads(MemoryStore):
    """A store that counts how often its events are read."""

    reads = 0

    @override
    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        self.reads += 1
        return await super().events(
            after=after, session=session, tree=tree, kinds=kinds, limit=limit
        )


async def follow(rig: Rig, name: str, after: int = 0) -> list[Event]:
    return [event async for event in rig.service.follow(name, after=after)]


async def test_follow_yields_each_event_of_a_tree_once_and_ends_with_the_run() -> None:
    store = CountedReads(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        await rig.sessions.spawn(Task("writer", "stranger"))
        handle = await rig.sessions.spawn_team(team(Task("writer", "a"), Task("writer", "b")))

        before = store.reads
        events = await follow(rig, handle.key)

        assert len(events) > 10
        # The store is read once at the beginning and once at the end, however much happens.
        assert store.reads - before <= 3
        assert events == await store.events(tree=handle.key)
        assert events[-1].body.kind == "finished"
        assert await follow(rig, handle.key, after=events[-3].seq) == list(events[-2:])
    await store.aclose()


async def test_a_follower_that_stops_does_not_affect_others() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "a"))
        following = asyncio.create_task(follow(rig, handle.key))
        await asyncio.sleep(5)

        following.cancel()
        await asyncio.wait([following])

        assert following.cancelled()
        assert (await handle.wait()).status is RunStatus.DONE


async def test_runs_that_a_process_left_are_resumed_by_name() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn_team(team(Task("writer", "a")), key="monday")
        rig.engine.cancel_all()
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        found = await rig.service.resume("monday")
        assert found.run_id == handle.run_id
        assert not found.is_new
        assert (await rig.service.wait([found.run_id]))[0].status is RunStatus.DONE
    assert await store.rows(Filter(is_live=True)) == []
    await store.aclose()


async def test_who_waits_for_what_was_stopped_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn(Task("writer", "a"))
        rig.engine.cancel_all()
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        other = await rig.sessions.spawn(Task("writer", "b"))
        await rig.sessions.wait([other])
        told_before = list(caplog.messages)
        with pytest.raises(TimeoutError):
            await rig.sessions.wait([handle], timeout=60)
    assert told_before == []
    (told,) = caplog.messages
    assert f"no process works on {handle.key}: it was stopped" in told
    assert f"pagents resume {handle.run_id}" in told
    assert repr(handle) == f"SessionHandle('{handle.key}', run='{handle.run_id}')"
    await store.aclose()


async def test_a_message_queued_behind_an_unfinished_run_does_not_wait_for_ever() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn(Task("writer", "a"))
        rig.engine.cancel_all()
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        again = await rig.sessions.send(handle.key, "and then")
        assert (await again.wait()).output == "re: and then"
        assert [m.text for m in await again.history()] == [
            "a",
            "re: a",
            "and then",
            "re: and then",
        ]
    await store.aclose()


async def test_a_team_takes_no_messages_and_the_refusal_names_its_agents() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        whole = await rig.sessions.spawn_team(team(Task("writer", "x")), key="monday")

        with pytest.raises(InvalidInput) as steered:
            await whole.steer("shorter")
        with pytest.raises(InvalidInput):
            await whole.send("once more")

        assert "monday/LABEL" in steered.value.hint
        await whole.kill()


async def test_a_message_in_mode_after_is_the_next_run_and_the_receipt_names_it() -> None:
    asked = model()

    async with open_rig(asked, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "one"))
        receipt = await handle.steer("two", mode=SteerMode.AFTER)

        first, after = await rig.service.wait([handle.run_id, receipt.run_id])
        events = await rig.service.history(handle.key)

    assert first.text == "re: one"
    assert after.text == "re: two"
    assert receipt.key in {event.key for event in events if event.run == receipt.run_id}


async def test_the_result_of_a_team_of_one_waits_for_what_it_was_told_meanwhile() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "one"))
        await handle.steer("two", mode=SteerMode.AFTER)

        result = await rig.sessions.team_result(handle)

    assert [each.text for each in result.results] == ["re: two"]


async def test_a_parent_is_named_by_a_handle_a_key_or_a_label() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        above = await rig.sessions.spawn(Task("writer", "one", label="boss"))
        for parent in (above, above.key, "boss"):
            below = await rig.sessions.spawn(Task("writer", "two"), parent=parent)
            row = await rig.service.find(below.key)
            assert row.session.parent == above.key


async def test_only_another_budget_than_before_is_a_new_one() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        task = Task("writer", "x", key="monday")

        asked = [
            (await rig.service.spawn(replace(task, budget=budget))).has_new_budget
            for budget in (1, 1, 2, 2, NO_BUDGET, {"usd": 2, "tokens": 9_000})
        ]

        assert asked == [False, False, True, False, False, True]


@pytest.mark.parametrize("bad", ["x", 5, None])
async def test_a_value_that_is_not_a_task_is_refused_with_its_type(bad: Any) -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        with pytest.raises(InvalidInput, match=r"task of spawn\(\) is"):
            await rig.sessions.spawn(bad)


async def test_a_key_gives_the_result_of_its_task_even_after_a_message() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        first = await rig.sessions.spawn(Task("writer", "one", key="job"))
        await first.wait()
        await (await rig.sessions.send(first.key, "two")).wait()

        again = await rig.sessions.spawn(Task("writer", "one", key="job"))

        assert not again.is_new
        assert (await again.wait()).output == "re: one"


async def test_a_message_reaches_the_run_that_is_executed_and_not_one_that_waits() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        first = await rig.sessions.spawn(Task("writer", "one"))
        await asyncio.sleep(1)
        later = await rig.sessions.send(first.key, "two")

        receipt = await rig.sessions.steer(first.key, "three")

        assert receipt.run_id == first.run_id
        assert (await first.wait()).output == "re: three"
        assert (await later.wait()).output == "re: two"


async def test_a_resume_executes_every_run_of_a_session_in_order() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        first = await rig.sessions.spawn(Task("writer", "one"))
        second = await first_of(rig, first.key)
        rig.engine.cancel_all()
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        await rig.service.resume(first.key)
        results = await rig.service.wait([first.run_id, second])
    await store.aclose()

    assert [result.output for result in results] == ["re: one", "re: two"]


async def test_a_resume_is_about_the_newest_message_of_a_session() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        first = await rig.sessions.spawn(Task("writer", "one"))
        await first.wait()
        sent = await rig.service.send(first.key, "two")
        await rig.service.kill(first.key)

        assert (await rig.service.resume(first.key)).run_id == sent.run_id
        assert (await rig.service.resume(first.run_id)).run_id == first.run_id


async def first_of(rig: Rig, session: str) -> RunId:
    """The run of a message that is sent while the session is at work."""
    await asyncio.sleep(1)
    return (await rig.sessions.send(session, "two")).run_id


async def test_an_answer_that_is_stopped_leaves_its_session_open() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "a long story"))
        await asyncio.sleep(5)

        killed = await rig.service.kill(handle.key, keeps_session=True)
        (stopped,) = await rig.service.wait([handle.run_id])
        again = await rig.sessions.send(handle.key, "a short one")
        result = await again.wait()
        audit = await rig.store.verify_all()

    assert [run.id for run in killed.runs] == [handle.run_id]
    assert stopped.status is RunStatus.KILLED
    assert result.text == "re: a short one"
    assert not audit.rows.faults


async def test_a_message_may_ask_for_another_model() -> None:
    other = RepliesWith(lambda _: "from the other", name="other/model")
    async with open_rig(model(), other, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "hello"))
        await handle.wait()

        sent = await rig.service.send(handle.key, "again", model="other/model")
        (result,) = await rig.service.wait([sent.run_id])
        with pytest.raises(UnknownModel):
            await rig.service.send(handle.key, "again", model="nowhere/model")

    assert result.text == "from the other"


@pytest.mark.parametrize("text", ["", " \n"])
async def test_an_empty_message_is_refused_by_every_verb_alike(text: str) -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        session = await rig.sessions.spawn(Task("writer", "hello"))
        await session.wait()
        said: list[Callable[[], Awaitable[object]]] = [
            lambda: session.send(text),
            lambda: session.fork(at=1, text=text),
            *[partial(session.steer, text, mode=mode) for mode in SteerMode],
        ]

        for say in said:
            with pytest.raises(InvalidInput, match="the message is empty"):
                await say()

        assert len(await rig.sessions.list(Filter(every_run=True))) == 1
