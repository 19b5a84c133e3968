"""Reasoning that a server left in the answer is told apart from it, whole and as it streams."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from parallel_agents.models.reading.thinking import AnswerFilter, part_thinking

HARMONY = "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>hello<|return|>"


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("hello", "", "hello"),
        ("<think>\nhm\n</think>\n\nhello", "hm", "hello"),
        ("hm\n</think>\n\nhello", "hm", "hello"),
        ("<think>a</think><think>b</think>c", "a\n\nb", "c"),
        ("[THINK]x[/THINK]y", "x", "y"),
        ("\u25c1think\u25b7a\u25c1/think\u25b7b", "a", "b"),
        ("  <thinking>x</thinking> y", "x", "y"),
        ("<think>it never ends", "it never ends", ""),
        (HARMONY, "hm", "hello"),
        ("The tag </think> closes it.", "", "The tag </think> closes it."),
        ("Use <think> like this.", "", "Use <think> like this."),
        ("[1] a list", "", "[1] a list"),
    ],
)
def test_the_answer_is_what_follows_the_reasoning(text: str, thinking: str, answer: str) -> None:
    assert part_thinking(text) == (thinking, answer)


@given(st.lists(st.integers(0, 40), max_size=6))
@pytest.mark.parametrize("text", ["<think>\nhm\n</think>\n\nhello", "<b>hello</b>", "[1] hello"])
def test_what_is_shown_is_the_answer_wherever_the_stream_is_cut(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    shown = AnswerFilter()

    pieces = [shown.feed(text[a:b]) for a, b in pairwise(edges)]

    assert "".join(pieces) + shown.close() == part_thinking(text).answer
