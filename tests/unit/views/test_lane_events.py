"""Lane events: what lanes draw of events, read from their JSON as from the whole event."""

from __future__ import annotations

import orjson
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
    Steered,
    SteerMode,
    ToolFinished,
    ToolStarted,
    Waiting,
)
from parallel_agents.core.event_store import StoredEvent
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.json_value import as_list
from parallel_agents.core.message import ToolCall, ToolResult, assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.tool import Effect
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.core.usage import Usage
from parallel_agents.errors import GateRefused
from parallel_agents.views.lane_events import KINDS, LaneEvents, lane_event


def stored(seq: int, at: float, body: Body, session: str = "a") -> StoredEvent:
    key = SessionKey(session)
    event = Event(seq=seq, at=at, session=key, run=RunId(session), key=str(seq), body=body)
    return StoredEvent(seq, at, key, orjson.dumps(body, default=as_list), lambda: event)


def drawn(lanes: LaneEvents) -> list[list[object]]:
    return orjson.loads(b"[%b]" % lanes.encoded)


CALL = ToolStarted(
    turn=1, call=ToolCall("c", "find", {"secret": "x" * 9000}), effect=Effect.ONCE, number=1
)
FAILED = Retrying(
    turn=1, attempt=1, error=Failure.of(GateRefused("y" * 9000)), wait_seconds=1.23456
)


def test_events_are_short_lists_of_steps() -> None:
    begun = LaneEvents().grown(
        [
            stored(3, 100.0, Queued(text="long")),
            stored(7, 101.5, Started(epoch=1, owner=OwnerId("p")), "b"),
        ]
    )
    lanes = begun.grown([stored(8, 102.0, CALL)])

    assert (lanes.base, lanes.seq, list(lanes.sessions)) == (100.0, 8, ["a", "b"])
    assert drawn(begun) == drawn(lanes)[:2]
    assert drawn(lanes) == [
        [3, 0, 0, KINDS.index("queued"), False],
        [4, 1500, 1, KINDS.index("started")],
        [1, 500, 0, KINDS.index("tool_started"), "find"],
    ]


def test_texts_are_cut() -> None:
    lanes = LaneEvents().grown([stored(1, 0.0, FAILED)])

    *_, attempt, wait, why = drawn(lanes)[0]
    assert (attempt, wait) == (1, 1.235)
    assert isinstance(why, str)
    assert len(why) <= 161


WHY = Failure.of(GateRefused("no"))
QUESTION = Question(question=QuestionKind.APPROVAL, text="May I?", expires_at=9.0, tool="shell")
ALL: list[Body] = [
    Queued(text="x"),
    Started(epoch=1, owner=OwnerId("p")),
    Replied(
        turn=1,
        message=assistant("x"),
        model="m",
        finish=Finish.STOP,
        usage=Usage(),
        cost_nanousd=None,
        seconds=1.5,
    ),
    FAILED,
    Waiting(turn=1, reason="a slot", seconds=2),
    CALL,
    ToolFinished(turn=1, result=ToolResult("c", "find", "x", is_error=True), seconds=0.5, number=1),
    Asked(turn=1, number=1, question=QUESTION),
    Attempted(number=2, error=WHY, model="n"),
    Steered(text="Stop", mode=SteerMode.NEXT, by="Ana"),
    Gated(attempt=1, verdict=Verdict(gate="judge", is_accepted=False, critique="x", score=3.0)),
    Finished(outcome=Outcome(status=RunStatus.FAILED, error=WHY)),
    Finished(outcome=Outcome(status=RunStatus.DONE)),
]


@pytest.mark.parametrize("body", ALL, ids=lambda body: body.kind)
def test_an_event_whose_json_is_not_given_is_drawn_alike(body: Body) -> None:
    found = stored(4, 2.0, body)

    assert found.body
    assert lane_event(found._replace(event=_never)) == lane_event(found._replace(body=b""))


def test_what_cannot_be_read_and_what_is_not_drawn_leave_only_their_number() -> None:
    unreadable = Unreadable(found="", why="damaged", is_unknown=False)
    damaged = stored(3, 0.0, unreadable)._replace(body=b'{"kind":"replied","model":5}')

    lanes = LaneEvents().grown(
        [stored(1, 0.0, Noticed(text="x")), stored(2, 0.0, unreadable), damaged]
    )

    assert (lanes.seq, lanes.count, drawn(lanes), lanes.base) == (3, 3, [], None)


def test_many_events_are_encoded_as_a_few_are() -> None:
    events = [stored(seq, seq / 10, CALL) for seq in range(1, 2502)]

    at_once = LaneEvents().grown(events)
    in_parts = LaneEvents().grown(events[:1]).grown(events[1:]).grown([])

    assert at_once == in_parts
    assert len(drawn(at_once)) == at_once.count == 2501


def _never() -> Event:
    raise AssertionError("the event is read whole")
