"""Team bounds: the limit of a team or a flow applies in every process that executes a run of its tree."""

from __future__ import annotations

from parallel_agents.core.engine import Engine, Scope
from parallel_agents.core.event import Queued
from parallel_agents.core.event_store import EventStore
from parallel_agents.core.ids import SessionKey, is_group_key
from parallel_agents.core.task import TeamTask

_UNKNOWN = Queued(text="")


async def kept_request(store: EventStore, root: SessionKey) -> Queued:
    """What a team or a flow was spawned with; an empty request if that is not known."""
    for first in await store.events(session=root, limit=1):
        if isinstance(first.body, Queued):
            return first.body
    return _UNKNOWN


async def kept_team(store: EventStore, root: SessionKey) -> TeamTask:
    """The task that a team was spawned with; one without tasks if that is not known."""
    return (await kept_request(store, root)).team or TeamTask(tasks=())


async def kept_bound(store: EventStore, root: SessionKey) -> int | None:
    """The most runs at once that a team or a flow allows; None for no limit of its own."""
    return _bound_of(await kept_request(store, root))


def _bound_of(request: Queued) -> int | None:
    group = request.team or request.flow
    return None if group is None else group.max_parallel


def hold_to(engine: Engine, root: SessionKey, request: Queued) -> None:
    """Apply the limit that a team or a flow asks for to its tree, unless one was set here before."""
    scope = Scope("team", root)
    if not engine.has_bound(scope):
        engine.bound(scope, _bound_of(request))


async def learn_bound(engine: Engine, store: EventStore, root: SessionKey) -> None:
    """Read the limit from the store and apply it; call it before a run of the tree is submitted."""
    if is_group_key(root) and not engine.has_bound(Scope("team", root)):
        hold_to(engine, root, await kept_request(store, root))
