"""Arguments are read as far as it is sure what the model meant, and refused beyond that."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.models.reading.values import read_arguments, read_lenient
from parallel_agents.models.shapes import ShapeError

PARIS = '{"city": "Paris"}'


@pytest.mark.parametrize(
    "text",
    [
        PARIS,
        '"{\\"city\\": \\"Paris\\"}"',
        "{}" + PARIS,
        PARIS + PARIS,
        PARIS + "</tool_call>",
        f"```json\n{PARIS}\n```",
        f"Calling it: {PARIS}",
        f"[{PARIS}]",
        "{'city': 'Paris'}",
        "{city: 'Paris'}",
        "{'city': Paris}",
        '{"city": "Paris",}',
    ],
)
def test_one_city_is_meant(text: str) -> None:
    assert read_arguments(text) == {"city": "Paris"}


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "None", '""', '"{}"'])
def test_nothing_is_an_empty_object(text: str) -> None:
    assert read_arguments(text) == {}


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"text": "one\ntwo\tthree"}', {"text": "one\ntwo\tthree"}),
        ("{'a': True, 'b': None}", {"a": True, "b": None}),
        ('{"a": {"b": 1}', {"a": {"b": 1}}),
        ('{"text": "Hi \\ud83d"}', {"text": "Hi \ufffd"}),
        ('{"path": "C:\\Users"}', {"path": "C:\\Users"}),
    ],
)
def test_slips_are_mended(text: str, arguments: Json) -> None:
    assert read_arguments(text) == arguments


@pytest.mark.parametrize(
    "text",
    [
        "city=Paris",
        '{"city": "Par',
        '{"a": {"city": "Pa',
        "[1, 2]",
        "7",
        "{" * 100_000,
        "x" * 1_000_001,
    ],
)
def test_what_breaks_off_or_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(ShapeError):
        read_arguments(text)


@pytest.mark.parametrize("data", [b'{"a": NaN}', b'\xef\xbb\xbf{"a": 1}', b'{"a": "\\ud83d"}'])
def test_json_that_a_strict_parser_refuses_is_read(data: bytes) -> None:
    assert isinstance(read_lenient(data), dict)


@pytest.mark.parametrize("data", [b"", b"<html>", b"[" * 200_000])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_lenient(data)
