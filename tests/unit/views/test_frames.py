"""Frames: what each session did and when."""

from __future__ import annotations

import pytest

from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import (
    Attempted,
    Body,
    Event,
    Finished,
    Gated,
    Noticed,
    Queued,
    Replied,
    Retrying,
    Started,
    ToolFinished,
    ToolStarted,
)
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import Message, Role, Text, ToolCall, ToolResult
from parallel_agents.core.model import Finish
from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Usage
from parallel_agents.views.frames import Frame, MarkKind, SpanKind, frames_of

KEY = SessionKey("s")


def frame(*bodies: tuple[float, Body]) -> Frame:
    events = [
        Event(session=KEY, run=RunId("r"), key=str(number), at=at, body=body, seq=number)
        for number, (at, body) in enumerate(bodies, 1)
    ]
    return frames_of(events, {KEY: "writer"}).by_session[KEY]


def replied(model: str, seconds: float, cost_nanousd: int | None = 1_000_000_000) -> Replied:
    message = Message(role=Role.ASSISTANT, parts=(Text("x"),))
    return Replied(
        turn=1,
        message=message,
        model=model,
        finish=Finish.STOP,
        usage=Usage(1, 1),
        cost_nanousd=cost_nanousd,
        seconds=seconds,
    )


QUESTION = Question(question=QuestionKind.REQUEST, text="red?", expires_at=999)
FAILURE = Failure("PA-E201", "slow down")
STARTED = Started(owner=OwnerId("o"), epoch=1)


def test_the_queue_a_wait_and_a_call_are_spans_that_do_not_overlap() -> None:
    found = frame(
        (0, Queued(text="Go.")),
        (2, STARTED),
        (3, Retrying(turn=1, attempt=1, error=FAILURE, wait_seconds=5)),
        (10, replied("a/b", 8)),
    )

    assert [(span.kind, span.start, span.end) for span in found.spans] == [
        (SpanKind.QUEUED, 0, 2),
        (SpanKind.RETRY, 3, 8),
        (SpanKind.MODEL, 8, 10),
    ]


def test_a_pause_lasts_from_the_end_of_a_call_in_flight_until_it_ends() -> None:
    paused = (5, Noticed(text="paused by ana", by="ana", what="pause"))
    found = frame((0, STARTED), paused, (7, replied("a/b", 7)))
    found.until(20)
    again = frame(
        (0, STARTED),
        paused,
        (7, replied("a/b", 7)),
        (30, Noticed(text="", by="ana", what="unpause")),
    )

    told = [(SpanKind.MODEL, 0, 7), (SpanKind.WAIT, 7, 20)]
    assert [(span.kind, span.start, span.end) for span in found.spans] == told
    assert again.spans[-1] == (SpanKind.WAIT, 7, 30, "the end of its pause")


def test_a_wait_that_was_cut_short_ends_with_the_next_event() -> None:
    found = frame(
        (0, Retrying(turn=1, attempt=1, error=FAILURE, wait_seconds=500)),
        (4, Finished(outcome=Outcome(status=RunStatus.KILLED))),
    )

    assert [(span.start, span.end) for span in found.spans] == [(0, 4)]


def test_only_a_tool_that_began_counts_as_executed() -> None:
    begun = ToolStarted(turn=1, call=ToolCall("c", "read", {}), effect=Effect.PURE)
    refused = ToolFinished(turn=1, result=ToolResult("d", "lead", ""), seconds=1.0)

    assert frame((2.0, begun), (3.0, refused)).executed == {"read"}


def test_a_climb_is_a_mark_and_two_models() -> None:
    found = frame(
        (1, replied("a/small", 1)),
        (1, Attempted(number=2, error=FAILURE, model="a/large")),
        (3, replied("a/large", 1)),
    )

    assert found.models == ["a/small", "a/large"]
    assert found.marks[0].kind is MarkKind.ESCALATED


def test_a_cost_without_a_price_is_unknown_and_not_zero() -> None:
    assert frame((1, replied("a/b", 1, None))).spend == (None, 0.0)


def test_scores_are_kept_by_attempt() -> None:
    verdict = Verdict(gate="judge", is_accepted=False, score=7.5)

    assert frame((1, Gated(attempt=2, verdict=verdict))).scores[0][1:] == (2, 7.5)


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (Asked(turn=1, number=1, question=QUESTION), SpanKind.ASKS),
        (
            ToolStarted(
                turn=1, call=ToolCall(id="1", name="look", arguments={}), effect=Effect.PURE
            ),
            SpanKind.TOOL,
        ),
        (Retrying(turn=1, attempt=1, error=FAILURE, wait_seconds=600), SpanKind.RETRY),
        (Noticed(text="stuck"), SpanKind.MODEL),
    ],
)
def test_what_a_live_session_does_lasts_until_now(last: Body, kind: SpanKind) -> None:
    found = frame((0, Queued(text="Go.")), (2, STARTED), (3, last))

    found.until(400)

    assert found.spans[-1].kind is kind
    assert found.spans[-1].end == 400
    assert found.last_at == 400


def test_what_has_ended_does_nothing_more() -> None:
    found = frame(
        (0, Queued(text="Go.")), (2, STARTED), (3, Finished(outcome=Outcome(status=RunStatus.DONE)))
    )

    found.until(400)

    assert found.last_at == 3
