"""Reading: reads two runs of a store or a gateway, and compares them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.comparing.comparison import (
    ComparedRow,
    Comparison,
    Divergence,
    Paired,
    Parting,
    Words,
    named,
    pair_up,
)
from parallel_agents.comparing.earlier import told_earlier
from parallel_agents.comparing.inputs import MOST_CHANGED
from parallel_agents.comparing.steps import (
    EARLIER,
    KINDS,
    Detail,
    Step,
    definition_of,
    details_of,
    encoded,
)
from parallel_agents.comparing.text_diff import TextDiff, text_diff
from parallel_agents.comparing.whole import (
    Side,
    Told,
    Whole,
    events_of_attempt,
    ids_of,
    told_of,
    without_tries,
)
from parallel_agents.core.event import Attempted, Event, Finished, Replied, Started
from parallel_agents.core.filter import Filter
from parallel_agents.core.forking import said_before
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE, Journal, Snapshot
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import NotComparable, NotFound, SameRun

MOST_EVENTS = 100_000
_ROWS = 200
_NUMBERED = re.compile(r"(.+)#(\d{1,6})")


class Meant(NamedTuple):
    """What a name means: a session with a run, and maybe one attempt of that."""

    row: Row
    attempt: int | None = None


async def compare(reads: SessionReads, journal: Journal, a: str, b: str) -> Comparison:
    """Two runs, two sessions or two attempts side by side.

    Args:
        reads: where they are.
        journal: what happened in them.
        a: the name of a session or the id of a run; `NAME#2` is its second attempt.
        b: the same of the other one.

    Raises:
        NotFound, Ambiguous: a name is not that of one session, or there is no such attempt.
        SameRun: both names mean the same.
        NotComparable: they are of different kinds, or cannot be read.
    """
    one, two = await _meant(reads, a), await _meant(reads, b)
    _check(one, two)
    wholes = await _read(reads, journal, one), await _read(reads, journal, two)
    paired = await asyncio.to_thread(pair_up, *wholes)
    changed = await asyncio.to_thread(paired.changes.listed)
    return Comparison(
        a=wholes[0].top_side,
        b=wholes[1].top_side,
        rows=paired.rows,
        identical=paired.identical,
        changed=tuple(changed),
        changed_left=max(len(paired.changes) - MOST_CHANGED, 0),
        divergence=await _divergence(journal, paired),
        output=await _output(reads, journal, wholes),
        not_read=(wholes[0].left, wholes[1].left),
    )


async def _meant(reads: SessionReads, name: str) -> Meant:
    try:
        return Meant(await reads.find(name))
    except NotFound:
        numbered = _NUMBERED.fullmatch(name)
        if numbered is None:
            raise
    row = await reads.find(numbered[1])
    number = int(numbered[2])
    if row.run.kind.is_group:
        raise NotComparable(
            f"{row.session.label} has no attempts",
            why="a team or a flow is done by the sessions below it, and each has its own",
            hint=f"name one of them, such as {numbered[1]}/LABEL#{number}",
        )
    most = max(row.run.attempts, 1)
    if not 1 <= number <= most:
        count = "1 attempt" if most == 1 else f"{most} attempts"
        raise NotFound(f"{row.session.label} has no attempt {number}", hint=f"it has {count}")
    return Meant(row, number)


def _check(a: Meant, b: Meant) -> None:
    """Refuse what cannot be compared before anything is read of it."""
    if (a.row.run.id, a.attempt) == (b.row.run.id, b.attempt):
        raise SameRun(
            f"both names mean {a.row.session.label}",
            why="a run does not differ from itself",
            hint="name another run, which `pagents list` shows; or two attempts: NAME#1 NAME#2",
        )
    for each in (a.row, b.row):
        if each.fault or each.run.status is RunStatus.UNREADABLE:
            raise NotComparable(
                f"{each.session.label} cannot be compared",
                why=f"its record cannot be read{f': {each.fault}' if each.fault else ''}",
                hint="`pagents audit --verify` says what is damaged",
            )
    kinds = [each.row.run.kind for each in (a, b)]
    if kinds[0].is_group != kinds[1].is_group:
        group, single = (a, b) if kinds[0].is_group else (b, a)
        raise NotComparable(
            f"{group.row.session.label} is a {group.row.run.kind.value}, and {single.row.session.label}"
            " is a session of one agent",
            why="what one agent did is compared with what one agent did",
            hint=f"name a session of the {group.row.run.kind.value}: RUN/LABEL",
        )
    if (a.attempt is None) != (b.attempt is None):
        numbered, whole = (a, b) if a.attempt is not None else (b, a)
        if numbered.row.run.id == whole.row.run.id:
            raise NotComparable(
                f"attempt {numbered.attempt} of {numbered.row.session.label} is part of the other",
                why="an attempt does not differ from the run that it belongs to",
                hint="name two attempts: NAME#1 NAME#2",
            )


async def _read(reads: SessionReads, journal: Journal, meant: Meant) -> Whole:
    top = meant.row
    key = top.session.key
    rows = [top] if meant.attempt is not None else await _rows(reads, top)
    sides: dict[SessionKey, Side] = {}
    former: set[RunId] = set()
    for start in range(0, len(rows), _ROWS):
        seen = await journal.look(rows[start : start + _ROWS])
        sides |= {row.session.key: _side(row, seen) for row in rows[start : start + _ROWS]}
        former |= seen.former
    rows = without_tries(rows, former - {top.run.id})
    sides = {row.session.key: sides[row.session.key] for row in rows}
    ids = ids_of(rows, key)
    told = {row.session.key: told_of(row, ids, meant.attempt) for row in rows}
    budget = await journal.budget(key)
    if meant.attempt is None:
        for row in (row for row in rows if row is top or row.run.kind.is_group):
            below = await reads.spent_below(row.run.id)
            whole = row.run.spend + below
            sides[row.session.key] = replace(sides[row.session.key], whole_spend=whole)
        left = await _fold(journal, key, sides, told)
        sides = {each: side.ended(told[each]) for each, side in sides.items()}
    else:
        left = 0
        of_run = await _events_of(journal, top)
        events = [*events_of_attempt(of_run, meant.attempt)]
        for event in events:
            if event.body.kind in KINDS:
                told[key].add(event)
        sides[key] = _of_attempt(sides[key], told[key], events, meant.attempt, of_run)
    return Whole(
        top=key,
        sides=sides,
        told=told,
        budget=None if budget is None else budget.account.budget,
        left=left,
    )


async def _rows(reads: SessionReads, top: Row) -> list[Row]:
    """The sessions of a tree with the runs that were asked for there; the top with the one that was named.

    Whatever a session was sent since is another run, with costs of its own.
    """
    key = top.session.key
    chosen = Filter(tree=key, asker=key, limit=_ROWS)
    found: list[Row] = []
    while page := await reads.list(chosen):
        found += [row for row in page if row.session.key != key]
        if len(page) < _ROWS:
            break
        chosen = replace(chosen, after=page[-1].session.key)
    return [top, *(found if top.run.kind.is_group else await _below(reads, top, found))]


async def _below(reads: SessionReads, top: Row, found: Sequence[Row]) -> list[Row]:
    """Those of the sessions that an agent's run asked for, and what is below them."""
    if not found:
        return []
    children = await reads.child_runs(top.session.key)
    other = {each.session for each in children} - {
        each.session for each in children if each.asked_by in ("", top.run.id)
    }
    kept: list[Row] = []
    for row in sorted(found, key=lambda each: each.session.depth):
        if row.session.key in other or row.session.parent in other:
            other.add(row.session.key)
        else:
            kept.append(row)
    return kept


def _side(row: Row, seen: Snapshot) -> Side:
    run = row.run
    is_left = not run.status.is_over and run.owner not in seen.alive
    until = run.finished_at or (seen.last_times.get(run.id, seen.now) if is_left else seen.now)
    seconds = run.seconds_until(until)
    before = seen.seconds_before.get(row.session.key, 0.0) if run.kind.is_group else 0.0
    return Side(
        row=row,
        status=run.status,
        seconds=None if seconds is None else seconds + before,
        spend=run.spend,
        whole_spend=run.spend,
        attempts=run.attempts,
    )


async def _fold(
    journal: Journal,
    tree: SessionKey,
    sides: dict[SessionKey, Side],
    told: dict[SessionKey, Told],
) -> int:
    """Add the events of a tree to what is told of its runs; how many were not read."""
    after = read = 0
    continued: set[SessionKey] = set()
    while read < MOST_EVENTS:
        page = await journal.events(after=after, tree=tree, kinds=KINDS)
        for event in page:
            side = sides.get(event.session)
            if side is not None and side.run_id == event.run:
                told[event.session].add(event)
            elif side is not None and told[event.session].queued is None:
                continued.add(event.session)
        read += len(page)
        if len(page) < PAGE:
            break
        after = page[-1].seq
    for key in continued:
        await _recall(journal, sides[key], told[key])
    if read < MOST_EVENTS:
        return 0
    before = await journal.count_events(before=after + 1, tree=tree)
    return await journal.count_events(tree=tree) - before


async def _recall(journal: Journal, side: Side, told: Told) -> None:
    """Add what the session had said before the run that is compared."""
    found: list[Event] = []
    after = 0
    while page := await journal.events(after=after, session=side.row.session.key):
        found += page
        is_begun = any(event.run == side.run_id and event.body.kind == "replied" for event in page)
        if is_begun or len(page) < PAGE or len(found) > MOST_EVENTS:
            break
        after = page[-1].seq
    if earlier := said_before(found, side.run_id):
        told.recall(earlier)


async def _events_of(journal: Journal, row: Row) -> list[Event]:
    """The events of one run."""
    found: list[Event] = []
    after = 0
    while page := await journal.events(
        after=after, session=row.session.key, kinds=(*KINDS, "started")
    ):
        found += [event for event in page if event.run == row.run.id]
        if len(page) < PAGE or len(found) > MOST_EVENTS:
            break
        after = page[-1].seq
    return found


def _of_attempt(
    side: Side, told: Told, events: Sequence[Event], number: int, of_run: Sequence[Event]
) -> Side:
    """How one attempt went: it has failed if another one came after it."""
    after = next(
        (
            event
            for event in of_run
            if isinstance(event.body, Attempted) and event.body.number == number + 1
        ),
        None,
    )
    begun = next((e.at for e in events if isinstance(e.body, Attempted | Started)), None)
    begun = told.began_at if begun is None else begun
    told.began_at = begun
    ended = events[-1].at if after is None else after.at
    replies = [event.body for event in events if isinstance(event.body, Replied)]
    spend = sum((reply.spend for reply in replies), Spend())
    has_finished = any(isinstance(event.body, Finished) for event in events)
    failure = after.body.error if after is not None and isinstance(after.body, Attempted) else None
    return replace(
        side,
        attempt=number,
        status=RunStatus.FAILED if after is not None else side.status,
        seconds=max(ended - begun, 0.0) if after is not None or has_finished else side.seconds,
        spend=spend,
        whole_spend=spend,
        score=told.score,
        earlier=told.earlier,
        error=failure if after is not None else told.error,
        attempts=number,
    )


async def _divergence(journal: Journal, paired: Paired) -> Divergence | None:
    row = paired.first
    if row is None:
        return None
    return Divergence(
        row=row,
        words=await _words(journal, row, row.parting),
        then=await _words(journal, row, row.effect),
    )


async def _words(journal: Journal, row: ComparedRow, parting: Parting | None) -> Words | None:
    """The words of both sides at a step."""
    if parting is None:
        return None
    if EARLIER in {each.title for each in (parting.a, parting.b) if each is not None}:
        before, after = told_earlier(*(side.earlier if side else () for side in (row.a, row.b)))
    else:
        before = _headed(parting, parting.a, await _text(journal, row.a, parting.a))
        after = _headed(parting, parting.b, await _text(journal, row.b, parting.b))
    diff = None
    if before is not None and after is not None:
        diff = await asyncio.to_thread(text_diff, before, after)
    return Words(what=named(parting), before=before, after=after, diff=diff)


def _headed(parting: Parting, step: Step | None, text: str | None) -> str | None:
    """The text of a step, with what it is if the other side has a step of another kind there."""
    kinds = {(each.part, each.title) for each in (parting.a, parting.b) if each is not None}
    if step is None or text is None or len(kinds) < 2:
        return text
    return f"[{named(replace(parting, number=0, part=step.part, title=step.title))}]\n{text}"


async def _text(journal: Journal, side: Side | None, step: Step | None) -> str | None:
    """The text of a step, read again."""
    if side is None or step is None:
        return None
    details: Iterable[Detail] = definition_of(side.row.session.agent)
    if step.seq:
        session = side.row.session.key
        page = await journal.events(after=step.seq - 1, session=session, limit=1)
        details = [each for event in page for each in details_of(event.body)]
    return next((each.text for each in [*details][step.place : step.place + 1]), None)


async def _output(
    reads: SessionReads, journal: Journal, wholes: tuple[Whole, Whole]
) -> TextDiff | None:
    """How the answers differ, if there are two."""
    texts = [await _answer(reads, journal, whole) for whole in wholes]
    if texts[0] is None or texts[1] is None:
        return None
    return await asyncio.to_thread(text_diff, texts[0], texts[1])


async def _answer(reads: SessionReads, journal: Journal, whole: Whole) -> str | None:
    """The answer of the top; of an attempt and of a live run its last reply."""
    side, told = whole.sides[whole.top], whole.told[whole.top]
    if side.attempt is None and not side.is_live:
        found = await reads.results([side.run_id])
        output = found[0].output_json if found else None
        return output if isinstance(output, str | None) else encoded(output, is_sorted=False)
    if not told.last_reply:
        return None
    page = await journal.events(after=told.last_reply - 1, session=whole.top, limit=1)
    said = next((event.body for event in page), None)
    return said.message.text or None if isinstance(said, Replied) else None
