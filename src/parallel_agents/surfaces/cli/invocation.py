"""Invocation: how the person at the terminal can type this command again."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path

from parallel_agents.surfaces.cli.main import COMMANDS

_NAME = "pagents"
_CALL = re.compile(rf"\b{_NAME} (?=(?:{'|'.join(COMMANDS)})\b)")
# Commands about what is in a home, which are also typed on another machine: `ssh BOX pagents list`.
_OF_HOME = re.compile(
    rf"(?<!ssh BOX )\b{_NAME} (?:(?:dlq|limits|workspaces) [a-z]+|answer|audit|chat|compare|cost|diff|export|fork|history|inbox"
    r"|kill|list|merge|report|resume|search|send|show|steer|wait|watch)\b"
)
_WHERE = ("--url", "--home", "--profile")


def as_called(text: str, name: str | None = None, arguments: Sequence[str] | None = None) -> str:
    """A text with its `pagents` commands written so that they work here.

    Args:
        text: what is shown.
        name: the command's name; by default the one that works in this shell.
        arguments: of this command, which say where it looks; by default those of the process.
    """
    name = name or command_name(sys.argv[0])
    if where := _where(sys.argv[1:] if arguments is None else arguments):
        text = _OF_HOME.sub(lambda found: f"{found[0]}{where}", text)
    return text if name == _NAME else _CALL.sub(f"{name} ", text)


def _where(arguments: Sequence[str]) -> str:
    """The options that say where a command looks, as a person types them again."""
    found: dict[str, str] = {}
    given = [*takewhile(lambda each: each != "--", arguments)]
    for each, following in zip(given, [*given[1:], ""], strict=False):
        option, equals, value = each.partition("=")
        if option in _WHERE and (value if equals else following):
            found[option] = value if equals else following
    return "".join(f" {option} {shlex.quote(value)}" for option, value in found.items())


@cache
def command_name(given: str, *, search: str | None = None, folder: Path | None = None) -> str:
    """The command's name if the shell finds it by that name, else the path that it was called by.

    Args:
        given: the first of the process's arguments.
        search: the folders that the shell searches; by default those of this process.
        folder: the path is relative to this folder if that is shorter; by default the current one.
    """
    found, path = shutil.which(_NAME, path=search), Path(given)
    context = path if folder is None else folder / path
    if path.stem != _NAME or not context.is_file():
        is_module = path.name == "__main__.py" and path.parent.name == "parallel_agents"
        return "python -m parallel_agents" if is_module and found is None else _NAME
    if found is not None and context.samefile(found):
        return _NAME
    try:
        return min(os.path.relpath(context, folder), given, key=len)
    except (ValueError, FileNotFoundError):
        return given  # on a different drive from the current folder, or that was deleted
