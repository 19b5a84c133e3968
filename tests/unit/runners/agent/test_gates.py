"""An answer counts when it passes its gates; one that does not is told why, and who tries next."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.event import Attempted, Event, Gated, Revised
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    Refine,
    RegexGate,
    ScoreGate,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed, Overloaded, UnknownAgent
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig, run_virtual

WRITER = Agent(name="writer", description="", instructions="Write.")
DONE, FAILED = RunStatus.DONE, RunStatus.FAILED
SHORT = ConditionGate(condition="len(text) < 10")


def run(
    models: Sequence[RepliesWith | ScriptedModel],
    task: Task,
    *,
    agent: Agent = WRITER,
    gates: dict[str, Callable[..., object]] | None = None,
    settings: Settings | None = None,
) -> tuple[Result, list[Event]]:
    async def body() -> tuple[Result, list[Event]]:
        given = settings or Settings(tries=1)
        async with open_rig(*models, agents=[agent], gates=gates, settings=given) as rig:
            handle = await rig.sessions.spawn(task)
            return await handle.wait(), await rig.sessions.history(handle.key)

    return run_virtual(body())


def attempts(events: Sequence[Event]) -> list[tuple[int, str, str]]:
    bodies = [e.body for e in events if isinstance(e.body, Attempted)]
    return [(body.number, body.model, body.error.code) for body in bodies]


def test_an_answer_that_passes_counts() -> None:
    model = ScriptedModel(["short"])

    result, events = run([model], Task("writer", "Go.", gates=(SHORT, RegexGate(pattern="^s"))))

    verdicts = [e.body.verdict for e in events if isinstance(e.body, Gated)]
    assert (result.status, result.output) == (DONE, "short")
    assert [(v.gate, v.is_accepted) for v in verdicts] == [
        ("len(text) < 10", True),
        ("regex ^s", True),
    ]


def test_a_refused_answer_fails_with_the_critique_and_is_kept() -> None:
    result, _ = run(
        [ScriptedModel(["far too long an answer"])], Task("writer", "Go.", gates=(SHORT,))
    )

    assert (result.status, result.output) == (FAILED, "far too long an answer")
    assert result.error is not None
    assert (result.error.code, result.error.why) == (
        "PA-E310",
        "The answer must satisfy len(text) < 10.",
    )


def test_another_attempt_on_the_same_model_is_told_why() -> None:
    model = ScriptedModel(["far too long an answer", "short"])
    task = Task("writer", "Go.", gates=(SHORT,), limits=Limits(attempts=2))

    result, _ = run([model], task)

    critique = model.requests[1].messages[-1].text
    assert (result.status, result.output, result.attempts) == (DONE, "short", 2)
    assert "The answer must satisfy len(text) < 10." in critique
    assert "far too long an answer" in critique


LADDER = ("scripted/cheap", "scripted/better", "scripted/best")


def ladder(*replies: Sequence[Answer]) -> list[ScriptedModel]:
    return [ScriptedModel(list(r), name) for r, name in zip(replies, LADDER, strict=False)]


def test_a_ladder_is_climbed_when_an_answer_is_refused_with_the_critique() -> None:
    models = ladder(["far too long an answer"], ["short"], [])

    result, events = run(models, Task("writer", "Go.", gates=(SHORT,), ladder=LADDER))

    assert (result.status, result.model, result.attempts) == (DONE, "scripted/better", 2)
    assert attempts(events) == [(2, "scripted/better", "PA-E310")]
    assert "far too long an answer" in models[1].requests[0].messages[-1].text


def test_a_ladder_is_climbed_when_a_model_fails_and_is_told_nothing() -> None:
    models = ladder([AuthFailed("no")], [Overloaded("busy")], ["short"])

    result, events = run(models, Task("writer", "Go.", ladder=LADDER))

    assert (result.status, result.model) == (DONE, "scripted/best")
    assert [code for _, _, code in attempts(events)] == ["PA-E203", "PA-E202"]
    assert [message.text for message in models[2].requests[0].messages] == ["Go."]


def test_same_model_attempts_come_before_the_next_model() -> None:
    models = ladder(["too long by far", "also too long"], ["short"])
    task = Task("writer", "Go.", gates=(SHORT,), ladder=LADDER[:2], limits=Limits(attempts=2))

    result, events = run(models, task)

    assert (result.status, result.attempts) == (DONE, 3)
    assert [model for _, model, _ in attempts(events)] == ["", "scripted/better"]


def test_at_the_top_of_the_ladder_the_last_error_counts() -> None:
    models = ladder(["too long by far"], ["also too long"])

    result, _ = run(models, Task("writer", "Go.", gates=(SHORT,), ladder=LADDER[:2]))

    assert (result.status, result.model) == (FAILED, "scripted/better")
    assert result.error is not None
    assert result.error.code == "PA-E310"


def test_a_model_of_the_ladder_that_cannot_be_had_is_left_out() -> None:
    models = ladder([], ["short"])

    result, _ = run(models, Task("writer", "Go.", ladder=("anthropic/claude-haiku-4-5", LADDER[1])))

    assert (result.status, result.model) == (DONE, "scripted/better")


def test_a_ladder_has_a_name() -> None:
    models = ladder(["far too long an answer"], ["short"])
    settings = Settings(ladders={"mine": LADDER[:2]}, tries=1)

    result, _ = run(
        models, Task("writer", "Go.", gates=(SHORT,), model="ladder/mine"), settings=settings
    )

    assert (result.status, result.model) == (DONE, "scripted/better")


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (True, DONE, ""),
        (None, DONE, ""),
        (False, FAILED, "The answer did not pass the check mine."),
        ("Say please.", FAILED, "Say please."),
    ],
)
def test_a_function_says_yes_or_why_not(said: object, status: RunStatus, why: str) -> None:
    def mine(answer: object) -> object:
        assert answer == "short"
        return said

    result, _ = run(
        [ScriptedModel(["short"])],
        Task("writer", "Go.", gates=(FunctionGate(function="mine"),)),
        gates={"mine": mine},
    )

    assert result.status is status
    assert (result.error.why if result.error else "") == why


def test_a_gate_that_is_broken_is_no_refusal() -> None:
    def broken(answer: object) -> object:
        raise KeyError(answer)

    for gate, gates in (
        (FunctionGate(function="broken"), {"broken": broken}),
        (FunctionGate(function="x"), {}),
    ):
        result, _ = run(
            ladder(["short"], []),
            Task("writer", "Go.", gates=(gate,), ladder=LADDER[:2]),
            gates=gates,
        )

        assert result.error is not None
        assert (result.status, result.error.code) == (FAILED, "PA-E311")


class Court:
    """Writers that write and judges that judge, on one model."""

    def __init__(
        self, *scores: float, lacks: frozenset[str] = frozenset(), name: str = "scripted/model"
    ) -> None:
        self._scores = list(scores)
        self._written = 0
        self.then: Exception | None = None
        self.model = RepliesWith(self._answer, name, capabilities=Capabilities(lacks=lacks))

    def _answer(self, request: ModelRequest) -> Answer:
        if not request.system.startswith("You judge"):
            self._written += 1
            return self.then if self.then and self._written > 1 else f"v{self._written}"
        score = self._scores.pop(0)
        item = {"name": "c", "evidence": "e", "reason": "r", "score": score}
        return orjson.dumps({"criteria": [item], "critique": f"better than {score}"}).decode()


def test_a_judge_reads_the_work_and_its_score_is_kept() -> None:
    court = Court(9)

    result, _ = run([court.model], Task("writer", "Go.", gates=(JudgeGate(rubric="Be good."),)))

    asked = court.model.requests[1].messages[0].text
    assert (result.status, result.score) == (DONE, 9)
    assert "v1" in asked
    assert "Be good." in asked
    assert "which is not calibrated" in result.notices[0]


def test_the_middle_of_the_votes_counts() -> None:
    result, _ = run(
        [Court(9, 2, 9).model],
        Task("writer", "Go.", gates=(JudgeGate(rubric="Be good.", votes=3),)),
    )

    assert (result.status, result.score) == (DONE, 9)


def test_a_judge_that_refuses_says_what_is_to_be_better() -> None:
    court = Court(4, 9)
    task = Task("writer", "Go.", gates=(JudgeGate(rubric="Be good."),), limits=Limits(attempts=2))

    result, _ = run([court.model], task)

    assert (result.status, result.score, result.attempts) == (DONE, 9, 2)
    assert "better than 4" in court.model.requests[2].messages[-1].text


def refined(scores: Sequence[float], *, rounds: int = 5, patience: int = 1) -> tuple[Result, Court]:
    """What a refine loop gives whose versions score so; each version is the next of v1, v2, ..."""
    court = Court(*scores)
    gate = JudgeGate(rubric="Be good.", at_least=9)
    refine = Refine(rounds=rounds, patience=patience)
    result, _ = run([court.model], Task("writer", "Go.", gates=(gate,), refine=refine))
    return result, court


def test_a_refine_loop_goes_on_until_a_version_scores_enough() -> None:
    result, court = refined([4, 6, 8, 9])

    assert (result.status, result.output, result.score, result.attempts) == (DONE, "v4", 9, 4)
    assert "better than 8" in court.model.requests[6].messages[-1].text


def test_a_refine_loop_that_gains_nothing_stops_and_gives_its_best_version() -> None:
    result, _ = refined([4, 7, 6, 10])

    assert (result.status, result.output, result.score, result.attempts) == (DONE, "v2", 7, 3)
    assert any("the best of 3 versions, with 7 of 10" in notice for notice in result.notices)


def test_a_patient_refine_loop_goes_on_from_its_best_version_up_to_its_rounds() -> None:
    result, court = refined([4, 7, 6, 5], rounds=4, patience=3)

    said = [r.messages[-1].text for r in court.model.requests if r.system == "Write."]
    assert (result.output, result.score, result.attempts) == ("v2", 7, 4)
    assert ["v2" in text and "better than 7" in text for text in said] == [False, False, True, True]


def test_a_refine_loop_climbs_its_ladder_where_a_model_gains_no_more() -> None:
    first, second = Court(4, 4, 9, name=LADDER[0]), Court(name=LADDER[1])
    gate = JudgeGate(rubric="Be good.", at_least=9, model=LADDER[0])

    task = Task("writer", "Go.", gates=(gate,), refine=Refine(), ladder=LADDER[:2])
    result, events = run([first.model, second.model], task)

    assert (result.status, result.model, result.score) == (DONE, LADDER[1], 9)
    assert [model for _, model, _ in attempts(events)] == ["", LADDER[1]]


def test_a_refine_loop_whose_model_fails_gives_its_best_version() -> None:
    court = Court(4)
    court.then = AuthFailed("no")

    gate = JudgeGate(rubric="Be good.", at_least=9)
    result, _ = run([court.model], Task("writer", "Go.", gates=(gate,), refine=Refine()))

    assert (result.status, result.output, result.score) == (DONE, "v1", 4)


def words(answer: object) -> tuple[float, str]:
    """A point for each word."""
    count = len(str(answer).split())
    return min(10, count), f"{10 - count} words more"


def test_a_refine_loop_of_checks_in_code_keeps_the_version_that_passes_the_most() -> None:
    says = ["a b c", "a b c d x", "a b c d", "a b"]
    gates = (RegexGate(pattern="x", is_negated=True), ScoreGate(function="words", at_least=9))
    task = Task("writer", "Go.", gates=gates, refine=Refine(rounds=4, patience=2))
    model = ScriptedModel(says)

    result, events = run([model], task, gates={"words": words})

    # The second has a higher score and passes one gate less; the third gains on the first.
    assert (result.status, result.output, result.score, result.attempts) == (DONE, "a b c d", 4, 4)
    assert [e.body.verdict.score for e in events if isinstance(e.body, Gated)] == [
        *(None, 3.0),
        *(None, 5.0),
        *(None, 4.0),
        *(None, 2.0),
    ]
    last = model.requests[-1].messages[-1].text
    assert "6 words more" in last
    assert "a b c d" in last


def test_a_refine_loop_tells_all_that_checks_in_code_refuse_and_asks_no_judge() -> None:
    gates = (SHORT, RegexGate(pattern="^s"), JudgeGate(rubric="Be good."))
    model = ScriptedModel(["far too long an answer", "far too long, too"])

    result, events = run([model], Task("writer", "Go.", gates=gates, refine=Refine()))

    assert (result.status, result.output) == (FAILED, "far too long an answer")
    assert result.error is not None
    assert result.error.why.splitlines() == [
        "The answer must satisfy len(text) < 10.",
        "The text must match ^s.",
    ]
    assert len([e for e in events if isinstance(e.body, Gated)]) == 4


def test_a_version_that_a_check_in_code_refuses_never_counts() -> None:
    gates = (ScoreGate(function="words", at_least=9), SHORT)
    model = ScriptedModel(["a b c d e f g h", "a b c d e f g"])

    result, _ = run(
        [model], Task("writer", "Go.", gates=gates, refine=Refine()), gates={"words": words}
    )

    assert (result.status, result.output) == (FAILED, "a b c d e f g h")


@pytest.mark.parametrize("said", ["good", None, True, 11, -1])
def test_a_function_that_gives_no_score_is_a_broken_gate(said: object) -> None:
    task = Task("writer", "Go.", gates=(ScoreGate(function="words"),))

    def says(_: object) -> object:
        return said

    result, _ = run([ScriptedModel(["x"])], task, gates={"words": says})

    assert result.error is not None
    assert (result.status, result.error.code) == (FAILED, "PA-E311")


def test_the_answer_to_a_message_that_arrived_during_a_gate_passes_the_gates_anew() -> None:
    async def body() -> tuple[Result, list[Event]]:
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
            return await handle.wait(), await rig.sessions.history(handle.key)

    result, events = run_virtual(body())

    verdicts = [e.body.verdict.is_accepted for e in events if isinstance(e.body, Gated)]
    assert (result.status, result.output, result.attempts) == (DONE, "tiny", 2)
    assert verdicts == [True, True, False, True, True]


class Studio:
    """A writer, a refiner and a judge, each by its instructions."""

    def __init__(self, *scores: float, refines: Sequence[Answer]) -> None:
        self._scores = list(scores)
        self._refines = list(refines)
        self.model = RepliesWith(self._answer)

    def _answer(self, request: ModelRequest) -> Answer:
        if request.system == "Write.":
            return "draft"
        if request.system.startswith("You judge"):
            score = self._scores.pop(0)
            item = {"name": "c", "evidence": "e", "reason": "r", "score": score}
            return orjson.dumps({"criteria": [item], "critique": f"better than {score}"}).decode()
        return self._refines.pop(0)


def revised(studio: Studio, **more: Any) -> tuple[Result, list[Event]]:
    gates = (JudgeGate(rubric="Be good.", at_least=9),)
    return run(
        [studio.model], Task("writer", "Go.", gates=gates, refine=Refine(by="refiner"), **more)
    )


def test_a_refiner_makes_each_further_version_and_the_judge_reads_it() -> None:
    studio = Studio(4, 7, 9, refines=["second", "third"])

    result, events = revised(studio)

    asked = [r.messages[0].text for r in studio.model.requests if "critique" in r.messages[0].text]
    assert (result.status, result.output, result.score, result.attempts) == (DONE, "third", 9, 3)
    assert [e.body.text for e in events if isinstance(e.body, Revised)] == ["second", "third"]
    assert ["draft" in asked[0], "better than 4" in asked[0], "Go." in asked[0]] == [True] * 3
    assert ["second" in asked[1], "better than 7" in asked[1]] == [True] * 2
    assert sum(r.system == "Write." for r in studio.model.requests) == 1


def test_a_refiner_that_fails_leaves_the_best_version() -> None:
    result, _ = revised(Studio(4, refines=[AuthFailed("no")]))

    assert (result.status, result.output, result.score) == (DONE, "draft", 4)


def test_without_a_version_that_can_count_the_refiner_s_failure_is_the_run_s() -> None:
    gates = (RegexGate(pattern="^x"),)
    task = Task("writer", "Go.", gates=gates, refine=Refine(by="refiner"))

    result, _ = run([Studio(refines=[AuthFailed("no")]).model], task)

    assert result.error is not None
    assert (result.status, result.output, result.error.code) == (FAILED, "draft", "PA-E313")
    assert "PA-E203" in result.error.why


def test_a_refiner_answers_in_the_form_of_the_writer_s_answer() -> None:
    form = {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }
    agent = replace(WRITER, output_schema=form)
    answers = iter(['{"title": "long title"}', '{"title": "tea"}'])
    model = RepliesWith(lambda _: next(answers))
    task = Task(
        "writer",
        "Go.",
        gates=(ConditionGate(condition="len(title) < 5"),),
        refine=Refine(by="refiner"),
    )

    result, _ = run([model], task, agent=agent)

    assert (result.status, result.output) == (DONE, {"title": "tea"})
    assert model.requests[1].output_schema == form


def test_a_refiner_spends_the_budget_of_the_work_and_ends_it_over_budget() -> None:
    prices = {"*": {"input_usd": 1.0, "output_usd": 2.0}}
    provider = {"wire": "chat", "base_url": "http://127.0.0.1:1/v1", "prices": prices}
    gates = (RegexGate(pattern="^x"),)
    task = Task(
        "writer",
        "Go.",
        gates=gates,
        refine=Refine(by="refiner", rounds=9, patience=9),
        budget=Budget(tokens=4000, on_limit=OnLimit.STOP),
        limits=Limits(max_output_tokens=100),
    )

    result, _ = run(
        [Studio(refines=["again"] * 9).model],
        task,
        settings=Settings(providers={"scripted": provider}),
    )

    assert (result.status, result.output) == (RunStatus.OVER_BUDGET, "draft")


@pytest.mark.parametrize(
    "given",
    [
        {"refine": Refine(by="nobody")},
        {"gates": (JudgeGate(rubric="Be good.", by="nobody"),)},
    ],
)
def test_a_judge_or_a_refiner_that_is_not_there_is_refused_before_anything_is_paid(
    given: dict[str, Any],
) -> None:
    model = ScriptedModel(["draft"])

    with pytest.raises(UnknownAgent, match="nobody"):
        run([model], Task("writer", "Go.", **given))

    assert model.requests == []


def test_an_agent_of_one_s_own_may_be_the_judge() -> None:
    critic = Agent(name="critic", description="", instructions="Criticise.")
    answers = iter(["draft", '{"score": 9.5, "critique": ""}'])
    form = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}

    async def body() -> Result:
        agents = [WRITER, replace(critic, output_schema=form)]
        async with open_rig(RepliesWith(lambda _: next(answers)), agents=agents) as rig:
            gates = (JudgeGate(rubric="Be good.", by="critic"),)
            return await (await rig.sessions.spawn(Task("writer", "Go.", gates=gates))).wait()

    result = run_virtual(body())

    assert (result.status, result.score) == (DONE, 9.5)


def test_a_judge_that_is_known_to_be_weak_is_refused_unless_it_is_allowed() -> None:
    weak = frozenset({Need.JUDGEMENT})
    gate = JudgeGate(rubric="Be good.")

    refused, _ = run([Court(9, lacks=weak).model], Task("writer", "Go.", gates=(gate,)))
    allowed, _ = run(
        [Court(9, lacks=weak).model], Task("writer", "Go.", gates=(replace(gate, allow_weak=True),))
    )

    assert refused.error is not None
    assert (refused.status, refused.error.code) == (FAILED, "PA-E311")
    assert "may not judge" in refused.error.message
    assert (allowed.status, allowed.score) == (DONE, 9)
    assert "a weak judge" in allowed.notices[0]


def test_a_judge_is_a_session_under_the_work_and_costs_its_budget() -> None:
    async def body() -> None:
        async with open_rig(Court(9).model, agents=[WRITER]) as rig:
            gate = JudgeGate(rubric="Be good.")
            handle = await rig.sessions.spawn(Task("writer", "Go.", gates=(gate,)))
            result = await handle.wait()
            (judge,) = await rig.sessions.list(Filter(parent=handle.key))

            assert judge.session.agent.name == "judge"
            assert result.spend.calls == 1
            assert result.spend_below == judge.run.spend
            assert result.usage == result.spend.usage + judge.run.spend.usage

    run_virtual(body())


def test_gates_are_checked_in_the_order_of_what_they_cost() -> None:
    gates: tuple[Gate, ...] = (JudgeGate(rubric="Be good."), FunctionGate(function="mine"), SHORT)

    result, events = run(
        [ScriptedModel(["far too long an answer"])],
        Task("writer", "Go.", gates=gates),
        gates={"mine": bool},
    )

    assert result.status is FAILED
    assert len([e for e in events if isinstance(e.body, Gated)]) == 1


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
