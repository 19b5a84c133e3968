"""The words of a page are read without its marks, within bounds."""

from __future__ import annotations

import pytest

from parallel_agents.models.failures.pages import is_page, read_page


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<html></html>", True),
        ("\n<!DOCTYPE html><title>x</title>", True),
        ("<h1>x</h1>", True),
        ("<think>x</think>", False),
        ("a < b", False),
        ("", False),
    ],
)
def test_a_page_begins_with_its_mark(text: str, expected: bool) -> None:
    assert is_page(text) is expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<html><title> 502\nBad Gateway </title><h1>x</h1></html>", "502 Bad Gateway"),
        ("<html><title></title><h1>Not <b>Found</b></h1>", "Not Found"),
        ("<html><script>if (a < b) {}</script><p>Down &amp; out</p></html>", "Down & out"),
        ("<html>" + "word " * 100, ("word " * 100)[:120]),
        ("<html></html>", ""),
    ],
)
def test_the_title_is_what_the_page_calls_itself(text: str, title: str) -> None:
    assert read_page(text).title == title


def test_the_text_is_all_that_is_seen() -> None:
    page = read_page("<html><head><style>p {}</style><title>T</title></head><p>One</p><p>two</p>")

    assert page.text == "T One two"
