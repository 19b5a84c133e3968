"""A hostile text is read in linear time: whatever a model repeats, no reader goes back over it."""

# ruff: noqa: RUF001 - DeepSeek's tokens have a bar of full width

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from parallel_agents.core.output import check_output
from parallel_agents.models.reading.text_calls import find_calls
from parallel_agents.models.reading.thinking import AnswerFilter, part_thinking
from parallel_agents.models.reading.values import read_arguments
from parallel_agents.models.shapes import ShapeError

_CHARACTERS = 50_000
# A reader that goes back over the text for each of its pieces takes seconds.
_MOST_SECONDS = 0.125
_PIECES = (
    "\n", " ", "\t\n", "`", "```\n", "``", "<", ">", "[", "{", "(", '"', "'", "\\", ",", ":", "x",
    "</s>", "<|im_end|>", "<think>", "</think>", "</think>\n", "[THINK]", "<|channel|>", "<|channel|>final",
    "<|start|>assistant", "<|message|>", "assistantfinal", "analysis", "<response>", "<tool_call>",
    "</tool_call>", "<tool_call>{", '<tool_call>[{"a":', "<tool_call>x<arg_key>", "<arg_key>a</arg_key>",
    '<tool_call>{"name": "look", "arguments": {}}', '<invoke name="x">', '<invoke name="look">', "<function=x>",
    "<function=look>", "<parameter=a>", '<function=look><parameter=a>', "[TOOL_CALLS]", "[TOOL_CALLS]x",
    "[TOOL_CALLS]x{", "[TOOL_CALLS]look{", "<|tool_call_begin|>x<|tool_sep|>", "<|tool_call_begin|>look<|tool_sep|>",
    "<｜tool▁calls▁begin｜>", "to=functions.x", "to=functions.look ", "<|tool_call>call:look{a:", "call:look{",
    "<escape>", '<|"|>', "look(", "[look(", "look(a=[", ") ", ">>>look\n", "Action: look\n", "✿FUNCTION✿: look\n",
    "<tool_call><name>look</name>", "[1,", "[1 ", '["', '{"a":', "{'a': ", '{"kind": "x"} ', "\n{", "\n[",
    "default_api.", "\ndefault_api.look(", "-", "1+", "functools[", "```json\n",
)  # fmt: skip
_STARTS = (
    "", "<p>ok</p>", "```json\n", "[f()", "<tool_call>", "<think>a</think><response>", "<|channel|>", "look\n{",
    "[look(a=", "analysis", "<tool_call>look", "<function=look>", "<|tool_call>call:look{a:", "{",
)  # fmt: skip
_MARKS = (
    "",
    "<tool_call>",
    "<think>a</think><response>",
    "look\n{",
    "<function=look>",
    "<|tool_call>call:look{a:",
)
_ENDS = ("", "x", "}", "</tool_call>", "\n```")
_TEXTS = [
    (start, piece, end)
    for piece in _PIECES
    for start in (_STARTS if piece.isspace() else _MARKS)
    for end in (_ENDS if piece.isspace() or not start else ("",))
]


def _arguments(text: str) -> None:
    try:
        read_arguments(text)
    except ShapeError:
        return


def _stream(text: str) -> None:
    shown = AnswerFilter()
    for start in range(0, len(text), 1000):
        shown.feed(text[start : start + 1000])
    shown.close()


def _calls(text: str) -> None:
    find_calls(text, {"look"})


def _answer(text: str) -> None:
    check_output(text, {"type": "object", "required": ["kind"]})


def _measure(read: Callable[[str], object], text: str) -> float:
    """The seconds of computing that it takes to read a text."""
    began = time.process_time()
    read(text)
    return time.process_time() - began


@pytest.mark.parametrize("read", [part_thinking, _answer, _calls, _arguments, _stream])
def test_what_a_model_repeats_is_read_in_a_moment(read: Callable[[str], object]) -> None:
    slow: list[tuple[str, float]] = []
    for start, piece, end in _TEXTS:
        times = (_CHARACTERS - len(start) - len(end)) // len(piece)
        text = start + piece * times + end
        # The first time, garbage of the tests before may have been collected.
        seconds = _measure(read, text)
        if seconds > _MOST_SECONDS and (seconds := _measure(read, text)) > _MOST_SECONDS:
            slow.append((f"{start!r} {piece!r} {end!r}", seconds))

    assert slow == []
