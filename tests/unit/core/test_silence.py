"""A run is stuck once it is silent for longer than is usual, and never while it waits for something."""

from __future__ import annotations

import pytest

from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Body, Replied, Retrying, Started, ToolStarted, Waiting
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import ToolCall, assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.run import Failure
from parallel_agents.core.silence import (
    Gap,
    SilentRun,
    StuckRules,
    described,
    silence_of,
    usual_gap,
)
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Usage

RULES = StuckRules(factor=10.0, least_seconds=60.0, unknown_seconds=600.0)
GAPS = [Gap(10.0)] * 30
REPLIED = Replied(
    turn=1,
    message=assistant("hm"),
    model="a/b",
    finish=Finish.STOP,
    usage=Usage(1, 1),
    cost_nanousd=0,
    seconds=1.0,
)
ASKED = Asked(
    turn=1,
    number=1,
    question=Question(question=QuestionKind.REQUEST, text="?", expires_at=1e9),
)
STARTED = Started(owner=OwnerId("o"), epoch=1)


def run(
    body: Body, *, model: str = "a/b", children: bool = False, asking: bool = False
) -> SilentRun:
    return SilentRun(
        run=RunId("r"),
        session=SessionKey("agent:a:subagent:s"),
        owner=OwnerId("o"),
        epoch=1,
        number=7,
        name="s",
        label="a",
        agent="a",
        model=model,
        at=1000.0,
        body=body,
        has_children=children,
        is_asking=asking,
    )


def tool(name: str) -> ToolStarted:
    return ToolStarted(turn=1, call=ToolCall("1", name, {}), effect=Effect.ONCE, number=1)


def test_a_run_is_stuck_after_a_multiple_of_the_usual_gap() -> None:
    at_most = silence_of(run(REPLIED), GAPS, RULES, 1000.0 + 100.0)
    longer = silence_of(run(REPLIED), GAPS, RULES, 1000.0 + 101.0)

    assert not at_most.is_stuck
    assert longer.is_stuck
    assert described(longer) == "stuck: silent for 1m41s (usually at most 10.0s)"


def test_a_run_that_was_told_as_stuck_stays_so_although_longer_gaps_become_usual() -> None:
    told = run(REPLIED)._replace(was_told=True)

    assert silence_of(told, [Gap(500.0)] * 30, RULES, 1000.0 + 101.0).is_stuck
    assert not silence_of(told._replace(is_asking=True), GAPS, RULES, 1200.0).is_stuck


def test_a_fast_agent_has_the_floor_and_an_unknown_one_the_stated_default() -> None:
    assert silence_of(run(REPLIED), [Gap(0.001)] * 30, RULES, 1000.0).most == 60.0
    assert silence_of(run(REPLIED), [], RULES, 1000.0).most == 600.0
    assert silence_of(run(REPLIED), GAPS[:5], RULES, 1000.0).usual is None


def test_a_rare_long_gap_and_the_waits_of_earlier_runs_are_not_usual() -> None:
    assert usual_gap([Gap(1.0)] * 99 + [Gap(9000.0)]) == 1.0
    assert usual_gap([Gap(1.0)] * 20 + [Gap(9000.0, is_wait=True)] * 20) == 1.0


@pytest.mark.parametrize(
    ("waiting", "reason"),
    [
        (run(ASKED), "your answer"),
        (run(REPLIED, asking=True), "your answer"),
        (run(REPLIED, children=True), "its agents"),
        (run(tool("state_wait_for")), "others"),
        (run(tool("agents_wait")), "others"),
        (run(STARTED, model="local/x"), "its model to load"),
    ],
    ids=["asked", "asks beside", "children", "state", "wait tool", "download"],
)
def test_a_run_that_waits_for_others_is_never_stuck_and_says_for_what(
    waiting: SilentRun, reason: str
) -> None:
    silence = silence_of(waiting, GAPS, RULES, 1e6)

    assert not silence.is_stuck
    assert silence.waits_for == reason


RETRYING = Retrying(
    turn=1, attempt=1, error=Failure(code="PA-E201", message="busy"), wait_seconds=500.0
)
WAITING = Waiting(turn=1, reason="the request limit of a/b", seconds=500.0)


@pytest.mark.parametrize("body", [RETRYING, WAITING], ids=["back-off", "rate limit"])
def test_a_wait_with_an_end_is_no_silence_until_then_and_counts_from_there(body: Body) -> None:
    assert silence_of(run(body), GAPS, RULES, 1000.0 + 499.0).waits_for
    after = silence_of(run(body), GAPS, RULES, 1000.0 + 550.0)

    assert after.seconds == 50.0
    assert not after.is_stuck
    assert silence_of(run(body), GAPS, RULES, 1000.0 + 601.0).is_stuck


@pytest.mark.parametrize("body", [REPLIED, STARTED, tool("shell")], ids=["reply", "start", "tool"])
def test_a_hung_call_is_no_wait(body: Body) -> None:
    assert silence_of(run(body), GAPS, RULES, 1000.0 + 200.0).is_stuck


def test_a_clock_that_is_behind_makes_no_silence() -> None:
    assert silence_of(run(REPLIED), GAPS, RULES, 0.0).seconds == 0.0
