from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.schema import Json
from parallel_agents.core.template import (
    Misread,
    fill,
    fill_text,
    names_in,
    paths_in,
    texts_in,
    written,
)

VALUES: dict[str, Json] = {"topic": "gyms", "features": ["auth", "tasks"], "count": 3}


def test_a_placeholder_inside_a_text_becomes_the_text_of_its_value() -> None:
    filled = fill_text("${count} posts on ${topic} with ${features}, $$5", VALUES)

    assert filled == '3 posts on gyms with ["auth","tasks"], $5'


def test_a_text_that_is_a_placeholder_becomes_the_value_itself() -> None:
    template: Json = {"a": "${features}", "b": ["${count}", {"c": "x ${count}"}], "d": 1.5}

    assert fill(template, VALUES) == {"a": ["auth", "tasks"], "b": [3, {"c": "x 3"}], "d": 1.5}


def test_what_a_value_contains_is_not_filled_again() -> None:
    assert fill_text("about ${topic}", {"topic": "${topic} $$"}) == "about ${topic} $$"


def test_names_are_found_once_each() -> None:
    assert names_in("${a} ${b} ${a} $$c") == ["a", "b"]


@pytest.mark.parametrize("text", ["$5", "a $", "${", "${a-b}", "${}"])
def test_a_dollar_that_does_not_begin_a_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dollar"):
        names_in(text)


def test_texts_are_found_with_the_steps_that_lead_to_them() -> None:
    value: Json = {"a": "x", "b": [1, {"c": "y"}]}

    assert list(texts_in(value, ("top",))) == [(("top", "a"), "x"), (("top", "b", "1", "c"), "y")]


@given(st.text())
def test_a_text_with_its_dollars_doubled_comes_back_as_it_was(text: str) -> None:
    assert fill_text(text.replace("$", "$$"), {}) == text


RESULTS: dict[str, Json] = {"tasks": {"a": {"output": {"items": ["x", {"n": 1}], "b c": None}}}}


def test_a_path_reads_fields_and_items_of_values() -> None:
    text = '${tasks.a.output.items[0]} <${tasks.a.output["b c"]}> <${tasks.a.output.items[9]}>'

    assert fill_text(text, RESULTS) == "x <> <>"
    assert fill("${tasks.a.output.items[1].n}", RESULTS) == 1
    assert fill("${tasks.a.output.gone.more}", RESULTS) is None


@pytest.mark.parametrize(
    "path", ["tasks.a.output.items.x", "tasks[0]", "tasks.a.output.items[0].y"]
)
def test_a_part_that_a_value_cannot_have_is_told(path: str) -> None:
    with pytest.raises(Misread, match="has no"):
        fill(f"${{{path}}}", RESULTS)


def test_paths_are_written_as_they_are_read() -> None:
    written_paths = ["a", "a.b[0].c", 'a["b c"].d']

    assert [written(path) for text in written_paths for path in paths_in(f"${{{text}}}")] == (
        written_paths
    )


def test_a_name_has_no_path() -> None:
    with pytest.raises(ValueError, match="dollar"):
        names_in("${a.b}")
