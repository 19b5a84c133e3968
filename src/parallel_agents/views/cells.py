"""Cells: text measured, shortened and wrapped as a terminal shows it: wide characters take two cells."""

from __future__ import annotations

import re

from rich.cells import cell_len, split_graphemes

# Joiners and variants of characters: terminals disagree on how wide what they join is.
_JOINERS = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_ELLIPSIS = "…"


def steady(text: str) -> str:
    """Text that has the same width in each terminal: what is joined stands side by side."""
    return _JOINERS.sub("", text)


def ended(text: str, most: int) -> str:
    """Text of at most that many cells; the end of a longer one is left out."""
    if cell_len(text) <= most:
        return text
    return f"{_head(text, most - 1)}{_ELLIPSIS}" if most > 0 else ""


def middle(text: str, most: int) -> str:
    """Text of at most that many cells; of a longer one the middle is left out.

    Names differ at their ends as often as at their beginnings.
    """
    if cell_len(text) <= most:
        return text
    if most <= 1:
        return _ELLIPSIS[:most]
    after = (most - 1) // 2
    return f"{_head(text, most - 1 - after)}{_ELLIPSIS}{_tail(text, after)}"


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells; continued lines are indented further.

    Words are never broken, so that paths and addresses can be copied; a blank ends no line.
    """
    return [shown for line in text.split("\n") for shown in _wrapped_line(line, width)]


def _wrapped_line(line: str, width: int) -> list[str]:
    if cell_len(line) <= width:
        return [line.rstrip() if line.strip() else ""]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    lines: list[str] = []
    shown = indent
    begins = True
    for gap, word in re.findall(r"(\s*)(\S+)", line[len(indent) :]):
        if not begins and cell_len(shown) + cell_len(gap) + cell_len(word) > width:
            lines.append(shown)
            shown = f"{indent}  "
            gap = ""  # noqa: PLW2901 - a blank begins no line
        shown += word if begins else f"{gap}{word}"
        begins = False
    return [*lines, shown]


def _head(text: str, most: int) -> str:
    end, cells = 0, 0
    for _, stop, width in split_graphemes(text)[0]:
        cells += width
        if cells > most:
            break
        end = stop
    return text[:end]


def _tail(text: str, most: int) -> str:
    start, cells = len(text), 0
    for begin, _, width in reversed(split_graphemes(text)[0]):
        cells += width
        if cells > most:
            break
        start = begin
    return text[start:]
