"""The wait that a server asks for is read from any of its forms, and is never longer than honest."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.schema import Json
from parallel_agents.models.failures.waits import read_wait

NOW = 1_000_000_000.0


def wait(headers: Mapping[str, str], value: Json = None, status: int = 429) -> float | None:
    return read_wait(headers, value, status=status, now=NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after": "12s"}, 12.0),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1000000009"}, 9.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "-5"}, 0.0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Sun, 09 Sep 2001 01:47:10 GMT"}, 30.0),
        ({"retry-after": "Sun, 09 Sep 2001 01:46:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_milliseconds_or_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert wait(headers) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1m2.5s", 62.5),
        ("120ms", 0.12),
        ("6h30m", 23_400.0),
        ("1.5", 1.5),
        ("59.7s", 59.7),
        ("1000000012", 12.0),
        ("1000000012000", 12.0),
        ("2001-09-09T01:46:43Z", 3.0),
        ("2001-09-09T01:46:43+00:00", 3.0),
        ("2001-09-09T01:46:00Z", 0.0),
        ("9000-01-01T00:00:00Z", None),
        ("2001-09-09T01:46:43", None),
        ("now", None),
    ],
)
@pytest.mark.parametrize(
    "name",
    ["x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset", "X-RateLimit-Reset"],
)
def test_a_reset_is_read_as_a_duration_or_a_time(
    name: str, text: str, seconds: float | None
) -> None:
    assert wait({name: text}) == seconds


@pytest.mark.parametrize(
    ("status", "remaining", "seconds"),
    [
        (429, {}, 5.0),
        (503, {}, 5.0),
        (500, {}, None),
        (500, {"x-ratelimit-remaining-tokens": "0"}, 5.0),
        (500, {"x-ratelimit-remaining-tokens": "7"}, None),
        (429, {"x-ratelimit-remaining-tokens": "7"}, 5.0),
        (429, {"x-ratelimit-remaining-tokens": "7", "retry-after": "1"}, 1.0),
    ],
)
def test_a_reset_counts_if_its_limit_is_used_up_or_the_call_was_refused_for_it(
    status: int, remaining: dict[str, str], seconds: float | None
) -> None:
    assert wait({"x-ratelimit-reset-tokens": "5s", **remaining}, status=status) == seconds


def test_a_limit_that_is_not_used_up_does_not_prolong_the_wait_for_one_that_is() -> None:
    headers = {
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "5s",
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-reset-requests": "6h",
    }

    assert wait(headers) == 5.0


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("Please try again in 6.77s.", 6.77),
        ("Please try again in 1m30s. Visit https://x", 90.0),
        ("try again in 120ms", 0.12),
        ("Retry after 20 seconds.", 20.0),
        ("Please retry in 39.5s.", 39.5),
        ("Please wait 2 minutes and 5 seconds before the next call", 125.0),
        ("The limit resets in 1 hour, 1 min", 3660.0),
        ("Please retry your request later", None),
        ("retry 3 times", None),
        ("Limit 6000, Used 5900, in 3s", None),
        ("try again. The limit is 100 s of audio", None),
    ],
)
@pytest.mark.parametrize("form", ["object", "text", "list"])
def test_a_sentence_that_names_a_wait_is_read_in_any_form(
    form: str, sentence: str, seconds: float | None
) -> None:
    error: Json = {"error": {"message": sentence}}
    forms: dict[str, Json] = {"object": error, "text": sentence, "list": [error]}

    assert wait({}, forms[form]) == seconds


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "39s"}]}, 39.0),
        ({"details": [{"retryDelay": "3.2s"}]}, 3.2),
        ({"details": [{"retryDelay": "-3s"}]}, None),
        ({"retry_after": 4}, 4.0),
        ({"retry_after_ms": 1500}, 1.5),
        ({"estimated_time": 20.5}, 20.5),
        ({"retry_after": True}, None),
        ({"metadata": {"headers": {"X-RateLimit-Reset": "1000000007000"}}}, 7.0),
        ({"metadata": {"raw": '{"error":{"message":"Please retry in 8s"}}'}}, 8.0),
    ],
)
def test_a_wait_in_a_field_of_the_body_is_read(
    fields: dict[str, Json], seconds: float | None
) -> None:
    assert wait({}, {"error": {"message": "slow down", **fields}}) == seconds


def test_the_longest_of_several_waits_wins() -> None:
    body: Json = {"error": {"message": "try again in 6s", "details": [{"retryDelay": "4s"}]}}

    assert wait({"retry-after": "5"}, body) == 6.0


NUMBERS = st.floats().map(str) | st.integers().map(str) | st.text(max_size=12)


@given(text=NUMBERS, unit=st.sampled_from(["", "s", "ms", "m", "h", " days"]))
def test_no_wait_is_negative_or_endless(text: str, unit: str) -> None:
    found = [
        wait({"retry-after": text + unit}),
        wait({"retry-after-ms": text + unit}),
        wait({"x-ratelimit-reset-tokens": text + unit}),
        wait({}, {"error": {"message": f"try again in {text}{unit}", "retry_after": text}}),
    ]

    assert all(seconds is None or 0 <= seconds <= 31 * 86_400 for seconds in found)
    assert not any(seconds is not None and math.isnan(seconds) for seconds in found)


@pytest.mark.parametrize(
    "text",
    [
        "Service unavailable. Last available 3 days ago.",
        "Please retry up to 5 minutes after your request.",
        "Requests that wait longer than 60 s are dropped.",
        "It was reset 2 hours ago.",
    ],
)
def test_a_time_that_is_no_wait_is_not_waited_for(text: str) -> None:
    assert wait({}, {"error": {"message": text}}) is None
