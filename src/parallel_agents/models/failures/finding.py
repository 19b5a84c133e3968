"""Finding: tells whether a reply, or an event of one, reports an error instead of an answer.

Servers do so with status 200 once a stream has begun, and gateways at any time. Forms:
https://platform.openai.com/docs/api-reference/responses-streaming (`error`, `response.failed`),
https://docs.anthropic.com/en/api/messages-streaming, https://openrouter.ai/docs/api/reference/errors
(`choices[].error`), https://platform.minimax.io/docs/api-reference/errorcode (`base_resp`), and
`{"object": "error"}` of vLLM and Mistral.
"""

from __future__ import annotations

from typing import Final

from parallel_agents.core.schema import Json, JsonObject

# A body without any of these is not a reply, so that a lone message in it is an error.
_OF_REPLIES: Final = frozenset({"candidates", "content", "delta", "output", "type", "usage"})
_LONE: Final = (
    "message",
    "Message",
    "msg",
    "detail",
    "error_msg",
    "error_message",
    "errors",
    "__type",
)


def find_error(value: Json) -> Json:
    """The part of a reply, or of an event of one, that reports an error; None if nothing does.

    It is called for each event of each stream, so it asks for the classes that parsed JSON has.
    """
    if isinstance(value, dict):
        return _error_in(value)
    if isinstance(value, list):
        return next((found for item in value if (found := find_error(item)) is not None), None)
    return None


def _error_in(value: JsonObject) -> JsonObject | None:
    if value.get("type") == "error" or value.get("object") == "error":
        return value
    if _says_something(value.get("error")) or _is_refused(value.get("base_resp")):
        return value
    if choices := value.get("choices"):
        return _error_of_choice(choices)
    response = value.get("response")
    if isinstance(response, dict) and _says_something(response.get("error")):
        return response
    if value.get("success") is False or _OF_REPLIES.isdisjoint(value):
        return value if any(_is_told(value.get(key)) for key in _LONE) else None
    return None


def _error_of_choice(choices: Json) -> JsonObject | None:
    if not isinstance(choices, list):
        return None
    for choice in choices:
        if isinstance(choice, dict) and _says_something(choice.get("error")):
            return choice
    return None


def _is_refused(base_resp: Json) -> bool:
    """Whether MiniMax's status of a reply is another than 0."""
    return isinstance(base_resp, dict) and base_resp.get("status_code") not in (None, 0, "0", "")


def _says_something(value: Json) -> bool:
    if not value or value is True:
        return False
    if isinstance(value, dict):
        return any(value.values()) and not _is_success(value)
    return True


def _is_success(error: JsonObject) -> bool:
    """Whether an error object says that there was none."""
    message = error.get("message")
    return error.get("code") in (0, "0", 200, "200") and (
        not message or (isinstance(message, str) and message.lower() in {"success", "ok"})
    )


def _is_told(value: Json) -> bool:
    return bool(value) and isinstance(value, str | list)
