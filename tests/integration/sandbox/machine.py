"""The machine that the tests of the sandbox run on, and commands in a sandbox of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.containment.warden import Warden
from parallel_agents.core.command import Command, CommandEnd
from parallel_agents.errors import SandboxMissing
from parallel_agents.sandbox.commands import LocalCommands, Surroundings
from parallel_agents.sandbox.limits import Limits

_HOME = Path.home()


def why_none() -> str:
    """Why no sandbox works here; empty if one does, and in CI, where one has to."""
    if os.environ.get("CI"):
        return ""
    try:
        asyncio.run(_describe())
    except SandboxMissing as error:
        return f"{error.why}; {error.hint}"
    return ""


async def _describe() -> None:
    async with aclosing(Warden()) as warden:
        await LocalCommands(Surroundings(variables={}), warden).describe()


needs_sandbox = pytest.mark.skipif(bool(why := why_none()), reason=f"no sandbox works here: {why}")


async def inside(
    folder: Path,
    script: str,
    *,
    seconds: float = 30.0,
    limits: Limits | None = None,
    programs: Sequence[Path] = (),
    private: Sequence[Path] = (),
    hides: Callable[[str], bool] | None = None,
    stdin: bytes = b"",
    is_own_folder: bool = False,
    variables: Mapping[str, str] = os.environ,
    between: Callable[[], object] | None = None,
) -> CommandEnd:
    """A script of bash, run in a sandbox; after a first command and `between`, if there is that."""
    around = Surroundings(
        variables=variables,
        homes=(_HOME,),
        private=tuple(private),
        programs=tuple(programs),
        limits=limits or Limits(),
    )
    command = Command(
        arguments=("/bin/bash", "-c", script),
        folder=str(folder),
        timeout_seconds=seconds,
        stdin=stdin,
        is_own_folder=is_own_folder,
        hides=hides,
    )
    async with aclosing(Warden()) as warden:
        commands = LocalCommands(around, warden)
        if between is not None:
            await commands.run(replace(command, arguments=("/bin/true",)))
            between()
        return await commands.run(command)
