"""The proxy of a URL is the one that curl, requests and httpx would take, except on loopback."""

from __future__ import annotations

import pytest

from parallel_agents.errors import ConfigError
from parallel_agents.models.proxies import Proxy, find_proxy, read_proxy

TARGET = "https://api.acme.test/v1"


def address(variables: dict[str, str], url: str = TARGET) -> str | None:
    proxy = find_proxy(variables, url)
    return None if proxy is None else proxy.address


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p.test:3128"}, "http://p.test:3128"),
        ({"https_proxy": "http://p.test:3128"}, "http://p.test:3128"),
        ({"HTTPS_PROXY": "p.test:3128"}, "http://p.test:3128"),
        ({"HTTPS_PROXY": "http://p.test"}, "http://p.test"),
        ({"HTTPS_PROXY": "http://p.test:3128/"}, "http://p.test:3128"),
        ({"HTTP_PROXY": "http://p.test:3128"}, None),
        ({"ALL_PROXY": "http://all.test:1"}, "http://all.test:1"),
        ({"ALL_PROXY": "http://all.test:1", "HTTPS_PROXY": "http://p.test:2"}, "http://p.test:2"),
        ({"HTTPS_PROXY": "http://big.test:1", "https_proxy": "http://p.test:2"}, "http://p.test:2"),
        ({"HTTPS_PROXY": "http://big.test:1", "https_proxy": ""}, None),
        ({"all_proxy": "socks5h://p.test"}, "socks5://p.test:1080"),
        ({"all_proxy": "socks://127.0.0.1:7890/"}, "socks5://127.0.0.1:7890"),
        ({"HTTPS_PROXY": "http://[fe80::1]:3128"}, "http://[fe80::1]:3128"),
    ],
)
def test_the_environment_names_the_proxy_of_an_encrypted_url(
    variables: dict[str, str], expected: str | None
) -> None:
    assert address(variables) == expected


def test_a_plain_url_has_a_proxy_of_its_own() -> None:
    variables = {"HTTP_PROXY": "http://plain.test:1", "HTTPS_PROXY": "http://tls.test:2"}

    assert address(variables, "http://api.acme.test/v1") == "http://plain.test:1"


def test_in_a_cgi_script_the_client_cannot_name_the_proxy() -> None:
    variables = {"HTTP_PROXY": "http://evil.test:1", "REQUEST_METHOD": "GET"}

    assert address(variables, "http://api.acme.test/v1") is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "x.localhost", "127.1.2.3"])
def test_a_call_to_this_machine_never_goes_through_a_proxy_of_the_environment(host: str) -> None:
    variables = {"HTTP_PROXY": "http://p.test:1", "ALL_PROXY": "http://p.test:1"}

    assert address(variables, f"http://{host}:11434/v1") is None


@pytest.mark.parametrize(
    ("exemptions", "url", "is_exempt"),
    [
        ("*", TARGET, True),
        ("other.test, *", TARGET, True),
        ("api.acme.test", TARGET, True),
        ("API.ACME.TEST", TARGET, True),
        ("acme.test", TARGET, True),
        (".acme.test", TARGET, True),
        ("*.acme.test", TARGET, True),
        ("other.test acme.test", TARGET, True),
        ("https://api.acme.test", TARGET, True),
        ("cme.test", TARGET, False),
        ("v1.api.acme.test", TARGET, False),
        ("", TARGET, False),
        (",,", TARGET, False),
        ("api.acme.test:443", TARGET, True),
        ("api.acme.test:8443", TARGET, False),
        ("api.acme.test:8443", "https://api.acme.test:8443/v1", True),
        ("10.0.0.0/8", "http://10.20.30.40:8000/v1", True),
        ("10.0.0.0/8", "http://11.20.30.40:8000/v1", False),
        ("10.0.0.0/8", "http://api.acme.test/v1", False),
        ("192.168.1.5", "http://192.168.1.5/v1", True),
        ("192.168.1.5:8000", "http://192.168.1.5:8000/v1", True),
        ("fd00::/8", "http://[fd00::5]:8000/v1", True),
        ("[fd00::5]:8000", "http://[fd00::5]:8000/v1", True),
        ("10.0.0.0/99", "http://10.0.0.1/v1", False),
    ],
)
def test_no_proxy_exempts_hosts_domains_ports_addresses_and_networks(
    exemptions: str, url: str, is_exempt: bool
) -> None:
    proxies = {"HTTP_PROXY": "http://p.test:1", "HTTPS_PROXY": "http://p.test:1"}

    assert (address(proxies | {"NO_PROXY": exemptions}, url) is None) is is_exempt
    assert (address(proxies | {"no_proxy": exemptions}, url) is None) is is_exempt


def test_a_password_may_contain_what_a_url_may_not() -> None:
    plain = read_proxy("http://me:p@ss#w/ord@p.test:3128", "HTTPS_PROXY")
    quoted = read_proxy("http://me:p%40ss@p.test:3128", "HTTPS_PROXY")

    assert (plain.user, plain.password, plain.host) == ("me", "p@ss#w/ord", "p.test")
    assert quoted.password == "p@ss"
    assert plain.url.password == "p@ss#w/ord"


def test_a_password_is_not_shown() -> None:
    proxy = read_proxy("http://me:secret@p.test:3128", "HTTPS_PROXY")

    assert proxy == Proxy(
        scheme="http",
        host="p.test",
        port=3128,
        user="me",
        password="secret",
        source="HTTPS_PROXY",
    )
    assert "secret" not in f"{proxy!r} {proxy} {proxy.address}"


@pytest.mark.parametrize("text", ["ftp://p.test:1", "http://", "http://me:secret@", "http://p:x:y"])
def test_what_is_no_proxy_is_refused_by_the_name_of_its_variable(text: str) -> None:
    with pytest.raises(ConfigError, match="HTTPS_PROXY is not the URL of a proxy") as caught:
        find_proxy({"HTTPS_PROXY": text}, TARGET)

    assert "secret" not in f"{caught.value.why} {caught.value.hint} {caught.value.__cause__!r}"
