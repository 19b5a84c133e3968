"""Resolving workspaces: those of an open home, where agents resolve the conflicts of merges."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable
from pathlib import Path

from typing_extensions import override

from parallel_agents.app.resolving import Asked, asked_of
from parallel_agents.app.tended_workspaces import TendedWorkspaces, clashes_of, parts_to_merge
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.resolving import MERGE_RESOLVER, Resolver, Resolving, merge_resolved
from parallel_agents.core.verbs import SessionReads
from parallel_agents.core.workspace_verbs import Conflicts, MergedWorkspace
from parallel_agents.errors import Conflict
from parallel_agents.sessions.service import Service


async def asked_about(
    sessions: SessionReads, catalog: Catalog, home: Path, name: str, resolver: Resolver
) -> Asked:
    """What an agent is asked about the conflicts that a merge would leave.

    Raises:
        PagentsError: as from `ResolvingWorkspaces.resolve`.
    """
    (part,) = await parts_to_merge(sessions, home, name, every=False)
    return asked_of(catalog, part, await clashes_of(home, part), resolver)


@checked_methods
class ResolvingWorkspaces(TendedWorkspaces):
    """The workspaces of an open home.

    Args:
        service: the verbs, by which agents are asked.
        catalog: where the agents are.
        home: the folder of the store.
        least_seconds: how long one that was not named is kept.
        note: tells the journal who merged or removed what.
        by: who does.
    """

    def __init__(
        self,
        service: Service,
        catalog: Catalog,
        home: Path,
        least_seconds: float,
        note: Callable[..., Awaitable[None]],
        by: str,
    ) -> None:
        super().__init__(service, home, least_seconds, note, by)
        self._service = service
        self._catalog = catalog
        self._noting = note

    @override
    def on_behalf(self, via: str) -> ResolvingWorkspaces:
        """The same for somebody who acts through this process; the journal says so."""
        return ResolvingWorkspaces(
            self._service.on_behalf(via),
            self._catalog,
            self._home,
            self._least_seconds,
            self._noting,
            f"{self._by} by {via}",
        )

    @override
    async def merge(
        self,
        name: str,
        *,
        every: bool = False,
        dry_run: bool = False,
        conflicts: Conflicts | str = Conflicts.LEAVE,
        answers: Name | None = None,
        resolver: Resolver | None = None,
    ) -> builtins.list[MergedWorkspace]:
        """Bring what a session changed into the folder that its workspace was made from.

        Args:
            name: the session, or a team of which one member has a workspace.
            every: whether also what all that it spawned changed, one after the other.
            dry_run: whether to say what would happen, and change nothing; a `resolver` is asked all the same.
            conflicts: `leave` keeps a file that both sides changed, `markers` writes both versions into it.
            answers: the session of the team that `resolve` has begun, whose answers resolve conflicts.
            resolver: the agent that is asked about conflicts now.

        Raises:
            NotFound: it has no workspace.
            InvalidInput: a run is still at work there, or several members of the team have one.
            WorkspaceError: the folder is gone, or a file cannot be written.
        """
        if resolver is None:
            return await super().merge(
                name, every=every, dry_run=dry_run, conflicts=conflicts, answers=answers
            )
        return await merge_resolved(
            self,
            self._service,
            name,
            resolver,
            every=every,
            dry_run=dry_run,
            conflicts=Conflicts(conflicts),
        )

    async def resolve(
        self, name: str, resolver: Resolver = MERGE_RESOLVER, *, key: Name | None = None
    ) -> Resolving:
        """Begin to have an agent resolve what a merge would leave in conflict; nothing is written.

        Args:
            name: the session, or a team of which one member has a workspace.
            resolver: the agent, and what it may spend.
            key: names what is begun, so that the same again is the same team.

        Raises:
            NotFound: it has no workspace.
            UnknownAgent, InvalidInput: there is no such agent, or it cannot resolve conflicts.
            Conflict: the key was used for other conflicts: a file was changed since.
        """
        asked = await asked_about(self._service, self._catalog, self._home, name, resolver)
        if asked.team is None:
            return Resolving(None, asked.left_out)
        try:
            begun = await self._service.spawn_team(asked.team, key=key)
        except Conflict as conflict:
            raise Conflict(
                "the key was used for other conflicts, or for another resolver",
                why="an answer counts only while the file is as the agent was given it",
                hint="resolve them under another key",
            ) from conflict
        return Resolving(begun, asked.left_out)
