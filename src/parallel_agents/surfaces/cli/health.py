"""`pagents health`: what runs, and what of it needs a person."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import typer

from parallel_agents.app.reading import STORE_NAME, Reader, open_reader
from parallel_agents.core.disk import Room
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.views import format
from parallel_agents.views.health import Level, Seen, Sign, signs

_RECENT_SECONDS = 3600.0
_GLYPHS = {Level.OK: "✔", Level.NOTE: "!", Level.PROBLEM: "✖"}
_STYLES = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "red"}
_PARTS = ("", "-wal", "-shm")


def health(json: AsJson = False, home: Home = None) -> None:
    """Show what runs, what waits for you, and what is stuck, failing or running out.

    Exits with 1 if something needs you.
    """
    context = find_store(home)

    async def look() -> list[Sign]:
        async with open_reader(context.environment, context.settings) as reader:
            return signs(await seen_of(context, reader))

    found = run_cancellable(look())
    needs_you = any(sign.level is Level.PROBLEM for sign in found)
    if json:
        items = [
            {"about": s.about, "level": s.level, "text": s.text, "hint": s.hint, **s.facts}
            for s in found
        ]
        render.envelope("health", time.time(), items, needs_you=needs_you)
    else:
        for sign in found:
            render.line(f"{_GLYPHS[sign.level]} {format.one_line(sign.text)}", _STYLES[sign.level])
            if sign.hint:
                render.line(f"    {as_called(sign.hint)}")
    if needs_you:
        raise typer.Exit(Exit.FAILED)


async def seen_of(context: CliContext, reader: Reader) -> Seen:
    now = reader.now()
    questions = await reader.sessions.questions()
    return Seen(
        vitals=await reader.journal.vitals(since=now - _RECENT_SECONDS),
        questions=questions,
        throttles=await reader.limits.throttles(),
        owners=await reader.journal.owners(),
        room=_room(context.environment.home),
        store_bytes=_store_bytes(context.environment.home),
        unsent=await reader.journal.unsent(since=now - _RECENT_SECONDS),
        stuck_rules=context.settings.stuck_rules,
        now=now,
        wall_ahead=time.time() - now,
    )


def _room(home: Path) -> Room:
    usage = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists()))
    return Room(usage.free, usage.total)


def _store_bytes(home: Path) -> int:
    files = [home / f"{STORE_NAME}{part}" for part in _PARTS]
    return sum(file.stat().st_size for file in files if file.exists())
