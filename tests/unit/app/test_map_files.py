"""Rows that are sent in parts are kept once, whole, and checked by their hash."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from parallel_agents.app.map_files import MapFiles
from parallel_agents.errors import Conflict, InvalidInput

UPLOAD = "0123abcd"


def test_parts_that_come_again_change_nothing_and_gaps_are_refused(tmp_path: Path) -> None:
    maps = MapFiles(tmp_path)

    sizes = [
        maps.add("m", UPLOAD, 0, b"abc"),
        maps.add("m", UPLOAD, 3, b"de"),
        maps.add("m", UPLOAD, 0, b"abc"),
        maps.add("m", UPLOAD, 3, b"de"),
    ]

    assert sizes == [3, 5, 5, 5]
    with pytest.raises(Conflict):
        maps.add("m", UPLOAD, 3, b"XX")
    with pytest.raises(Conflict):
        maps.add("m", UPLOAD, 9, b"f")
    with pytest.raises(InvalidInput, match="not all here"):
        maps.complete("m", UPLOAD, "0" * 64)
    rows = maps.complete("m", UPLOAD, sha256(b"abcde").hexdigest())
    assert maps.complete("m", UPLOAD, sha256(b"abcde").hexdigest()) == rows
    assert rows.read_bytes() == b"abcde"
    assert rows.stat().st_mode & 0o77 == 0


def test_a_part_that_was_cut_by_a_crash_is_completed_when_it_comes_again(tmp_path: Path) -> None:
    maps = MapFiles(tmp_path)
    maps.add("m", UPLOAD, 0, b"ab")
    maps.add("m", UPLOAD, 2, b"c")

    with pytest.raises(Conflict):
        maps.add("m", UPLOAD, 2, b"de")
    size = maps.add("m", UPLOAD, 2, b"cde")

    assert size == 5
    rows = maps.complete("m", UPLOAD, sha256(b"abcde").hexdigest())
    assert rows.read_bytes() == b"abcde"


@pytest.mark.parametrize(("key", "upload"), [("../x", UPLOAD), ("m", "../../x"), ("m", "abc")])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, key: str, upload: str) -> None:
    with pytest.raises(InvalidInput):
        MapFiles(tmp_path).add(key, upload, 0, b"x")

    assert list(tmp_path.iterdir()) == []


def test_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="more than"):
        MapFiles(tmp_path).add("m", UPLOAD, 1_000_000_000, b"x")


def test_what_was_only_priced_is_forgotten(tmp_path: Path) -> None:
    maps = MapFiles(tmp_path)
    maps.add("m", UPLOAD, 0, b"x")

    maps.drop("m", UPLOAD)

    assert list((tmp_path / "maps").iterdir()) == []


def test_a_map_to_which_nothing_was_added_for_an_hour_can_be_forgotten(tmp_path: Path) -> None:
    maps = MapFiles(tmp_path)
    maps.add("m", UPLOAD, 0, b"abc")

    young, old = maps.older_than(3600.0), maps.older_than(-1.0)

    assert (list(young), list(old)) == ([], ["m"])
    assert maps.forget("m") == 3
    assert list(maps.older_than(-1.0)) == []
