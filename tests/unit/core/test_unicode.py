"""Half a character never reaches the store or a provider."""

from __future__ import annotations

import pytest

from parallel_agents.core.unicode import ends_in_half, whole_text, whole_value


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("abc", "abc"),
        ("Grüße", "Grüße"),
        ("\ud83d\ude00", "\U0001f600"),
        ("a\ud83d", "a\ufffd"),
        ("\ude00b", "\ufffdb"),
    ],
)
def test_halves_are_joined_or_replaced(text: str, whole: str) -> None:
    assert whole_text(text) == whole


def test_each_text_in_a_value_is_made_whole() -> None:
    assert whole_value({"\ud83d": ["\ude00", 7, None]}) == {"\ufffd": ["\ufffd", 7, None]}


def test_a_first_half_may_be_followed_by_its_other() -> None:
    assert ends_in_half("a\ud83d")
    assert not ends_in_half("a\ude00")
    assert not ends_in_half("")
