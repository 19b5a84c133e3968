"""Texts keep to the cells of a terminal, whatever characters they are made of."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from parallel_agents.views import cells


def test_lines_are_wrapped_between_words_and_go_on_further_in() -> None:
    assert cells.wrapped("  hint  use the other one instead", 20) == [
        "  hint  use the",
        "    other one",
        "    instead",
    ]
    assert cells.wrapped("see /a/path/that/is/longer/than/all now", 20) == [
        "see",
        "  /a/path/that/is/longer/than/all",
        "  now",
    ]
    assert cells.wrapped("Left it. Continue with: pagents watch a", 30) == [
        "Left it. Continue with:",
        "  pagents watch a",
    ]
    assert cells.wrapped("one, two; `pagents list a b` shows", 24) == [
        "one, two;",
        "  `pagents list a b`",
        "  shows",
    ]
    assert cells.wrapped("short\n\nlines", 20) == ["short", "", "lines"]


def test_wide_characters_are_measured_as_they_are_shown() -> None:
    lines = cells.wrapped("日本語 の 文章 は 幅 が 二倍 です", 12)

    assert all(cell_len(line) <= 12 for line in lines)
    assert " ".join(line.strip() for line in lines) == "日本語 の 文章 は 幅 が 二倍 です"


def test_a_command_between_dots_stays_on_one_line_if_it_fits() -> None:
    line = "Next: pagents show monday · pagents history monday -f · pagents list"

    assert cells.wrapped(line, 40) == [
        "Next: pagents show monday ·",
        "  pagents history monday -f ·",
        "  pagents list",
    ]
    assert cells.wrapped("one two three · five", 12) == ["one two", "  three ·", "  five"]


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("content_writer_funny", 20, "content_writer_funny"),
        ("content_writer_funny", 11, "conte…funny"),
        ("研究者の報告書の要約", 9, "研究…要約"),
        ("e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301…e\u0301"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_the_middle_of_a_long_name_is_left_out(text: str, most: int, shown: str) -> None:
    assert cells.middle(text, most) == shown
    assert cell_len(shown) <= most or shown == text


@pytest.mark.parametrize("most", range(12))
def test_no_cut_is_wider_than_asked(most: int) -> None:
    text = "a👩‍👩‍👧日é한שלום"

    assert cell_len(cells.ended(text, most)) <= most
    assert cell_len(cells.middle(text, most)) <= most


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("moved into the store", 18, "moved into the…"),
        ("moved into the store", 14, "moved into…"),
        ("moved into the store", 20, "moved into the store"),
        ("moved incomprehensibly", 18, "moved incomprehen…"),
        ("sim/price-change", 10, "sim/price…"),
        ("word", 0, ""),
    ],
)
def test_text_ends_between_words_if_little_is_lost(text: str, most: int, shown: str) -> None:
    assert cells.worded(text, most) == shown


def test_what_terminals_measure_differently_stands_side_by_side() -> None:
    assert cells.steady("👩‍👧 ❤\ufe0f") == "👩👧 ❤"


@pytest.mark.parametrize("most", [9, 12, 20])
def test_texts_that_differ_only_in_the_middle_look_different(most: int) -> None:
    texts = [f"nightly-review-of-module-{name}-at-the-end-of-the-day" for name in ("a", "b1", "b2")]

    shown = cells.apart(texts, most)

    assert len(set(shown.values())) == len(texts)
    assert max(map(cell_len, shown.values())) <= most


def test_texts_that_differ_at_an_end_keep_their_middle_out() -> None:
    shown = cells.apart(["content_writer_funny", "content_writer_trendy"], 11)

    assert list(shown.values()) == ["conte…funny", "conte…rendy"]
    assert cells.apart(["研究者の甲の報告書の要約", "研究者の乙の報告書の要約"], 9) == {
        "研究者の甲の報告書の要約": "研…甲の…",
        "研究者の乙の報告書の要約": "研…乙の…",
    }
