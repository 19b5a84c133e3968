"""Given: what does not have its form is refused, and the refusal names it."""

from __future__ import annotations

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.gateway.bodies import SpawnBody
from parallel_agents.surfaces.gateway.given import PageQuery, part_of, read_body, read_query
from parallel_agents.surfaces.gateway.problems import Refusal


def test_a_query_gives_values() -> None:
    assert read_query(PageQuery, b"limit=3&after=a%3Ab") == PageQuery(limit=3, after="a:b")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (b"limt=3", "limt"),
        (b"limit=0", "limit"),
        (b"limit=501", "limit"),
        (b"limit=x", "limit"),
        (b"limit=1&limit=2", "given twice"),
    ],
)
def test_a_query_of_another_form_is_refused(query: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_query(PageQuery, query)

    assert told in refused.value.message


def test_a_misspelt_name_is_told() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_query(PageQuery, b"limt=3")

    assert "'limit'" in refused.value.hint


@pytest.mark.parametrize("query", [b"after=%ff", b"&".join([b"a=1"] * 60), b"\xff"])
def test_a_query_that_cannot_be_read_is_refused(query: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_query(PageQuery, query)

    assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"a": NaN', b"nul"])
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_body(SpawnBody, body)

    assert refused.value.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"x"',
        b'{"agent": 5}',
        b'{"budget_usd": "5"}',
        b'{"budget_usd": -1}',
        b'{"command": "rm"}',
        b'{"priority": 1.5}',
        b'{"tags": "x"}',
        b'{"text": "\\ud800"}',
    ],
)
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises((InvalidInput, Refusal)):
        read_body(SpawnBody, body)


def test_a_body_names_no_code_no_command_and_no_folder() -> None:
    assert not {"code", "command", "workspace", "cwd", "sandbox", "notify"} & set(
        SpawnBody.model_fields
    )


@pytest.mark.parametrize(
    ("after", "part", "following"),
    [("", "ab", "2"), ("2", "cd", "4"), ("4", "e", ""), ("5", "", ""), ("99", "", "")],
)
def test_a_numbered_list_is_given_in_parts(after: str, part: str, following: str) -> None:
    found, cursor = part_of([*"abcde"], PageQuery(limit=2, after=after))

    assert ("".join(found), cursor) == (part, following)


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "1" * 10])
def test_a_cursor_that_no_answer_had_is_refused(after: str) -> None:
    with pytest.raises(InvalidInput, match="after is"):
        part_of([*"abc"], PageQuery(after=after))
