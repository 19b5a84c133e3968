"""A passage is all of a text, or enough whole words of it to say something."""

from __future__ import annotations

import pytest

from parallel_agents.core.passages import UsedPassages, is_passage

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
    ("quote", "is_used"),
    [
        ("unsafe to use", True),
        ("is unsafe to use", True),
        ("unsafe to use in", True),
        ("It is unsafe to use in rain, and safe", False),
        ("safe to use inside", False),
        ("Wait.", True),
        ("Boil it.", False),
    ],
)
def test_a_quote_half_of_which_was_quoted_before_is_used(quote: str, is_used: bool) -> None:
    used = UsedPassages()
    for each in ("unsafe to use", "Wait."):
        used.add(each)

    assert used.has(quote) == is_used
