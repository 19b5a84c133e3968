"""Only regular files are read: what could be waited for for ever is refused."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from parallel_agents.maps.regular_file import SpecialFile, open_regular, read_at_most


def test_a_file_and_what_a_link_points_to_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "link").symlink_to("a")

    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(SpecialFile):
            open_regular(path)


def test_a_socket_and_a_folder_cannot_be_opened(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))

        for path in (tmp_path / "s", tmp_path):
            with pytest.raises(OSError, match=r"No such device|Is a directory"):
                open_regular(path)


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")

    with open_regular(tmp_path / "a") as file:
        assert read_at_most(file, 4) == b"0123"
        assert read_at_most(file, 100) == b"456789"


def test_what_would_have_to_be_waited_for_is_an_error() -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK)

    with os.fdopen(reading, "rb") as file, pytest.raises(BlockingIOError):
        read_at_most(file, 1)
    os.close(writing)
