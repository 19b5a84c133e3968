"""Shell and python: run a command line, or a program, in the folder of the session."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from parallel_agents.containment.commands import MOST_OUTPUT_BYTES
from parallel_agents.core.command import CommandEnd, Ending
from parallel_agents.core.tool import (
    Access,
    Effect,
    Subject,
    SubjectKind,
    ToolContext,
    ToolError,
)
from parallel_agents.errors import PagentsError
from parallel_agents.tools.commands.terminal import plain
from parallel_agents.tools.function import tool

_SECONDS = 120.0
_MOST_SECONDS = 3600.0
_MOST_CHARACTERS = 100_000
_FOLDERS = "/bin:/usr/bin:/usr/local/bin:/run/current-system/sw/bin"

Seconds = Annotated[
    float, Field(gt=0, le=_MOST_SECONDS, description="How long it may take, in seconds.")
]


@tool(effect=Effect.ONCE, access=Access.RUN, subject=Subject("command", SubjectKind.COMMAND))
async def shell(
    command: Annotated[
        str, Field(min_length=1, max_length=_MOST_CHARACTERS, description="A command line of bash.")
    ],
    context: ToolContext,
    timeout_seconds: Seconds = _SECONDS,
) -> str:
    """Run a command line in the working folder; returns what it wrote, and its exit code. It reads no input, and nothing that it starts goes on after it."""
    program = shutil.which("bash", path=_FOLDERS) or "/bin/sh"
    return await _run(context, (program, "-c", command), timeout_seconds)


@tool(effect=Effect.ONCE, access=Access.RUN)
async def python(
    code: Annotated[
        str, Field(min_length=1, max_length=_MOST_CHARACTERS, description="A program.")
    ],
    context: ToolContext,
    timeout_seconds: Seconds = _SECONDS,
) -> str:
    """Run a Python program in the working folder; returns what it printed, and its exit code. Nothing of it is kept for the next call but files."""
    return await _run(context, ("python3", "-u", "-"), timeout_seconds, code.encode())


async def _run(
    context: ToolContext, arguments: Sequence[str], timeout_seconds: float, stdin: bytes = b""
) -> str:
    if context.run_command is None:
        raise ToolError("this process runs no commands")
    if any("\0" in argument for argument in arguments):
        raise ToolError("the command has a NUL character")
    try:
        end = await context.run_command(arguments, timeout_seconds=timeout_seconds, stdin=stdin)
    except PagentsError as error:
        raise ToolError(f"{error.message}: {error.why}" if error.why else error.message) from error
    told = (f"[{text}]" for text in (_ending(end), *(hit.text for hit in end.hits)))
    return "\n".join(filter(None, (plain(end.output).rstrip("\n"), *told)))


def _ending(end: CommandEnd) -> str:
    match end.ending:
        case Ending.TIMED_OUT:
            return f"ended after {end.seconds:.1f} s, its time limit"
        case Ending.TOO_MUCH_OUTPUT:
            return f"ended because it wrote more than {MOST_OUTPUT_BYTES:,} bytes"
        case Ending.OUTPUT_USED_UP:
            return f"ended after {end.seconds:.1f} s, at the limit of output"
        case Ending.EXITED if end.code < 0:
            return f"ended by signal {-end.code} after {end.seconds:.1f} s"
        case Ending.EXITED:
            return f"exit code {end.code}, {end.seconds:.1f} s"
