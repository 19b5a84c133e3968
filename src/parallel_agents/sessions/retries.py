"""Retries: a dead letter as a session to be made again, under a key that names the retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from parallel_agents.core.budget import NO_BUDGET, Amount
from parallel_agents.core.dead_letter import DeadLetter, Edits
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.ids import short
from parallel_agents.core.message import Message
from parallel_agents.core.model import ModelRequest, Models
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter, Row, SessionPlan, Store
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Tool
from parallel_agents.core.transcript import Transcript, fold, forked
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import Conflict, RunIsOver
from parallel_agents.runners.agent.model_call import worst_case
from parallel_agents.runners.agent.prompts import system_of
from parallel_agents.sessions.planning import Planner

_MARK = "/retry-"


class Retries:
    """Plans retries of dead letters."""

    def __init__(self, store: Store, planner: Planner) -> None:
        self._store = store
        self._planner = planner

    async def plan(self, letter: DeadLetter, edits: Edits) -> SessionPlan | Spawned:
        """The session that retries a letter, or the retry that there is and that goes on.

        Raises:
            InvalidInput, UnknownAgent, UnknownModel, MissingKey: the retry cannot be carried out as
                it is asked.
            Conflict: the retry that goes on was asked for other words or with another input.
            RunIsOver: the letter's team was killed.
        """
        before = letter.session
        words = letter.queued.text if edits.text is None else edits.text
        values = {**letter.queued.input, **edits.input}
        if letter.retried_by is not None:
            (row,) = await self._store.rows(Filter(session=letter.retried_by))
            if row.run.status is not RunStatus.KILLED:
                if edits.text is not None or edits.input:
                    await self._check_asks(row, words, values)
                return Spawned(row.session.key, row.run.id, is_new=False)
            before = row.session
        key, number = next_key(before.spawn_key)
        task = replace(
            _as_now(letter) if edits.current else _as_it_was(letter),
            text=words,
            input=values,
            label=f"{letter.session.label.removesuffix(f'-retry-{number - 1}')}-retry-{number}",
        )
        if edits.model is not None:
            task = replace(task, model=edits.model, ladder=())
        plan = self._planner.plan_retry(task, key, await self._team(letter))
        context = await self._context(letter)
        queued = replace(plan.queued, context=context)
        return replace(plan, queued=queued, retries=letter.run.id)

    async def _check_asks(self, retry: Row, words: str, values: JsonObject) -> None:
        """Refuse a change to a retry that goes on without it."""
        first = (await self._store.events(session=retry.session.key, limit=1))[0].body
        if not isinstance(first, Queued) or (first.text, first.input) == (words, values):
            return
        raise Conflict(
            f"{retry.session.label} goes on with other words or another input",
            why="a task that failed is retried once at a time",
            hint=f"`pagents kill {short(retry.session.key)}` first, or leave the change out",
        )

    async def _team(self, letter: DeadLetter) -> Row | None:
        """The team under which the retry is, whose budget and bounds hold for it, too."""
        if letter.session.parent is None:
            return None
        (team,) = await self._store.rows(Filter(session=letter.session.parent))
        if team.session.killed:
            raise RunIsOver(
                f"the team of {letter.session.label} was killed",
                why="nothing starts under it any more",
                hint="run the team under another id, or spawn the agent by itself",
            )
        return team

    async def _context(self, letter: DeadLetter) -> Sequence[Message]:
        """What was said in the session before the run that failed."""
        if letter.run.number == 1:
            return letter.queued.context
        events = await self._store.events(session=letter.session.key)
        return _before(events, letter)


def _as_it_was(letter: DeadLetter) -> Task:
    """The task with its agent, its gates and its models as they were."""
    return Task(
        letter.session.agent,
        "",
        model=letter.run.model,
        ladder=letter.queued.ladder,
        limits=letter.queued.limits,
        priority=letter.run.priority,
        cache_seconds=0.0,
        budget=letter.budget,
        options=letter.session.options,
    )


def _as_now(letter: DeadLetter) -> Task:
    """The task with its agent as that is defined now; what the task itself asked for stays."""
    agent, was = letter.session.agent, _as_it_was(letter)
    is_agent_s = bool(agent.model or agent.ladder)
    return replace(
        was,
        agent=agent.name,
        model=None if is_agent_s else was.model,
        ladder=() if is_agent_s else was.ladder,
        gates=letter.queued.gates,
        refine=letter.queued.refine,
        limits=was.limits.without(agent.limits),
        budget=NO_BUDGET if was.budget == agent.budget else was.budget,
    )


def _before(events: Sequence[Event], letter: DeadLetter) -> tuple[Message, ...]:
    runs = list(dict.fromkeys(event.run for event in events))
    earlier = set(runs[: runs.index(letter.run.id)])
    return forked(fold(event for event in events if event.run in earlier).messages)


def next_key(spawn_key: str) -> tuple[str, int]:
    """The key of the next retry, and its number: the task itself was the first.

    >>> next_key("tea"), next_key("tea/retry-2")
    (('tea/retry-2', 2), ('tea/retry-3', 3))
    """
    base, mark, last = spawn_key.rpartition(_MARK)
    if not mark or not last.isdecimal():
        return f"{spawn_key}{_MARK}2", 2
    return f"{base}{_MARK}{int(last) + 1}", int(last) + 1


def most_of_first_call(models: Models, tools: Mapping[str, Tool], plan: SessionPlan) -> Amount:
    """What the first call of a session to be made can cost at most; unknown with an unknown tool."""
    state = Transcript()
    state.apply("queued", plan.queued)
    session, agent = plan.session, plan.session.agent
    names = set(agent.tools)
    if agent.policy.may_spawn_at(session.depth):
        names |= tools.keys()
    request = ModelRequest(
        messages=tuple(state.messages),
        system=system_of(session),
        tools=tuple(tool.spec for name, tool in tools.items() if name in names),
        output_schema=agent.output_schema,
        max_output_tokens=plan.queued.limits.max_output_tokens or 4096,
        thinking=agent.thinking,
    )
    amount = worst_case(models, plan.model, request)
    return amount if names <= tools.keys() else amount._replace(nanousd=None)
