"""Resolve: the agents that resolve the conflicts of a merge, watched until they have answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from parallel_agents.app.client import App
from parallel_agents.app.distant import open_distant
from parallel_agents.app.reading import open_reader
from parallel_agents.app.resolving import Asked, find_resolver
from parallel_agents.app.resolving_workspaces import asked_about
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.resolving import Resolver, Resolving, with_resolving
from parallel_agents.core.task import TeamTask
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Spawned
from parallel_agents.core.workspace_verbs import MergedWorkspace
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli.attached import Attaching, watch_to_the_end
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_spawn import warn_of_members
from parallel_agents.surfaces.cli.foreground import Begin, Display, Work, run_in_foreground
from parallel_agents.surfaces.cli.progress import Style
from parallel_agents.surfaces.cli.run import prepare_run


class Merge(Protocol):
    """Merges all workspaces, or that of one session with the answers of a team, or foretells it."""

    def __call__(
        self,
        session: SessionKey | None = None,
        answers: SessionKey | None = None,
        *,
        is_dry: bool | None = None,
    ) -> Sequence[MergedWorkspace]: ...


def merges_resolved(
    context: CliContext, resolver: Resolver, merge: Merge
) -> Iterator[MergedWorkspace]:
    """Merge one workspace after the other, each once an agent has answered to its conflicts.

    It is `core.resolving.merge_resolved` for somebody who watches the agents.

    Raises:
        PagentsError: there is no such agent, also if there are no conflicts; or as from a merge.
    """
    ask = _ask_there if context.environment.gateway else _ask_here
    for each in merge(is_dry=True):
        resolving, spend = ask(context, each.session, resolver)
        answers = None if resolving.begun is None else resolving.begun.session_key
        for merged in merge(each.session, answers):
            yield with_resolving(merged, resolving, spend)


def _ask_here(
    context: CliContext, session: SessionKey, resolver: Resolver
) -> tuple[Resolving, Spend]:
    environment = context.environment
    catalog = Catalog(environment.folders, environment.accept)

    async def look() -> Asked:
        async with open_reader(environment, context.settings) as reader:
            return await asked_about(reader.sessions, catalog, environment.home, session, resolver)

    find_resolver(catalog, resolver.agent)
    asked = run_cancellable(look())
    if asked.team is None:
        return Resolving(None, asked.left_out), Spend()
    begun, spend = _run_here(context, asked.team)
    return Resolving(begun, asked.left_out), spend


def _run_here(context: CliContext, team: TeamTask) -> tuple[Spawned, Spend]:
    async def prepare(app: App) -> Begin:
        return await prepare_run(app, team)

    async def conclude(app: App, work: Work) -> tuple[Spawned, Spend]:
        result = await app.sessions.team_result(work.session)
        return Spawned(work.session, work.run), result.spend

    # Answers are whole files: what is shown of them is the difference.
    return run_in_foreground(context, prepare, conclude, Display(Style.AUTO, is_json=True))


def _ask_there(
    context: CliContext, session: SessionKey, resolver: Resolver
) -> tuple[Resolving, Spend]:
    async def begin() -> Resolving:
        async with open_distant(context.environment) as distant:
            resolving = await distant.workspaces.resolve(session, resolver)
            if resolving.begun is not None:
                row = await distant.sessions.find(resolving.begun.session_key)
                warn_of_members(await distant.sessions.members(row))
            return resolving

    resolving = run_cancellable(begin())
    if resolving.begun is None:
        return resolving, Spend()
    key = resolving.begun.session_key
    ended = watch_to_the_end(context, key, Attaching(Style.AUTO, is_json=True))
    return resolving, Spend() if ended.team is None else ended.team.spend
