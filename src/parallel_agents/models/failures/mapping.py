"""Mapping: the errors of servers and of the HTTP client as classes of `ProviderError`.

Sources: https://platform.openai.com/docs/guides/error-codes,
https://docs.anthropic.com/en/api/errors, and those of the tables in `kinds.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from parallel_agents.core.schema import Json
from parallel_agents.core.unicode import without_escapes
from parallel_agents.errors import (
    CallTimedOut,
    MalformedReply,
    NothingListens,
    ProviderError,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.base_url import is_loopback
from parallel_agents.models.failures.fields import parse_body
from parallel_agents.models.failures.finding import find_error
from parallel_agents.models.failures.kinds import hint_of, kind_of, status_of
from parallel_agents.models.failures.reading import read_error, status_in
from parallel_agents.models.failures.waits import read_wait
from parallel_agents.models.providers import Endpoint

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

_MOST_CHARACTERS: Final = 300
# A gateway sends these for a call that it had handed on, and that may have been answered.
_AFTER_SENDING: Final = frozenset({502, 504, 524})
_LONG_WAIT_SECONDS: Final = 60.0  # may be more than a call waits for, so that its error says why
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OF_A_CALL: Final = re.compile(r"(?:/chat/completions|/v1/messages|/responses|/models/[^/]*)/?$")


def make_failure(
    kind: type[ProviderError],
    endpoint: Endpoint,
    what: str,
    *,
    why: str = "",
    hint: str = "",
    retry_after_seconds: float | None = None,
    rejection: Rejection | None = None,
) -> ProviderError:
    """An error of `kind` that names the provider, hides its secrets, and has a hint.

    `hint` is what to do, if that is not what the class says.
    """
    return kind(
        f"{endpoint.provider} {clean(endpoint, what)}",
        why=clean(endpoint, why),
        hint=endpoint.secrets.hide(_filled(endpoint, hint or hint_of(kind))),
        retry_after_seconds=retry_after_seconds,
        rejection=None if rejection is None else _without_secrets(endpoint, rejection),
    )


def from_response(
    endpoint: Endpoint, status: int, *, headers: Mapping[str, str], body: bytes, now: float
) -> ProviderError:
    """The error for a response whose status is not 2xx; `now` is seconds since the epoch."""
    if status in _REDIRECTS:
        return _redirected(endpoint, status, headers)
    value = endpoint.secrets.hide_value(parse_body(endpoint.secrets.hide_bytes(body)))
    rejection = read_error(value, status)
    told = f"answered {status}: {rejection.message}" if rejection.message else f"answered {status}"
    wait = read_wait(headers, value, status=status, now=now)
    failure = _refused(endpoint, rejection, told, wait)
    failure.may_be_billed = failure.may_be_billed or status in _AFTER_SENDING
    return failure


def from_error_object(endpoint: Endpoint, value: Json) -> ProviderError:
    """The error in a reply with status 200, or in an event of one; `value` may hold all of it."""
    found = find_error(value)
    error = endpoint.secrets.hide_value(value if found is None else found)
    named = status_in(error)
    rejection = read_error(error, named or 500)
    if named is None:
        rejection = replace(rejection, status=status_of(rejection.names))
    status = f" {named}" if named else " with an error"
    told = f"answered{status}: {rejection.message}" if rejection.message else f"answered{status}"
    wait = read_wait({}, error, status=rejection.status, now=0.0)
    failure = _refused(endpoint, rejection, told, wait)
    # Tokens were made before the error if it comes in a choice.
    has_begun = isinstance(value, Mapping) and bool(value.get("choices"))
    is_late = has_begun or rejection.status in _AFTER_SENDING
    failure.may_be_billed = failure.may_be_billed or is_late
    return failure


def from_client_error(endpoint: Endpoint, error: aiohttp.ClientError) -> ProviderError:
    """The error for a failed exchange that brought no response, or only part of one."""
    hint = ""
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
            hint = "correct base_url"
        case aiohttp.ClientConnectorError() if _is_not_running(endpoint, error):
            kind, what = NothingListens, f"is not running: nothing listens at {endpoint.base_url}"
            hint = "start the server, or correct base_url"
        case aiohttp.ClientConnectorError():
            kind, what = Unreachable, f"cannot be reached at {endpoint.base_url}"
        case _:
            return _lost(endpoint, str(error))
    return make_failure(kind, endpoint, what, why=str(error), hint=hint)


def _is_not_running(endpoint: Endpoint, error: aiohttp.ClientConnectorError) -> bool:
    """Whether this machine itself says that no process has the server's port."""
    host = urlsplit(endpoint.base_url).hostname or ""
    return is_loopback(host) and isinstance(error.os_error, ConnectionRefusedError)


def clean(endpoint: Endpoint, text: str) -> str:
    """`text` in one line of at most 300 characters, without secrets and control characters."""
    start = without_escapes(endpoint.secrets.hide(text)[: 10 * _MOST_CHARACTERS])
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 3] + "..."


def _refused(
    endpoint: Endpoint, rejection: Rejection, told: str, wait: float | None
) -> ProviderError:
    kind = kind_of(rejection)
    return make_failure(
        kind.error,
        endpoint,
        told,
        why=f"it asks for a wait of {wait:,.0f} s" if wait and wait >= _LONG_WAIT_SECONDS else "",
        hint=kind.hint,
        retry_after_seconds=wait,
        rejection=rejection,
    )


def _redirected(endpoint: Endpoint, status: int, headers: Mapping[str, str]) -> ProviderError:
    """The error for a redirect, which is not followed: it would take the key to another address."""
    location = next((text for name, text in headers.items() if name.lower() == "location"), "")
    target = urlsplit(urljoin(f"{endpoint.base_url}/", location.strip())) if location else None
    if target is None or target.scheme not in ("http", "https") or not target.hostname:
        return make_failure(RequestRejected, endpoint, f"answered {status}", hint="check base_url")
    address = f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}"
    base = _OF_A_CALL.sub("", address)
    hint = f"set base_url to {base}" if base != address else "check base_url"
    what = f"answered {status}: it has moved to {address}"
    return make_failure(RequestRejected, endpoint, what, hint=clean(endpoint, hint))


def _lost(endpoint: Endpoint, why: str) -> ProviderError:
    """The error for a lost connection: the call may have been made."""
    what = f"closed the connection at {endpoint.base_url} before replying"
    failure = make_failure(Unreachable, endpoint, what, why=why)
    failure.may_be_billed = True
    return failure


def _filled(endpoint: Endpoint, hint: str) -> str:
    variable = endpoint.key_variable
    values = {
        "{provider}": endpoint.provider,
        "{base_url}": endpoint.base_url,
        "{key}": f"the key in {variable}" if variable else "your key",
        "{set_key}": f"set {variable} to" if variable else "configure",
    }
    for place, text in values.items():
        hint = hint.replace(place, text)
    return hint


def _without_secrets(endpoint: Endpoint, rejection: Rejection) -> Rejection:
    hide = endpoint.secrets.hide
    return replace(
        rejection,
        **{
            name: hide(text)
            for name in ("code", "kind", "param", "message", "text")
            if isinstance(text := getattr(rejection, name), str)
        },
        names=frozenset(hide(name) for name in rejection.names),
    )
