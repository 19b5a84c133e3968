"""Repository: what git needs of a folder's repository, and what must stay as it is.

Git runs what a repository's configuration and hooks name, with the rights of whoever calls it next.
A command in a sandbox can commit, and can change neither.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from parallel_agents.errors import SandboxRefused

# `commondir` makes git read the configuration of another folder.
_ACTED_ON = ("config", "config.worktree", "hooks", "commondir")
_OF_WORKTREE = ("commondir", "gitdir", "config.worktree")
_SHARED = ("objects", "refs", "logs")
_HOOKS_PATH = re.compile(rb'^\s*hookspath\s*=\s*"?([^"\n]+?)"?\s*$', re.IGNORECASE | re.MULTILINE)
_INFORMATION = "info"
_MOST_BORROWED = 10
_MOST_BYTES = 1_000_000
_MOST_SUBMODULES = 500


class Repository(NamedTuple):
    """What a sandbox does with the paths of a repository; all of them exist but for `absent`.

    Attributes:
        seen: folders outside of the working folder that can be read.
        pinned: folders that can be written, and not be moved away.
        read_only: paths that can only be read, also below those.
        absent: paths that must not come to exist.
    """

    seen: tuple[Path, ...] = ()
    pinned: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()


def repository_of(folder: Path) -> Repository:
    """The repository whose files are in a folder, which has a path without links.

    Raises:
        SandboxRefused: its `.git` is a link, which a command could replace.
    """
    git = folder / ".git"
    if git.is_symlink():
        raise SandboxRefused(
            f"{git} is a link",
            why="a command could replace it, and with it what git runs",
            hint="make it a file with the line `gitdir: PATH`, or move the repository here",
        )
    if git.is_dir():
        return _own(git, folder)
    return _linked(git, folder) if git.is_file() else Repository()


def _own(git: Path, folder: Path) -> Repository:
    """A repository in the folder itself, with those of its submodules."""
    read_only: list[Path] = []
    absent: list[Path] = []
    for place in (git, *_submodules(git / "modules")):
        acted_on = [place / name for name in _ACTED_ON]
        if any(path.is_symlink() for path in acted_on):
            read_only.append(place)  # a link cannot be held in its place
            continue
        read_only += (path for path in acted_on if path.exists())
        absent += (path for path in acted_on if not path.exists())
    if (worktrees := git / "worktrees").is_dir():
        read_only.append(worktrees)
    read_only += _hooks_elsewhere(git / "config", folder)
    objects = git / "objects"
    if (sources := objects / _INFORMATION).is_dir():
        read_only.append(sources)
    else:
        absent.append(sources)
    return Repository(
        seen=tuple(_borrowed(objects, folder)),
        pinned=(git, *((objects,) if objects.is_dir() else ())),
        read_only=tuple(read_only),
        absent=tuple(absent),
    )


def _linked(git: Path, folder: Path) -> Repository:
    """The repository of a worktree; none if the file `.git` names anything but this worktree's.

    The file may have been written by an agent: what it names counts only if git made it, outside of
    the folder, for the folder.
    """
    own = _named(git, folder, b"gitdir:")
    common = own.parent.parent
    is_of_git = (
        own.parent.name == "worktrees"
        and not own.is_relative_to(folder)
        and _named(own / "gitdir", own) == git
        and _named(own / "commondir", own) == common
    )
    if not is_of_git:
        return Repository(read_only=(git,))
    guarded = [own / name for name in _OF_WORKTREE]
    return Repository(
        seen=(common, *_borrowed(common / "objects", folder)),
        pinned=(*(path for name in _SHARED if (path := common / name).is_dir()), own),
        read_only=(
            git,
            *(path for path in guarded if path.exists()),
            *(path for path in (common / "objects" / _INFORMATION,) if path.is_dir()),
            *_hooks_elsewhere(common / "config", folder),
        ),
        absent=tuple(path for path in guarded if not path.exists()),
    )


def _borrowed(objects: Path, folder: Path) -> Iterator[Path]:
    """The folders outside with objects that those of a repository build on, as in a workspace.

    The files that name them are read-only to commands, so that no agent chooses what is seen.
    """
    waiting = [objects]
    for _ in range(_MOST_BORROWED):
        if not waiting:
            return
        place = waiting.pop()
        for line in _read(place / _INFORMATION / "alternates").splitlines():
            path = (place / os.fsdecode(line)).resolve()
            if (path.parent / "HEAD").is_file() and not path.is_relative_to(folder):
                yield path
                waiting.append(path)


def _named(file: Path, below: Path, before: bytes = b"") -> Path:
    """The path that a file holds, without links; `below` if it holds none."""
    return (below / os.fsdecode(_read(file).removeprefix(before).strip())).resolve()


def _submodules(modules: Path) -> Iterator[Path]:
    """The git folders of submodules, which have submodules of their own."""
    waiting = [modules]
    for _ in range(_MOST_SUBMODULES):
        if not waiting:
            return
        place = waiting.pop()
        if place.is_symlink() or not place.is_dir():
            continue
        if (place / "HEAD").exists():
            yield place
            waiting.append(place / "modules")
        else:
            waiting += place.iterdir()
    raise SandboxRefused(
        f"{modules} has more folders than can be guarded",
        why=f"{_MOST_SUBMODULES} are looked at",
        hint="work in the folder of one of the submodules",
    )


def _hooks_elsewhere(config: Path, folder: Path) -> Iterator[Path]:
    """The folders of the working folder from which hooks are run, by `core.hooksPath`."""
    for match in _HOOKS_PATH.finditer(_read(config)):
        path = (folder / os.fsdecode(match[1])).resolve()
        if path != folder and path.is_relative_to(folder) and path.is_dir():
            yield path


def _read(path: Path) -> bytes:
    """The beginning of a regular file; empty if there is none."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_MOST_BYTES).replace(b"\0", b"")
    except OSError:
        pass
    return b""
