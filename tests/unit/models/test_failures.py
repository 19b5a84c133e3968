"""Every failure of a server is mapped to one of our errors."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping

import aiohttp
import orjson
import pytest
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from parallel_agents.core.schema import Json
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    ContextTooLong,
    MalformedReply,
    ModelRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.failures import from_client_error, from_error_object, from_response
from parallel_agents.models.providers import Endpoint, Secret, Wire

KEY = "sk-very-secret-0123456789"
ENDPOINT = Endpoint(
    provider="acme",
    wire=Wire.CHAT,
    base_url="https://api.acme.test/v1",
    key=Secret(KEY),
    key_variable="ACME_API_KEY",
)


def respond(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> ProviderError:
    return from_response(ENDPOINT, status, headers=headers or {}, body=body, now=1_000_000_000.0)


def error_body(message: str, **fields: Json) -> bytes:
    return orjson.dumps({"error": {"message": message, **fields}})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error_body("unknown field"), RequestRejected),
        (400, error_body("too long", code="context_length_exceeded"), ContextTooLong),
        (400, error_body("no", type="exceed_context_size_error"), ContextTooLong),
        (400, error_body("prompt is too long: 210000 tokens > 200000 maximum"), ContextTooLong),
        (400, error_body("This model's maximum context length is 8192 tokens"), ContextTooLong),
        (400, error_body("no", code="content_policy_violation"), ModelRefused),
        (401, error_body("bad key"), AuthFailed),
        (402, error_body("no credit"), RequestRejected),
        (403, error_body("not yours"), AuthFailed),
        (404, error_body("no such model"), RequestRejected),
        (408, b"", Overloaded),
        (409, b"", Overloaded),
        (413, b"", ContextTooLong),
        (418, b"teapot", RequestRejected),
        (429, error_body("slow down"), RateLimited),
        (429, error_body("no credit", code="insufficient_quota"), RequestRejected),
        (429, error_body("busy", type="overloaded_error"), Overloaded),
        (500, error_body("oops"), Overloaded),
        (502, b"<html>Bad Gateway</html>", Unreachable),
        (503, b"", Overloaded),
        (504, b"", Unreachable),
        (529, error_body("busy", type="overloaded_error"), Overloaded),
        (302, b"", RequestRejected),
    ],
)
def test_a_status_and_its_body_determine_the_error(
    status: int, body: bytes, expected: type[ProviderError]
) -> None:
    error = respond(status, body)

    assert type(error) is expected
    assert error.message.startswith(f"acme answered {status}")
    assert error.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sun, 09 Sep 2001 01:47:10 GMT"}, 30.0),
        ({"retry-after": "Sun, 09 Sep 2001 01:46:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_milliseconds_or_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = respond(429, headers=headers)

    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"error": {"type": "overloaded_error", "message": "busy"}}, Overloaded),
        ({"error": {"type": "rate_limit_error", "message": "slow"}}, RateLimited),
        ({"error": {"type": "api_error", "message": "oops"}}, Overloaded),
        ({"error": {"type": "invalid_request_error", "message": "no"}}, RequestRejected),
        ({"error": {"code": 502, "message": "upstream"}}, Unreachable),
        ({"error": "something"}, Overloaded),
    ],
)
def test_an_error_inside_a_reply_determines_the_error(
    value: dict[str, Json], expected: type[ProviderError]
) -> None:
    assert type(from_error_object(ENDPOINT, value)) is expected


def test_a_refused_key_names_its_variable_and_the_alternative_without_a_key() -> None:
    error = respond(401, error_body("Incorrect API key provided"))

    assert "ACME_API_KEY" in error.hint
    assert "--model local" in error.hint


def test_the_key_is_hidden_even_if_the_provider_repeats_it() -> None:
    error = respond(401, error_body(f"{'x' * 290} {KEY} is wrong"))

    assert KEY not in str(error)
    assert KEY[:8] not in str(error)


def test_the_message_of_a_provider_is_one_short_line() -> None:
    error = respond(400, error_body("a\x1b[31m\nb\u202e" + "c" * 10_000))

    assert error.message.startswith("acme answered 400: a [31m b c")
    assert len(error.message) <= 310


REQUEST = aiohttp.RequestInfo(
    URL("http://x"), "POST", CIMultiDictProxy(CIMultiDict({"Authorization": KEY})), URL("http://x")
)
ADDRESS = ConnectionKey("x", 1, False, True, None, None, None)
REFUSED = OSError(111, "refused")

Make = Callable[[], aiohttp.ClientError]
CLIENT_ERRORS: dict[type[aiohttp.ClientError], tuple[Make, type[ProviderError]]] = {
    aiohttp.ClientConnectionError: (lambda: aiohttp.ClientConnectionError("x"), Unreachable),
    aiohttp.ClientConnectionResetError: (
        lambda: aiohttp.ClientConnectionResetError("x"),
        Unreachable,
    ),
    aiohttp.ClientConnectorCertificateError: (
        lambda: aiohttp.ClientConnectorCertificateError(ADDRESS, ssl.CertificateError("x")),
        Unreachable,
    ),
    aiohttp.ClientConnectorDNSError: (
        lambda: aiohttp.ClientConnectorDNSError(ADDRESS, REFUSED),
        Unreachable,
    ),
    aiohttp.ClientConnectorError: (
        lambda: aiohttp.ClientConnectorError(ADDRESS, REFUSED),
        Unreachable,
    ),
    aiohttp.ClientConnectorSSLError: (
        lambda: aiohttp.ClientConnectorSSLError(ADDRESS, REFUSED),
        Unreachable,
    ),
    aiohttp.ClientHttpProxyError: (
        lambda: aiohttp.ClientHttpProxyError(REQUEST, ()),
        MalformedReply,
    ),
    aiohttp.ClientOSError: (lambda: aiohttp.ClientOSError(104, "reset"), Unreachable),
    aiohttp.ClientPayloadError: (lambda: aiohttp.ClientPayloadError("x"), StreamCut),
    aiohttp.ClientProxyConnectionError: (
        lambda: aiohttp.ClientProxyConnectionError(ADDRESS, REFUSED),
        Unreachable,
    ),
    aiohttp.ClientResponseError: (
        lambda: aiohttp.ClientResponseError(REQUEST, ()),
        MalformedReply,
    ),
    aiohttp.ClientSSLError: (lambda: aiohttp.ClientSSLError(ADDRESS, REFUSED), Unreachable),
    aiohttp.ConnectionTimeoutError: (lambda: aiohttp.ConnectionTimeoutError("x"), Unreachable),
    aiohttp.ContentTypeError: (lambda: aiohttp.ContentTypeError(REQUEST, ()), MalformedReply),
    aiohttp.InvalidURL: (lambda: aiohttp.InvalidURL("x"), RequestRejected),
    aiohttp.InvalidUrlClientError: (lambda: aiohttp.InvalidUrlClientError("x"), RequestRejected),
    aiohttp.InvalidUrlRedirectClientError: (
        lambda: aiohttp.InvalidUrlRedirectClientError("x"),
        RequestRejected,
    ),
    aiohttp.NonHttpUrlClientError: (lambda: aiohttp.NonHttpUrlClientError("x"), RequestRejected),
    aiohttp.NonHttpUrlRedirectClientError: (
        lambda: aiohttp.NonHttpUrlRedirectClientError("x"),
        RequestRejected,
    ),
    aiohttp.RedirectClientError: (lambda: aiohttp.RedirectClientError("x"), RequestRejected),
    aiohttp.ServerConnectionError: (lambda: aiohttp.ServerConnectionError("x"), Unreachable),
    aiohttp.ServerDisconnectedError: (lambda: aiohttp.ServerDisconnectedError("x"), Unreachable),
    aiohttp.ServerFingerprintMismatch: (
        lambda: aiohttp.ServerFingerprintMismatch(b"a", b"b", "x", 1),
        Unreachable,
    ),
    aiohttp.ServerTimeoutError: (lambda: aiohttp.ServerTimeoutError("x"), CallTimedOut),
    aiohttp.SocketTimeoutError: (lambda: aiohttp.SocketTimeoutError("x"), CallTimedOut),
    aiohttp.TooManyRedirects: (lambda: aiohttp.TooManyRedirects(REQUEST, ()), MalformedReply),
    UnixClientConnectorError: (
        lambda: UnixClientConnectorError("/x", ADDRESS, REFUSED),
        Unreachable,
    ),
    aiohttp.UploadAbortedError: (lambda: aiohttp.UploadAbortedError("x"), Unreachable),
    aiohttp.WSServerHandshakeError: (
        lambda: aiohttp.WSServerHandshakeError(REQUEST, ()),
        MalformedReply,
    ),
}


def all_subclasses(kind: type[aiohttp.ClientError]) -> Iterator[type[aiohttp.ClientError]]:
    for child in kind.__subclasses__():
        yield child
        yield from all_subclasses(child)


def test_the_table_has_every_error_of_aiohttp() -> None:
    raised = {
        kind
        for kind in all_subclasses(aiohttp.ClientError)
        if kind.__module__.startswith("aiohttp.")
    }

    assert set(CLIENT_ERRORS) == raised


@pytest.mark.parametrize("kind", CLIENT_ERRORS, ids=lambda kind: kind.__name__)
def test_each_error_of_aiohttp_becomes_one_of_ours(kind: type[aiohttp.ClientError]) -> None:
    make, expected = CLIENT_ERRORS[kind]

    error = from_client_error(ENDPOINT, make())

    assert type(error) is expected
    assert error.message.startswith("acme ")
    assert KEY not in f"{error!r} {error.why} {error.hint}"
