"""A refine loop makes versions of an answer until one passes, and keeps the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.event import Event, Gated, Revised
from parallel_agents.core.gate import (
    ConditionGate,
    JudgeGate,
    Refine,
    RegexGate,
    ScoreGate,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed, UnknownAgent
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel
from tests.unit.runners.agent.gated import (
    DONE,
    FAILED,
    LADDER,
    SHORT,
    WRITER,
    Court,
    attempts,
    run,
    words,
)


async def refined(
    scores: Sequence[float], *, rounds: int = 5, patience: int = 1
) -> tuple[Result, Court]:
    """What a refine loop gives whose versions score so; each version is the next of v1, v2, ..."""
    court = Court(*scores)
    gate = JudgeGate(rubric="Be good.", at_least=9)
    refine = Refine(rounds=rounds, patience=patience)
    result, _ = await run([court.model], Task("writer", "Go.", gates=(gate,), refine=refine))
    return result, court


async def test_a_refine_loop_goes_on_until_a_version_scores_enough() -> None:
    result, court = await refined([4, 6, 8, 9])

    assert result.status is DONE
    assert result.output == "v4"
    assert result.score == 9
    assert result.attempts == 4
    assert "better than 8" in court.model.requests[6].messages[-1].text


async def test_a_refine_loop_that_gains_nothing_stops_and_gives_its_best_version() -> None:
    result, _ = await refined([4, 7, 6, 10])

    assert result.status is DONE
    assert result.output == "v2"
    assert result.score == 7
    assert result.attempts == 3
    assert any(
        "the best of 3 versions; it scores 7 of 10 and did not pass" in notice
        for notice in result.notices
    )


async def test_a_patient_refine_loop_goes_on_from_its_best_version_up_to_its_rounds() -> None:
    result, court = await refined([4, 7, 6, 5], rounds=4, patience=3)

    said = [r.messages[-1].text for r in court.model.requests if r.system == "Write."]
    assert result.output == "v2"
    assert result.score == 7
    assert result.attempts == 4
    assert ["v2" in text and "better than 7" in text for text in said] == [False, False, True, True]


async def test_a_refine_loop_climbs_its_ladder_where_a_model_gains_no_more() -> None:
    first, second = Court(4, 4, 9, name=LADDER[0]), Court(name=LADDER[1])
    gate = JudgeGate(rubric="Be good.", at_least=9, model=LADDER[0])

    task = Task("writer", "Go.", gates=(gate,), refine=Refine(), ladder=LADDER[:2])
    result, events = await run([first.model, second.model], task)

    assert result.status is DONE
    assert result.model == LADDER[1]
    assert result.score == 9
    assert [model for _, model, _ in attempts(events)] == ["", LADDER[1]]


async def test_a_refine_loop_whose_model_fails_gives_its_best_version() -> None:
    court = Court(4)
    court.then = AuthFailed("no")

    gate = JudgeGate(rubric="Be good.", at_least=9)
    result, _ = await run([court.model], Task("writer", "Go.", gates=(gate,), refine=Refine()))

    assert result.status is DONE
    assert result.output == "v1"
    assert result.score == 4


async def test_a_refine_loop_of_checks_in_code_keeps_the_version_that_passes_the_most() -> None:
    says = ["a b c", "a b c d x", "a b c d", "a b"]
    gates = (RegexGate(pattern="x", is_negated=True), ScoreGate(function="words", at_least=9))
    task = Task("writer", "Go.", gates=gates, refine=Refine(rounds=4, patience=2))
    model = ScriptedModel(says)

    result, events = await run([model], task, gates={"words": words})

    # The second has a higher score and passes one gate less; the third gains on the first.
    assert result.status is DONE
    assert result.output == "a b c d"
    assert result.score == 4
    assert result.attempts == 4
    assert [e.body.verdict.score for e in events if isinstance(e.body, Gated)] == [
        *(None, 3.0),
        *(None, 5.0),
        *(None, 4.0),
        *(None, 2.0),
    ]
    last = model.requests[-1].messages[-1].text
    assert "6 words more" in last
    assert "a b c d" in last


async def test_a_refine_loop_tells_all_that_checks_in_code_refuse_and_asks_no_judge() -> None:
    gates = (SHORT, RegexGate(pattern="^s"), JudgeGate(rubric="Be good."))
    model = ScriptedModel(["far too long an answer", "far too long, too"])

    result, events = await run([model], Task("writer", "Go.", gates=gates, refine=Refine()))

    assert result.status is FAILED
    assert result.output == "far too long an answer"
    assert result.error is not None
    assert result.error.why.splitlines() == [
        "The answer must satisfy len(text) < 10.",
        "The text must match ^s.",
    ]
    assert len([e for e in events if isinstance(e.body, Gated)]) == 4


async def test_a_version_that_a_check_in_code_refuses_never_counts() -> None:
    gates = (ScoreGate(function="words", at_least=9), SHORT)
    model = ScriptedModel(["a b c d e f g h", "a b c d e f g"])

    result, _ = await run(
        [model], Task("writer", "Go.", gates=gates, refine=Refine()), gates={"words": words}
    )

    assert result.status is FAILED
    assert result.output == "a b c d e f g h"


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


async def revised(studio: Studio, **more: Any) -> tuple[Result, list[Event]]:
    gates = (JudgeGate(rubric="Be good.", at_least=9),)
    return await run(
        [studio.model], Task("writer", "Go.", gates=gates, refine=Refine(by="refiner"), **more)
    )


async def test_a_refiner_makes_each_further_version_and_the_judge_reads_it() -> None:
    studio = Studio(4, 7, 9, refines=["second", "third"])

    result, events = await revised(studio)

    asked = [r.messages[0].text for r in studio.model.requests if "critique" in r.messages[0].text]
    assert result.status is DONE
    assert result.output == "third"
    assert result.score == 9
    assert result.attempts == 3
    assert [e.body.text for e in events if isinstance(e.body, Revised)] == ["second", "third"]
    assert ["draft" in asked[0], "better than 4" in asked[0], "Go." in asked[0]] == [True] * 3
    assert ["second" in asked[1], "better than 7" in asked[1]] == [True] * 2
    assert sum(r.system == "Write." for r in studio.model.requests) == 1


async def test_a_refiner_that_fails_leaves_the_best_version() -> None:
    result, _ = await revised(Studio(4, refines=[AuthFailed("no")]))

    assert result.status is DONE
    assert result.output == "draft"
    assert result.score == 4


async def test_without_a_version_that_can_count_the_refiner_s_failure_is_the_run_s() -> None:
    gates = (RegexGate(pattern="^x"),)
    task = Task("writer", "Go.", gates=gates, refine=Refine(by="refiner"))

    result, _ = await run([Studio(refines=[AuthFailed("no")]).model], task)

    assert result.error is not None
    assert result.status is FAILED
    assert result.output == "draft"
    assert result.error.code == "PA-E313"
    assert "PA-E203" in result.error.why


async def test_a_refiner_answers_in_the_form_of_the_writer_s_answer() -> None:
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

    result, _ = await run([model], task, agent=agent)

    assert result.status is DONE
    assert result.output == {"title": "tea"}
    assert model.requests[1].output_schema == form


async def test_a_refiner_spends_the_budget_of_the_work_and_ends_it_over_budget() -> None:
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

    result, _ = await run(
        [Studio(refines=["again"] * 9).model],
        task,
        settings=Settings(providers={"scripted": provider}),
    )

    assert result.status is RunStatus.OVER_BUDGET
    assert result.output == "draft"


@pytest.mark.parametrize(
    "given",
    [
        {"refine": Refine(by="nobody")},
        {"gates": (JudgeGate(rubric="Be good.", by="nobody"),)},
    ],
)
async def test_a_judge_or_a_refiner_that_is_not_there_is_refused_before_anything_is_paid(
    given: dict[str, Any],
) -> None:
    model = ScriptedModel(["draft"])

    with pytest.raises(UnknownAgent, match="nobody"):
        await run([model], Task("writer", "Go.", **given))

    assert model.requests == []
