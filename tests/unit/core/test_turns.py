"""The turns of a session, and where its conversation is whole, follow from its events."""

from __future__ import annotations

import pytest

from parallel_agents.core.event import (
    Attempted,
    Body,
    Event,
    Finished,
    Queued,
    Replied,
    Started,
    ToolFinished,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.transcript import CUT_OFF
from parallel_agents.core.turns import Conversation
from parallel_agents.core.usage import Usage

DONE = Finished(outcome=Outcome(status=RunStatus.DONE))


def replied(turn: int, message: Message, finish: Finish = Finish.STOP) -> Replied:
    return Replied(
        turn=turn,
        message=message,
        model=f"m/{turn}",
        finish=finish,
        usage=Usage(),
        cost_nanousd=0,
        seconds=0,
    )


def calls(*ids: str) -> Message:
    return Message(Role.ASSISTANT, tuple(ToolCall(i, "look", {}) for i in ids))


def ended(turn: int, call: str) -> ToolFinished:
    return ToolFinished(turn=turn, result=ToolResult(call, "look", f"saw {call}"), seconds=0)


def conversation(*written: tuple[str, Body]) -> Conversation:
    return Conversation(
        Event(seq, float(seq), SessionKey("s"), RunId(run), f"key-{seq}", body)
        for seq, (run, body) in enumerate(written, start=1)
    )


def texts(found: Conversation, *, after: int) -> list[str] | None:
    place = found.after(after)
    return None if place is None else [said(message) for message in place.state.messages]


def texts_before(found: Conversation, turn: int) -> list[str] | None:
    place = found.before(turn)
    return None if place is None else [said(message) for message in place.state.messages]


def said(message: Message) -> str:
    results = [part.content for part in message.parts if isinstance(part, ToolResult)]
    return message.text or " ".join(results) or "calls"


TWO_RUNS = (
    ("1", Queued(text="go")),
    ("1", replied(1, calls("a", "b"))),
    ("1", ended(1, "a")),
    ("1", ended(1, "b")),
    ("1", replied(2, assistant("gone"))),
    ("1", DONE),
    ("2", Queued(text="on")),
    ("2", replied(1, assistant("on it"))),
    ("2", DONE),
)


def test_turns_are_counted_over_all_runs() -> None:
    found = conversation(*TWO_RUNS)

    assert [(turn.number, turn.run, turn.run_turn, turn.calls) for turn in found.turns] == [
        (1, "1", 1, ("look", "look")),
        (2, "1", 2, ()),
        (3, "2", 1, ()),
    ]
    assert found.whole == [1, 2, 3]
    assert found.next is None


def test_nothing_of_a_later_turn_is_in_a_place() -> None:
    found = conversation(*TWO_RUNS)

    assert texts(found, after=0) == []
    assert texts(found, after=1) == ["go", "calls", "saw a saw b"]
    assert texts(found, after=2) == ["go", "calls", "saw a saw b", "gone"]
    assert texts_before(found, 1) == ["go"]
    assert texts_before(found, 3) == ["go", "calls", "saw a saw b", "gone", "on"]
    assert texts(found, after=4) is None
    assert texts_before(found, 4) is None


def test_a_run_that_waits_behind_a_live_one_closes_no_turn() -> None:
    found = conversation(
        ("1", Queued(text="go")),
        ("1", replied(1, calls("a"))),
        ("2", Queued(text="on")),
    )

    assert found.whole == []
    assert found.next is None
    assert texts(found, after=1) is None
    assert texts_before(found, 1) == ["go"]


def test_calls_that_the_end_of_a_run_cut_off_are_whole_once_a_model_was_told_so() -> None:
    cut = (
        ("1", Queued(text="go")),
        ("1", replied(1, calls("a"))),
        ("1", Finished(outcome=Outcome(status=RunStatus.KILLED))),
    )

    assert conversation(*cut).whole == []
    assert texts(conversation(*cut, ("2", Queued(text="on"))), after=1) == ["go", "calls", CUT_OFF]


def test_a_turn_of_an_attempt_that_was_given_up_is_as_it_was() -> None:
    again = Attempted(number=2, error=Failure("PA-E1", "bad", "", ""))
    found = conversation(
        ("1", Queued(text="go")),
        ("1", replied(1, assistant("bad"))),
        ("1", again),
        ("1", replied(2, assistant("good"))),
        ("1", DONE),
    )

    assert texts(found, after=1) == ["go", "bad"]
    assert texts_before(found, 2) == ["go"]
    assert texts(found, after=2) == ["go", "good"]


@pytest.mark.parametrize("body", [Queued(text="go"), Started(owner=OwnerId("o"), epoch=1)])
def test_the_turn_that_nobody_answered_is_the_next(body: Body) -> None:
    before = () if isinstance(body, Queued) else (("1", Queued(text="go")),)
    found = conversation(*before, ("1", body))

    assert (found.next, found.turns) == (1, [])
    assert texts_before(found, 1) == ["go"]


def test_after_a_part_of_a_reply_nothing_can_be_said() -> None:
    found = conversation(
        ("1", Queued(text="go")),
        ("1", replied(1, assistant("half"), Finish.PAUSED)),
        ("1", replied(2, assistant("whole"))),
    )

    assert found.whole == [2]
    assert [turn.continues for turn in found.turns] == [False, True]
    assert texts_before(found, 2) is None


def test_before_the_first_turn_of_a_fork_is_what_it_took_over() -> None:
    context = (user("go"), assistant("gone"))
    taken = (calls("a"), Message(Role.TOOL, (ToolResult("a", "look", "saw a"),)))
    said_next = conversation(("1", Queued(text="on", context=context)))
    asked_again = conversation(("1", Queued(text="on", context=context, taken=taken)))

    assert texts(said_next, after=0) == ["go", "gone"]
    assert texts(asked_again, after=0) == ["go", "gone", "on", "calls", "saw a"]
    assert texts_before(asked_again, 1) == ["go", "gone", "on", "calls", "saw a"]
