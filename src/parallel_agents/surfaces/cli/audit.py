"""`pagents audit`: who decided what and why, and whether the journal is as it was written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.overview import Origin
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.audit_verify import print_verified
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.pages import After, Before, Limit, check_one_end, most
from parallel_agents.surfaces.cli.since import Since
from parallel_agents.views import format
from parallel_agents.views.decisions import Decision, Decisions, decisions_after, last_decisions
from parallel_agents.views.documents import decision_json
from parallel_agents.views.since import parse_since

_SHOWN = 200
_TITLES = ("TIME", "WHO", "WHAT", "SESSION", "WHY")


def audit(
    name: Annotated[
        str | None, typer.Argument(help="Only this session and what it spawned.", metavar="[NAME]")
    ] = None,
    since: Since = None,
    limit: Limit = _SHOWN,
    before: Before = None,
    after: After = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Check the journal's hashes and runs, from where the last audit ended.",
        ),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Verify again what an earlier audit verified.")
    ] = False,
    head: Annotated[
        str | None,
        typer.Option(help="Verify that the chain contains this hash.", metavar="HASH"),
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """List the decisions in the journal, or verify that nothing in it was changed.

    The journal is a chain of hashes. --verify checks the events against the chain and the lists of
    runs against the events, and prints the chain's head. It begins where the last audit that found
    everything intact ended, unless what came before looks different; --full begins at the start.
    Keep the head elsewhere and pass it as --head to find out later whether the end was cut off.
    """
    if verify or full or head is not None:
        if name is not None or since is not None or before is not None or after is not None:
            raise InvalidInput(
                "NAME, --since, --before and --after cannot be used with --verify",
                why="the chain covers the whole journal",
                hint="leave them out",
            )
        print_verified(home, head, is_full=full, is_json=json)
        return
    check_one_end(before, after)
    now = time.time()
    earliest = parse_since(since, now) or 0.0
    found = run_cancellable(_look(home, name, _Part(most(limit), before, after, earliest)))
    if json:
        items = [decision_json(decision, found.origins) for decision in found.decisions]
        left = {"earlier_events": found.earlier, "later_events": found.later}
        is_cut = {"truncated": True} if found.earlier or found.later else {}
        render.envelope("audit", now, items, **left, **is_cut)
    elif found.decisions:
        rows = [_cells(decision, found.origins) for decision in found.decisions]
        render.table(_TITLES, rows, flexible="WHY", shortened=("WHO", "SESSION"))
        _note_rest(found)
    else:
        is_filtered = name is not None or since is not None or before or after
        render.note("No decisions match these filters." if is_filtered else "No decisions yet.")


class _Part(NamedTuple):
    """Which decisions to show: at most `most`, on one side of an event, since a moment."""

    most: int
    before: int | None
    after: int | None
    since: float


async def _look(home: Home, name: str | None, part: _Part) -> Decisions:
    context = find_store(home)
    async with open_reader(context.environment, context.settings) as client:
        tree = None if name is None else (await client.sessions.find(name)).session.key
        if part.after is None:
            return await last_decisions(
                client.journal, part.before, tree=tree, most=part.most, since=part.since
            )
        return await decisions_after(
            client.journal, part.after, tree=tree, most=part.most, since=part.since
        )


def _note_rest(found: Decisions) -> None:
    if found.earlier:
        first = found.decisions[0].event.seq
        render.note(f"{found.earlier:,} earlier events: --before {first}; all: --limit 0")
    if found.later:
        last = found.decisions[-1].event.seq
        render.note(f"{found.later:,} later events: --after {last}; all: --limit 0")


def _cells(decision: Decision, origins: Mapping[SessionKey, Origin]) -> tuple[str, ...]:
    event = decision.event
    origin = origins.get(event.session)
    label = event.session if origin is None else origin.label
    return format.moment(event.at), decision.who, decision.what, label, decision.why
