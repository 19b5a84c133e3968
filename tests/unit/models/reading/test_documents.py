"""The values of a response are found whatever form it has."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.models.reading.documents import (
    DONE,
    is_json_start,
    read_document,
    read_event,
)


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b'{"a": 1}', [{"a": 1}]),
        (b'\n\n{"a": 1}', [{"a": 1}]),
        (b'\xef\xbb\xbf{"a": 1}', [{"a": 1}]),
        (b'{"a": 1}\n\ndata: [DONE]\n\n', [{"a": 1}, DONE]),
        (b'{"type": "ping"}\n\ndata: {"a": 1}\n\n', [{"type": "ping"}, {"a": 1}]),
        (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (b'data: {"a": 1}\n\ndata: [DONE]\n\n', [{"a": 1}, DONE]),
        (b': ping\n\ndata: {"a": 1}', [{"a": 1}]),
        (b"", []),
    ],
)
def test_values_are_read_from_any_form(data: bytes, values: list[Json]) -> None:
    assert list(read_document(data)) == values


@pytest.mark.parametrize("data", [b"<html>", b"no", b'{"a": ', b"[" * 200_000])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(read_document(data))


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"[DONE]", [DONE]),
        (b'{"a": 1}', [{"a": 1}]),
        (b'{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\n[DONE]', [{"a": 1}, DONE]),
    ],
)
def test_an_event_may_hold_several_lines(data: bytes, values: list[Json]) -> None:
    assert list(read_event(data)) == values


@pytest.mark.parametrize(
    ("start", "is_json"),
    [
        (b"", None),
        (b" \r\n", None),
        (b' {"a"', True),
        (b"[", True),
        (b"data:", False),
        (b":", False),
    ],
)
def test_the_start_tells_the_form(start: bytes, is_json: bool | None) -> None:
    assert is_json_start(start) is is_json
