"""JSON5 is read with the place of each value, and a mistake names its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from parallel_agents.surfaces.plugins.json_reading import JsonMistake, plain, read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]))
def test_whatever_json_is_written_is_read_as_it_was(value: object, indent: int | None) -> None:
    assert plain(read(json.dumps(value, indent=indent))) == value


def test_json5_is_read_too() -> None:
    text = "// top\n{a: 'it\\'s', $b: 0x1F, /* c */ \"d\": [1, .5, Infinity,], e: true,}\n"

    value = plain(read(text))

    assert value == {"a": "it's", "$b": "0x1F", "d": [1, ".5", float("inf")], "e": True}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1\n "b": 2}', "line 2, column 2: a `,` or `}` is missing here"),
        ('{"a" 1}', "line 1, column 6: a `:` is missing here"),
        ('{"a": "b\n}', "line 1, column 7: this string does not end"),
        ("{} {}", "line 1, column 4: more follows the value"),
        ("{a: tru}", "line 1, column 5: tru is not a value"),
        ("", "line 1, column 1: a value is missing here"),
        ("[" * 300, "line 1, column 201: there are more than 200 levels"),
        ("{/* a", "line 1, column 2: a name or `}` is missing here"),
    ],
)
def test_a_mistake_names_its_line(text: str, why: str) -> None:
    with pytest.raises(JsonMistake) as refused:
        read(text)

    assert str(refused.value) == why
