"""Stdin: read once, for the one argument that is to be what it has."""

from __future__ import annotations

import sys
from typing import BinaryIO

from parallel_agents.errors import NothingOnStdin
from parallel_agents.surfaces.cli import render

NAME = "-"


def open_stdin() -> BinaryIO:
    """Stdin, to be read to its end and closed.

    Raises:
        NothingOnStdin: it was read before.
    """
    if sys.stdin.buffer.closed:
        raise NothingOnStdin(
            "stdin was read before",
            why="more than one argument is to be what stdin has",
            hint="name a file for all but one: -f FILE, --input NAME=@FILE",
        )
    if sys.stdin.isatty():
        render.note("Reading from the terminal; Ctrl-D ends the text.")
    return sys.stdin.buffer


def read_stdin(most: int) -> bytes:
    """What stdin has, up to one byte more than `most`.

    Raises:
        NothingOnStdin: it was read before, or is empty, as after a command that failed.
    """
    with open_stdin() as opened:
        content = opened.read(most + 1)
    if not content:
        raise NothingOnStdin(
            "stdin is empty",
            why="the command before the | wrote nothing, or there is none",
            hint="pipe a text into it, as in `git diff | pagents ...`",
        )
    return content
