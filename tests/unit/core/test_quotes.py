"""An answer quotes only what is in the input of its task, and each quote with its own source."""

from __future__ import annotations

import pytest

from parallel_agents.core.gate import QuotesGate
from parallel_agents.core.quotes import quotes_verdict
from parallel_agents.core.schema import Json, JsonObject

GATE = QuotesGate(items="claims", fields=("url", "quote"))
GIVEN: JsonObject = {
    "facts": [
        {
            "url": "https://a.example/tea",
            "quote": "Three minutes\n   are enough for tea.",
            "year": 7,
        },
        {
            "url": "https://b.example/",
            "notes": [{"quote": "Boil the water first."}, {"quote": "Wait."}],
            "kind": "spoken",
        },
    ]
}


def claims(*found: Json) -> JsonObject:
    return {"claims": list(found)}


def claim(url: Json, quote: Json) -> JsonObject:
    return {"url": url, "quote": quote, "claim": "x"}


@pytest.mark.parametrize(
    "answer",
    [
        claims(),
        claims(claim("https://a.example/tea", "Three minutes are enough for tea.")),
        claims(claim("https://a.example/tea", "minutes  are enough")),
        claims(
            claim("https://b.example/", "Boil the water first."),
            claim("https://b.example/", "Wait."),
        ),
    ],
)
def test_what_is_in_one_place_of_the_input_may_be_quoted(answer: Json) -> None:
    assert quotes_verdict(GATE, answer, GIVEN).is_accepted


@pytest.mark.parametrize(
    "item",
    [
        claim("https://a.example/tea", "Four minutes are enough."),
        claim("https://a.example/tea", "Boil the water first."),
        claim("https://a.example/te", "minutes are enough"),
        claim("https://a.example/tea", "minutes"),
        claim("https://a.example/tea", "are enough"),
        claim("https://a.example/tea", "inutes are enough"),
        claim("https://a.example/tea", "minutes are enoug"),
        claim("https://a.example/tea", "https://a.example/tea"),
        claim("https://a.example/tea", ""),
        claim("https://a.example/tea", None),
        claim(3, "minutes are enough"),
        {"url": "https://a.example/tea"},
        "https://a.example/tea",
        None,
    ],
)
def test_what_is_not_there_or_of_another_source_may_not(item: Json) -> None:
    good = claim("https://b.example/", "Boil the water first.")

    verdict = quotes_verdict(GATE, claims(good, item), GIVEN)

    assert not verdict.is_accepted
    assert "copied from one place of the input" in verdict.critique
    assert "https://b.example/" not in verdict.critique


def test_a_short_value_is_one_of_its_own_field() -> None:
    item = claim("https://b.example/", "spoken")

    assert not quotes_verdict(GATE, claims(item), GIVEN).is_accepted


def test_items_may_lie_in_lists_of_lists_and_be_numbers() -> None:
    gate = QuotesGate(items="issues.findings", fields=("year",))

    assert quotes_verdict(gate, {"issues": [{"findings": [{"year": 7}]}]}, GIVEN).is_accepted
    assert not quotes_verdict(gate, {"issues": [{"findings": [{"year": 8}]}]}, GIVEN).is_accepted


@pytest.mark.parametrize("answer", [{}, {"claims": None}, "text", None])
def test_an_answer_without_the_field_is_not_one_without_items(answer: Json) -> None:
    assert not quotes_verdict(GATE, answer, GIVEN).is_accepted


@pytest.mark.parametrize(
    "again",
    ["Three minutes are enough for tea.", "minutes are enough", "Three minutes are enough"],
)
def test_one_quote_does_not_stand_for_several_findings(again: str) -> None:
    first = claim("https://a.example/tea", "minutes are enough for tea.")

    verdict = quotes_verdict(GATE, claims(first, claim("https://a.example/tea", again)), GIVEN)

    assert "cannot stand for several of claims" in verdict.critique


NESTED = QuotesGate(items="issues.findings", fields=("url", "quote"))
TEA = claim("https://a.example/tea", "minutes are enough")
BOIL = claim("https://b.example/", "Boil the water first.")


@pytest.mark.parametrize(
    ("issues", "is_accepted"),
    [
        ([[TEA, BOIL]], True),
        ([[TEA], [TEA, BOIL]], True),
        ([[TEA, BOIL], [BOIL]], False),
        ([[TEA, TEA]], False),
        ([[TEA], []], False),
    ],
)
def test_each_finding_quotes_something_of_its_own(
    issues: list[list[Json]], is_accepted: bool
) -> None:
    answer: JsonObject = {"issues": [{"findings": findings} for findings in issues]}

    assert quotes_verdict(NESTED, answer, GIVEN).is_accepted == is_accepted


def test_many_items_may_be_from_one_source() -> None:
    gate = QuotesGate(items="claims", fields=("url",))

    assert quotes_verdict(gate, claims(*[{"url": "https://b.example/"}] * 3), GIVEN).is_accepted
