"""Team bounds: a team's limit applies in every process that executes a run of the team's tree."""

from __future__ import annotations

from parallel_agents.core.engine import Engine, Scope
from parallel_agents.core.event import Queued
from parallel_agents.core.event_store import EventStore
from parallel_agents.core.ids import SessionKey, is_team_key
from parallel_agents.core.task import TeamTask


async def kept_team(store: EventStore, root: SessionKey) -> TeamTask:
    """The task that a team was spawned with; one without tasks if that is not known."""
    for first in await store.events(session=root, limit=1):
        if isinstance(first.body, Queued) and first.body.team:
            return first.body.team
    return TeamTask(tasks=())


def hold_to(engine: Engine, root: SessionKey, team: TeamTask) -> None:
    """Apply its team's limit to a tree, unless one was set here before."""
    scope = Scope("team", root)
    if not engine.has_bound(scope):
        engine.bound(scope, team.max_parallel)


async def learn_bound(engine: Engine, store: EventStore, root: SessionKey) -> None:
    """Read the limit from the store and apply it; call it before a run of the tree is submitted."""
    if is_team_key(root) and not engine.has_bound(Scope("team", root)):
        hold_to(engine, root, await kept_team(store, root))
