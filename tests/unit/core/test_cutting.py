"""No cut leaves a part of a secret, wherever in the text the secret lies."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typing_extensions import override

from parallel_agents.containment.calls import describe
from parallel_agents.core.cutting import head, tail
from parallel_agents.core.message import ToolResult
from parallel_agents.core.shown import shown
from parallel_agents.core.told import Cut, shorten, told
from parallel_agents.mcp_client.results import tool_text
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.projection import title_of
from parallel_agents.views.format import exact

SECRET = "Pq7a0b1c2d3e4f5g6h7"


class _Long:
    def __init__(self, text: str) -> None:
        self.text = text

    @override
    def __repr__(self) -> str:
        return self.text


# Each cut, and how many characters of a text remain before and after what it leaves out.
CUTS: dict[str, tuple[Callable[[str], str], int]] = {
    "head": (lambda text: head(text, 30), 90),
    "tail": (lambda text: tail(text, 30), 90),
    "shorten": (lambda text: shorten(text, 60), 120),
    "told": (lambda text: told(ToolResult("1", "tool", text), Cut(60, len(text))).content, 120),
    "shown text": (lambda text: shown(text, 40), 90),
    "shown object": (lambda text: shown(_Long(text), 40), 90),
    "error": (lambda text: describe(ValueError(text)), 4_030),
    "title": (title_of, 300),
    "exact": (exact, 5_100),
    "tool of a server": (
        lambda text: tool_text({"content": [{"type": "resource_link", "name": text}]}).text,
        1_030,
    ),
}


@pytest.mark.parametrize("name", CUTS)
def test_no_cut_leaves_a_part_of_a_secret(name: str) -> None:
    KNOWN.add(SECRET, "S")
    cut, length = CUTS[name]
    was_cut = False
    for before in range(max(0, length - 1_150), length):
        text = "x" * before + SECRET + "y" * (length - before)
        left = cut(text)
        was_cut |= len(left) < len(text)

        assert not any(SECRET[at : at + 3] in left for at in range(len(SECRET) - 2)), left
    assert was_cut


def test_what_is_not_cut_stays_the_same_object() -> None:
    KNOWN.add(SECRET, "S")
    text = f"use {SECRET}"

    assert head(text, 100) is text
    assert tail(text, 100) is text
