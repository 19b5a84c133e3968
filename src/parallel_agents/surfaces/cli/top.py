"""`pagents top`: all live work on one screen, to look at, steer, answer and end."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from parallel_agents.errors import InvalidInput, MissingExtra
from parallel_agents.extras import install_line
from parallel_agents.interrupts import run_cancellable
from parallel_agents.loading import loading
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext, Home, find_store

_NARROW = 100


def top(
    once: Annotated[bool, typer.Option("--once", help="Print what there is, and exit.")] = False,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="For terminals that show no other characters.")
    ] = False,
    home: Home = None,
) -> None:
    """Show all live work, by who needs you; steer, answer and end it. Leaving it ends nothing.

    Press ? for its keys. Needs Textual, except with --once: pip install 'pagents[top]'.
    """
    context = find_store(home)
    is_ascii = ascii_only or not (sys.stdout.encoding or "").lower().startswith("utf")
    if once:
        _print_once(context, is_ascii=is_ascii)
        return
    if not render.out().is_terminal:
        raise InvalidInput(
            "pagents top needs a terminal",
            why="stdout is a file or a pipe",
            hint="print it once: pagents top --once; or for machines: pagents list --json",
        )
    if render.out().is_dumb_terminal:
        raise InvalidInput(
            "pagents top needs a terminal with a cursor",
            why="TERM says that this one only shows lines",
            hint="print it once: pagents top --once; or correct TERM",
        )
    if find_spec("textual") is None:
        raise MissingExtra(
            "pagents top needs Textual",
            why="the package textual is not installed",
            hint=f"{install_line('pagents[top]')}; without it: pagents top --once, or pagents watch",
        )
    with loading():
        from parallel_agents.surfaces.cli.top_app import TopApp  # noqa: PLC0415 - heavy, and an extra
        from parallel_agents.surfaces.cli.top_driver import KeyDriver  # noqa: PLC0415 - heavy, and an extra

    app = TopApp(context, is_ascii=is_ascii)
    app.driver_class = KeyDriver
    app.run()
    if app.return_code:  # it broke off, and Textual has said why
        raise typer.Exit(app.return_code)
    render.note("Left; what is live continues.")


def _print_once(context: CliContext, *, is_ascii: bool) -> None:
    with loading():
        from parallel_agents.app.reading import open_reader  # noqa: PLC0415 - heavy
        from parallel_agents.surfaces.cli.top_rows import in_ascii, plain_lines  # noqa: PLC0415 - heavy
        from parallel_agents.surfaces.cli.top_seen import Seen, look  # noqa: PLC0415 - heavy

    async def read() -> Seen:
        async with open_reader(context.environment, context.settings) as reader:
            return await look(reader, ())

    seen = run_cancellable(read())
    width = render.out().width if render.out().is_terminal else _NARROW
    for text in plain_lines(seen, width):
        render.line(in_ascii(text) if is_ascii else text)
    if not seen.tops:
        render.note(render.NO_SESSIONS)
