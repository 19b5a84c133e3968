"""Whatever a person writes is looked for; nothing of it is an operator of FTS5."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, strategies

from parallel_agents.errors import InvalidInput
from parallel_agents.searching.folding import fold
from parallel_agents.searching.phrases import expression_of, read_phrases


def found(asked: str, *texts: str) -> list[str]:
    """The texts that match."""
    with closing(sqlite3.connect(":memory:")) as sql:
        sql.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='ascii')")
        for number, text in enumerate(texts):
            sql.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (number, fold(text)))
        expression = expression_of(read_phrases(asked))
        rows = sql.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression,)).fetchall()
    return [texts[number] for (number,) in rows]


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ("rate limit", ["a limit of the rate", "the rate limit"]),
        ('"rate limit"', ["the rate limit"]),
        ("“rate limit”", ["the rate limit"]),
        ('"rate limit', ["the rate limit"]),
        ("RATE-LIMIT", ["the rate limit"]),
        ("lim*", ["a limit of the rate", "the rate limit"]),
        ('"the rat"*', []),
        ('"the rat*"', ["a limit of the rate", "the rate limit"]),
        ("天气", ["北京天气预报"]),
        ("rate OR nothing", []),
        ("rate NOT limit", []),
    ],
)
def test_words_and_phrases_match_as_they_are_written(asked: str, matches: list[str]) -> None:
    texts = ["a limit of the rate", "the rate limit", "北京天气预报"]

    assert found(asked, *texts) == matches


@pytest.mark.parametrize(
    "asked",
    ["NEAR(a b, 5)", "a AND", "OR", "text:a", "^a", "a + b", "-a", "a*b*", "{a b}: c", "don't",
     "@nasa 50%", "C:\\new", "a\x00b", '"""a', "a" * 10_000, "word " * 2_000,
     " ".join(f"w{n}" for n in range(200)), '"' + " ".join(f"w{n}" for n in range(3_000)) + '"'],
)  # fmt: skip
def test_nothing_that_is_written_is_an_operator(asked: str) -> None:
    assert found(asked, "nothing of it") == []
    assert found(asked, asked) == [asked]


@given(strategies.text(min_size=1, max_size=60))
def test_any_text_finds_itself_or_has_nothing_to_find(text: str) -> None:
    try:
        phrases = read_phrases(text)
    except InvalidInput:
        assert not any(character.isalnum() and character.isascii() for character in text)
        return

    with closing(sqlite3.connect(":memory:")) as sql:
        sql.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='ascii')")
        sql.execute("INSERT INTO words (rowid, text) VALUES (1, ?)", (fold(text),))
        asked = (expression_of(phrases),)
        assert sql.execute("SELECT rowid FROM words WHERE words MATCH ?", asked).fetchall() == [
            (1,)
        ]


@pytest.mark.parametrize(
    ("asked", "why"),
    [("", "nothing to search"), ("* ... \"\"", "nothing to search"), ("a" * 20_001, "too long"),
     (" ".join(f"w{n}" for n in range(201)), "too long")],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_refused(asked: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_phrases(asked)
