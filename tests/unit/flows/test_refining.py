"""A draft is made better until it has the score that is asked for."""

from __future__ import annotations

from parallel_agents.core.gate import JudgeGate, ScoreGate
from parallel_agents.core.store import Filter
from parallel_agents.flows.flow import Flow
from parallel_agents.testing import open_rig
from tests.unit.flows.parts import WRITER, run, write
from tests.unit.flows.test_choosing import drafts, longest

GATE = ScoreGate(function="longest", at_least=1)


async def refined(flow: Flow) -> str:
    draft = await flow.task("draft", write("tea", gates=(GATE,)))
    return await flow.refine(draft, until=8, rounds=3)


async def test_a_draft_is_refined_until_it_has_the_score() -> None:
    model = drafts("a", "bbb", "cccccccc")
    async with open_rig(model, agents=[WRITER], gates={"longest": longest}) as rig:
        result = await run(rig, refined)

    assert result.output == "cccccccc"


async def test_a_draft_that_has_the_score_stays_as_it_is() -> None:
    async with open_rig(drafts("cccccccc"), agents=[WRITER], gates={"longest": longest}) as rig:
        result = await run(rig, refined)
        rows = await rig.sessions.list(Filter(tree=result.session_key))

    assert result.output == "cccccccc"
    assert {row.session.label for row in rows} == {"refined", "draft"}


async def test_a_draft_that_never_gets_the_score_is_the_best_of_its_versions() -> None:
    model = drafts("a", "bb", "cccc", "dd")
    async with open_rig(model, agents=[WRITER], gates={"longest": longest}) as rig:
        result = await run(rig, refined)

    assert result.output == "cccc"
    assert result.notices == ("the step refine has a score of 4, below 8",)


async def test_the_task_of_a_refinement_has_the_draft_and_the_higher_score() -> None:
    model = drafts("a", "bbbbbbbbb")
    async with open_rig(model, agents=[WRITER], gates={"longest": longest}) as rig:
        await run(rig, refined)
        events = await rig.sessions.history("refine")
        row = await rig.service.find("refine")

    assert "Improve this draft" in str(events[0].body)
    assert row.session.agent.gates == (ScoreGate(function="longest", at_least=8),)


async def test_without_a_gate_that_scores_a_judge_does() -> None:
    async def flow_of(flow: Flow) -> str:
        draft = await flow.task("draft", write("tea"))
        return await flow.refine(draft, rounds=1, rubric="It rhymes.")

    async with open_rig(drafts("a", "b"), agents=[WRITER]) as rig:
        await run(rig, flow_of)
        events = await rig.sessions.history("refine")

    queued = events[0].body
    assert getattr(queued, "gates", ()) == (JudgeGate(rubric="It rhymes.", at_least=8.5),)
