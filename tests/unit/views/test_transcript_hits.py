"""The arguments of a search are told apart: what is looked for, and where."""

from __future__ import annotations

import pytest

from parallel_agents.core.transcript_search import Coverage
from parallel_agents.views.transcript_hits import coverage_text, split_arguments


@pytest.mark.parametrize(
    ("arguments", "phrase", "filter"),
    [
        (["rate", "limit"], "rate limit", ""),
        (["rate limit"], '"rate limit"', ""),
        (["rate", "state:failed", "label:two words"], "rate", 'state:failed label:"two words"'),
        (["https://a.b", "text:x", "grammar::fa"], "https://a.b text:x grammar::fa", ""),
        (['the "rate limit"', "Agent:writer"], 'the "rate limit"', "Agent:writer"),
    ],
)
def test_a_term_of_a_filter_is_one_whose_field_exists(
    arguments: list[str], phrase: str, filter: str
) -> None:
    assert split_arguments(arguments) == (phrase, filter)


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (Coverage(9, 1.0, 0), ""),
        (Coverage(0, None, 1), "1 event is not indexed yet"),
    ],
)
def test_what_was_not_searched_is_said(coverage: Coverage, text: str) -> None:
    assert coverage_text(coverage) == text
