"""One answer of several is chosen by its score, or by the most votes."""

from __future__ import annotations

import pytest

from parallel_agents.core.gate import ScoreGate
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.flows.flow import Flow
from parallel_agents.testing import Answer, RepliesWith, open_rig
from tests.unit.flows.parts import WRITER, Writer, process, run, write


def longest(answer: object) -> float:
    return min(len(str(answer)), 10)


def drafts(*texts: str) -> RepliesWith:
    """A model that writes these one after another, whatever it is asked."""
    left = list(texts)

    def answer(request: ModelRequest) -> Answer:
        return left.pop(0)

    return RepliesWith(answer)


async def best(flow: Flow) -> list[object]:
    found = await flow.best_of(3, write("tea"), gates=[ScoreGate(function="longest", at_least=2)])
    return [found.best.output, found.best.score, len(found.done)]


async def test_the_best_has_the_highest_score_of_those_that_pass() -> None:
    async with open_rig(
        drafts("short", "longer one", "x"), agents=[WRITER], gates={"longest": longest}
    ) as rig:
        result = await run(rig, best)

    assert result.output == ["longer one", 10, 2]
    assert "1 of 3 tasks of the step best_of are not done" in result.notices[0]


async def test_the_best_may_be_scored_in_plain_python() -> None:
    async def flow_of(flow: Flow) -> str:
        return (await flow.best_of(3, write("tea"), score=len)).best.output

    async with open_rig(drafts("a", "ccc", "bb"), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.output == "ccc"


async def test_what_is_not_a_number_is_no_score() -> None:
    async def flow_of(flow: Flow) -> str:
        return (await flow.best_of(3, write("tea"), score=float)).best.output

    async with open_rig(drafts("nan", "1", "2"), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.output == "2"


async def test_without_a_score_there_is_no_best() -> None:
    async def flow_of(flow: Flow) -> str:
        return (await flow.best_of(2, write("tea"))).best.output

    async with open_rig(drafts("a", "b"), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.message == "the step best_of has no best answer"
    assert result.error.why == "no gate of the task gives a score"


async def test_if_no_try_is_done_it_says_why() -> None:
    async def flow_of(flow: Flow) -> str:
        return (await flow.best_of(2, write("fail now"), score=len)).best.output

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert "best_of-1 is failed: PA-E203 no key" in result.error.why


@pytest.mark.parametrize("count", [0, -1, 101])
async def test_there_are_1_to_100_tries(count: int) -> None:
    async def flow_of(flow: Flow) -> str:
        return (await flow.best_of(count, write("tea"), score=len)).best.output

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.code == "PA-E101"


async def ballots(flow: Flow) -> list[object]:
    vote = await flow.vote([write(f"n{n}") for n in range(3)], key="choice")
    return [vote.winner, vote.share, [list(each) for each in vote.counts]]


async def test_the_winner_is_what_most_answer() -> None:
    async with open_rig(drafts("Yes", "no", " yes "), agents=[WRITER]) as rig:
        result = await run(rig, ballots)

    assert result.status is RunStatus.DONE
    winner, share, counts = result.output
    assert winner.strip().casefold() == "yes"
    assert share == pytest.approx(2 / 3)
    assert [count for _, count in counts] == [2, 1]


@pytest.mark.parametrize("texts", [("a", "b", "c"), ("a", "a", "b", "b")])
async def test_a_tie_has_no_winner(texts: tuple[str, ...]) -> None:
    async def flow_of(flow: Flow) -> object:
        return (await flow.vote([write(f"n{n}") for n in range(len(texts))])).winner

    async with open_rig(drafts(*texts), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.message == "the step vote has no winner"


async def test_a_vote_may_be_a_part_of_an_answer() -> None:
    async def flow_of(flow: Flow) -> object:
        tasks = [write(f"n{n}") for n in range(3)]
        return (await flow.vote(tasks, of=lambda answer: answer[0])).winner

    async with open_rig(drafts("ab", "ac", "b"), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.output == "a"
