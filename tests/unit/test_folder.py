"""A folder that no path leaves."""

from __future__ import annotations

import os
import random
import stat
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from parallel_agents.folder import Folder, PathRefused

MOST = 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A working folder, with a secret beside it."""
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "work-too").mkdir()
    (tmp_path / "work-too" / "x").write_text("outside")
    root = tmp_path / "work"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "c.txt").write_text("inside")
    (root / "up").symlink_to("..")
    (root / "out").symlink_to("../secret")
    (root / "absolute").symlink_to(tmp_path / "secret")
    (root / "circle").symlink_to("circle")
    (root / "in").symlink_to("a/b/c.txt")
    (root / "in-absolute").symlink_to(root / "a" / "b" / "c.txt")
    (root / "folder").symlink_to("a/b")
    (root / "a" / "back").symlink_to("../a/b")
    os.mkfifo(root / "pipe")
    return root


@pytest.mark.parametrize(
    "path",
    [
        "a/b/c.txt",
        "./a//b/c.txt",
        "a/b/../b/c.txt",
        "in",
        "in-absolute",
        "folder/c.txt",
        "a/back/c.txt",
        "folder/../b/c.txt",
        "{root}/a/b/c.txt",
        "{root}/in",
    ],
)
def test_a_path_inside_is_read(root: Path, path: str) -> None:
    assert Folder(root).read(path.format(root=root), MOST) == b"inside"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "a/../../secret",
        "out",
        "up/secret",
        "absolute",
        "folder/../../../secret",
        "/etc/passwd",
        "{root}/../secret",
        "{root}-too/x",
        "a/b/../../../secret",
        "~/secret",
        "~root/secret",
    ],
)
def test_a_path_that_leaves_is_refused(root: Path, path: str) -> None:
    with pytest.raises(PathRefused, match=r"outside|begins with ~"):
        Folder(root).read(path.format(root=root), MOST)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("a\0b", "NUL"),
        ("x" * 5000, "too long"),
        ("x" * 300, "too long"),
        ("\ud800", "half a character"),
        ("nosuch", "there is no nosuch"),
        ("nosuch/x", "there is no nosuch"),
        ("a/b/c.txt/d", "is not a folder"),
        ("a", "is a folder"),
        (".", "is a folder"),
        ("circle", "in circles"),
        ("pipe", "a device, a pipe or a socket"),
    ],
)
def test_what_is_no_file_is_refused_in_words(root: Path, path: str, why: str) -> None:
    with pytest.raises(PathRefused, match=why):
        Folder(root).read(path, MOST)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(root: Path) -> None:
    with (root / "big").open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(PathRefused, match=r"1,099,511,627,776 bytes"):
        Folder(root).read("big", MOST)


def test_names_that_only_look_like_dots_are_names(root: Path) -> None:
    for path in ("\uff0e\uff0e/x", "\u2024\u2024/x", "..\\x"):
        Folder(root).write(path, b"x")

    assert not (root.parent / "x").exists()
    assert (root / "\uff0e\uff0e" / "x").read_text() == "x"


@pytest.mark.parametrize("path", ["new.txt", "a/new.txt", "n/e/w.txt", "folder/new.txt"])
def test_a_new_file_is_made_with_its_folders(root: Path, path: str) -> None:
    assert Folder(root).write(path, b"new")

    assert (root / path).read_bytes() == b"new"


@pytest.mark.parametrize("path", ["../new", "up/new", "out", "absolute", "up/n/e/w", "/tmp/../x"])
def test_nothing_is_written_outside(root: Path, path: str) -> None:
    before = sorted(root.parent.rglob("*"))

    with pytest.raises(PathRefused):
        Folder(root).write(path, b"new")

    assert sorted(root.parent.rglob("*")) == before
    assert (root.parent / "secret").read_text() == "outside"


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/pre-commit",
        ".GIT/config",
        "a/.git/config",
        ".parallel-agents/config.toml",
        ".git",
        ".mcp.json",
        "a/.mcp.json",
    ],
)
def test_what_has_power_over_programs_is_not_written(root: Path, path: str) -> None:
    with pytest.raises(PathRefused, match="decides what programs do"):
        Folder(root).write(path, b"x")


def test_a_link_to_what_has_power_is_not_written_through(root: Path) -> None:
    (root / ".git").mkdir()
    (root / "harmless").symlink_to(".git/config")

    with pytest.raises(PathRefused, match="decides what programs do"):
        Folder(root).write("harmless", b"x")


def test_no_folder_is_made_where_nothing_may_be_written(root: Path) -> None:
    (root / ".git").mkdir()
    (root / "harmless").symlink_to(".git/hooks")

    with pytest.raises(PathRefused, match="decides what programs do"):
        Folder(root).write("harmless/x/y", b"x")

    assert list((root / ".git").iterdir()) == []


@pytest.mark.parametrize("path", [f"{'n' * 300}/x", f"a/{'n' * 300}", f"{'n' * 300}/../x"])
def test_a_name_that_is_too_long_is_told_in_words(root: Path, path: str) -> None:
    with pytest.raises(PathRefused, match="too long"):
        Folder(root).write(path, b"x")


@pytest.mark.parametrize("path", ["secret.txt", "link", "n/e/w"])
def test_what_is_checked_is_what_would_be_opened(root: Path, path: str) -> None:
    (root / "secret.txt").write_text("secret")
    (root / "link").symlink_to("secret.txt")
    checked: list[str] = []

    def refuse(path: str) -> None:
        checked.append(path)
        raise PathRefused("no")

    with pytest.raises(PathRefused, match="no"):
        Folder(root).write(path, b"x", refuse)

    assert checked == [Folder(root).real_path(path)]
    assert (root / "secret.txt").read_text() == "secret"
    assert not (root / "n").exists()


def test_a_replaced_file_keeps_its_mode(root: Path) -> None:
    script = root / "run.sh"
    script.write_text("old")
    script.chmod(0o750)

    assert not Folder(root).write("run.sh", b"new")

    assert script.read_text() == "new"
    assert stat.S_IMODE(script.stat().st_mode) == 0o750


def test_another_name_of_a_file_keeps_what_it_had(root: Path) -> None:
    os.link(root.parent / "secret", root / "hard")

    Folder(root).write("hard", b"new")

    assert (root / "hard").read_text() == "new"
    assert (root.parent / "secret").read_text() == "outside"


@pytest.mark.parametrize("path", ["a", "pipe", "."])
def test_what_is_no_file_is_not_replaced(root: Path, path: str) -> None:
    with pytest.raises(PathRefused):
        Folder(root).write(path, b"x")


def test_nothing_is_left_behind_by_a_write_that_fails(root: Path) -> None:
    with pytest.raises(PathRefused):
        Folder(root).write("a", b"x")

    assert not list(root.glob(".*.part"))


def test_entries_are_told_without_following_links(root: Path) -> None:
    entries = {entry.path: entry.is_folder for entry in Folder(root).entries()}

    assert entries["a"]
    assert not entries["folder"]
    assert not entries["up"]
    assert [entry.path for entry in Folder(root).entries("folder")] == ["a/b/c.txt"]


@pytest.mark.parametrize("path", ["up", "..", "/", "absolute"])
def test_a_folder_outside_is_not_listed(root: Path, path: str) -> None:
    with pytest.raises(PathRefused):
        list(Folder(root).entries(path))


@pytest.mark.parametrize(
    ("path", "real"),
    [("in", "a/b/c.txt"), ("nosuch/x/../y", "nosuch/y"), ("folder/new", "a/b/new"), (".", "")],
)
def test_the_real_path_is_told_without_links(root: Path, path: str, real: str) -> None:
    assert Folder(root).real_path(path) == real


ROUNDS = 200


def test_a_file_that_is_swapped_for_a_link_is_not_read_through_it(root: Path) -> None:
    (root / "secret.txt").write_bytes(b"secret")
    file = root / "notes"

    def swap() -> None:
        (root / "link").symlink_to("secret.txt")
        (root / "link").rename(file)
        time.sleep(random.random() / 1000)  # long enough that some reads fall within
        (root / "plain").write_bytes(b"plain")
        (root / "plain").rename(file)
        time.sleep(random.random() / 1000)

    def check(path: str) -> None:
        if path == "secret.txt":
            raise PathRefused("no")

    swap()
    seen: list[bytes] = []
    refused = 0
    with _in_a_thread(swap):
        while len(seen) < ROUNDS or refused < ROUNDS:
            try:
                seen.append(Folder(root).read("notes", MOST, check))
            except PathRefused:
                refused += 1

    assert set(seen) == {b"plain"}


@contextmanager
def _in_a_thread(swap: Callable[[], None]) -> Generator[None]:
    """A block during which another thread swaps without a pause."""
    stop = threading.Event()

    def swapping() -> None:
        while not stop.is_set():
            swap()

    thread = threading.Thread(target=swapping)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _race(root: Path, swap: Callable[[], None], rounds: int) -> list[bytes]:
    """What reads and writes of `race/file` gave while another thread swapped what `race` is."""
    seen: list[bytes] = []
    with _in_a_thread(swap):
        for _ in range(rounds):
            try:
                Folder(root).write("race/file", b"mine")
                seen.append(Folder(root).read("race/file", MOST))
            except PathRefused:
                continue
    return seen


def test_a_folder_that_becomes_a_link_outside_meanwhile_leads_nowhere(
    root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("theirs")
    (root / "race").mkdir()

    (root / "link").symlink_to(outside)

    def swap() -> None:
        for one, other in (("race", "kept"), ("link", "race"), ("race", "link"), ("kept", "race")):
            with suppress(OSError):  # a write may have made the folder anew
                (root / one).rename(root / other)

    seen = _race(root, swap, rounds=500)

    assert set(seen) <= {b"mine"}
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "theirs"
