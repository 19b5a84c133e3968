"""Streamed: OpenAI's own account of a stream is right, whatever was told while it was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from parallel_agents.core.event import Event, Queued, Replied
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import Message, Part, Role, Text, ToolCall
from parallel_agents.core.model import Finish
from parallel_agents.core.usage import Usage
from parallel_agents.live_text.folder import Text as LiveText
from parallel_agents.surfaces.responses.documents import Asked, Ended
from parallel_agents.surfaces.responses.streamed import StreamedResponse

RUN = RunId("run")
QUEUED = Queued(text="x")
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def replied(turn: int, text: str, *, calls: bool = False) -> Replied:
    parts: list[Part] = [Text(text), ToolCall("c1", "look", {})] if calls else [Text(text)]
    return Replied(
        turn=turn,
        message=Message(Role.ASSISTANT, tuple(parts)),
        model="sim/calm",
        finish=Finish.STOP,
        usage=Usage(1, 1),
        cost_nanousd=0,
        seconds=0.1,
    )


def told(*steps: Queued | Replied | LiveText | Ended, is_live: bool = True) -> list[dict[str, Any]]:
    streamed = StreamedResponse(Asked(RUN, "greeter", 1.0), is_told_live=is_live)
    found = list(streamed.begun())
    for seq, step in enumerate(steps, 1):
        match step:
            case LiveText():
                found += streamed.written(step) or ()
            case Ended():
                found += streamed.ended(step)
            case _:
                found += streamed.of(Event(seq, 1.0, SessionKey("agent:a"), RUN, f"k{seq}", step))
    return [dict(each) for each in found]


def answered(text: str) -> Ended:
    return Ended("completed", text, None, Usage(1, 1))


def items_of(events: Sequence[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    """The texts of the items as OpenAI's client has them, how each ended, and its phase."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in events:
        state.handle_event(EVENT.validate_python(event))
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    done = [each["item"] for each in events if each["type"] == "response.output_item.done"]
    return [(each["content"][0]["text"], each["status"], each.get("phase")) for each in done]


def deltas_of(events: Sequence[dict[str, Any]]) -> list[str]:
    return [each["delta"] for each in events if each["type"] == "response.output_text.delta"]


LIVE = (LiveText(1, "Dear", 1), LiveText(1, "Dear Ana ", 1))


def test_an_answer_is_told_in_the_pieces_in_which_it_is_written() -> None:
    events = told(QUEUED, *LIVE, replied(1, "Dear Ana \n"), answered("Dear Ana \n"))

    assert deltas_of(events) == ["Dear", " Ana", " \n"]
    assert items_of(events) == [("Dear Ana \n", "completed", None)]
    assert [each["id"] for each in events[-1]["response"]["output"]] == ["msg_run"]


@pytest.mark.parametrize(
    ("steps", "items"),
    [
        ((), [("Hi", "completed", None)]),
        ((*LIVE, LiveText(2, "Hello", 1)), [("Dear Ana", "incomplete", None), ("Hello", "incomplete", None), ("Hi", "completed", None)]),
        ((*LIVE, LiveText(2, "Dear", 1)), [("Dear Ana", "incomplete", None), ("Hi", "completed", None)]),
        ((*LIVE, replied(1, "Hi")), [("Dear Ana", "incomplete", None), ("Hi", "completed", None)]),
        ((*LIVE, replied(1, "Dear Ana!", calls=True), LiveText(3, "H", 2), replied(2, "Hi")), [("Dear Ana!", "completed", "commentary"), ("Hi", "completed", None)]),
        ((*LIVE, replied(1, "Dear Ana!"), LiveText(3, "H", 2), replied(2, "Hi")), [("Dear Ana!", "incomplete", None), ("Hi", "completed", None)]),
    ],
    ids=["nothing", "tried again", "the same so far", "another reply", "a call", "a message came"],
)  # fmt: skip
def test_what_is_replaced_ends_and_only_the_answer_is_returned(
    steps: Sequence[LiveText | Replied], items: list[tuple[str, str, str | None]]
) -> None:
    events = told(QUEUED, *steps, answered("Hi"))

    assert items_of(events) == items
    assert [each["content"][0]["text"] for each in events[-1]["response"]["output"]] == ["Hi"]


def test_a_response_that_fails_leaves_no_item_open() -> None:
    events = told(QUEUED, *LIVE, Ended("failed", "", None, Usage()))

    assert items_of(events) == [("Dear Ana", "incomplete", None)]
    assert events[-1]["response"]["output"] == []


@pytest.mark.parametrize(
    ("queued", "is_live"),
    [
        (Queued(text="x", gates=(RegexGate(pattern="x"),)), True),
        (Queued(text="x", ladder=("acme/small", "acme/large")), True),
        (QUEUED, False),
    ],
    ids=["gates", "a ladder", "a schema"],
)
def test_what_may_be_refused_is_told_once_it_is_the_answer(
    queued: Queued, *, is_live: bool
) -> None:
    events = told(queued, *LIVE, replied(1, "Dear Ana"), answered("Dear Ana"), is_live=is_live)

    assert deltas_of(events) == ["Dear Ana"]


def test_a_text_waits_for_the_reply_before_it() -> None:
    streamed = StreamedResponse(Asked(RUN, "greeter", 1.0), is_told_live=True)

    assert streamed.written(LiveText(2, "Hi", 2)) is None
    assert streamed.written(LiveText(2, " ", 1)) == []
