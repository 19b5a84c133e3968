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
        {"url": "https://b.example/", "notes": [{"quote": "Boil the water first."}]},
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
        claims(claim("https://b.example/", "Boil the water first.")),
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


def test_items_may_lie_in_lists_of_lists_and_be_numbers() -> None:
    gate = QuotesGate(items="issues.findings", fields=("year",))

    assert quotes_verdict(gate, {"issues": [{"findings": [{"year": 7}]}]}, GIVEN).is_accepted
    assert not quotes_verdict(gate, {"issues": [{"findings": [{"year": 8}]}]}, GIVEN).is_accepted


@pytest.mark.parametrize("answer", [{}, {"claims": None}, "text", None])
def test_an_answer_without_the_field_is_not_one_without_items(answer: Json) -> None:
    assert not quotes_verdict(GATE, answer, GIVEN).is_accepted
