"""Git config: the files of a folder that git runs or obeys because a configuration names them.

The keys are those of `git help config` whose values are commands, or files with further settings.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from parallel_agents.git import Git

_FILE = "file:"
_INCLUDE = re.compile(r"include(if\..*)?\.path", re.DOTALL)
_COMMAND = re.compile(
    r"(alias|pager)\..*|browser\..*\.(cmd|path)|core\.(askpass|editor|fsmonitor|gitproxy|pager"
    r"|sshcommand|alternaterefscommand)|credential\.(.*\.)?helper|diff\.external"
    r"|diff\..*\.(command|textconv)|(diff|merge)tool\..*\.(cmd|path)|filter\..*\.(clean|process|smudge)"
    r"|gpg\.(.*\.)?program|gpg\.ssh\.defaultkeycommand|interactive\.difffilter|man\..*\.(cmd|path)"
    r"|merge\..*\.driver|remote\..*\.(receivepack|uploadpack|vcs)|sendemail\..*cmd|sequence\.editor"
    r"|submodule\..*\.update|trailer\..*\.(cmd|command)|uploadpack\.packobjectshook",
    re.DOTALL,
)
_MOST_VALUE_CHARACTERS = 10_000


class Named(NamedTuple):
    """What a configuration names, by absolute paths that may lead through links.

    Attributes:
        obeyed: folders of hooks, and files with settings; they may not exist.
        run: files that exist and that a command names.
    """

    obeyed: tuple[Path, ...] = ()
    run: tuple[Path, ...] = ()


def named_by(git: Git) -> Named:
    """What the configuration names that holds in the folder of a repository.

    Raises:
        GitFailed: git does not work there.
    """
    top = Path(git.text("rev-parse", "--show-toplevel"))
    hooks: Path | None = None
    obeyed: list[Path] = []
    run: list[Path] = []
    for origin, key, value in _settings(Git(top)):
        if key == "core.hookspath":
            hooks = top / _expanded(value)  # the last one counts
        elif _INCLUDE.fullmatch(key):
            obeyed.append(origin.parent / _expanded(value))
        elif _COMMAND.fullmatch(key):
            run += _files(value, top)
        obeyed.append(origin)
    return Named(tuple(dict.fromkeys((*obeyed, *([hooks] if hooks else ())))), tuple(run))


def _settings(git: Git) -> Iterator[tuple[Path, str, str]]:
    """The file, the key and the value of each setting, but for those of this process."""
    fields = git.run("config", "--list", "--show-origin", "--includes", "-z").split(b"\0")
    for origin, setting in zip(fields[::2], fields[1::2], strict=False):
        file = os.fsdecode(origin)
        if file.startswith(_FILE):
            key, _, value = os.fsdecode(setting).partition("\n")
            path = git.folder / file.removeprefix(_FILE)
            yield path, key.lower(), value


def _expanded(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        return Path(value)


def _files(command: str, folder: Path) -> Iterator[Path]:
    """The files that a command names."""
    text = command.removeprefix("!")[:_MOST_VALUE_CHARACTERS]
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    for word in (text, *words):
        path = folder / _expanded(word)
        try:
            if path.is_file():
                yield path
        except (OSError, ValueError):
            continue
