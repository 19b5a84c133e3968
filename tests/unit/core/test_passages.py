"""A passage is all of a text, or enough whole words of it to say something."""

from __future__ import annotations

import pytest

from parallel_agents.core.passages import is_passage, is_same_passage

TEXT = "It is unsafe to use in rain, and safe to use inside."


@pytest.mark.parametrize(
    "quote", [TEXT, "unsafe to use", "safe to use inside", "in rain, and safe"]
)
def test_whole_words_of_a_text_are_a_passage(quote: str) -> None:
    assert is_passage(quote, TEXT)


@pytest.mark.parametrize(
    "quote", ["", "to use", "is unsafe", "safe to use in rain", "a, b", "I t is"]
)
def test_few_words_and_halves_of_words_are_not(quote: str) -> None:
    assert not is_passage(quote, TEXT)


def test_all_of_a_short_text_is_a_passage() -> None:
    assert is_passage("Wait.", "Wait.")


@pytest.mark.parametrize(
    ("quote", "other", "is_same"),
    [
        ("unsafe to use", TEXT, True),
        (TEXT, "unsafe to use", True),
        ("is unsafe to use", "unsafe to use in", True),
        ("It is unsafe to use", "safe to use inside", False),
        ("x = 1", "max = 1", False),
        ("Wait.", "Boil it.", False),
    ],
)
def test_quotes_are_the_same_if_they_share_most_of_their_words(
    quote: str, other: str, is_same: bool
) -> None:
    assert is_same_passage(quote, other) == is_same
