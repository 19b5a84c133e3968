"""Kept options: what work that was found under its key keeps, although it is asked for otherwise now.

A budget is among them only once the work is done, which has no use for another: until then the one that was
asked for last holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from parallel_agents.core.edited import is_edited
from parallel_agents.core.event import Body, Queued
from parallel_agents.core.run import RunStatus
from parallel_agents.core.session_plan import SessionPlan, SpawnOutcome
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import Spawned

_OF_RUN = ("limits", "gates", "refine", "cache_seconds")
_OF_TEAM = ("model", "timeout_seconds", "on_failure", "min_done")
_OF_FLOW = ("model", "timeout_seconds")
_OF_MAP = ("out", "limit", "batch", "on_failure", "reduce", "reduce_text", *_OF_RUN)
_DIGEST, _ROWS = "digest", "rows"
_OF_TASK = ("model", "ladder", "priority", "workspace", "tags", *_OF_RUN)


def kept_options(
    found: Sequence[SpawnOutcome], queued: Body | None, plans: Sequence[SessionPlan]
) -> tuple[str, ...]:
    """The names of the options that differ in a plan from the work that was found for it.

    Args:
        found: the work and its tasks.
        queued: what its current run was asked for.
        plans: what is asked for now, in the same order.
    """
    edited = (
        f"definition of {plan.session.agent.name}"
        for outcome, plan in zip(found, plans, strict=True)
        if not outcome.is_new and is_edited(outcome.session.agent, plan.session.agent)
    )
    if not isinstance(queued, Queued):
        return tuple(dict.fromkeys(edited))
    first, plan = found[0], plans[0]
    tags = _different(("tags",), first.session.options, plan.session.options)
    budget = _budget(queued, plan) if first.run.status is RunStatus.DONE else []
    return tuple(dict.fromkeys((*_of_work(first, queued, plan), *tags, *budget, *edited)))


def _budget(queued: Queued, plan: SessionPlan) -> list[str]:
    was, now = queued.team or queued.flow, plan.queued.team or plan.queued.flow
    return [] if was is None or now is None else _different(("budget",), was, now)


def _of_work(found: SpawnOutcome, queued: Queued, plan: SessionPlan) -> Iterable[str]:
    was, now = queued.team, plan.queued.team
    if was is not None and now is not None:
        return _of_team(was, now)
    if queued.flow is not None and plan.queued.flow is not None:
        one, other = queued.flow, plan.queued.flow
        named = [name for name in _OF_MAP if one.options.get(name) != other.options.get(name)]
        if one.options.get(_DIGEST) != other.options.get(_DIGEST):
            named.append(_ROWS)
        return (*_different(_OF_FLOW, one, other), *named)
    names = _different(_OF_RUN, queued, plan.queued)
    # A run with a ladder has the model of its latest attempt.
    is_other = not queued.ladder and not plan.queued.ladder and found.run.model != plan.model
    return ("model", *names) if is_other else names


def describe_kept(spawned: Spawned) -> str:
    """What to tell whoever asked for work with other options; empty if nothing is to be told."""
    if not spawned.kept:
        return ""
    names = ", ".join(name.removesuffix("_seconds").replace("_", " ") for name in spawned.kept)
    return f"this work keeps the options it began with ({names}); new work under another id or key has the new ones"


def _of_team(was: TeamTask, now: TeamTask) -> Iterable[str]:
    tasks: Iterable[tuple[Task, Task]] = zip(was.tasks, now.tasks, strict=False)
    return chain(
        _different(_OF_TEAM, was, now), *(_different(_OF_TASK, one, other) for one, other in tasks)
    )


def _different(names: Iterable[str], one: object, other: object) -> list[str]:
    return [name for name in names if getattr(one, name) != getattr(other, name)]
