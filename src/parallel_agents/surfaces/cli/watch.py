"""`pagents watch`: attach to live work from another terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.app.reading import open_follower
from parallel_agents.core.filter import Filter
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.attached import Attaching, attach
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.overview import watch_all
from parallel_agents.surfaces.cli.progress import ProgressStyle


def watch(
    name: Annotated[
        str | None,
        typer.Argument(
            help="An id, the start of one, a label, RUN/LABEL, or @last; all live work without it.",
            metavar="NAME",
        ),
    ] = None,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Watch live work, whoever executes it, until it ends; a Ctrl-C leaves it and ends nothing.

    Prints each result as it comes. Ends with the code of its status, as `pagents wait` does, and
    with 5 if no process works on it any more.
    """
    context = find_store(home)
    how = Attaching(style, json, output)
    if name is not None:
        attach(context, name, how)
    tops = run_cancellable(_live_tops(context))
    if len(tops) == 1:
        attach(context, tops[0], how)
    if tops and (json or output is not None):
        raise InvalidInput(
            f"{'--json' if json else f'-o {output}'} requires a NAME while several sessions are live",
            why="the results of one are printed when it ends",
            hint="name one of them; `pagents list state:live` lists them",
        )
    if tops:
        watch_all(context, style)
    elif json:
        render.envelope("watch", time.time(), [])
    else:
        render.note("Nothing is live. Start with: pagents run, pagents spawn or pagents do")


async def _live_tops(context: CliContext) -> Sequence[str]:
    """The keys of the live sessions that have no parent, newest first."""
    async with open_follower(context.environment, context.settings) as client:
        rows = await client.sessions.list(Filter(roots_only=True, is_live=True, limit=2))
        return [row.session.key for row in rows]
