"""An error in any form is read into its codes and the server's own words."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.models.failures.reading import read_error, status_in


@pytest.mark.parametrize(
    ("value", "code", "kind", "param"),
    [
        (
            {"error": {"message": "no", "type": "a_type", "param": "a.b", "code": "a_code"}},
            *("a_code", "a_type", "a.b"),
        ),
        ({"type": "error", "error": {"type": "a_type", "message": "no"}}, "", "a_type", ""),
        ([{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}], "", "INVALID_ARGUMENT", ""),
        (
            {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}},
            *("API_KEY_INVALID", "", ""),
        ),
        ({"base_resp": {"status_code": 1008, "status_msg": "no"}}, "base_resp.1008", "", ""),
        ({"error": {"code": "1113", "message": "no"}}, "1113", "", ""),
        ({"__type": "ThrottlingException", "message": "no"}, "ThrottlingException", "", ""),
        (
            {"detail": [{"type": "missing", "loc": ["body", "messages", 0, "role"], "msg": "no"}]},
            *("", "missing", "messages.0.role"),
        ),
        (
            {"error": {"details": [{"fieldViolations": [{"field": "tools[0]"}]}]}},
            "",
            "",
            "tools[0]",
        ),
    ],
)
def test_codes_and_the_parameter_are_told_apart(
    value: Json, code: str, kind: str, param: str
) -> None:
    rejection = read_error(value, 400)

    assert (rejection.code, rejection.kind, rejection.param) == (code, kind, param)


def test_names_hold_every_code_in_lower_case() -> None:
    value: Json = {"error": {"code": "A", "type": "B", "innererror": {"code": "C"}}}

    assert read_error(value, 400).names == {"a", "b", "c"}


def test_the_text_holds_all_sentences_and_quotas_in_lower_case() -> None:
    details: Json = [{"violations": [{"quotaId": "PerDay"}]}]
    value: Json = {"error": {"message": "No.", "details": details}, "message": "Why?"}

    assert read_error(value, 400).text == "no.\nwhy?\nquotaid perday"


@pytest.mark.parametrize("name", ["input", "failed_generation", "flagged_input", "prompt", "ctx"])
def test_what_repeats_the_request_is_not_among_the_servers_words(name: str) -> None:
    value: Json = {"error": {"message": "no", name: {"message": "rate limit"}}}

    assert read_error(value, 400).text == "no"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"error": "x is wrong", "message": "x is wrong"}, "x is wrong"),
        ({"error": "Not Found", "message": "no handler"}, "Not Found: no handler"),
        (
            {"error": {"message": "The first of two sentences."}, "message": "b"},
            "The first of two sentences.",
        ),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "busy"}}},
            "Provider returned error: busy",
        ),
        ({"error": {"message": "error"}}, ""),
        ({"status": "fail", "error": {"type": "bad_thing"}}, "bad_thing"),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_message_is_the_sentence_that_says_most(value: Json, message: str) -> None:
    assert read_error(value, 400).message == message


def test_a_page_does_not_repeat_its_status() -> None:
    page = "<html><title>413 Request Entity Too Large</title></html>"

    assert read_error(page, 413).message == "Request Entity Too Large"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"error": {"code": 502}}, 502),
        ({"error": {"code": "429"}}, 429),
        ({"error": {"code": "server_error"}, "status": "402 Payment Required"}, 402),
        ({"error": {"code": 200}}, None),
        ({"error": {"code": 1008}}, None),
        ({"error": {"code": True}}, None),
        ({"error": "502"}, None),
    ],
)
def test_an_error_may_name_its_own_status(value: Json, status: int | None) -> None:
    assert status_in(value) == status
