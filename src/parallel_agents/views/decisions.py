"""Decisions: the events that are decisions, with who decided what of whom, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from parallel_agents.core.event import Event, Queued
from parallel_agents.core.ids import SessionKey
from parallel_agents.views.events import CALLER, describe

# The kinds of events of which some are decisions; the others need not be read.
KINDS = (
    "queued",
    "started",
    "attempted",
    "retrying",
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
        who: the label of the session that spawned, the user or session that steered or killed, the
            process that claimed; `caller` for a program or a person that the journal does not
            name, `runtime` for a rule of this package.
        what: the decision in one to three words.
        why: the reason that the event gives; empty if it gives none.
    """

    event: Event
    who: str
    what: str
    why: str


def find_decisions(
    events: Iterable[Event], spawners: Mapping[SessionKey, str]
) -> Iterator[Decision]:
    """The decisions among `events`, in their order, which begins with the sessions' first.

    Args:
        events: the events of whole sessions; events of other kinds than KINDS may be left out.
        spawners: for each session, the label of the session that spawned it; roots have none.
    """
    begun: set[SessionKey] = set()
    for event in events:
        decided = describe(event.body).decision
        if decided is None:
            continue
        who, what, why = decided.who, decided.what, decided.why
        if isinstance(event.body, Queued):
            is_first = event.session not in begun
            who = spawners.get(event.session, CALLER) if is_first else CALLER
            what, why = ("spawn", why) if is_first else ("send", "")
            begun.add(event.session)
        yield Decision(event=event, who=who, what=what, why=why)
