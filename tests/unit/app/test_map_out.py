"""A map writes a file of its own, and is the map that was begun."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agents.app.map_out import Earlier, check_out, check_same, out_file
from parallel_agents.errors import Conflict, InvalidInput
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Format, Source

NONE = Earlier({}, frozenset())


def request(out: Path, *, text: str = "About {a}", key: str = "") -> MapRequest:
    source = Source(format=Format.CSV, paths=("rows.csv",), folder=str(out.parent))
    return MapRequest(agent="writer", text=text, source=source, out=str(out), key=key)


def test_a_file_that_earlier_runs_of_the_map_wrote_is_written_again(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    out.touch()

    check_out(request(out), "m", Earlier({"agent": "writer"}, frozenset({str(out)})))


@pytest.mark.parametrize("earlier", [NONE, Earlier({"agent": "writer"}, frozenset({"/x.jsonl"}))])
def test_a_file_that_no_run_of_the_map_wrote_is_refused(tmp_path: Path, earlier: Earlier) -> None:
    out = tmp_path / "r.jsonl"
    out.touch()

    with pytest.raises(InvalidInput, match="the map m has not written it"):
        check_out(request(out), "m", earlier)


def test_what_no_results_can_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")

    for out in (tmp_path, tmp_path / "pipe", tmp_path / "file" / "r.jsonl"):
        with pytest.raises(InvalidInput, match="cannot be written"):
            check_out(request(out), "m", NONE)


def test_a_device_and_a_new_folder_are_taken(tmp_path: Path) -> None:
    check_out(request(Path(os.devnull)), "m", NONE)
    check_out(request(tmp_path / "new" / "r.jsonl"), "m", NONE)


def test_what_a_link_points_to_is_written(tmp_path: Path) -> None:
    link = tmp_path / "link.jsonl"
    link.symlink_to("target.jsonl")

    assert out_file(str(link), tmp_path, "m", request(link).source) == tmp_path / "target.jsonl"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [("On {a}", "a", "its text was 'About {a}'"), ("About {a}", "", "its key column was 'a'")],
)
def test_another_map_under_its_id_is_told_what_differs(
    tmp_path: Path, text: str, key: str, says: str
) -> None:
    begun = request(tmp_path / "r.jsonl", key="a").flow_task().input

    with pytest.raises(Conflict, match=says):
        check_same(request(tmp_path, text=text, key=key), "m", Earlier(begun, frozenset()))
