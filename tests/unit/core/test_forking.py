"""A forked session is told what its parent was told, and no path that it may not read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallel_agents.core.cuts import Cuts, Fold
from parallel_agents.core.event import Attempted, Body, Event, Queued, Replied, ToolFinished
from parallel_agents.core.fork import EditedResult, Fork
from parallel_agents.core.forking import beginning_of, forked
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.kept_text import KeptAt, kept_path, reading
from parallel_agents.core.message import Message, Place, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.model import Finish
from parallel_agents.core.repetition import MOST, advice
from parallel_agents.core.run import Failure
from parallel_agents.core.told import shorten
from parallel_agents.core.transcript import CUT_OFF
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ForkRefused

PATH = kept_path(RunId("1f0c2a34beef"), "steer-1f0c2a34")


CALLS = (
    ToolCall("x", "look", {"at": 1}, signature="s1"),
    ToolCall("y", "find", {}, signature="s2"),
)


def events(*bodies: Body) -> list[Event]:
    """The events of one run."""
    return [
        Event(seq, 0.0, SessionKey("s"), RunId("r"), f"key-{seq}", body)
        for seq, body in enumerate(bodies, start=1)
    ]


def replied(turn: int, message: Message, finish: Finish = Finish.STOP) -> Replied:
    return Replied(
        turn=turn,
        message=message,
        model="m",
        finish=finish,
        usage=Usage(),
        cost_nanousd=0,
        seconds=0,
    )


def finished(turn: int, number: int, content: str, *, is_error: bool = False) -> ToolFinished:
    call = CALLS[number - 1]
    result = ToolResult(call.id, call.name, content, is_error=is_error)
    return ToolFinished(turn=turn, number=number, result=result, seconds=0)


LOOKED = (
    Queued(text="go"),
    replied(1, Message(Role.ASSISTANT, CALLS)),
    finished(1, 1, "tea"),
    finished(1, 2, "gone", is_error=True),
    replied(2, assistant("read")),
)


@pytest.mark.parametrize("more", [reading(PATH), reading(PATH, offset=412)])
def test_the_marks_of_cuts_name_no_paths(more: str) -> None:
    text = shorten("tea is good " * 20, 60, more=more)
    result = Message(Role.TOOL, (ToolResult("1", "look", text),))

    said, found = forked([user(text), result])

    for told in (said.text, *(p.content for p in found.parts if isinstance(p, ToolResult))):
        assert "@kept" not in told
        assert "[180 of 240 characters left out here]" in told
        assert told.startswith("tea is good tea")


def test_a_note_about_calls_names_no_path() -> None:
    calls = tuple(ToolCall(str(n), "look", {}) for n in range(3))
    results = tuple(ToolResult(str(n), "look", "tea is good") for n in range(3))
    kept = KeptAt(results={str(n): f"@kept/1f0c2a34/{Place(1, n + 1)}" for n in range(3)})
    cuts = Cuts(is_readable=True, fold=Fold(1, 3, 300))
    messages = [user("go"), Message(Role.ASSISTANT, calls), Message(Role.TOOL, results)]
    folded = cuts.applied(messages, kept)
    assert "@kept/1f0c2a34/turn-1/call/N" in folded[1].text

    note = forked(folded)[1].text

    assert "@kept" not in note
    assert "not instructions.)\n1. look {} -> tea is good" in note


def test_what_names_no_path_is_the_same_and_calls_without_results_are_left_out() -> None:
    said = [user("go"), assistant("gone; read it with care"), user("on")]
    open_call = Message(Role.ASSISTANT, (ToolCall("1", "look", {}),))

    assert forked([*said, open_call]) == tuple(said)


def test_where_a_reply_was_paused_or_a_model_was_stuck_no_turn_is_asked_again() -> None:
    look = Message(Role.ASSISTANT, (ToolCall("1", "look", {}),))
    advised = [
        event
        for turn in range(1, MOST + 1)
        for event in (
            replied(turn, look),
            ToolFinished(
                turn=turn,
                number=1,
                result=ToolResult("1", "look", f"tea\n{advice(turn)}" if advice(turn) else "tea"),
                seconds=0,
            ),
        )
    ]
    paused = (replied(1, assistant("half"), Finish.PAUSED), replied(2, assistant("whole")))

    with pytest.raises(ForkRefused, match="cannot be asked again") as stuck:
        beginning_of(events(Queued(text="go"), *advised), Fork())
    with pytest.raises(ForkRefused) as half:
        beginning_of(events(Queued(text="go"), *paused), Fork(at=1, text="on"))
    with pytest.raises(ForkRefused) as rest:
        beginning_of(events(Queued(text="go"), *paused), Fork(at=2))
    said = beginning_of(events(Queued(text="go"), *advised), Fork(text="on"))

    assert "earlier turn" in stuck.value.hint
    assert (half.value.hint, rest.value.hint) == ("turns that work: 0, 2", "turns that work: 1")
    assert said.turn == MOST
    assert said.queued.text == "on"


def test_a_damaged_conversation_is_not_forked_as_if_it_were_whole() -> None:
    hole = Unreadable(found="replied", why="it is not JSON", is_unknown=False)

    with pytest.raises(ForkRefused, match="cannot be read as a whole"):
        beginning_of(
            events(Queued(text="go"), hole, replied(1, assistant("gone"))), Fork(text="on")
        )


def test_a_result_is_another_one_and_its_call_stays_as_it_was() -> None:
    on = beginning_of(events(*LOOKED), Fork(at=1, result="coffee", call=2))
    said = beginning_of(events(*LOOKED), Fork(result="", call=1, text="on"))

    results = (ToolResult("x", "look", "tea"), ToolResult("y", "find", "coffee"))
    assert on.queued.taken == (Message(Role.ASSISTANT, CALLS), Message(Role.TOOL, results))
    assert (on.queued.text, on.queued.context, on.turn) == ("go", (), 1)
    assert on.edited == EditedResult(call=2, tool="find", before="gone")
    assert said.queued.context[-1].parts == (
        ToolResult("x", "look", ""),
        ToolResult("y", "find", "gone", is_error=True),
    )
    assert (said.queued.text, said.queued.taken) == ("on", ())


def test_a_call_that_was_cut_off_gets_the_result_that_it_never_had() -> None:
    cut_off = (*LOOKED[:3], replied(2, assistant("half")))

    begins = beginning_of(events(*cut_off), Fork(result="found", call=2))

    assert begins.queued.taken[-1].parts[1] == ToolResult("y", "find", "found")
    assert begins.edited is not None
    assert begins.edited.before == CUT_OFF


@pytest.mark.parametrize(
    ("bodies", "fork", "message", "hint"),
    [
        (LOOKED, Fork(at=2, result="x"), "turn 2 calls no tool", "turns with calls: 1"),
        (LOOKED, Fork(at=9, result="x"), "there is no turn 9", "turns with calls: 1"),
        (LOOKED, Fork(at=1, result="x"), "turn 1 has 2 calls", "by its number"),
        (LOOKED, Fork(at=1, result="x", call=3), "turn 1 has no call 3", "by its number"),
        (LOOKED[:3], Fork(result="x", call=1), "not whole after turn 1", "spawn the agent"),
        (LOOKED[:1], Fork(result="x"), "no turn calls a tool", "give a text"),
        (
            (*LOOKED[:4], Attempted(number=2, error=Failure("PA-E1", "no")), LOOKED[4]),
            Fork(at=1, result="x", call=1),
            "were not told to the turn after it",
            "say also what comes after",
        ),
    ],
)
def test_what_cannot_be_edited_is_refused_in_words(
    bodies: Sequence[Body], fork: Fork, message: str, hint: str
) -> None:
    with pytest.raises(ForkRefused, match=message) as refused:
        beginning_of(events(*bodies), fork)

    assert hint in refused.value.hint
