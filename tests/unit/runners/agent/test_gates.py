"""An answer counts when it passes its gates; one that does not is told why, and who tries next."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.event import Gated
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    RegexGate,
    ScoreGate,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed, Overloaded
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, ScriptedModel, open_rig
from tests.unit.runners.agent.gated import (
    DONE,
    FAILED,
    LADDER,
    SHORT,
    WRITER,
    Court,
    attempts,
    ladder,
    run,
)


async def test_an_answer_that_passes_counts() -> None:
    model = ScriptedModel(["short"])

    result, events = await run(
        [model], Task("writer", "Go.", gates=(SHORT, RegexGate(pattern="^s")))
    )

    verdicts = [e.body.verdict for e in events if isinstance(e.body, Gated)]
    assert result.status is DONE
    assert result.output == "short"
    assert [(v.gate, v.is_accepted) for v in verdicts] == [
        ("len(text) < 10", True),
        ("regex ^s", True),
    ]


async def test_a_refused_answer_fails_with_the_critique_and_is_kept() -> None:
    result, _ = await run(
        [ScriptedModel(["far too long an answer"])], Task("writer", "Go.", gates=(SHORT,))
    )

    assert result.status is FAILED
    assert result.output == "far too long an answer"
    assert result.error is not None
    assert result.error.code == "PA-E310"
    assert result.error.why == "The answer must satisfy len(text) < 10."


async def test_another_attempt_on_the_same_model_is_told_why() -> None:
    model = ScriptedModel(["far too long an answer", "short"])
    task = Task("writer", "Go.", gates=(SHORT,), limits=Limits(attempts=2))

    result, _ = await run([model], task)

    critique = model.requests[1].messages[-1].text
    assert result.status is DONE
    assert result.output == "short"
    assert result.attempts == 2
    assert "The answer must satisfy len(text) < 10." in critique
    assert "far too long an answer" in critique


async def test_a_ladder_is_climbed_when_an_answer_is_refused_with_the_critique() -> None:
    models = ladder(["far too long an answer"], ["short"], [])

    result, events = await run(models, Task("writer", "Go.", gates=(SHORT,), ladder=LADDER))

    assert result.status is DONE
    assert result.model == "scripted/better"
    assert result.attempts == 2
    assert attempts(events) == [(2, "scripted/better", "PA-E310")]
    assert "far too long an answer" in models[1].requests[0].messages[-1].text


async def test_a_ladder_is_climbed_when_a_model_fails_and_is_told_nothing() -> None:
    models = ladder([AuthFailed("no")], [Overloaded("busy")], ["short"])

    result, events = await run(models, Task("writer", "Go.", ladder=LADDER))

    assert result.status is DONE
    assert result.model == "scripted/best"
    assert [code for _, _, code in attempts(events)] == ["PA-E203", "PA-E202"]
    assert [message.text for message in models[2].requests[0].messages] == ["Go."]


async def test_same_model_attempts_come_before_the_next_model() -> None:
    models = ladder(["too long by far", "also too long"], ["short"])
    task = Task("writer", "Go.", gates=(SHORT,), ladder=LADDER[:2], limits=Limits(attempts=2))

    result, events = await run(models, task)

    assert result.status is DONE
    assert result.attempts == 3
    assert [model for _, model, _ in attempts(events)] == ["", "scripted/better"]


async def test_at_the_top_of_the_ladder_the_last_error_counts() -> None:
    models = ladder(["too long by far"], ["also too long"])

    result, _ = await run(models, Task("writer", "Go.", gates=(SHORT,), ladder=LADDER[:2]))

    assert result.status is FAILED
    assert result.model == "scripted/better"
    assert result.error is not None
    assert result.error.code == "PA-E310"


async def test_a_model_of_the_ladder_that_cannot_be_had_is_left_out() -> None:
    models = ladder([], ["short"])

    result, _ = await run(
        models, Task("writer", "Go.", ladder=("anthropic/claude-haiku-4-5", LADDER[1]))
    )

    assert result.status is DONE
    assert result.model == "scripted/better"


async def test_a_ladder_has_a_name() -> None:
    models = ladder(["far too long an answer"], ["short"])
    settings = Settings(ladders={"mine": LADDER[:2]}, tries=1)

    result, _ = await run(
        models, Task("writer", "Go.", gates=(SHORT,), model="ladder/mine"), settings=settings
    )

    assert result.status is DONE
    assert result.model == "scripted/better"


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (True, DONE, ""),
        (None, DONE, ""),
        (False, FAILED, "The answer did not pass the check mine."),
        ("Say please.", FAILED, "Say please."),
    ],
)
async def test_a_function_says_yes_or_why_not(said: object, status: RunStatus, why: str) -> None:
    def mine(answer: object) -> object:
        assert answer == "short"
        return said

    result, _ = await run(
        [ScriptedModel(["short"])],
        Task("writer", "Go.", gates=(FunctionGate(function="mine"),)),
        gates={"mine": mine},
    )

    assert result.status is status
    assert (result.error.why if result.error else "") == why


async def test_a_gate_that_is_broken_is_no_refusal() -> None:
    def broken(answer: object) -> object:
        raise KeyError(answer)

    result, _ = await run(
        ladder(["short"], []),
        Task("writer", "Go.", gates=(FunctionGate(function="broken"),), ladder=LADDER[:2]),
        gates={"broken": broken},
    )

    assert result.error is not None
    assert result.status is FAILED
    assert result.error.code == "PA-E311"


@pytest.mark.parametrize("said", [{"pass": True}, 1, 9.5, [], (True, "good"), b"no"])
async def test_what_is_no_verdict_is_no_refusal(said: object) -> None:
    def mine(_: object) -> object:
        return said

    task = Task("writer", "Go.", gates=(FunctionGate(function="mine"),), limits=Limits(attempts=3))
    result, events = await run([ScriptedModel(["short"])], task, gates={"mine": mine})

    assert result.error is not None
    assert result.error.code == "PA-E311"
    assert "which is not a verdict" in result.error.message
    assert attempts(events) == []


async def test_a_condition_that_does_not_fit_the_answer_is_no_refusal() -> None:
    gate = ConditionGate(condition="len(any) > 3 and any > 3")
    agent = replace(WRITER, output_schema={"type": "object", "properties": {"any": {}}})
    task = Task(agent, "Go.", gates=(gate,), ladder=LADDER[:2], limits=Limits(attempts=3))

    result, events = await run(ladder(['{"any": "a long answer"}'], []), task)

    assert result.error is not None
    assert result.error.code == "PA-E311"
    assert attempts(events) == []


async def test_a_judge_reads_the_work_and_its_score_is_kept() -> None:
    court = Court(9)

    result, _ = await run(
        [court.model], Task("writer", "Go.", gates=(JudgeGate(rubric="Be good."),))
    )

    asked = court.model.requests[1].messages[0].text
    assert result.status is DONE
    assert result.score == 9
    assert "v1" in asked
    assert "Be good." in asked
    assert "which is not calibrated" in result.notices[0]


async def test_the_middle_of_the_votes_counts() -> None:
    result, _ = await run(
        [Court(9, 2, 9).model],
        Task("writer", "Go.", gates=(JudgeGate(rubric="Be good.", votes=3),)),
    )

    assert result.status is DONE
    assert result.score == 9


async def test_a_judge_that_refuses_says_what_is_to_be_better() -> None:
    court = Court(4, 9)
    task = Task("writer", "Go.", gates=(JudgeGate(rubric="Be good."),), limits=Limits(attempts=2))

    result, _ = await run([court.model], task)

    assert result.status is DONE
    assert result.score == 9
    assert result.attempts == 2
    assert "better than 4" in court.model.requests[2].messages[-1].text


@pytest.mark.parametrize("said", ["good", None, True, 11, -1])
async def test_a_function_that_gives_no_score_is_a_broken_gate(said: object) -> None:
    task = Task("writer", "Go.", gates=(ScoreGate(function="words"),))

    def says(_: object) -> object:
        return said

    result, _ = await run([ScriptedModel(["x"])], task, gates={"words": says})

    assert result.error is not None
    assert result.status is FAILED
    assert result.error.code == "PA-E311"


async def test_the_answer_to_a_message_that_arrived_during_a_gate_passes_the_gates_anew() -> None:
    model = ScriptedModel(["short", "far too long an answer", "tiny"])

    async def tell(_: object) -> bool:
        rows = await rig.sessions.list()
        if not told:
            told.append(await rig.sessions.steer(rows[0].session.key, "Longer, please."))
        return True

    told: list[object] = []
    async with open_rig(model, agents=[WRITER], gates={"tell": tell}) as rig:
        gates = (SHORT, FunctionGate(function="tell"))
        task = Task("writer", "Go.", gates=gates, limits=Limits(attempts=2))
        handle = await rig.sessions.spawn(task)
        result = await handle.wait()
        events = await rig.sessions.history(handle.key)

    verdicts = [e.body.verdict.is_accepted for e in events if isinstance(e.body, Gated)]
    assert result.status is DONE
    assert result.output == "tiny"
    assert result.attempts == 2
    assert verdicts == [True, True, False, True, True]


async def test_an_agent_of_one_s_own_may_be_the_judge() -> None:
    critic = Agent(name="critic", description="", instructions="Criticise.")
    answers = iter(["draft", '{"score": 9.5, "critique": ""}'])
    form = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}

    agents = [WRITER, replace(critic, output_schema=form)]
    async with open_rig(RepliesWith(lambda _: next(answers)), agents=agents) as rig:
        gates = (JudgeGate(rubric="Be good.", by="critic"),)
        result = await (await rig.sessions.spawn(Task("writer", "Go.", gates=gates))).wait()

    assert result.status is DONE
    assert result.score == 9.5


async def test_a_judge_that_is_known_to_be_weak_may_judge_if_it_is_allowed() -> None:
    gate = JudgeGate(rubric="Be good.", allow_weak=True)
    court = Court(9, lacks=frozenset({Need.JUDGEMENT}))

    allowed, _ = await run([court.model], Task("writer", "Go.", gates=(gate,)))

    assert allowed.status is DONE
    assert allowed.score == 9
    assert "a weak judge" in allowed.notices[0]


async def test_a_judge_is_a_session_under_the_work_and_costs_its_budget() -> None:
    async with open_rig(Court(9).model, agents=[WRITER]) as rig:
        gate = JudgeGate(rubric="Be good.")
        handle = await rig.sessions.spawn(Task("writer", "Go.", gates=(gate,)))
        result = await handle.wait()
        (judge,) = await rig.sessions.list(Filter(parent=handle.key))

        assert judge.session.agent.name == "judge"
        assert result.spend.calls == 1
        assert result.spend_below == judge.run.spend
        assert result.usage == result.spend.usage + judge.run.spend.usage


async def test_gates_are_checked_in_the_order_of_what_they_cost() -> None:
    gates: tuple[Gate, ...] = (JudgeGate(rubric="Be good."), FunctionGate(function="mine"), SHORT)

    result, events = await run(
        [ScriptedModel(["far too long an answer"])],
        Task("writer", "Go.", gates=gates),
        gates={"mine": bool},
    )

    assert result.status is FAILED
    assert len([e for e in events if isinstance(e.body, Gated)]) == 1


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()], ids=repr)
@pytest.mark.parametrize("is_async", [True, False])
async def test_a_gate_that_raises_what_would_end_the_process_is_broken(
    error: BaseException, is_async: bool
) -> None:
    def blocking(_: object) -> bool:
        raise error

    async def on_loop(_: object) -> bool:
        raise error

    result, _ = await run(
        [ScriptedModel(["x"])],
        Task("writer", "Go.", gates=(FunctionGate(function="mine"),)),
        gates={"mine": on_loop if is_async else blocking},
    )

    assert result.error is not None
    assert result.error.code == "PA-E311"
    assert f"the gate mine raised {type(error).__name__}" in result.error.message
    assert result.error.why.startswith("test_gates.py, line ")


COUNT = "import sys; n = len(sys.stdin.read()); print(f'{n} characters'); sys.exit(n > 5)"


def test_a_command_reads_the_answer_and_refuses_by_its_exit_code() -> None:
    async def body(text: str) -> Result:
        agent = replace(WRITER, gates=(CommandGate(command=(sys.executable, "-c", COUNT)),))
        async with open_rig(ScriptedModel([text]), agents=[agent]) as rig:
            return await (await rig.sessions.spawn(Task("writer", "Go."))).wait()

    accepted, refused = asyncio.run(body("short")), asyncio.run(body("far too long"))

    assert accepted.status is DONE
    assert refused.error is not None
    assert refused.error.why == "12 characters"
