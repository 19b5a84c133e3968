"""Live: what is told of a text that is being written, and when; `test_resuming` has what it comes to."""

from __future__ import annotations

from parallel_agents.core.event import Event, Queued, Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.live_text.folder import Text
from parallel_agents.surfaces.agui.live import MOST_WRITING, LiveTranslation, Piece, TakeBack
from parallel_agents.surfaces.agui.translation import Asking, Member, Translation

TOP, RUN = SessionKey("agent:main:subagent:top"), RunId("run")


def begun(subagents: int = 0) -> LiveTranslation:
    live = LiveTranslation(Translation(Asking("t", "r", None, {}), TOP, RUN, "main"))
    live.of(Event(1, 1.0, TOP, RUN, "k", Queued(text="x")), None)
    live.of(Event(2, 1.0, TOP, RUN, "k", Started(owner=OwnerId("o"), epoch=1)), None)
    for number in range(subagents):
        key, run = SessionKey(f"agent:coder:subagent:{number}"), RunId(f"run{number}")
        event = Event(number + 3, 1.0, key, run, "k", Queued(text="x"))
        live.of(event, Member("coder", "", "code", TOP))
    return live


def kinds(pieces: list[Piece] | None) -> list[str]:
    return [
        "TAKE_BACK" if isinstance(each.content, TakeBack) else each.content.type
        for each in pieces or ()
    ]


def test_a_message_begins_with_its_first_text_and_grows() -> None:
    live = begun()
    first = live.written(RUN, Text(1, "Dear ", 1), 5)
    more = live.written(RUN, Text(1, "Dear Ana", 1), 6)
    same = live.written(RUN, Text(1, "Dear Ana ", 1), 7)

    assert kinds(first) == ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT"]
    assert kinds(more) == ["TEXT_MESSAGE_CONTENT"]
    assert same == []


def test_a_further_try_takes_back_only_what_it_does_not_say_again() -> None:
    live = begun()
    live.written(RUN, Text(1, "Dear Ana", 1), 5)
    again = live.written(RUN, Text(2, "Dear", 1), 6)
    other = live.written(RUN, Text(2, "Dearest", 1), 7)

    assert again == []
    assert kinds(other) == ["TAKE_BACK", "TEXT_MESSAGE_CONTENT"]


def test_a_text_waits_for_the_reply_before_it() -> None:
    live = begun()

    assert live.written(RUN, Text(2, "Hi", 2), 5) is None
    assert live.written(RunId("unknown"), Text(1, "Hi", 1), 5) == []


def test_of_very_many_texts_at_once_some_are_told() -> None:
    live = begun(MOST_WRITING + 5)
    told = [
        live.written(RunId(f"run{number}"), Text(1, "Hi", 1), 5)
        for number in range(MOST_WRITING + 5)
    ]

    assert sum(map(bool, told)) == MOST_WRITING
