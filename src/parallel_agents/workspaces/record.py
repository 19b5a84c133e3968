"""Record: what is kept of a workspace beside its files, written last, so that half a workspace has none.

In `<home>/workspaces/NAME`:

    work/FOLDER    the files, with a `.git` of their own if the source has one
    work/.git      stops a git that finds no repository in FOLDER from finding one of the user's above
    base.git       the contents of the base
    base           the files of the base: modes, names of contents, stamps
    merged         what was brought back since, in the same form
    marked         what is beside conflict marks in the source, in the same form
    record.json    this record
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError

from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import WorkspaceError
from parallel_agents.files import write_private
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Stamped, decode, encode
from parallel_agents.workspaces.names import RECORD, lock_of, room_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A workspace.

    Attributes:
        source: the folder that was copied, and to which changes come back.
        below: the folder in it that the session was given, relative to it.
        parent: the session whose workspace the source is; empty if it is a folder of the user's.
        is_repository: the source is a repository's working tree.
        commit: the latest commit of the source; empty without one.
        made_at: seconds since the epoch.
        is_shared: nothing was copied: the session works in the source itself.
        skipped: how many pipes, sockets and devices were not copied.
    """

    session: str
    source: str
    below: str
    parent: str
    is_repository: bool
    commit: str
    made_at: float
    skipped: int = 0
    is_shared: bool = False


_ADAPTER = TypeAdapter(Record)
_Files: TypeAlias = Sequence[tuple[str, Stamped]]


class Room:
    """The folder of one session's workspace, made or not."""

    def __init__(self, home: Path, session: SessionKey) -> None:
        self.session = session
        self.home = home
        self.folder = room_folder(home, session)

    @classmethod
    def at(cls, home: Path, folder: Path) -> Room:
        """The room that a folder of a home is; its session is empty if its record does not say it."""
        room = cls(home, SessionKey(""))
        room.folder = folder
        with suppress(WorkspaceError):
            if (record := room.record) is not None:
                room.session = SessionKey(record.session)
        return room

    @property
    def lock(self) -> Path:
        """The file that a process holds while it makes the workspace."""
        return lock_of(self.folder)

    @property
    def record(self) -> Record | None:
        """What is kept of it; None if it was not made, or not to its end.

        Raises:
            WorkspaceError: its record is damaged.
        """
        try:
            stored = (self.folder / RECORD).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return _ADAPTER.validate_json(stored)
        except ValidationError as error:
            raise WorkspaceError(
                f"the record of the workspace {self.folder} is damaged",
                hint="its files are in the folder `work` there; copy what you need",
            ) from error

    def write(self, record: Record) -> None:
        write_private(self.folder / RECORD, orjson.dumps(asdict(record)))

    def files(self, record: Record) -> Path:
        """The folder with the copied files, or the one that is shared."""
        if record.is_shared:
            return Path(record.source)
        return self.folder / "work" / (Path(record.source).name or "root")

    @property
    def blobs(self) -> Blobs:
        return Blobs(self.folder / "base.git")

    def read_base(self) -> dict[str, Stamped]:
        """The files as they were copied.

        Raises:
            WorkspaceError: that is damaged.
        """
        return self._read("base")

    def write_base(self, files: list[tuple[str, Stamped]]) -> None:
        write_private(self.folder / "base", encode(files))

    def read_merged(self) -> dict[str, Stamped]:
        """The files that were brought back, as they were then; one that was removed has no mode."""
        return self._read("merged") if (self.folder / "merged").exists() else {}

    def read_marked(self) -> dict[str, Stamped]:
        """The files that were written into the source between conflict marks, as they were then."""
        return self._read("marked") if (self.folder / "marked").exists() else {}

    def write_pending(self, merged: _Files, marked: _Files) -> None:
        """Write what will be merged, and be beside conflict marks, once a merge is done."""
        write_private(self.folder / "marked.next", encode(marked))
        write_private(self.folder / "merged.next", encode(merged))

    def settle_pending(self, without: Collection[str]) -> None:
        """Take over what `write_pending` wrote, but for these paths, which stay as they were."""
        for name in ("marked", "merged"):
            if (self.folder / f"{name}.next").exists():
                self._settle(name, without)

    def _settle(self, name: str, without: Collection[str]) -> None:
        following = self._read(f"{name}.next")
        before = self._read(name) if (self.folder / name).exists() else {}
        for path in without:
            following.pop(path, None)
            if path in before:
                following[path] = before[path]
        write_private(self.folder / name, encode(following.items()))
        (self.folder / f"{name}.next").unlink()

    def _read(self, name: str) -> dict[str, Stamped]:
        try:
            return decode((self.folder / name).read_bytes())
        except (OSError, ValueError) as error:
            raise WorkspaceError(
                f"{self.folder / name} is damaged or gone",
                why=str(error),
                hint="the workspace's files are whole: copy what you need from its folder",
            ) from error
