"""Results: every kind of content has words, and no size is too large."""

from __future__ import annotations

import pytest

from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.mcp_client.results import tool_text

TEXT = {"type": "text", "text": "tea"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([TEXT, {"type": "text", "text": "cup"}], "tea\ncup"),
        ([{"type": "image", "data": "AAAA", "mimeType": "image/png"}], "[image image/png, 3 bytes, which is not shown]"),
        ([{"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}], "[audio audio/wav, 3 bytes, which is not shown]"),
        ([{"type": "resource_link", "uri": "file:///a", "name": "a"}], "[link a file:///a]"),
        ([{"type": "resource", "resource": {"uri": "x:1", "text": "tea"}}], "[resource x:1]\ntea"),
        ([{"type": "resource", "resource": {"uri": "x:1", "blob": "AAAA"}}], "[resource x:1, 3 bytes, which is not shown]"),
        ([{"type": "hologram"}], "[a part of the type 'hologram', which is not shown]"),
        ([TEXT, None, 5, "x", {"type": "resource"}], "tea"),
        ([], "[The tool returned nothing.]"),
        (None, "[The tool returned nothing.]"),
        ("tea", "[The tool returned nothing.]"),
    ],
)  # fmt: skip
def test_every_kind_of_content_is_told(content: Json, told: str) -> None:
    assert tool_text({"content": content}).text == told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], '{"a":1}'),
        ([TEXT], "tea"),  # which repeats it
        (
            [{"type": "image", "data": "AAAA", "mimeType": "image/png"}],
            '[image image/png, 3 bytes, which is not shown]\n{"a":1}',
        ),
    ],
)
def test_structured_content_is_told_where_no_text_is(content: Json, told: str) -> None:
    assert tool_text({"content": content, "structuredContent": {"a": 1}}).text == told


@pytest.mark.parametrize(
    ("result", "is_error"),
    [({"isError": True}, True), ({"isError": False}, False), ({}, False), ({"isError": 1}, False)],
)
def test_an_error_is_known_as_one(result: JsonObject, is_error: bool) -> None:
    assert tool_text(result).is_error is is_error


def test_a_long_result_is_cut_with_a_mark() -> None:
    text = tool_text({"content": [{"type": "text", "text": "x" * 5_000_000}]}).text

    assert len(text) < 1_001_000
    assert "4,000,000 of 5,000,000 characters left out here" in text


def test_many_parts_are_bounded() -> None:
    text = tool_text({"content": [TEXT] * 20_000}).text

    assert text.endswith("[10,000 more parts are left out here]")
