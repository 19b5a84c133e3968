"""Received file: the results of a map at a distance in a file of this machine, in the place of those of before."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Self

import orjson

from parallel_agents.core.takers import is_mapping
from parallel_agents.database_files import check_path_not_in_use, open_given
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_folders
from parallel_agents.maps.results_file import CSV_SUFFIX

_MODE = 0o600
_MOST_LINE = 33_000_000
_MEMBERS = {"row", "columns", "status", "output", "session_key"}


class ReceivedFile:
    """A file of results, which is written beside the old one until it has as much.

    Args:
        path: the file; None to write none.

    Raises:
        InvalidInput: it cannot be written; from each method.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor = -1
        self._size = self._size_before = 0
        self._is_placed = False

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        try:
            make_folders(self._path.parent)
            if self._path.exists():
                check_path_not_in_use(self._path)
            if self._path.exists() and not self._path.is_file():
                self._descriptor, self._is_placed = os.open(self._path, os.O_WRONLY), True
            else:
                self._size_before = self._path.stat().st_size if self._path.exists() else 0
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                self._descriptor = os.open(self._part(self._path), flags, _MODE)
                self._place_if_larger()
        except OSError as error:
            raise self._refusal(error) from error
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._path is None:
            return
        os.close(self._descriptor)
        if not self._is_placed and kind is None:
            self._place()
        elif not self._is_placed:
            self._part(self._path).unlink(missing_ok=True)

    def write(self, content: bytes) -> None:
        """Append lines, whole."""
        if self._path is None:
            return
        self._size += len(content)
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
            self._place_if_larger()
        except OSError as error:
            raise self._refusal(error) from error

    def _place_if_larger(self) -> None:
        if not self._is_placed and self._size >= self._size_before:
            self._place()

    def _place(self) -> None:
        if self._path is not None:
            self._part(self._path).replace(self._path)
            self._is_placed = True

    def _part(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.received")

    def _refusal(self, error: OSError) -> InvalidInput:
        return InvalidInput(
            f"the results cannot be written to {self._path}",
            why=error.strerror or str(error),
            hint="the map continues at the gateway; ask for it again with the same id and another file",
        )


def is_of_map(out: Path, *, is_there: bool) -> bool:
    """Whether a file may be replaced by the results of a map, which `is_there` at the gateway.

    Raises:
        InvalidInput: it cannot be read, or is a folder.
    """
    try:
        if not out.exists() or (not out.is_file() and not out.is_dir()):
            return True
        with open_given(out) as file:
            first = file.readline(_MOST_LINE)
    except OSError as error:
        raise InvalidInput(
            f"the results cannot be written to {out}",
            why=error.strerror or str(error),
            hint="name another file of results",
        ) from error
    if not first:
        return True
    is_csv = out.suffix.lower() == CSV_SUFFIX
    return is_there and (_is_header(first) if is_csv else _is_result(first))


def _is_result(line: bytes) -> bool:
    try:
        found: object = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return is_mapping(found) and found.keys() >= _MEMBERS


def _is_header(line: bytes) -> bool:
    """Whether a line may be the first one of a table of results."""
    names = next(csv.reader(io.StringIO(line.decode("utf-8", "replace"))), list[str]())
    return any(each.endswith("status") for each in names) and any(
        each.endswith("error") for each in names
    )
