"""Results as files: whole, under names that every file system takes, and written again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.surfaces.cli.result_files import results_folder, write_result

RESULT = Result(
    agent="writer",
    label="writer",
    status=RunStatus.DONE,
    output={"content": "rain"},
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


def test_a_result_is_a_file_of_its_label_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = results_folder(tmp_path, "monday")

    write_result(RESULT, folder)

    assert [path.name for path in folder.iterdir()] == ["writer.json"]
    kept = orjson.loads((folder / "writer.json").read_bytes())
    assert kept["status"] == "done"
    assert kept["output"] == {"content": "rain"}


def test_a_result_that_is_given_again_replaces_the_file(tmp_path: Path) -> None:
    write_result(RESULT, tmp_path)

    write_result(replace(RESULT, output="snow"), tmp_path)

    assert orjson.loads((tmp_path / "writer.json").read_bytes())["output"] == "snow"


def test_no_label_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "results"

    for label in ("../up", "a/b", "..", "", "x" * 300):
        write_result(replace(RESULT, label=label), folder)

    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert all(path.parent == folder for path in folder.rglob("*.json"))
