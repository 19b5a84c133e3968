"""`pagents steer`: send a message to a live run, with a receipt."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import Annotated

import typer

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.app.client import Client
from parallel_agents.core.event import Delivered, Finished, SteerMode
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Steer
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, find_context, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.file_option import Texts
from parallel_agents.surfaces.cli.given_files import read_texts
from parallel_agents.surfaces.cli.inputs import given_text
from parallel_agents.surfaces.cli.waited_for import waited_for
from parallel_agents.views import format

_RECEIPT_SECONDS = 5.0
_INSTEAD = "show it to the next run: pagents send NAME TEXT -f FILE"
_TOO_LATE = "the run ended before it was delivered"


def steer(
    name: Name,
    text: Annotated[
        str,
        typer.Argument(
            help="The message; - reads it from stdin.", metavar="TEXT", callback=given_text
        ),
    ],
    file: Texts = None,
    now: Annotated[bool, typer.Option("--now", help="Interrupt the current model call.")] = False,
    after: Annotated[
        bool, typer.Option("--after", help="Send it as the task of the next run.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Send a message to a live run, before its next model call.

    Reports within five seconds whether the message was delivered or is still queued. Ends with 1 if
    the run ended before that.
    """
    if now and after:
        raise InvalidInput("--now and --after cannot be used together", hint="choose one of them")
    text += read_texts(file, "a live run", _INSTEAD).added
    context = find_context(home) if after else find_store(home)

    async def deliver() -> tuple[Row, Steer, str]:
        async with open_acting(context.environment, context.settings) as client:
            row = await client.sessions.find(name)
            mode = SteerMode.AFTER if after else SteerMode.NOW if now else SteerMode.NEXT
            receipt = await client.sessions.steer(row.session.key, text, mode=mode)
            if after:
                await client.ensure_worker(row.session.key, receipt.run_id)
                return row, receipt, "queued as the next run"
            (reached,) = await client.sessions.list(Filter(run=receipt.run_id))
            async with waited_for(
                f"Sent; waits up to {_RECEIPT_SECONDS:.0f} s for the run to take it…"
            ):
                return row, receipt, await receipt_of(client, reached, receipt)

    row, receipt, state = run_cancellable(deliver())
    if json:
        item = {"session_key": row.session.key, "state": state}
        item |= {"key": receipt.key, "run_id": receipt.run_id}
        render.envelope("steer", time.time(), [item])
    else:
        render.line(f"{format.name(row)} ({row.session.label}): {state}")
    if state == _TOO_LATE:
        raise typer.Exit(Exit.FAILED)


async def receipt_of(client: Client | Acting, row: Row, receipt: Steer) -> str:
    """What became of the message within a few seconds."""
    if row.run.status is RunStatus.QUEUED:
        return "queued until the run starts"
    try:
        async with (
            asyncio.timeout(_RECEIPT_SECONDS),
            aclosing(client.sessions.follow(row.session.key)) as events,
        ):
            async for event in events:
                match event.body:
                    case Delivered(steer=key, turn=turn) if key == receipt.key:
                        return f"delivered, before turn {turn}"
                    case Finished() if event.run == receipt.run_id:
                        return _TOO_LATE
                    case _:
                        continue
    except TimeoutError:
        return "queued until the current call ends (--now interrupts it)"
    return _TOO_LATE
