"""Git config: the files of a folder that git runs or obeys because a configuration names them.

The keys are those of `git help config` whose values are commands, or files with further settings.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

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
_SHELL = re.compile(r"[\s;|&<>()\"'`=]+")
_OF_HUSKY = "_"
_MOST_VALUE_CHARACTERS = 10_000


def named_by(git: Git) -> list[Path]:
    """What the configuration names that holds in the folder of a repository, and its own files.

    Paths are absolute, may lead through links, and need not exist: files with settings, folders of
    hooks, and files that commands name.

    Raises:
        GitFailed: git does not work there.
    """
    top = Path(git.text("rev-parse", "--show-toplevel"))
    hooks: list[Path] = []
    named: list[Path] = []
    for origin, key, value in _settings(git._replace(folder=top)):
        if key == "core.hookspath":
            hooks = _hooks(top / _expanded(value))  # the last one counts
        elif _INCLUDE.fullmatch(key):
            named.append(origin.parent / _expanded(value))
        elif _COMMAND.fullmatch(key):
            named += _files(value, top)
        named.append(origin)
    return list(dict.fromkeys((*named, *hooks)))


def _hooks(folder: Path) -> list[Path]:
    """The folder of hooks; those that husky makes run what is in the folder above."""
    return [folder.parent] if folder.name == _OF_HUSKY else [folder]


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
    for word in (text, *words, *_SHELL.split(text)):
        # `$PWD/tools/x` and the like: what follows a variable or a command may begin at the folder.
        for path in (folder / _expanded(word), folder / word.partition("/")[2]):
            try:
                if path.is_file():
                    yield path
            except (OSError, ValueError):
                continue
