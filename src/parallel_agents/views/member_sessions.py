"""Member sessions: the tasks of a team or flow in their order, whatever each was sent since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.ids import SessionKey, function_of
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionReads
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.request import MAP


async def member_sessions(reads: SessionReads, group: Row) -> Sequence[SessionKey]:
    """The sessions of a team's or flow's tasks, each once; none for an agent.

    A row has the latest run of its session, which need not be the one that the group asked for.
    """
    if not group.run.kind.is_group:
        return ()
    children = await reads.child_runs(group.session.key)
    sessions = {child.run: child.session for child in children}
    runs = await reads.member_runs(group)
    found = tuple(dict.fromkeys(sessions[run] for run in runs if run in sessions))
    if function_of(group.session.key) != MAP:
        return found
    names = {child.session: name_of(child.key) for child in children}
    batches = await Batches.stored(reads, group.session.key)
    order = {name: place for place, name in enumerate(batches.in_order(names.values()))}
    return sorted(found, key=lambda session: order[names[session]])


async def member_places(reads: SessionReads, group: Row) -> Mapping[SessionKey, int]:
    """The place of each of these sessions among them."""
    return {key: place for place, key in enumerate(await member_sessions(reads, group))}
