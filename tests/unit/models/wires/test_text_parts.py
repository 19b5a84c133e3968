"""Calls in the text of a reply become parts, unless the text is the answer that was asked for."""

from __future__ import annotations

import pytest

from parallel_agents.core.message import Text, Thinking, ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.wires.text_parts import read_text_calls

TOOLS = {"look": "look"}
CALL = '{"name": "look", "arguments": {"city": "Oslo"}}'
MARKED = f"<tool_call>{CALL}</tool_call>"
LOOKS = ToolCall("", "look", {"city": "Oslo"})
FITS: JsonObject = {"type": "object", "properties": {"name": {"type": "string"}}}
OTHER: JsonObject = {"type": "object", "properties": {"kind": {"type": "string"}}}


@pytest.mark.parametrize("text", [CALL, f"```json\n{CALL}\n```"])
def test_json_that_fits_the_schema_is_the_answer(text: str) -> None:
    assert read_text_calls([Text(text)], TOOLS, schema=FITS).parts == [Text(text)]


def test_json_that_has_nothing_of_the_schema_is_a_call() -> None:
    assert read_text_calls([Text(CALL)], TOOLS, schema=OTHER).parts == [LOOKS]


def test_a_call_behind_a_mark_is_a_call_whatever_the_schema() -> None:
    assert read_text_calls([Text(MARKED)], TOOLS, schema=FITS).parts == [LOOKS]


def test_a_reply_of_reasoning_alone_may_end_in_a_call() -> None:
    assert read_text_calls([Thinking(f"hm\n{MARKED}")], TOOLS).parts == [Thinking("hm"), LOOKS]


@pytest.mark.parametrize("part", [Thinking(MARKED, "SIG"), Thinking(f"{MARKED}\nBut no.")])
def test_reasoning_that_is_signed_or_goes_on_stays(part: Thinking) -> None:
    assert read_text_calls([part], TOOLS).parts == [part]


def test_calls_in_the_reasoning_of_an_answer_are_thoughts() -> None:
    parts = [Thinking(MARKED), Text("hello")]

    assert read_text_calls(parts, TOOLS).parts == parts


def test_markup_that_cannot_be_read_is_told() -> None:
    assert read_text_calls([Text("<tool_call>x y</tool_call>")], TOOLS).unread != ""
