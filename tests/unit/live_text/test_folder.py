from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import (
    FOLDER,
    MOST_CHARACTERS,
    NOTHING,
    LiveTextFolder,
    Text,
    TextReader,
    text_name,
)

if TYPE_CHECKING:
    from pathlib import Path

RUN = RunId("../../a run")


def test_a_run_is_wanted_while_somebody_looks(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    before = folder.is_wanted(RUN)
    folder.want(RUN)
    during = folder.is_wanted(RUN)
    folder.leave(RUN)

    assert (before, during, folder.is_wanted(RUN)) == (False, True, False)


def test_somebody_who_was_killed_looks_no_more(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    (file,) = (tmp_path / FOLDER).iterdir()
    os.utime(file, (1e9, 1e9))

    assert not folder.is_wanted(RUN)


def test_who_asks_before_each_call_sees_at_once_who_comes_and_goes(tmp_path: Path) -> None:
    looks, others = LiveTextFolder(tmp_path).looks_at(RUN, "root"), LiveTextFolder(tmp_path)
    found = [looks()]
    for _ in range(100):
        others.want("root")
        found.append(looks())
        others.leave("root")
        found.append(looks())

    assert found == [False, *[True, False] * 100]


def test_a_file_of_another_process_is_not_taken_for_more_of_the_same(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    reader = TextReader(folder, RUN)
    folder.begin(RUN, 1, 1)
    folder.add(RUN, "of one that was killed")
    reader.read()
    kept = os.open(
        tmp_path / FOLDER / text_name(RUN), os.O_RDONLY
    )  # or its inode would be used again
    folder.end(RUN)
    folder.begin(RUN, 1, 1)
    folder.add(RUN, "of the one that took over, and longer")
    found = reader.read()
    os.close(kept)

    assert found.text == "of the one that took over, and longer"


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_a_text_stops_nobody(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    os.mkfifo(tmp_path / FOLDER / text_name(RUN))
    folder.begin(RUN, 1, 1)

    assert folder.read(RUN) == NOTHING


def test_what_a_killed_process_left_is_removed_by_the_next_who_looks(tmp_path: Path) -> None:
    LiveTextFolder(tmp_path).want(RUN)
    LiveTextFolder(tmp_path).begin(RUN, 1, 7)
    for file in (tmp_path / FOLDER).iterdir():
        os.utime(file, (1e9, 1e9))
    LiveTextFolder(tmp_path).want(RunId("other"))

    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_what_is_written_is_read_by_the_number_of_its_call(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    folder.begin(RUN, 1, 7)
    folder.add(RUN, "Dear ")
    folder.add(RUN, "José\n")
    first = folder.read(RUN)
    folder.begin(RUN, 2, 7)

    assert first == Text(1, "Dear José\n", 7)
    assert folder.read(RUN) == Text(2, "", 7)


def test_a_reader_reads_what_was_added_and_begins_again_with_another_call(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    reader = TextReader(folder, RUN)
    found = [reader.read()]
    folder.begin(RUN, 1, 7)
    for piece in ("Dear ", "Jos", "é"):
        folder.add(RUN, piece)
        found.append(reader.read())
    folder.begin(RUN, 2, 8)
    folder.add(RUN, "Dear all, and José too")
    found.append(reader.read())
    folder.end(RUN)

    assert found == [
        NOTHING,
        Text(1, "Dear ", 7),
        Text(1, "Dear Jos", 7),
        Text(1, "Dear José", 7),
        Text(2, "Dear all, and José too", 8),
    ]
    assert reader.read() == NOTHING


def test_half_a_character_is_read_once_it_is_whole(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    folder.begin(RUN, 1, 7)
    (text,) = (tmp_path / FOLDER).glob("*.text")
    reader = TextReader(folder, RUN)
    found: list[str] = []
    for byte in "é".encode():
        with text.open("ab") as file:
            file.write(bytes((byte,)))
        found.append(reader.read().text)

    assert found == ["", "é"]


def test_the_files_of_texts_change_their_versions_with_their_content(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    before = folder.texts()
    folder.want(RUN)
    folder.begin(RUN, 1, 7)
    begun = folder.texts()
    folder.add(RUN, "Dear")

    assert before == {}
    assert begun.keys() == folder.texts().keys() == {text_name(RUN)}
    assert begun != folder.texts()


def test_only_the_user_can_read_it_and_nothing_leaves_the_folder(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path / "home")
    folder.want(RUN)
    folder.begin(RUN, 1, 7)
    files = sorted((tmp_path / "home" / FOLDER).iterdir())

    assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600, 0o600]
    assert [each.name for each in tmp_path.iterdir()] == ["home"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    folder.begin(RUN, 1, 7)
    (text,) = (tmp_path / FOLDER).glob("*.text")
    text.unlink()
    other = tmp_path / "other"
    other.write_text("1\nsecret")
    text.symlink_to(other)
    folder.begin(RUN, 2, 7)

    assert folder.read(RUN) == NOTHING
    assert other.read_text() == "1\nsecret"


def test_a_file_that_is_something_else_is_nothing(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    folder.begin(RUN, 1, 7)
    (text,) = (tmp_path / FOLDER).glob("*.text")
    text.write_bytes(b"\xff\xff" * 50)

    assert folder.read(RUN) == NOTHING
    assert MOST_CHARACTERS > 0


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    LiveTextFolder(tmp_path / "none").begin(RUN, 1, 7)

    assert list(tmp_path.iterdir()) == []
