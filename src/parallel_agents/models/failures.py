"""Failures: maps the errors of servers and of the HTTP client to `ProviderError`.

Sources: https://platform.openai.com/docs/guides/error-codes and
https://docs.anthropic.com/en/api/errors; for `Retry-After` RFC 9110, section 10.2.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import aiohttp
import orjson

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    ContextTooLong,
    MalformedReply,
    ModelRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    Rejection,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.providers import Endpoint

_MOST_CHARACTERS = 300

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthFailed,
    403: AuthFailed,
    408: Overloaded,
    409: Overloaded,
    413: ContextTooLong,
    429: RateLimited,
    502: Unreachable,
    504: Unreachable,
}


class _Rule(NamedTuple):
    """Markers in a server's response that tell more than its status."""

    statuses: frozenset[int]
    markers: tuple[str, ...]
    error: type[ProviderError]


_RULES = (
    _Rule(
        frozenset({400, 413, 422}),
        (
            "context_length_exceeded",
            "exceed_context_size_error",
            "prompt is too long",
            "maximum context length",
        ),
        ContextTooLong,
    ),
    _Rule(
        frozenset({400, 403}),
        ("content_policy_violation", "content_filter"),
        ModelRefused,
    ),
    _Rule(
        # Servers report an empty account as a rate limit, but waiting does not fill it.
        frozenset({429}),
        ("insufficient_quota", "exceeded_current_quota_error"),
        RequestRejected,
    ),
    _Rule(frozenset({400, 429, 500}), ("overloaded_error",), Overloaded),
)

_STATUS_BY_TYPE: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}

_HINTS: Mapping[type[ProviderError], str] = {
    RateLimited: "wait and run it again, or lower max_parallel",
    Overloaded: "run it again later, or choose another model with --model",
    ContextTooLong: "shorten the input, or choose a model with a larger context",
    ModelRefused: "rephrase the task, or choose another model with --model",
    CallTimedOut: "run it again, or choose another model with --model",
    StreamCut: "run it again",
    MalformedReply: "run it again; if it fails again, check that base_url is a model server",
}


def make_failure(
    kind: type[ProviderError],
    endpoint: Endpoint,
    what: str,
    *,
    why: str = "",
    retry_after_seconds: float | None = None,
) -> ProviderError:
    """An error of `kind` that names the provider, hides its key, and has a hint."""
    return kind(
        f"{endpoint.provider} {clean(endpoint, what)}",
        why=clean(endpoint, why),
        hint=_hint(kind, endpoint),
        retry_after_seconds=retry_after_seconds,
    )


def from_response(
    endpoint: Endpoint, status: int, *, headers: Mapping[str, str], body: bytes, now: float
) -> ProviderError:
    """The error for a response whose status is not 2xx; `now` is seconds since the epoch."""
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = body.decode(errors="replace")
    return _from_body(
        endpoint, status, value, retry_after_seconds=_retry_after_seconds(headers, now)
    )


def from_error_object(endpoint: Endpoint, value: JsonObject) -> ProviderError:
    """The error in `{"error": ...}`, sent with status 200 or in the middle of a stream."""
    inner = value.get("error")
    status = 500
    if isinstance(inner, Mapping):
        code, kind = inner.get("code"), inner.get("type")
        if isinstance(code, int):
            status = code
        elif isinstance(kind, str):
            status = _STATUS_BY_TYPE.get(kind, 500)
    return _from_body(endpoint, status, value)


def find_error(value: JsonObject) -> JsonObject | None:
    """The error that a body with status 200, or an event, holds; None if it holds none."""
    if value.get("error") or value.get("type") == "error" or value.get("object") == "error":
        return value
    choices = value.get("choices")
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, Mapping) and choice.get("error"):
                return choice
    return None


def from_client_error(endpoint: Endpoint, error: aiohttp.ClientError) -> ProviderError:
    """The error for a failed exchange that brought no response, or only part of one."""
    match error:
        case aiohttp.ClientPayloadError():
            kind, what = StreamCut, "broke off in the middle of its reply"
            why = "the connection ended before the reply did"  # aiohttp's text names its internals
            return make_failure(kind, endpoint, what, why=why)
        case aiohttp.ConnectionTimeoutError():
            kind, what = Unreachable, f"did not accept a connection at {endpoint.base_url}"
        case aiohttp.ServerTimeoutError():
            kind, what = CallTimedOut, "stopped responding in the middle of a call"
        case aiohttp.ClientResponseError():
            kind, what = MalformedReply, "did not send a valid HTTP response"
            return make_failure(kind, endpoint, what, why=error.message)
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | aiohttp.RedirectClientError():
            kind, what = RequestRejected, f"has no valid address: {endpoint.base_url}"
        case aiohttp.ClientConnectorError():
            kind, what = Unreachable, f"cannot be reached at {endpoint.base_url}"
        case _:
            return _lost(endpoint, str(error))
    return make_failure(kind, endpoint, what, why=str(error))


def _lost(endpoint: Endpoint, why: str) -> ProviderError:
    """The error for a lost connection: the call may have been made."""
    what = f"closed the connection at {endpoint.base_url} before replying"
    failure = make_failure(Unreachable, endpoint, what, why=why)
    failure.may_be_billed = True
    return failure


def clean(endpoint: Endpoint, text: str) -> str:
    """`text` in one line of at most 300 characters, without the key and control characters."""
    if endpoint.key:
        text = text.replace(endpoint.key.reveal(), "***")
    start = text[: 10 * _MOST_CHARACTERS]  # an error page may have megabytes
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 3] + "..."


def _from_body(
    endpoint: Endpoint, status: int, value: Json, *, retry_after_seconds: float | None = None
) -> ProviderError:
    message, clues = _read_body(value)
    failure = make_failure(
        _kind(status, clues),
        endpoint,
        f"answered {status}: {message}" if message else f"answered {status}",
        retry_after_seconds=retry_after_seconds,
    )
    failure.rejection = Rejection(status=status, message=message, text=clues)
    return failure


def _kind(status: int, clues: str) -> type[ProviderError]:
    for rule in _RULES:
        if status in rule.statuses and any(marker in clues for marker in rule.markers):
            return rule.error
    return _BY_STATUS.get(status, Overloaded if status >= 500 else RequestRejected)


def _read_body(value: Json) -> tuple[str, str]:
    """The server's message, and everything in the body that may identify the error, lower-cased."""
    if not isinstance(value, Mapping):
        text = value if isinstance(value, str) else str(value)
        return text, text.lower()
    inner = value.get("error") or value
    if not isinstance(inner, Mapping):
        return _read_body(inner)
    message = inner.get("message") or inner.get("detail") or ""
    text = message if isinstance(message, str) else str(message)
    return text, f"{inner.get('type')} {inner.get('code')} {text}".lower()


def _hint(kind: type[ProviderError], endpoint: Endpoint) -> str:
    if kind is AuthFailed:
        key = f"set {endpoint.key_variable} to" if endpoint.key_variable else "configure"
        return f"{key} a key that {endpoint.provider} accepts, or use --model local"
    if kind is RequestRejected:
        return "check the model's name, the account and the request's limits"
    if kind is Unreachable:
        return f"check the network, and that a server runs at {endpoint.base_url}"
    return _HINTS[kind]


def _retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
