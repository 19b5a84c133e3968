"""Making: a workspace out of a folder; a half-made one is made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from parallel_agents.errors import GitFailed, WorkspaceError
from parallel_agents.files import make_private_folder
from parallel_agents.workspaces.borrowing import (
    borrow,
    exclude_of,
    head_of,
    object_folders,
    object_format,
)
from parallel_agents.workspaces.copying import copy
from parallel_agents.workspaces.limits import Limits
from parallel_agents.workspaces.listing import (
    GITLINK,
    Listing,
    Repository,
    find_repository,
    inside,
    list_folder,
    list_repository,
)
from parallel_agents.workspaces.names import rooms
from parallel_agents.workspaces.record import Record, Room
from parallel_agents.workspaces.rooted import Blocked, Rooted

_GUARD = "This is not a repository. Whoever looks for one from below is to stop here.\n"
_EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
_SHA1 = "sha1"
_SPARE_BYTES = 64_000_000
_NAMED = 3


def make(
    room: Room,
    folder: Path,
    *,
    home: Path,
    parent: str,
    limits: Limits,
    now: Callable[[], float],
) -> Record:
    """The workspace of a session: the one that is there, or a new one of `folder`.

    Raises:
        WorkspaceError: it cannot be made; nothing of the folder was changed.
    """
    if (found := room.record) is not None:
        return found
    repository = find_repository(folder)
    root = folder if repository is None else repository.root
    skip = inside(home, root)
    listing = list_repository(repository, skip) if repository else list_folder(root, skip)
    paths = listing.paths
    _check(root, paths, listing, limits, home)
    try:
        return _made(room, root, folder, paths, listing, repository, parent, now)
    except GitFailed as error:
        raise WorkspaceError(
            f"git could not make a workspace of {root}",
            why=error.why,
            hint="make sure that `git status` works there",
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"no workspace of {root} could be made in {room.folder}",
            why=error.strerror or str(error),
            hint="free some space, or set PARALLEL_AGENTS_HOME to a disk that has it",
        ) from error


def _made(  # noqa: PLR0913 - the parts of one copy
    room: Room,
    root: Path,
    folder: Path,
    paths: list[str],
    listing: Listing,
    repository: Repository | None,
    parent: str,
    now: Callable[[], float],
) -> Record:
    make_private_folder(rooms(room.folder.parent.parent))
    if room.folder.exists():
        shutil.rmtree(room.folder)  # a process was killed while it made this one
    record = Record(
        session=room.session,
        source=str(root),
        below=os.path.relpath(folder, root),
        parent=parent,
        is_repository=repository is not None,
        commit="" if repository is None else head_of(repository.git),
        made_at=0.0,
    )
    files = room.files(record)
    files.mkdir(parents=True, mode=0o700)
    (files.parent / ".git").write_text(_GUARD)
    known: set[str] = set()
    borrowed: list[str] = []
    if repository is not None and object_format(repository.git) == _SHA1:
        borrowed = object_folders(repository)
        known = {each.oid for each in listing.tracked if each.oid != _EMPTY}
    room.blobs.make(borrowed, b"" if repository is None else exclude_of(repository.git))
    with ThreadPoolExecutor(1) as beside:
        # A repository is made by git, in processes of its own, while we copy.
        borrowing = repository and beside.submit(_borrow, repository, listing, files)
        copied = copy(root, paths, files, room.blobs, known)
        if borrowing is not None:
            borrowing.result()
    empty = [each.path for each in listing.tracked if each.mode == GITLINK]
    _make_folders(files, [*empty, record.below] if record.below != "." else empty)
    room.write_base(copied.files)
    record = replace(record, made_at=now(), skipped=len(copied.skipped))
    room.write(record)
    return record


def _borrow(repository: Repository, listing: Listing, files: Path) -> None:
    borrow(repository, listing.tracked, files, object_folders(repository))


def _make_folders(files: Path, paths: Iterable[str]) -> None:
    """Make folders that may have no file in them, such as of a submodule that was not fetched."""
    with Rooted(files) as root:
        for path in paths:
            with suppress(Blocked):
                root.folder(f"{path}/", make=True)


def _check(root: Path, paths: list[str], listing: Listing, limits: Limits, home: Path) -> None:
    """Refuse a folder that is too large, before anything is copied.

    Raises:
        WorkspaceError: it says what is the largest in it.
    """
    if len(paths) > limits.files:
        raise WorkspaceError(
            f"{root} has {len(paths):,} files, too many for a workspace",
            why=f"the limit is {limits.files:,}; files that git ignores do not count",
            hint="have git ignore what is not worked on, choose a smaller folder, or work in it"
            " directly: --cwd FOLDER, in Python workspace=Workspace.at(FOLDER)",
        )
    new = set(listing.new)
    above = f"{root}/"
    sizes = {path: _size(above + path) for path in paths}
    of_new = sum(size for path, size in sizes.items() if path in new)
    if of_new > limits.bytes:
        largest = sorted(new, key=lambda path: sizes.get(path, 0), reverse=True)[:_NAMED]
        named = ", ".join(f"{path} ({sizes[path] / 1e6:,.0f} MB)" for path in largest)
        raise WorkspaceError(
            f"{root} has {of_new / 1e6:,.0f} MB of files that are in no commit",
            why=f"the limit is {limits.bytes / 1e6:,.0f} MB; the largest are {named}",
            hint="add them to .gitignore or .git/info/exclude, or raise the setting"
            " workspace_megabytes",
        )
    free = shutil.disk_usage(_existing(home)).free
    needed = sum(sizes.values()) + of_new + _SPARE_BYTES
    if needed > free:
        raise WorkspaceError(
            f"a workspace of {root} needs {needed / 1e6:,.0f} MB, and {home} has"
            f" {free / 1e6:,.0f} MB left",
            hint="free some space (`pagents workspaces clean`), or set PARALLEL_AGENTS_HOME to a"
            " disk that has it",
        )


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
