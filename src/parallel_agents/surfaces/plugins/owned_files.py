"""Owned files: what we wrote into a folder of others, by hashes noted beside it.

A file with its noted hash is ours, and can be updated or removed; any other belongs to a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path, PurePosixPath

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parallel_agents.errors import InvalidInput
from parallel_agents.files import write_whole

NOTE = ".installed.json"
_MOST_BYTES = 1 << 20
_FIRST_FORM = TypeAdapter(dict[str, str])


class State(StrEnum):
    """What became of something that we write."""

    MISSING = "not installed"
    CURRENT = "up to date"
    OUTDATED = "outdated"
    EDITED = "edited"


class Note(BaseModel):
    """What an installation wrote.

    Attributes:
        files: the hash of each file by name.
        entry: the hash of the entry in the client's configuration; empty if there is none.
        objects_made: how many of the objects around that entry were made for it.
        is_config_made: whether the configuration itself was made for it.
        folders: the folders that were made, outermost first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    files: dict[str, str] = Field(default_factory=dict)
    entry: str = ""
    objects_made: int = 0
    is_config_made: bool = False
    folders: tuple[str, ...] = ()


def noted(folder: Path) -> Note:
    """What was written into a folder; nothing, if no readable note is in it.

    Raises:
        InvalidInput: the note cannot be read.
    """
    content = content_of(folder / NOTE) or b"{}"
    with suppress(ValidationError):
        return Note(files=_FIRST_FORM.validate_json(content))
    with suppress(ValidationError):
        return Note.model_validate_json(content)
    return Note()


def write_note(folder: Path, note: Note) -> None:
    """Note what was written.

    Raises:
        InvalidInput: it cannot be written.
    """
    write_whole(folder / NOTE, orjson.dumps(note.model_dump(), option=orjson.OPT_INDENT_2) + b"\n")


def state_of(path: Path, content: bytes, known: str | None) -> State:
    """What became of a file.

    Args:
        path: where it is.
        content: what it should contain.
        known: the hash of what we wrote.

    Raises:
        InvalidInput: it cannot be read.
    """
    found = content_of(path)
    if found is None:
        return State.MISSING
    if path.is_symlink():  # what it leads to is not ours
        return State.EDITED
    if found == content:
        return State.CURRENT
    return State.OUTDATED if hash_of(found) == known else State.EDITED


def write_owned(path: Path, content: bytes) -> list[str]:
    """Write a file in place of whatever has its name; return the folders that this made.

    Raises:
        InvalidInput: it cannot be written.
    """
    made = [str(folder) for folder in reversed(path.parents) if not folder.exists()]
    if path.is_symlink():
        path.unlink()
    write_whole(path, content)
    return made


def remove_owned(path: Path) -> None:
    """Remove a file, and what Python compiled of it.

    Raises:
        InvalidInput: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
        if path.suffix == ".py":
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                compiled.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be removed", why=error.strerror or str(error), hint="remove it yourself"
        ) from error
    with suppress(OSError):
        (path.parent / "__pycache__").rmdir()


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders that are empty, the innermost first."""
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def is_within(name: str) -> bool:
    """Whether a noted name stays in its folder: a note may come with a repository of others."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts


def content_of(path: Path) -> bytes | None:
    """What a file contains; None if it is not there.

    Raises:
        InvalidInput: it cannot be read, or is larger than any that we write.
    """
    try:
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read",
            why=error.strerror or str(error),
            hint="name another folder, or move it elsewhere",
        ) from error
    return content[:_MOST_BYTES]


def hash_of(content: bytes) -> str:
    """The hash of what a file contains."""
    return hashlib.sha256(content).hexdigest()
