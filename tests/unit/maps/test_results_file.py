"""The file of results has whole lines, and replaces the one before once it has all that was in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.results_file import ResultsFile
from parallel_agents.maps.row import Row
from parallel_agents.maps.window import Accepted


def accepted(number: int, output: Json = "yes", *, is_reused: bool = False) -> Accepted:
    is_done = output is not None
    result = Result(
        agent="writer",
        label=f"row-{number}",
        status=RunStatus.DONE if is_done else RunStatus.FAILED,
        output_json=output,
        text="",
        error=None if is_done else Failure("PA-E203", "no key"),
        notices=(),
        model="bench/good",
        spend=Spend(),
        seconds=1.0,
        attempts=1,
        session_key=SessionKey("agent:writer:1"),
        run_id=RunId("run-1"),
    )
    return Accepted(Row(number, number + 1, {"text": f"t{number}", "n": number}), result, is_reused)


def texts(path: Path) -> list[str]:
    return [json.loads(line)["columns"]["text"] for line in path.read_text().splitlines()]


def test_lines_are_there_as_soon_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "out" / "rows.jsonl"

    with ResultsFile(path, ()) as file:
        file.write([accepted(1), accepted(2)])
        assert texts(path) == ["t1", "t2"]
        file.write([accepted(3, None)])

    last = json.loads(path.read_text().splitlines()[-1])
    assert texts(path) == ["t1", "t2", "t3"]
    assert last["status"] == "failed"
    assert last["error"] == {"code": "PA-E203", "message": "no key"}


def test_the_file_of_an_earlier_run_stays_until_the_new_one_has_as_much(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"columns": {"text": "old"}}\n{"columns": {"text": "older"}}\n')

    with ResultsFile(path, ()) as file:
        file.write([accepted(1)])
        before = texts(path)
        file.write([accepted(2, is_reused=True)])

    assert before == ["old", "older"]
    assert texts(path) == ["t1", "t2"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_got_no_line_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old\n")

    with pytest.raises(ZeroDivisionError), ResultsFile(path, ()):
        raise ZeroDivisionError

    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_has_the_columns_of_the_row_then_those_of_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"

    with ResultsFile(path, ("n", "why")) as file:
        file.write([accepted(1, {"n": 5, "why": 'a "b",\nc'}), accepted(2, None)])

    assert path.read_text().splitlines() == [
        "text,n,status,result_n,why,error",
        't1,1,done,5,"a ""b"",',
        'c",',
        "t2,2,failed,,,PA-E203 no key",
    ]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidInput, match="the results cannot be written to"):
        ResultsFile(tmp_path / "file" / "rows.jsonl", ()).__enter__()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)

    with pytest.raises(InvalidInput, match="cannot be written"), ResultsFile(path, ()):
        pass


def test_no_two_columns_of_a_table_have_one_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    one = accepted(1, {"status": "open"})
    row = one.row._replace(values={"error": "e", "result_error": "r"})

    with ResultsFile(path, ("status",)) as file:
        file.write([one._replace(row=row)])

    header, line = path.read_text().splitlines()
    assert header == "error,result_error,status,result_status,result_result_error"
    assert line == "e,r,done,open,"
