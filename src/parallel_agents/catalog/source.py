"""Source: the text of an agent or team file, and errors that name the file and the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from parallel_agents.database_files import open_given
from parallel_agents.errors import InvalidFile

Accept: TypeAlias = Callable[[Path, bytes], None]
MAX_BYTES = 256 * 1024

# The characters that YAML 1.1 (section 5.1) forbids; the same rule serves the Markdown below it.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its origin.

    Attributes:
        first_line: the line of the file on which `text` begins, from 1.

    Raises:
        InvalidFile: the text has a control character, such as NUL.
    """

    file: Path
    text: str
    first_line: int = 1

    def __post_init__(self) -> None:
        if odd := unprintable(self.text):
            raise self.error(
                self.first_line + self.text.count("\n", 0, odd.start()),
                f"character U+{ord(odd.group()):04X} does not belong in a text file",
                hint="delete the character",
            )

    def error(self, line: int, what: str, *, why: str = "", hint: str) -> InvalidFile:
        """An error in `line` of the file."""
        return InvalidFile(f"{self.file}:{line}: {what}", why=why, hint=hint, line=line)


def unprintable(text: str) -> re.Match[str] | None:
    """The first character of `text` that is not allowed in a file, such as NUL."""
    return _UNPRINTABLE.search(text)


def accept_any(file: Path, content: bytes) -> None:
    """Accept every file, as those of the user and the built-in ones."""


def read_source(file: Path, accept: Accept = accept_any) -> Source:
    """Read a file; every line end becomes a newline.

    Args:
        file: its path.
        accept: raises an error for a file that must not be used.

    Raises:
        InvalidFile: the file cannot be read, is larger than 256 KB, or is not plain UTF-8 text.
    """
    content = _bytes(file)
    accept(file, content)
    return Source(file, _decoded(file, content))


def _bytes(file: Path) -> bytes:
    try:
        with open_given(file) as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InvalidFile(
            f"{file}: cannot be read",
            why=error.strerror if isinstance(error, OSError) and error.strerror else str(error),
            hint="name a file that you can read",
        ) from error
    if len(content) > MAX_BYTES:
        raise InvalidFile(
            f"{file}: larger than {MAX_BYTES // 1024} KB",
            why="an agent or a team takes a few KB; a larger file is something else",
            hint="pass long material as the task's text or input",
        )
    return content


def _decoded(file: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidFile(
            f"{file}:{line}: byte 0x{content[error.start]:02x} is not UTF-8",
            hint="save the file as UTF-8",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
