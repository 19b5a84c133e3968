"""A plan's steps begin as soon as what they need has ended, and the result says how each ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.ids import RunId
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.plan import Loop, Plan, RunIf, Step
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter
from parallel_agents.core.task import OnFailure
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig
from tests.unit.flows.parts import WRITER, Crash, Writer, lasting_store, process

LISTER = Agent(
    "lister",
    instructions="List.",
    output={
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"type": "string"}}},
        "required": ["items"],
    },
)
TOPIC = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}


def write(id: str, text: str = "", *needs: str, **more: Any) -> Step:
    return Step(id=id, agent="writer", text=text or id, needs=needs, **more)


def plan(*steps: Step, **more: Any) -> Plan:
    return Plan(name="launch", steps=steps, **more)


async def begin(rig: Rig, plan: Plan, inputs: Mapping[str, Json] | None = None) -> RunId:
    spawned = await rig.service.spawn_flow(plan_task(plan, inputs or {}), key="one")
    return spawned.run_id


async def ended(rig: Rig, run: RunId) -> Result[Any]:
    (result,) = await rig.service.wait([run])
    return result


async def run(rig: Rig, plan: Plan, inputs: Mapping[str, Json] | None = None) -> Result[Any]:
    return await ended(rig, await begin(rig, plan, inputs))


def statuses(result: Result[Any]) -> dict[str, str]:
    return {id: end["status"] for id, end in result.output["steps"].items()}


def why(result: Result[Any], id: str) -> str:
    return result.output["steps"][id].get("why", "")


@pytest.mark.parametrize(
    ("budget", "status"), [(Budget(tokens=10), "over_budget"), (Budget(), "failed")]
)
async def test_a_plan_of_which_nothing_is_done_says_if_its_budget_was_used_up(
    budget: Budget, status: str
) -> None:
    async with process(Writer()) as rig:
        result = await run(rig, plan(write("a", "fail"), write("b", "b", "a"), budget=budget))

    assert result.status == status
    assert statuses(result) == {"a": "failed", "b": "blocked"}


async def test_a_step_begins_as_soon_as_what_it_needs_has_ended() -> None:
    writer = Writer(seconds=10)
    steps = (write("a"), write("b"), write("c", "c of ${tasks.a.output}", "a", "b"), write("d"))

    async with process(writer) as rig:
        began = asyncio.get_running_loop().time()
        result = await run(rig, plan(*steps))
        seconds = asyncio.get_running_loop().time() - began

    assert sorted(writer.calls[:3]) == ["a", "b", "d"]
    assert writer.calls[3:] == ["c of a is done"]
    assert 20 <= seconds < 21
    assert result.status is RunStatus.DONE
    assert result.output["outputs"] == {"c": "c of a is done is done", "d": "d is done"}
    assert set(statuses(result).values()) == {"done"}


async def test_inputs_fill_placeholders_and_get_their_defaults() -> None:
    schema = {**TOPIC, "properties": {"topic": {"type": "string", "default": "tea"}}}

    async with process(Writer()) as rig:
        result = await run(rig, plan(write("a", "on ${topic}, $$5"), input_schema=schema))

    assert result.output["outputs"] == {"a": "on tea, $5 is done"}


async def test_a_step_whose_condition_is_false_is_skipped_with_what_needs_it() -> None:
    writer = Writer()
    steps = (
        write("a"),
        write("b", "", "a", when="'gold' in tasks.a.output"),
        write("c", "c ${tasks.b.output}", "b"),
        write("d", "d <${tasks.b.output}>", "a", "b", run_if=RunIf.ANY_DONE),
    )

    async with process(writer) as rig:
        result = await run(rig, plan(*steps))

    assert statuses(result) == {"a": "done", "b": "skipped", "c": "skipped", "d": "done"}
    assert why(result, "b") == "its condition is false: 'gold' in tasks.a.output"
    assert why(result, "c") == "it needs b, which was skipped"
    assert writer.calls == ["a", "d <>"]
    assert result.status is RunStatus.DONE


async def test_a_failed_step_blocks_what_needs_it_and_the_rest_goes_on() -> None:
    steps = (write("bad", "fail"), write("after", "", "bad"), write("good"))

    async with process(Writer()) as rig:
        result = await run(rig, plan(*steps))

    assert result.status is RunStatus.PARTIAL
    assert statuses(result) == {"bad": "failed", "after": "blocked", "good": "done"}
    assert "PA-E203 no key" in why(result, "bad")
    assert why(result, "after") == "it needs bad, which failed"
    assert result.error is not None
    assert result.error.code == "PA-E306"


async def test_always_begins_after_a_failure_and_reads_its_status() -> None:
    when = "tasks.bad.status == 'failed'"
    steps = (write("bad", "fail"), write("mourn", "", "bad", run_if=RunIf.ALWAYS, when=when))

    async with process(Writer()) as rig:
        result = await run(rig, plan(*steps))

    assert statuses(result) == {"bad": "failed", "mourn": "done"}


async def test_too_few_done_steps_fail_the_plan() -> None:
    steps = (write("bad", "fail"), write("good"))

    async with process(Writer()) as rig:
        result = await run(rig, plan(*steps, min_done=2))

    assert result.status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("on_failure", "slow", "calls"),
    [(OnFailure.STOP_NEW, "done", 3), (OnFailure.CANCEL_SIBLINGS, "blocked", 3)],
)
async def test_a_failure_may_stop_the_others(on_failure: OnFailure, slow: str, calls: int) -> None:
    writer = Writer(seconds=10)
    steps = (
        write("a"),
        write("slow", loop=Loop(until="false", rounds=2, keep_last=True)),
        write("bad", "", "a", for_each="${topic}"),  # it fails at once, and slow is half done
        write("later", "", "slow"),
    )

    async with process(writer) as rig:
        began = asyncio.get_running_loop().time()
        inputs = {"topic": "no list"}
        result = await run(rig, plan(*steps, on_failure=on_failure, input_schema=TOPIC), inputs)
        seconds = asyncio.get_running_loop().time() - began

    assert statuses(result) == {"a": "done", "slow": slow, "bad": "failed", "later": "blocked"}
    assert seconds < (15 if slow == "blocked" else 25)
    assert len(writer.calls) <= calls


async def test_for_each_does_a_step_once_for_each_item_of_an_answer() -> None:
    def answer(request: ModelRequest) -> Answer:
        text = request.messages[0].text
        asked.append(text)
        return '{"items": ["x", "y"]}' if text.startswith("list") else text.upper()

    asked: list[str] = []
    steps = (
        Step(id="facts", agent="lister", text="list"),
        write("each", "on ${item}", "facts", for_each="${tasks.facts.output.items}"),
        write("sum", "sum ${tasks.each.output}", "each"),
    )

    async with open_rig(RepliesWith(answer), agents=[WRITER, LISTER]) as rig:
        result = await run(rig, plan(*steps))
        rows = await rig.sessions.list(Filter(tree=result.session_key))

    assert sorted(asked) == ["list", "on x", "on y", 'sum ["ON X","ON Y"]']
    assert {row.session.label for row in rows} >= {"each-1", "each-2", "sum"}


async def test_items_are_done_at_most_so_many_at_once_and_enough_of_them_suffice() -> None:
    writer = Writer(seconds=10)
    items = ["fail", "b", "c", "d"]
    step = write("each", "${item}", for_each=items, max_parallel=2, min_done=3)

    async with process(writer) as rig:
        began = asyncio.get_running_loop().time()
        result = await run(rig, plan(step))
        seconds = asyncio.get_running_loop().time() - began

    assert result.output["outputs"] == {"each": ["b is done", "c is done", "d is done"]}
    assert seconds >= 20
    assert "1 of 4 items of each are not done" in result.notices[0]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (write("a", "${item}", for_each=["x", "fail"]), RunStatus.PARTIAL),
        (write("a", "${item}", for_each=["fail 1", "fail 2"]), RunStatus.FAILED),
        (write("a", "${item}", for_each=["x", "fail"], min_done=2), RunStatus.PARTIAL),
        (Step(id="a", plan=plan(write("b"), write("fail"))), RunStatus.PARTIAL),
        (Step(id="a", plan=plan(write("fail"))), RunStatus.FAILED),
    ],
)
async def test_a_plan_is_partial_if_a_part_of_its_only_step_is_done(
    step: Step, status: RunStatus
) -> None:
    async with process(Writer()) as rig:
        result = await run(rig, plan(step))

    assert statuses(result) == {"a": "failed"}
    assert result.status is status


async def test_what_is_not_a_list_fails_for_each() -> None:
    step = write("each", "${item}", for_each="${topic}")

    async with process(Writer()) as rig:
        result = await run(rig, plan(step, input_schema=TOPIC), {"topic": "tea"})

    assert "'tea' is not a list" in why(result, "each")


async def test_a_loop_repeats_a_step_until_its_answer_is_good_enough() -> None:
    def answer(request: ModelRequest) -> Answer:
        asked.append(request.messages[0].text)
        return "x" * len(asked)

    asked: list[str] = []
    step = write("draft", "write", loop=Loop(until="len(text) >= 3", rounds=5))

    async with open_rig(RepliesWith(answer), agents=[WRITER]) as rig:
        result = await run(rig, plan(step))

    assert result.output["outputs"] == {"draft": "xxx"}
    assert asked[0] == "write"
    assert asked[2].endswith("must become better until len(text) >= 3:\nxx")


async def test_a_loop_may_place_the_answer_of_the_round_before_itself() -> None:
    writer = Writer()
    loop = Loop(until="len(text) > 99", rounds=2, keep_last=True)
    step = write("draft", "round ${loop.round} <${loop.output}>", loop=loop)

    async with process(writer) as rig:
        result = await run(rig, plan(step))

    assert writer.calls == ["round 1 <>", "round 2 <round 1 <> is done>"]
    assert result.status is RunStatus.DONE
    assert "after 2 rounds" in result.notices[0]


async def test_a_loop_that_is_never_good_enough_fails() -> None:
    step = write("draft", loop=Loop(until="text == 'x'", rounds=2))

    async with process(Writer()) as rig:
        result = await run(rig, plan(step))

    assert "draft is not good enough after 2 rounds" in why(result, "draft")


@pytest.mark.parametrize(("answer", "status"), [("yes", "done"), ("no", "skipped")])
async def test_a_step_may_wait_for_the_yes_of_a_person(answer: str, status: str) -> None:
    step = write("publish", approve="May ${topic} go out?")

    async with process(Writer()) as rig:
        run_id = await begin(rig, plan(step, input_schema=TOPIC), {"topic": "tea"})
        await asyncio.sleep(5)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, answer)
        result = await ended(rig, run_id)

    assert question.question.text == "May tea go out?"
    assert question.question.choices == ("yes", "no")
    assert statuses(result) == {"publish": status}


async def test_a_task_is_handed_on_and_to_a_person_in_the_end() -> None:
    step = write("ask", "fail", hand_off=("second",), person="Please answer")
    second = Agent("second", instructions="Write.", output=str)

    async with open_rig(Writer().model, agents=[WRITER, second]) as rig:
        run_id = await begin(rig, plan(step))
        await asyncio.sleep(60)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "I did it")
        result = await ended(rig, run_id)

    assert result.output["outputs"] == {"ask": "I did it"}


async def test_a_step_without_an_agent_asks_a_person() -> None:
    async with process(Writer()) as rig:
        run_id = await begin(rig, plan(Step(id="name", person="Which name?")))
        await asyncio.sleep(5)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "Tea time")
        result = await ended(rig, run_id)

    assert result.output["outputs"] == {"name": "Tea time"}


async def test_a_plan_may_be_a_step_of_another_one() -> None:
    inner = Plan(name="inner", steps=(write("page", "on ${topic}"),), input_schema=TOPIC)
    steps = (
        write("a"),
        Step(id="nested", plan=inner, needs=("a",), input={"topic": "${tasks.a.output}"}),
        write("c", "c of ${tasks.nested.output.page}", "nested"),
    )
    writer = Writer()

    async with process(writer) as rig:
        result = await run(rig, plan(*steps))

    assert writer.calls[1:] == ["on a is done", "c of on a is done is done"]
    assert result.status is RunStatus.DONE


async def test_after_a_crash_only_the_rest_is_paid_for() -> None:
    writer, steps = Writer(seconds=10), (write("a"), write("b", "", "a"), write("c", "", "b"))
    store: MemoryStore = lasting_store()

    async with process(writer, store) as rig:
        await begin(rig, plan(*steps))
        await asyncio.sleep(15)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, plan(*steps))

    assert result.status is RunStatus.DONE
    assert writer.calls.count("a") == 1
    assert writer.calls[-1] == "c"


async def test_run_again_after_a_failure_it_tries_only_what_is_not_done() -> None:
    writer, store = Writer(), lasting_store()
    when = "tasks.bad.status == 'failed'"
    steps = (
        write("good"),
        write("bad", "fail"),
        write("mourn", "", "bad", run_if=RunIf.ALWAYS, when=when),
        write("after", "", "bad", "good"),
    )

    async with process(writer, store) as rig:
        first = await run(rig, plan(*steps))
        writer.is_mended = True
        second = await run(rig, plan(*steps))

    assert first.status is RunStatus.PARTIAL
    assert second.status is RunStatus.DONE
    assert statuses(second)["mourn"] == "skipped"
    assert writer.calls.count("good") == 1
    assert writer.calls[-1] == "after"


async def test_what_is_done_in_spite_of_a_failure_is_not_tried_again() -> None:
    writer, store = Writer(), lasting_store()
    second = Agent("second", instructions="Write.", output=str)
    steps = (
        write("handed", "fail a", hand_off=("second",), person="Who?"),
        write("each", "${item}", for_each=["fail b", "x"], min_done=1),
        write("sum", "sum ${tasks.each.output}", "each"),
        write("bad", "fail c", "sum"),
    )

    async def answered(rig: Rig) -> Result[Any]:
        run_id = await begin(rig, plan(*steps))
        await asyncio.sleep(100)
        for question in await rig.sessions.questions():
            await rig.sessions.answer(question, "I did it")
        return await ended(rig, run_id)

    async with open_rig(writer.model, agents=[WRITER, second], store=store) as rig:
        first = await answered(rig)
        calls = len(writer.calls)
        writer.is_mended = True
        result = await answered(rig)

    assert first.status is RunStatus.PARTIAL
    assert result.status is RunStatus.DONE
    assert [text for text in writer.calls[calls:] if not text.startswith("fail c")] == []
    assert result.output["steps"]["handed"] == {"status": "done"}


async def test_after_a_crash_a_task_that_is_handed_on_goes_on() -> None:
    writer, store = Writer(seconds=10), lasting_store()
    step = write("each", "${item}", for_each=["a", "b"], max_parallel=1, min_done=1)

    async with process(writer, store) as rig:
        await begin(rig, plan(step))
        await asyncio.sleep(15)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, plan(step))

    assert result.output["outputs"] == {"each": ["a is done", "b is done"]}
    assert writer.calls.count("a") == 1
