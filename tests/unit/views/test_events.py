"""Each kind of event is described once, in words that a history, a progress and an audit share."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from parallel_agents.core.call_decisions import Answered, Asked, Ruled
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Finished,
    Gated,
    HandedBack,
    Noticed,
    Queued,
    Refused,
    Replied,
    Retrying,
    Revised,
    Shortened,
    Started,
    Steered,
    SteerMode,
    StoredBody,
    ToolFinished,
    ToolStarted,
    Unanswered,
    Waiting,
)
from parallel_agents.core.flow import Batched, RowsChanged, StepFinished, StepStarted
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.message import File, ToolCall, ToolResult, assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.question import NOBODY, Answer, Question, QuestionKind
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.shortening import Cuts, Span
from parallel_agents.core.tool import Effect
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.core.usage import Usage
from parallel_agents.views import decisions
from parallel_agents.views.events import describe

BUSY = Failure("PA-E201", "it answered 429", "too many requests")
REPLY = Replied(
    turn=1,
    message=assistant("Green tea is mild."),
    model="mine/small",
    finish=Finish.STOP,
    usage=Usage(input_tokens=12, output_tokens=34),
    cost_nanousd=0,
    seconds=0.3,
)
EXAMPLES: dict[type[Body], tuple[Body, str, str]] = {
    type(body): (body, title, text)
    for body, title, text in (
        (
            Queued(text="Look.", files=(File("a\nb.png"),)),
            "task",
            "[a b.png, file]\nLook.",
        ),
        (Started(owner=OwnerId("me"), epoch=2), "taken up again (claim 2)", ""),
        (
            Attempted(number=2, error=BUSY, model="mine/large", by="editor"),
            "attempt 2 by editor on mine/large",
            "it answered 429",
        ),
        (REPLY, "mine/small  12→34 tok  0.3s  $0", "Green tea is mild."),
        (
            Retrying(turn=1, attempt=1, error=BUSY, wait_seconds=3),
            "try 1 failed, again in 3 s, try 2",
            "PA-E201 it answered 429",
        ),
        (
            Waiting(turn=1, reason="a slot at mine/small", seconds=2),
            "waits for a slot at mine/small, 2.0 s",
            "",
        ),
        (
            ToolStarted(turn=1, call=ToolCall("c", "look", {"at": "tea"}), effect=Effect.PURE),
            "tool look",
            '{"at":"tea"}',
        ),
        (
            ToolFinished(turn=1, result=ToolResult("c", "look", "none left"), seconds=1.5),
            "tool look returned after 1.5s",
            "none left",
        ),
        (StepStarted(name="fetch", effect=Effect.ONCE), "step fetch", ""),
        (
            RowsChanged(gone=("row/a",), back=("row/b", "row/c")),
            "1 result no longer counted and 2 results counted again",
            "",
        ),
        (RowsChanged(order=("row/b", "row/a")), "2 rows in another order", ""),
        (Batched(batch="batch/a", rows=("row/a", "row/b")), "2 rows in one task", ""),
        (
            StepFinished(name="fetch", output=[1], seconds=1.5),
            "step fetch returned after 1.5s",
            "[1]",
        ),
        (Refused(turn=1, text="no title"), "answer rejected", "no title"),
        (
            Steered(text="shorter", mode=SteerMode.NEXT, by="ana"),
            "message from ana (next)",
            "shorter",
        ),
        (Delivered(steer="steer-1", text="shorter", turn=3), "message delivered before turn 3", ""),
        (
            HandedBack(turn=1, text="It is done.", runs=(RunId("r"),)),
            "1 child reported back",
            "It is done.",
        ),
        (
            Gated(
                attempt=1,
                verdict=Verdict(gate="judge", score=4.0, critique="too long", is_accepted=False),
            ),
            "gate judge rejects with 4 of 10",
            "too long",
        ),
        (
            Revised(attempt=2, by="editor", run=RunId("r"), text="Tea is mild."),
            "editor wrote the next version",
            "Tea is mild.",
        ),
        (
            Unanswered(turn=1, model="mine/small"),
            "a call of mine/small brought no reply, and may have been billed",
            "",
        ),
        (
            Ruled(
                turn=1, number=1, tool="shell", subject="ls", is_allowed=True, rule="shell(ls *)"
            ),
            "permissions allow shell ls",
            "by shell(ls *)",
        ),
        (
            Asked(
                turn=1,
                number=1,
                question=Question(
                    question=QuestionKind.APPROVAL, text="git push", tool="shell", expires_at=9.0
                ),
            ),
            "asks a person",
            "shell git push",
        ),
        (
            Answered(turn=1, number=1, answer=Answer(allow=False, text="not today"), by="ana"),
            "ana answered: deny",
            "not today",
        ),
        (
            Answered(turn=0, number=0, answer=Answer(allow=False), by=NOBODY),
            "nobody answered in time",
            "",
        ),
        (
            Answered(turn=0, number=0, answer=Answer(allow=True, text="later"), by=NOBODY),
            "nobody answered in time: use the default",
            "later",
        ),
        (
            Answered(turn=1, number=1, answer=Answer(allow=False, text="late"), by=NOBODY),
            "nobody answered in time: deny",
            "",
        ),
        (
            Answered(turn=1, number=1, answer=Answer(allow=True, text="green"), by="ana"),
            "ana answered",
            "green",
        ),
        (
            Shortened(turn=9, cuts=Cuts(spans=(Span(0, 4), Span(5, 6)))),
            "conversation shortened: 5 messages left out",
            "",
        ),
        (Noticed(text="80 % is spent"), "notice", "80 % is spent"),
        (Closing(turn=1, text="now", error=BUSY), "last call", "PA-E201 it answered 429"),
        (
            Finished(outcome=Outcome(status=RunStatus.KILLED, error=BUSY), by="ana"),
            "■ killed by ana",
            "PA-E201 it answered 429",
        ),
        (
            Unreadable(found="replied", why="turn: it must be a whole number", is_unknown=False),
            "✖ unreadable event (replied)",
            "turn: it must be a whole number",
        ),
    )
}


@pytest.mark.parametrize(
    "kind", [*get_args(StoredBody), Unreadable], ids=lambda kind: kind.__name__
)
def test_every_kind_of_event_has_a_title_and_what_was_said(kind: type[Body]) -> None:
    body, title, text = EXAMPLES[kind]

    described = describe(body)

    assert described.title == title
    assert described.text == text


@pytest.mark.parametrize(
    "kind", [*get_args(StoredBody), Unreadable], ids=lambda kind: kind.__name__
)
def test_only_a_run_that_has_ended_does_nothing(kind: type[Body]) -> None:
    assert bool(describe(EXAMPLES[kind][0]).doing) is (kind is not Finished)


@pytest.mark.parametrize("kind", get_args(StoredBody), ids=lambda kind: kind.__name__)
def test_the_kinds_that_an_audit_reads_are_those_with_decisions(kind: type[Body]) -> None:
    body = EXAMPLES[kind][0]

    assert (describe(body).decision is not None) is (body.kind in decisions.KINDS)


def test_an_event_of_a_newer_version_is_shown_as_unknown() -> None:
    body = Unreadable(found="teleported", why="no such kind", is_unknown=True)

    described = describe(body)

    assert described.title == "✖ unknown event (teleported)"
    assert described.decision is None


def test_a_summary_is_no_answer() -> None:
    described = describe(replace(REPLY, is_summary=True))

    assert described.title == "mine/small  summary  12→34 tok  0.3s  $0"
    assert described.doing == "asks the model"


def test_a_shortening_says_whether_a_summary_stands_for_what_was_left_out() -> None:
    spans = (Span(0, 4),)
    summarized = Shortened(turn=9, cuts=Cuts(spans=spans, summary="Asked: tea."))
    failed = Shortened(turn=9, cuts=Cuts(spans=spans), unsummarized="the summary is empty")

    assert describe(summarized).title == "conversation shortened: 4 messages summarized"
    assert describe(failed).title == "conversation shortened: 4 messages left out"
    assert describe(failed).text == "no summary: the summary is empty"
