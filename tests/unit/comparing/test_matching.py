from __future__ import annotations

from hypothesis import given, strategies

from parallel_agents.comparing.matching import MOST_STEPS, Block, equal_blocks

_WORDS = strategies.lists(strategies.sampled_from("abc"), max_size=12)


def test_what_both_have_is_found_in_order() -> None:
    assert equal_blocks(list("abcd"), list("axcd"), 10) == [Block(0, 0, 1), Block(2, 2, 2)]


@given(_WORDS, _WORDS)
def test_each_block_is_in_both_and_nothing_longer_is_common(a: list[str], b: list[str]) -> None:
    blocks = equal_blocks(a, b, 100)

    assert blocks is not None
    assert all(a[x : x + size] == b[y : y + size] for x, y, size in blocks)
    assert sum(block.size for block in blocks) == longest_common(a, b)
    ends = [(x + size, y + size) for x, y, size in blocks]
    assert all(
        x >= before[0] and y >= before[1]
        for (x, y, _), before in zip(blocks[1:], ends, strict=False)
    )


def longest_common(a: list[str], b: list[str]) -> int:
    row = [0] * (len(b) + 1)
    for x in a:
        above = row[:]
        for n, y in enumerate(b):
            row[n + 1] = above[n] + 1 if x == y else max(above[n + 1], row[n])
    return row[-1]


def test_more_changes_than_are_allowed_are_not_matched() -> None:
    assert equal_blocks(list("abcdef"), list("uvwxyz"), 5) is None
    assert equal_blocks([], list("abc"), 2) is None


def test_the_work_is_bounded_whatever_the_texts_are() -> None:
    a, b = ["x", *"ab" * MOST_STEPS], ["y", *"ba" * MOST_STEPS, "z"]

    assert equal_blocks(a, b, 100_000) is None
