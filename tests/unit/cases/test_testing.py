"""An agent is tested as users run it, its answers are judged afterwards, and nothing is paid for twice."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from parallel_agents.cases.report import CheckStatus, TestReport, TryStatus
from parallel_agents.cases.request import TestRequest, read_reports
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.gate import ConditionGate, FunctionGate, Gate, RegexGate
from parallel_agents.core.model import ModelRequest
from parallel_agents.errors import InvalidInput
from parallel_agents.testing import RepliesWith, Rig, open_rig
from tests.unit.flows.parts import WRITER, Crash, Writer, lasting_store, process


def case(id: str, *checks: Gate, text: str = "", **more: Any) -> Case:
    return Case(id=id, text=text or id, checks=checks, **more)


GOOD = case("good", RegexGate(pattern="done"))
BAD = case("bad", RegexGate(pattern="never"), RegexGate(pattern="done"))


async def outcome(
    rig: Rig, *cases: Case, agent: Agent[Any] = WRITER, **more: Any
) -> list[TestReport]:
    task = TestRequest(agent=agent, cases=cases, **more).flow_task()
    spawned = await rig.service.spawn_flow(task, key="one")
    (result,) = await rig.service.wait([spawned.run_id])
    assert result.is_done, result.error
    return read_reports(result)


async def test_the_report_says_which_check_failed_and_what_it_saw() -> None:
    writer = Writer()

    async with process(writer) as rig:
        (report,) = await outcome(rig, GOOD, BAD)

    passed, failed = report.tries
    assert (passed.status, failed.status) == (TryStatus.PASSED, TryStatus.FAILED)
    assert [check.status for check in failed.checks] == [CheckStatus.FAILED, CheckStatus.PASSED]
    assert "must match never" in failed.checks[0].why
    assert failed.saw == "bad is done"
    assert not report.is_passed


async def test_a_failed_check_is_not_told_to_the_agent() -> None:
    writer = Writer()

    async with process(writer) as rig:
        await outcome(rig, BAD)

    assert writer.calls == ["bad"]


async def test_the_gates_of_the_agent_are_those_that_users_meet() -> None:
    strict = Agent("strict", instructions="Write.", gates=(RegexGate(pattern="never"),))

    async with process(Writer()) as rig:
        (report,) = await outcome(rig, GOOD, agent=strict)

    (each,) = report.tries
    assert each.status is TryStatus.FAILED
    assert "PA-E310" in each.why


async def test_a_case_that_could_not_be_tried_neither_passes_nor_fails() -> None:
    async with process(Writer()) as rig:
        (report,) = await outcome(rig, case("lost", RegexGate(pattern="a"), text="fail"))

    (each,) = report.tries
    assert each.status is TryStatus.NOT_TRIED
    assert "no key" in each.why
    assert (report.passed, report.failed, report.not_tried) == (0, 0, 1)


async def test_a_case_that_needs_the_web_is_not_tried_without_a_search_engine() -> None:
    writer = Writer()

    async with process(writer) as rig:
        (report,) = await outcome(rig, case("one", RegexGate(pattern="done"), needs="web"), GOOD)

    web, good = report.tries
    assert (web.status, good.status) == (TryStatus.NOT_TRIED, TryStatus.PASSED)
    assert web.why.startswith("no search engine is set up")
    assert writer.calls == ["good"]


async def test_a_check_that_gives_no_verdict_passes_nothing() -> None:
    async with process(Writer()) as rig:
        (report,) = await outcome(rig, case("one", FunctionGate(function="unknown")))

    assert report.tries[0].status is TryStatus.NOT_TRIED
    assert report.tries[0].checks[0].status is CheckStatus.NOT_JUDGED


async def test_a_rubric_without_a_judge_is_said_and_the_checks_decide() -> None:
    both = case("both", RegexGate(pattern="done"), rubric="Good.")
    alone = Case(id="alone", text="alone", rubric="Good.")

    async with process(Writer()) as rig:
        (report,) = await outcome(rig, both, alone)

    first, second = report.tries
    assert (first.status, second.status) == (TryStatus.PASSED, TryStatus.NOT_TRIED)
    assert first.rubric_not_judged
    assert first.score is None


async def test_a_judge_that_may_judge_scores_the_rubric_and_its_score_decides() -> None:
    def answer(request: ModelRequest) -> str:
        is_judge = "rubric" in request.messages[0].text
        score = 5 if is_judge and "poor" in request.messages[0].text else 9
        criteria = [{"name": "a", "evidence": "e", "reason": "r", "score": score}]
        judged = {"criteria": criteria, "critique": "More."}
        return orjson.dumps(judged).decode() if is_judge else request.messages[0].text

    cases = [Case(id=id, text=f"{id} work", rubric="Good.") for id in ("fine", "poor")]

    async with open_rig(RepliesWith(answer), agents=[WRITER]) as rig:
        (report,) = await outcome(rig, *cases)

    fine, poor = report.tries
    assert (fine.status, fine.score) == (TryStatus.PASSED, 9)
    assert (poor.status, poor.score) == (TryStatus.FAILED, 5)
    assert "More." in poor.checks[0].why


async def test_each_repetition_is_a_call_of_its_own() -> None:
    writer = Writer()
    cached = Agent("cached", instructions="Write.", cache_seconds=1000)

    async with process(writer) as rig:
        (report,) = await outcome(rig, GOOD, agent=cached, repeat=3)

    assert writer.calls == ["good"] * 3
    assert [each.number for each in report.tries] == [1, 2, 3]


async def test_another_version_is_tested_on_the_same_cases() -> None:
    before = Agent("writer", instructions="Write less.", output=str)

    async with process(Writer()) as rig:
        now, then = await outcome(rig, GOOD, against=before)

    assert now.version != then.version
    assert (now.passed, then.passed) == (1, 1)


async def test_a_process_that_ends_in_the_middle_pays_for_no_case_twice() -> None:
    writer, store = Writer(), lasting_store()
    cases = tuple(case(f"case_{n}", RegexGate(pattern="done")) for n in range(5))
    task = TestRequest(agent=WRITER, cases=cases).flow_task(max_parallel=2)

    async with process(writer, store) as rig:
        await rig.service.spawn_flow(task, key="one")
        await asyncio.sleep(15)
        raise Crash
    async with process(writer, store) as rig:
        spawned = await rig.service.spawn_flow(task, key="one")
        (result,) = await rig.service.wait([spawned.run_id])

    (report,) = read_reports(result)
    assert report.passed == 5
    done_before = [text for text in writer.calls if writer.calls.count(text) == 1]
    assert len(done_before) >= 2


def test_a_test_without_cases_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no cases"):
        TestRequest(agent=WRITER, cases=())


def test_a_test_of_more_tries_than_it_may_have_is_refused() -> None:
    cases = tuple(case(f"case_{n}", ConditionGate(condition="1 > 0")) for n in range(100))

    with pytest.raises(InvalidInput, match="at most 2,000"):
        TestRequest(agent=WRITER, cases=cases, repeat=21)
