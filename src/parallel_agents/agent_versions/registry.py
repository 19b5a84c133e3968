"""Registry: the versions of the agents of one folder, what is in effect, and what is a draft.

`agents/NAME.md` and `cases/NAME.yaml` are what runs. `versions/NAME/3` keeps what was registered as
version 3, and `drafts/NAME` what was not.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from parallel_agents.agent_versions.record import (
    NO_PROOF,
    DraftRecord,
    Files,
    Origin,
    Proof,
    Record,
)
from parallel_agents.agent_versions.version_files import (
    place_files,
    read_files,
    read_folder,
    read_record,
    replace_folder,
    write_folder,
)
from parallel_agents.core.agent import NAME_PATTERN
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidFile, InvalidInput, NotFound
from parallel_agents.files import write_private
from parallel_agents.lock import hold

_PLACED = "placed"
_LOCK = ".lock"


class History(NamedTuple):
    """The versions of an agent, oldest first.

    Attributes:
        in_effect: the version whose files run; None if none does.
        is_edited: whether the files that run are those of no version.
    """

    records: tuple[Record, ...]
    in_effect: int | None
    is_edited: bool


class AgentRegistry:
    """The versions of the agents of a folder: the home, or a project's.

    Args:
        folder: has `agents`, `cases`, `versions` and `drafts` in it.
        now: seconds since the epoch.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._now = now

    def history(self, name: str) -> History:
        """All versions of an agent.

        Raises:
            InvalidInput: that cannot be an agent's name.
            InvalidFile: a version cannot be read.
        """
        records, live = self._records(name), self.live(name)
        if live is None:
            return History(records, None, is_edited=False)
        same = [record.version for record in records if record.digest == live.digest]
        return History(records, same[-1] if same else None, is_edited=not same)

    def live(self, name: str) -> Files | None:
        """The files that run; None if there is no such agent in this folder."""
        return read_files(*self._places(name))

    def version(self, name: str, number: int) -> tuple[Record, Files]:
        """A version of an agent, as it was registered.

        Raises:
            NotFound: there is no such version.
            InvalidFile: it is not what was registered.
        """
        folder = self._versions(name) / str(number)
        if not folder.is_dir():
            known = [f"v{record.version}" for record in self._records(name)]
            hint = f"it has {', '.join(known)}" if known else "it has no versions yet"
            raise NotFound(f"there is no version v{number} of {name}", hint=hint)
        record, files = read_record(folder, Record), read_folder(folder)
        if files.digest != record.digest:
            raise InvalidFile(
                f"{folder} is not what was registered as v{number} of {name}",
                why="its files were changed",
                hint="restore them, or remove the folder",
            )
        return record, files

    async def register(
        self, name: str, files: Files, origin: Origin, proof: Proof = NO_PROOF, note: str = ""
    ) -> Record:
        """Keep these files as the next version, and put them into effect.

        What was edited by hand before is kept as a version of its own. The same run registers once,
        however often it asks.

        Raises:
            InvalidInput: that cannot be an agent's name, or nothing can be written.
        """
        async with self._held(name):
            return await asyncio.to_thread(self._register, name, files, origin, proof, note)

    async def register_new(self, name: str, files: Files, proof: Proof) -> Record | None:
        """Like `register`, for an agent that was made; None if its name was taken meanwhile.

        Raises:
            InvalidInput: as for `register`.
        """
        async with self._held(name):
            return await asyncio.to_thread(self._register_new, name, files, proof)

    async def revert(self, name: str, number: int) -> Record:
        """Put an earlier version into effect again, as the next version.

        Raises:
            NotFound, InvalidFile: as for `version`.
        """
        async with self._held(name):
            found, files = self.version(name, number)
            note = f"as v{number}"
            proof = replace(found.proof, run="")
            return await asyncio.to_thread(
                self._register, name, files, Origin.REVERTED, proof, note
            )

    async def keep_draft(self, name: str, files: Files, record: DraftRecord) -> None:
        """Keep an agent that is not registered; an earlier draft of that name is replaced."""
        async with self._held(name):
            kept = replace(record, at=record.at or self._now())
            await asyncio.to_thread(replace_folder, self._draft(name), files, kept)

    def draft(self, name: str) -> tuple[DraftRecord, Files]:
        """The draft of that name.

        Raises:
            NotFound: there is none.
            InvalidFile: it cannot be read.
        """
        folder = self._draft(name)
        if not folder.is_dir():
            hint = did_you_mean(name, self.drafts(), "`pagents agents drafts` lists them")
            raise NotFound(f"there is no draft {name!r}", hint=hint)
        return read_record(folder, DraftRecord), read_folder(folder)

    def drafts(self) -> list[str]:
        """The names of all drafts, sorted."""
        return self._names("drafts")

    def _names(self, of: str) -> list[str]:
        found = (self.folder / of).glob("*")
        return sorted(each.name for each in found if _is_name(each.name) and each.is_dir())

    def _register(self, name: str, files: Files, origin: Origin, proof: Proof, note: str) -> Record:
        self._finish(name)
        records = self._records(name)
        for record in records:
            if proof.run and record.proof.run == proof.run:
                return record
        live = self.live(name)
        if live not in (None, files) and live.digest not in {r.digest for r in records}:
            records = (*records, self._add(name, records, live, Origin.EDITED))
        record = self._add(name, records, files, origin, proof, note)
        self._place(name, record.version, files)
        shutil.rmtree(self._draft(name), ignore_errors=True)
        return record

    def _register_new(self, name: str, files: Files, proof: Proof) -> Record | None:
        self._finish(name)
        is_ours = any(record.proof.run == proof.run for record in self._records(name))
        if self.live(name) is not None and not is_ours:
            return None
        return self._register(name, files, Origin.CREATED, proof, "")

    def _add(
        self,
        name: str,
        records: tuple[Record, ...],
        files: Files,
        origin: Origin,
        proof: Proof = NO_PROOF,
        note: str = "",
    ) -> Record:
        last = records[-1].version if records else None
        record = Record(
            version=(last or 0) + 1,
            at=self._now(),
            origin=origin,
            before=last,
            digest=files.digest,
            proof=proof,
            note=note,
        )
        write_folder(self._versions(name) / str(record.version), files, record)
        if origin is Origin.EDITED:  # it is in effect already
            self._note_placed(name, record.version)
        return record

    def _place(self, name: str, number: int, files: Files) -> None:
        place_files(dict(zip(self._places(name), files, strict=True)))
        self._note_placed(name, number)

    def _note_placed(self, name: str, number: int) -> None:
        write_private(self._versions(name) / _PLACED, str(number).encode())

    def _finish(self, name: str) -> None:
        """Put the last version into effect if a process ended before it could.

        If the files were edited since, the edit stays in effect.
        """
        records = self._records(name)
        if not records or self._placed(name) == records[-1].version:
            return
        number, live = records[-1].version, self.live(name)
        if live is None or self._is_of_versions(name, live, records):
            self._place(name, number, self.version(name, number)[1])
        else:
            self._note_placed(name, number)

    def _is_of_versions(self, name: str, live: Files, records: tuple[Record, ...]) -> bool:
        """Whether each file is that of some version; a process may have ended between the two."""
        if live.digest in {record.digest for record in records}:
            return True
        kept = [self.version(name, record.version)[1] for record in records]
        return live.agent in {files.agent for files in kept} and live.cases in {
            "",
            *(files.cases for files in kept),
        }

    def _placed(self, name: str) -> int | None:
        try:
            return int((self._versions(name) / _PLACED).read_bytes()[:20])
        except (FileNotFoundError, ValueError):
            return None

    def _records(self, name: str) -> tuple[Record, ...]:
        folder = self._versions(name)
        numbers = sorted(int(each.name) for each in folder.glob("*") if each.name.isdecimal())
        return tuple(read_record(folder / str(number), Record) for number in numbers)

    @asynccontextmanager
    async def _held(self, name: str) -> AsyncGenerator[None]:
        async with hold(self._versions(name) / _LOCK):
            yield

    def _versions(self, name: str) -> Path:
        return self.folder / "versions" / _checked(name)

    def _draft(self, name: str) -> Path:
        return self.folder / "drafts" / _checked(name)

    def _places(self, name: str) -> tuple[Path, Path]:
        _checked(name)
        return self.folder / "agents" / f"{name}.md", self.folder / "cases" / f"{name}.yaml"


def _is_name(name: str) -> bool:
    return re.fullmatch(NAME_PATTERN, name) is not None


def _checked(name: str) -> str:
    """A name that is a file's and never a path.

    Raises:
        InvalidInput: it is not an agent's name.
    """
    if not _is_name(name) or name.endswith("\n"):
        raise InvalidInput(
            f"{name[:80]!r} is not the name of an agent",
            why="a name has 1 to 64 lower-case letters, digits and underscores, a letter first",
            hint="choose a name such as release_notes_writer",
        )
    return name
