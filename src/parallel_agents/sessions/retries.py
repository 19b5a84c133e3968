"""Retries: plan a new session for the task of a dead letter, under a key that names the retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from parallel_agents.core.batch import answer_schema, limits_of_batch, open_items
from parallel_agents.core.budget import NO_BUDGET, Amount
from parallel_agents.core.dead_letter import DeadLetter, Edits
from parallel_agents.core.event import Event, Finished, Queued
from parallel_agents.core.forking import forked
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Message
from parallel_agents.core.model import ModelRequest, Models
from parallel_agents.core.retry_keys import next_key
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import AcceptedItem, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter, SessionPlan, Store
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Tool
from parallel_agents.core.transcript import Transcript, fold
from parallel_agents.core.verbs import Spawned
from parallel_agents.core.work_differences import Work, work_differences
from parallel_agents.errors import Conflict, RunIsOver
from parallel_agents.runners.agent.model_call import worst_case
from parallel_agents.runners.agent.prompts import system_of
from parallel_agents.sessions.kept_work import kept_of
from parallel_agents.sessions.letters import last_retry, latest_of
from parallel_agents.sessions.planning import Planner


class Retries:
    """Plans retries of dead letters."""

    def __init__(self, store: Store, planner: Planner) -> None:
        self._store = store
        self._planner = planner

    async def plan(self, dead_letter: DeadLetter, edits: Edits) -> SessionPlan | Spawned:
        """The session that retries a dead letter, or its retry that exists already and has not failed.

        Raises:
            InvalidInput, UnknownAgent, UnknownModel, MissingKey: the retry cannot be accepted.
            Conflict: the existing retry has a different text, input or model.
            RunIsOver: the dead letter's team was killed.
        """
        latest = await latest_of(self._store, dead_letter)
        dead_letter = latest or dead_letter
        before = dead_letter.session
        text = dead_letter.queued.text if edits.text is None else edits.text
        values = {**dead_letter.queued.input, **edits.input}
        if dead_letter.retried_by is not None:
            chosen = Filter(session=dead_letter.retried_by, every_run=True)
            row = min(await self._store.rows(chosen), key=lambda found: found.run.number)
            if row.run.status is not RunStatus.KILLED:
                if edits.text is not None or edits.input:
                    await self._check_same(row, text, values)
                if edits.model is not None:
                    self._check_model(row, edits.model)
                return Spawned(row.session.key, row.run.id, is_new=False)
            before = row.session
        if latest is None and (last := await last_retry(self._store, before)) is not None:
            if not last.run.status.is_over or last.run.status is RunStatus.DONE:
                return Spawned(last.session.key, last.run.id, is_new=False)
            before = last.session  # it is no dead letter any more, as it was dropped
        key, number = next_key(before.spawn_key)
        task = replace(
            _as_now(dead_letter) if edits.current else _as_it_was(dead_letter),
            text=text,
            input=values,
            label=f"{dead_letter.session.label.removesuffix(f'-retry-{number - 1}')}-retry-{number}",
        )
        if edits.model is not None:
            task = replace(task, model=edits.model, ladder=())
        is_message = dead_letter.run.number > 1 or bool(dead_letter.queued.context)
        plan_it = self._planner.plan_message if is_message else self._planner.plan_anew
        plan = plan_it(task, key, await self._team(dead_letter))
        events = await self._store.events(session=dead_letter.session.key)
        queued = replace(
            plan.queued,
            context=_context(dead_letter, events),
            forked_from=dead_letter.queued.forked_from,
            taken=dead_letter.queued.taken if edits.text is None else (),
            kept=() if edits.afresh else await kept_of(self._store, dead_letter.run.id, events),
            accepted_items=_accepted_items(dead_letter, edits, events),
        )
        return replace(plan, queued=queued, retries=dead_letter.run.id)

    async def _check_same(self, retry: Row, text: str, values: JsonObject) -> None:
        """Refuse a different text or input if a retry without the change already exists."""
        first = (await self._store.events(session=retry.session.key, limit=1))[0].body
        if not isinstance(first, Queued) or (first.text, first.input) == (text, values):
            return
        was, now = Work(first), Work(replace(first, text=text, input=values))
        raise Conflict(
            f"{retry.session.label} is already a retry of this task, with a different text or input",
            why="; ".join(["a failed task has one retry at a time", *work_differences(was, now)]),
            hint=f"run `pagents kill {retry.session.name}` first, or retry without the change",
        )

    def _check_model(self, retry: Row, asked: str) -> None:
        """Refuse another model if a retry is already at work on its own."""
        model = self._planner.model_of(retry, asked)
        if retry.run.status.is_over or model == retry.run.model:
            return
        raise Conflict(
            f"{retry.session.label} is already a retry of this task, on another model",
            why=f"a failed task has one retry at a time, and that one is on {retry.run.model}",
            hint=f"wait for it, or run `pagents kill {retry.session.name}` first",
        )

    async def _team(self, dead_letter: DeadLetter) -> Row | None:
        """The team of the failed task, whose budget and limits also apply to the retry."""
        if dead_letter.session.parent is None:
            return None
        (team,) = await self._store.rows(Filter(session=dead_letter.session.parent))
        if team.session.killed:
            raise RunIsOver(
                f"the team of {dead_letter.session.label} was killed",
                why="no run starts in a killed team",
                hint="run the team under another id, or spawn the agent alone",
            )
        return team


def _context(dead_letter: DeadLetter, events: Sequence[Event]) -> tuple[Message, ...]:
    """The messages of the session before the run that failed."""
    if dead_letter.run.number == 1:
        return dead_letter.queued.context
    return _before(events, dead_letter)


def _accepted_items(
    dead_letter: DeadLetter, edits: Edits, events: Sequence[Event]
) -> dict[str, AcceptedItem]:
    """The items of a batch that are done, which a retry does not ask for again."""
    if edits.afresh or edits.text is not None:
        return {}
    found = _accepted_by(dead_letter.run.id, events)
    return {number: item for number, item in found.items() if number not in edits.input}


def _accepted_by(run: RunId, events: Sequence[Event]) -> Mapping[str, AcceptedItem]:
    ends = [e.body for e in events if e.run == run and isinstance(e.body, Finished)]
    return ends[0].outcome.accepted_items if ends else {}


def _as_it_was(dead_letter: DeadLetter) -> Task:
    """The task with its agent, gates and models as they were."""
    return Task(
        dead_letter.session.agent,
        "",
        model=dead_letter.run.model,
        ladder=dead_letter.queued.ladder,
        limits=dead_letter.queued.limits,
        priority=dead_letter.run.priority,
        files=dead_letter.queued.files,
        cache_seconds=0.0,
        budget=dead_letter.budget,
        options=dead_letter.session.options,
    )


def _as_now(dead_letter: DeadLetter) -> Task:
    """The task with its agent as it is defined now, and with its own settings as they were."""
    agent, was = dead_letter.session.agent, _as_it_was(dead_letter)
    by_agent = bool(agent.model or agent.ladder)
    others = tuple(layer for layer in was.options.permissions if layer != agent.permissions)
    return replace(
        was,
        agent=agent.name,
        model=None if by_agent else was.model,
        ladder=() if by_agent else was.ladder,
        gates=dead_letter.queued.gates,
        refine=dead_letter.queued.refine,
        limits=was.limits.without(agent.limits),
        options=replace(was.options, permissions=others),
        budget=NO_BUDGET
        if was.budget == dead_letter.session.options.settled(agent.budget)
        else was.budget,
    )


def _before(events: Sequence[Event], dead_letter: DeadLetter) -> tuple[Message, ...]:
    runs = list(dict.fromkeys(event.run for event in events))
    earlier = set(runs[: runs.index(dead_letter.run.id)])
    return forked(fold(event for event in events if event.run in earlier).messages)


async def next_try(store: Store, plan: SessionPlan, tried: ChildRun) -> SessionPlan:
    """A plan of a flow's step as its next try, which is told what the one before did."""
    events = await store.events(session=tried.session)
    kept = await kept_of(store, tried.run, events)
    return replace(
        plan,
        session=replace(plan.session, spawn_key=next_key(tried.key)[0]),
        queued=replace(plan.queued, kept=kept, accepted_items=_accepted_by(tried.run, events)),
        retries=tried.run,
    )


def max_cost_of_first_call(models: Models, tools: Mapping[str, Tool], plan: SessionPlan) -> Amount:
    """The most that a planned session's first model call can cost; unknown with an unknown tool."""
    state = Transcript()
    state.apply("queued", plan.queued)
    session, agent = plan.session, plan.session.agent
    names = set(agent.tools)
    if agent.policy.may_spawn_at(session.depth):
        names |= tools.keys()
    items = open_items(session.options.batch, state.accepted_items)
    limits = limits_of_batch(plan.queued.limits, session.options.batch)
    request = ModelRequest(
        messages=tuple(state.messages),
        system=system_of(session, items),
        tools=tuple(tool.spec for name, tool in tools.items() if name in names),
        output_schema=answer_schema(agent, items),
        max_output_tokens=limits.max_output_tokens or 4096,
        thinking=agent.thinking,
    )
    amount = worst_case(models, plan.model, request)
    return amount if names <= tools.keys() else amount._replace(nanousd=None)
