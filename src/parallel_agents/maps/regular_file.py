"""Regular file: what rows are read from, and what they name; a pipe or a device would be waited for for ever."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from parallel_agents.database_files import check_path_not_in_use

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class SpecialFile(ValueError):
    """A pipe, a device or a socket, which is not read."""

    def __init__(self) -> None:
        super().__init__("it is a pipe, a device or another special file")


def open_regular(path: Path) -> BinaryIO:
    """The file, opened to be read.

    Raises:
        OSError: it cannot be opened, or is a folder.
        SpecialFile: it is not a regular file.
    """
    check_path_not_in_use(path)
    descriptor = os.open(path, _READ)
    try:
        _check(os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")  # refuses a folder
    except BaseException:
        os.close(descriptor)
        raise


def read_at_most(file: BinaryIO, count: int) -> bytes:
    """The first bytes of a file.

    Raises:
        OSError: they cannot be read, or would have to be waited for, as those of some files of /proc.
    """
    parts: list[bytes] = []
    while count and (part := os.read(file.fileno(), count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise SpecialFile
