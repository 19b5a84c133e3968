"""OpenAI problems: refusals in the form that clients of OpenAI read, with our code."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from starlette.types import Send
from typing_extensions import TypedDict

from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.replies import send_bytes

OPENAI = "/v1/"
_KINDS = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
# Their clients try again by themselves; what is not worth it says so.
_WORTH_TRYING = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class OpenaiError(TypedDict):
    message: str
    type: str
    param: str | None
    code: str


class OpenaiProblem(TypedDict):
    """What went wrong, as OpenAI says it."""

    error: OpenaiError


async def send_openai_refusal(send: Send, refusal: Refusal) -> None:
    """Answer a request with an error of OpenAI's form."""
    status = refusal.status
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    kind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    problem: OpenaiProblem = {
        "error": {
            "message": refusal.error.in_a_sentence,
            "type": _KINDS.get(status, kind),
            "param": None,
            "code": refusal.error.code,
        }
    }
    headers = dict(refusal.headers)
    if status not in _WORTH_TRYING:
        headers["x-should-retry"] = "false"
    body = KNOWN.hide_json(orjson.dumps(problem))
    await send_bytes(send, body, status=status, headers=headers)
