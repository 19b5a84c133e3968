"""A server's address in any usual form gives the URL of a call, and a key in it is refused."""

from __future__ import annotations

import pytest

from parallel_agents.models.base_url import (
    Known,
    complete,
    is_loopback,
    join_url,
    read_base_url,
    read_ollama_host,
)

CHAT, MESSAGES, RESPONSES = "/chat/completions", "/v1/messages", "/responses"
AZURE = "https://res.openai.azure.com/openai"
GEMINI = "https://generativelanguage.googleapis.com"


@pytest.mark.parametrize(
    ("base_url", "path", "url"),
    [
        ("https://a.test/v1", CHAT, "https://a.test/v1/chat/completions"),
        ("https://a.test/v1/", CHAT, "https://a.test/v1/chat/completions"),
        ("https://a.test/v1//", CHAT, "https://a.test/v1/chat/completions"),
        (" https://a.test/v1 \n", CHAT, "https://a.test/v1/chat/completions"),
        ("HTTPS://A.test/V1", CHAT, "https://a.test/V1/chat/completions"),
        ("https://a.test/v1/chat/completions", CHAT, "https://a.test/v1/chat/completions"),
        ("https://a.test/v1/chat/completions/", CHAT, "https://a.test/v1/chat/completions"),
        ("https://a.test/v1/chat", CHAT, "https://a.test/v1/chat/completions"),
        ("https://a.test/v1/chat/completions", RESPONSES, "https://a.test/v1/responses"),
        ("https://a.test/v1/responses", RESPONSES, "https://a.test/v1/responses"),
        ("https://a.test/v1/responses", "/models", "https://a.test/v1/models"),
        ("https://a.test", MESSAGES, "https://a.test/v1/messages"),
        ("https://a.test/v1", MESSAGES, "https://a.test/v1/messages"),
        ("https://a.test/v1/messages", MESSAGES, "https://a.test/v1/messages"),
        ("https://a.test/coding", MESSAGES, "https://a.test/coding/v1/messages"),
        ("https://a.test/anthropic/v1/", MESSAGES, "https://a.test/anthropic/v1/messages"),
        ("https://a.test/api/v4", CHAT, "https://a.test/api/v4/chat/completions"),
        ("127.0.0.1:11434/v1", CHAT, "http://127.0.0.1:11434/v1/chat/completions"),
        ("localhost:1234/v1", CHAT, "http://localhost:1234/v1/chat/completions"),
        ("[::1]:8080/v1", CHAT, "http://[::1]:8080/v1/chat/completions"),
        (f"{AZURE}/v1/", CHAT, f"{AZURE}/v1/chat/completions"),
        (f"{AZURE}/v1?api-version=preview", RESPONSES, f"{AZURE}/v1/responses?api-version=preview"),
        (
            f"{AZURE}/deployments/gpt?api-version=2024-10-21",
            CHAT,
            f"{AZURE}/deployments/gpt/chat/completions?api-version=2024-10-21",
        ),
        (
            f"{AZURE}/deployments/gpt/chat/completions?api-version=2024-10-21",
            CHAT,
            f"{AZURE}/deployments/gpt/chat/completions?api-version=2024-10-21",
        ),
        (
            f"{GEMINI}/v1beta",
            "/v1beta/models/g:streamGenerateContent?alt=sse",
            f"{GEMINI}/v1beta/models/g:streamGenerateContent?alt=sse",
        ),
        (
            f"{GEMINI}/v1beta/models/g:generateContent",
            "/models/h:generateContent",
            f"{GEMINI}/v1beta/models/h:generateContent",
        ),
        (
            "https://a.test/g?x=1",
            "/models/h:go?alt=sse",
            "https://a.test/g/models/h:go?alt=sse&x=1",
        ),
    ],
)
def test_a_base_url_and_a_path_make_the_url_of_a_call(base_url: str, path: str, url: str) -> None:
    assert join_url(base_url, path) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.acme.test/v1",
        "ftp://acme.test",
        "https://",
        "https://me:secret@acme.test/v1",
        "https://acme.test/v1?key=secret",
        "https://acme.test/v1?api-version=1&API_KEY=secret",
        "https://ac me.test/v1",
        "https://acme.test:port/v1",
        "https://acme.test:99999/v1",
        "https://[acme.test/v1",
    ],
)
def test_what_is_no_address_or_holds_a_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_base_url(text)

    assert "secret" not in str(caught.value)


KNOWN = (
    Known("https://api.openai.com/v1", "chat"),
    Known("https://api.groq.com/openai/v1", "chat"),
    Known("https://api.anthropic.com", "anthropic"),
)


@pytest.mark.parametrize(
    ("base_url", "wire", "completed"),
    [
        ("https://api.groq.com", "chat", "https://api.groq.com/openai/v1"),
        ("https://api.groq.com/v9", "chat", "https://api.groq.com/v9"),
        ("https://api.groq.com", "anthropic", "https://api.groq.com"),
        ("https://api.acme.test", "chat", "https://api.acme.test"),
        ("http://127.0.0.1:11434", "chat", "http://127.0.0.1:11434/v1"),
        ("http://localhost:8000", "responses", "http://localhost:8000/v1"),
        ("http://127.0.0.1:11434", "anthropic", "http://127.0.0.1:11434"),
        ("https://res.openai.azure.com", "chat", f"{AZURE}/v1"),
        (AZURE, "responses", f"{AZURE}/v1"),
        (f"{AZURE}/deployments/gpt", "chat", f"{AZURE}/deployments/gpt"),
    ],
)
def test_a_host_alone_gets_the_path_that_its_server_is_known_to_need(
    base_url: str, wire: str, completed: str
) -> None:
    assert complete(base_url, wire, KNOWN) == completed


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999/v1"),
        (":9999", "http://127.0.0.1:9999/v1"),
        ("[::]:9999", "http://127.0.0.1:9999/v1"),
        ("gpu-box", "http://gpu-box:11434/v1"),
        ("http://gpu-box", "http://gpu-box:80/v1"),
        ("https://ollama.test/", "https://ollama.test:443/v1"),
        ("https://ollama.test/path/v1", "https://ollama.test:443/path/v1"),
    ],
)
def test_the_host_of_ollama_is_read_as_its_own_programs_read_it(host: str, base_url: str) -> None:
    assert read_ollama_host(host) == base_url


def test_loopback_is_this_machine_by_name_or_by_address() -> None:
    hosts = (
        "localhost",
        "app.localhost",
        "127.9.9.9",
        "::1",
        "[::1]",
        "10.0.0.1",
        "localhost.test",
    )

    assert [is_loopback(host) for host in hosts] == [True] * 5 + [False] * 2
