"""Stored work: what of work that is asked for under a name would run, after what the store has of it.

It is refused here if it would be refused there, and what is done, or has ended for good, is not priced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from parallel_agents.app.client import Client
from parallel_agents.app.foreseeing import Foreseen, Foresight, Times, foresee_tasks
from parallel_agents.app.stored_steps import ended_steps
from parallel_agents.core.bound import NOTHING
from parallel_agents.core.event import Queued
from parallel_agents.core.filter import Filter
from parallel_agents.core.going_on import has_next, is_closed, is_executed, may_go_on
from parallel_agents.core.inspection import each_event
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.spelling import counted
from parallel_agents.core.store import SessionPlan, SpawnOutcome
from parallel_agents.core.verbs import Spawned
from parallel_agents.sessions.kept_options import describe_kept, kept_options

_ELSEWHERE = "Another process executes it now, and what that begins is in this price, too."


async def foresee_task(client: Client, plan: SessionPlan) -> Foresight:
    """What a session that is planned as it would begin does now.

    Raises:
        Conflict, NotFound, SpawnRefused: it would be refused.
    """
    await client.sessions.check([plan])
    if (row := await _stored(client, plan)) is None:
        return foresee_tasks(client, [plan], plan.budget)
    runs = await client.sessions.list(Filter(session=row.session.key, every_run=True))
    current = min(
        (each for each in runs if each.run.status is not RunStatus.OVER_BUDGET),
        key=lambda each: each.run.number,
        default=None,
    )
    goes_on = current is None and may_go_on(row.session, row.run) and not is_closed(row)
    status = (current or row).run.status
    notes = await _kept(client, [(row, plan)])
    if not goes_on and status.is_over:
        return _nothing(plan, row, status, notes)
    how = "where its budget was used up" if goes_on else "as it was begun"
    return _noted(
        foresee_tasks(client, [await _as_stored(client, plan, row)], plan.budget),
        (f"{row.session.name} is there already, and goes on {how}.", *_elsewhere(row), *notes),
    )


async def foresee_team(client: Client, plans: Sequence[SessionPlan]) -> Foresight:
    """What a team that is planned as it would begin does now: its own session comes first in its plans.

    Raises:
        Conflict, SpawnRefused: it would be refused.
    """
    team, *tasks = plans
    await client.sessions.check(plans)
    if (row := await _stored(client, team)) is None:
        return foresee_tasks(client, tasks, team.budget)
    keys = [task.session.spawn_key for task in tasks]
    children = await client.sessions.children_named(row.session.key, keys)
    latest = {name_of(child.key): child for child in children}
    wanted = set[RunStatus]()
    if not is_closed(row) and row.run.status is not RunStatus.DONE:
        wanted = {status for status in RunStatus if not status.is_over}
        wanted |= set[RunStatus]() if is_executed(row) else {RunStatus.OVER_BUDGET}
    rows = await client.sessions.rows_of([child.run for child in latest.values()])
    stored = dict(zip(latest, rows, strict=True))
    pairs = [(stored[k], t) for t, k in zip(tasks, keys, strict=True) if k in stored]
    left = [(child, task) for child, task in pairs if child.run.status in wanted]
    again = [await _as_stored(client, task, child) for child, task in left]
    ends = Counter(child.run.status for child, _ in pairs)
    ends.subtract(child.run.status for child, _ in left)
    kept = await _kept(client, [(row, team), *pairs])
    notes = (*_ended(+ends, len(tasks), row), *_elsewhere(row), *kept)
    return _noted(foresee_tasks(client, again, team.budget), notes)


async def foresee_flow(client: Client, plan: SessionPlan, work: Foresight) -> Foresight:
    """What a flow does now that would do this work if it were new.

    Raises:
        Conflict: it would be refused.
    """
    await client.sessions.check([plan])
    if (row := await _stored(client, plan)) is None:
        return work
    status, notes = row.run.status, await _kept(client, [(row, plan)])
    if is_closed(row) or (status.is_over and not has_next(row, plan.queued.flow)):
        return _nothing(plan, row, status, notes)
    ended = await ended_steps(client, row, work)
    left = [_without(each, ended[each.label]) for each in work.tasks]
    before = sum(each.times.number for each in work.tasks)
    done = before - sum(each.times.number for each in left)
    told = (
        (
            f"{done:,} of {counted(before, 'task')} are done already or stay killed, and cost nothing.",
        )
        if done
        else ()
    )
    tasks = [each for each in left if each.times.most]
    # It may still have further rounds, or steps that nobody has planned yet: its bound stays.
    return work._replace(tasks=tasks, notes=(*told, *_elsewhere(row), *notes, *work.notes))


def _without(task: Foreseen, ended: int) -> Foreseen:
    """A task without so many times that it was done; the dearest first calls stay, as any may be left."""
    times, firsts = task.times, task.firsts
    most = max(times.most - ended, 0)
    number = times.number if times.open_list and most else max(times.number - ended, 0)
    if firsts is not None and not times.open_list:
        firsts = tuple(sorted(firsts, key=lambda each: each.nanousd or 0, reverse=True)[:number])
    return task._replace(times=Times(number, most, times.open_list), firsts=firsts)


async def _stored(client: Client, plan: SessionPlan) -> Row | None:
    """The session that has the key of a plan, with its latest run."""
    session = plan.session
    if session.parent is None:
        rows = await client.sessions.list(Filter(prefix=session.spawn_key, roots_only=True))
    else:
        found = await client.sessions.children_named(session.parent, [session.spawn_key])
        rows = await client.sessions.rows_of([each.run for each in found])
    return next((row for row in rows if row.session.spawn_key == session.spawn_key), None)


async def _as_stored(client: Client, plan: SessionPlan, row: Row) -> SessionPlan:
    """The plan with the agent, the model and the options that the session was begun with."""
    queued = await _queued(client, row)
    session = replace(plan.session, agent=row.session.agent)
    return replace(plan, session=session, model=row.run.model, queued=queued or plan.queued)


async def _kept(client: Client, work: Sequence[tuple[Row, SessionPlan]]) -> tuple[str, ...]:
    """What stored work keeps although it is asked for otherwise now; the work comes before its tasks."""
    row, plan = work[0]
    is_other_run = row.run.kind.is_group and has_next(row, plan.queued.flow)
    if row.session.parent is not None or is_other_run:
        return ()
    found = [SpawnOutcome(each.session, each.run, is_new=False) for each, _ in work]
    kept = kept_options(found, await _queued(client, row), [each for _, each in work])
    told = describe_kept(Spawned(row.session.key, row.run.id, False, kept))
    return (f"{told[:1].upper()}{told[1:]}.",) if told else ()


async def _queued(client: Client, row: Row) -> Queued | None:
    """What the run of a row was asked for."""
    async for each in each_event(client.journal, session=row.session.key, kinds=("queued",)):
        if each.run == row.run.id and isinstance(each.body, Queued):
            return each.body
    return None


def _ended(ends: Counter[RunStatus], tasks: int, row: Row) -> tuple[str, ...]:
    """How many tasks of a team are done, and what becomes of those that are lost."""
    done = ends.pop(RunStatus.DONE, 0)
    told = (
        [f"{done:,} of {counted(tasks, 'task')} are done already, and cost nothing."]
        if done
        else []
    )
    if ends:
        lost = ", ".join(f"{count:,} {_told(status)}" for status, count in sorted(ends.items()))
        hint = f"`pagents retry {row.session.name}` does that"
        told.append(f"{lost}: the run does not try again what has ended; {hint}.")
    return tuple(told)


def _elsewhere(row: Row) -> tuple[str, ...]:
    return (_ELSEWHERE,) if is_executed(row) else ()


def _nothing(plan: SessionPlan, row: Row, status: RunStatus, notes: Sequence[str]) -> Foresight:
    ended = "is done" if status is RunStatus.DONE else f"has ended as {_told(status)}"
    told = f"{row.session.name} {ended} already; asked for again it only shows its results, and costs nothing."
    return Foresight((), plan.budget, NOTHING, notes=(told, *notes))


def _noted(work: Foresight, notes: Sequence[str]) -> Foresight:
    bound = work.bound if work.tasks else NOTHING
    return work._replace(bound=bound, notes=(*notes, *work.notes))


def _told(status: RunStatus) -> str:
    return status.value.replace("_", " ")
