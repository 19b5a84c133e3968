"""Keys and values of the state: what is none is refused with words that say where it belongs."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import (
    MOST_KEY_CHARACTERS,
    MOST_VALUE_BYTES,
    check_key,
    encoded_value,
)
from parallel_agents.errors import InvalidInput

DEEP: Json = orjson.loads("[" * 200 + "]" * 200)


@pytest.mark.parametrize("key", ["a", "0", "results/monday.1:x_y-z", "k" * MOST_KEY_CHARACTERS])
def test_keys(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    "key",
    ["", " ", "a b", "/a", "..", "ä", "a\n", "a\0", "%", "k" * (MOST_KEY_CHARACTERS + 1), "\ud800"],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="not a key"):
        check_key(key)


def test_a_value_of_the_most_bytes_is_taken() -> None:
    assert len(encoded_value("x" * (MOST_VALUE_BYTES - 2))) == MOST_VALUE_BYTES


def test_a_larger_value_is_sent_to_an_artifact() -> None:
    with pytest.raises(InvalidInput) as refused:
        encoded_value("x" * MOST_VALUE_BYTES)

    assert "65,538 bytes" in refused.value.message
    assert "artifact_put" in refused.value.hint


@pytest.mark.parametrize(
    "value", [float("nan"), [{"a": float("inf")}], "\ud800", 2**70, {1: 2}, {"a": object()}, DEEP]
)
def test_what_is_not_json_is_refused(value: Json) -> None:
    with pytest.raises(InvalidInput, match="cannot be stored"):
        encoded_value(value)


@pytest.mark.parametrize("value", [None, [None, 1.5], "NaN", {"a": [True, "null"]}])
def test_json_is_taken_as_it_is(value: Json) -> None:
    encoded_value(value)
