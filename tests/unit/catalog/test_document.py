from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from parallel_agents.catalog.document import Document, parse_document
from parallel_agents.catalog.source import Source
from parallel_agents.errors import InvalidFile

FILE = Path("team.yaml")


def document(text: str, *, first_line: int = 1) -> Document:
    return parse_document(Source(FILE, text, first_line=first_line))


def refusal(text: str) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        document(text)
    return caught.value


def marked_line(text: str) -> int:
    """The line that carries the comment `# here`."""
    return next(n for n, line in enumerate(text.split("\n"), 1) if "# here" in line)


def test_each_value_of_yaml_becomes_the_json_that_it_looks_like() -> None:
    text = "text: a b\nyes_or_no: [true, False]\nnothing: [null, ~]\nnumbers: [-3, 0.5]\nquoted: 'no'\n"

    content = document(text).content

    assert content == {
        "text": "a b",
        "yes_or_no": [True, False],
        "nothing": [None, None],
        "numbers": [-3, 0.5],
        "quoted": "no",
    }


def test_a_value_is_found_on_the_line_of_its_key_and_a_list_item_on_its_own() -> None:
    text = "a:\n  b:\n    - x\n    - c: |\n        long\n        text\n      d: {e: 1}\n"

    lines = document(text).lines

    assert lines[("a",)] == 1
    assert lines[("a", "b")] == 2
    assert lines[("a", "b", "0")] == 3
    assert lines[("a", "b", "1")] == 4
    assert lines[("a", "b", "1", "c")] == 4
    assert lines[("a", "b", "1", "d", "e")] == 7


def test_a_missing_value_has_the_line_of_its_parent() -> None:
    found = document("a:\n  b:\n    c: 1\n")

    assert found.line(("a", "b", "x", "y")) == 2
    assert found.line(("x",)) == 1


def test_lines_count_from_where_the_text_begins_in_its_file() -> None:
    found = document("a: 1\nb: 2\n", first_line=2)

    assert found.line(("b",)) == 3
    assert found.line(()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3  # here\n", "'a' appears twice"),
        ("a:\n  b: 1\n  c:\n    b: 2\n    b: 3  # here\n", "'b' appears twice"),
        ("a: &x 1\nb: *x  # here\n", "the alias *x is not allowed"),
        ("a: &x\n  b: *x  # here\n", "the alias *x is not allowed"),
        ("a: 1\nb: !!python/object:os.system {}  # here\n", "is not allowed"),
        ("a: !!int '3'  # here\n", "is not allowed"),
        ("a: 1\n<<: {b: 2}  # here\n", "YAML reads it as merge"),
        ("a: 1\nb: 2024-01-31  # here\n", "YAML reads it as timestamp"),
        ("a: 1\nb: no  # here\n", "YAML reads it as bool"),
        ("a:\n  - true\n  - On  # here\n", "YAML reads it as bool"),
        ("a: 1:30  # here\n", "YAML reads it as int"),
        ("a: 0x1f  # here\n", "YAML reads it as int"),
        ("a: 01234  # here\n", "YAML reads it as int"),
        ("a: -007  # here\n", "YAML reads it as int"),
        ("a: 0755  # here\n", "YAML reads it as int"),
        ("a: 0_1  # here\n", "YAML reads it as int"),
        ("a: 01.50  # here\n", "YAML reads it as float"),
        ("a: 18446744073709551616  # here\n", "YAML reads it as int"),
        (f"a: {'9' * 5000}  # here\n", "YAML reads it as int"),
        ("a: .inf  # here\n", "YAML reads it as float"),
        ("a: .nan  # here\n", "YAML reads it as float"),
        ('a: "\\0"  # here\n', "a control character"),
        ("a: 1\n1: b  # here\n", "the key is not text"),
        ("a: 1\n? [b, c]  # here\n: d\n", "the key is not text"),
        ("on: push  # here\n", "'on' is not allowed"),
        ("a: 1\nb: c: d  # here\n", "mapping values are not allowed"),
        ("a: 1\n\tb: 2  # here\n", "found a tab character"),
        ("a: 1\n--- # here\nb: 2\n", "another document"),
        ("- a  # here\n- b\n", "the file has no fields"),
        ("just words  # here\n", "the file has no fields"),
    ],
)
def test_anything_but_plain_yaml_is_refused_on_its_line(text: str, message: str) -> None:
    error = refusal(text)

    assert error.message.startswith(f"{FILE}:{marked_line(text)}: ")
    assert message in error.message
    assert error.hint


def test_a_list_is_told_which_field_it_is_to_be_under() -> None:
    with pytest.raises(InvalidFile) as refused:
        parse_document(Source(FILE, "- a\n"), list_field="agents")

    assert refused.value.hint == "write `agents:` on a line above the list"


def test_an_empty_text_has_no_fields() -> None:
    assert "team.yaml:1: the file has no fields" in refusal("").message


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
def test_a_text_that_nests_without_end_is_refused_instead_of_crashing_the_parser(
    opening: str,
) -> None:
    error = refusal("a:\n  " + opening * 50_000)

    # A newer libyaml has a bound of its own for flow collections, and meets it first.
    assert re.search(r"more than 50 levels|maximum nesting depth", error.message)


def test_aliases_cannot_expand_a_small_text() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]

    error = refusal("\n".join(rows))

    assert error.message == "team.yaml:2: the alias *a0 is not allowed"


@pytest.mark.slow
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    told = ""

    try:
        document(text)
    except InvalidFile as error:
        told = error.message

    assert told == "" or told.startswith(f"{FILE}:")
