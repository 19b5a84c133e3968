"""Lanes in the cells of a terminal."""

from __future__ import annotations

from parallel_agents.views.frames import Frame, Span, SpanKind
from parallel_agents.views.lanes_text import lane_text

FRAME = Frame(
    label="a",
    began_at=0,
    last_at=10,
    spans=[Span(SpanKind.QUEUED, 0, 2), Span(SpanKind.MODEL, 2, 6.4), Span(SpanKind.TOOL, 6.4, 8)],
)


def test_a_cell_shows_what_lasted_longest_in_it() -> None:
    assert lane_text(FRAME, 0, 10, 10) == "··████▓▓  "


def test_without_room_or_time_there_is_nothing() -> None:
    assert lane_text(FRAME, 0, 10, 0) == ""
    assert lane_text(FRAME, 5, 5, 10) == ""
