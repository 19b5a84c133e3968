"""Member sessions: the tasks of a team or flow in their order, whatever each was sent since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionReads


async def member_sessions(reads: SessionReads, group: Row) -> Sequence[SessionKey]:
    """The sessions of a team's or flow's tasks, each once; none for an agent.

    A row has the latest run of its session, which need not be the one that the group asked for.
    """
    if not group.run.kind.is_group:
        return ()
    children = await reads.child_runs(group.session.key)
    sessions = {child.run: child.session for child in children}
    runs = await reads.member_runs(group)
    return tuple(dict.fromkeys(sessions[run] for run in runs if run in sessions))


async def member_places(reads: SessionReads, group: Row) -> Mapping[SessionKey, int]:
    """The place of each of these sessions among them."""
    return {key: place for place, key in enumerate(await member_sessions(reads, group))}
