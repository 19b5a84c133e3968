"""Address: what names a gateway is read, and no token crosses a network unencrypted."""

from __future__ import annotations

import pytest

from parallel_agents.errors import BadGateway
from parallel_agents.gateway_client.address import check_token, read_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://box:7333/", "https://box:7333"),
        ("https://agents.example.com:443/pagents/", "https://agents.example.com/pagents"),
        ("http://127.0.0.1:7333", "http://127.0.0.1:7333"),
        ("http://[::1]:7333", "http://[::1]:7333"),
        ("http://localhost:7333", "http://localhost:7333"),
    ],
)
def test_an_address_is_read(text: str, url: str) -> None:
    assert read_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *("box:7333", "box", "", "ftp://box", "https://", "https://box:99999", "https://b ox"),
        *("http://box:7333", "http://10.0.0.1:7333", "http://127.0.0.1.evil.example"),
        "http://box.localhost:7333",
        *("https://ana:secret@box", "https://box/#t=secret", "https://box/?token=secret"),
    ],
)
def test_what_is_no_address_or_tells_a_token_is_refused(text: str) -> None:
    with pytest.raises(BadGateway) as refused:
        read_url(text)

    assert "secret" not in refused.value.in_a_sentence


@pytest.mark.parametrize(
    "token", ["", "short", "with a blank in it", "n\newline-in-the-token", "é" * 20]
)
def test_what_no_header_can_have_is_no_token(token: str) -> None:
    with pytest.raises(BadGateway) as refused:
        check_token(token, "PARALLEL_AGENTS_TOKEN")

    assert refused.value.message == "PARALLEL_AGENTS_TOKEN holds no token of a gateway"
