"""`pagents diff`: what a session has changed in its workspace."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, Name, find_store
from parallel_agents.surfaces.workspace_parts import Part, find_part
from parallel_agents.workspaces.comparing import changes_of, not_in_trees, patch_of


def diff(
    name: Name,
    stat: Annotated[
        bool, typer.Option("--stat", help="Print how much changed in each file.")
    ] = False,
    name_only: Annotated[bool, typer.Option("--name-only", help="Print only the names.")] = False,
    home: Home = None,
) -> None:
    """Print what a session changed in its workspace, as a patch.

    In a file the patch is complete, including files that are not text, so `git apply` takes it.
    `pagents compare` says how two runs differ.
    """
    if stat and name_only:
        raise InvalidInput("--stat and --name-only cannot be used together", hint="choose one")
    context = find_store(home)

    async def find() -> Part:
        async with open_reader(context.environment, context.settings) as reader:
            return await find_part(reader.sessions, context.environment.home, name)

    _, room, record = run_cancellable(find())
    changes = changes_of(room, record, room.read_base())
    if not changes:
        render.note("Nothing differs from what the workspace was made from.")
        return
    if stat:
        options = ("--stat",)
    elif name_only:
        options = ("--name-status",)
    else:
        options = ("-p",) if sys.stdout.isatty() else ("-p", "--binary", "--full-index")
    patch = patch_of(room.blobs, changes, *options)
    for path in not_in_trees(changes):
        render.note(f"not shown, since git takes no file of this name: {path}", "yellow")
    if sys.stdout.isatty():
        for line in patch.decode(errors="replace").splitlines():
            render.line(line)
    else:
        sys.stdout.buffer.write(_without_secrets(patch))
        sys.stdout.buffer.flush()


def _without_secrets(patch: bytes) -> bytes:
    """A patch without secrets, which no longer applies where it had one."""
    text = patch.decode("utf-8", "surrogateescape")
    hidden = KNOWN.hide(text)
    if hidden == text:
        return patch
    render.note("A secret is hidden in it, so that it does not apply there.", "yellow")
    return hidden.encode("utf-8", "surrogateescape")
