"""A model is told as much of a result as its context can hold, and how much is missing."""

from __future__ import annotations

import pytest

from parallel_agents.core.message import ToolResult
from parallel_agents.core.told import MOST_KEPT_CHARACTERS, Cut, cut_to, kept, most_tokens, told


@pytest.mark.parametrize(
    ("window", "most", "calls", "tokens"),
    [
        (None, None, 1, 10_000),
        (200_000, None, 1, 25_000),
        (200_000, 5_000, 1, 5_000),
        (32_768, 50_000, 1, 4_096),
        (None, None, 4, 10_000),
        (None, None, 8, 5_000),
        (None, None, 10_000, 20),
        (4_096, None, 1, 512),
        (4_096, None, 20, 102),
    ],
)
def test_a_result_has_a_share_of_the_context(
    window: int | None, most: int | None, calls: int, tokens: int
) -> None:
    assert most_tokens(window, most, calls=calls) == tokens


def test_a_short_result_is_told_whole() -> None:
    assert cut_to("x" * 4_000, 1_000) is None
    assert told(ToolResult("1", "look", "seen"), None).content == "seen"


def test_a_long_result_is_told_by_its_ends_with_what_is_left_out() -> None:
    result = ToolResult("1", "look", "a" * 3_000 + "b" * 3_000)
    cut = cut_to(result.content, 150)
    assert cut is not None
    assert (cut.characters, cut.length) == (pytest.approx(1_000, rel=0.02), 6_000)

    content = told(result, Cut(600, 6_000, "ask for less")).content

    mark = "[5,400 of 6,000 characters left out here; ask for less]"
    assert content == f"{'a' * 400}\n{mark}\n{'b' * 200}"


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        pytest.param("茶" * 6_000, 125, id="another script"),
        pytest.param("123,456\n" * 1_000, 167, id="numbers"),
        pytest.param("0f3a9c" * 1_000, 150, id="hexadecimal"),
        pytest.param("tea is good " * 500, 400, id="prose"),
    ],
)
def test_what_takes_more_tokens_is_told_in_fewer_characters(text: str, characters: int) -> None:
    cut = cut_to(text, 150)

    assert cut is not None
    assert cut.characters == pytest.approx(characters, rel=0.35)


def test_a_result_is_kept_up_to_a_limit() -> None:
    long = kept(ToolResult("1", "look", "x" * 3_000_000)).content

    assert len(long) < MOST_KEPT_CHARACTERS + 100
    assert "[2,000,000 of 3,000,000 characters left out here]" in long
