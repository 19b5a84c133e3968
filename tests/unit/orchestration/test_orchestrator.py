"""A goal becomes a plan that is checked, done, mended and reported on, and nothing is paid for twice."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.plan import Plan, Step, as_json
from parallel_agents.core.question import Answer
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.errors import InvalidInput
from parallel_agents.orchestration.orchestrator import Orchestrator
from parallel_agents.orchestration.request import DoRequest
from parallel_agents.orchestration.roster import ORCHESTRATOR
from parallel_agents.sessions.directory import ChosenModels
from parallel_agents.testing import Rig
from tests.unit.flows.parts import Crash, lasting_store
from tests.unit.orchestration.parts import Team, asked, do, process, step


async def test_a_goal_is_planned_done_and_reported() -> None:
    team = Team([step("facts"), step("page", "Sum up", "facts")])

    async with process(team) as rig:
        result = await do(rig)

    assert result.status is RunStatus.DONE, result.error
    assert team.calls == ["facts", "Sum up\n\nfacts:\nfacts is done"]
    assert result.output["outputs"] == {"page": "Sum up\n\nfacts:\nfacts is done is done"}
    report = result.output["report"]
    assert report.startswith("# Tea\n\n- There is facts. [facts]\n- There is page. [page]\n")
    assert "Everything in the plan was done." in report
    assert "- [facts]: writer, `pagents show one/facts`" in report
    assert "4 model calls" in report


async def test_what_is_wrong_with_a_plan_goes_back_to_the_orchestrator() -> None:
    bad = [step("a", "", "b"), step("b", "", "a")]
    team = Team(bad, [step("a")])

    async with process(team) as rig:
        result = await do(rig)

    assert result.is_done, result.error
    assert "need each other in a circle" in team.asked[1]
    assert len(team.asked) == 2


async def test_a_plan_that_stays_wrong_ends_the_flow_with_all_findings() -> None:
    team = Team([step("a", "", "z"), step("b", "", "y")])

    async with process(team) as rig:
        result = await do(rig)

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E340"
    assert "'z'" in result.error.why
    assert "'y'" in result.error.why
    assert len(team.asked) == 3
    assert team.calls == []


async def test_what_failed_is_planned_anew_and_what_is_done_stays() -> None:
    first = [step("facts"), step("bad", "fail", "facts"), step("after", "", "bad")]
    team = Team(first, [step("good", "Try", "facts")])

    async with process(team) as rig:
        result = await do(rig)

    assert result.status is RunStatus.DONE, result.error
    assert team.calls[-1] == "Try\n\nfacts:\nfacts is done"
    assert team.calls.count("facts") == 1
    assert "bad (writer) failed" in team.asked[1]
    report = result.output["report"]
    assert "- `bad` failed: " in report
    assert "(planned anew, as plan 2)" in report
    assert result.output["replans"] == 1


async def test_the_plan_that_failed_is_not_tried_again_as_it_was() -> None:
    team = Team([step("bad", "fail")], [step("again", "fail")])

    async with process(team) as rig:
        result = await do(rig)

    assert result.status is RunStatus.FAILED
    assert len(team.calls) == 1
    assert "this is the plan that failed" in team.asked[2]
    assert "Nothing was planned anew" in result.output["report"]


async def test_a_statement_that_points_to_no_result_is_dropped_and_counted() -> None:
    team = Team(
        [step("facts"), step("bad", "fail")],
        report=lambda ids: [
            {"from": ids, "text": "True."},
            {"from": ["bad"], "text": "Of a step that failed."},
            {"from": ["facts", "nothing"], "text": "Half."},
        ],
    )

    async with process(team) as rig:
        result = await do(rig, asked(replans=0))

    assert result.status is RunStatus.PARTIAL
    report = result.output["report"]
    assert "- True. [facts]" in report
    assert "Half." not in report
    assert (
        "2 statements of the model pointed to no result that is done, and were left out." in report
    )
    assert result.output["dropped_statements"] == 2


async def test_where_no_model_reports_code_does() -> None:
    team = Team([step("facts")], report=lambda ids: [{"from": ["x"], "text": "No."}])

    async with process(team) as rig:
        result = await do(rig)

    assert "- facts is done [facts]" in result.output["report"]
    assert "No model wrote this report" in result.output["report"]


async def test_after_a_crash_nothing_is_paid_for_twice() -> None:
    for seconds in (5, 15, 25, 35):
        team, store = Team([step("facts"), step("page", "", "facts")]), lasting_store()
        async with process(team, store) as rig:
            await rig.service.spawn_flow(asked().flow_task(), key="one")
            await asyncio.sleep(seconds)
            raise Crash

        async with process(team, store) as rig:
            result = await do(rig)

        assert result.is_done, result.error
        # A call that is cut off is not counted: it never answered.
        assert len(team.asked) + len(team.calls) + len(team.reports) == 4


async def answer(rig: Rig, text: str, *, allow: bool = True) -> None:
    await asyncio.sleep(15)  # it plans
    (question,) = await rig.service.questions()
    await rig.service.answer(question.id, Answer(allow=allow, text=text))


async def test_nothing_of_a_plan_runs_before_a_person_says_yes() -> None:
    team, store = Team([step("facts")]), lasting_store()
    async with process(team, store) as rig:
        await rig.service.spawn_flow(asked(is_asked=True).flow_task(), key="one")
        await answer(rig, "run")
        await asyncio.sleep(1)
        raise Crash

    async with process(team, store) as rig:
        result = await do(rig, asked(is_asked=True))

    assert result.is_done, result.error
    assert len(team.asked) == 1


@pytest.mark.parametrize(("text", "allow"), [("stop", True), ("", False)])
async def test_a_plan_that_is_not_accepted_ends_the_flow_and_is_asked_about_again(
    text: str, allow: bool
) -> None:
    team, store = Team([step("facts")]), lasting_store()

    async with process(team, store) as rig:
        waiting = asyncio.create_task(do(rig, asked(is_asked=True)))
        await answer(rig, text, allow=allow)
        result = await waiting

        told = await store.vitals(StuckRules(), since=0.0, now=1e9)
        again = asyncio.create_task(do(rig, asked(is_asked=True)))
        await answer(rig, "run")
        accepted = await again

    assert result.error is not None
    assert result.error.code == "PA-E341"
    assert [each.code for each in told.failures] == ["PA-E341"]
    assert accepted.is_done, accepted.error
    assert team.calls == ["facts"]
    assert len(team.asked) == 1


@pytest.mark.parametrize("text", ["maybe", "{" * 5000, "[1]"])
async def test_what_does_not_answer_whether_a_plan_may_run_is_refused(text: str) -> None:
    team = Team([step("facts")])

    async with process(team) as rig:
        waiting = asyncio.create_task(do(rig, asked(is_asked=True)))
        with pytest.raises(InvalidInput, match="run, stop, or answer a JSON object"):
            await answer(rig, text)
        await answer(rig, "yes")
        result = await waiting

    assert result.is_done, result.error


async def test_an_edited_plan_is_checked_and_done_instead() -> None:
    team = Team([step("facts")])
    bad = Plan(name="mine", steps=(Step(id="x", agent="nobody", text="x"),))
    good = Plan(name="mine", steps=(Step(id="x", agent="writer", text="mine"),))

    async with process(team) as rig:
        waiting = asyncio.create_task(do(rig, asked(is_asked=True)))
        for plan in (bad, good):
            await answer(rig, orjson.dumps(as_json(plan)).decode())
            await asyncio.sleep(1)
        result = await waiting

    assert result.is_done, result.error
    assert team.calls == ["mine"]


@pytest.mark.parametrize(
    "written",
    [
        '{"name": "x"}',
        '{"name": "x", "steps": [{"id": "a", "agent": "writer", "text": "${tasks.z.output}"}]}',
        '{"name": "x", "steps": [{"id": "a", "agent": "writer", "budget": {"usd": 1e308}}]}',
        '{"name": "x", "steps": [{"id": "../a", "agent": "writer", "text": "t"}]}',
        '{"name": "x", "steps": [], "max_parallel": -1}',
        '{"name": "x", "steps": [{"id": "a", "agent": "writer"}], "budget": {"usd": 1}}',
    ],
)
async def test_an_answer_that_is_no_plan_is_asked_for_again(written: str) -> None:
    team = Team([step("facts")])

    async with process(team) as rig:
        waiting = asyncio.create_task(do(rig, asked(is_asked=True)))
        await answer(rig, written)
        await asyncio.sleep(1)
        (again,) = await rig.service.questions()
        await answer(rig, "run")
        result = await waiting

    assert again.question.text.startswith("That plan cannot be used: ")
    assert result.is_done, result.error
    assert team.calls == ["facts"]


async def test_a_plan_that_was_given_is_not_planned() -> None:
    team = Team([step("never")])
    plan = Plan(name="mine", steps=(Step(id="x", agent="writer", text="mine"),))

    async with process(team) as rig:
        result = await do(rig, asked(plan=plan))

    assert result.is_done, result.error
    assert team.asked == []
    assert team.calls == ["mine"]


async def test_agents_that_a_goal_asks_for_are_created_at_the_same_time() -> None:
    made = [
        {**step(f"baker_{n}", f"Sells bread of kind {n}."), "agent": "create_agent"} for n in (1, 2)
    ]
    team = Team(made)

    async with process(team) as rig:
        spawned = await rig.service.spawn_flow(asked(replans=0).flow_task(), key="one")
        await asyncio.sleep(12)
        flows = [
            row.session.label for row in await rig.service.list(Filter(tree=spawned.session_key))
        ]
        result = await do(rig, asked(replans=0))

    assert {"baker_1", "baker_2"} <= set(flows)
    # This model designs no agents; the report says which were not made.
    assert "- `baker_1` failed: " in result.output["report"]


async def test_a_step_may_be_done_by_an_agent_that_an_earlier_one_creates() -> None:
    create = {**step("baker", "Sells bread."), "agent": "create_agent"}
    unknown = [{**step("sell"), "new_agent": "nobody"}]
    right = [create, {**step("sell"), "new_agent": "baker"}]
    team = Team(unknown, right)

    async with process(team) as rig:
        result = await do(rig, asked(is_plan_only=True))

    assert result.is_done, result.error
    assert "no task has the label 'nobody'" in team.asked[1]
    first, second = result.output["plan"]["steps"]
    assert first["create"]["name"] == "baker"
    assert second["agent"] == "baker"
    assert second["needs"] == ["baker"]


def test_a_simulated_model_is_not_asked_for_a_plan() -> None:
    writer = Agent(name=ORCHESTRATOR, description="", instructions="Plan.")

    class Known:
        def agents(self) -> list[Agent]:
            return [Agent(name="writer", description="", instructions="Write.")]

        def agent(self, name: str) -> Agent:
            return writer

        def choose(self, agent: Agent, model: str | None) -> ChosenModels:
            return ChosenModels(model or "sim/calm", ())

    orchestrator = Orchestrator(Known(), lambda _agent, _model: None)
    with pytest.raises(InvalidInput, match="sim/calm cannot plan") as refused:
        orchestrator.check_request(DoRequest(goal="Tea"))
    assert "--plan FILE" in refused.value.hint
    orchestrator.check_request(DoRequest(goal="Tea", model="scripted/planner"))
