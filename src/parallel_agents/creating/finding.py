"""Finding: what keeps an agent from being registered, with its line and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from typing_extensions import override

from parallel_agents.errors import InvalidFile


class Finding(NamedTuple):
    """Something that is wrong with an agent or its cases.

    Attributes:
        file: the file that it is in, such as `agent.md`.
        line: the line, from 1; 0 for the file as a whole.
        what: what is wrong.
        hint: what to do about it.
    """

    file: str
    line: int
    what: str
    hint: str

    @override
    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what} ({self.hint})"


def unreadable(file: str, error: InvalidFile) -> Finding:
    """The finding that a file is not valid; its error begins with the file and the line."""
    where, _, what = error.message.partition(": ")
    line = where.rpartition(":")[2]
    told = f"{what}: {error.why}" if error.why else what
    return Finding(file, int(line) if line.isdecimal() else 0, told or error.message, error.hint)
