"""What of a URL and of headers is secret."""

from __future__ import annotations

from parallel_agents.secrets.addresses import open_url, secrets_in_headers, secrets_in_url


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
