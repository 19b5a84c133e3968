"""Kept path: an event of a session by a path for `read_file`, such as `@kept/1f0c2a34/turn-3/call/1`."""

from __future__ import annotations

from typing import NamedTuple

FOLDER = "@kept"
DIGITS = 8


class KeptPath(NamedTuple):
    """An event of a session: the first digits of its run's id, and its key."""

    run: str
    key: str


def read_kept_path(path: str) -> KeptPath | None:
    """What a path names; None if it is the path of a file."""
    folder, _, rest = path.removeprefix("./").partition("/")
    run, _, key = rest.partition("/")
    is_kept = folder == FOLDER and len(run) == DIGITS and bool(key)
    return KeptPath(run, key) if is_kept else None
