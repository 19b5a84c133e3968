"""`pagents diff`: what a session has changed in its workspace."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.row import Row
from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, Name, find_store
from parallel_agents.views import format
from parallel_agents.workspaces.comparing import changes_of, patch_of
from parallel_agents.workspaces.record import Record, Room


def diff(
    name: Name,
    stat: Annotated[bool, typer.Option("--stat", help="Print how much of each file.")] = False,
    name_only: Annotated[bool, typer.Option("--name-only", help="Print the names only.")] = False,
    home: Home = None,
) -> None:
    """Print what a session changed in its workspace, as a patch.

    What is printed into a file is whole, also of files that are not text: `git apply` takes it.
    """
    if stat and name_only:
        raise InvalidInput("--stat and --name-only cannot be used together", hint="choose one")
    context = find_store(home)

    async def find() -> Row:
        async with open_reader(context.environment, context.settings) as reader:
            return await reader.sessions.find(name)

    row = run_cancellable(find())
    room = Room(context.environment.home, row.session.key)
    record = own_record(room, row)
    changes = changes_of(room, record, room.read_base())
    if not changes:
        render.note("Nothing differs from what the workspace was made of.")
        return
    if stat:
        options = ("--stat",)
    elif name_only:
        options = ("--name-status",)
    else:
        options = ("-p",) if sys.stdout.isatty() else ("-p", "--binary", "--full-index")
    patch = patch_of(room.blobs, changes, *options)
    if sys.stdout.isatty() or stat or name_only:
        for line in patch.decode(errors="replace").splitlines():
            render.line(line)
    else:
        sys.stdout.buffer.write(patch)
        sys.stdout.buffer.flush()


def own_record(room: Room, row: Row) -> Record:
    """The record of the session's own workspace.

    Raises:
        NotFound: it has none.
    """
    record = room.record
    if record is not None and not record.is_shared:
        return record
    name = format.name(row)
    if record is not None:
        raise NotFound(
            f"{name} works in the folder of its parent", hint=f"name the parent: {record.parent}"
        )
    options = row.session.options
    if options.workspace is None:
        why = f"it works in {options.cwd}" if options.cwd else "it has no workspace"
        raise NotFound(
            f"{name} has no workspace of its own", why=why, hint="start it with --workspace DIR"
        )
    raise NotFound(
        f"the workspace of {name} is not there",
        why="the run has not begun, or the workspace was removed",
        hint=f"`pagents show {name}` shows how it is doing",
    )
