"""Places: the folder that a new session will work in, as its task, agent and parent have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from parallel_agents.core.ids import is_group_key
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Place, Workspace
from parallel_agents.errors import InvalidInput
from parallel_agents.links import existing_path


def settle(
    options: SessionOptions, asked: Workspace | None, parent: Session | None
) -> SessionOptions:
    """The options with the folder or the workspace of the session.

    A folder that its task names by `cwd` overrides the agent's workspace. Below a session with a
    workspace, a session that names nothing gets a copy of that one's; what the runtime makes for
    its parent, such as a judge, works in the same folder.

    Raises:
        InvalidInput: the folder does not exist, or there is no parent whose folder could be used.
    """
    above = None if parent is None or is_group_key(parent.key) else parent.options
    if options.cwd:
        return replace(options, workspace=None)
    if asked is None:
        if above is None or above.workspace is None:
            return replace(options, workspace=None)
        asked = Workspace.parent() if options.is_service else Workspace.own()
    if asked.folder:
        folder = str(_existing(asked.folder))
        if asked.place is Place.AT:
            return replace(options, cwd=folder, workspace=None)
        return replace(options, workspace=Workspace.own(folder))
    if above is not None and above.workspace is not None:
        return replace(options, workspace=asked)
    folder = above.cwd if above else ""
    if asked.place is Place.OWN:
        return replace(options, workspace=Workspace.own(str(_existing(folder or "."))))
    if above is None:
        raise InvalidInput(
            "the session has no parent whose folder it could share",
            why="its workspace is the parent's, and it has none",
            hint='write Workspace.own(".") for a copy, or Workspace.at(".") for the folder itself',
        )
    return replace(options, cwd=folder, workspace=None)


def check_folders(tasks: Iterable[Task[Any]]) -> None:
    """Refuse tasks of a program that name a folder which is not there.

    Raises:
        InvalidInput: one does.
    """
    for folder in {task.options.cwd for task in tasks} - {""}:
        _existing(folder)


def folder_from(base: str, folder: str) -> str:
    """The folder that a session names, as a whole path; a relative one is below `base`, its own.

    Raises:
        InvalidInput: it is not there, or is relative and there is no folder that it is below.
    """
    path = Path(folder).expanduser()
    if not path.is_absolute() and not base:
        raise InvalidInput(
            f"the folder {folder} is relative",
            why="nothing says below which folder",
            hint="name a whole path, from the root",
        )
    return str(_existing(str(Path(base) / path)))


def works_in_folder(options: SessionOptions) -> bool:
    """Whether a session with these options, once settled, works in a folder that somebody named."""
    return bool(options.cwd) or options.workspace is not None


def _existing(folder: str) -> Path:
    path = Path(folder).expanduser()
    try:
        path = existing_path(path)
        is_folder = path.is_dir()
    except OSError as error:
        raise InvalidInput(
            f"the folder {folder} cannot be used",
            why=error.strerror or str(error),
            hint="name a folder that exists and that you may read, such as . for this one",
        ) from error
    if not is_folder:
        raise InvalidInput(f"{folder} is not a folder", hint="name the folder around it")
    return path
