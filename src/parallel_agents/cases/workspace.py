"""Workspace: the files of a case in a folder of their own, committed, with what was changed afterwards."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from parallel_agents.core.case import Case
from parallel_agents.files import make_private_folder
from parallel_agents.folder import Folder
from parallel_agents.git import Git

_WHO = ("-c", "user.name=pagents", "-c", "user.email=pagents@localhost")


async def make_workspace(folder: Path, case: Case) -> None:
    """Make the folder of a case, in place of whatever is there.

    Raises:
        WorkspaceError: git is missing, or cannot do it.
        PathRefused: a path cannot be written.
    """
    await asyncio.to_thread(_make, folder, case)


def remove_workspace(folder: Path) -> None:
    """Remove the folder of a case, and the folder of its test if it was the last one there."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()


def _make(folder: Path, case: Case) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    make_private_folder(folder)
    git = Git(folder)
    git.run("init", "--quiet", "--initial-branch=main")
    _write(folder, case.files)
    git.run("add", "--all", "--force")
    git.run(*_WHO, "commit", "--quiet", "--allow-empty", "--message", "The files of the case")
    _write(folder, case.changed)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    inside = Folder(folder)
    for path, content in files.items():
        inside.write(path, content.encode())
