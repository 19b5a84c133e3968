"""A transcript follows from the events alone, in whatever pieces they come."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.event import (
    Attempted,
    Body,
    Delivered,
    Event,
    Finished,
    Queued,
    Refused,
    Replied,
    Steered,
    SteerMode,
    ToolFinished,
    ToolStarted,
)
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant, task_text
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.tool import Effect
from parallel_agents.core.transcript import CUT_OFF, Transcript, fold
from parallel_agents.core.usage import Usage

DONE = Finished(outcome=Outcome(status=RunStatus.DONE))


def replied(turn: int, message: Message) -> Replied:
    return Replied(
        turn=turn,
        message=message,
        model="m",
        finish=Finish.STOP,
        usage=Usage(),
        cost_nanousd=0,
        seconds=0,
    )


def calls(*ids: str) -> Message:
    return Message(Role.ASSISTANT, tuple(ToolCall(i, "look", {}) for i in ids))


def finished(call: str) -> ToolFinished:
    return ToolFinished(turn=1, result=ToolResult(call, "look", f"saw {call}"), seconds=0)


def events(*written: tuple[str, Body]) -> list[Event]:
    """Events of the runs named, each under a key of its own."""
    session = SessionKey("s")
    return [
        Event(seq, 0.0, session, RunId(run), f"key-{seq}", body)
        for seq, (run, body) in enumerate(written, start=1)
    ]


def said(messages: Sequence[Message]) -> list[str]:
    return [
        message.text or " ".join(p.content for p in message.parts if isinstance(p, ToolResult))
        for message in messages
    ]


def test_a_task_is_its_text_with_the_input_under_them() -> None:
    assert task_text("do it", {}) == "do it"
    assert task_text("do it", {"a": [1]}) == 'do it\n\nInput:\n{\n  "a": [\n    1\n  ]\n}'


def test_results_are_told_together_in_the_order_of_the_calls() -> None:
    state = fold(events(("1", Queued(text="go")), ("1", replied(1, calls("a", "b")))))
    assert [call.id for call in state.asked] == ["a", "b"]

    state.apply("k1", finished("b"))
    assert state.messages[-1].role is Role.ASSISTANT
    state.apply("k2", finished("a"))

    assert said(state.messages)[-1] == "saw a saw b"
    assert state.asked == ()


def test_a_call_without_a_result_is_told_as_cut_off_before_the_next_words() -> None:
    state = fold(
        events(
            ("1", Queued(text="go")),
            ("1", replied(1, calls("a", "b"))),
            ("1", finished("a")),
            ("1", Delivered(steer="steer-1", text="stop that", turn=2)),
        )
    )

    assert said(state.messages)[-2:] == [f"saw a {CUT_OFF}", "stop that"]


def test_calls_of_one_id_get_ids_and_results_of_their_own() -> None:
    state = fold(events(("1", Queued(text="go")), ("1", replied(1, calls("a", "a", "a_2")))))

    for number in (3, 1, 2):
        result = ToolResult("a", "look", f"saw {number}")
        state.apply("k", ToolFinished(turn=1, number=number, result=result, seconds=0))

    assert [call.id for call in state.messages[-2].tool_calls] == ["a", "a_2", "a_2_2"]
    assert [p.call_id for p in state.messages[-1].parts if isinstance(p, ToolResult)] == [
        "a",
        "a_2",
        "a_2_2",
    ]
    assert said(state.messages)[-1] == "saw 1 saw 2 saw 3"


def test_an_id_of_an_earlier_turn_is_not_used_again() -> None:
    state = fold(events(("1", Queued(text="go")), ("1", replied(1, calls("a")))))
    state.apply("k", finished("a"))

    state.apply("l", replied(2, calls("a")))

    assert [call.id for call in state.asked] == ["a_2"]
    assert state.finished == {}


def test_a_result_that_comes_after_its_turn_is_no_later_calls_result() -> None:
    state = fold(
        events(
            ("1", Queued(text="go")),
            ("1", replied(1, calls("a"))),
            ("1", Delivered(steer="steer-1", text="stop that", turn=2)),
            ("1", finished("a")),
            ("1", replied(2, calls("b"))),
        )
    )

    assert [call.id for call in state.asked] == ["b"]
    assert state.finished == {}


def test_an_id_of_the_transcript_that_was_forked_is_not_used_again() -> None:
    context = (calls("a"), Message(Role.TOOL, (ToolResult("a", "look", "seen"),)))
    state = fold(events(("1", Queued(text="go", context=context)), ("1", replied(1, calls("a")))))

    assert [call.id for call in state.asked] == ["a_2"]


def test_a_result_without_a_number_is_that_of_the_first_call_of_its_id() -> None:
    state = fold(events(("1", Queued(text="go")), ("1", replied(1, calls("a", "a", "b")))))

    state.apply("k", finished("a"))

    assert {number: ended.result.content for number, ended in state.finished.items()} == {
        1: "saw a"
    }
    assert set(state.started) == {2}


def test_a_result_without_a_number_is_that_of_its_own_tool() -> None:
    asked = Message(
        Role.ASSISTANT,
        (ToolCall("a", "pay", {"n": 2}), ToolCall("a", "pay", {"n": 3}), ToolCall("a", "look", {})),
    )
    state = fold(events(("1", Queued(text="go")), ("1", replied(1, asked))))
    call = ToolCall("a", "pay", {"n": 2})
    state.apply("s", ToolStarted(turn=1, call=call, effect=Effect.IDEMPOTENT))

    state.apply("k", ToolFinished(turn=1, result=ToolResult("a", "look", "seen"), seconds=0))

    assert set(state.finished) == {3}
    assert {n: each.call.arguments for n, each in state.started.items() if n < 3} == {
        1: {"n": 2},
        2: {"n": 3},
    }
    assert [state.started[n].effect for n in (1, 2)] == [Effect.IDEMPOTENT, Effect.ONCE]


def test_another_attempt_keeps_the_task_and_forgets_the_rest() -> None:
    state = fold(
        events(
            ("1", Queued(text="go")),
            ("1", replied(1, assistant("bad"))),
            ("1", Refused(turn=1, text="hint it")),
            ("1", replied(2, assistant("worse"))),
            ("1", Attempted(number=2, error=Failure("", ""))),
        )
    )

    assert said(state.messages) == ["go"]
    assert state.attempt == 2
    assert state.repairs == 0
    assert state.turn == 2
    assert state.last_text == "worse"


def test_another_attempt_gets_the_messages_that_the_one_before_was_given() -> None:
    state = fold(
        events(
            ("1", Queued(text="go")),
            ("1", replied(1, assistant("bad"))),
            ("1", Delivered(steer="steer-1", text="in English", turn=2)),
            ("1", replied(2, assistant("worse"))),
            ("1", Attempted(number=2, error=Failure("", ""))),
        )
    )

    assert said(state.messages) == ["go", "in English"]


def test_a_message_is_pending_until_it_is_delivered_and_received_once() -> None:
    state = Transcript()
    message = Steered(text="shorter", mode=SteerMode.NEXT, by="me")
    for _ in range(2):
        state.apply("steer-1", message)
    assert state.pending == {"steer-1": message}
    assert state.received == {"steer-1"}

    state.apply("steer-1/delivered", Delivered(steer="steer-1", text="shorter", turn=1))
    state.apply("steer-1", message)

    assert state.pending == {}
    assert said(state.messages) == ["shorter"]


def test_the_next_run_follows_the_one_before_though_it_was_queued_in_the_middle_of_it() -> None:
    journal = events(
        ("1", Queued(text="first")),
        ("2", Queued(text="second")),
        ("1", replied(1, assistant("answer"))),
        ("1", DONE),
        ("3", Queued(text="third")),
        ("2", replied(1, assistant("another"))),
    )

    assert said(fold(journal, RunId("1")).messages) == ["first", "answer"]
    assert said(fold(journal, RunId("2")).messages) == ["first", "answer", "second", "another"]
    assert said(fold(journal).messages)[-2:] == ["another", "third"]
    assert fold(journal, RunId("2")).turn == 1


def test_a_session_that_goes_on_begins_its_run_anew() -> None:
    state = fold(
        events(
            ("1", Queued(text="first")),
            ("1", Steered(text="late", mode=SteerMode.NEXT, by="me")),
            ("1", replied(1, calls("a"))),
            ("1", DONE),
            ("2", Queued(text="second")),
        )
    )

    assert said(state.messages)[-2:] == [CUT_OFF, "second"]
    assert state.turn == 0
    assert state.asked == ()
    assert state.pending == {}
    assert state.received == set()


def test_each_attempt_of_a_fork_begins_with_what_it_took_over() -> None:
    taken = (calls("a"), Message(Role.TOOL, (ToolResult("a", "look", "seen"),)))
    queued = Queued(text="go", context=(assistant("before"),), taken=taken)
    begun = (("1", queued), ("1", replied(1, assistant("bad"))))
    again = Attempted(number=2, error=Failure("PA-E1", "bad", "", ""), critique="better")

    state = fold(events(*begun, ("1", again), ("1", replied(2, calls("a")))))

    assert [message.text for message in state.messages] == ["before", "go", "", "", "better", ""]
    assert state.messages[2:4] == [*taken]
    assert state.task_end == 2
    assert [call.id for call in state.asked] == ["a_2"]
