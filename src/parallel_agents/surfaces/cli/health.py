"""`pagents health`: what runs, and what of it needs a person."""

from __future__ import annotations

import time

import typer

from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.health_signs import signs_of
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.surfaces.health_look import sign_json
from parallel_agents.views import format
from parallel_agents.views.health import Level

_GLYPHS = {Level.OK: "✔", Level.NOTE: "!", Level.PROBLEM: "✖"}
_STYLES = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "red"}


def health(json: AsJson = False, home: Home = None) -> None:
    """Show what runs, what waits for you, and what is stuck, failing or running out.

    Exits with 1 if something needs you.
    """
    context = find_store(home)
    found = run_cancellable(signs_of(context))
    needs_you = any(sign.level is Level.PROBLEM for sign in found)
    if json:
        items = [sign_json(sign) for sign in found]
        render.envelope("health", time.time(), items, needs_you=needs_you)
    else:
        for sign in found:
            render.line(f"{_GLYPHS[sign.level]} {format.one_line(sign.text)}", _STYLES[sign.level])
            if sign.hint:
                render.line(f"    {as_called(sign.hint)}")
    if needs_you:
        raise typer.Exit(Exit.FAILED)
