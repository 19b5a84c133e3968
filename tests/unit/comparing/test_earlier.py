"""What was said before two runs is told in a sentence each, and not as two transcripts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallel_agents.comparing.earlier import told_earlier
from parallel_agents.core.message import Message, assistant, user

TEA, ABOUT_TEA = user("Tea"), assistant('{"caption": "Tea"}')
RAIN, SNOW = user("Rain,\nwith sleet"), user("Snow")


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (
            [TEA, ABOUT_TEA],
            [],
            ("begins after 2 messages, the first of which is: Tea", "begins after nothing"),
        ),
        (
            [TEA, ABOUT_TEA],
            [TEA, ABOUT_TEA, RAIN],
            (
                "begins after the same 2 messages",
                "begins after the same 2 messages and 1 other, the first of which is: Rain, with sleet",
            ),
        ),
        (
            [TEA, SNOW],
            [TEA, ABOUT_TEA],
            (
                "begins after the same 1 message and 1 other, the first of which is: Snow",
                "begins after the same 1 message and 1 other, the first of which is"
                ' an answer: {"caption": "Tea"}',
            ),
        ),
    ],
)
def test_what_was_said_before_is_told_as_far_as_it_differs(
    a: Sequence[Message], b: Sequence[Message], told: tuple[str, str]
) -> None:
    assert told_earlier(a, b) == told
