"""One value is put into a text and taken out again, and every other character stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from parallel_agents.surfaces.plugins.json_reading import JsonMistake
from parallel_agents.surfaces.plugins.json_text import (
    depth_of,
    value_at,
    with_value,
    without_value,
)

STEPS = ("mcpServers", "ours")
ENTRY = {"command": "/bin/pagents", "args": ["mcp"]}
NAMES = st.sampled_from(["a", "mcpServers", "ü", "other"])


def put_and_take(text: str) -> str:
    made = max(0, 1 - depth_of(text, STEPS))
    put = with_value(text, STEPS, ENTRY)
    assert value_at(put, STEPS) == ENTRY
    return without_value(put, STEPS, made=made)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a":1}',
        '{\n  "a": 1\n}\n',
        '{\n  "a": 1, // note\n}\n',
        '{\n  "a": 1 // note\n}\n',
        '{\n\t"mcpServers": {\n\t\t"o": {}\n\t},\n\t"b": 2\n}',
        '{\n  "mcpServers": {}\n}\n',
        '{ "mcpServers": { "x": 1 } }',
        "// c\n{mcpServers: {x: 0xff, /* k */}, y: 's'}\n",
        '\ufeff{\r\n  "a": 1\r\n}\r\n',
        "{\n  // only a comment\n}\n",
    ],
)
def test_a_text_is_as_it_was_once_the_entry_is_gone(text: str) -> None:
    assert put_and_take(text) == text


@given(
    st.dictionaries(NAMES, st.integers() | st.dictionaries(NAMES, st.text(), max_size=2)).filter(
        lambda root: isinstance(root.get("mcpServers", {}), dict)
    ),
    st.sampled_from([None, 2, "\t"]),
)
def test_any_json_is_as_it_was_once_the_entry_is_gone(
    root: dict[str, object], indent: int | str | None
) -> None:
    text = json.dumps(root, indent=indent)

    assert put_and_take(text) == text


def test_the_entry_is_written_in_the_style_of_its_file() -> None:
    text = '{\n    "mcpServers": {\n        "x": {}\n    } // servers\n}\n'

    assert with_value(text, STEPS, {"command": "p"}) == (
        '{\n    "mcpServers": {\n        "x": {},\n        "ours": {\n'
        '            "command": "p"\n        }\n    } // servers\n}\n'
    )


def test_an_entry_that_is_there_is_replaced_where_it_is() -> None:
    text = '{"mcpServers": {"ours": {"command": "old"}, "x": 1}}'

    assert with_value(text, STEPS, {}) == '{"mcpServers": {"ours": {}, "x": 1}}'


def test_an_object_that_others_use_stays() -> None:
    text = '{"mcpServers": {"ours": {}, "x": 1}}'

    assert without_value(text, STEPS, made=1) == '{"mcpServers": { "x": 1}}'
    assert without_value("{}", STEPS, made=1) == "{}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            '{\n"mcpServers": []}',
            "line 2, column 15: ours cannot be found in what is not an object",
        ),
        ('{"mcpServers": {},\n"mcpServers": {}}', "line 2, column 1: mcpServers is there twice"),
    ],
)
def test_a_path_that_leads_nowhere_for_sure_is_refused(text: str, why: str) -> None:
    with pytest.raises(JsonMistake) as refused:
        with_value(text, STEPS, ENTRY)

    assert str(refused.value) == why
