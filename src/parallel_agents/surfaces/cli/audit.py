"""`pagents audit`: who decided what and why, and whether the journal is as it was written."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Annotated

import typer

from parallel_agents.app import App, open_client
from parallel_agents.core.audit import ChainCheck
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli import render, words
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.place import AsJson, Home, find_place
from parallel_agents.surfaces.cli.since import Since, parse_since
from parallel_agents.telemetry.audit import Decision, find_decisions, is_decision

_TITLES = ("TIME", "WHO", "WHAT", "SESSION", "WHY")
_PAGE = 2000


def audit(
    name: Annotated[
        str | None, typer.Argument(help="One session and all that it spawned.", metavar="[NAME]")
    ] = None,
    since: Since = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Recompute the hashes of the whole journal.")
    ] = False,
    head: Annotated[
        str | None,
        typer.Option(help="Verify that this hash is one of the chain's.", metavar="HASH"),
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """List the decisions in the journal, or verify that nothing in it was changed.

    The journal is a chain of hashes. --verify says whether the events fit it, and its head; kept
    elsewhere and given as --head, it also tells whether the end was cut off.
    """
    if verify or head is not None:
        if name is not None or since is not None:
            raise InvalidInput(
                "NAME and --since do not go with --verify",
                why="the chain is of the whole journal",
                mend="leave them out",
            )
        _verify(_checked(head), home, is_json=json)
        return
    now = time.time()
    earliest = parse_since(since, now) or 0.0
    place = find_place(home)

    async def look() -> tuple[list[Decision], dict[SessionKey, str]]:
        async with open_client(place.environment, place.settings) as client:
            return await _decisions(client, name)

    found, labels = asyncio.run(look())
    decisions = [decision for decision in found if decision.event.at >= earliest]
    if json:
        items = [decision_json(decision, labels) for decision in decisions]
        render.envelope("audit", now, items)
    elif decisions:
        rows = [_cells(decision, labels) for decision in decisions]
        render.table(_TITLES, rows, flexible="WHY")
    else:
        render.note("No decisions here yet.")


def _checked(head: str | None) -> str:
    if head is None or re.fullmatch(r"[0-9a-fA-F]{64}", head):
        return head or ""
    raise InvalidInput(
        f"--head is {head[:80]!r}",
        why="a head has 64 hexadecimal digits",
        mend="give it as `pagents audit --verify` printed it",
    )


async def _decisions(client: App, name: str | None) -> tuple[list[Decision], dict[SessionKey, str]]:
    tree = None if name is None else (await client.service.find(name)).session.key
    rows = await client.store.rows(Filter(tree=tree))
    labels = {row.session.key: row.session.label for row in rows}
    spawners = {
        row.session.key: labels.get(row.session.parent, row.session.parent)
        for row in rows
        if row.session.parent is not None
    }
    events: list[Event] = []
    after = 0
    while page := await client.store.events(after=after, tree=tree, limit=_PAGE):
        after = page[-1].seq
        events += [event for event in page if is_decision(event.body)]
    return list(find_decisions(events, spawners)), labels


def _cells(decision: Decision, labels: Mapping[SessionKey, str]) -> tuple[str, ...]:
    event = decision.event
    label = labels.get(event.session, event.session)
    return words.moment(event.at), decision.who, decision.what, label, decision.why


def decision_json(decision: Decision, labels: Mapping[SessionKey, str]) -> Mapping[str, Json]:
    event = decision.event
    return {
        "seq": event.seq,
        "at": words.iso(event.at),
        "who": decision.who,
        "what": decision.what,
        "why": decision.why,
        "label": labels.get(event.session, ""),
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
    }


def _verify(head: str, home: Home, *, is_json: bool) -> None:
    place = find_place(home)

    async def check() -> ChainCheck:
        async with open_client(place.environment, place.settings) as client:
            return await client.store.check_chain(head)

    found = asyncio.run(check())
    if is_json:
        render.envelope("chain", time.time(), [_check_json(found)])
    else:
        _print_check(found)
    raise typer.Exit(Exit.DONE if found.is_intact else Exit.FAILED)


def _print_check(found: ChainCheck) -> None:
    size = f"{found.events:,} events, {found.links:,} links"
    if found.is_intact:
        render.line(f"✔ intact ({size})", "green")
        render.line(f"  head  {found.head}")
    else:
        render.line(f"✖ not intact: {found.fault}", "red")
        render.line(f"  fits  {size} before that")
        render.line(
            "  mend  compare with a copy of the store; what is said after that may be false"
        )
    if found.before:
        render.line(f"  note  {found.before:,} events are older than the chain, and not covered")


def _check_json(found: ChainCheck) -> Mapping[str, Json]:
    return {
        "is_intact": found.is_intact,
        "events": found.events,
        "links": found.links,
        "events_before": found.before,
        "head": found.head,
        "fault": found.fault,
    }
