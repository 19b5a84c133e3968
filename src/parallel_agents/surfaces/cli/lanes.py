"""Lanes: which runs of a tree have a line of their own in the live view, and what they are called there."""

from __future__ import annotations

from collections.abc import Iterable

from parallel_agents.core.ids import RunId, SessionKey, is_group_key
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.flows.naming import label_of
from parallel_agents.sessions.event_names import Origins
from parallel_agents.surfaces.cli.own_work import is_own


async def tasks_below(origins: Origins, flow: SessionKey, rows: Iterable[Row]) -> dict[RunId, str]:
    """What those of these rows are called that are tasks of a flow, or of what is below it.

    A task of the flow itself is called by its label; a deeper one by the way down to it, as commands
    take it after the flow's own name: `each-1/check`.
    """
    tasks = [row for row in rows if _is_task(row)]
    deep = [row.session.key for row in tasks if row.session.parent != flow]
    found = await origins.origins([flow, *deep]) if deep else {}
    above = len(found[flow].path) if flow in found else 0
    labels: dict[RunId, str] = {}
    for row in tasks:
        origin = found.get(row.session.key)
        way = origin.path[above:-1] if origin is not None else ()
        labels[row.run.id] = "/".join([*map(label_of, way), row.session.label])
    return labels


def _is_task(row: Row) -> bool:
    """Whether a run is a task of a flow, or of a flow or a team below it."""
    above = row.session.parent
    is_agent = row.run.kind is RunnerKind.AGENT and not is_own(row)
    return is_agent and above is not None and is_group_key(above)
