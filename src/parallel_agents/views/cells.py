"""Cells: text measured, shortened and wrapped as a terminal shows it: wide characters take two cells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import takewhile

from rich.cells import cell_len, split_graphemes

# Joiners and variants of characters: terminals disagree on how wide what they join is.
_JOINERS = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_ELLIPSIS = "…"
_DOT = " · "
# A command to copy, by what stands around it.
_COMMAND = re.compile(r"`[^`]+`|(?<= with: )[^·`]+$")
_HELD = "\ue000"  # stands for a blank at which no line ends; it is as wide


def steady(text: str) -> str:
    """Text that has the same width in each terminal: what is joined stands side by side."""
    return _JOINERS.sub("", text)


def ended(text: str, most: int) -> str:
    """Text of at most that many cells; the end of a longer one is left out."""
    if cell_len(text) <= most:
        return text
    return f"{_head(text, most - 1)}{_ELLIPSIS}" if most > 0 else ""


def worded(text: str, most: int) -> str:
    """The same, with the end left out from a blank on if there is one in the last third."""
    shown = ended(text, most)
    begin, _, word = shown.removesuffix(_ELLIPSIS).rpartition(" ")
    is_cut_within = shown != text and text[len(begin) + 1 + len(word) :][:1].strip()
    if begin and is_cut_within and cell_len(begin) >= most * 2 // 3:
        return f"{begin.rstrip()}{_ELLIPSIS}"
    return shown


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


def apart(texts: Collection[str], most: int) -> Mapping[str, str]:
    """Each of these texts in at most that many cells, so that different ones look different if they can.

    Of a longer one the middle is left out; where that hides what tells it from another, the part before
    the difference is left out instead.
    """
    shown = {text: middle(text, most) for text in texts}
    for alike in _alike(shown):
        shown |= _told_apart(alike, most)
    return shown


def _alike(shown: Mapping[str, str]) -> list[list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for text, short in shown.items():
        groups[short].append(text)
    return [group for group in groups.values() if len(group) > 1]


def _told_apart(alike: Collection[str], most: int) -> Mapping[str, str]:
    """Texts with the beginning that they share shortened to a third of the cells."""
    room = most // 3
    if room < 1:
        return {text: middle(text, most) for text in alike}
    places = takewhile(lambda characters: len(set(characters)) == 1, zip(*alike, strict=False))
    shared = sum(1 for _ in places)
    shown: dict[str, str] = {}
    for text in alike:
        begin = _head(text, room)
        rest = text[_boundary(text, shared) :]
        shown[text] = f"{begin}{_ELLIPSIS}{ended(rest, most - cell_len(begin) - 1)}"
    for still in _alike(shown):
        if len(still) < len(alike):
            shown |= _told_apart(still, most)
    return shown


def _boundary(text: str, place: int) -> int:
    """The beginning of the character at a place."""
    begins = (begin for begin, _, _ in split_graphemes(text)[0] if begin <= place)
    return max(begins, default=0)


def wrapped(text: str, width: int, further: str = "  ") -> list[str]:
    """Lines of at most `width` cells; continued lines are indented further.

    Words are never broken, so that paths and addresses can be copied, and neither are commands in
    backticks, at the end after "with:", or between middle dots, if they fit in a line; a blank ends no
    line.
    """
    return [shown for line in text.split("\n") for shown in _wrapped_line(line, width, further)]


def _wrapped_line(line: str, width: int, further: str) -> list[str]:
    if cell_len(line) <= width:
        return [line.rstrip() if line.strip() else ""]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    most = width - len(indent) - len(further)
    line = _COMMAND.sub(lambda found: _together(found[0], most), line)
    if _DOT in line:
        line = _DOT.join(_held(part, most) for part in line.split(_DOT)).replace(_DOT, f"{_HELD}· ")
    lines: list[str] = []
    shown = indent
    begins = True
    for gap, word in re.findall(r"(\s*)(\S+)", line[len(indent) :]):
        if not begins and cell_len(shown) + cell_len(gap) + cell_len(word) > width:
            lines.append(shown)
            shown = f"{indent}{further}"
            gap = ""  # noqa: PLW2901 - a blank begins no line
        shown += word if begins else f"{gap}{word}"
        begins = False
    return [each.replace(_HELD, " ") for each in (*lines, shown)]


def _held(part: str, most: int) -> str:
    """A part of a line whose words stay together, after its title, if it fits."""
    title, colon, rest = part.rpartition(": ")
    if cell_len(rest) + 2 > most:
        return part
    return f"{title}{colon}{_together(rest, most)}"


def _together(words: str, most: int) -> str:
    """Words between which no line ends, if they fit in one."""
    return words if cell_len(words) > most else words.replace(" ", _HELD)


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
