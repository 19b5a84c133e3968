from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.views import format

_DRIVES_A_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@given(st.text())
def test_clean_text_drives_no_terminal(text: str) -> None:
    assert not _DRIVES_A_TERMINAL.search(format.clean(text))


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_text_without_controls_stays_as_it_is(text: str) -> None:
    assert format.clean(text) == text


def test_line_ends_of_any_kind_become_line_feeds() -> None:
    assert format.clean("a\r\nb\rc\td") == "a\nb\nc\td"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git push", "git push"),
        ("true\nrm -rf x", "true ⏎ rm -rf x"),
        (f"true;{' ' * 300}rm x", "true; [300 blanks] rm x"),
        ("a\tb\u2003 \u00a0\tc", "a\tb [4 blanks] c"),
        ("a\rb\x1b[2Kc\u202ed\u200be", "a\\rb\\x1b[2Kc\\u202ed\\u200be"),
        ("a" * 4000 + "b" * 5000 + "c" * 1000, f"{'a' * 4000}[… 5,000 characters …]{'c' * 1000}"),
    ],
    ids=lambda text: text[:20],
)
def test_an_exact_line_hides_nothing(text: str, shown: str) -> None:
    assert format.exact(text) == shown


def test_one_line_joins_lines() -> None:
    assert format.one_line("a\nb\r\nc") == "a b c"


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda v: st.lists(v, max_size=3)))
def test_an_answer_drives_no_terminal_whatever_is_in_it(value: Json) -> None:
    assert not _DRIVES_A_TERMINAL.search(format.output(value))


def test_json_is_read_by_its_names_and_text_as_itself() -> None:
    assert format.output({"content": "Grüezi", "tags": ["a", "b"]}) == (
        "content: Grüezi\ntags:\n  - a\n  - b"
    )
    assert format.output([{"title": 'It\'s: a "test"', "lines": "one\ntwo", "is_bad": True}]) == (
        '- title: It\'s: a "test"\n  lines:\n    one\n    two\n  is_bad: true'
    )
    assert format.output({"none": [], "empty": "", "no": None, "n": 1.5}) == (
        "none: []\nempty:\nno: null\nn: 1.5"
    )
    assert format.output("plain") == "plain"
    assert format.output(None) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.04, "0.0s"), (7.21, "7.2s"), (134.9, "2m14s"), (3600, "1h00m"), (3961, "1h06m")],
)
def test_seconds_are_read_at_a_glance(value: float, shown: str) -> None:
    assert format.seconds(value) == shown


def test_tokens_in_count_those_of_the_cache() -> None:
    spend = Spend(Usage(200, 50, cache_read_tokens=800, cache_write_tokens=1000))

    assert format.tokens(spend) == "2,000→50 tok"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (93_800_000, "93.8 MB"), (10**9, "1.00 GB")],
)
def test_sizes_are_those_of_download_pages(count: int, shown: str) -> None:
    assert format.size(count) == shown


def test_a_long_name_is_cut_to_what_a_table_holds() -> None:
    assert format.cut("x" * 50, 10) == "xxxxxxxxx…"
    assert format.cut("a\nb", 10) == "a b"


def test_every_status_has_a_glyph_a_style_and_plain_words() -> None:
    for status in RunStatus:
        assert len(format.glyph(status)) == 1
        assert format.style(status)
        assert "_" not in format.status(status)


@pytest.mark.parametrize("at", [1e300, -1e18, 1e12, float("inf"), float("nan"), 253402300799.5])
def test_a_time_that_no_calendar_has_is_shown_as_unknown(at: float) -> None:
    shown = [format.clock(at), format.moment(at), format.utc_clock(at), format.utc_moment(at)]

    assert all(text == "?" or text.startswith(("23:", "9999-12-31")) for text in shown)
    assert format.iso(at) in (None, "9999-12-31T23:59:59.500000+00:00")
    assert format.seconds(at * 10) == "?"


def test_times_for_machines_are_iso_in_utc() -> None:
    assert format.iso(0.0) == "1970-01-01T00:00:00+00:00"
    assert format.iso(None) is None
