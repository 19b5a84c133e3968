"""Distant catalog: the agents and teams of a gateway, as `pagents agents` and `pagents teams` print them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from parallel_agents.app.distant import open_distant
from parallel_agents.core.object_schema import properties
from parallel_agents.core.schema import Json
from parallel_agents.interrupts import run_cancellable
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.views import format

_Document = Mapping[str, Json]


def list_agents(environment: Environment, form: Form | None, *, is_json: bool) -> None:
    """List the agents of the gateway."""

    async def look() -> list[dict[str, Json]]:
        async with open_distant(environment) as distant:
            return await distant.catalog.agents()

    entries = run_cancellable(look())
    if is_json:
        render.envelope("agents", time.time(), entries)
        return
    fields = ("name", "category", "tier", "description")
    rows = [tuple(_text(each, field) for field in fields) for each in entries if _is_right(each)]
    print_list(form, ("AGENT", "CATEGORY", "TIER", "WHAT IT DOES"), rows)
    _note_wrong(entries)
    render.note(f"{len(rows)} agents at {environment.gateway}. Details: pagents agents show NAME")


def list_teams(environment: Environment, form: Form | None, *, is_json: bool) -> None:
    """List the teams of the gateway."""

    async def look() -> list[dict[str, Json]]:
        async with open_distant(environment) as distant:
            return await distant.catalog.teams()

    entries = run_cancellable(look())
    if is_json:
        render.envelope("teams", time.time(), entries)
        return
    rows = [
        (
            _text(each, "name"),
            _count(each),
            ", ".join(properties(_schema(each))),
            _text(each, "description"),
        )
        for each in entries
        if _is_right(each)
    ]
    print_list(form, ("TEAM", "AGENTS", "INPUTS", "WHAT IT DOES"), rows, right=("AGENTS",))
    _note_wrong(entries)
    render.note(f"{len(rows)} teams at {environment.gateway}. Details: pagents teams show NAME")


def show_agent(environment: Environment, name: str, *, is_json: bool) -> None:
    """Show an agent of the gateway."""

    async def look() -> dict[str, Json]:
        async with open_distant(environment) as distant:
            return await distant.catalog.agent(name)

    found = run_cancellable(look())
    if is_json:
        render.envelope("agent", time.time(), [found])
        return
    render.line(
        f"{_text(found, 'name')}  ({_text(found, 'category')}, {_text(found, 'tier')})", "bold"
    )
    render.line(_text(found, "description"))
    for title, field in (("input", "input_schema"), ("output", "output_schema")):
        render.line(f"\n{title}", "bold")
        value = found.get(field)
        render.line(format.clean(format.output(value)) if value else "text")
    render.line("\ninstructions", "bold")
    render.line(format.clean(str(found.get("instructions", ""))))


def show_team(environment: Environment, name: str, *, is_json: bool) -> None:
    """Show a team of the gateway."""

    async def look() -> dict[str, Json]:
        async with open_distant(environment) as distant:
            return await distant.catalog.team(name)

    found = run_cancellable(look())
    if is_json:
        render.envelope("team", time.time(), [found])
        return
    render.line(_text(found, "name"), "bold")
    render.line(_text(found, "description"))
    render.line("\ninput", "bold")
    render.line(format.clean(format.output(found.get("input"))))
    render.line("\ntasks", "bold")
    tasks = found.get("tasks")
    listed = tasks if isinstance(tasks, list | tuple) else ()
    rows = [
        (_text(task, "label"), _text(task, "agent"), _text(task, "text"))
        for task in listed
        if isinstance(task, Mapping)
    ]
    render.table(("LABEL", "AGENT", "TEXT"), rows)


def _text(document: _Document, field: str) -> str:
    value = document.get(field)
    return format.one_line("" if value is None else str(value))


def _schema(document: _Document) -> Mapping[str, Json]:
    found = document.get("input")
    return found if isinstance(found, Mapping) else {}


def _count(document: _Document) -> str:
    tasks = document.get("tasks")
    return str(len(tasks)) if isinstance(tasks, list | tuple) else str(tasks or "")


def _is_right(document: _Document) -> bool:
    return not document.get("error")


def _note_wrong(entries: list[dict[str, Json]]) -> None:
    for each in entries:
        if not _is_right(each):
            render.note(f"! {_text(each, 'name')}: {_text(each, 'error')}", "yellow")
