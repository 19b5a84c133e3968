"""A snippet shows where a text matches, and what of it does."""

from __future__ import annotations

import pytest

from parallel_agents.searching.phrases import read_phrases
from parallel_agents.searching.snippets import snippet_of


def marked(text: str, asked: str) -> str:
    pieces = snippet_of(text, read_phrases(asked))
    return "".join(f"[{each.text}]" if each.is_hit else each.text for each in pieces)


@pytest.mark.parametrize(
    ("text", "asked", "shown"),
    [
        ("The official Calendar lists", "calendar", "The official [Calendar] lists"),
        ("ein Café, große Straße", "strasse cafe", "ein [Café], große [Straße]"),
        ("北京天气预报", "天气", "北京[天气]预报"),
        ("rate, limit and rate", '"rate limit"', "[rate, limit] and rate"),
        ("limits limited limit", "limit*", "[limits] [limited] [limit]"),
        ("<b>bold</b>", "bold", "<b>[bold]</b>"),
        ("nothing here", "else", "nothing here"),
    ],
)
def test_what_matches_is_marked(text: str, asked: str, shown: str) -> None:
    assert marked(text, asked) == shown


def test_a_long_text_is_cut_at_words_around_where_most_of_it_matches() -> None:
    text = f"{'filler ' * 100}rate {'filler ' * 100}the rate and the limit {'filler ' * 100}"

    shown = marked(text, "rate limit")

    assert shown.startswith("…filler filler")
    assert "the [rate] and the [limit] filler" in shown
    assert shown.endswith("…")
    assert len(shown) < 250


def test_a_match_without_end_is_cut() -> None:
    assert len(marked("x" * 20_000, "x" * 20_000)) < 400
