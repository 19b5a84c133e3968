"""Plan editor: a plan as a team file in the user's editor, until what was saved is a plan."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from parallel_agents.catalog.plan_text import plan_text
from parallel_agents.core.plan import Plan
from parallel_agents.errors import InvalidFile, InvalidInput, PagentsError
from parallel_agents.files import write_private
from parallel_agents.surfaces.cli import render
from parallel_agents.views.format import one_line

_HEADER = 2  # lines, always as many, so that the lines that errors name stay the same
_DEFAULT = "vi"


def editor_of(variables: Mapping[str, str]) -> str:
    """The command of the user's editor."""
    return variables.get("VISUAL") or variables.get("EDITOR") or _DEFAULT


class PlanEditor:
    """Has a person edit a plan in a file, which is kept.

    Args:
        file: where the plan is written; its name without `.yaml` is the plan's.
        editor: a command that gets the file as its last argument.
    """

    def __init__(self, file: Path, editor: str) -> None:
        self._file = file
        self._editor = editor

    async def edited(self, plan: Plan, goal: str, read: Callable[[Path, str], Plan]) -> Plan | None:
        """The plan that a person saved; None if they left it as it was, or what they saved is no plan.

        Args:
            plan: what they begin with.
            goal: what it is for.
            read: the plan in a file, given its path and its text; raises InvalidFile or InvalidInput.

        Raises:
            InvalidInput: the plan cannot be written into one file, or the editor cannot be started.
        """
        text = plan_text(plan, self._file.stem, goal)
        header = (f"The plan for: {goal}", "Save it, and close the editor.")
        while True:
            shown = _with_header(header, text)
            await asyncio.to_thread(write_private, self._file, shown.encode())
            await self._open()
            saved = await asyncio.to_thread(self._saved)
            if saved == shown:
                return None
            text = _body(saved)
            try:
                return await asyncio.to_thread(read, self._file, saved)
            except (InvalidFile, InvalidInput) as error:
                header = (f"✖ {error.message}", _told(error))
                render.error(error)

    def _saved(self) -> str:
        try:
            return self._file.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"{self._file} cannot be read", why=str(error), hint="save it as UTF-8"
            ) from error

    async def _open(self) -> None:
        try:
            command = [*shlex.split(self._editor), str(self._file)]
            process = await asyncio.create_subprocess_exec(*command)
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"the editor {self._editor!r} cannot be started",
                why=str(error),
                hint=f"set EDITOR to one that is installed, or edit {self._file} and run it: --plan FILE",
            ) from error
        await process.wait()


def _told(error: PagentsError) -> str:
    return "; ".join(filter(None, (error.why, error.hint)))


def _with_header(header: tuple[str, str], text: str) -> str:
    return "".join(f"# {one_line(line)[:300]}\n" for line in header) + text


def _body(saved: str) -> str:
    """What was saved without the lines on top, unless somebody took them away."""
    lines = saved.splitlines(keepends=True)
    own = 0
    while own < min(_HEADER, len(lines)) and lines[own].startswith("#"):
        own += 1
    return "".join(lines[own:])
