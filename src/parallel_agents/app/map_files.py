"""Map files: the rows that other machines send, and the results of their maps, kept in the home."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from parallel_agents import clock
from parallel_agents.errors import Conflict, InvalidInput
from parallel_agents.files import make_private_folder, open_private
from parallel_agents.maps.results_file import CSV_SUFFIX
from parallel_agents.sessions.requests import check_key

MOST_ROW_BYTES = 1_000_000_000
_FOLDER, _END = "maps", ".map"
_UPLOAD = re.compile(r"[0-9a-f]{8,64}")
_LEFT_SECONDS = 86_400.0
_PIECE = 1 << 20


class MapFiles:
    """The files of the maps of one home whose rows were sent.

    Args:
        home: the folder of the store.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home.absolute() / _FOLDER

    def add(self, key: str, upload: str, first: int, content: bytes) -> int:
        """Add bytes to what was sent so far under the name of an upload; how many there are then.

        What is sent again changes nothing.

        Raises:
            Conflict: what was sent before is something else, or something is missing before it.
            InvalidInput: there would be too much.
        """
        part = self._of(key, upload, ".part")
        make_private_folder(part.parent)
        with open_private(part) as kept:
            size = kept.seek(0, os.SEEK_END)
            if first + len(content) > MOST_ROW_BYTES:
                raise InvalidInput(
                    f"the rows have more than {MOST_ROW_BYTES:,} bytes",
                    hint="leave out columns that no template names, or send parts of them as maps",
                )
            there = _there(part, first, len(content)) if first < size else b""
            if first > size or not content.startswith(there):
                raise Conflict(
                    f"the rows of {key} do not follow those that were sent before",
                    why=f"{size:,} bytes of them are here",
                    hint="send them again, as another upload",
                )
            kept.write(content[len(there) :])  # of a part that was cut by a crash, the rest
        return max(size, first + len(content))

    def complete(self, key: str, upload: str, digest: str) -> Path:
        """The file with all rows of an upload.

        Raises:
            InvalidInput: they are not those of this SHA-256.
        """
        rows, part = self._of(key, upload, ".rows"), self._of(key, upload, ".part")
        found = rows if rows.is_file() else part
        if not found.is_file() or digest_of(found) != digest:
            raise InvalidInput(
                f"the rows of the map {key} are not all here",
                why="their SHA-256 is another one" if found.is_file() else "none were sent",
                hint="send them before the map is begun",
            )
        if found is part:
            part.replace(rows)
        return rows

    def rows_of(self, key: str, upload: str) -> Path:
        """The file with the rows of an upload, once it is complete."""
        return self._of(key, upload, ".rows")

    def has(self, path: Path) -> bool:
        """Whether a file is one of those that are kept here."""
        return path.parent.parent == self._folder and path.suffix in {".jsonl", CSV_SUFFIX}

    def out_of(self, key: str, upload: str, *, is_csv: bool) -> Path:
        """The file of results of the run that is begun with an upload: no other run writes it."""
        return self._of(key, upload, CSV_SUFFIX if is_csv else ".jsonl")

    def drop(self, key: str, upload: str) -> None:
        """Remove what was sent for a map that is not begun."""
        for suffix in (".part", ".rows"):
            self._of(key, upload, suffix).unlink(missing_ok=True)
        with suppress(OSError):  # it has other files
            self._of(key, upload, ".rows").parent.rmdir()

    def older_than(self, seconds: float) -> Sequence[str]:
        """The keys of the maps of which nothing was sent or written for so long."""
        oldest = clock.wall() - seconds
        found = self._folder.glob(f"*{_END}")
        return [each.name.removesuffix(_END) for each in found if each.stat().st_mtime < oldest]

    def forget(self, key: str) -> int:
        """Remove all that was sent for a map, and its results; how many bytes these were."""
        folder = self._folder / f"{key}{_END}"
        size = sum(each.stat().st_size for each in folder.iterdir())
        shutil.rmtree(folder)
        return size

    def _of(self, key: str, upload: str, suffix: str) -> Path:
        check_key(key)
        if not _UPLOAD.fullmatch(upload):
            raise InvalidInput(
                "the name of the upload is not valid", hint="8 to 64 of the digits 0-9 and a-f"
            )
        return self._folder / f"{key}{_END}" / f"{upload}{suffix}"

    def keep_only(self, key: str, kept: set[Path]) -> None:
        """Remove what earlier runs of a map left, and what nobody has gone on sending for a day."""
        oldest = clock.wall() - _LEFT_SECONDS
        with suppress(OSError):
            for each in (self._folder / f"{key}{_END}").iterdir():
                if each not in kept and each.suffix != ".part":
                    each.unlink(missing_ok=True)
            for each in self._folder.glob("*/[!.]*.part"):  # a run writes to those with a dot
                if each.stat().st_mtime < oldest:
                    each.unlink(missing_ok=True)


def _there(part: Path, first: int, size: int) -> bytes:
    with part.open("rb") as file:
        file.seek(first)
        return file.read(size)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
