"""Git: the few commands of git that we need, run so that no repository can run code by them.

Nothing of this process's environment reaches git: a variable such as GIT_DIR, which a hook around us
may have set, would turn every command to another repository. Hooks, monitors, pagers, credential
helpers, remote helpers and fetches on demand are switched off by the configuration that goes before
all others, and only commands are used that apply no filters.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.errors import GitFailed, WorkspaceError

_TIMEOUT_SECONDS = 120.0
_MOST_OUTPUT_BYTES = 512_000_000
_MOST_ERROR_CHARACTERS = 500
_CONFIG = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.attributesFile": os.devnull,
    "core.alternateRefsCommand": "true",
    "credential.helper": "",
    "diff.external": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "merge.directoryRenames": "false",
    "merge.renames": "true",
    "merge.conflictStyle": "diff3",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "core.quotePath": "false",
}


class Git(NamedTuple):
    """Git on one repository.

    Attributes:
        folder: where commands run.
        git_dir: the repository, if git is not to look for one.
        work_tree: the folder that git takes for the repository's working tree.
        index_file: the index to use instead of the repository's own.
        settings: the variables that say where the user's configuration is.
    """

    folder: Path
    git_dir: Path | None = None
    work_tree: Path | None = None
    index_file: Path | None = None
    settings: Mapping[str, str] = MappingProxyType({})

    def run(self, *arguments: str, given: bytes = b"", accept: tuple[int, ...] = (0,)) -> bytes:
        """What a git command writes to stdout.

        Raises:
            GitFailed: its exit code is not in `accept`.
            WorkspaceError: git is missing, or it did not end in time.
        """
        program = find_git()
        if program is None:
            raise missing_git()
        command = [program, *self._options(), *arguments]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as stdin:
            stdin.write(given)
            stdin.seek(0)
            try:
                ended = subprocess.run(  # noqa: S603 - our own command, on a repository as data
                    command,
                    stdin=stdin,
                    stdout=out,
                    stderr=subprocess.PIPE,
                    cwd=self.folder,
                    env={**_environment(program, self.index_file), **self.settings},
                    timeout=_TIMEOUT_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise WorkspaceError(
                    f"`git {arguments[0]}` did not end in {_TIMEOUT_SECONDS:g} s",
                    why=f"it ran in {self.folder}",
                    hint="look with `git status` there for what takes it so long",
                ) from error
            if ended.returncode not in accept:
                text = ended.stderr.decode(errors="replace").strip()
                raise GitFailed(
                    f"`git {arguments[0]}` failed in {self.folder}",
                    why=head(text, _MOST_ERROR_CHARACTERS),
                    hint="make sure that `git status` works there",
                )
            if out.seek(0, os.SEEK_END) > _MOST_OUTPUT_BYTES:
                raise WorkspaceError(
                    f"`git {arguments[0]}` in {self.folder} wrote more than 512 MB",
                    hint="use a smaller folder as the workspace",
                )
            out.seek(0)
            return out.read()

    def text(self, *arguments: str) -> str:
        """What a command writes, as text without the last line's end."""
        return os.fsdecode(self.run(*arguments)).removesuffix("\n")

    def _options(self) -> list[str]:
        options = ["--no-pager"]
        if self.git_dir is not None:
            options.append(f"--git-dir={self.git_dir}")
        if self.work_tree is not None:
            options.append(f"--work-tree={self.work_tree}")
        return options


@cache
def find_git() -> str | None:
    """The program; None if there is none.

    Folders of PATH that depend on where a process works are left out: an agent may write there.
    """
    folders = filter(os.path.isabs, os.get_exec_path())
    return shutil.which("git", path=os.pathsep.join(folders))


def missing_git() -> WorkspaceError:
    return WorkspaceError(
        "git is not installed",
        why="the folder is part of a repository, which only git can read",
        hint="install git, or work in the folder itself: --cwd FOLDER, in Python workspace=Workspace.at(FOLDER)",
    )


def _environment(program: str, index: Path | None) -> Mapping[str, str]:
    """All that git knows of this process."""
    pairs = {
        f"GIT_CONFIG_{what}_{number}": text
        for number, item in enumerate(_CONFIG.items())
        for what, text in zip(("KEY", "VALUE"), item, strict=True)
    }
    return {
        "PATH": f"{Path(program).parent}:{os.defpath}",
        "HOME": str(_home()),
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(_CONFIG)),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "pagents",
        "GIT_AUTHOR_EMAIL": "pagents@localhost",
        "GIT_AUTHOR_DATE": "@0 +0000",
        "GIT_COMMITTER_NAME": "pagents",
        "GIT_COMMITTER_EMAIL": "pagents@localhost",
        "GIT_COMMITTER_DATE": "@0 +0000",
        **({} if index is None else {"GIT_INDEX_FILE": str(index)}),
        **pairs,
    }


def _home() -> Path:
    """The user's folder, for what they ignore everywhere and which repositories they trust."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)
