"""Trust: what a project's folder defines has no power until the user has trusted its present form.

A cloned folder could otherwise send the user's keys to a server of its own, or have a gate's command
executed. As in direnv and mise, what is trusted is a path together with the content of its files; the
record of it lies in the user's home, where no repository can write.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from parallel_agents.errors import Untrusted
from parallel_agents.files import write_private
from parallel_agents.links import real_path

_log = logging.getLogger("parallel_agents")

PROJECT_FOLDER = ".parallel-agents"
RECORDS_FOLDER = "trusted"
CONFIG_NAME = "config.toml"
MCP_NAME = ".mcp.json"  # beside the project's folder, where other programs read it, too
_DEFINING = (CONFIG_NAME, "agents/*.md", "cases/*.yaml", "teams/*.yaml")
_MOST_FILES = 1_000
_MOST_BYTES = 1 << 20  # of one file; an agent or a team has at most 256 KB
_SHOWN = 5
_ROOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's folder, and the content of each file that defines something, read once.

    Attributes:
        files: the content by the path in the folder, such as `agents/writer.md`; `.mcp.json` is the
            one beside the folder.
    """

    folder: Path
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def is_only_mcp(self) -> bool:
        """Whether there is no folder of ours, and only servers that other programs use as well."""
        return set(self.files) == {MCP_NAME} and not self.folder.is_dir()

    @property
    def is_empty(self) -> bool:
        """Whether it defines nothing, so that work begun outside of any project is no stranger in it."""
        return not self.files

    @property
    def place(self) -> Path:
        """What a person knows it by: the folder, or the one file that there is."""
        return self.folder.parent / MCP_NAME if self.is_only_mcp else self.folder

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file."""
        return {name: _digest(content) for name, content in self.files.items()}

    def check(self, file: Path, content: bytes) -> None:
        """Refuse a file of this folder that has changed since the project was read.

        Raises:
            Untrusted: it is not what the user trusted.
        """
        file = file.absolute()
        if not file.is_relative_to(self.folder):
            return
        name = file.relative_to(self.folder).as_posix()
        if self.files.get(name) != content:
            raise _untrusted(self.folder, f"{name} has changed while this process was running")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What a user trusted: the SHA-256 of each file, and when, in seconds since 1970."""

    folder: str
    files: Mapping[str, str]
    trusted_at: float


def find_project(start: Path, home: Path, user_folder: Path | None) -> Project | None:
    """The nearest project around `start`, in the folders that belong to the same work.

    A folder with a `.mcp.json` is one too, if no other is.

    These are the parents up to the git repository's, or, outside of any repository, those below the
    user's own folder; elsewhere `start` alone. A folder of another user, who could change it at any
    time, is passed over.

    Args:
        start: an absolute path.
        home: the home of this package, which is not a project.
        user_folder: the user's own folder, if there is one.

    Raises:
        Untrusted: the folder holds something else than a project's definitions.
    """
    homes = {real_path(home), *(() if user_folder is None else (_default_home(user_folder),))}
    searched = [*_searched(start, user_folder)]
    for folder in searched:
        found = folder / PROJECT_FOLDER
        if not found.is_dir() or real_path(found) in homes:
            continue
        if is_ours(folder) and is_ours(found):
            return Project(folder=found, files=dict(_read_files(found)))
        _log.warning("the project's folder %s belongs to another user and is not used", found)
    for folder in searched:
        found = folder / PROJECT_FOLDER
        if (folder / MCP_NAME).is_file() and real_path(found) not in homes and is_ours(folder):
            return Project(folder=found, files=dict(_read_files(found)))
    return None


def is_ours(folder: Path) -> bool:
    """Whether this user, or the system's administrator, owns a folder."""
    if not hasattr(os, "geteuid"):
        return True
    return folder.stat().st_uid in (os.geteuid(), _ROOT)


def check_trusted(project: Project, home: Path) -> None:
    """Check that the user has trusted a project as it is now; a project without files needs no trust.

    Raises:
        Untrusted: the error names the files that are new or have changed.
    """
    if changes := untrusted_files(project, home):
        shown = ", ".join(f"{name} {change}" for name, change in list(changes.items())[:_SHOWN])
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise _untrusted(project.place, shown + more)


def is_known(project: Project, home: Path) -> bool:
    """Whether the user has trusted a project, in this form or in an earlier one."""
    return bool(_recorded(project.folder, home))


def untrusted_files(project: Project, home: Path) -> dict[str, str]:
    """Each file that is not as the user trusted it, with what happened to it."""
    known, present = _recorded(project.folder, home), project.digests
    changes = dict.fromkeys(present.keys() - known.keys(), "is new")
    changes |= dict.fromkeys(known.keys() - present.keys(), "is gone")
    both = present.keys() & known.keys()
    changes |= {name: "has changed" for name in both if present[name] != known[name]}
    return dict(sorted(changes.items()))


def record_trust(project: Project, home: Path, now: Callable[[], float] = time.time) -> None:
    """Trust a project in the form in which it was read.

    Raises:
        InvalidInput: the record cannot be written.
    """
    record = _Record(folder=str(project.folder), files=project.digests, trusted_at=now())
    write_private(_record_file(project.folder, home), _records().dump_json(record, indent=2))


def forget_trust(folder: Path, home: Path) -> bool:
    """Trust a folder no longer; return whether it was trusted."""
    record = _record_file(folder, home)
    was_trusted = record.exists()
    record.unlink(missing_ok=True)
    return was_trusted


def _searched(start: Path, user_folder: Path | None) -> Iterator[Path]:
    """The folders that may hold the project of `start`, the nearest first."""
    parents = (start, *start.parents)
    top = next((folder for folder in parents if (folder / ".git").exists()), None)
    if top is None and user_folder is not None and start.is_relative_to(user_folder):
        yield from (folder for folder in parents if folder.is_relative_to(user_folder))
        return
    for folder in parents:
        yield folder
        if top is None or folder == top:
            return


def _default_home(user_folder: Path) -> Path:
    return real_path(user_folder / PROJECT_FOLDER)


def _read_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    found = [file for pattern in _DEFINING for file in sorted(folder.glob(pattern))]
    files = [file for file in found if not file.name.startswith(".")]  # such as an editor's lock
    if len(files) > _MOST_FILES:
        raise Untrusted(
            f"{folder} has {len(files):,} files of agents, cases and teams",
            why=f"a project has at most {_MOST_FILES:,}",
            hint="move those that you do not need elsewhere",
        )
    for file in files:
        yield file.relative_to(folder).as_posix(), _read(file)
    servers = folder.parent / MCP_NAME
    if servers.exists():
        yield MCP_NAME, _read(servers)


def _read(file: Path) -> bytes:
    """The content of a regular file: opening a pipe would wait for a writer."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise _unusable(file, "it is not a regular file")
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unusable(file, str(error)) from error
    if len(content) > _MOST_BYTES:
        raise _unusable(file, f"it has more than {_MOST_BYTES >> 20} MiB")
    return content


def _unusable(file: Path, why: str) -> Untrusted:
    return Untrusted(
        f"{file} cannot be shown, so it cannot be trusted", why=why, hint="correct it, or delete it"
    )


def _recorded(folder: Path, home: Path) -> Mapping[str, str]:
    """The digests that were trusted; none if there is no record, or one that cannot be read."""
    try:
        record = _records().validate_json(_record_file(folder, home).read_bytes())
    except (OSError, ValidationError):
        return {}
    return record.files if record.folder == str(folder) else {}


@cache
def _records() -> TypeAdapter[_Record]:
    return TypeAdapter(_Record)


def _record_file(folder: Path, home: Path) -> Path:
    return home / RECORDS_FOLDER / f"{_digest(os.fsencode(folder))[:32]}.json"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _untrusted(place: Path, why: str) -> Untrusted:
    what = "file" if place.name == MCP_NAME else "folder"
    return Untrusted(
        f"the project's {what} {place} is not trusted in its present form",
        why=why,
        hint="run `pagents trust`, which shows what it defines and asks; without a terminal, read "
        "it and run `pagents trust --yes`",
    )
