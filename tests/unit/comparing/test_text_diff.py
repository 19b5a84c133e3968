from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies

from parallel_agents.comparing.text_diff import Change, Piece, TextDiff, text_diff
from parallel_agents.secrets.known import KNOWN

_TEXTS = strategies.lists(strategies.sampled_from(["a", "bb", "\n", "c d"]), max_size=10).map(
    " ".join
)
_MEGABYTES = 5_000_000


def text_of(diff: TextDiff, without: Change) -> str:
    return "".join(piece.text for piece in diff.words if piece.change is not without)


def test_words_that_changed_are_told_from_those_that_did_not() -> None:
    diff = text_diff("Three spots with hours.", "Three spots without hours.")

    assert diff.words == (
        Piece(Change.SAME, "Three spots "),
        Piece(Change.GONE, "with"),
        Piece(Change.NEW, "without"),
        Piece(Change.SAME, " hours."),
    )


@given(_TEXTS, _TEXTS)
def test_the_pieces_of_short_texts_make_both_of_them(a: str, b: str) -> None:
    diff = text_diff(a, b)

    assert text_of(diff, Change.NEW) == a
    assert text_of(diff, Change.GONE) == b
    assert bool(diff.added + diff.removed) == (a.splitlines() != b.splitlines())


def test_lines_that_both_have_are_folded_far_from_changes() -> None:
    before = "\n".join(f"line {n}" for n in range(20))
    diff = text_diff(before, before.replace("line 10", "other"))

    assert [(piece.change.value, piece.text or piece.left) for piece in diff.lines] == [
        ("same", 8),
        ("same", "line 8"),
        ("same", "line 9"),
        ("gone", "line 10"),
        ("new", "other"),
        ("same", "line 11"),
        ("same", "line 12"),
        ("same", 7),
    ]
    assert (diff.added, diff.removed) == (1, 1)


def test_a_bar_that_is_drawn_again_and_again_is_one_line() -> None:
    bar = "\r#" * 1000

    diff = text_diff(f"begun\na{bar}\x0b\u2028", f"begun\nb{bar}\x0b\u2028")

    assert (diff.added, diff.removed) == (1, 1)
    assert [piece.change.value for piece in diff.lines] == ["same", "gone", "new"]


WORDS = ["tea", "park", "light", "oak", "seven", "river", "map", "stone"]
LARGE = " ".join(WORDS[n * 7 % 8] for n in range(_MEGABYTES // 5))


@pytest.mark.parametrize(
    "after",
    [
        LARGE[: _MEGABYTES // 2] + " XX " + LARGE[_MEGABYTES // 2 :] + " end",
        " ".join(LARGE.split(" ")[::-1]),
        "x" * _MEGABYTES,
        LARGE.replace(" ", "\n"),
        "",
    ],
    ids=["one word", "reversed", "one long word", "lines", "nothing"],
)
def test_a_text_of_megabytes_takes_no_seconds_and_shows_little(after: str) -> None:
    began = time.process_time()
    diff = text_diff(LARGE, after)
    took = time.process_time() - began

    assert took < 2
    assert sum(len(piece.text) for piece in (*diff.words, *diff.lines)) < 400_000
    assert diff.characters == (len(LARGE), len(after))


def test_a_change_in_the_middle_of_a_large_text_is_shown_in_its_place() -> None:
    diff = text_diff(LARGE, f"{LARGE[:2_000_000]} XX {LARGE[2_000_000:]}")

    assert [piece.text.strip() for piece in diff.words if piece.change is Change.NEW] == ["XX"]


def test_a_cut_leaves_no_part_of_a_secret() -> None:
    KNOWN.add("sk-secret-abcdefgh", "KEY")

    diff = text_diff("x" * 1_495 + " sk-secret-abcdefgh", "y")

    assert "sk-sec" not in repr(diff)
