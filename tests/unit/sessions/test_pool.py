"""A pool's sessions take tasks in turn, remember them, and are made when they are needed."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result
from parallel_agents.core.session import Mode
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.errors import Conflict, ContextTooLong, InvalidInput
from parallel_agents.sessions.pool import Pool, StoredPlace
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes.", instructions="Write.")


def count_messages(request: ModelRequest) -> Answer:
    return f"{len(request.messages)} messages"


async def use_pool(rig: Rig, size: int, tasks: int) -> list[Result]:
    pool = rig.sessions.pool("writer", name="writers", size=size)
    return await asyncio.gather(*(pool.run(f"task {n}") for n in range(tasks)))


async def test_a_pool_takes_tasks_in_turn_and_its_sessions_remember() -> None:
    model = RepliesWith(count_messages, latency_seconds=10)
    async with open_rig(model, agents=[WRITER]) as rig:
        results = await use_pool(rig, size=2, tasks=5)
        rows = await rig.sessions.list()
        assert {row.session.options.mode for row in rows} == {Mode.SESSION}
        sessions = len(rows)
        at = asyncio.get_running_loop().time()

    assert [result.output for result in results] == [
        "1 messages",
        "1 messages",
        "3 messages",
        "3 messages",
        "5 messages",
    ]
    assert sessions == 2
    assert at == 30


@pytest.mark.parametrize("tasks", [0, 1, 2, 5])
async def test_a_pool_makes_a_session_only_for_a_task(tasks: int) -> None:
    async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
        await use_pool(rig, size=3, tasks=tasks)
        labels = sorted(row.session.label for row in await rig.sessions.list())

    assert labels == [f"writers-{n}" for n in range(1, min(tasks, 3) + 1)]


async def test_a_pool_of_the_same_name_continues_with_its_sessions() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        await use_pool(rig, size=1, tasks=1)
        (again,) = await use_pool(rig, size=1, tasks=1)
        output = str(again.output)
        count = len(await rig.sessions.list())

    assert output == "3 messages"
    assert count == 1


def read_up_to(count: int) -> RepliesWith:
    """A model whose context holds so many messages."""

    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) > count:
            return ContextTooLong("400: maximum context length is 8192 tokens", hint="shorten it")
        return count_messages(request)

    return RepliesWith(answer)


async def run_in_turn(rig: Rig, count: int, *, size: int = 1) -> list[Result]:
    pool = rig.sessions.pool("writer", name="writers", size=size)
    return [await pool.run(f"task {n}") for n in range(count)]


async def test_a_session_whose_context_is_full_is_replaced_and_a_notice_says_so() -> None:
    async with open_rig(read_up_to(3), agents=[WRITER]) as rig:
        results = await run_in_turn(rig, 3)
        later = await run_in_turn(rig, 1)
        letters = await rig.sessions.dead_letters()

    assert [result.output for result in results] == ["1 messages", "3 messages", "1 messages"]
    assert results[1].notices == ()
    assert results[2].notices == (
        "the context of session writers-1 was full: writers-1.2 did the task, without its memory",
    )
    assert [result.output for result in later] == ["3 messages"]
    assert letters == []


async def test_a_task_that_is_too_long_by_itself_fails_once() -> None:
    model = read_up_to(0)
    async with open_rig(model, agents=[WRITER]) as rig:
        (result,) = await run_in_turn(rig, 1)

    assert result.error is not None
    assert result.error.code == "PA-E204"
    assert len(model.requests) == 1


async def test_a_session_that_was_killed_is_replaced() -> None:
    async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
        await run_in_turn(rig, 2, size=2)
        await rig.sessions.send("writers-1", "more")
        await rig.sessions.kill("writers-1")
        results = await run_in_turn(rig, 4, size=2)
        labels = sorted(row.session.label for row in await rig.sessions.list())

    assert [result.output for result in results] == [
        "1 messages",
        "3 messages",
        "3 messages",
        "5 messages",
    ]
    assert labels == ["writers-1", "writers-1.2", "writers-2"]


async def test_a_pool_leaves_sessions_alone_that_only_have_its_label() -> None:
    async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
        stranger = await rig.sessions.spawn(Task("writer", "Mine.", label="writers-1"))
        await stranger.wait()
        (result,) = await run_in_turn(rig, 1)
        runs = len(await rig.sessions.list(Filter(session=stranger.key, every_run=True)))

    assert result.output == "1 messages"
    assert runs == 1


async def test_two_pools_of_one_name_share_their_sessions() -> None:
    model = RepliesWith(count_messages, latency_seconds=10)
    async with open_rig(model, agents=[WRITER]) as rig:
        pools = [rig.sessions.pool("writer", name="writers", size=1) for _ in range(2)]
        results = await asyncio.gather(pools[0].run("one"), pools[1].run("two"))
        sessions = len(await rig.sessions.list())

    assert [result.output for result in results] == ["1 messages", "3 messages"]
    assert sessions == 1


async def test_an_empty_pool_is_refused() -> None:

    with pytest.raises(InvalidInput, match=r"size of pool\(\) is 0"):
        async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
            rig.sessions.pool("writer", name="none", size=0)


async def test_a_name_is_the_same_in_each_unicode_form() -> None:
    async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
        pool = rig.sessions.pool("writer", name="cafe\u0301", size=1)
        results = [await pool.run("one"), await pool.run("two")]

    assert [result.output for result in results] == ["1 messages", "3 messages"]


async def test_a_task_with_a_key_is_done_once_in_whichever_session() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        first = await rig.sessions.pool("writer", name="writers", size=2).run("one", key="1")
        other = await rig.sessions.pool("writer", name="writers", size=2).run("two", key="2")
        pool = rig.sessions.pool("writer", name="writers", size=2)
        again = await asyncio.gather(
            *(pool.run(text, key=key) for key, text in (("2", "two"), ("1", "one")))
        )
        apart = await rig.sessions.pool("writer", name="others", size=1).run("one", key="1")

    assert [result.run_id for result in again] == [other.run_id, first.run_id]
    assert apart.run_id != first.run_id
    assert len(model.requests) == 3


async def test_a_task_with_a_key_that_found_a_full_context_is_done_once_too() -> None:
    model = read_up_to(1)
    async with open_rig(model, agents=[WRITER]) as rig:
        pool = rig.sessions.pool("writer", name="writers", size=1)
        await pool.run("one", key="1")
        moved = await pool.run("two", key="2")
        calls = len(model.requests)
        again = await pool.run("two", key="2")

    assert moved.is_done
    assert again.run_id == moved.run_id
    assert len(model.requests) == calls


async def test_another_text_or_input_under_a_key_is_refused() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        pool = rig.sessions.pool("writer", name="writers", size=2)
        await pool.run("one", key="1")

        with pytest.raises(Conflict, match="same key and other work: 'one'"):
            await pool.run("two", key="1")
        with pytest.raises(Conflict, match="same key and other work"):
            await pool.run("one", input={"a": 1}, key="1")

    assert len(model.requests) == 1


@pytest.mark.parametrize("made", [0, 2])
async def test_other_work_under_a_key_at_the_same_instant_is_refused(made: int) -> None:
    model = RepliesWith(count_messages, latency_seconds=1)
    async with open_rig(model, agents=[WRITER]) as rig:
        if made:
            await use_pool(rig, size=2, tasks=made)
        pools = [rig.sessions.pool("writer", name="writers", size=2) for _ in range(3)]
        tasks = (pool.run(text, key="1") for pool, text in zip(pools, ("a", "b", "a"), strict=True))

        ended = await asyncio.gather(*tasks, return_exceptions=True)

    refused = [each for each in ended if isinstance(each, Conflict)]
    assert refused
    assert all("same key and other work" in each.message for each in refused)
    assert len({each.text for each in ended if isinstance(each, Result)}) == 1
    assert len(model.requests) == made + 1


class LateLook:
    """Sessions whose first look for a run was before another process had begun it."""

    def __init__(self, sessions: SessionVerbs) -> None:
        self._sessions = sessions
        self._has_looked = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._sessions, name)

    async def list(self, chosen: Filter) -> list[Row]:
        if chosen.run is not None and not self._has_looked:
            self._has_looked = True
            return []
        return await self._sessions.list(chosen)


async def test_the_same_work_that_another_process_begins_between_two_looks_is_done_once() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        first = await rig.sessions.pool("writer", name="writers", size=1).run("one", key="1")
        late = cast("SessionVerbs", LateLook(rig.service))
        pool = Pool(
            late,
            WRITER,
            name="writers",
            size=1,
            place=lambda called: StoredPlace(late, WRITER, called, None, None),
        )

        again = await pool.run("one", key="1")

    assert again.run_id == first.run_id
    assert len(model.requests) == 1


async def test_two_pools_that_make_their_first_sessions_for_one_key_do_the_task_once() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        pools = [rig.sessions.pool("writer", name="writers", size=2) for _ in range(2)]
        await pools[1].run("before", key="0")  # the next task gets its second place
        results = await asyncio.gather(*(pool.run("one", key="1") for pool in pools))

    assert len({result.run_id for result in results}) == 1
    assert len(model.requests) == 2


async def test_a_session_that_was_idle_for_too_long_is_begun_anew_by_the_next_task() -> None:
    async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
        pool = rig.sessions.pool("writer", name="writers", size=1, idle=60)
        outputs = [(await pool.run("one")).output]
        await asyncio.sleep(50)
        outputs.append((await pool.run("two")).output)
        await asyncio.sleep(70)
        last = await pool.run("three")
        again = rig.sessions.pool("writer", name="writers", size=1, idle=60)
        joined = await again.run("four")

    assert outputs == ["1 messages", "3 messages"]
    assert (last.output, last.label) == ("1 messages", "writers-1.2")
    assert joined.label == "writers-1.2"


async def test_a_task_with_a_key_is_known_after_its_session_was_idle_for_too_long() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        pool = rig.sessions.pool("writer", name="writers", size=1, idle=60)
        first = await pool.run("one", key="1")
        await asyncio.sleep(100)
        again = await pool.run("one", key="1")

    assert again.run_id == first.run_id
    assert len(model.requests) == 1
