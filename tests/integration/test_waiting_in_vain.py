"""A run that nobody can begin says why, wherever one looks."""

from __future__ import annotations

from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.app.opening import open_client
from parallel_agents.errors import CannotContinue
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.session_tools.arguments import Arguments
from parallel_agents.session_tools.context import Requester
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.mcp.teams import TeamTools
from parallel_agents.views.sessions import lines_of


def is_good(answer: str) -> bool:
    del answer
    return False


ASKER = Requester(client="mcp-1")


async def test_a_run_whose_folder_is_gone_says_so_to_whoever_waits_looks_or_lists(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    environment = Environment(home=tmp_path / "home", variables={})
    async with open_client(environment, Settings(model="sim/calm")) as client:
        asked = {"task": "x", "label": "gone", "cwd": str(folder)}
        spawned = await client.session_tools.call("sessions_spawn", asked, ASKER)
        wait = {"ids": ["gone"], "timeoutSeconds": 0}
        before = await client.session_tools.call("agents_wait", wait, ASKER)
        folder.rmdir()
        waited = await client.session_tools.call("agents_wait", wait, ASKER)
        status = await client.session_tools.call("session_status", {"sessionKey": "gone"}, ASKER)
        tools = TeamTools(client, environment, ASKER)  # pyright: ignore[reportArgumentType] - it needs no worker
        team = await tools.call("run_status", Arguments({"run": "gone"}))
        row = await client.sessions.find("gone")
        (line,) = lines_of(await client.journal.look([row]), client.readiness.lacks)

    why = f"there is no folder {folder} here"
    (was,), (pending,) = objects_at(before, "pending"), objects_at(waited, "pending")
    (task,) = objects_at(team, "tasks")
    assert spawned["status"] == "accepted"
    assert "waitsFor" not in was
    assert pending["waitsFor"] == why
    assert "waitsFor" in text_at(waited, "note")
    assert status["waitsFor"] == why
    assert why in text_at(status, "statusText")
    assert task["waitsFor"] == why
    assert "waitsFor" in text_at(team, "note")
    assert (line.lacks, line.doing) == (why, f"waits: {why}")


async def test_a_retry_that_only_another_program_can_execute_ends_the_wait_of_this_one(
    tmp_path: Path,
) -> None:
    strict = pa.Agent(
        name="strict",
        description="Writes",
        instructions="Write.",
        gates=(pa.FunctionGate(function="is_good"),),
    )
    environment = Environment(home=tmp_path, variables={})
    async with pa.open(
        home=tmp_path, agents=[strict], gates=[is_good], model="sim/calm"
    ) as sessions:
        await (await sessions.spawn(pa.Task("strict", "a"))).wait()
    async with open_client(environment, Settings(model="sim/calm")) as client:
        (letter,) = await client.service.dead_letters()
        await client.service.retry(letter)

    async with pa.open(home=tmp_path, agents=[strict], model="sim/calm") as sessions:
        (letter,) = await sessions.dead_letters()
        handle = await sessions.retry(letter)
        with pytest.raises(CannotContinue) as refused:
            await handle.wait(timeout=60)

    assert not handle.is_new
    assert refused.value.why == "no gate function 'is_good' in this process"


async def test_what_failed_in_a_team_is_found_by_the_key_that_it_was_given(tmp_path: Path) -> None:
    gates = (pa.ConditionGate(condition="len(text) < 1"),)
    task = pa.Task("main", "a", model="sim/calm", gates=gates)
    async with pa.open(home=tmp_path) as sessions:
        await sessions.spawn_team(pa.TeamTask(tasks=(task,), name="team"), key="team-z")
        await sessions.team_result("team-z")
        letters = await sessions.dead_letters(pa.DeadLetterFilter(tree="team-z"))
        rows = await sessions.list(pa.Filter(tree="team-z"))
        with pytest.raises(pa.PagentsError, match="no session 'nonsense'"):
            await sessions.dead_letters(pa.DeadLetterFilter(tree="nonsense"))

    assert len(letters) == 1
    assert letters[0].session.key in {row.session.key for row in rows}
