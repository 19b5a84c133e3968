"""Matching: the longest common part of two sequences, found within a bound of work.

It is Myers' greedy algorithm ("An O(ND) difference algorithm and its variations", 1986): its work grows
with the number of differences, not with the product of the lengths, and is given up at a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# A quarter of a second.
MOST_STEPS = 600_000


class Block(NamedTuple):
    """So many equal items, from these places on."""

    a: int
    b: int
    size: int


def equal_blocks(a: Sequence[str], b: Sequence[str], most: int) -> list[Block] | None:
    """The blocks that both have, in order; None if more than `most` items would have to change.

    It is also None if finding them takes more than MOST_STEPS.
    """
    start, end = _common_ends(a, b)
    numbers: dict[str, int] = {}
    left = [numbers.setdefault(each, len(numbers)) for each in a[start : len(a) - end]]
    right = [numbers.setdefault(each, len(numbers)) for each in b[start : len(b) - end]]
    middle = _middle(left, right, most)
    if middle is None:
        return None
    blocks = [Block(0, 0, start)]
    blocks += [Block(each.a + start, each.b + start, each.size) for each in middle]
    blocks.append(Block(len(a) - end, len(b) - end, end))
    return [each for each in blocks if each.size]


def _common_ends(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    most = min(len(a), len(b))
    start = next((n for n in range(most) if a[n] != b[n]), most)
    most -= start
    end = next((n for n in range(most) if a[-1 - n] != b[-1 - n]), most)
    return start, end


def _middle(a: Sequence[int], b: Sequence[int], most: int) -> list[Block] | None:
    if not a or not b:
        return [] if max(len(a), len(b)) <= most else None
    reached = {1: 0}
    trace: list[dict[int, int]] = []
    left = MOST_STEPS
    for changes in range(min(most, len(a) + len(b)) + 1):
        trace.append(reached)
        reached = dict(reached)
        left -= 2 * len(reached)
        if left < 0:
            return None
        for diagonal in range(-changes, changes + 1, 2):
            x = begun = _begun(reached, diagonal, changes)
            y = x - diagonal
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            left -= x - begun
            reached[diagonal] = x
            if x >= len(a) and y >= len(b):
                return _traced(trace, len(a), len(b))
    return None


def _begun(reached: dict[int, int], diagonal: int, changes: int) -> int:
    """How far a diagonal is reached by one more change than its neighbours."""
    if _is_added(reached, diagonal, changes):
        return reached[diagonal + 1]
    return reached[diagonal - 1] + 1


def _is_added(reached: dict[int, int], diagonal: int, changes: int) -> bool:
    """Whether the way there adds an item of the second sequence, and leaves none of the first."""
    return diagonal == -changes or (
        diagonal != changes and reached[diagonal - 1] < reached[diagonal + 1]
    )


def _traced(trace: Sequence[dict[int, int]], x: int, y: int) -> list[Block]:
    """The blocks on the way that led to the end, found from there."""
    blocks: list[Block] = []
    for changes in range(len(trace) - 1, -1, -1):
        before, diagonal = trace[changes], x - y
        begun = _begun(before, diagonal, changes)
        if x > begun:
            blocks.append(Block(begun, begun - diagonal, x - begun))
        if not changes:
            break
        x, y = begun, begun - diagonal
        x, y = (x, y - 1) if _is_added(before, diagonal, changes) else (x - 1, y)
    return blocks[::-1]
