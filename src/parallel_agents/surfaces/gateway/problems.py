"""Problems: errors as RFC 9457 problem documents, each with our code, why it is so, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NotRequired

import orjson
from starlette.types import Send
from typing_extensions import TypedDict

from parallel_agents.errors import (
    AlreadyAnswered,
    Ambiguous,
    BadRequest,
    CannotContinue,
    Conflict,
    ForeignRequest,
    ForkRefused,
    GatewayFault,
    HostError,
    InvalidFile,
    NoSuchPath,
    NotAuthorized,
    NotFound,
    OnlyReads,
    PagentsError,
    RunIsOver,
    SpawnRefused,
    StoreError,
    TooManyRequests,
)
from parallel_agents.secrets.known import KNOWN

TYPE = "application/problem+json"
_MOST_FINDINGS = 500
_STATUSES: tuple[tuple[type[PagentsError], HTTPStatus], ...] = (
    (NotAuthorized, HTTPStatus.UNAUTHORIZED),
    (OnlyReads, HTTPStatus.FORBIDDEN),
    (ForeignRequest, HTTPStatus.FORBIDDEN),
    (BadRequest, HTTPStatus.BAD_REQUEST),
    (TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (NoSuchPath, HTTPStatus.NOT_FOUND),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Ambiguous, HTTPStatus.CONFLICT),
    (Conflict, HTTPStatus.CONFLICT),
    (RunIsOver, HTTPStatus.CONFLICT),
    (AlreadyAnswered, HTTPStatus.CONFLICT),
    (SpawnRefused, HTTPStatus.CONFLICT),
    (CannotContinue, HTTPStatus.CONFLICT),
    (ForkRefused, HTTPStatus.CONFLICT),
    (GatewayFault, HTTPStatus.INTERNAL_SERVER_ERROR),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
    (HostError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class FindingDocument(TypedDict):
    """One thing that is wrong with a file, and its line; 0 is the file as a whole."""

    line: int
    message: str
    why: str
    hint: str


class Problem(TypedDict):
    """What went wrong: the status, our code, what happened, why, and what to do.

    `type` names the kind for machines, and `docs` is the command that explains it. `findings` has all
    that is wrong with a file, the first included, up to 500.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    why: str
    hint: str
    docs: str
    findings: NotRequired[list[FindingDocument]]


class Refusal(Exception):
    """A request is refused with an error, and maybe another status than such errors have."""

    def __init__(
        self,
        error: PagentsError,
        status: HTTPStatus | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.status = status or status_of(error)
        self.headers = headers or {}


def status_of(error: PagentsError) -> HTTPStatus:
    """The status for an error: its kind's, or that its content cannot be processed."""
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return HTTPStatus.UNPROCESSABLE_ENTITY


def problem_of(error: PagentsError, status: HTTPStatus) -> Problem:
    problem: Problem = {
        "type": f"urn:pagents:error:{error.code}",
        "title": error.message,
        "status": status.value,
        "detail": error.in_a_sentence,
        "code": error.code,
        "why": error.why,
        "hint": error.hint,
        "docs": error.docs,
    }
    if isinstance(error, InvalidFile):
        found = (error, *error.others)[:_MOST_FINDINGS]
        problem["findings"] = [
            {"line": each.line, "message": each.message, "why": each.why, "hint": each.hint}
            for each in found
        ]
    return problem


async def send_refusal(send: Send, refusal: Refusal) -> None:
    """Answer an HTTP request with a problem document."""
    body = KNOWN.hide_json(orjson.dumps(problem_of(refusal.error, refusal.status)))
    headers = {
        "content-type": TYPE,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **refusal.headers,
    }
    raw = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status.value, "headers": raw})
    await send({"type": "http.response.body", "body": body})
