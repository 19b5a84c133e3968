"""FileIndex: files of one kind in several folders, each read when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from parallel_agents.errors import InvalidFile

ContentT = TypeVar("ContentT")


@dataclass(frozen=True, slots=True)
class Entry(Generic[ContentT]):
    """A file that was found; `content` is what it defines, or why it defines nothing."""

    name: str
    file: Path
    content: ContentT | InvalidFile


class FileIndex(Generic[ContentT]):
    """A name is looked up in the folders in order, so an earlier one overrides a later one.

    Args:
        folders: those that do not exist are empty.
        suffix: of the files; the rest of the file's name is the name of what it defines.
        load: reads one file, or raises InvalidFile.
    """

    def __init__(
        self, folders: Sequence[Path], *, suffix: str, load: Callable[[Path], ContentT]
    ) -> None:
        self._folders = tuple(folders)
        self._suffix = suffix
        self._load = load
        self._loaded: dict[str, ContentT] = {}

    def get(self, name: str) -> ContentT | None:
        """What is defined under `name`, or None; read once.

        Raises:
            InvalidFile: its file defines nothing.
        """
        if name in self._loaded:
            return self._loaded[name]
        file = self._files().get(name)
        return None if file is None else self._read(name, file)

    def names(self) -> list[str]:
        """The names under which something is defined, sorted."""
        return [
            entry.name for entry in self.entries() if not isinstance(entry.content, InvalidFile)
        ]

    def entries(self) -> list[Entry[ContentT]]:
        """All files in force, sorted by name."""
        return [self._entry(name, file) for name, file in sorted(self._files().items())]

    def _entry(self, name: str, file: Path) -> Entry[ContentT]:
        try:
            return Entry(name, file, self._read(name, file))
        except InvalidFile as error:
            return Entry(name, file, error)

    def _read(self, name: str, file: Path) -> ContentT:
        if name not in self._loaded:
            self._loaded[name] = self._load(file)
        return self._loaded[name]

    def _files(self) -> dict[str, Path]:
        return {
            file.stem: file
            for folder in reversed(self._folders)
            for file in folder.glob(f"*{self._suffix}")
        }
