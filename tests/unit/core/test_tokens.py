"""Tokens are estimated near to what tokenizers count, in a time that no call notices."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.tokens import tokens_in, tokens_of

# With what the tokenizers of Qwen 2.5 and SmolLM2 count for the text.
COUNTED = {
    "prose": (
        "The store keeps everything, and a run always starts from the store. " * 50,
        701,
        701,
    ),
    "code": (
        "    def take(self, event: Event) -> None:\n        self.run = event.run\n" * 40,
        760,
        841,
    ),
    "numbers": ("4096,1234567,42\n" * 100, 1_600, 1_600),
    "hexadecimal": ("0f3a9c77e1d2b4a6" * 100, 1_600, 1_600),
    "chinese": ("今天天气很好我们一起去公园散步" * 50, 350, 1_550),
    "russian": ("Сегодня хорошая погода, пойдём гулять в парк. " * 50, 952, 1_852),
}


@pytest.mark.parametrize(("text", "least", "most"), COUNTED.values(), ids=COUNTED)
def test_an_estimate_is_near_to_what_tokenizers_count(text: str, least: int, most: int) -> None:
    assert most * 0.5 <= tokens_in(text) <= max(least * 1.5, most)


def test_nothing_has_no_tokens() -> None:
    assert tokens_in("") == 0


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_has_no_fewer_tokens(text: str, more: str) -> None:
    assert tokens_in(text + more) >= tokens_in(text) - 1


def test_a_long_text_is_judged_by_its_parts() -> None:
    assert tokens_in("tea is good " * 100_000) == pytest.approx(
        tokens_in("tea is good " * 200) * 500, rel=0.05
    )


def test_every_part_of_a_message_counts() -> None:
    call = ToolCall("1", "look", {"path": "a" * 100})
    asked = Message(Role.ASSISTANT, (call,))
    told = Message(Role.TOOL, (ToolResult("1", "look", "tea " * 100),))

    assert tokens_of([asked]) > 10
    assert tokens_of([told]) > 100
    assert tokens_of([user("tea"), assistant("tea")]) == 2 * tokens_of([user("tea")])


def test_a_call_is_counted_in_a_twentieth_of_a_millisecond() -> None:
    messages = [Message(Role.TOOL, (ToolResult("1", "look", "tea is good\n" * 5_000),))]

    seconds = min(_timed(messages) for _ in range(20))

    assert seconds < 0.000_05


def _timed(messages: list[Message]) -> float:
    began = perf_counter()
    tokens_of(messages)
    return perf_counter() - began
