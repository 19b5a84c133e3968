"""`pagents diff`: what a session has changed in its workspace."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from parallel_agents.app.tending import open_workspaces
from parallel_agents.core.workspace_verbs import Difference, DiffForm
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, Name, find_store


def diff(
    name: Name,
    stat: Annotated[
        bool, typer.Option("--stat", help="Print how much changed in each file.")
    ] = False,
    name_only: Annotated[bool, typer.Option("--name-only", help="Print only the names.")] = False,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print the complete patch, at a terminal too.")
    ] = False,
    home: Home = None,
) -> None:
    """Print what a session changed in its workspace, as a patch.

    In a file the patch is complete, including files that are not text, so `git apply` takes it.
    `pagents compare` says how two runs differ.
    """
    if stat + name_only + patch > 1:
        raise InvalidInput(
            "--stat, --name-only and --patch cannot be used together", hint="choose one"
        )
    context = find_store(home)
    is_terminal = sys.stdout.isatty()
    form = DiffForm.TEXT if is_terminal and not patch else DiffForm.PATCH
    if stat:
        form = DiffForm.STAT
    elif name_only:
        form = DiffForm.NAMES

    async def find() -> Difference:
        async with open_workspaces(context.environment, context.settings) as workspaces:
            return await workspaces.diff(name, form=form)

    found = run_cancellable(find())
    if not found.content and not found.not_shown:
        render.note("Nothing differs from what the workspace was made from.")
        return
    for path in found.not_shown:
        render.note(f"not shown, since git takes no file of this name: {path}", "yellow")
    if found.is_hidden:
        render.note("A secret is hidden in it, so that it does not apply there.", "yellow")
    if is_terminal:
        for line in found.content.decode(errors="replace").splitlines():
            render.line(line)
    else:
        sys.stdout.buffer.write(found.content)
        sys.stdout.buffer.flush()
