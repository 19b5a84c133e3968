"""Chat files: `@path` in a message stands for a file, by the rules of `--file`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.message import File
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.given_files import read_files

_MENTION = re.compile(r'(?<!\S)@(?:"([^"\n]+)"|(@?[^\s"@]\S*))')
_MOST_FILES = 20
_ENDS = ".,;:!?)"


class WithFiles(NamedTuple):
    """A message with the texts that it names, and the images and PDFs to show with it."""

    text: str
    files: tuple[File, ...]


def read_mentions(message: str) -> WithFiles:
    """A message with the files that it names as `@path` or `@"a path"`; `@@` is one `@`.

    What names no file and does not look like a path stays as it is, such as a person's name.

    Raises:
        InvalidInput: a path leads to no file, a file cannot be read, or there are too many.
    """
    paths: dict[Path, None] = {}

    def replace(found: re.Match[str]) -> str:
        quoted, bare = found[1], found[2] or ""
        if bare.startswith("@"):
            return bare
        path = _path_of(quoted or bare, is_quoted=bool(quoted))
        if path is not None:
            paths[path] = None
        return found[0]

    text = _MENTION.sub(replace, message)
    if len(paths) > _MOST_FILES:
        raise InvalidInput(
            f"the message names {len(paths)} files",
            why=f"a message has at most {_MOST_FILES}",
            hint="send them in several messages",
        )
    given = read_files(list(paths))
    return WithFiles(text + given.added, given.shown)


def _path_of(name: str, *, is_quoted: bool) -> Path | None:
    for each in (name,) if is_quoted else (name, name.rstrip(_ENDS)):
        path = Path(each).expanduser() if each.startswith("~/") else Path(each)
        if path.is_file():
            return path
    if is_quoted or "/" in name or "." in name.rstrip(_ENDS):
        raise InvalidInput(
            f"there is no file {name!r}",
            why="@ and a path stand for a file",
            hint="correct the path, or write @@ for an @",
        )
    return None
