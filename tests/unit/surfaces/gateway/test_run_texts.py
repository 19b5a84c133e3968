"""A client hears each reply once and whole, whenever it began to listen and however often it is cut off."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallel_agents.gateway_client.forms import PieceForm
from parallel_agents.gateway_client.listening import HeardText
from parallel_agents.live_text.folder import NOTHING, Text
from parallel_agents.surfaces.gateway.run_texts import ToldText

TEA = "Tea, please."
Seen = Text | tuple[int, str]
# What is seen one after another: what is written, or the turn and the text of a reply.
HEARD: dict[str, tuple[Sequence[Seen], Sequence[str]]] = {
    "as it is written": ([Text(1, "Tea", 1), Text(1, TEA, 1), (1, TEA)], ["Tea", ", please."]),
    "its end is not told": ([Text(1, "Tea", 1), (1, TEA)], ["Tea", ", please."]),
    "nothing is told": ([NOTHING, (1, TEA)], [TEA]),
    "two of which nothing is told": ([(1, TEA), (2, "Milk")], [TEA, "Milk"]),
    "the look is late": ([(1, TEA), Text(1, "Tea", 1)], [TEA]),
    "the next call is written already": (
        [Text(1, "Tea", 1), (1, TEA), Text(3, "Milk", 2), Text(3, "Milk!", 2)],
        ["Tea", ", please.", "Milk", "!"],
    ),
    "the next begins as the last": (
        [(1, TEA), Text(3, "T", 2), Text(3, "Tea", 2), (2, TEA)],
        [TEA, "T", "ea", ", please."],
    ),
    "the same once more": ([(1, TEA), Text(3, TEA, 2), (2, TEA)], [TEA, TEA]),
    "it is tried again": (
        [Text(1, "Te", 1), Text(2, "", 1), Text(3, "Milk", 1), (1, "Milk")],
        ["Te", "Milk"],
    ),
    "another process goes on": ([Text(5, "Te", 1), Text(1, TEA, 1), (1, TEA)], ["Te", TEA]),
    "it is longer than is told": ([Text(1, "T" * 9, 1), (1, "T" * 12)], ["T" * 9, "TTT"]),
    "no text": ([Text(1, "Tea", 1), (1, TEA), (2, "")], ["Tea", ", please."]),
}
# What is seen after the line was cut once "Tea" of the second turn was heard.
AFTER_A_CUT: dict[str, tuple[Sequence[Seen], Sequence[str]]] = {
    "it is still written": (
        [Text(1, "Tea, pl", 2), (2, TEA), Text(3, "Milk", 3)],
        [", pl", "ease.", "Milk"],
    ),
    "it has been replied": ([(2, TEA), Text(3, "Milk", 3)], [", please.", "Milk"]),
    "two have been replied": ([(2, TEA), (3, "Milk")], [", please.", "Milk"]),
    "it was tried again": ([Text(3, "Mi", 2), (2, "Milk")], ["Mi", "lk"]),
    "what is known is still seen": ([Text(1, "Old", 1), (2, TEA)], [", please."]),
}


def hear(seen: Sequence[Seen], heard: HeardText) -> list[str]:
    told = ToldText(heard.turn or 0)
    pieces = [
        told.written(each) if isinstance(each, Text) else told.replied(*each) for each in seen
    ]
    texts = [heard.new(PieceForm(**piece)) for piece in pieces if piece is not None]
    return [text for text in texts if text]


@pytest.mark.parametrize("case", HEARD)
def test_a_reply_is_heard_once_and_whole(case: str) -> None:
    seen, expected = HEARD[case]

    assert hear(seen, HeardText(0)) == expected


@pytest.mark.parametrize("case", AFTER_A_CUT)
def test_a_stream_that_begins_anew_repeats_nothing_and_leaves_out_nothing(case: str) -> None:
    seen, expected = AFTER_A_CUT[case]
    heard = HeardText(None)
    heard.new(PieceForm(**ToldText(1).known()))
    hear([Text(1, "Tea", 2)], heard)
    heard.cut_off()

    assert hear(seen, heard) == expected
