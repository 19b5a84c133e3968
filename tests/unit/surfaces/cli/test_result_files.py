"""Results as files: whole, each label under a name of its own that every file system takes."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import assume, given, strategies as st

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.surfaces.cli.result_files import (
    file_name,
    file_names,
    results_folder,
    write_result,
)

RESULT = Result(
    agent="writer",
    label="writer",
    status=RunStatus.DONE,
    output_json={"content": "rain"},
    text='{"content": "rain"}',
    error=None,
    notices=(),
    model="loop/m",
    spend=Spend(),
    seconds=1.5,
    attempts=1,
    session_key=SessionKey("agent:writer:subagent:1"),
    run_id=RunId("1"),
)


def write(label: str, folder: Path) -> None:
    write_result(replace(RESULT, label=label), folder, file_name(label))


def test_a_result_is_a_file_of_its_label_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = results_folder(tmp_path, "monday")

    write("writer", folder)

    assert {path.name for path in folder.iterdir()} == {"writer.json", "writer.md"}
    assert (folder / "writer.md").read_text() == "## content\n\nrain\n"
    kept = orjson.loads((folder / "writer.json").read_bytes())
    assert kept["status"] == "done"
    assert kept["output"] == {"content": "rain"}


def test_a_result_that_is_given_again_replaces_the_file(tmp_path: Path) -> None:
    write("writer", tmp_path)

    write_result(replace(RESULT, output_json="snow"), tmp_path, "writer")

    assert orjson.loads((tmp_path / "writer.json").read_bytes())["output"] == "snow"


def test_an_answer_in_another_form_leaves_no_file_of_the_earlier_one(tmp_path: Path) -> None:
    write("writer", tmp_path)

    write_result(replace(RESULT, output_json="```py\nx = 1\n```"), tmp_path, "writer")

    assert {path.name for path in tmp_path.iterdir()} == {"writer.json", "writer.py"}
    assert (tmp_path / "writer.py").read_text() == "x = 1\n"


def test_an_answer_that_was_not_accepted_is_in_the_json_alone(tmp_path: Path) -> None:
    write_result(replace(RESULT, status=RunStatus.FAILED), tmp_path, "writer")

    assert [path.name for path in tmp_path.iterdir()] == ["writer.json"]


LABELS = (
    "../up",
    "a/b",
    "..",
    "",
    "x" * 300,
    "研究",
    "조사",
    "-",
    "a b",
    "a-b",
    "A-b",
    "con",
    "NUL.txt",
)


def test_no_label_leads_out_of_the_folder_and_each_has_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "results"

    for label in LABELS:
        write(label, folder)

    files = list(folder.rglob("*.json"))
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert all(path.is_relative_to(folder) for path in files)
    assert len(files) == len(LABELS)
    assert {orjson.loads(path.read_bytes())["label"] for path in files} == set(LABELS)


@pytest.mark.parametrize("label", ["tea", "review-1", "a.b_c", "task-12", "each-1/check"])
def test_an_ordinary_label_is_its_own_name(label: str) -> None:
    assert file_name(label) == label


@pytest.mark.parametrize(
    ("label", "start"),
    [
        ("研究", "研究~"),
        ("a b", "a-b~"),
        ("-", "result~"),
        ("con", "con~"),
        ("../x", "x~"),
        ("/x", "x~"),
        ("con/x", "con-x~"),
        ("a.md/x", "a.md-x~"),
    ],
)
def test_another_label_can_be_read_and_has_a_digest(label: str, start: str) -> None:
    assert file_name(label).startswith(start)


@given(first=st.text(max_size=12), second=st.text(max_size=12))
def test_different_labels_have_names_that_differ_in_more_than_case(first: str, second: str) -> None:
    assume(first != second)

    names = [unicodedata.normalize("NFC", file_name(label)).casefold() for label in (first, second)]

    assert names[0] != names[1]


@given(label=st.text(max_size=300))
def test_a_name_is_one_that_every_file_system_takes(label: str) -> None:
    for name in file_name(label).split("/"):
        assert 0 < len(name.encode()) <= 230
        assert not set(name) & set('<>:"\\|?*\0\n ')
        assert not name.endswith(".")
        assert name.partition(".")[0] not in ("con", "nul", "")


def test_runs_of_one_label_have_files_of_their_own() -> None:
    labels = {RunId("1"): "writer", RunId("2"): "writer", RunId("3"): "Writer"}

    names = file_names(labels)

    assert names[RunId("1")] == "writer"
    assert names[RunId("2")] == "writer~2"
    assert len({name.casefold() for name in names.values()}) == 3
