"""The fields of an error are found in any JSON, and in the JSON of its texts, within bounds."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.models.failures.fields import Field, fields_of, parse_body


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b' \n\n{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 1}\ndata: [DONE]', {"a": 1}),
        (b'{"a": 1}\n{"b": 2}', {"a": 1}),
        (b'event: error\ndata: {"a": 1}\n\n', {"a": 1}),
        (b': hello\n\ndata: {"a": 1}\n\n', {"a": 1}),
        (b'{"a": 1', '{"a": 1'),
        (b"no JSON", "no JSON"),
        (b"caf\xe9", "caf\ufffd"),
        (b"", ""),
    ],
)
def test_a_body_is_json_wherever_it_can_be(body: bytes, value: Json) -> None:
    assert parse_body(body) == value


def test_numbers_that_json_lacks_do_not_spoil_the_rest() -> None:
    value = parse_body(b'{"error": "no", "loss": NaN}')

    assert isinstance(value, dict)
    assert value["error"] == "no"


@pytest.mark.parametrize(
    "text",
    [
        '{"error": {"message": "why"}}',
        'gateway: {"error": {"message": "why"}}',
        "gateway: {'error': {'message': 'why', 'param': None, 1: 2}}",
        'gateway: [{"error": {"message": "why"}}]',
        '"{\\"error\\": {\\"message\\": \\"why\\"}}"',
    ],
)
def test_an_error_inside_of_a_text_replaces_the_text(text: str) -> None:
    assert Field("message", "why") in [*fields_of({"error": {"message": text}})]


@pytest.mark.parametrize(
    "text",
    [
        'the schema {"type": "string"} is not allowed',
        "it wants [1, 2] and not {'a'}",
        "x" * 301 + '{"error": {"message": "why"}}',
        "{'error': open('/etc/passwd')}",
    ],
)
def test_a_text_that_merely_holds_braces_stays(text: str) -> None:
    assert Field("message", text) in [*fields_of({"message": text})]


def test_fields_are_bounded_in_number_and_depth() -> None:
    deep: Json = "end"
    for _ in range(50):
        deep = {"error": deep}

    assert [*fields_of(deep)] == []
    assert len([*fields_of({"message": [{"code": n} for n in range(1000)]})]) == 300
