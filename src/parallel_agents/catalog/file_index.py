"""FileIndex: the files of one kind in several folders, each read on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from parallel_agents.errors import InvalidFile

ContentT = TypeVar("ContentT")


@dataclass(frozen=True, slots=True)
class Entry(Generic[ContentT]):
    """A file and the definition in it; `content` is an error if the file cannot be read."""

    name: str
    file: Path
    content: ContentT | InvalidFile


class FileIndex(Generic[ContentT]):
    """Finds definitions by name; a file in an earlier folder overrides one in a later folder.

    Args:
        folders: a folder that does not exist counts as empty.
        suffix: the ending of the files; the rest of a file's name is the name of its definition.
        load: reads one file; it may raise InvalidFile.
    """

    def __init__(
        self, folders: Sequence[Path], *, suffix: str, load: Callable[[Path], ContentT]
    ) -> None:
        self._folders = tuple(folders)
        self._suffix = suffix
        self._load = load
        self._loaded: dict[str, ContentT] = {}

    def get(self, name: str) -> ContentT | None:
        """The definition of that name, or None if there is no file for it.

        Raises:
            InvalidFile: its file is not valid.
        """
        if name in self._loaded:
            return self._loaded[name]
        file = self._files().get(name)
        return None if file is None else self._read(name, file)

    def forget(self) -> None:
        """Read every file again when it is next asked for."""
        self._loaded.clear()

    def names(self) -> list[str]:
        """The names of all valid definitions, sorted."""
        return [
            entry.name for entry in self.entries() if not isinstance(entry.content, InvalidFile)
        ]

    def file_names(self) -> list[str]:
        """The names of all definitions, valid or not, sorted; it reads no file."""
        return sorted(self._files())

    def entries(self) -> list[Entry[ContentT]]:
        """All files that no earlier folder overrides, sorted by name."""
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
            if not file.name.startswith(".")  # such as an editor's lock
        }
