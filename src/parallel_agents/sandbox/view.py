"""View: what a command in a sandbox sees of the folder that it works in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.errors import SandboxRefused
from parallel_agents.sandbox.repository import repository_of

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
        hidden: paths of which the content cannot be read.
        absent: paths that must not come to exist.
    """

    folder: Path
    seen: tuple[Path, ...] = ()
    pinned: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()

    def set_aside(self) -> list[Path]:
        """Rename what must not have come to exist, and return the paths that it had."""
        found: list[Path] = []
        for path in self.absent:
            with suppress(FileNotFoundError):
                path.rename(path.with_name(f"{path.name}.refused-{os.urandom(4).hex()}"))
                found.append(path)
        return found


def view_of(
    folder: Path,
    *,
    homes: Iterable[Path],
    private: Iterable[Path],
    programs: Iterable[Path],
    hides: Callable[[str], bool] | None,
) -> View:
    """What a command sees of a folder.

    Args:
        folder: the folder that it works in.
        homes: folders that must not be in it, such as the user's home.
        private: folders that are hidden if they are in it.
        programs: folders of programs that can only be read if they are in it: what runs this
            process may be among them.
        hides: whether a path below it is hidden, by permissions; None if none is.

    Raises:
        SandboxRefused: the folder is missing or holds a home, or too much to find what is hidden.
    """
    real = folder.resolve()
    if not real.is_dir():
        raise SandboxRefused(
            f"there is no folder {folder}",
            why="the commands of the session work in it",
            hint="name a folder that exists, by cwd",
        )
    if real == Path("/") or any(home.resolve().is_relative_to(real) for home in homes):
        raise SandboxRefused(
            f"the folder {real} is not given to a sandbox",
            why="it holds a home folder, with keys and all else",
            hint="work in the folder of a project, by cwd or `cd`",
        )
    repository = repository_of(real)
    guarded = (real / name for name in _PROJECT)
    inside = (path for one in private if (path := one.resolve()).is_relative_to(real))
    return View(
        folder=real,
        seen=repository.seen,
        pinned=repository.pinned,
        read_only=(
            *repository.read_only,
            *(path for path in guarded if path.exists() and not path.is_symlink()),
            *(path for path in programs if path != real and path.is_relative_to(real)),
        ),
        hidden=(
            *(path for path in inside if path.exists()),
            *(_hidden(real, hides) if hides else ()),
        ),
        absent=repository.absent,
    )


def _hidden(folder: Path, hides: Callable[[str], bool]) -> Iterator[Path]:
    """The paths below a folder that are hidden; what is below those is not listed."""
    root = str(folder)
    waiting = [root]
    count = 0
    while waiting:
        with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            for entry in os.scandir(waiting.pop()):
                count += 1
                if hides(entry.path[len(root) + 1 :]):
                    real = Path(entry.path).resolve()
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
