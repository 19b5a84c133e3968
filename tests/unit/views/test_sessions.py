"""Sessions: their states, and who of them and below them needs a person, the same wherever they are listed."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.attention import Attention
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.filter import Filter
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.question import waiting_runs
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import Overloaded
from parallel_agents.flows.flow import Flow
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig
from parallel_agents.views.attention import Group, group_of
from parallel_agents.views.session_documents import line_json, whole_json
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.session_search import search
from parallel_agents.views.sessions import SessionLine, lines_of
from parallel_agents.views.states import needs_text, shown_state

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


def is_down(_: ModelRequest) -> Answer:
    return Overloaded("no answer", retry_after_seconds=40)


def journal_of(rig: Rig) -> StoreJournal:
    return StoreJournal(rig.store, rig.store.now, Settings().stuck_rules)


async def whole(rig: Rig, name: str) -> SessionLine:
    (line,) = lines_of(await journal_of(rig).look([await rig.service.find(name)]))
    return line


async def found(rig: Rig, text: str) -> list[str]:
    query = parse_query(text, rig.store.now())
    sought = await search(rig.service, journal_of(rig), query, limit=50)
    return sorted(line.row.session.label for line in sought.lines)


async def test_a_team_whose_tasks_wait_for_a_person_needs_one() -> None:
    async with open_rig(RepliesWith(is_down, "scripted/model"), agents=[WRITER]) as rig:
        tasks = tuple(Task("writer", "go", key=key, label=key) for key in ("a", "b", "c"))
        budget = Budget(tokens=10, on_limit=OnLimit.ASK)
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks, budget=budget), key="monday")
        await asyncio.sleep(700)

        line = await whole(rig, team.key)
        questions = await rig.service.questions()

        assert dict(line.needs) == {Attention.BUDGET: 3}
        assert group_of(line) is Group.NEEDS_YOU
        assert needs_text(line) == "▲ 3 budget"
        assert line.asks.startswith("asks you: the budget")
        assert line.doing == ""
        assert [each.runs for each in questions] == [3]
        assert waiting_runs(questions) == 3
        assert await found(rig, "state:waiting") == ["a", "b", "c"]


async def _asks(flow: Flow) -> str:
    return await flow.ask("Which drawer?")


async def test_a_session_that_asks_is_found_among_those_that_work() -> None:
    async with open_rig(RepliesWith(is_down, "scripted/model"), agents=[WRITER]) as rig:
        await rig.sessions.spawn(Task("writer", "go", key="works"))
        await asyncio.sleep(10)
        before = await found(rig, "state:waiting")
        await rig.sessions.spawn_flow(_asks, key="asks")
        await asyncio.sleep(10)

        assert before == []
        assert await found(rig, "state:waiting") == ["_asks"]
        assert await found(rig, "state:waiting kind:agent") == []
        assert await found(rig, "state:waiting,retrying") == ["_asks", "writer"]


async def test_a_call_that_is_made_again_is_a_state() -> None:
    async with open_rig(RepliesWith(is_down, "scripted/model"), agents=[WRITER]) as rig:
        tasks = (Task("writer", "go", key="a", label="a"),)
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks), key="monday")
        await asyncio.sleep(10)

        line, (member,) = (
            await whole(rig, team.key),
            await rig.service.list(Filter(parent=team.key)),
        )
        below = await whole(rig, member.session.key)

        assert line.counts == {"retrying": 1}
        assert shown_state(below) == "↻ retrying"
        assert below.retry is not None
        assert below.retry.attempt == 1
        assert below.doing == "no answer; again in 30 s, try 2"
        assert await found(rig, "state:retrying") == ["a"]
        assert await found(rig, "state:running kind:agent") == []


async def test_a_paused_team_says_by_whom_and_is_neither_stopped_nor_running() -> None:
    async with open_rig(RepliesWith(is_down, "scripted/model"), agents=[WRITER]) as rig:
        tasks = tuple(Task("writer", "go", key=key, label=key) for key in ("a", "b"))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks, max_parallel=1), key="monday")
        await asyncio.sleep(10)
        await rig.service.on_behalf("the page").pause(team.key)
        by = (await rig.service.find(team.key)).session.paused_by
        await asyncio.sleep(500)

        line = await whole(rig, team.key)
        journal = journal_of(rig)
        vitals = await journal.vitals(since=0.0)

        assert by.endswith("by the page")
        assert shown_state(line) == "‖ paused"
        assert line.counts == {"paused": 2}
        assert line.doing == f"paused by {by}"
        assert not line.needs
        assert line.seconds == 10
        assert await found(rig, "state:paused") == ["a", "b", "run: a, b"]
        assert await found(rig, "state:running,retrying,queued,stuck,stopped") == []
        assert [(each.runs, each.is_paused) for each in vitals.live] == [(1, True), (1, True)]
        assert not vitals.silent


async def test_a_session_takes_and_costs_what_all_its_runs_do_and_all_below_it() -> None:
    def answers(_: ModelRequest) -> Answer:
        return "done"

    async with open_rig(RepliesWith(answers, latency_seconds=5), agents=[WRITER]) as rig:
        team = await rig.sessions.spawn_team(TeamTask(tasks=(Task("writer", "go"),)), key="monday")
        await team.wait()
        (member,) = await rig.service.members(await rig.service.find(team.key))
        await rig.service.send(member.session.key, "Again.")
        await asyncio.sleep(600)

        session, group = await whole(rig, member.session.key), await whole(rig, team.key)

    assert (session.row.run.spend.calls, session.spend.calls, group.spend.calls) == (1, 2, 2)
    assert session.seconds == pytest.approx(10, abs=1)
    assert whole_json(session)["whole_tokens"] == 2 * line_json(session)["tokens"]
