"""Files: whole or not at all; what lies in the home can be read by its user alone."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.files import (
    check_target,
    close_to_others,
    create_private,
    draft_of,
    make_private,
    make_private_folder,
    make_private_folders,
    open_private,
    write_private,
    write_private_pieces,
    write_whole,
)


@pytest.fixture(autouse=True)
def _careless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Others may read what is made carelessly, and no folder of a test is the current one."""
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", "/")
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_and_its_folders_are_for_one_user(tmp_path: Path) -> None:
    target = tmp_path / "home" / "results" / "a.json"

    write_private(target, b"{}")

    assert [mode_of(path) for path in (target, target.parent, target.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]


def test_a_public_file_can_be_read(tmp_path: Path) -> None:
    write_whole(tmp_path / "skill" / "SKILL.md", b"Hello")

    assert mode_of(tmp_path / "skill" / "SKILL.md") == 0o644


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    with pytest.raises(InvalidInput):
        write_private(tmp_path / "a", b"{}")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_log_that_others_could_read_is_closed(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("one\n")

    with open_private(log) as file:
        file.write(b"two\n")

    assert log.read_text() == "one\ntwo\n"
    assert mode_of(log) == 0o600


def test_a_database_and_the_files_beside_it_are_for_one_user(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    create_private(database)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE a (b)")

    modes = {path.name: mode_of(path) for path in tmp_path.iterdir()}
    connection.close()

    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


def test_an_existing_database_is_closed_and_keeps_its_content(tmp_path: Path) -> None:
    for end in ("", "-wal"):
        (tmp_path / f"store.db{end}").write_text("content")

    create_private(tmp_path / "store.db")
    close_to_others(tmp_path / "store.db")

    assert {mode_of(path) for path in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / "store.db").read_text() == "content"


def test_a_folder_that_is_new_is_closed_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_private_folder(tmp_path / "home")

    assert mode_of(tmp_path / "home") == 0o700
    assert caplog.messages == []


def test_a_folder_that_was_open_is_closed_and_this_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)

    make_private_folder(home)
    make_private_folder(home)

    assert mode_of(home) == 0o700
    assert caplog.messages == [
        f"the folder {home} was open to other users; it is now closed to them (0700)"
    ]


@pytest.mark.parametrize("below", [".", "work"])
def test_a_folder_that_serves_other_purposes_keeps_its_mode(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    below: str,
) -> None:
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    home.chmod(0o755)
    monkeypatch.chdir(home / below)

    make_private_folder(home)

    assert mode_of(home) == 0o755
    assert caplog.messages == [
        f"the folder {home} is open to other users; name another home, or close it with `chmod 700`"
    ]


def test_what_is_missing_is_made_later(tmp_path: Path) -> None:
    assert make_private(tmp_path / "none")


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")

    write_private_pieces(tmp_path / "link", (b"n", b"ew"))

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_private_pieces(pipe, (b"a", b"b"))

        assert os.read(reading, 10) == b"ab"
        assert stat.S_ISFIFO(pipe.stat().st_mode)
    finally:
        os.close(reading)


@pytest.mark.parametrize("name", [".", "..", "/", "", "a\0b", "n" * 300])
def test_what_is_no_file_to_write_is_told(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidInput, match="cannot be written"):
        write_private_pieces(Path(name), (b"x",))

    assert not list(tmp_path.iterdir())


def test_links_that_lead_to_each_other_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(InvalidInput, match="cannot be written") as told:
        write_private_pieces(tmp_path / "a", (b"x",))
    with pytest.raises(InvalidInput, match="cannot be written"), draft_of(tmp_path / "a"):
        pass

    assert told.value.why == "its links lead to each other"
    assert (tmp_path / "a").is_symlink()


def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path: Path) -> None:
    write_private_pieces(tmp_path / ("🍵" * 62), (b"x",))

    assert [len(path.name.encode()) for path in tmp_path.iterdir()] == [248]


def test_a_content_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise LookupError

    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(LookupError):
        write_private_pieces(tmp_path / "file", pieces())

    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("write", [write_private, write_whole])
def test_a_pipe_is_written_to_and_stays(
    write: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o666)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe, b"Hello")
        with open_private(pipe) as file:
            file.write(b" again")

        assert os.read(reader, 100) == b"Hello again"
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert mode_of(pipe) == 0o644  # as it was made
    finally:
        os.close(reader)


def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("old")
    (tmp_path / "link").symlink_to("kept")

    write_private(tmp_path / "link", b"new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept").read_text() == "new"


def test_a_draft_appears_only_when_it_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out"

    with draft_of(target) as draft:
        draft.write(b"a")
        assert not target.exists()
    assert list(tmp_path.iterdir()) == []

    with draft_of(target) as draft:
        draft.write(b"b")
        draft.keep(replace=False)
    assert target.read_bytes() == b"b"
    assert list(tmp_path.iterdir()) == [target]


def test_a_draft_replaces_no_file_that_appeared_meanwhile(tmp_path: Path) -> None:
    target = tmp_path / "out"

    with draft_of(target) as draft:
        target.write_bytes(b"mine")
        with pytest.raises(InvalidInput):
            draft.keep(replace=False)

    assert target.read_bytes() == b"mine"


def test_a_draft_takes_the_place_of_no_pipe_or_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")

    for target in (tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(InvalidInput, match="cannot be written"), draft_of(target):
            raise AssertionError(target)

    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_file_that_could_not_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_target(tmp_path / "new" / "folder" / "x.md")
    check_target(tmp_path / "file")

    with pytest.raises(InvalidInput) as refused:
        check_target(tmp_path)
    assert refused.value.why == "it is a folder"
    assert refused.value.hint.startswith("name a file in it")
    with pytest.raises(InvalidInput) as refused:
        check_target(tmp_path / "file" / "x.md")
    assert refused.value.why.endswith("file' is not a folder")
    (tmp_path / "broken").symlink_to("nowhere")
    for write in (
        check_target,
        partial(write_whole, content=b""),
        partial(write_private, content=b""),
    ):
        with pytest.raises(InvalidInput) as refused:
            write(tmp_path / "broken" / "x.md")
        assert refused.value.why.endswith("broken' is a link that leads nowhere")
    assert not (tmp_path / "new").exists()


def test_who_makes_a_folder_is_told_so_once(tmp_path: Path) -> None:
    is_made = [make_private_folders(tmp_path / "a" / "b") for _ in range(2)]

    assert is_made == [True, False]
