"""Other work: what the flow of a name was begun with, and the refusal of something else under that name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from parallel_agents.app.client import Client
from parallel_agents.core.cutting import head
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.schema import Json
from parallel_agents.errors import Conflict

_MOST_TOLD, _SHOWN = 5, 80


async def asked_before(client: Client, session: SessionKey) -> list[FlowTask]:
    """What the runs of a flow were asked for, oldest first; nothing if there is no such flow."""
    events = list[Event]()
    while page := await client.journal.events(
        session=session, kinds={"queued"}, after=events[-1].seq if events else 0
    ):
        events += page
        if len(page) < PAGE:
            break
    bodies = [event.body for event in events]
    return [body.flow for body in bodies if isinstance(body, Queued) and body.flow is not None]


def other_values(
    before: Mapping[str, Json], now: Mapping[str, Json], names: Mapping[str, str]
) -> list[str]:
    """What of these fields was another one, and what it is now.

    Args:
        before: what was asked for.
        now: what is asked for.
        names: the fields to look at, with what a person calls them.
    """
    return [
        f"its {called} was {_shown(before.get(field))}, and is {_shown(now.get(field))} here"
        for field, called in names.items()
        if before.get(field) != now.get(field)
    ]


def other_parts(before: Mapping[str, Json], now: Mapping[str, Json], what: str) -> list[str]:
    """Which parts of a kind are other ones, in one text; nothing if none is."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    more = " and others" if len(names) > _MOST_TOLD else ""
    return [f"other {what}: {', '.join(names[:_MOST_TOLD])}{more}"] if names else []


def other_work(what: str, differences: Sequence[str], hint: str) -> Conflict:
    """The refusal of other work under the name of `what`."""
    return Conflict(f"{what} was begun with other work", why="; ".join(differences), hint=hint)


def _shown(value: Json) -> str:
    if not value:
        return "not given"
    return head(repr(value) if isinstance(value, str) else orjson.dumps(value).decode(), _SHOWN)
