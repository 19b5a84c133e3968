"""Kept texts: paths by which a model reads on in what the journal keeps and it was told in part.

A path names a run, by the first digits of its id, and an event of that run: `@kept/1f0c2a34/turn-3/call/1`.
"""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Place

FOLDER = "@kept"
_DIGITS = 8


class KeptPath(NamedTuple):
    """An event of a session: the first digits of its run's id, and its key."""

    run: str
    key: str


def kept_path(run: RunId | None, key: Place | str) -> str:
    return f"{FOLDER}/{(run or '')[:_DIGITS]}/{key}"


def read_kept_path(path: str) -> KeptPath | None:
    """What a path names; None if it is the path of a file."""
    folder, _, rest = path.removeprefix("./").partition("/")
    run, _, key = rest.partition("/")
    return KeptPath(run, key) if folder == FOLDER else None
