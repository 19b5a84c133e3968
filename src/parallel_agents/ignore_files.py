"""Ignore files: what of a folder its `.gitignore` files name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from parallel_agents.folder import Folder, PathRefused

_MOST_BYTES = 1_000_000
_NAME = ".gitignore"


def _always(_path: str) -> bool:
    return True


class Kept(NamedTuple):
    """A folder with the names of the regular files in it that nothing ignores."""

    path: str
    names: list[str]

    @property
    def files(self) -> list[str]:
        """Their paths from the root."""
        return [_join(self.path, name) for name in self.names]


class IgnoreFiles:
    """The `.gitignore` files between a root and what is below it; each is read once."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._specs: dict[str, GitIgnoreSpec | None] = {}

    def walk(self, path: str = ".", enters: Callable[[str], bool] = _always) -> Iterator[Kept]:
        """The folders below a path that they do not name, by name; without links and folders of git.

        `enters` says of each folder whether it is entered, by its path from the root.
        """
        self._read_above(self._folder.real_path(path).split("/"))
        for found, folders, files in self._folder.walk(path):
            if found not in self._specs:
                self._specs[found] = self._read(found) if _NAME in files else None
            folders[:] = sorted(
                name
                for name in folders
                if name != ".git"
                and not self._decides(_join(found, name) + "/")
                and enters(_join(found, name))
            )
            yield Kept(found, sorted(n for n in files if not self._decides(_join(found, n))))

    def _read_above(self, steps: list[str]) -> None:
        for end in range(len(steps)):
            above = "/".join(steps[:end])
            if above not in self._specs:
                self._specs[above] = self._read(above)

    def _read(self, path: str) -> GitIgnoreSpec | None:
        try:
            content = self._folder.read(_join(path, _NAME), _MOST_BYTES)
            return GitIgnoreSpec.from_lines(content.decode("utf-8", "replace").splitlines())
        except (PathRefused, ValueError):
            return None

    def _decides(self, path: str) -> bool:
        """Whether one of them names a path itself; the one in the nearest folder decides first."""
        steps = path.rstrip("/").split("/")
        for end in range(len(steps) - 1, -1, -1):
            spec = self._specs.get("/".join(steps[:end]))
            if spec is None:
                continue
            decision = spec.check_file("/".join(steps[end:]) + ("/" if path.endswith("/") else ""))
            if decision.include is not None:
                return decision.include
        return False


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
