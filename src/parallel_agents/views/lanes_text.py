"""Lanes text: the lane of a session in the cells of a terminal, of the same frames as each picture."""

from __future__ import annotations

from parallel_agents.views.frames import Frame, SpanKind

_CELLS = {
    SpanKind.QUEUED: "·",
    SpanKind.MODEL: "█",
    SpanKind.TOOL: "▓",
    SpanKind.WAIT: "░",
    SpanKind.RETRY: "~",
    SpanKind.ASKS: "?",
}
LEGEND = "█ model  ▓ tool  ░ wait  ~ retry  ? asks you  · queued"


def lane_text(frame: Frame, began: float, ended: float, width: int) -> str:
    """A lane of that many cells; a cell shows what lasted longest in it."""
    if width <= 0 or ended <= began:
        return ""
    seconds = (ended - began) / width
    longest: list[tuple[float, str]] = [(0.0, " ")] * width
    for span in frame.spans:
        first = max(int((span.start - began) / seconds), 0)
        last = min(int((span.end - began) / seconds), width - 1)
        for cell in range(first, last + 1):
            start = began + cell * seconds
            overlap = min(span.end, start + seconds) - max(span.start, start)
            if overlap > longest[cell][0]:
                longest[cell] = (overlap, _CELLS[span.kind])
    return "".join(shown for _, shown in longest)
