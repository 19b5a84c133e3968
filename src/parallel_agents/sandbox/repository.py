"""Repository: what git needs of the repositories in a folder, and what must stay as it is.

Git runs what a repository's configuration and hooks name, with the rights of whoever calls it next.
In a folder that is not the session's own, commands can therefore read repositories and not change
them. In a copy of its own a session can commit.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from parallel_agents.errors import GitFailed, SandboxRefused
from parallel_agents.git import Git, find_git
from parallel_agents.links import real_path
from parallel_agents.sandbox.git_config import named_by

_Stamps: TypeAlias = tuple[tuple[int, int, int] | None, ...]
_NOTHING: Mapping[str, str] = MappingProxyType({})
_GIT = ".git"
# `commondir` makes git read the configuration of another folder.
_ACTED_ON = ("config", "config.worktree", "hooks", "commondir")
_INFORMATION = "info"
_GITLINK = b"160000 "
_NOT_ENTERED = frozenset({_GIT, ".tox", ".venv", "node_modules", "venv"})
_MOST_DEPTH = 4
_MOST_FOLDERS = 20_000
_MOST_REPOSITORIES = 500
_MOST_BORROWED = 10
_MOST_LINKS = 40
_KNOWN_SECONDS = 10.0
_MOST_BYTES = 1_000_000


class Repository(NamedTuple):
    """What a sandbox does with the paths of repositories; all exist but for `absent`, when found.

    Attributes:
        seen: folders outside of the working folder that can be read.
        pinned: folders that can be written, and not be moved away.
        read_only: paths that can only be read, also below those.
        absent: paths that must not come to exist.
        found_by: the files that said so, from any folder.
    """

    seen: tuple[Path, ...] = ()
    pinned: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    found_by: tuple[Path, ...] = ()


def own_repository(folder: Path) -> Repository:
    """The repository of a copy that is the session's own: it can be changed, but not what it obeys.

    Args:
        folder: its path without links.
    """
    git = folder / _GIT
    if git.is_symlink() or not git.is_dir():
        return Repository()
    objects = git / "objects"
    guarded = (*(git / name for name in _ACTED_ON), objects / _INFORMATION)
    return Repository(
        seen=tuple(_borrowed(objects, folder)),
        pinned=(git, *((objects,) if objects.is_dir() else ())),
        read_only=tuple(path for path in guarded if path.exists() and not path.is_symlink()),
        absent=tuple(path for path in guarded if not path.exists()),
    )


def repositories_in(folder: Path, settings: Mapping[str, str] = _NOTHING) -> Repository:
    """The repositories in a folder as it is now: its own, those below it, and submodules.

    Those below it are found down to four folders deep.

    Args:
        folder: its path without links.
        settings: the variables that say where the user's configuration of git is.

    Raises:
        SandboxRefused: there are too many, or a file that git obeys is behind a link that a command
            could replace.
    """
    if inner := next((path for path in (folder, *folder.parents) if _is_bare(path)), None):
        raise SandboxRefused(
            f"{folder} cannot be given to a sandbox",
            why=f"{inner} is the inside of a repository, which git obeys",
            hint="work in a folder with the repository's files",
        )
    guard = _Guard(folder, settings)
    guard.hold(folder / _GIT)
    waiting = [folder, *_nested(folder)]
    known = set(waiting)
    while waiting:
        place = waiting.pop()
        if _is_bare(place):
            guard.hold(place)
            continue
        guard.hold_repository(place)
        for link in guard.gitlinks(place):
            has_repository = (link / _GIT).exists()
            guard.hold(link / _GIT if has_repository else link)
            if has_repository and link not in known:
                known.add(link)
                waiting.append(link)
        if len(known) > _MOST_REPOSITORIES:
            raise SandboxRefused(
                f"{folder} has more repositories than can be guarded",
                why=f"{_MOST_REPOSITORIES} are looked at",
                hint="work in the folder of one of them",
            )
    return Repository(
        seen=tuple(_seen(folder)),
        read_only=tuple(guard.read_only),
        absent=tuple(guard.absent),
        found_by=tuple(guard.found_by),
    )


class KnownRepositories:
    """The repositories in folders, as they were found a short while ago, if nothing said otherwise since.

    Args:
        settings: the variables that say where the user's configuration of git is.
    """

    def __init__(self, settings: Mapping[str, str] = _NOTHING) -> None:
        self._settings = settings
        self._finding = threading.Lock()  # guards `_found`, and lets many wait for one
        self._found: dict[Path, tuple[float, _Stamps, Repository]] = {}

    def find(self, folder: Path) -> Repository:
        """As `repositories_in`."""
        with self._finding:
            found_at, stamps, repository = self._found.get(folder, (-inf, (), Repository()))
            is_old = time.monotonic() - found_at > _KNOWN_SECONDS
            if is_old or stamps != _stamps(repository.found_by):
                repository = repositories_in(folder, self._settings)
                self._found[folder] = time.monotonic(), _stamps(repository.found_by), repository
            return repository


class _Guard:
    """Collects the paths below a folder that commands must leave as they are."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self.read_only: dict[Path, None] = {}
        self.absent: dict[Path, None] = {}
        self.found_by: dict[Path, None] = {}

    def hold_repository(self, place: Path) -> None:
        """Hold the `.git` of a place, what it leads to, and what its configuration names."""
        git = place / _GIT
        if os.path.lexists(git):
            self.hold(git)
        if git.is_file() and (target := _named(git, place, b"gitdir:")) != place:
            self.hold(target)
            self.hold(_named(target / "commondir", target))
        if find_git() is None:
            return
        try:
            named = named_by(self._git(place))
        except GitFailed:
            return  # git runs nothing where it does not work
        for path in named:
            self.hold(path)
            self.found_by[path] = None

    def gitlinks(self, place: Path) -> list[Path]:
        """The folders of a repository's submodules, by its index."""
        if find_git() is None:
            return []
        try:
            index = self._git(place).text(
                "rev-parse", "--path-format=absolute", "--git-path", "index"
            )
            listed = self._git(place).run("ls-files", "--stage", "-z")
        except GitFailed:
            return []
        self.found_by[Path(index)] = None
        return [
            place / os.fsdecode(line.partition(b"\t")[2])
            for line in listed.split(b"\0")
            if line.startswith(_GITLINK)
        ]

    def _git(self, place: Path) -> Git:
        return Git(place, settings=self._settings)

    def hold(self, path: Path) -> None:
        """Keep a path as it is if it is in the folder, with the links that lead to it.

        Of a path that does not exist the first missing folder must not come to exist: it could be
        a link, behind which the rest means something else.

        Args:
            path: absolute.

        Raises:
            SandboxRefused: a link is in the folder itself, there are too many, or the path is that
                folder.
        """
        at, links = Path("/"), 0
        ahead = [*path.parts][::-1]
        while ahead:
            step = ahead.pop()
            if step in {"/", ".."}:
                at = at.parent if step == ".." else Path("/")
                continue
            here = at / step
            if here.is_symlink():
                links += 1
                self._hold_link(here, links)
                ahead += [*here.readlink().parts][::-1]
                continue
            at = here
            if not here.exists():
                break
        if at.is_relative_to(self._folder):
            self._hold(at)

    def _hold_link(self, link: Path, number: int) -> None:
        if number > _MOST_LINKS:
            raise SandboxRefused(
                f"{link} is one of more than {_MOST_LINKS} links in a row",
                why="git obeys what they lead to, and it cannot be guarded from commands",
                hint="put what they lead to in the place of the first",
            )
        if link.parent == self._folder:
            raise SandboxRefused(
                f"{link} is a link",
                why="a command could replace it, and with it what git runs",
                hint="put what it leads to in its place, or use a workspace: --workspace, in Python workspace=",
            )
        if link.is_relative_to(self._folder):
            self.read_only[link.parent] = None

    def _hold(self, path: Path) -> None:
        if path == self._folder:
            raise SandboxRefused(
                f"git obeys files in {path} itself",
                why="a command there could change what git runs",
                hint="keep them in a folder of their own, or use a workspace: --workspace, in Python workspace=",
            )
        if path.exists():
            self.read_only[path] = None
        else:
            self.absent[path] = None


def _seen(folder: Path) -> Iterator[Path]:
    """The folders outside that the repository of a folder needs."""
    git = folder / _GIT
    if git.is_dir():
        yield from _borrowed(git / "objects", folder)
    elif git.is_file() and (common := _common_of_worktree(git, folder)):
        yield common
        yield from _borrowed(common / "objects", folder)


def _common_of_worktree(git: Path, folder: Path) -> Path | None:
    """The repository of a worktree; None if the file `.git` names anything but this worktree's.

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
    return common if is_of_git else None


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
            path = real_path(place / os.fsdecode(line))
            if (path.parent / "HEAD").is_file() and not path.is_relative_to(folder):
                yield path
                waiting.append(path)


def _nested(folder: Path) -> Iterator[Path]:
    """The folders below one that have a `.git`."""
    level = [folder]
    count = 0
    for _ in range(_MOST_DEPTH):
        below: list[Path] = []
        for place in level:
            for path in _folders_in(place):
                if os.path.lexists(path / _GIT) or _is_bare(path):
                    yield path
                below.append(path)
            count += 1
            if count > _MOST_FOLDERS:
                raise SandboxRefused(
                    f"{folder} has too many folders to find the repositories in it",
                    why=f"{_MOST_FOLDERS:,} are looked at",
                    hint="work in a folder below, or in a workspace: --workspace, in Python workspace=",
                )
        level = below


def _folders_in(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            return [
                place / entry.name
                for entry in entries
                if entry.name not in _NOT_ENTERED and entry.is_dir(follow_symlinks=False)
            ]
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return []


def _is_bare(path: Path) -> bool:
    """Whether a folder is the inside of a repository."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _stamps(files: Iterable[Path]) -> _Stamps:
    """By what files are known to be as they were."""
    return tuple(map(_stamp, files))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _named(file: Path, below: Path, before: bytes = b"") -> Path:
    """The path that a file holds, without links; `below` if it holds none."""
    return real_path(below / os.fsdecode(_read(file).removeprefix(before).strip()))


def _read(path: Path) -> bytes:
    """The beginning of a regular file; empty if there is none."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_MOST_BYTES).replace(b"\0", b"")
    except OSError:
        pass
    return b""
