"""A forked session is told what its parent was told, and no path that it may not read."""

from __future__ import annotations

import pytest

from parallel_agents.core.cuts import Cuts, Fold
from parallel_agents.core.event import Body, Event, Queued, Replied, ToolFinished, Unreadable
from parallel_agents.core.fork import Fork
from parallel_agents.core.forking import beginning_of, forked
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.kept_text import KeptAt, kept_path, reading
from parallel_agents.core.message import Message, Place, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.model import Finish
from parallel_agents.core.repetition import MOST, advice
from parallel_agents.core.told import shorten
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ForkRefused

PATH = kept_path(RunId("1f0c2a34beef"), "steer-1f0c2a34")


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
