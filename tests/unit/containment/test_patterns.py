"""A pattern matches what `re` says, and no pattern takes for ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from parallel_agents.containment.patterns import PatternTooSlow, is_found
from parallel_agents.testing import run_virtual

TOKENS = [
    *("a", "b", "é", "1", "_", " ", "-", ".", "^", "$", "|", "(", ")", "(?:", "(?P<n>"),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\n", r"\.", r"\-", r"\$"),
    *("*", "+", "?", "*?", "+?", "{2}", "{1,}", "{0,2}", "[ab]", "[^a-b]", r"[\w-]", r"[^\d\s]"),
]
TEXTS = st.text(alphabet="abAé1_ -.$\n", max_size=8)


@given(
    st.sampled_from(["", "(?i)", "(?m)", "(?s)", "(?im)"]),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6),
    TEXTS,
)
def test_it_says_what_python_says(flags: str, tokens: list[str], text: str) -> None:
    pattern = flags + "".join(tokens)
    try:
        expected = re.search(pattern, text) is not None
    except re.error:
        return

    assert run_virtual(is_found(pattern, text)) == expected


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "(a*)*b", "(.*)*(.*)*x$"])
async def test_a_pattern_that_would_take_hours_in_python_takes_no_time(pattern: str) -> None:
    assert not await is_found(pattern, "a" * 100_000 + "!")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^(?!.*TODO)", "done", True),
        (r"^(?!.*TODO)", "TODO", False),
        (r"(a)\1", "xaa", True),
        (r"[]a]", "]", True),
        (r"a{,2}b", "b", True),
        (r"\<b>", "<b>", True),
        ("(?x) a # comment", "a", True),
    ],
)
async def test_a_pattern_that_only_python_takes_is_matched_by_python(
    pattern: str, text: str, expected: bool
) -> None:
    assert await is_found(pattern, text) is expected


@pytest.mark.slow
async def test_a_pattern_that_only_python_takes_is_stopped_in_time() -> None:
    with pytest.raises(PatternTooSlow):
        await is_found(r"^(?=(a+)+$)", "a" * 40 + "!")
