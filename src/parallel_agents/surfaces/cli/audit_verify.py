"""`pagents audit --verify`: whether the journal is as it was written."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.audit import Audit, Pruned
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.views import format

_SAME_SECONDS = 60.0


def print_verified(home: Home, head: str | None, *, is_full: bool, is_json: bool) -> None:
    """Verify the journal, print what was found, and exit with 0 if all is intact.

    Raises:
        InvalidInput: `head` is not a hash.
    """
    wanted = _checked(head)
    context = find_store(home)

    async def check() -> Audit:
        async with open_reader(context.environment, context.settings) as client:
            verify = client.journal.verify_all if is_full else client.journal.verify_new
            return await verify(wanted)

    found = run_cancellable(check())
    if context.environment.gateway:
        render.note(
            "The gateway says so of its own journal; --head with a hash kept elsewhere proves more."
        )
    if is_json:
        render.envelope("chain", time.time(), [_check_json(found)])
    else:
        _print_check(found)
    raise typer.Exit(Exit.DONE if found.is_intact else Exit.FAILED)


def _checked(head: str | None) -> str:
    if head is None or re.fullmatch(r"[0-9a-fA-F]{64}", head):
        return head or ""
    raise InvalidInput(
        f"--head is {head[:80]!r}",
        why="a head has 64 hexadecimal digits",
        hint="pass it as `pagents audit --verify` printed it",
    )


def _print_check(found: Audit) -> None:
    chain, rows = found.chain, found.rows
    size = f"{chain.events:,} events, {chain.links:,} links"
    if found.is_intact:
        render.line(f"✔ intact ({size}, {rows.runs:,} runs)", "green")
        render.line(f"  head  {chain.head}")
        if found.earlier is not None:
            new = chain.before + chain.events - found.earlier.events
            when = format.moment(found.earlier.at)
            render.line(
                f"  note  {new:,} events are new; the others were verified {when}. "
                "Their number, size and rows are the same; what is in them: --full"
            )
    else:
        for fault in found.faults:
            render.line(f"✖ not intact: {fault}", "red")
        before, doubtful = (
            ("", "shown of these runs")
            if chain.is_intact
            else (" before that", "recorded after that")
        )
        render.line(f"  ok    {size}{before}")
        render.line(f"  hint  compare with a copy of the store; what is {doubtful} may be wrong")
    if chain.pruned.steps:
        render.line(f"  note  {_pruned(chain.pruned)}")
    if chain.before:
        render.line(
            f"  note  {chain.before:,} events were written before the chain began, and are not covered by it"
        )


def _pruned(pruned: Pruned) -> str:
    first, last = pruned.first_at or 0.0, pruned.last_at or 0.0
    when = format.moment(first)
    if last - first >= _SAME_SECONDS:
        when += f" to {format.moment(last)}"
    events = "1 event was" if pruned.events == 1 else f"{pruned.events:,} events were"
    return (
        f"{events} pruned on {when} by {', '.join(pruned.by)}; the hashes of their links are intact"
    )


def _check_json(found: Audit) -> Mapping[str, Json]:
    chain, rows = found.chain, found.rows
    return {
        "is_intact": found.is_intact,
        "events": chain.events,
        "links": chain.links,
        "events_before": chain.before,
        "events_pruned": chain.pruned.events,
        "pruned_by": list(chain.pruned.by),
        "head": chain.head,
        "fault": chain.fault,
        "runs": rows.runs,
        "verified_before": 0 if found.earlier is None else found.earlier.events,
        "row_faults": [
            {"run_id": fault.run, "field": fault.field, "what": fault.what} for fault in rows.faults
        ],
    }
