"""Begin plan: a plan begins, or continues under the name that it was begun with; other work is refused with what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.other_work import asked_before, other_parts, other_values, other_work
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import Sessions, Spawned
from parallel_agents.errors import Conflict
from parallel_agents.flows.plan_task import NAME


async def begin_plan(
    app: Client,
    task: FlowTask,
    key: str | None,
    *,
    sessions: Sessions | None = None,
    tags: Sequence[str] = (),
) -> Spawned:
    """Start a plan, or continue the run of that name.

    Args:
        app: the open home.
        task: the plan with its inputs.
        key: the name.
        sessions: the verbs of whoever asks; None for those of the user of this process.
        tags: what all of its steps have.

    Raises:
        Conflict: the run of that name is of other work; the error says what differs.
    """
    try:
        return await (sessions or app.sessions).spawn_flow(task, key=key, tags=tags)
    except Conflict as conflict:
        if key is None or not (differences := await _differences(app, key, task)):
            raise
        hint = f"`pagents resume {key}` continues it as it was begun; for this work, choose another name"
        raise other_work(f"the run {key!r}", differences, hint) from conflict


async def _differences(app: Client, key: str, task: FlowTask) -> list[str]:
    """What a plan has that the run of that name has not; empty if that is not a plan's."""
    row = await app.sessions.find(key)
    begun = next(iter(await asked_before(app, row.session.key)), None)
    if begun is None or begun.name != NAME:
        return []
    before, now = _parts(begun), _parts(task)
    found = [
        *other_values({"model": before.model}, {"model": now.model}, {"model": "model"}),
        *other_parts(before.inputs, now.inputs, "inputs"),
        *other_parts(before.steps, now.steps, "tasks"),
    ]
    return found or ["options of the whole file differ, such as on_failure"]


class _Parts(NamedTuple):
    """What a plan's task consists of."""

    model: Json
    inputs: JsonObject
    steps: JsonObject


def _parts(task: FlowTask) -> _Parts:
    content = _mapping(task.input.get("plan"))
    steps = content.get("steps")
    listed = [_mapping(each) for each in steps] if isinstance(steps, list | tuple) else []
    by_id: JsonObject = {str(each.get("id")): each for each in listed}
    return _Parts(content.get("model"), _mapping(task.input.get("inputs")), by_id)


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
