"""Rows are read one after another, and what is not a row is refused with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.source import Format, Source, find_source, fingerprint, left_out


def rows(source: Source) -> list[tuple[int, JsonObject]]:
    with source.opened(fingerprint()) as found:
        return [(row.line, dict(row.values)) for row in found]


def table(folder: Path, content: str | bytes, name: str = "data.csv") -> Source:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    return find_source((name,), None, folder)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2\n", [(2, {"a": "1", "b": "2"})]),
        ("a;b\r\n1;2\r\n", [(2, {"a": "1", "b": "2"})]),
        ("a\tb\n1\t2", [(2, {"a": "1", "b": "2"})]),
        ("\n\na\n1\n\n2\n", [(4, {"a": "1"}), (6, {"a": "2"})]),
        ('a\n"one\ntwo"\nthree\n', [(2, {"a": "one\ntwo"}), (4, {"a": "three"})]),
        ('a\n"x ""y"", z"\n', [(2, {"a": 'x "y", z'})]),
        ("\ufeffa\n1\n", [(2, {"a": "1"})]),
        ("sep=;\na;b\n1;2,5\n", [(3, {"a": "1", "b": "2,5"})]),
        ('"SEP=|"\r\n\na|b\n1|2\n', [(4, {"a": "1", "b": "2"})]),
        (" a , b\n 1,2\n", [(2, {"a": " 1", "b": "2"})]),
        ("a\n", []),
    ],
)
def test_a_table_has_its_rows_with_their_lines(
    tmp_path: Path, content: str, expected: list[tuple[int, JsonObject]]
) -> None:
    assert rows(table(tmp_path, content)) == expected


def test_a_cell_may_be_larger_than_a_cell_of_csv_usually_is(tmp_path: Path) -> None:
    ((_, values),) = rows(table(tmp_path, "a\n" + "x" * 1_000_000))

    assert values == {"a": "x" * 1_000_000}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n1,2\n3\n", "data.csv, line 3 has 1 cell, and the header has 2"),
        ("a,\n1,2\n", "data.csv, line 1: column 2 has no name"),
        ("a,a\n1,2\n", "data.csv, line 1: 2 columns are named 'a'"),
        ("", "data.csv has no rows"),
        (b"a\n1\n\xe9\n", "data.csv, line 3 is not UTF-8"),
        (b"\xfe\xff\x00a", "data.csv, line 1 is not UTF-8"),
        ("a\n\0\n", "data.csv, line 2 has a NUL character"),
        ('a\n1\n"x\n', "data.csv, line 3 is not CSV"),
    ],
)
def test_what_is_not_a_table_is_refused_with_its_line(
    tmp_path: Path, content: str | bytes, told: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        rows(table(tmp_path, content))

    assert raised.value.message == told
    assert raised.value.hint


def test_lines_of_json_are_rows(tmp_path: Path) -> None:
    source = table(tmp_path, '{"a": 1}\n\n{"b": [2]}\n', "data.jsonl")

    assert rows(source) == [(1, {"a": 1}), (3, {"b": [2]})]


@pytest.mark.parametrize(
    ("content", "hint"), [('{"a": 1}\n{"a":\n', "one object to a line"), ('[{"a": 1}]\n', "jq -c")]
)
def test_a_line_that_is_not_an_object_is_refused(tmp_path: Path, content: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=r"data\.jsonl, line . is not") as raised:
        rows(table(tmp_path, content, "data.jsonl"))

    assert hint in raised.value.hint


def test_a_pattern_has_the_files_that_it_matches_as_rows(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("z.py", "a/y.py", "a/b/x.py", "a/b/x.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "a" / "__init__.py").touch()

    source = find_source(("**/*.py",), None, tmp_path)

    paths = [values["path"] for _, values in rows(source)]
    assert paths == ["a/b/x.py", "a/y.py", "z.py"]
    assert left_out(source) == "1 empty file is left out: a/__init__.py"


def test_several_names_are_files_as_a_shell_gives_them(tmp_path: Path) -> None:
    for name in ("one.py", "two [x].py"):
        (tmp_path / name).write_text("x")

    source = find_source(("two [x].py", "one.py"), None, tmp_path)

    assert source.format is Format.FILES
    assert [values["path"] for _, values in rows(source)] == ["two [x].py", "one.py"]


def test_a_name_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nobody can tell what rows data has"):
        find_source(("data",), None, tmp_path)


def test_a_folder_is_refused_with_a_pattern_for_its_files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()

    with pytest.raises(InvalidInput, match="src/ is a folder") as raised:
        find_source(("src/",), None, tmp_path)

    assert "'src/**/*'" in raised.value.hint


def test_a_fingerprint_tells_that_rows_have_changed_and_not_that_the_file_ends_otherwise(
    tmp_path: Path,
) -> None:
    def digest(content: str) -> str:
        found = fingerprint()
        with table(tmp_path, content).opened(found) as each:
            assert len(list(each)) == 1
        return found.hexdigest()

    assert digest("a\n1\n") == digest("a\n1\n\n\n")
    assert digest("a\n1\n") != digest("a\n2\n")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")

    with pytest.raises(InvalidInput, match=r"the rows of pipe.csv cannot be read") as raised:
        rows(find_source(("pipe.csv",), None, tmp_path))

    assert "--rows -" in raised.value.hint


def test_a_file_whose_name_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x")

    with pytest.raises(InvalidInput, match=r"caf\\xe9.py' is not UTF-8"):
        rows(find_source(("*.py",), None, tmp_path))
