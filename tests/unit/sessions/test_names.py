"""A name means one session, or is refused with the sessions that it matches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import short
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.testing import RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


@asynccontextmanager
async def open_test_rig() -> AsyncGenerator[Rig]:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        yield rig


async def test_a_session_is_found_by_key_by_its_start_by_run_and_by_label() -> None:
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x", label="my caption"))
        await rig.sessions.spawn(Task("writer", "y"))

        for name in (handle.key, short(handle.key), handle.run_id, handle.run_id[:8], "my caption"):
            assert (await rig.service.find(name)).session.key == handle.key


async def test_a_session_is_found_by_the_key_that_it_was_spawned_under() -> None:
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x", key="tea"))
        child = await rig.sessions.spawn(Task("writer", "y", key="leaf"), parent=handle)

        assert (await rig.service.find("tea")).session.key == handle.key
        assert (await rig.service.find(f"tea/{short(child.key)}")).session.key == child.key
        with pytest.raises(NotFound):
            await rig.service.find("leaf")
        with pytest.raises(NotFound):
            await rig.service.find("te")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("@lsat", "did you mean '@last'? `pagents list --all` shows them"),
        ("mondya", "did you mean 'monday'? `pagents list --all` shows them"),
        ("zzz", "`pagents list --all` shows them"),
    ],
)
async def test_a_misspelt_name_is_refused_with_the_nearest_one(name: str, hint: str) -> None:
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x", key="monday"))
        await rig.sessions.spawn(Task("writer", "y", label="leaf"), parent=handle)

        with pytest.raises(NotFound) as refused:
            await rig.service.find(name)

        assert refused.value.hint == hint


async def test_the_last_is_the_newest_root() -> None:
    async with open_test_rig() as rig:
        first = await rig.sessions.spawn(Task("writer", "x"))
        await asyncio.sleep(1)
        second = await rig.sessions.spawn(Task("writer", "y"))
        await rig.sessions.spawn(Task("writer", "z"), parent=first)

        assert (await rig.service.find("@last")).session.key == second.key


async def test_a_member_of_a_team_is_found_under_its_run() -> None:
    async with open_test_rig() as rig:
        for name in ("monday", "tuesday"):
            tasks = (Task("writer", "x", label="a"), Task("writer", "y", label="b"))
            await rig.sessions.spawn_team(TeamTask(tasks=tasks, name="content"), key=name)
        monday = await rig.service.find("monday")

        found = await rig.service.find("monday/b")

        assert found.session.parent == monday.session.key
        assert found.session.label == "b"
        with pytest.raises(Ambiguous, match="'b' matches 2 sessions"):
            await rig.service.find("b")


async def test_a_label_that_is_a_path_is_found_under_its_run_too() -> None:
    async with open_test_rig() as rig:
        labels = ("src/a/x.md", "src/b/x.md")
        for name in ("monday", "tuesday"):
            tasks = tuple(Task("writer", "x", label=label) for label in labels)
            await rig.sessions.spawn_team(TeamTask(tasks=tasks, name="content"), key=name)
        monday = await rig.service.find("monday")

        for label in labels:
            found = await rig.service.find(f"monday/{label}")
            assert found.session.parent == monday.session.key
            assert found.session.label == label
        with pytest.raises(NotFound):
            await rig.service.find("monday/src/c/x.md")


async def test_an_ambiguous_name_lists_the_sessions_that_it_fits() -> None:
    async with open_test_rig() as rig:
        for n in range(7):
            await rig.sessions.spawn(Task("writer", "x", label=f"number {n}"))

        with pytest.raises(Ambiguous) as caught:
            await rig.service.find("agent:writer")

        assert "matches 7 sessions" in caught.value.message
        assert caught.value.why.count("number") == 5
        assert "and 2 more" in caught.value.why


async def test_the_key_of_a_run_wins_over_labels_that_read_the_same() -> None:
    async with open_test_rig() as rig:
        team = TeamTask(tasks=(Task("writer", "x"),))
        keyed = await rig.sessions.spawn_team(team, key="launch")
        await rig.sessions.spawn(Task("writer", "y", label="launch", key="launch-tea"))
        await rig.sessions.spawn(Task("writer", "z", label="launch"))

        assert (await rig.service.find("launch")).session.key == keyed.key


async def test_a_whole_name_wins_over_any_number_of_newer_ones_that_begin_with_it() -> None:
    async with open_test_rig() as rig:
        for name in ("monday", *(f"monday-{n}" for n in range(60))):
            await rig.sessions.spawn_team(TeamTask(tasks=(Task("writer", "x"),)), key=name)

        found = await rig.service.find("monday")

        assert found.session.spawn_key == "monday"
        assert (await rig.service.find(found.session.key)).session.spawn_key == "monday"


@pytest.mark.parametrize(
    "name",
    ["nothing", "", " ", "agent", "a", "subagent", "@last", "nothing/at all", "*", "/", "team-1/"],
)
async def test_an_unknown_name_is_an_error(name: str) -> None:
    async with open_test_rig() as rig:
        with pytest.raises(NotFound) as caught:
            await rig.service.find(name)

        assert "pagents list" in caught.value.hint


@pytest.mark.parametrize("name", ["", "  ", "agent", "ag", "s", "writer/"])
async def test_a_name_that_says_nothing_ends_nothing(name: str) -> None:
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x", label="only"))

        with pytest.raises(NotFound):
            await rig.service.kill(name)

        assert (await handle.wait()).status == "done"


async def test_a_label_and_a_key_are_the_same_in_each_unicode_form() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x", label=decomposed, key=decomposed))
        again = await rig.sessions.spawn(Task("writer", "x", label=composed, key=composed))

        assert again.key == handle.key
        for name in (composed, decomposed):
            assert (await rig.service.find(name)).session.key == handle.key


async def test_a_few_characters_of_a_run_id_end_nothing() -> None:
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x"))
        run = await rig.service.find(handle.key)

        for most in (2, 7):
            if not short(handle.key).startswith(start := run.run.id[:most]):
                with pytest.raises(NotFound):
                    await rig.service.kill(start)

        assert (await handle.wait()).status == "done"


async def test_labels_that_differ_in_case_are_two() -> None:
    async with open_test_rig() as rig:
        small = await rig.sessions.spawn(Task("writer", "x", label="tea"))
        capital = await rig.sessions.spawn(Task("writer", "x", label="Tea"))

        assert (await rig.service.find("tea")).session.key == small.key
        assert (await rig.service.find("Tea")).session.key == capital.key


async def test_a_run_id_means_that_run_even_after_later_ones() -> None:
    async with open_test_rig() as rig:
        handle = await rig.sessions.spawn(Task("writer", "x"))
        first = handle.run_id
        await handle.send("y")

        assert (await rig.service.find(first)).run.id == first
        assert (await rig.service.find(handle.key)).run.id == handle.run_id


async def test_a_name_of_several_sessions_means_none_of_them_even_if_one_alone_is_live() -> None:
    model = RepliesWith(lambda _: "done", latency_seconds=10)
    async with open_rig(model, agents=[WRITER]) as rig:
        for key in ("monday", "tuesday"):
            team = await rig.sessions.spawn_team(
                TeamTask(tasks=(Task("writer", "x", label="reader"),)), key=key
            )
            await team.wait()
        await rig.sessions.spawn_team(
            TeamTask(tasks=(Task("writer", "x", label="reader"),)), key="friday"
        )

        with pytest.raises(Ambiguous) as raised:
            await rig.service.find("reader")

        assert "(reader of monday, done)" in raised.value.why
        assert "(reader of friday, " in raised.value.why


async def test_less_than_four_characters_are_not_the_start_of_an_id() -> None:
    async with open_test_rig() as rig:
        session = (await rig.sessions.spawn(Task("writer", "x"))).key
        short = session.rpartition(":")[2]

        assert (await rig.service.find(short[:4])).session.key == session
        assert (await rig.service.find("@last")).session.key == session
        for few in (short[:1], short[:3], f"@last/{short[:3]}"):
            with pytest.raises(NotFound):
                await rig.service.find(few)
