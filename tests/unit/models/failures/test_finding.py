"""An error inside a reply is found in any form, and a reply is never taken for one."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.models.failures import find_error

ERROR: Json = {"code": 502, "message": "lost"}
CHOICE: Json = {"index": 0, "delta": {}, "finish_reason": "error", "error": ERROR}


ERRORS: list[Any] = [
    {"error": ERROR},
    {"error": "a text"},
    {"error": ERROR, "choices": [{"delta": {}}]},
    {"type": "error", "error": {"type": "overloaded_error"}},
    {"type": "error", "code": "server_error", "message": "oops"},
    {"object": "error", "message": "no"},
    {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
    {"detail": [{"loc": ["body"], "msg": "no"}]},
    {"detail": "Not Found"},
    {"errors": [{"message": "no"}]},
    {"message": "no"},
    {"code": 500, "msg": "404 NOT_FOUND", "success": False},
    {"__type": "ThrottlingException"},
]


@pytest.mark.parametrize("value", ERRORS)
def test_a_value_that_reports_an_error_is_found(value: Json) -> None:
    assert find_error(value) == value


PARTS: list[tuple[Any, Json]] = [
    ({"choices": [{"delta": {"content": "a"}}, CHOICE]}, CHOICE),
    ([{"candidates": []}, {"error": ERROR}], {"error": ERROR}),
    ({"type": "response.failed", "response": {"error": ERROR}}, {"error": ERROR}),
]


@pytest.mark.parametrize(("value", "found"), PARTS)
def test_the_part_that_reports_the_error_is_returned(value: Json, found: Json) -> None:
    assert find_error(value) == found


REPLIES: list[Any] = [
    {"choices": [{"message": {"content": "an error: no"}}], "error": None},
    {"choices": [{"delta": {}, "error": None}], "error": {}},
    {"choices": [{"delta": {}}], "error": {"code": None, "message": ""}},
    {"choices": [], "usage": {"total_tokens": 1}},
    {"choices": [{"delta": {}}], "base_resp": {"status_code": 0, "status_msg": ""}},
    {"type": "message", "content": [{"type": "text", "text": "error"}]},
    {"type": "ping"},
    {"type": "message_start", "message": {"role": "assistant"}},
    {"type": "response.created", "response": {"error": None, "status": "in_progress"}},
    {"object": "response", "error": None, "output": [], "message": "x"},
    {"candidates": [{"content": {"parts": []}}]},
    {"message": {"role": "assistant", "content": "hello"}, "done": True},
    {"choices": "odd"},
    {},
    [],
    "[DONE]",
    None,
    3,
]


@pytest.mark.parametrize("value", REPLIES)
def test_a_reply_is_no_error(value: Json) -> None:
    assert find_error(value) is None
