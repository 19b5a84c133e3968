"""Each row has its task, and a key by which it is known again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.filling import Filled, Filling
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.row import Row
from parallel_agents.maps.source import TEXT_OF_FILE, Format, Source


def filled(
    *rows: dict[str, Json], folder: Path = Path("/"), label: str = "", **options: Any
) -> list[Filled]:
    source = Source(format=Format.JSONL, paths=("data.jsonl",), folder=str(folder), label=label)
    asked: dict[str, Any] = {"agent": "writer", "text": "About {a}", **options}
    request = MapRequest(source=source, out="/out.jsonl", **asked)
    numbered = [Row(n, n + 1, values) for n, values in enumerate(rows, start=1)]
    return list(Filling(request, None).filled(numbered))


def test_a_row_is_known_by_what_is_asked_wherever_it_stands() -> None:
    first, second = filled({"a": "x", "b": 1}, {"a": "y"})
    other, again = filled({"a": "y"}, {"a": "x", "b": 2})

    assert first.task.text == "About x"
    assert first.key == again.key
    assert second.key == other.key
    assert first.key != second.key


def test_rows_that_ask_for_the_same_are_told_apart_by_their_number() -> None:
    first, second, third = filled({"a": "x"}, {"a": "x"}, {"a": "x"})

    assert second.key == f"{first.key}~2"
    assert third.key == f"{first.key}~3"


def test_a_column_can_be_the_key() -> None:
    (one,) = filled({"a": "x", "id": 7}, key="id")

    assert one.key == "row/7"
    assert one.task.label == "7"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [{"a": "x", "id": 7}, {"a": "y", "id": 7}],
            "data.jsonl, line 3: the key '7' is used again",
        ),
        ([{"a": "x", "id": " "}], "data.jsonl, line 2: '' is not a key"),
        ([{"a": "x", "id": "b/retry-2"}], "is not a key"),
        ([{"a": "x"}], "data.jsonl, line 2 has no column 'id'"),
    ],
)
def test_a_column_that_does_not_identify_the_rows_is_refused(
    rows: list[dict[str, Json]], told: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        filled(*rows, key="id")

    assert told in raised.value.message


def test_inputs_are_values_texts_and_contents(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("\ufeffHello")

    (one,) = filled(
        {"a": [1], "n": "5", "path": "note.txt"},
        folder=tmp_path,
        inputs={"list": "{a}", "count": "{n}", "text": "n: {n}", "file": "@{path}"},
        literals={"style": "short"},
        json_inputs=("list", "count"),
    )

    assert one.task.values == {
        "style": "short",
        "list": [1],
        "count": 5,
        "text": "n: 5",
        "file": "Hello",
    }


def test_a_row_that_is_a_file_is_called_by_its_path_which_no_other_has() -> None:
    deep = "/".join(["folder"] * 20)
    paths = ["/w/a/x.md", "/w/b/x.md", "a-x/y.md", "a/x-y.md", "@t/z.md", "/other/x.md"]
    given: list[dict[str, Json]] = [
        {"path": path} for path in (*paths, f"a/{deep}/x.md", f"b/{deep}/x.md")
    ]

    rows = filled(*given, folder=Path("/w"), text="{path}", label="path")

    labels = [each.task.label or "" for each in rows]
    assert labels[:6] == ["a/x.md", "b/x.md", "a-x/y.md", "a/x-y.md", "./@t/z.md", "/other/x.md"]
    assert all(label.startswith("…") and "folder/x.md~" in label for label in labels[6:])
    assert max(map(len, labels)) <= 100
    assert len(set(labels)) == len(labels)


def test_an_input_that_is_not_json_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInput, match=r"line 2: the input n is not JSON: 'x'"):
        filled({"a": "x"}, inputs={"n": "{a}"}, json_inputs=("n",))


def test_a_file_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\xff")

    os.mkfifo(tmp_path / "pipe")

    for path, told in {
        "missing.txt": "the file 'missing.txt' cannot be read",
        "photo.png": "photo.png is not UTF-8",
        "pipe": "the file 'pipe' cannot be read",
        "": "the file '' cannot be read",
    }.items():
        with pytest.raises(InvalidInput, match=f"line 2: {told}"):
            filled({"a": path}, folder=tmp_path, text="@{a}")


@pytest.mark.parametrize(
    ("texts", "is_moved_the_same"),
    [
        ({"text": TEXT_OF_FILE, "inputs": {"essay": "@{path}"}}, True),
        ({"text": "Read {path}: @{path}"}, False),
        ({"text": TEXT_OF_FILE}, False),
    ],
)
def test_a_file_is_the_same_row_however_its_path_is_written(
    tmp_path: Path, texts: dict[str, Any], is_moved_the_same: bool
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "a.md").write_text("Hello")
    (tmp_path / "link").symlink_to(here)

    def key(path: str, folder: Path = here) -> str:
        source = Source(format=Format.FILES, paths=(path,), folder=str(folder))
        request = MapRequest(agent="writer", source=source, out="/out.jsonl", **texts)
        with source.opened(hashlib.sha256()) as rows:
            (one,) = Filling(request, None).filled(rows)
        return one.key

    ways = {key("a.md"), key("./a.md"), key(f"{here}/a.md"), key("link/a.md", tmp_path)}
    assert len(ways) == 1
    assert (key("a.md", there) in ways) is is_moved_the_same
    (here / "a.md").write_text("Other")
    assert (key("a.md") in ways) is ("@" not in str(texts))
