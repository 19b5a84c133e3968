"""Forks: plan a session that takes up the conversation of another one at one of its turns."""

from __future__ import annotations

import re
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget, account_of
from parallel_agents.core.fork import Fork, ForkedFrom
from parallel_agents.core.forking import Beginning, beginning_of
from parallel_agents.core.message import Role
from parallel_agents.core.row import Row
from parallel_agents.core.session import Cleanup, Session, SessionOptions
from parallel_agents.core.store import Filter, SessionPlan, Store
from parallel_agents.core.task import Task
from parallel_agents.core.task_names import MAX_LABEL_CHARACTERS
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import ForkRefused
from parallel_agents.sessions import requests
from parallel_agents.sessions.planning import Planner

_SUFFIX = re.compile(r"-fork-\d+(-\d+)?$")
_MOST_TRIED = 100
_MOST_LABEL = MAX_LABEL_CHARACTERS - len("-fork-1000000-100")


class Forks:
    """Plans forks of sessions; they are at the root of trees of their own."""

    def __init__(self, store: Store, planner: Planner) -> None:
        self._store = store
        self._planner = planner

    async def plan(self, row: Row, fork: Fork) -> SessionPlan:
        """The session that a fork of another one would start.

        Raises:
            ForkRefused: the conversation cannot be taken up there.
            InvalidInput, ConfigError: the text, the model or an option is not valid.
        """
        requests.check_reads_messages(row)
        if fork.text is not None:
            requests.check_message(fork.text, {})
        _check_forkable(row)
        events = await self._store.events(session=row.session.key)
        begins = beginning_of(events, fork)
        return await self._planned(row, fork, begins)

    async def _planned(self, row: Row, fork: Fork, begins: Beginning) -> SessionPlan:
        source, queued = row.session, begins.queued
        known = begins.model or row.run.model
        task = Task(
            source.agent,
            queued.text,
            input=queued.input,
            model=known if fork.model is None else fork.model,
            label=await self._free_label(source, begins.turn) if fork.label is None else fork.label,
            key=fork.key,
            limits=queued.limits.within(source.options.limits),
            priority=row.run.priority,
            budget=fork.budget if fork.budget.is_bound else await self._budget_of(source),
            sandbox=source.options.sandbox,
            workspace=_workspace_of(source, fork, begins),
            tags=source.options.tags,
            options=_options_of(source.options, fork),
        )
        plan = self._planner.plan_message(task, fork.key or "", None)
        link = ForkedFrom(
            source.key,
            source.label,
            begins.turn,
            begins.is_asked_again,
            begins.edited,
            source.name,
        )
        cache_seconds = 0.0 if begins.is_asked_again else plan.queued.cache_seconds
        return replace(
            plan,
            session=replace(
                plan.session,
                agent=_agent_of(source, plan.session.agent),
                options=replace(plan.session.options, forked_from=link.brief),
            ),
            queued=replace(
                queued, limits=plan.queued.limits, forked_from=link, cache_seconds=cache_seconds
            ),
            digest=requests.fork_digest(source.key, fork),
        )

    async def _free_label(self, source: Session, turn: int) -> str:
        """What tables call a fork that nobody named: no other session, so that the label is a name.

        It is the same for forks of forks, so that labels do not grow.
        """
        label = f"{_SUFFIX.sub('', source.label)[:_MOST_LABEL]}-fork-{turn}"
        for number in range(1, _MOST_TRIED):
            numbered = label if number == 1 else f"{label}-{number}"
            rows = await self._store.rows(Filter(prefix=numbered, limit=_MOST_TRIED))
            if all(row.session.label != numbered for row in rows):
                return numbered
        return label

    async def _budget_of(self, source: Session) -> Budget:
        """As much as the session had: what it spent of it is not the fork's."""
        found = await self._store.account(account_of(source.key))
        return NO_BUDGET if found is None else found.account.budget


def _check_forkable(row: Row) -> None:
    """Refuse what a copy of the conversation alone would not continue.

    Raises:
        ForkRefused: its record is damaged, or it is a batch.
    """
    options, name = row.session.options, row.session.name
    if row.fault:
        raise ForkRefused(
            f"the record of {name} cannot be read", why=row.fault, hint="spawn the agent instead"
        )
    if options.batch:
        raise ForkRefused(
            f"{name} does {options.batch} rows in one conversation",
            why="a fork would answer all of them again",
            hint="run the rows again in tasks of their own: map without --batch, in Python batch=",
        )


def _workspace_of(source: Session, fork: Fork, begins: Beginning) -> Workspace | None:
    """What the fork works in: what is asked for, or a new copy if no reply can have changed the old one.

    Raises:
        ForkRefused: the session has a copy of a folder, of which no turn's state is kept.
    """
    had = source.options.workspace
    if fork.workspace is not None or had is None:
        return fork.workspace
    if not needs_folder(source, begins):
        return had
    raise ForkRefused(
        f"{source.name} works in a copy of {had.folder or 'the folder of its parent'}",
        why="what was said is known at each turn, and its files only as they are now",
        hint="say what the fork is to work in: --workspace DIR for a new copy of a folder, such as that of"
        " the session in `pagents workspaces list`, or --cwd DIR (in Python workspace=Workspace.own(DIR) or .at(DIR)); over --url, fork it before its"
        " first reply: --at 0, in Python at=0",
    )


def needs_folder(source: Session, begins: Beginning) -> bool:
    """Whether a fork that begins so must be told its folder: a reply may have changed the session's copy."""
    had = source.options.workspace
    copied = (*begins.queued.context, *begins.queued.taken)
    return had is not None and not (
        had.folder and all(message.role is Role.USER for message in copied)
    )


def _options_of(options: SessionOptions, fork: Fork) -> SessionOptions:
    """The options of a session as those of one that a person begins."""
    return replace(
        options,
        cleanup=Cleanup.KEEP,
        task_name="",
        group="",
        client="",
        is_quiet=False,
        is_service=False,
        is_trial=False,
        cwd="" if fork.workspace is not None else options.cwd,
        workspace=None,
    )


def _agent_of(source: Session, planned: Agent) -> Agent:
    """The agent as it was; it may spawn no deeper trees at the root than it could where it was."""
    policy = source.agent.policy
    if policy.max_depth is not None and source.depth:
        policy = replace(policy, max_depth=max(policy.max_depth - source.depth, 0))
    return replace(planned, policy=policy)
