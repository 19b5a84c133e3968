"""What people read of an event is searched, in parts, and JSON as the texts in it."""

from __future__ import annotations

from parallel_agents.core.event import (
    Body,
    Event,
    Queued,
    Replied,
    Started,
    Steered,
    SteerMode,
    ToolFinished,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import Message, Role, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import Finish
from parallel_agents.core.usage import Usage
from parallel_agents.searching.texts import PART_CHARACTERS, said_in


def said(body: Body) -> list[tuple[str, str]]:
    event = Event(1, 2.0, SessionKey("agent:a"), RunId("r"), "key", body)
    return [(each.role.value, each.text) for each in said_in([event])]


def result(content: str) -> Body:
    return ToolFinished(turn=1, result=ToolResult("1", "read", content), seconds=1)


def test_a_reply_has_its_text_and_its_calls_but_not_what_the_model_thought() -> None:
    call = ToolCall("1", "write_file", {"path": "a.txt", "lines": ["one\ntwo", 3]})
    message = Message(Role.ASSISTANT, (Thinking("hm"), Text("Writing."), call))
    body = Replied(
        turn=1, message=message, model="m", finish=Finish.STOP, usage=Usage(), cost_nanousd=0,
        seconds=1,
    )  # fmt: skip

    assert said(body) == [
        ("model", "Writing."),
        ("call", "write_file\npath: a.txt\nlines: one\ntwo\nlines: 3"),
    ]


def test_the_texts_in_json_are_read_and_what_only_looks_like_it_stays() -> None:
    assert said(result('{"text": "a\\nb"}')) == [("tool", "text: a\nb")]
    assert said(result("{not json\\n}")) == [("tool", "{not json\\n}")]


def test_a_task_has_its_input_and_a_message_its_text() -> None:
    assert said(Queued(text="Do.", input={"topic": "tea"})) == [("task", "Do.\ntopic: tea")]
    assert said(Steered(text="Hurry.", mode=SteerMode.NEXT, by="ana")) == [("message", "Hurry.")]


def test_what_has_no_text_is_left_out() -> None:
    assert said(Started(owner=OwnerId("o"), epoch=1)) == []
    assert said(result("  \n")) == []


def test_a_long_text_is_divided_into_parts_that_overlap() -> None:
    words = [f"w{number}" for number in range(20_000)]

    parts = [text for _, text in said(result(" ".join(words)))]

    assert all(len(part) <= PART_CHARACTERS for part in parts)
    assert all(
        any(f"{a} {b}" in part for part in parts)
        for a, b in zip(words[::97], words[1::97], strict=False)
    )
    assert parts[-1].endswith(words[-1])
