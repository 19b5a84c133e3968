"""Half a character never reaches the store or a provider."""

from __future__ import annotations

import pytest

from parallel_agents.core.unicode import ends_in_half, whole_text, whole_value, without_escapes


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


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;208;1morange\x1b[m", "orange"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a list: x[31m] y", "a list: x[31m] y"),
        ("cut \x1b[3", "cut \x1b[3"),
        ("never ended \x1b]0;" + "t" * 9, "never ended \x1b]0;" + "t" * 9),
    ],
)
def test_escape_sequences_are_left_out_as_a_whole(text: str, read: str) -> None:
    assert without_escapes(text) == read
