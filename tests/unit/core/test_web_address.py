"""A URL is read once, in one way; what programs could read in two is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.web_address import BadAddress, WebAddress, url_matches


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("HTTPS://example.com.:443/", "https://example.com/"),
        ("http://example.com:/x", "http://example.com/x"),
        ("https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c"),
        ("  https://example.com/ ", "https://example.com/"),
        ("https://example.com?x", "https://example.com/?x"),
        ("https://example.com/a/./b/../c", "https://example.com/a/c"),
        ("https://example.com/../../x", "https://example.com/x"),
        ("https://example.com/a/%2e%2E/%61dmin/..%2fy", "https://example.com/admin/..%2Fy"),
        ("https://example.com/a b?c d", "https://example.com/a%20b?c%20d"),
        ("https://example.com/é?q=ü\\", "https://example.com/%C3%A9?q=%C3%BC%5C"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://evil。com/", "https://evil.com/"),
        ("https://a_b.example/", "https://a_b.example/"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://0177.0.0.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0/", "http://0.0.0.0/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"),
        ("http://localhost./", "http://localhost/"),
        ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1/"),
        ("http://[0:0:0:0:0:0:0:1]:80/", "http://[::1]/"),
    ],
)
def test_an_address_has_one_form(text: str, address: str) -> None:
    assert str(WebAddress.parse(text)) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not a URL"),
        ("example.com", "it is not a URL"),
        ("//example.com/", "it is not a URL"),
        ("file:///etc/passwd", "file: is not fetched"),
        ("ftp://example.com/", "ftp: is not fetched"),
        ("gopher://127.0.0.1:25/", "gopher: is not fetched"),
        ("data:text/html,x", "it is not a URL"),
        ("javascript:alert(1)", "it is not a URL"),
        ("https:///x", "no host"),
        ("https://user@example.com/", "user name"),
        ("https://example.com:secret@evil.example/", "user name"),
        ("https://example.com@evil.example/", "user name"),
        ("https://good.example\\@evil.example/", "user name|backslash"),
        ("https:\\\\evil.example/", "it is not a URL"),
        ("https://good.example\\.evil.example/", "backslash"),
        ("https://example.com/a\\..\\b", "backslash"),
        ("https://exam\tple.com/", "control character"),
        ("https://example.com/\nHost: evil", "control character"),
        ("https://example.com/\r\n", "control character"),
        ("https://example.com/\x00", "control character"),
        ("https://example.com/\x85", "control character"),
        ("https://example .com/", "no host"),
        ("https://example%2ecom/", "no host"),
        ("https://example..com/", "no host"),
        ("https://.example.com/", "no host"),
        ("https://*.com/", "no host"),
        (f"https://{'a' * 64}.com/", "no host"),
        ("https://example.com:0/", "no port"),
        ("https://example.com:65536/", "no port"),
        ("https://example.com:80a/", "not a number"),
        ("https://example.com:٨٠/", "not a number"),
        ("http://256.1.1.1/", "not an IP address"),
        ("http://1.2.3.4.5/", "not an IP address"),
        ("http://08.1.1.1/", "not an IP address"),
        ("http://[::1/", "not an IP address|no host|not a number"),
        ("http://[fe80::1%25eth0]/", "interface|not an IP"),
        ("http://[fe80::1%eth0]/", "interface"),
        (f"https://example.com/{'a' * 9000}", "more than"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why):
        WebAddress.parse(text)


@given(st.text(max_size=60))
def test_nothing_but_a_refusal_comes_of_any_text(text: str) -> None:
    try:
        address = WebAddress.parse(f"https://{text}")
    except BadAddress:
        return
    assert WebAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("/x", "https://a.example/x"),
        ("x y", "https://a.example/b/x%20y"),
        ("?q", "https://a.example/b/c?q"),
        ("/th\udce9", "https://a.example/th%E9"),
        ("/\ud800", "https://a.example/%3F"),
        ("../../../z", "https://a.example/z"),
        ("//evil.example/x", "https://evil.example/x"),
        ("http://127.1/", "http://127.0.0.1/"),
    ],
)
def test_a_redirect_is_read_in_the_same_way(location: str, address: str) -> None:
    assert str(WebAddress.parse("https://a.example/b/c").join(location)) == address


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd", "javascript:1", "mailto:a@b", "data:,x", "\\\\evil.example",
        "https://u@evil.example", "http://[x", "http:\\evil.example", "/\n", "ws://a/",
    ],
)  # fmt: skip
def test_a_redirect_that_is_not_clear_is_refused(location: str) -> None:
    with pytest.raises(BadAddress):
        WebAddress.parse("https://a.example/b/c").join(location)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("example.com", "https://example.com/x"),
        ("Example.COM.", "https://example.com/x"),
        ("domain:example.com", "http://example.com:8080/"),
        ("example.com:8080", "http://example.com:8080/"),
        ("example.com:443", "https://example.com/"),
        ("*.example.com", "https://a.b.example.com/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("*.bücher.example", "https://a.bücher.example/"),
        ("127.0.0.1", "http://0x7f.1/"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/"),
        ("127.1", "http://127.0.0.1/"),
        ("[::1]", "http://[::1]/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("*", "https://anything.example/"),
        ("domain:*", "https://anything.example/"),
        ("domain:*.example.com", "https://example.com/"),
        ("domain:*.example.com", "https://a.example.com/"),
        ("https://example.com/*", "https://example.com/docs/x?y"),
        ("https://example.com", "https://example.com/"),
        ("https://*.example.com/docs/*", "https://a.example.com/docs/x"),
        ("*://example.com/*", "http://example.com/x"),
        ("https://example.com:*/*", "https://example.com:8443/x"),
        ("https://example.com/docs/*", "https://example.com/x/../docs/%61"),
    ],
)
def test_a_pattern_means_these(pattern: str, url: str) -> None:
    assert url_matches(pattern, WebAddress.parse(url))


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("example.com", "https://example.com.evil.example/"),
        ("example.com", "https://a.example.com/"),
        ("*.example.com", "https://example.com/"),
        ("*.example.com", "https://evilexample.com/"),
        ("*.example.com", "https://evil.example/.example.com"),
        ("*.example.com", "https://evil.example/?x=.example.com"),
        ("example.com:8080", "https://example.com/"),
        ("https://example.com/*", "http://example.com/x"),
        ("https://example.com/*", "https://example.com:8443/x"),
        ("https://example.com/docs/*", "https://example.com/docs/../admin"),
        ("https://example.com/docs/*", "https://example.com/docs/%2e%2e/admin"),
        ("https://*.example.com/*", "https://evil.example/x.example.com/"),
        ("https://example.com", "https://example.com/x"),
        ("b%C3%BCcher.example", "https://bücher.example/"),
    ],
)
def test_a_pattern_means_no_other(pattern: str, url: str) -> None:
    assert not url_matches(pattern, WebAddress.parse(url))
