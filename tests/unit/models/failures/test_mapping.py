"""Every failure of a server or of the HTTP client becomes one of our errors, in the server's words."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given, strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import TypeAdapter
from yarl import URL

from parallel_agents import errors
from parallel_agents.core.schema import Json
from parallel_agents.errors import (
    AccessDenied,
    AuthFailed,
    CallTimedOut,
    ContextTooLong,
    CreditExhausted,
    MalformedReply,
    ModelNotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    RegionBlocked,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.errors.provider import Rejection
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
NOW = 1_000_000_000.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """An entry of the file, which says what the fields mean."""

    says: str
    status: int
    body: str
    error: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    told: str | None = None
    wait: float | None = None
    hint: str = ""

    def failure(self) -> ProviderError:
        if self.status == 200:
            return from_error_object(ENDPOINT, orjson.loads(self.body))
        return respond(self.status, self.body.encode(), self.headers)


def respond(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> ProviderError:
    return from_response(ENDPOINT, status, headers=headers or {}, body=body, now=NOW)


def error_body(message: str, **fields: Json) -> bytes:
    return orjson.dumps({"error": {"message": message, **fields}})


FILE = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))
CASES = TypeAdapter(list[Case]).validate_python(FILE["cases"])
SENTENCES = [
    (group["error"], group["status"], text)
    for group in FILE["sentences"]
    for text in group["texts"]
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)


@each_case
def test_an_error_in_any_form_has_its_class(case: Case) -> None:
    assert type(case.failure()) is getattr(errors, case.error)


@pytest.mark.parametrize(("error", "status", "text"), SENTENCES)
def test_a_sentence_alone_tells_what_is_wrong(error: str, status: int, text: str) -> None:
    assert type(respond(status, error_body(text))) is getattr(errors, error)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.told is not None], ids=lambda case: case.says
)
def test_the_user_reads_the_providers_own_sentence(case: Case) -> None:
    assert case.failure().message.partition(": ")[2] == case.told


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.wait is not None], ids=lambda case: case.says
)
def test_the_wait_is_the_one_that_the_provider_asks_for(case: Case) -> None:
    wait = case.failure().retry_after_seconds

    assert (-1.0 if wait is None else wait) == pytest.approx(case.wait)


@each_case
def test_a_hint_says_what_to_do(case: Case) -> None:
    hint = case.failure().hint

    assert hint
    assert case.hint in hint
    assert "{" not in hint


def test_the_cases_have_every_class_that_a_refusal_can_become() -> None:
    assert {case.error for case in CASES} == {
        *("AccessDenied", "AuthFailed", "ContextTooLong", "CreditExhausted", "ModelLoading"),
        *("ModelNotFound", "ModelRefused", "ModelSlipped", "Overloaded", "QuotaExhausted"),
        *("RateLimited", "RegionBlocked", "RequestRejected", "Unreachable"),
    }


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error_body("unknown field"), RequestRejected),
        (401, error_body("bad key"), AuthFailed),
        (402, error_body("no money"), CreditExhausted),
        (403, error_body("not yours"), AccessDenied),
        (404, error_body("no such model"), ModelNotFound),
        (404, b"", RequestRejected),
        (408, b"", Overloaded),
        (409, b"", Overloaded),
        (413, b"", ContextTooLong),
        (418, b"teapot", RequestRejected),
        (429, error_body("slow down"), RateLimited),
        (451, b"", RegionBlocked),
        (498, b"", Overloaded),
        (500, error_body("oops"), Overloaded),
        (502, b"<html>Bad Gateway</html>", Unreachable),
        (503, b"", Overloaded),
        (504, b"", Unreachable),
        (522, b"", Unreachable),
        (529, b"", Overloaded),
    ],
)
def test_a_status_alone_determines_the_error(
    status: int, body: bytes, expected: type[ProviderError]
) -> None:
    error = respond(status, body)

    assert type(error) is expected
    assert error.message.startswith(f"acme answered {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://new.acme.test/v2/chat/completions", "set base_url to https://new.acme.test/v2"),
        ("/v2/chat/completions/", "set base_url to https://api.acme.test/v2"),
        ("//eu.acme.test/v1/messages?x=1", "set base_url to https://eu.acme.test"),
        ("https://me:pw@new.acme.test/v1/responses", "set base_url to https://new.acme.test/v1"),
        ("https://login.test/sign-in?next=a", "check base_url"),
        ("javascript:alert(1)", "check base_url"),
        ("", "check base_url"),
    ],
)
def test_a_redirect_says_where_to(status: int, location: str, hint: str) -> None:
    error = respond(status, b"moved", {"Location": location} if location else {})

    assert type(error) is RequestRejected
    assert error.hint == hint


def test_a_redirect_names_the_address_without_what_may_be_secret() -> None:
    error = respond(302, b"", {"location": "https://me:pw@login.test/sign-in?token=x#y"})

    assert error.message == "acme answered 302: it has moved to https://login.test/sign-in"


@pytest.mark.parametrize(
    ("status", "is_billed"),
    [(500, False), (502, True), (503, False), (504, True), (522, False), (524, True), (400, False)],
)
def test_a_gateways_error_after_the_call_was_handed_on_may_be_billed(
    status: int, is_billed: bool
) -> None:
    assert respond(status).may_be_billed is is_billed


@pytest.mark.parametrize(
    ("value", "is_billed"),
    [
        ({"error": {"code": 502, "message": "lost"}}, True),
        ({"error": {"type": "overloaded_error", "message": "busy"}}, False),
        ({"choices": [{"error": {"code": 500, "message": "lost"}}]}, True),
    ],
)
def test_an_error_after_the_reply_has_begun_may_be_billed(
    value: dict[str, Json], is_billed: bool
) -> None:
    assert from_error_object(ENDPOINT, value).may_be_billed is is_billed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"error": {"type": "overloaded_error", "message": "busy"}}, Overloaded),
        ({"error": {"type": "rate_limit_error", "message": "slow"}}, RateLimited),
        ({"error": {"type": "api_error", "message": "oops"}}, Overloaded),
        ({"error": {"type": "invalid_request_error", "message": "no"}}, RequestRejected),
        ({"error": {"code": 502, "message": "upstream"}}, Unreachable),
        ({"error": "something"}, Overloaded),
        ({"code": 502, "message": "the part of a choice"}, Unreachable),
        ("a text", Overloaded),
        (None, Overloaded),
    ],
)
def test_an_error_inside_a_reply_determines_the_error(
    value: Json, expected: type[ProviderError]
) -> None:
    assert type(from_error_object(ENDPOINT, value)) is expected


def test_an_error_inside_a_reply_has_no_status_that_nobody_named() -> None:
    error = from_error_object(ENDPOINT, {"error": "CUDA error"})

    assert error.message == "acme answered with an error: CUDA error"


@pytest.mark.parametrize(
    ("seconds", "why"), [("3600", "it asks for a wait of 3,600 s"), ("2", ""), ("0", "")]
)
def test_a_long_wait_is_told(seconds: str, why: str) -> None:
    assert respond(429, headers={"retry-after": seconds}).why == why


def test_what_the_server_said_is_kept_for_who_can_act_on_it() -> None:
    body = error_body("No.", type="invalid_request_error", param="temperature", code="unsupported")

    assert respond(400, body).rejection == Rejection(
        status=400,
        code="unsupported",
        kind="invalid_request_error",
        param="temperature",
        message="No.",
        names=frozenset({"unsupported", "invalid_request_error"}),
        text="no.\ninvalid_request_error\nunsupported\ntemperature",
    )


def test_a_refused_key_names_its_variable_and_the_alternative_without_a_key() -> None:
    error = respond(401, error_body("Incorrect API key provided"))

    assert "ACME_API_KEY" in error.hint
    assert "--model local" in error.hint


@pytest.mark.parametrize("shown", [KEY, KEY.upper()])
def test_the_key_is_hidden_even_if_the_provider_repeats_it(shown: str) -> None:
    error = respond(401, error_body(f"{'x' * 290} {shown} is wrong", code=shown, param=shown))

    assert KEY[:8] not in f"{error} {error.rejection}".lower()


def test_the_message_of_a_provider_is_one_short_line() -> None:
    error = respond(400, error_body("a\x1b[31m\nb\u202e" + "c" * 10_000))

    assert error.message.startswith("acme answered 400: a b c")
    assert len(error.message) <= 310


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "detail", "loc", "msg", "choices", "response"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(value=VALUES)
def test_any_value_becomes_an_error(value: Json) -> None:
    assert from_error_object(ENDPOINT, value).message.startswith("acme answered")


@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode),
    header=st.text(max_size=20),
)
def test_any_response_becomes_an_error(status: int, body: bytes, header: str) -> None:
    error = respond(status, body, {"retry-after": header, "location": header})

    assert error.message.startswith(f"acme answered {status}")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        *(b'{"error":' * levels + b"1" + b"}" * levels for levels in (600, 2_000)),
        orjson.dumps({"error": {"message": "{'a': " * 3_000}}),
        b"{" + b"9" * 10_000 + b"}",
        b"<html>" + b"<" * 100_000,
    ],
)
def test_a_hostile_body_is_an_error_like_any_other(body: bytes) -> None:
    assert type(respond(400, body)) is RequestRejected


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


@pytest.mark.parametrize("filler", [0, 110, 280, 3_900, 19_960, 19_980, 19_990])
def test_a_key_that_the_end_of_a_page_would_cut_is_hidden(filler: int) -> None:
    page = f"<html><body>{'x' * filler} key {KEY} is wrong</body></html>".encode()

    error = from_response(ENDPOINT, 401, headers={}, body=page, now=0.0)

    told = f"{error.message} {error.why} {error.hint} {error.rejection}".lower()
    assert KEY[:8].lower() not in told


def test_configured_headers_and_queries_are_hidden_too() -> None:
    endpoint = replace(
        ENDPOINT,
        base_url="https://acme.example/v1?code=query-secret-1",
        headers={"X-Gateway": "gateway-secret-2"},
    )
    body = error_body("gateway-secret-2 and query-secret-1 are wrong")

    error = from_response(endpoint, 401, headers={}, body=body, now=0.0)

    told = f"{error.message} {error.why} {error.hint} {error.rejection}"
    assert "secret-" not in told
