from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.inputs import given_text, read_inputs

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "tags": {"type": "array"},
        "note": {"type": ["string", "null"]},
        "any": True,
    },
}


def test_values_are_text_where_the_schema_takes_text_and_json_elsewhere() -> None:
    given = ["name=3", "count=3", 'tags=["a"]', "note=null", "any=4", "unknown=5"]

    assert read_inputs(given, {**SCHEMA, "additionalProperties": True}) == {
        "name": "3",
        "count": 3,
        "tags": ["a"],
        "note": "null",
        "any": "4",
        "unknown": "5",
    }


@pytest.mark.parametrize("text", ["no such file", "x" * 5000, "a\0b"])
def test_a_path_that_stands_for_its_file_is_told_and_no_other_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Tea.")

    assert read_inputs([f"name={file}", f"note={text}"], SCHEMA) == {
        "name": str(file),
        "note": text,
    }
    told = " ".join(capsys.readouterr().err.split())
    assert "Note: name is the path " in told
    assert "write -i name=@" in told
    assert "note" not in told


def test_a_name_is_refused_too_where_a_schema_has_choices_of_what_it_requires() -> None:
    choice: JsonObject = {**SCHEMA, "anyOf": [{"required": ["name"]}, {"required": ["count"]}]}
    open_choice: JsonObject = {**SCHEMA, "anyOf": [{"properties": {"nam": {"type": "string"}}}]}

    with pytest.raises(InvalidInput, match="no input is called 'nam'"):
        read_inputs(["nam=x"], choice)
    assert read_inputs(["nam=x"], open_choice) == {"nam": "x"}


def test_without_a_schema_values_are_text() -> None:
    assert read_inputs(["count=3"], None) == {"count": "3"}
    assert read_inputs(None, None) == {}


def test_a_value_may_hold_an_equals_sign_and_be_empty() -> None:
    assert read_inputs(["name=a=b", "note="], SCHEMA) == {"name": "a=b", "note": ""}


def test_two_at_signs_are_one() -> None:
    assert read_inputs(["name=@@ana @@x"], SCHEMA) == {"name": "@ana @@x"}


@pytest.mark.parametrize(
    ("pair", "lacks"), [("Monday", "no ="), ("=Monday", "no name"), ("", "no =")]
)
def test_a_pair_needs_a_name_and_an_equals_sign(pair: str, lacks: str) -> None:
    with pytest.raises(InvalidInput, match=f"has {lacks}"):
        read_inputs([pair], SCHEMA)


def test_what_is_no_json_is_refused_with_an_example() -> None:
    with pytest.raises(InvalidInput, match="--input tags is not JSON: 'a,b'") as refused:
        read_inputs(["tags=a,b"], SCHEMA)

    assert refused.value.why == "tags is a list, which is written as JSON"
    assert """--input tags='["a", "b"]'""" in refused.value.hint


def test_a_list_of_objects_has_an_example_of_one_and_no_folder() -> None:
    item: JsonObject = {"type": "object", "properties": {"title": {}}, "required": ["title"]}
    schema: JsonObject = {"properties": {"books": {"type": "array", "items": item}}}

    with pytest.raises(InvalidInput) as refused:
        read_inputs(["books=a"], schema)

    hint = """write --input books='[{"title": "..."}]', or books=@FILE with it in a file"""
    assert refused.value.hint == hint


@pytest.mark.parametrize("typed", ["essays", "essays/*.md"])
def test_where_a_list_is_wanted_each_file_of_a_folder_or_a_pattern_is_an_item(
    typed: str, tmp_path: Path
) -> None:
    (tmp_path / "essays").mkdir()
    for name in ("a.md", "b.md"):
        (tmp_path / "essays" / name).write_text(f"This is {name}.\n")
    schema = {"properties": {"list": {"type": "array", "items": {"type": "string"}}}}

    found = read_inputs([f"list=@{tmp_path / typed}"], schema)["list"]

    assert isinstance(found, list)
    assert ["This is a.md." in str(found[0]), "This is b.md." in str(found[1])] == [True, True]


def test_an_input_is_not_given_twice() -> None:
    with pytest.raises(InvalidInput, match="--input name is given twice"):
        read_inputs(["name=a", "name=b"], SCHEMA)


def test_a_dash_is_what_stdin_has_without_its_last_line_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Größe\n\n".encode())))

    assert given_text("-") == "Größe\n"


@pytest.mark.parametrize("text", ["--", "- a", "hello", None])
def test_any_other_text_is_as_it_was_typed(text: str | None) -> None:
    assert given_text(text) == text


def test_what_stdin_has_is_bounded_and_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"x" * 4_000_001, b"\xff"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

        with pytest.raises(InvalidInput):
            given_text("-")


def test_a_name_that_the_schema_does_not_list_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no input is called 'nmae'"):
        read_inputs(["nmae=3"], SCHEMA)


def test_stdin_is_read_for_one_argument_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a text")))

    assert read_inputs(["name=@-"], SCHEMA) == {"name": "a text"}
    with pytest.raises(InvalidInput, match="stdin was read before") as refused:
        given_text("-")

    assert refused.value.hint == "name a file for all but one: -f FILE, --input NAME=@FILE"


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_inputs(["nmae=x"], SCHEMA)

    assert refused.value.hint == "did you mean 'name'?"
