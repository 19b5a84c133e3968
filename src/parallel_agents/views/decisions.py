"""Decisions: the events that are decisions, with who decided what of whom, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.core.event import Event, Queued
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE, Journal
from parallel_agents.core.overview import Origin
from parallel_agents.views.events import CALLER, describe

# The kinds of events of which some are decisions; the others need not be read.
KINDS = (
    "queued",
    "started",
    "attempted",
    "retrying",
    "unanswered",
    "ruled",
    "asked",
    "answered",
    "refused",
    "steered",
    "gated",
    "noticed",
    "shortened",
    "closing",
    "finished",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision, and the event that holds it.

    Attributes:
        who: the label of the session that spawned, the user or session that steered or killed;
            `caller` for a program or a person that the journal does not name, `runtime` for a rule
            of this package and for the process that claimed, which the reason names.
        what: the decision in one to three words.
        why: the reason that the event gives; empty if it gives none.
    """

    event: Event
    who: str
    what: str
    why: str


def find_decisions(
    events: Iterable[Event], origins: Mapping[SessionKey, Origin]
) -> Iterator[Decision]:
    """The decisions among `events`, in their order.

    Args:
        events: events of other kinds than KINDS may be left out.
        origins: where their sessions come from.
    """
    for event in events:
        decided = describe(event.body).decision
        if decided is None:
            continue
        who, what, why = decided.who, decided.what, decided.why
        if isinstance(event.body, Queued):
            origin = origins.get(event.session)
            if origin is None or origin.first_run == event.run:
                who = (origin.parent if origin else "") or event.body.by or CALLER
            else:
                who, what, why = event.body.by or CALLER, "send", ""
        yield Decision(event=event, who=who, what=what, why=why)


class Decisions(NamedTuple):
    """Some decisions, in order.

    Attributes:
        origins: where their sessions come from.
        earlier: how many events, decisions or not, come before them.
        later: how many come after them.
    """

    decisions: list[Decision]
    origins: Mapping[SessionKey, Origin]
    earlier: int = 0
    later: int = 0


async def last_decisions(
    journal: Journal, before: int | None, *, tree: SessionKey | None, most: int, since: float
) -> Decisions:
    """The last decisions before an event, of those made since a moment."""
    found: list[Decision] = []
    origins: dict[SessionKey, Origin] = {}
    end, is_all = before, False
    while len(found) < most and not is_all:
        events = await journal.last_events(before=end, tree=tree, kinds=KINDS, limit=PAGE)
        is_all = len(events) < PAGE or events[0].at < since
        end = events[0].seq if events else end
        recent = [event for event in events if event.at >= since]
        found = [*await _decided(journal, recent, origins), *found]
    found = found[-most:]
    earlier = 0
    if found and (not is_all or len(found) == most):
        earlier = await journal.count_events(before=found[0].event.seq, tree=tree)
    return Decisions(found, origins, earlier=earlier)


async def decisions_after(
    journal: Journal, after: int, *, tree: SessionKey | None, most: int, since: float
) -> Decisions:
    """The first decisions after an event, of those made since a moment."""
    found: list[Decision] = []
    origins: dict[SessionKey, Origin] = {}
    is_all = False
    while len(found) < most and not is_all:
        events = await journal.events(after=after, tree=tree, kinds=KINDS, limit=PAGE)
        is_all = len(events) < PAGE
        after = events[-1].seq if events else after
        recent = [event for event in events if event.at >= since]
        found += await _decided(journal, recent, origins)
    found = found[:most]
    later = 0
    if found and not (is_all and len(found) < most):
        until = found[-1].event.seq + 1
        later = await journal.count_events(tree=tree) - await journal.count_events(
            before=until, tree=tree
        )
    return Decisions(found, origins, later=later)


async def _decided(
    journal: Journal, events: Sequence[Event], origins: dict[SessionKey, Origin]
) -> list[Decision]:
    new = {event.session for event in events} - origins.keys()
    origins |= await journal.origins(list(new))
    return list(find_decisions(events, origins))
