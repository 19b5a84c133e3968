"""A client hears each reply once and whole, whenever it began to listen and however often it is cut off."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallel_agents.gateway_client.forms import PieceForm
from parallel_agents.gateway_client.listening import HeardText
from parallel_agents.live_text.folder import NOTHING, Text
from parallel_agents.surfaces.gateway.run_texts import ToldText

TEA = "Tea, please."
Seen = Text | tuple[str, Text]
# What is seen one after another: what is written, or a reply with what is written once it has come.
HEARD: dict[str, tuple[Sequence[Seen], Sequence[str]]] = {
    "as it is written": ([Text(1, "Tea"), Text(1, TEA), (TEA, Text(2, ""))], ["Tea", ", please."]),
    "its end is not told": ([Text(1, "Tea"), (TEA, Text(2, ""))], ["Tea", ", please."]),
    "nothing is told": ([NOTHING, (TEA, NOTHING)], [TEA]),
    "two of which nothing is told": ([(TEA, NOTHING), ("Milk", NOTHING)], [TEA, "Milk"]),
    "the look is late": ([(TEA, Text(1, "Tea")), Text(1, "Tea")], [TEA]),
    "the next call is written already": (
        [Text(1, "Tea"), (TEA, Text(3, "Milk")), Text(3, "Milk!")],
        ["Tea", ", please.", "Milk!"],
    ),
    "the same once more": ([(TEA, Text(2, "")), Text(3, TEA), (TEA, Text(4, ""))], [TEA, TEA]),
    "it is tried again": (
        [Text(1, "Te"), Text(2, ""), Text(3, "Milk"), ("Milk", Text(4, ""))],
        ["Te", "Milk"],
    ),
    "another process goes on": ([Text(5, "Te"), Text(1, TEA), (TEA, Text(2, ""))], ["Te", TEA]),
    "it is longer than is told": ([Text(1, "T" * 9), ("T" * 12, Text(2, ""))], ["T" * 9, "TTT"]),
    "no text": ([Text(1, "Tea"), (TEA, Text(2, "")), ("", Text(2, ""))], ["Tea", ", please."]),
}


def hear(seen: Sequence[Seen], heard: HeardText) -> list[str]:
    told = ToldText()
    pieces = [
        told.written(each) if isinstance(each, Text) else told.replied(*each) for each in seen
    ]
    texts = [heard.new(PieceForm(**piece)) for piece in pieces if piece is not None]
    return [text for text in texts if text]


@pytest.mark.parametrize("case", HEARD)
def test_a_reply_is_heard_once_and_whole(case: str) -> None:
    seen, expected = HEARD[case]

    assert hear(seen, HeardText()) == expected


def test_a_stream_that_begins_anew_repeats_nothing() -> None:
    heard = HeardText()

    before = hear([Text(1, "Tea")], heard)
    after = hear([Text(1, "Tea, pl"), (TEA, Text(2, "")), Text(3, "Milk")], heard)

    assert before + after == ["Tea", ", pl", "ease.", "Milk"]
