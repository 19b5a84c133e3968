"""Kept texts: what the journal keeps whole and a model was told in part, and its path for `read_file`.

A path names a run by the first digits of its id, and an event of that run, as in
`@kept/1f0c2a34/turn-3/call/1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import orjson

from parallel_agents.core.ids import RunId
from parallel_agents.core.kept_path import DIGITS, FOLDER, read_kept_path
from parallel_agents.core.message import Place, ToolCall

# The tool that reads what is kept.
READER = "read_file"
_MOST_LINE_CHARACTERS = 2_000
_WHOLE_OF = " The whole of result N: "
# As `reading` writes it, in the mark of a cut or in a note.
_REFERENCE = re.compile(
    rf"(?:; |{_WHOLE_OF})read it with {READER} \{{\"path\":\"{FOLDER}/[^\"\n]{{1,200}}\""
    r"(?:,\"[a-z]+\":[0-9]+)*\}\.?"
)


@dataclass(frozen=True, slots=True)
class KeptAt:
    """Where a session's journal keeps the whole of what its model was shown a part of.

    Attributes:
        results: the path of each result, by the id of its call.
        texts: the path of each message, by its text as it is told.
    """

    results: dict[str, str] = field(default_factory=dict[str, str])
    texts: dict[str, str] = field(default_factory=dict[str, str])

    def copy(self) -> KeptAt:
        return KeptAt(self.results.copy(), self.texts.copy())


def kept_path(run: RunId | None, key: Place | str) -> str:
    return f"{FOLDER}/{(run or '')[:DIGITS]}/{key}"


def reads_kept(call: ToolCall) -> bool:
    """Whether a call reads what the journal of its own session keeps, and no file."""
    path = call.arguments.get("path") if call.name == READER else None
    return isinstance(path, str) and read_kept_path(path) is not None


def reading(path: str, **arguments: int) -> str:
    """How a model reads what is kept under a path, in the words of a mark in a text."""
    return f"read it with {READER} {orjson.dumps({'path': path, **arguments}).decode()}"


def reading_result(folder: str) -> str:
    """How a model reads the whole of result N of several, in the words of a note."""
    return f"{_WHOLE_OF}{reading(f'{folder}/N')}."


def without_references(text: str) -> str:
    """A text without the paths of what is kept, for a session that may not read there."""
    return _REFERENCE.sub("", text)


def lines_of(text: str) -> list[str]:
    """A kept text as lines; one that is too long to be read at once is several."""
    most = _MOST_LINE_CHARACTERS
    return [
        line[start : start + most]
        for line in text.split("\n")
        for start in range(0, len(line) or 1, most)
    ]


def line_at(text: str, position: int) -> int:
    """The number, from 1, of the line that a character of a kept text is in."""
    return max(len(lines_of(text[:position])), 1)
