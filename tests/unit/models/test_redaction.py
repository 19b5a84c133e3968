"""Redaction: no text shows a secret, in whatever form and wherever it was cut."""

from __future__ import annotations

import html
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from parallel_agents.models.redaction import (
    Secrets,
    open_url,
    secrets_in_headers,
    secrets_in_url,
)

KEY = "acme/Very+Secret&0123456789=abcdefghij"
HIDDEN = "***"


@pytest.mark.parametrize(
    "shown",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        html.escape(KEY),
        json.dumps(KEY)[1:-1],
        KEY.replace("/", "\\/"),
        KEY[: len(KEY) // 2],
        KEY[len(KEY) // 2 :],
        KEY[5:25],
    ],
)
def test_a_secret_is_hidden_in_every_form_and_part(shown: str) -> None:
    told = Secrets([KEY]).hide(f"Wrong key {shown}, sorry")

    assert told == "Wrong key ***, sorry"


@pytest.mark.parametrize("length", range(4, len(KEY)))
def test_a_secret_that_the_end_of_a_text_cuts_is_hidden(length: int) -> None:
    assert Secrets([KEY]).hide(f"Wrong key {KEY[:length]}") == "Wrong key ***"


@given(before=st.text(max_size=40), after=st.text(max_size=40), capital=st.booleans())
def test_a_third_of_a_secret_is_never_shown(before: str, after: str, *, capital: bool) -> None:
    shown = KEY.upper() if capital else KEY

    told = Secrets([KEY]).hide(f"{before}{shown}{after}").lower()

    third = len(KEY) // 3
    parts = {KEY[at : at + third].lower() for at in range(len(KEY) - third + 1)}
    assert not any(part in told for part in parts)


def test_several_secrets_and_several_places_are_hidden() -> None:
    text = "first-secret-1 second-secret-2 first-secret-1"

    assert Secrets(["first-secret-1", "second-secret-2"]).hide(text) == "*** *** ***"


def test_a_text_without_a_secret_stays_as_it_is() -> None:
    assert (
        Secrets([KEY, "", "abc"]).hide("abc: acme has no capacity") == "abc: acme has no capacity"
    )


@pytest.mark.parametrize(
    "key", ["sk-ant-api03-abcdefghijklmnopqrst", "AIza" + "a1B2" * 9, "AKIAABCDEFGHIJKLMNOP"]
)
def test_keys_of_a_known_form_are_hidden_without_being_known(key: str) -> None:
    assert Secrets(()).hide(f"Incorrect API key provided: {key}.").endswith(": ***.")


def test_a_user_in_a_url_is_hidden() -> None:
    assert Secrets(()).hide("https://ana:pw@index.example/x") == "https://***@index.example/x"


def test_bytes_and_values_are_hidden_like_texts() -> None:
    secrets = Secrets([KEY])

    assert secrets.hide_bytes(b"\xff" + KEY.encode()) == b"\xff***"
    assert secrets.hide_value({KEY: [KEY, 1, None, {"a": KEY}]}) == {
        HIDDEN: [HIDDEN, 1, None, {"a": HIDDEN}]
    }


def test_headers_are_secret_unless_they_only_tell_who_calls() -> None:
    headers = {
        "Authorization": "Bearer abcdefgh12345678",
        "X-Team": "a-long-team-token",
        "X-Title": "A long title",
        "X-Short": "docs",
    }

    assert secrets_in_headers(headers) == [
        "Bearer abcdefgh12345678",
        "a-long-team-token",
        "abcdefgh12345678",
    ]


def test_a_query_is_secret_unless_it_is_a_version() -> None:
    url = "https://host/v1?api-version=2024-10-21&code=abcdef123456"

    assert secrets_in_url(url) == ["abcdef123456"]
    assert open_url(url) == "https://host/v1?***"
    assert open_url("https://host/v1?api-version=1") == "https://host/v1?api-version=1"


def test_a_large_text_full_of_parts_takes_a_moment() -> None:
    text = (KEY[:20] + " ") * 50_000
    began = time.process_time()

    assert Secrets([KEY]).hide(text) == "*** " * 50_000
    assert time.process_time() - began < 5
