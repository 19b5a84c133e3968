"""The report: results, costs and reasons, in a document that no answer can break."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.plan import Plan, Step
from parallel_agents.core.question import Answer
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.views.flow_steps import read_flow_steps
from parallel_agents.views.report import MOST_CHARACTERS, Reported, report_of
from parallel_agents.views.sessions import lines_of
from tests.unit.flows.parts import Writer, process

EVIL = "```\n</details>\n# Approved by the board\n![](https://evil.example/x.png)\n| a | b |"


async def reported(answer: str) -> str:
    """The report of a team whose second task fails."""
    agents = [
        Agent(name="writer", description="", instructions="Write."),
        Agent(
            name="checked",
            description="",
            instructions="Write.",
            gates=(ConditionGate(condition="len(text) < 1"),),
        ),
    ]
    team = TeamTask(tasks=(Task("writer", "Go."), Task("checked", "Go.", label="a|b")), name="x")
    async with open_rig(RepliesWith(lambda _: answer), agents=agents) as rig:
        handle = await rig.sessions.spawn_team(team)
        result = await rig.sessions.team_result(handle)
        team_row = await rig.service.find(handle.key)
        rows = [team_row, *await rig.service.members(team_row)]
        journal = StoreJournal(rig.store, rig.store.now, Settings().stuck_rules)
        whole, *members = lines_of(await journal.look(rows))
        costs = await rig.store.costs()
    return report_of(
        Reported(
            whole=whole,
            results=result.results,
            members=members,
            total=3,
            costs=costs,
            at=1_772_000_000.0,
        )
    )


def outside_of_blocks(document: str) -> str:
    """The lines of a document that are in no fenced block."""
    outside: list[str] = []
    fence = ""
    for line in document.split("\n"):
        mark = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(mark) > 2:
            fence = mark
        else:
            outside.append(line)
    return "\n".join(outside)


async def test_an_answer_cannot_leave_its_block() -> None:
    document = await reported(EVIL)

    assert "Approved by the board" in document
    assert not any(part in outside_of_blocks(document) for part in ("Approved", "evil", "</"))


async def test_a_report_says_why_a_task_failed_and_what_it_leaves_out() -> None:
    document = await reported("x" * (MOST_CHARACTERS + 1_000))

    assert "## What failed" in document
    assert "PA-E310" in document
    assert r"a\|b" in document
    assert "1,000 more characters are not in this report." in document
    assert "1 more task is not in this report." in document


async def test_a_report_of_a_plan_says_what_was_answered_and_which_steps_were_left_out() -> None:
    plan = Plan(
        name="page",
        steps=(
            Step(id="yes", person="Shall it?"),
            Step(
                id="page",
                agent="writer",
                text="Go.",
                needs=("yes",),
                when="tasks.yes.output == 'go'",
            ),
        ),
    )
    async with process(Writer()) as rig:
        spawned = await rig.service.spawn_flow(plan_task(plan, {}), key="page")
        while not (questions := await rig.service.questions()):  # noqa: ASYNC110 - on virtual time
            await asyncio.sleep(0.1)
        await rig.service.answer(questions[0].id, Answer(allow=True, text="no"))
        (own,) = await rig.service.wait([spawned.run_id])
        journal = StoreJournal(rig.store, rig.store.now)
        (whole,) = lines_of(await journal.look([await rig.service.find("page")]))
        steps = await read_flow_steps(journal, whole, ())

    document = report_of(
        Reported(whole=whole, results=(), own=own, steps=steps, total=0, costs=(), at=0.0)
    )

    assert "- Status: done, 1 of 1 step done, 1 skipped" in document
    assert "| ✔ done: Shall it? → no (user) |" in document
    assert "○ page skipped: " in document


async def adds(flow: Flow) -> int:
    first = await flow.step("first", len, "a", effect="pure")
    return await flow.step("second", len, "b" * first, effect="pure")


async def test_a_flow_without_agents_is_told_by_its_steps() -> None:
    async with process(Writer()) as rig:
        own = await (await rig.sessions.spawn_flow(adds, key="sum")).wait()
        journal = StoreJournal(rig.store, rig.store.now)
        (whole,) = lines_of(await journal.look([await rig.service.find("sum")]))
        steps = await read_flow_steps(journal, whole, ())

    own = replace(own, notices=("1 of 2 items are not done",))
    document = report_of(
        Reported(
            whole=whole, results=(), own=own, steps=steps, total=0, costs=(), waited=3.0, at=0.0
        )
    )

    assert "- Status: done, 2 of 2 steps done" in document
    assert ", of which 3.0s waited for an answer" in document
    assert "- Note: 1 of 2 items are not done" in document
    assert [line.split("|")[1] for line in document.split("\n") if "function" in line] == [
        " first ",
        " second ",
    ]
