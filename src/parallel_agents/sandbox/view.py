"""View: what a command in a sandbox sees of the folder that it works in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from parallel_agents.errors import SandboxRefused
from parallel_agents.links import real_path
from parallel_agents.sandbox.aside import restore_link, set_aside
from parallel_agents.sandbox.repository import Repository

_PROJECT = (".parallel-agents", ".mcp.json")  # what runs outside of the sandbox reads these
_OBJECTS = "/.git/objects"
_MOST_ENTRIES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The folder of a command, and what of it is not simply there to be written.

    All paths are absolute and lead through no link.

    Attributes:
        folder: the folder.
        seen: folders outside of it that can be read, such as the repository of a worktree.
        pinned: folders that can be written, and not be moved away.
        read_only: paths that can only be read, also below those.
        hidden: paths whose content cannot be read.
        absent: paths that must not come to exist.
        links: links in the folder that must stay as they are, with what they hold.
    """

    folder: Path
    seen: tuple[Path, ...] = ()
    pinned: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    links: tuple[tuple[Path, Path], ...] = ()

    def only_read(self) -> View:
        """The same with nothing that can be written."""
        return replace(self, pinned=(), read_only=(self.folder,), absent=(), links=())

    def empty(self) -> View:
        """The same folder with nothing in it."""
        return View(folder=self.folder, hidden=(self.folder,))

    def set_aside(self) -> list[Path]:
        """Rename what must not have come to exist, and return the paths that it had.

        Raises:
            SandboxRefused: it cannot be renamed.
        """
        aside = [path for path in self.absent if set_aside(self.folder, path)]
        changed = [path for path, target in self.links if restore_link(self.folder, path, target)]
        return [*aside, *changed]


def view_of(
    folder: Path,
    repository: Repository,
    *,
    private: Iterable[Path],
    programs: Iterable[Path],
    hides: Callable[[str], bool] | None,
) -> View:
    """What a command sees of a folder.

    Args:
        folder: the folder that it works in, by its path without links.
        repository: the repositories in it.
        private: folders that are hidden if they are in it.
        programs: folders of programs that can only be read if they are in it: what runs this
            process may be among them.
        hides: whether a path below it is hidden, by permissions; None if none is.

    Raises:
        SandboxRefused: the folder holds too much to find what is hidden.
    """
    guarded = [folder / name for name in _PROJECT]
    inside = (path for one in private if (path := real_path(one)).is_relative_to(folder))
    links = [path for path in guarded if path.is_symlink()]
    led_to = (target for path in links if (target := real_path(path)).is_relative_to(folder))
    obeyed = (*repository.read_only, *repository.absent, *guarded, *led_to)
    read_only = (
        *(path for path in obeyed if path.exists() and not path.is_symlink()),
        *(path for path in programs if path != folder and path.is_relative_to(folder)),
    )
    hidden = (
        *(path for path in inside if path.exists()),
        *(_hidden(folder, hides) if hides else ()),
    )
    absent = tuple(path for path in obeyed if not os.path.lexists(path))
    held = (*repository.pinned, *read_only, *hidden, *absent)
    return View(
        folder=folder,
        seen=repository.seen,
        pinned=tuple(_pins(folder, (*repository.pinned, *_above(folder, held)), read_only, hidden)),
        read_only=tuple(_outermost(read_only)),
        hidden=hidden,
        absent=absent,
        links=tuple((path, path.readlink()) for path in links),
    )


def real_folder(folder: Path, homes: Iterable[Path]) -> Path:
    """The path, with links resolved, of a folder that a command may be given.

    Args:
        folder: the folder.
        homes: folders that must not be in it, such as the user's home.

    Raises:
        SandboxRefused: it is missing, or holds a home.
    """
    real = real_path(folder)
    if not real.is_dir():
        raise SandboxRefused(
            f"there is no folder {folder}",
            why="the commands of the session work in it",
            hint="name a folder that exists, by cwd",
        )
    if real == Path("/") or any(real_path(home).is_relative_to(real) for home in homes):
        raise SandboxRefused(
            f"the folder {real} cannot be given to a sandbox",
            why="it contains a home folder, with keys and everything else",
            hint="work in the folder of a project, by cwd or `cd`",
        )
    return real


def _above(folder: Path, held: Iterable[Path]) -> Iterator[Path]:
    """The folders between a folder and what is held in it.

    If one of them were moved away, what is held would be moved with it, and another could take its
    place.
    """
    for path in held:
        if path.is_relative_to(folder):
            yield from (above for above in path.parents if above.is_relative_to(folder))


def _pins(folder: Path, paths: Iterable[Path], *covered: Sequence[Path]) -> Iterator[Path]:
    """The folders that must not be moved and are not held otherwise, the outermost first."""
    held = {path for paths in covered for path in paths}
    for path in sorted(set(paths) - {folder}, key=lambda path: len(path.parts)):
        if held.isdisjoint((path, *path.parents)) and path.is_dir():
            yield path


def _outermost(paths: Iterable[Path]) -> Iterator[Path]:
    """Those paths that are in none of the others."""
    found = set(paths)
    return (path for path in dict.fromkeys(paths) if found.isdisjoint(path.parents))


def _hidden(folder: Path, hides: Callable[[str], bool]) -> Iterator[Path]:
    """The paths below a folder that are hidden; what is below those is not listed."""
    root = str(folder)
    waiting = [root]
    count = 0
    while waiting:
        with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            for entry in _entries(waiting.pop()):
                count += 1
                if hides(entry.path[len(root) + 1 :]):
                    real = real_path(Path(entry.path))
                    if real.exists() and real != folder and real.is_relative_to(folder):
                        yield real
                elif entry.is_dir(follow_symlinks=False) and not entry.path.endswith(_OBJECTS):
                    waiting.append(entry.path)
                if count > _MOST_ENTRIES:
                    raise SandboxRefused(
                        f"{folder} has too many files to hide those that permissions deny",
                        why=f"{_MOST_ENTRIES:,} are looked at",
                        hint="work in a smaller folder, or remove the rules that deny read_file paths",
                    )


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)
