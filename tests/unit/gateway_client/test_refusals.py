"""Refusals: what a gateway refuses is the same error here, and nothing that it says is believed unread."""

from __future__ import annotations

from http import HTTPStatus

import orjson
import pytest

from parallel_agents.errors import (
    GatewayMismatch,
    GatewayUnreachable,
    InvalidFile,
    NotAuthorized,
    NotFound,
    PagentsError,
)
from parallel_agents.gateway_client.refusals import refusal_of
from parallel_agents.surfaces.gateway.problems import problem_of


def problem(code: str, title: object = "no", **more: object) -> bytes:
    return orjson.dumps({"code": code, "title": title, **more})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, problem("PA-E104"), NotFound),
        (401, problem("PA-E383"), NotAuthorized),
        (404, problem("PA-E388"), GatewayMismatch),
        (500, problem("PA-E999"), GatewayMismatch),
        (404, problem("PA-E104", title=5), GatewayMismatch),
        (200, b"<html>", GatewayMismatch),
        (302, b"", GatewayMismatch),
        (403, b"[1]", GatewayMismatch),
        (502, b"<html>", GatewayUnreachable),
    ],
)
def test_an_answer_stands_for_an_error(status: int, body: bytes, kind: type[PagentsError]) -> None:
    assert type(refusal_of("https://box", status, body)) is kind


def test_all_that_is_wrong_with_a_file_arrives() -> None:
    first = InvalidFile("team.yaml:1: a", why="b", hint="c", line=1)
    first.others = (InvalidFile("team.yaml:3: d", hint="e", line=3),)
    body = orjson.dumps(problem_of(first, HTTPStatus.UNPROCESSABLE_ENTITY))

    found = refusal_of("https://box", 422, body)

    assert isinstance(found, InvalidFile)
    assert [(each.line, each.in_a_sentence) for each in (found, *found.others)] == [
        (1, "team.yaml:1: a; b; c"),
        (3, "team.yaml:3: d; e"),
    ]


@pytest.mark.parametrize("findings", [7, [7, None], [{"line": "x"}], [{}]])
def test_findings_of_another_form_are_no_harm(findings: object) -> None:
    found = refusal_of("https://box", 422, problem("PA-E103", findings=findings))

    assert isinstance(found, InvalidFile)
    assert found.line == 0


def test_what_a_gateway_says_has_no_control_characters_and_an_end() -> None:
    found = refusal_of("https://box", 404, problem("PA-E104", title="\x1b[2Jx" * 10_000))

    assert found.message.startswith(" [2Jx")
    assert len(found.message) == 2000
