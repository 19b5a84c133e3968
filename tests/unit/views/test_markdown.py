"""Markdown of texts of others: nothing in them leaves its place."""

from __future__ import annotations

import pytest

from parallel_agents.views.markdown import escaped, fenced, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Title", r"\# Title"),
        ("a | b", r"a \| b"),
        ("![x](http://tracker.example/p.png)", r"!\[x\](http\://tracker.example/p.png)"),
        ("<script>", r"\<script>"),
        ("www.example.com", r"www\.example.com"),
        ("one\ntwo", "one two"),
        ("1. first", r"1\. first"),
        ("3.7s", "3.7s"),
        ("content_writer_funny", "content_writer_funny"),
        ("_not this_", r"\_not this\_"),
        ("&lt;", r"\&lt;"),
        ("\x1b[31mred\x1b[0m \u202eab", "red ab"),
    ],
)
def test_a_text_reads_as_it_was_written_and_is_nothing_else(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_block_has_a_fence_that_is_longer_than_those_in_it() -> None:
    lines = fenced("```\nout\n````\n# Heading").split("\n")

    assert lines[0] == lines[-1] == "`````"


def test_a_block_whose_text_has_no_fence_has_the_usual_one() -> None:
    assert fenced("x = 1", "py") == "```py\nx = 1\n```"


def test_a_cell_cannot_end_its_row() -> None:
    assert table(("a",), [("x | y\n| z",)]).split("\n")[2:] == [r"| x \| y \| z |"]
