"""Workspace: the folder that a session works in: a copy of its own, its parent's, or one as it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.errors import InvalidInput


class FolderPath(Protocol):
    """A path, such as one of `pathlib`."""

    def __fspath__(self) -> str: ...


class Place(StrEnum):
    """Where a session works.

    `own` is a copy that is made for it, `parent` the folder in which its parent works, and `at` a
    folder as it is, in which its changes are there at once.
    """

    OWN = "own"
    PARENT = "parent"
    AT = "at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace(Checked):
    """The folder that a session works in. Make one by `own`, `parent` or `at`.

    Attributes:
        folder: what is copied, or the folder itself; empty for the folder in which its parent works.

    Raises:
        InvalidInput: it needs a folder and has none, or the other way round.
    """

    place: Place
    folder: str = ""

    @classmethod
    def own(cls, folder: str | FolderPath = "") -> Workspace:
        """A copy of a folder for this session alone; without one, of what its parent works in.

        Of a repository it is a working tree with all that its own has: the latest commit, and what
        is changed or new and not ignored. Its changes come back by `pagents merge`.
        """
        return cls(place=Place.OWN, folder=_text(folder))

    @classmethod
    def parent(cls) -> Workspace:
        """The folder in which the parent works, together with it."""
        return cls(place=Place.PARENT)

    @classmethod
    def at(cls, folder: str | FolderPath) -> Workspace:
        """A folder as it is: what the session changes there is changed at once."""
        return cls(place=Place.AT, folder=_text(folder))

    @classmethod
    @override
    def written(cls) -> str:
        return 'Workspace.own(".")'

    @override
    def _check(self) -> None:
        if self.place is Place.AT and not self.folder:
            raise InvalidInput(
                "a workspace `at` a folder has no folder", hint='write Workspace.at("FOLDER")'
            )
        if self.place is Place.PARENT and self.folder:
            raise InvalidInput(
                f"a workspace of the parent has the folder {self.folder!r}",
                hint="write Workspace.parent(), or Workspace.own(FOLDER) for a copy",
            )
        if "\0" in self.folder:
            raise InvalidInput(
                f"the workspace's folder {self.folder!r} has a NUL character",
                hint="name a folder as the system does",
            )


def _text(folder: str | FolderPath) -> str:
    return folder if isinstance(folder, str) else folder.__fspath__()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(Checked):
    """What differs between a workspace and what it was made from.

    Attributes:
        files: how many files were changed, made, removed or renamed.
        added: the lines that are new, of text files.
        removed: the lines that are gone.
    """

    files: int
    added: int = 0
    removed: int = 0
