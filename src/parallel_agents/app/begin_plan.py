"""Begin plan: a plan begins, or continues under the name that it was begun with; other work is refused with what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.core.event import Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import Conflict
from parallel_agents.flows.plan_task import NAME

_SHOWN = 5


async def begin_plan(app: Client, task: FlowTask, key: str | None) -> Spawned:
    """Start a plan, or continue the run of that name.

    Raises:
        Conflict: the run of that name is of other work; the error says what differs.
    """
    try:
        return await app.sessions.spawn_flow(task, key=key)
    except Conflict as conflict:
        if key is None or not (differences := await _differences(app, key, task)):
            raise
        raise Conflict(
            f"the run {key!r} was begun with other work",
            why="; ".join(differences),
            hint=f"`pagents resume {key}` continues it as it was begun; for this work, choose another "
            "name",
        ) from conflict


async def _differences(app: Client, key: str, task: FlowTask) -> list[str]:
    """What a plan has that the run of that name has not; empty if that is not a plan's."""
    row = await app.sessions.find(key)
    events = await app.journal.events(session=row.session.key, kinds={"queued"}, limit=1)
    begun = next((event.body.flow for event in events if isinstance(event.body, Queued)), None)
    if begun is None or begun.name != NAME:
        return []
    before, now = (_parts(each) for each in (begun, task))
    told: list[str] = []
    if before.model != now.model:
        told.append(f"its model was {before.model}, and is {now.model} here")
    for what, one, other in (
        ("input", before.inputs, now.inputs),
        ("task", before.steps, now.steps),
    ):
        names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        if names:
            more = " and others" if len(names) > _SHOWN else ""
            told.append(f"other {what}s: {', '.join(names[:_SHOWN])}{more}")
    return told or ["options of the whole file differ, such as on_failure"]


class _Parts(NamedTuple):
    """What a plan's task consists of."""

    model: str
    inputs: JsonObject
    steps: JsonObject


def _parts(task: FlowTask) -> _Parts:
    content = _mapping(task.input.get("plan"))
    steps = content.get("steps")
    listed = [_mapping(each) for each in steps] if isinstance(steps, list | tuple) else []
    model = str(content.get("model") or "that of the settings")
    by_id: JsonObject = {str(each.get("id")): each for each in listed}
    return _Parts(model, _mapping(task.input.get("inputs")), by_id)


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
