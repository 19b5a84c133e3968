"""Calls go through the proxy and trust the authorities that the environment names."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from parallel_agents.core.schema import Json
from parallel_agents.errors import (
    CertificateRefused,
    ConfigError,
    ProviderError,
    ProxyRefused,
    Unreachable,
)
from parallel_agents.models.http import Http
from parallel_agents.models.network import Network
from parallel_agents.models.providers import Endpoint, Secret, Wire
from tests.integration.proxy_servers import HttpProxy, SocksProxy, listening

HOST = "api.acme.test"
KEY, PASSWORD = "sk-very-secret-0123456789", "pass@word/#1"
ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"ok": true}'
)
AUTHORITY = trustme.CA()


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Its other kind of context is one of pyOpenSSL, which is not installed.
    certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


@asynccontextmanager
async def serving(certificate: trustme.LeafCert | None = None) -> AsyncGenerator[int]:
    """The port of a server that answers each request; it speaks TLS if it has a certificate."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(2)
            writer.write(ANSWER)

    context = None if certificate is None else server_context(certificate)
    async with listening(handle, context) as port:
        yield port


@asynccontextmanager
async def through(
    proxy: HttpProxy | SocksProxy, certificate: trustme.LeafCert | None = None
) -> AsyncGenerator[None]:
    async with serving(certificate) as target, listening(proxy.handle) as port:
        proxy.to, proxy.port = target, port
        yield


async def call(
    variables: Mapping[str, str], base_url: str = f"https://{HOST}/v1", *, proxy: str = ""
) -> Json:
    endpoint = Endpoint(
        provider="acme", wire=Wire.CHAT, base_url=base_url, key=Secret(KEY), proxy=proxy
    )
    http = Http(Network(variables))
    try:
        async with http.post(
            f"{base_url}/x", endpoint.auth_headers, body=b"{}", endpoint=endpoint
        ) as exchange:
            values = await exchange.document()
            return values[0] if values else None
    finally:
        await http.aclose()


async def refusal(
    variables: Mapping[str, str], base_url: str = f"https://{HOST}/v1", *, proxy: str = ""
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call(variables, base_url, proxy=proxy)
    error = caught.value
    shown = f"{error!r} {error.message} {error.why} {error.hint} {error.__cause__!r}"
    assert KEY not in shown
    assert PASSWORD not in shown
    return error


@pytest.fixture
def authority(tmp_path: Path) -> dict[str, str]:
    """The variable with which the test's own authority is trusted."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "authority.pem")
    return {"REQUESTS_CA_BUNDLE": str(tmp_path / "authority.pem")}


class TestAnHttpProxy:
    async def test_tunnels_to_an_encrypted_server(self, authority: dict[str, str]) -> None:
        proxy = HttpProxy(to=0)

        async with through(proxy, AUTHORITY.issue_cert(HOST)):
            reply = await call(authority | {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})

        assert reply == {"ok": True}
        assert proxy.asked == [f"CONNECT {HOST}:443 HTTP/1.1"]

    async def test_that_is_encrypted_itself_tunnels_to_an_encrypted_server(
        self, authority: dict[str, str]
    ) -> None:
        proxy = HttpProxy(to=0)
        context = server_context(AUTHORITY.issue_cert("127.0.0.1"))

        async with (
            serving(AUTHORITY.issue_cert(HOST)) as proxy.to,
            listening(proxy.handle, context) as port,
        ):
            reply = await call(authority | {"HTTPS_PROXY": f"https://127.0.0.1:{port}"})

        assert reply == {"ok": True}
        assert proxy.asked == [f"CONNECT {HOST}:443 HTTP/1.1"]

    async def test_forwards_to_a_plain_server(self) -> None:
        proxy = HttpProxy(to=0)

        async with through(proxy):
            variables = {"http_proxy": f"127.0.0.1:{proxy.port}"}
            reply = await call(variables, f"http://{HOST}/v1")

        assert reply == {"ok": True}
        assert proxy.asked == [f"POST http://{HOST}/v1/x HTTP/1.1"]

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_is_given_the_user_and_password_that_it_wants(
        self, scheme: str, authority: dict[str, str]
    ) -> None:
        proxy = HttpProxy(to=0, login=f"me:{PASSWORD}")
        certificate = AUTHORITY.issue_cert(HOST) if scheme == "https" else None

        async with through(proxy, certificate):
            named = {"ALL_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}"}
            reply = await call(authority | named, f"{scheme}://{HOST}/v1")

        assert reply == {"ok": True}

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_that_wants_another_password_is_named_as_the_one_who_refused(
        self, scheme: str
    ) -> None:
        proxy = HttpProxy(to=0, login="me:other")

        async with through(proxy):
            named = {"ALL_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}"}
            error = await refusal(named, f"{scheme}://{HOST}/v1")

        assert type(error) is ProxyRefused
        assert f"proxy http://127.0.0.1:{proxy.port} answered 407" in error.message
        assert "ALL_PROXY" in error.hint

    async def test_that_forbids_a_host_is_named_as_the_one_who_refused(self) -> None:
        proxy = HttpProxy(to=0, refuses="403 Forbidden")

        async with through(proxy):
            error = await refusal({"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})

        assert type(error) is ProxyRefused
        assert "answered 403 Forbidden" in error.message
        assert HOST in error.hint

    async def test_that_does_not_reach_the_server_is_asked_again_later(self) -> None:
        proxy = HttpProxy(to=0, refuses="503 Service Unavailable")

        async with through(proxy):
            error = await refusal({"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})

        assert type(error) is Unreachable
        assert "answered 503" in error.message

    async def test_that_is_not_there_is_named_with_its_variable(self) -> None:
        error = await refusal({"HTTPS_PROXY": f"http://me:{PASSWORD}@127.0.0.1:1"})

        assert type(error) is Unreachable
        assert "through the proxy http://127.0.0.1:1" in error.message
        assert "HTTPS_PROXY" in error.hint

    async def test_does_not_see_a_call_to_this_machine(self) -> None:
        proxy = HttpProxy(to=0)

        async with through(proxy):
            variables = {"HTTP_PROXY": f"http://127.0.0.1:{proxy.port}"}
            reply = await call(variables, f"http://127.0.0.1:{proxy.to}/v1")

        assert reply == {"ok": True}
        assert proxy.asked == []

    async def test_of_a_provider_precedes_the_environment(self) -> None:
        proxy = HttpProxy(to=0)

        async with through(proxy):
            reply = await call(
                {"HTTP_PROXY": "http://127.0.0.1:1"},
                f"http://{HOST}/v1",
                proxy=f"http://127.0.0.1:{proxy.port}",
            )

        assert reply == {"ok": True}
        assert len(proxy.asked) == 1

    async def test_of_a_provider_may_be_in_a_variable(self) -> None:
        proxy = HttpProxy(to=0, login=f"me:{PASSWORD}")

        async with through(proxy):
            variables = {"ACME_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}"}
            reply = await call(variables, f"http://{HOST}/v1", proxy="env:ACME_PROXY")

        assert reply == {"ok": True}

    async def test_of_a_provider_in_a_variable_that_is_not_set_is_a_mistake(self) -> None:
        with pytest.raises(ConfigError, match="ACME_PROXY is not set"):
            await call({}, proxy="env:ACME_PROXY")

    async def test_is_left_out_for_a_provider_that_wants_none(self) -> None:
        proxy = HttpProxy(to=0)

        async with through(proxy):
            variables = {"HTTP_PROXY": f"http://127.0.0.1:{proxy.port}"}
            error = await refusal(variables, f"http://{HOST}/v1", proxy="none")

        assert type(error) is Unreachable
        assert proxy.asked == []


class TestASocksProxy:
    async def test_leads_to_an_encrypted_server_and_looks_up_its_name(
        self, authority: dict[str, str]
    ) -> None:
        proxy = SocksProxy(to=0, login=f"me:{PASSWORD}")

        async with through(proxy, AUTHORITY.issue_cert(HOST)):
            named = {"ALL_PROXY": f"socks5h://me:{PASSWORD}@127.0.0.1:{proxy.port}"}
            reply = await call(authority | named)

        assert reply == {"ok": True}
        assert proxy.asked == [f"{HOST}:443"]

    async def test_that_refuses_is_named(self) -> None:
        proxy = SocksProxy(to=0, refuses=2)

        async with through(proxy):
            error = await refusal({"ALL_PROXY": f"socks5://127.0.0.1:{proxy.port}"})

        assert type(error) is Unreachable
        assert f"through the proxy socks5://127.0.0.1:{proxy.port}" in error.message

    async def test_that_wants_another_password_is_named(self) -> None:
        proxy = SocksProxy(to=0, login="me:other")

        async with through(proxy):
            error = await refusal({"ALL_PROXY": f"socks5://me:{PASSWORD}@127.0.0.1:{proxy.port}"})

        assert f"through the proxy socks5://127.0.0.1:{proxy.port}" in error.message
        assert "password" in error.why.lower()

    async def test_that_is_not_there_is_named_with_its_variable(self) -> None:
        error = await refusal({"ALL_PROXY": "socks5://127.0.0.1:1"})

        assert type(error) is Unreachable
        assert "ALL_PROXY" in error.hint

    async def test_does_not_hide_a_certificate_that_nobody_signed(self) -> None:
        proxy = SocksProxy(to=0)

        async with through(proxy, AUTHORITY.issue_cert(HOST)):
            error = await refusal({"ALL_PROXY": f"socks5://127.0.0.1:{proxy.port}"})

        assert type(error) is CertificateRefused
        assert "SSL_CERT_FILE=" in error.hint


def yesterday() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


class TestACertificate:
    @pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    async def test_of_an_authority_that_a_variable_names_is_trusted(
        self, tmp_path: Path, variable: str
    ) -> None:
        AUTHORITY.cert_pem.write_to_path(tmp_path / "authority.pem")

        async with serving(AUTHORITY.issue_cert("127.0.0.1")) as port:
            variables = {variable: str(tmp_path / "authority.pem")}
            reply = await call(variables, f"https://127.0.0.1:{port}")

        assert reply == {"ok": True}

    async def test_of_an_unknown_authority_is_refused_with_the_variable_to_set(self) -> None:
        async with serving(AUTHORITY.issue_cert("127.0.0.1")) as port:
            error = await refusal({}, f"https://127.0.0.1:{port}")

        assert type(error) is CertificateRefused
        assert not error.retryable
        assert "SSL_CERT_FILE=" in error.hint

    async def test_that_is_refused_although_a_variable_is_set_names_the_variable(
        self, tmp_path: Path
    ) -> None:
        trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")

        async with serving(AUTHORITY.issue_cert("127.0.0.1")) as port:
            variables = {"CURL_CA_BUNDLE": str(tmp_path / "other.pem")}
            error = await refusal(variables, f"https://127.0.0.1:{port}")

        assert "CURL_CA_BUNDLE" in error.why

    async def test_that_has_expired_says_so(self, authority: dict[str, str]) -> None:
        expired = AUTHORITY.issue_cert("127.0.0.1", not_after=yesterday())

        async with serving(expired) as port:
            error = await refusal(authority, f"https://127.0.0.1:{port}")

        assert type(error) is CertificateRefused
        assert "has expired" in error.message

    async def test_of_another_host_says_so(self, authority: dict[str, str]) -> None:
        async with serving(AUTHORITY.issue_cert("other.test")) as port:
            error = await refusal(authority, f"https://127.0.0.1:{port}")

        assert type(error) is CertificateRefused
        assert "other names" in error.message
        assert "127.0.0.1" in error.why

    async def test_is_not_asked_of_a_server_without_tls(self) -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1000)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with listening(refuse) as port:
            error = await refusal({}, f"https://127.0.0.1:{port}")

        assert type(error) is Unreachable
        assert "http://" in error.hint

    async def test_bundle_that_is_missing_does_not_matter_to_a_plain_server(self) -> None:
        async with serving() as port:
            reply = await call({"SSL_CERT_FILE": "/missing.pem"}, f"http://127.0.0.1:{port}")

        assert reply == {"ok": True}


async def test_a_socks_proxy_without_its_extra_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['aiohttp_socks'] = None\n"
        "from parallel_agents.errors import MissingExtra\n"
        "from parallel_agents.models.network import Network\n"
        "network = Network({'ALL_PROXY': 'socks5://me:secret@127.0.0.1:1080'})\n"
        "proxy = network.proxy_for('https://api.acme.test/v1')\n"
        "try:\n    network.check('https://api.acme.test/v1', proxy)\n"
        "except MissingExtra as error:\n    print(error.message, error.why, error.hint)"
    )

    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await ended.communicate()

    assert b"pip install 'pagents[socks]'" in out
    assert b"ALL_PROXY" in out
    assert b"secret" not in out
