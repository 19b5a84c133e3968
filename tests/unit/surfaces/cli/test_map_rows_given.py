"""Rows are named behind the agent or by --rows; a text in their place is told to be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.maps.source import Format
from parallel_agents.surfaces.cli.map_rows_given import given_source


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("data.csv", "my notes.md", "a{1}.md"):
        Path(name).write_text("fruit\napples\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "format"),
    [
        (["data.csv"], Format.CSV),
        (["my notes.md", "a{1}.md"], Format.FILES),
        (["my *.md"], Format.FILES),
    ],
)
def test_a_name_that_is_a_file_or_a_pattern_is_no_text(
    folder: Path, given: list[str], format: Format
) -> None:
    assert given_source(None, given, None, folder, "fruits").format is format
    assert given_source(given[0], given[1:], None, folder, "fruits").format is format


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ([], "nothing says what the rows are", "name a file or a pattern: pagents map AGENT data"),
        (["data.csv", "About {fruit}"], "there is no file 'About {fruit}'", "--text 'About {fr"),
        (["data.csv", "{fruit}"], "there is no file '{fruit}'", "--text '{fruit}'"),
        (["About it"], "there is no file 'About it'", "--text 'About it'"),
        (["-", "data.csv"], "--rows - reads a table from stdin", "name the files alone"),
    ],
)
def test_what_is_no_row_is_refused_with_what_to_write(
    folder: Path, given: list[str], message: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        given_source(None, given, None, folder, "fruits")
    assert refused.value.message.startswith(message)
    assert hint in refused.value.hint
