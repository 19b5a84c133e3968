"""`pagents report`: what a team or session came to, as a document for somebody else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.files import write_private
from parallel_agents.interrupts import run_cancellable
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, Name, find_store
from parallel_agents.surfaces.cli.looking import look_at
from parallel_agents.surfaces.cli.out_option import Force, check_out
from parallel_agents.surfaces.cli.pages import Limit, most
from parallel_agents.views.report import Reported, report_of

_SHOWN = 1000


def report(
    name: Name,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write it to this file.", metavar="FILE"),
    ] = None,
    md: Annotated[bool, typer.Option("--md", help="As Markdown, which is the default.")] = True,
    force: Force = False,
    limit: Limit = _SHOWN,
    home: Home = None,
) -> None:
    """Print results, scores, costs, and why what failed has failed, as a Markdown document.

    What models wrote is in blocks that it cannot leave, and known secrets are hidden.
    """
    context = find_store(home)
    check_out(out, force=force)

    async def look() -> Reported:
        async with open_reader(context.environment, context.settings) as client:
            found = await look_at(client, name, most(limit))
            tree = found.whole.row.session.key
            return Reported(
                whole=found.whole,
                results=found.results,
                own=next(iter(found.own), None),
                titles={each.row.run.id: each.row.run.title for each in found.members},
                members=found.members,
                steps=found.steps,
                waited=found.waited,
                total=found.total,
                not_shown=found.not_shown,
                rows=found.rows,
                costs=await client.journal.costs(tree=tree),
                at=time.time(),
            )

    document = KNOWN.hide(report_of(run_cancellable(look())))
    if out is None:
        render.line(document.rstrip("\n"))
        return
    write_private(out, document.encode())
    render.note(f"Wrote {out}.")
