"""Names: where the workspaces of a home are; light, for whoever only asks whether there is one."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from parallel_agents.core.ids import SessionKey

RECORD = "record.json"
_FOLDER = "workspaces"
_SPECIAL = re.compile(r"[^A-Za-z0-9_-]+")
_MOST_CHARACTERS = 100


def rooms(home: Path) -> Path:
    """The folder of all workspaces."""
    return home / _FOLDER


def room_folder(home: Path, session: SessionKey) -> Path:
    """The folder of a session's workspace, made or not."""
    return rooms(home) / _name(session)


def is_made(home: Path, session: SessionKey) -> bool:
    """Whether a session has a workspace that was made to its end."""
    return (room_folder(home, session) / RECORD).exists()


def _name(session: SessionKey) -> str:
    """A folder's name for a session: its agent and its UUID, or a digest of what is neither."""
    parts = session.split(":")
    name = f"{parts[1]}-{parts[-1]}" if len(parts) > 1 else session
    if len(name) > _MOST_CHARACTERS or _SPECIAL.search(name):
        digest = hashlib.sha256(os.fsencode(session)).hexdigest()[:16]
        return f"{_SPECIAL.sub('-', name)[:40].strip('-')}~{digest}"
    return name


def lock_of(folder: Path) -> Path:
    """The file that a process holds while it makes a workspace."""
    return folder.with_name(f".{folder.name}.lock")
