"""Folding makes the words of all scripts comparable, and remembers where they come from."""

from __future__ import annotations

import pytest

from parallel_agents.searching.folding import Places, fold, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Café", ["the", "cafe"]),
        ("cafe\u0301", ["cafe"]),
        ("Straße GRÜẞE", ["strasse", "grusse"]),
        ("code_review(x=1)", ["code", "review", "x", "1"]),
        ("ﬁle \uff21\uff22\uff23 ①", ["file", "abc", "1"]),
        ("重跑gen-itgc后50条", ["重", "跑", "gen", "itgc", "后", "50", "条"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("서울에서", ["서", "울", "에", "서"]),
        ("Σίσυφος", ["σισυφοσ"]),
        ("हिन्दी", ["हिन्दी"]),
        ("so\u200bft\u00adware \u202eevil", ["software", "evil"]),
        ("fire🔥now", ["fire", "🔥", "now"]),
        ("\x00\x1b[31m", ["31m"]),
        ('"*:^-()', []),
    ],
)
def test_words_are_those_that_people_see(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("text", ["Straße und Café", "北京天气 here", "ﬁle", "plain text"])
def test_each_place_of_the_folded_text_leads_back(text: str) -> None:
    folded, places = fold(text), Places(text)

    for place, character in enumerate(folded):
        if character != " ":
            assert character in fold(text[places.of(place)])
