"""A source folder and workspaces of it, for tests with real repositories."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.workspace_verbs import Conflicts
from parallel_agents.workspaces.foretold import Foretold
from parallel_agents.workspaces.limits import LIMITS, Limits
from parallel_agents.workspaces.making import make
from parallel_agents.workspaces.record import Record, Room
from parallel_agents.workspaces.returning import Merged, merge

# A file as a test writes it: its text, {link}, {bytes}, {text, mode}, or False for none.
Written: TypeAlias = str | bool | Mapping[str, str | int]
DATA = Path(__file__).parent / "data/workspaces"
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.org",
}


def git(folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> str:
    """What a command of the user's git prints."""
    ended = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env=_ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    assert ended.returncode in accept, ended.stderr.decode()
    return ended.stdout.decode(errors="surrogateescape")


def write(folder: Path, files: Mapping[str, Written]) -> None:
    """Write files; those to remove go first."""
    for path, content in files.items():
        if content is False:
            (folder / path).unlink()
            for above in (folder / path).relative_to(folder).parents:
                if above != Path() and not any((folder / above).iterdir()):
                    (folder / above).rmdir()
    for path, content in files.items():
        if content is not False:
            _write_one(folder / path, content)


def _write_one(target: Path, content: Written) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        content = {"text": content}
    assert isinstance(content, Mapping)
    if target.is_symlink():
        target.unlink()
    if "link" in content:
        target.unlink(missing_ok=True)
        target.symlink_to(str(content["link"]))
        return
    raw = bytes.fromhex(str(content["bytes"])) if "bytes" in content else None
    target.write_bytes(str(content["text"]).encode() if raw is None else raw)
    if "mode" in content:
        target.chmod(int(content["mode"]))


def state_of(folder: Path) -> dict[str, tuple[str, bool, bytes]]:
    """Every file of a folder: its kind, whether it can be executed, and its content."""
    found: dict[str, tuple[str, bool, bytes]] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if name.split("/")[0] == ".git":
            continue
        if path.is_symlink():
            found[name] = ("link", False, os.fsencode(path.readlink()))
        elif path.is_file():
            found[name] = ("file", bool(path.stat().st_mode & 0o100), path.read_bytes())
    return found


class Rig:
    """A home folder, and a repository (or a plain folder) as the source of workspaces."""

    def __init__(self, folder: Path, *, is_repository: bool = True) -> None:
        self.home = folder / "home"
        self.source = folder / "source"
        self.source.mkdir(parents=True)
        if is_repository:
            git(self.source, "init", "-q", "-b", "main")

    def commit(self, files: Mapping[str, Written]) -> None:
        write(self.source, files)
        # Of some names git takes no file; those stay as new files.
        git(self.source, "add", "-A", "-f", "--ignore-errors", accept=(0, 1))
        git(self.source, "commit", "-q", "--allow-empty", "-m", "Work")

    def make(
        self, name: str = "one", folder: Path | None = None, limits: Limits = LIMITS
    ) -> Workspace:
        room = Room(self.home, SessionKey(f"agent:coder:subagent:{name}"))
        record = make(
            room,
            self.source if folder is None else folder,
            home=self.home,
            parent="",
            limits=limits,
            now=lambda: 2e9,
        )
        return Workspace(room, record)


class Workspace:
    """A workspace that was made."""

    def __init__(self, room: Room, record: Record) -> None:
        self.room = room
        self.record = record
        self.files = room.files(record)

    def merge(self, conflicts: Conflicts = Conflicts.LEAVE, *, is_dry: bool = False) -> Merged:
        return merge(self.room, self.record, conflicts, foretold=Foretold() if is_dry else None)

    def foretell(self, foretold: Foretold, conflicts: Conflicts = Conflicts.LEAVE) -> Merged:
        return merge(self.room, self.record, conflicts, foretold=foretold)


def cases(name: str) -> list[Mapping[str, Mapping[str, Written]]]:
    """The cases of a data file."""
    with (DATA / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)[name.removesuffix("s")]
