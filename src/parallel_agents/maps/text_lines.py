"""Text lines: a file's lines as text, with errors that name the first line that is not UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.requests import MAX_INPUT_BYTES

_UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Digest(Protocol):
    """What bytes are told to, so that a source that changed between two readings is noticed."""

    def update(self, data: bytes, /) -> None: ...


def text_lines(file: BinaryIO, name: str, digest: Digest) -> Iterator[str]:
    """The lines with their ends; a byte order mark of UTF-8 is left out.

    Raises:
        InvalidInput: a line is not UTF-8 text, or is larger than any task may be.
    """
    number = 0
    while line := file.readline(MAX_INPUT_BYTES + 1):
        number += 1
        if line.strip():  # those at the end are read once, and not the second time
            digest.update(line)
        if number == 1:
            if line.startswith(_OTHER_MARKS):
                raise _not_utf8(name, 1, "it begins with a byte order mark of UTF-16", "utf-16")
            line = line.removeprefix(_UTF8_MARK)
        if len(line) > MAX_INPUT_BYTES:
            raise InvalidInput(
                f"{name}, line {number} is larger than any task may be",
                why=f"a task and its input have at most {MAX_INPUT_BYTES:,} bytes",
                hint="is it one row to a line? put large contents into files, and use @{path}",
            )
        if b"\0" in line:
            raise InvalidInput(
                f"{name}, line {number} has a NUL character",
                why="it looks like binary data",
                hint="name a CSV or JSONL file",
            )
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            why = f"byte {error.start + 1} is 0x{line[error.start]:02x}, as in Latin-1 or Windows-1252"
            raise _not_utf8(name, number, why, "latin1") from None


def _not_utf8(name: str, line: int, why: str, encoding: str) -> InvalidInput:
    return InvalidInput(
        f"{name}, line {line} is not UTF-8",
        why=why,
        hint=f"save it as UTF-8: iconv -f {encoding} -t utf-8 {name} > utf8-{_last(name)}",
    )


def _last(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]
