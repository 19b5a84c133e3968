"""Called: what a person types for a session: the id or the label that it was given, if that means it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Mapping
from typing import Protocol

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.row import Row
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.views import format

# What a client of a gateway makes up, so that a request that is sent again counts once.
_MADE = re.compile(r"[0-9a-f]{16}")


class Finds(Protocol):
    """The verb that says which session a name means."""

    async def find(self, name: str) -> Row: ...


async def names_of(
    journal: Journal, sessions: Iterable[SessionKey | None]
) -> Mapping[SessionKey, str]:
    """What lists call these sessions; one that is not in the store any more has no name."""
    found = await journal.origins(list({session for session in sessions if session}))
    return {session: origin.name for session, origin in found.items()}


async def called(sessions: Finds, row: Row, taken: Container[str] = ()) -> str:
    """The name of a session, to be typed; its short id if it was given none, or another has that, too.

    Args:
        sessions: find the session that a name means.
        row: the session.
        taken: names that mean something else where this one is typed.
    """
    session = row.session
    has_id = not session.parent and session.spawn_key != session.key
    given = [session.spawn_key] if has_id and not _MADE.fullmatch(session.spawn_key) else []
    given += [] if session.label == session.agent.name else [session.label]
    for name in given:
        try:
            found = await sessions.find(name)
        except (NotFound, Ambiguous):
            continue
        is_meant = found.session.key == session.key and name not in taken
        if is_meant and not name.startswith("-"):
            return shlex.quote(name)
    return format.name(row)
