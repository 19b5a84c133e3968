"""`pagents audit`: who decided what and why, and whether the journal is as it was written."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.audit import ChainCheck, RowCheck
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.overview import Origin
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.pages import After, Before, Limit, check_one_end, most
from parallel_agents.surfaces.cli.since import Since, parse_since
from parallel_agents.views import format
from parallel_agents.views.decisions import Decision, Decisions, decisions_after, last_decisions

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
            help="Recompute the journal's hashes, and check each run against its events.",
        ),
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
    runs against the events, and prints the chain's head. Keep the head elsewhere and pass it as
    --head to find out later whether the end was cut off.
    """
    if verify or head is not None:
        if name is not None or since is not None:
            raise InvalidInput(
                "NAME and --since cannot be used with --verify",
                why="the chain covers the whole journal",
                hint="leave them out",
            )
        _verify(_checked(head), home, is_json=json)
        return
    check_one_end(before, after)
    now = time.time()
    earliest = parse_since(since, now) or 0.0
    context = find_store(home)

    async def look() -> Decisions:
        async with open_reader(context.environment, context.settings) as client:
            tree = None if name is None else (await client.sessions.find(name)).session.key
            journal, wanted = client.journal, most(limit)
            if after is not None:
                return await decisions_after(journal, after, tree=tree, most=wanted, since=earliest)
            return await last_decisions(journal, before, tree=tree, most=wanted, since=earliest)

    found = asyncio.run(look())
    if json:
        items = [decision_json(decision, found.origins) for decision in found.decisions]
        left = {"earlier_events": found.earlier, "later_events": found.later}
        is_cut = {"truncated": True} if found.earlier or found.later else {}
        render.envelope("audit", now, items, **left, **is_cut)
    elif found.decisions:
        rows = [_cells(decision, found.origins) for decision in found.decisions]
        render.table(_TITLES, rows, flexible="WHY")
        _note_rest(found)
    else:
        is_filtered = name is not None or since is not None or before or after
        render.note("No decisions match these filters." if is_filtered else "No decisions yet.")


def _note_rest(found: Decisions) -> None:
    if found.earlier:
        first = found.decisions[0].event.seq
        render.note(f"{found.earlier:,} earlier events: --before {first}. All: --limit 0")
    if found.later:
        last = found.decisions[-1].event.seq
        render.note(f"{found.later:,} later events: --after {last}. All: --limit 0")


def _checked(head: str | None) -> str:
    if head is None or re.fullmatch(r"[0-9a-fA-F]{64}", head):
        return head or ""
    raise InvalidInput(
        f"--head is {head[:80]!r}",
        why="a head has 64 hexadecimal digits",
        hint="pass it as `pagents audit --verify` printed it",
    )


def _cells(decision: Decision, origins: Mapping[SessionKey, Origin]) -> tuple[str, ...]:
    event = decision.event
    origin = origins.get(event.session)
    label = event.session if origin is None else origin.label
    return format.moment(event.at), decision.who, decision.what, label, decision.why


def decision_json(decision: Decision, origins: Mapping[SessionKey, Origin]) -> Mapping[str, Json]:
    event = decision.event
    origin = origins.get(event.session)
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "who": decision.who,
        "what": decision.what,
        "why": decision.why,
        "label": "" if origin is None else origin.label,
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
    }


class _Checks(NamedTuple):
    """What was found; the rows are only checked if the events are intact."""

    chain: ChainCheck
    rows: RowCheck

    @property
    def is_intact(self) -> bool:
        return self.chain.is_intact and self.rows.is_intact

    @property
    def faults(self) -> tuple[str, ...]:
        if not self.chain.is_intact:
            return (self.chain.fault,)
        return tuple(fault.text for fault in self.rows.faults)


def _verify(head: str, home: Home, *, is_json: bool) -> None:
    context = find_store(home)

    async def check() -> _Checks:
        async with open_reader(context.environment, context.settings) as client:
            chain = await client.journal.check_chain(head)
            return _Checks(
                chain, await client.journal.check_rows() if chain.is_intact else RowCheck()
            )

    found = asyncio.run(check())
    if is_json:
        render.envelope("chain", time.time(), [_check_json(found)])
    else:
        _print_check(found)
    raise typer.Exit(Exit.DONE if found.is_intact else Exit.FAILED)


def _print_check(found: _Checks) -> None:
    chain, rows = found
    size = f"{chain.events:,} events, {chain.links:,} links"
    if found.is_intact:
        render.line(f"✔ intact ({size}, {rows.runs:,} runs)", "green")
        render.line(f"  head  {chain.head}")
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
    if chain.before:
        render.line(
            f"  note  {chain.before:,} events were written before the chain began, and are not covered by it"
        )


def _check_json(found: _Checks) -> Mapping[str, Json]:
    chain, rows = found
    return {
        "is_intact": found.is_intact,
        "events": chain.events,
        "links": chain.links,
        "events_before": chain.before,
        "head": chain.head,
        "fault": chain.fault,
        "runs": rows.runs,
        "row_faults": [
            {"run_id": fault.run, "field": fault.field, "what": fault.what} for fault in rows.faults
        ],
    }
