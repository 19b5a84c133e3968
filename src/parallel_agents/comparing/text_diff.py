"""Text diff: what two texts have in common and what not, by words and by lines, bounded in size and time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from parallel_agents.comparing.matching import Block, equal_blocks
from parallel_agents.core.cutting import before_cut

_WORDS = re.compile(r"\s*\S+|\s+")
_WHOLE_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_CHANGES = 400
_MOST_WORD_CHARACTERS = 4_000_000
_MOST_LINES = 100_000
_MOST_HUNK_CHARACTERS = 60_000
_MOST_WORD = 200
_MOST_SHOWN = 20_000
_MOST_PIECES, _MOST_CHANGED, _AROUND = 200, 1_500, 120
_MOST_LINE, _LINES_AROUND = 400, 2
_FEW_WORDS = 2


class Change(StrEnum):
    """Whether both texts have a piece, or only the first or the second."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


class Piece(NamedTuple):
    """A piece of a text, of which `left` characters more are not shown after it.

    Among lines, a piece without a text stands for `left` lines that are not shown.
    """

    change: Change
    text: str
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDiff:
    """Two texts, and how they differ.

    Attributes:
        before: the beginning of the first text.
        after: the beginning of the second text.
        characters: how long each is.
        words: the texts in pieces.
        lines: the texts in lines.
        added: how many lines only the second has.
        removed: how many lines only the first has.
        is_coarse: whether they differ so much that what changed is shown in one piece.
    """

    before: str
    after: str
    characters: tuple[int, int]
    words: tuple[Piece, ...]
    lines: tuple[Piece, ...]
    added: int
    removed: int
    is_coarse: bool


def text_diff(before: str, after: str) -> TextDiff:
    """How two texts differ; known secrets are hidden first, so that no cut leaves a part of one."""
    a, b = before_cut(before), before_cut(after)
    words, is_coarse = _word_pieces(a, b)
    lines, added, removed = line_pieces(a, b)
    return TextDiff(
        before=a[:_MOST_SHOWN],
        after=b[:_MOST_SHOWN],
        characters=(len(a), len(b)),
        words=tuple(_shortened(words)),
        lines=tuple(lines),
        added=added,
        removed=removed,
        is_coarse=is_coarse,
    )


def _word_pieces(a: str, b: str) -> tuple[list[Piece], bool]:
    """The texts in pieces, and whether they differ too much to say what of one is in the other."""
    start, end = _common(a, b)
    left, right = a[start : len(a) - end], b[start : len(b) - end]
    inner: list[Piece] | None = None
    if len(left) + len(right) <= _MOST_WORD_CHARACTERS:
        inner = _by_items(_WORDS.findall(left), _WORDS.findall(right))
    if inner is None:
        inner = _by_lines_then_words(left, right)
    whole = [Piece(Change.GONE, left), Piece(Change.NEW, right)]
    around = Piece(Change.SAME, a[:start]), Piece(Change.SAME, a[len(a) - end :])
    pieces = [around[0], *(whole if inner is None else inner), around[1]]
    return _readable(pieces), inner is None


def _common(a: str, b: str) -> tuple[int, int]:
    """How many characters of whole words the texts have in common at their start and end."""
    most = min(len(a), len(b))
    start = _largest(most, lambda size: a[:size] == b[:size])
    for _ in range(_MOST_WORD):
        if not (_is_inside(a, start) or _is_inside(b, start)):
            break
        start -= 1
    most -= start
    end = _largest(most, lambda size: a[len(a) - size :] == b[len(b) - size :])
    for _ in range(_MOST_WORD):
        if not (_is_inside(a, len(a) - end) or _is_inside(b, len(b) - end)):
            break
        end -= 1
    return max(start, 0), max(end, 0)


def _is_inside(text: str, place: int) -> bool:
    """Whether a place is inside of a word."""
    return 0 < place < len(text) and not (text[place - 1].isspace() or text[place].isspace())


def _largest(most: int, holds: Callable[[int], bool]) -> int:
    """The largest size for which something holds that holds for all smaller ones."""
    low, high = 0, most
    while low < high:
        size = (low + high + 1) // 2
        low, high = (size, high) if holds(size) else (low, size - 1)
    return low


def _by_items(a: Sequence[str], b: Sequence[str]) -> list[Piece] | None:
    blocks = equal_blocks(a, b, _MOST_CHANGES)
    return None if blocks is None else list(_pieces(a, b, blocks))


def _pieces(a: Sequence[str], b: Sequence[str], blocks: Iterable[Block]) -> Iterator[Piece]:
    x = y = 0
    for block in (*blocks, Block(len(a), len(b), 0)):
        yield Piece(Change.GONE, "".join(a[x : block.a]))
        yield Piece(Change.NEW, "".join(b[y : block.b]))
        x, y = block.a + block.size, block.b + block.size
        yield Piece(Change.SAME, "".join(a[block.a : x]))


def _by_lines_then_words(a: str, b: str) -> list[Piece] | None:
    """The pieces of long texts: equal lines first, then the words of what is between them."""
    if _count(a) + _count(b) > _MOST_LINES:
        return None
    first, second = _WHOLE_LINES.findall(a), _WHOLE_LINES.findall(b)
    by_lines = _by_items(first, second)
    if by_lines is None:
        return None
    found: list[Piece] = []
    room = _MOST_HUNK_CHARACTERS
    for gone, new, same in zip(*[iter(by_lines)] * 3, strict=True):
        size = len(gone.text) + len(new.text)
        inner = None
        if gone.text and new.text and size <= room:
            inner = _by_items(_WORDS.findall(gone.text), _WORDS.findall(new.text))
            room -= size
        found += [gone, new] if inner is None else inner
        found.append(same)
    return found


def _readable(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours joined, and one or two words between changes counted as changed."""
    found: list[Piece] = []
    full = [each for each in pieces if each.text]
    for n, each in enumerate(full):
        is_between = 0 < n < len(full) - 1
        is_short = each.change is Change.SAME and len(each.text.split()) <= _FEW_WORDS
        if is_between and is_short and "\n" not in each.text:
            found += [Piece(Change.GONE, each.text), Piece(Change.NEW, each.text)]
        else:
            found.append(each)
    return [*_joined(found)]


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for is_same, group in groupby(pieces, lambda each: each.change is Change.SAME):
        each = list(group)
        for change in (Change.SAME,) if is_same else (Change.GONE, Change.NEW):
            if text := "".join(piece.text for piece in each if piece.change is change):
                yield Piece(change, text)


def _shortened(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces with only a part of what is long in them; at most so many."""
    whole = list(pieces)
    for n, each in enumerate(whole[:_MOST_PIECES]):
        if each.change is not Change.SAME:
            text = each.text[:_MOST_CHANGED]
            yield Piece(each.change, text, len(each.text) - len(text))
            continue
        first = "" if n == 0 else each.text[:_AROUND]
        rest = each.text[len(first) :]
        last = "" if n == len(whole) - 1 else rest[-_AROUND:]
        left = len(rest) - len(last)
        if left <= _AROUND:
            yield each
            continue
        yield Piece(Change.SAME, first, left)
        if last:
            yield Piece(Change.SAME, last)
    rest = whole[_MOST_PIECES:]
    if rest:
        yield Piece(Change.SAME, "", sum(len(each.text) for each in rest))


def line_pieces(a: str, b: str) -> tuple[list[Piece], int, int]:
    """The changed lines with some around them, and how many were added and removed."""
    most = min(len(a), len(b))
    start = _largest(most, lambda size: a[:size] == b[:size])
    start = max(a.rfind("\n", 0, start) + 1, 0)
    end = _largest(most - start, lambda size: a[len(a) - size :] == b[len(b) - size :])
    at = a.find("\n", len(a) - end)
    end = len(a) - at - 1 if at >= 0 and end else 0
    if start == len(a) == len(b):
        return [Piece(Change.SAME, "", _count(a))] if a else [], 0, 0
    left, right = a[start : len(a) - end], b[start : len(b) - end]
    counts = _count(right), _count(left)
    if sum(counts) > _MOST_LINES:
        inner = [*_first_lines(left, Change.GONE), *_first_lines(right, Change.NEW)]
    else:
        pieces = _inner_lines(left, right)
        inner = list(_folded(pieces))
        counts = _number_of(pieces, Change.NEW), _number_of(pieces, Change.GONE)
    lines = [*_lines_before(a[:start]), *inner, *_lines_after(a[len(a) - end :])]
    return lines, *counts


def _number_of(pieces: Sequence[Piece], change: Change) -> int:
    return sum(each.change is change for each in pieces)


def _first_lines(text: str, change: Change) -> list[Piece]:
    """The first lines of a text that has too many, and how many are left."""
    lines = text.split("\n", _MOST_PIECES // 2)[: _MOST_PIECES // 2]
    left = _count(text) - len(lines)
    return [
        *(_line(each, change) for each in lines),
        *([Piece(Change.SAME, "", left)] * (left > 0)),
    ]


def _count(text: str) -> int:
    """How many lines a text has."""
    return text.count("\n") + (bool(text) and not text.endswith("\n"))


def _lines_of(text: str) -> list[str]:
    """The lines of a text without their ends; what redraws a line, such as a bar, ends none."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _lines_before(text: str) -> list[Piece]:
    """The last lines of what both texts begin with."""
    lines = _lines_of(text[-_MOST_LINE * _LINES_AROUND :])[-_LINES_AROUND:]
    left = text.count("\n") - len(lines)
    return [*([Piece(Change.SAME, "", left)] if left > 0 else []), *map(_line, lines)]


def _lines_after(text: str) -> list[Piece]:
    """The first lines of what both texts end with."""
    lines = _lines_of(text[: _MOST_LINE * _LINES_AROUND])[:_LINES_AROUND]
    left = _count(text) - len(lines) if text else 0
    return [*map(_line, lines), *([Piece(Change.SAME, "", left)] if left > 0 else [])]


def _line(text: str, change: Change = Change.SAME) -> Piece:
    return Piece(change, text[:_MOST_LINE], max(len(text) - _MOST_LINE, 0))


def _inner_lines(a: str, b: str) -> list[Piece]:
    first, second = _lines_of(a), _lines_of(b)
    blocks = equal_blocks(first, second, _MOST_CHANGES)
    found: list[Piece] = []
    x = y = 0
    for block in (*(blocks or ()), Block(len(first), len(second), 0)):
        found += [Piece(Change.GONE, line) for line in first[x : block.a]]
        found += [Piece(Change.NEW, line) for line in second[y : block.b]]
        x, y = block.a + block.size, block.b + block.size
        found += [Piece(Change.SAME, line) for line in first[block.a : x]]
    return found


def _folded(lines: Sequence[Piece]) -> Iterator[Piece]:
    """The changed lines with some around them, up to a bound; the others are counted."""
    near = bytearray(len(lines))
    for n, each in enumerate(lines):
        if each.change is not Change.SAME:
            for place in range(max(n - _LINES_AROUND, 0), min(n + _LINES_AROUND + 1, len(lines))):
                near[place] = 1
    shown = 0
    for is_near, group in groupby(zip(near, lines, strict=True), lambda each: each[0]):
        part = [piece for _, piece in group]
        room = _MOST_PIECES - shown if is_near else 0
        yield from (_line(each.text, each.change) for each in part[:room])
        shown += len(part[:room])
        if left := len(part) - len(part[:room]):
            yield Piece(Change.SAME, "", left)
