"""`pagents show`: one team or session, with its results."""

from __future__ import annotations

import asyncio
import time

import typer

from parallel_agents.app.opening import open_reader
from parallel_agents.core.run import Result
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, find_store
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.session_table import line_json, print_lines, shown_state
from parallel_agents.views.sessions import SessionLine, lines_of


def show(name: Name, json: AsJson = False, home: Home = None) -> None:
    """Show a team or a session, with its results; exit with the code of its status."""
    context = find_store(home)

    async def look() -> tuple[SessionLine, list[SessionLine], list[Result]]:
        async with open_reader(context.environment, context.settings) as client:
            row = await client.sessions.find(name)
            rows = [row, *await client.sessions.members(row)]
            whole, *members = lines_of(await client.journal.look(rows))
            team = await client.sessions.team_result(row.session.key)
            return whole, members, list(team.results)

    whole, members, results = asyncio.run(look())
    row = whole.row
    if json:
        items = [render.result_json(result) for result in results]
        sessions = [line_json(member) for member in members]
        render.envelope("show", time.time(), items, session=line_json(whole), sessions=sessions)
    else:
        for result in results:
            render.result(result)
        if len(results) < len(members) or len(members) > 1:
            print_lines(members)
        render.line(f"{shown_state(whole)}  {row.session.label}  {row.session.key}")
    raise typer.Exit(exit_of(row.run.status))
