"""The hosts of a machine's networks that its user lets agents reach, and no others."""

from __future__ import annotations

import pytest

from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.web_address import WebAddress


def reaches(entry: str, url: str, address: str) -> bool:
    return PrivateHosts.parse([entry]).may_reach(WebAddress.parse(url), address)


@pytest.mark.parametrize(
    ("entry", "url", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/", "127.0.0.1"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/", "127.0.0.1"),
        ("127.0.0.1:8080", "http://localhost:8080/", "127.0.0.1"),
        ("127.0.0.1:80", "http://127.0.0.1/", "127.0.0.1"),
        ("10.0.0.0/8", "https://wiki.corp.example/", "10.1.2.3"),
        ("LocalHost.", "http://localhost:1/", "::1"),
        ("*.corp.example", "https://a.b.corp.example/", "10.0.0.1"),
        ("*.corp.example:443", "https://a.corp.example/", "10.0.0.1"),
        ("[::1]:8080", "http://[::1]:8080/", "::1"),
        ("fd00::/8", "http://x.example/", "fd00::5"),
        ("bücher.example", "http://xn--bcher-kva.example/", "10.0.0.1"),
    ],
)
def test_an_entry_lets_what_it_names_be_reached(entry: str, url: str, address: str) -> None:
    assert reaches(entry, url, address)


@pytest.mark.parametrize(
    ("entry", "url", "address"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1/", "127.0.0.1"),
        ("127.0.0.1", "http://127.0.0.2/", "127.0.0.2"),
        ("localhost", "http://localhost.evil.example/", "127.0.0.1"),
        ("localhost", "http://127.0.0.1/", "127.0.0.1"),
        ("*.corp.example", "http://corp.example/", "10.0.0.1"),
        ("*.corp.example", "http://evilcorp.example/", "10.0.0.1"),
        ("10.0.0.0/8", "http://x.example/", "192.168.0.1"),
        ("10.0.0.0/8", "http://x.example/", "fe80::1%eth0"),
    ],
)
def test_an_entry_lets_nothing_else_be_reached(entry: str, url: str, address: str) -> None:
    assert not reaches(entry, url, address)


def test_without_entries_only_the_internet_is_reached() -> None:
    target = WebAddress.parse("http://example.com/")

    assert PrivateHosts().may_reach(target, "8.8.8.8")
    assert not PrivateHosts().may_reach(target, "127.0.0.1")


@pytest.mark.parametrize(
    "entry",
    [
        "", " ", "*", "*.", "*.10.0.0.1", "http://a/", "a/b", "a@b", "a:b", "10.0.0.1/8", "10.0.0.0/33",
        "a:0", "a:65536", "a:99999", "[::1", "::1%eth0", "a b", "a..b", "a\nb", "1.2.3.4.5", "a:1:2",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"it is not a host|there is no port"):
        PrivateHosts.parse([entry])
