from __future__ import annotations

from datetime import datetime

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.views.since import parse_since


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200)])
def test_a_span_of_time_ends_now(text: str, seconds: int) -> None:
    assert parse_since(text, 10_000.0) == 10_000.0 - seconds


def test_a_time_is_read_in_iso_form() -> None:
    assert parse_since("1970-01-02T00:00+00:00", 86_400.0) == 86_400


@pytest.mark.parametrize(("text", "day"), [("today", 31), ("yesterday", 30)])
def test_a_day_by_its_name_begins_at_midnight_here(text: str, day: int) -> None:
    now = datetime.fromisoformat("2026-03-31T15:30").astimezone().timestamp()
    midnight = datetime.fromisoformat(f"2026-03-{day}").astimezone()

    assert parse_since(text, now) == midnight.timestamp()


def test_a_time_that_is_yet_to_come_is_refused() -> None:
    with pytest.raises(InvalidInput, match="--since cannot be '2030-01-01'") as refused:
        parse_since("2030-01-01", 1_700_000_000.0)

    assert refused.value.why == "that time is yet to come"


@pytest.mark.parametrize("text", ["tomorrow", "2 h", "", "-3h", "0001-01-01"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="--since cannot be ") as refused:
        parse_since(text, 0.0)

    assert "30m" in refused.value.hint
