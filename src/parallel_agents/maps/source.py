"""Source: where the rows of a map come from: a CSV or JSONL file, or the files that a pattern matches."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias

from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.csv_rows import csv_rows
from parallel_agents.maps.jsonl_rows import jsonl_rows
from parallel_agents.maps.regular_file import SpecialFile, open_regular
from parallel_agents.maps.row import Row
from parallel_agents.maps.text_lines import Digest, text_lines

PATH = "path"
# The usual text of a row that is a file: lists and reports show the start of a task's text.
TEXT_OF_FILE = f"Do your task for {{{PATH}}}."
_BY_SUFFIX = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_SNIFFED_BYTES = 4096
_MOST_NAMED = 3


class Format(StrEnum):
    """What rows are read from: a table, JSON objects on lines, or files with the column `path`."""

    CSV = "csv"
    JSONL = "jsonl"
    FILES = "files"


FormatName: TypeAlias = Format | Literal["csv", "jsonl", "files"]


class Fingerprint(Digest, Protocol):
    """A digest that can be compared."""

    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from.

    Attributes:
        format: how they are read.
        paths: a file with rows; or patterns or names of files that are rows themselves.
        folder: the absolute path that relative ones are relative to.
        title: what errors call it.
        without: the absolute path of a file that no pattern finds: that of the results.
        label: the column that tables call a row by; empty for none but that of files.
        known: the column that stands for `label` where a row is known by what is asked; empty for none.
    """

    format: Format
    paths: tuple[str, ...]
    folder: str
    title: str = ""
    without: str = ""
    label: str = ""
    known: str = ""

    @property
    def name(self) -> str:
        """What errors call it."""
        if self.title or len(self.paths) < 2:
            return self.title or "".join(self.paths)
        more = len(self.paths) - 1
        return f"{self.paths[0]} and {more:,} more {'file' if more == 1 else 'files'}"

    @property
    def has_files(self) -> bool:
        """Whether each row is a file, here or where it was sent from."""
        return self.format is Format.FILES or self.label == PATH

    @contextmanager
    def opened(self, digest: Digest) -> Generator[Iterator[Row]]:
        """The rows, read one after another; what they consist of is told to `digest`.

        Raises:
            InvalidInput: the source cannot be read, or a row is not one; the error names the line.
        """
        if self.format is Format.FILES:
            yield self._files(digest)
            return
        path = Path(self.folder, self.paths[0])
        try:
            file = open_regular(path)
        except SpecialFile as error:
            raise InvalidInput(
                f"the rows of {self.name} cannot be read",
                why=f"{error}, and rows are read twice",
                hint="pipe them into --rows -, which keeps them; in Python, pass the rows",
            ) from error
        except OSError as error:
            raise InvalidInput(
                f"the rows of {self.name} cannot be read",
                why=error.strerror or str(error),
                hint="name a CSV or JSONL file, or a pattern such as 'src/**/*.py'",
            ) from error
        with file:
            lines = text_lines(file, self.name, digest)
            read = csv_rows if self.format is Format.CSV else jsonl_rows
            yield read(lines, self.name)

    def _files(self, digest: Digest) -> Iterator[Row]:
        number = 0
        for pattern in self.paths:
            for path in self._matches(pattern):
                if self._is_empty(path):
                    continue
                number += 1
                digest.update(_name_bytes(path) + b"\0")
                values: Mapping[str, Json] = {PATH: path}
                yield Row(number=number, line=number, values=values)

    def empty_files(self) -> list[str]:
        """The files that are no rows, since there is nothing in them to work on."""
        if self.format is not Format.FILES:
            return []
        found = (path for pattern in self.paths for path in self._matches(pattern))
        return [path for path in found if self._is_empty(path)]

    def _is_empty(self, path: str) -> bool:
        try:
            return Path(self.folder, path).stat().st_size == 0
        except OSError:  # whoever reads it says why it cannot be read
            return False

    def _matches(self, pattern: str) -> list[str]:
        if not glob.has_magic(pattern) or Path(self.folder, pattern).is_file():
            if not Path(self.folder, pattern).is_file():
                raise InvalidInput(
                    f"there is no file {pattern}",
                    why="it is a folder" if Path(self.folder, pattern).is_dir() else "",
                    hint="name files, or a pattern such as 'src/**/*.py'",
                )
            return [pattern]
        # Not Path.glob, which enters hidden folders.
        found = glob.iglob(pattern, root_dir=self.folder, recursive=True)  # noqa: PTH207
        files = (path for path in found if Path(self.folder, path).is_file())
        return sorted(path for path in files if str(Path(self.folder, path)) != self.without)


def _name_bytes(path: str) -> bytes:
    try:
        return path.encode()
    except UnicodeEncodeError:
        raise InvalidInput(
            f"the name of the file {path.encode('utf-8', 'surrogateescape')!r} is not UTF-8",
            why="neither a task nor the results could have it",
            hint="rename the file, or write a pattern that does not match it",
        ) from None


def find_source(given: tuple[str, ...], format: Format | None, folder: Path) -> Source:
    """The source that names mean: several are files, one is a file with rows or a pattern.

    Raises:
        InvalidInput: nobody can tell what is meant.
    """
    only = given[0] if len(given) == 1 else None
    if only is not None and Path(folder, only).is_dir():
        raise InvalidInput(
            f"{only} is a folder",
            why="rows are files, or stand in one",
            hint=f"write a pattern for the files in it: '{only.rstrip('/')}/**/*'",
        )
    if format is None:
        suffix = "" if only is None else Path(only).suffix.lower()
        if only is None or (glob.has_magic(only) and not Path(folder, only).is_file()):
            format = Format.FILES
        elif suffix in _BY_SUFFIX:
            format = Format(_BY_SUFFIX[suffix])
        else:
            raise InvalidInput(
                f"nobody can tell what rows {only} has",
                why="its name ends in none of " + ", ".join(_BY_SUFFIX),
                hint="add --format csv, jsonl or files, in Python format=; with files, the file itself is a row",
            )
    if format is not Format.FILES and only is None:
        raise InvalidInput(
            f"there are {len(given)} files, and rows are read from one",
            hint="join them into one file, or use --format files, in Python format=, to have each file as a row",
        )
    absolute = tuple(
        str(Path(each).expanduser()) if each.startswith("~") else each for each in given
    )
    return Source(format=format, paths=absolute, folder=str(folder))


def left_out(source: Source) -> str:
    """Which files are no rows, as a sentence; empty if all are."""
    files = source.empty_files()
    if not files:
        return ""
    more = f" and {len(files) - _MOST_NAMED:,} more" if len(files) > _MOST_NAMED else ""
    what = "1 empty file is" if len(files) == 1 else f"{len(files):,} empty files are"
    return f"{what} left out: {', '.join(files[:_MOST_NAMED])}{more}"


def sniffed(file: BinaryIO) -> Format:
    """Whether bytes look like JSONL or CSV; reads some of them."""
    start = file.read(_SNIFFED_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    return Format.JSONL if start.startswith(b"{") else Format.CSV


def fingerprint() -> Fingerprint:
    """A digest of what is read."""
    return hashlib.blake2b(digest_size=16)
