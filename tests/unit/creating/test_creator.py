"""An agent is registered only if its files, its cases and its review say so; otherwise it is a draft."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from parallel_agents.core.agent import Need
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.schema import Json
from parallel_agents.creating.created import Created, CreateOptions, Wanted, read_created
from parallel_agents.creating.request import (
    create_many_task,
    create_task,
    refine_task,
    register_task,
)
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig
from tests.unit.creating.parts import CASES, DESIGN, INSTRUCTIONS
from tests.unit.flows.parts import Crash

WANTED = Wanted(name="sorter", purpose="Sorts tickets.")
ANSWERS = {"The heating fails.": "bug", "How do I log in?": "question"}


class Makers:
    """A model that plays all agents: it makes the sorter, is it, and reviews it."""

    def __init__(
        self,
        *scores: float,
        model: str = "scripted/m",
        lacks: frozenset[Need] = frozenset(),
        answers: Mapping[str, Json] | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.scores = list(scores or (9.0,))
        self.answers: dict[str, Json] = {
            "Design the fields": DESIGN,
            "Write the instructions": {"instructions": INSTRUCTIONS},
            "Write three cases": CASES,
            "Write the next version": {"changes": "x", "instructions": f"Better. {INSTRUCTIONS}"},
            **(answers or {}),
        }
        can = Capabilities(lacks=lacks)
        self.model = RepliesWith(self._answer, model, latency_seconds=10, capabilities=can)

    def _answer(self, request: ModelRequest) -> Answer:
        text = request.messages[0].text
        for begins, answer in self.answers.items():
            if text.startswith(begins):
                self.calls.append(begins)
                return orjson.dumps(answer).decode()
        if text.startswith("Review the draft"):
            self.calls.append("Review")
            score = self.scores.pop(0) if len(self.scores) > 1 else self.scores[0]
            return orjson.dumps(review(score)).decode()
        self.calls.append("case")
        kind = next((kind for ticket, kind in ANSWERS.items() if ticket in text), "question")
        return orjson.dumps({"reason": text[-60:], "kind": kind}).decode()


def review(score: float) -> Json:
    evidence = {
        "purpose": "Sort the ticket.",
        "instructions": f"name: {WANTED.name}",
        "output": "additionalProperties: false",
    }
    criteria = [
        {"name": name, "evidence": quote, "reason": "", "score": score}
        for name, quote in evidence.items()
    ]
    return {"criteria": criteria, "critique": "Say more."}


async def made(rig: Rig, task: FlowTask, key: str = "one") -> Created:
    spawned = await rig.service.spawn_flow(task, key=key)
    (result,) = await rig.service.wait([spawned.run_id])
    assert result.is_done, result.error
    found = read_created(result.output_json)
    assert found is not None
    return found


def edit(file: Path) -> str:
    text = file.read_text("utf-8").replace("Sort the ticket.", "Sort the ticket. Be brief.")
    file.write_text(text, "utf-8")
    return text


async def create(makers: Makers, **options: Any) -> Created:
    async with open_rig(makers.model) as rig:
        return await made(rig, create_task(WANTED, CreateOptions(**options)))


async def test_an_agent_that_is_good_enough_is_registered() -> None:
    makers = Makers(9.0)

    found = await create(makers)

    assert (found.version, found.draft, found.score, found.reasons) == (1, False, 9.0, ())
    assert (found.passed, found.cases) == (3, 3)
    assert makers.calls == [
        "Design the fields",
        "Write the instructions",
        "Write three cases",
        *["case"] * 3,
        "Review",
    ]


async def test_one_with_a_low_score_is_refined_until_it_has_it() -> None:
    found = await create(Makers(6.0, 9.5))

    assert found.version == 1
    assert [each.score for each in found.rounds] == [6.0, 9.5]


async def test_one_that_never_gets_the_score_stays_a_draft_that_says_why() -> None:
    found = await create(Makers(7.0), rounds=2)

    assert (found.version, found.draft) == (None, True)
    assert found.reasons == ("its score is 7, below 8.5",)
    assert "drafts" in found.file


async def test_one_that_fails_its_cases_stays_a_draft_with_what_was_seen() -> None:
    wrong = orjson.loads(orjson.dumps(CASES))
    wrong["cases"][1]["checks"][0]["value"] = "bug"

    found = await create(Makers(9.0, answers={"Write three cases": wrong}), rounds=1)

    assert found.version is None
    assert found.reasons[0] == "it passed 2 of its 3 cases"
    assert "case question: " in found.reasons[1]
    assert "it answered: " in found.reasons[1]
    lenient = await create(Makers(9.0, answers={"Write three cases": wrong}), min_pass=0.6)
    assert lenient.version == 1


async def test_cases_that_any_answer_passes_are_written_anew_before_anything_is_run() -> None:
    dull = orjson.loads(orjson.dumps(CASES))
    dull["cases"][0]["checks"] = [{"field": "reason", "test": "at_most", "value": "100"}]
    makers = Makers(9.0, answers={"Write three cases": dull})

    found = await create(makers, rounds=2)

    assert found.version is None
    assert "passed by an empty answer" in found.reasons[0]
    assert makers.calls.count("Write three cases") == 2
    assert "case" not in makers.calls


async def test_instructions_with_a_placeholder_are_not_run() -> None:
    makers = Makers(9.0, answers={"Write the instructions": {"instructions": "TODO"}})

    found = await create(makers, rounds=1)

    assert found.version is None
    assert any("placeholder" in reason for reason in found.reasons)
    assert "case" not in makers.calls


async def test_a_judge_that_may_not_judge_is_not_asked_unless_that_is_allowed() -> None:
    weak = Makers(9.0, model="sim/weak", lacks=frozenset({Need.JUDGEMENT}))

    async with open_rig(weak.model) as rig:
        refused = await made(rig, create_task(WANTED, CreateOptions()))
        assert "Review" not in weak.calls
        allowed = await made(rig, create_task(WANTED, CreateOptions(allow_weak_judge=True)), "two")

    assert refused.version is None
    assert refused.reasons[0].startswith("it has no score: sim/weak may not judge")
    assert len(refused.rounds) == 1
    assert (allowed.version, allowed.score) == (1, 9.0)
    assert allowed.weakness


async def test_the_name_of_an_agent_is_taken_unless_it_is_replaced() -> None:
    async with open_rig(Makers().model) as rig:
        task = create_task(replace(WANTED, name="judge"), CreateOptions())
        spawned = await rig.service.spawn_flow(task, key="one")
        (result,) = await rig.service.wait([spawned.run_id])
        first = await made(rig, create_task(WANTED, CreateOptions()), "two")
        second = await made(rig, create_task(WANTED, CreateOptions(replace=True)), "three")

    assert result.error is not None
    assert "there is an agent 'judge' already" in f"{result.error.message} {result.error.why}"
    assert (first.version, second.version) == (1, 2)


async def test_an_agent_is_refined_from_what_runs_and_a_draft_from_itself() -> None:
    makers = Makers(6.0, 6.0, 9.5)
    async with open_rig(makers.model) as rig:
        draft = await made(rig, create_task(WANTED, CreateOptions(rounds=1)), "one")
        better = await made(rig, refine_task("sorter", CreateOptions()), "two")
        again = await made(rig, refine_task("sorter", CreateOptions()), "three")

    assert draft.draft
    assert [each.score for each in better.rounds] == [6.0, 9.5]
    assert (better.version, again.version) == (1, 2)


async def test_a_written_agent_is_registered_as_it_is_or_says_why_not() -> None:
    makers = Makers(9.0)
    async with open_rig(makers.model) as rig:
        first = await made(rig, create_task(WANTED, CreateOptions()), "one")
        file = Path(first.file)
        edited = edit(file)
        registered = await made(rig, register_task("sorter", CreateOptions()), "two")
        await asyncio.to_thread((file.parent.parent / "cases" / "sorter.yaml").unlink)
        refused = await made(rig, register_task("sorter", CreateOptions()), "three")
        kept = await asyncio.to_thread(file.read_text, "utf-8")

    assert registered.version == 2
    assert refused.version is None
    assert "it has no cases" in refused.reasons[0]
    assert kept == edited


@pytest.mark.slow
async def test_several_are_made_at_once_and_one_that_fails_keeps_none_from_it() -> None:
    wanted = [Wanted(name=f"sorter_{number}", purpose="Sorts.") for number in range(20)]
    taken = Wanted(name="judge", purpose="Judges.")
    async with open_rig(Makers().model) as rig:
        began = asyncio.get_running_loop().time()
        task = create_many_task([*wanted, taken], CreateOptions())
        spawned = await rig.service.spawn_flow(task, key="one")
        (result,) = await rig.service.wait([spawned.run_id])
        seconds = asyncio.get_running_loop().time() - began

    assert isinstance(result.output_json, list)
    found = [each for output in result.output_json if (each := read_created(output))]
    assert [each.version for each in found] == [1] * 20 + [None]
    assert "judge" in found[-1].reasons[0]
    assert seconds < 2 * 5 * 10  # five stages of ten seconds each


async def test_what_is_stored_is_not_paid_for_again() -> None:
    makers, store = Makers(9.0), MemoryStore(asyncio.get_running_loop().time)
    with suppress(Crash):
        async with open_rig(makers.model, store=store) as rig:
            await rig.service.spawn_flow(create_task(WANTED, CreateOptions()), key="one")
            await asyncio.sleep(35)  # in the middle of the cases
            raise Crash
    before = len(makers.calls)

    async with open_rig(makers.model, store=store) as rig:
        found = await made(rig, create_task(WANTED, CreateOptions()))

    assert found.version == 1
    assert before < len(makers.calls) <= 7 + 3
    assert makers.calls.count("Design the fields") == 1
