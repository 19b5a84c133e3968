"""Rows are sent as lines, with the contents of the files that they name, and keep their places."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given, strategies as st

from parallel_agents.errors import InvalidInput
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.sending import Sending
from parallel_agents.maps.source import Format, Source, find_source
from parallel_agents.maps.template import Template, as_text


def _request(source: Source, limit: int | None = None) -> MapRequest:
    return MapRequest(agent="mood", text="", source=source, out="out.jsonl", limit=limit)


def test_each_row_is_on_the_line_that_it_has_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('id,text\n1,"two\nlines"\n2,b\n\n3,c\n')
    sending = Sending.of(_request(find_source(("rows.csv",), None, tmp_path)), "{text}", {})

    lines = b"".join(sending.lines()).split(b"\n")

    places = {number: orjson.loads(line) for number, line in enumerate(lines, 1) if line}
    assert places == {
        2: {"id": "1", "text": "two\nlines"},
        4: {"id": "2", "text": "b"},
        6: {"id": "3", "text": "c"},
    }
    assert (sending.text, sending.contents, sending.label) == ("{text}", {}, "")


def test_a_file_that_a_row_names_is_sent_in_a_column_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("{Tea}")
    rows = '{"path": "a.txt", "@path": "mine"}\n{"path": "none.txt"}\n'
    (tmp_path / "rows.jsonl").write_text(rows)
    request = _request(find_source(("rows.jsonl",), None, tmp_path))

    sending = Sending.of(request, "{{x}} me@@{path}: @{path}", {"code": "@{path}", "n": "{path}"})
    lines = sending.lines()

    assert sending.text == "{{x}} me@@{path}: {@@path}"
    assert sending.inputs == {"code": "{@@path}", "n": "{path}"}
    assert orjson.loads(next(lines)) == {"path": "a.txt", "@path": "mine", "@@path": "{Tea}"}
    with pytest.raises(InvalidInput, match=r"rows\.jsonl, line 2: the file 'none\.txt'"):
        next(lines)


def test_files_that_are_rows_are_called_by_their_names_and_bounded(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    source = Source(format=Format.FILES, paths=("*.txt",), folder=str(tmp_path))

    sending = Sending.of(_request(source, limit=2), "@{path}", {})

    assert sending.label == "path"
    assert sending.hidden == ["@path", "@known by"]
    assert [orjson.loads(line)["@path"] for line in sending.lines()] == ["a", "b"]


@given(st.lists(st.sampled_from(["{", "}", "@", "x", "V", "C"]), max_size=12))
def test_a_template_without_files_says_the_same(pieces: list[str]) -> None:
    doubled = {"{": "{{", "}": "}}", "V": "{v}", "C": "@{c}"}
    text = "".join(doubled.get(each, each) for each in pieces)
    template = Template.parse(text, where="it")
    values = {"v": "value", "c": "name", "@c": "content", "@v": "content"}

    rewritten = Template.parse(template.with_contents({"c": "@c", "v": "@v"}), where="it")

    expected = template.filled(values, lambda _: "content")
    assert rewritten.filled(values, as_text) == expected
