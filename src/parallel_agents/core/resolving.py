"""Resolving: merges whose conflicts an agent resolves, the same here and at a distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from typing_extensions import override

from parallel_agents.core.agent import check_cache_seconds
from parallel_agents.core.budget import NO_BUDGET, TakesBudget
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import default
from parallel_agents.core.limits import Limits
from parallel_agents.core.task_names import check_filled
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Sessions, Spawned
from parallel_agents.core.workspace_verbs import (
    Conflicts,
    LeftOut,
    MergedWorkspace,
    WorkspaceVerbs,
)

RESOLVER = "merge_resolver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver(Checked):
    """Who resolves the conflicts of a merge, and what may be spent on those of one workspace.

    Attributes:
        agent: takes `path`, `base`, `ours` and `theirs`, and answers with `content`.
        model: `provider/model`; None to use the model from the agent or the settings.
        budget: the most that its sessions may spend together.
        timeout_seconds: the time limit of all of them.
        cache_seconds: reuse a stored reply if it is no older; None is as the agent says.

    Raises:
        InvalidInput: a number is out of range, or a name is empty.
    """

    agent: str = RESOLVER
    model: str | None = None
    budget: TakesBudget = default(NO_BUDGET)
    timeout_seconds: float | None = None
    cache_seconds: float | None = None

    @override
    def _check(self) -> None:
        check_cache_seconds(self.cache_seconds, f"the resolver {self.agent}")
        Limits(timeout_seconds=self.timeout_seconds)

    @override
    def _check_made(self) -> None:
        check_filled("agent", self.agent)
        check_filled("model", self.model)


MERGE_RESOLVER = Resolver()


class Resolving(NamedTuple):
    """What an agent was asked about the conflicts of one workspace.

    Attributes:
        begun: the team with a session for each file; None if there is no file to ask about.
        left_out: the files in conflict that no agent is asked about, and why.
    """

    begun: Spawned | None
    left_out: tuple[LeftOut, ...] = ()


class ResolvingVerbs(WorkspaceVerbs, Protocol):
    """What can be done with workspaces where agents run."""

    async def resolve(
        self, name: str, resolver: Resolver = MERGE_RESOLVER, *, key: str | None = None
    ) -> Resolving:
        """Begin to have an agent resolve what a merge would leave in conflict; nothing is written.

        The same conflicts again under the same `key` are the team that was begun for them.

        Raises:
            UnknownAgent, InvalidInput: there is no such agent, or it cannot resolve conflicts.
            Conflict: the key was used for other conflicts: a file was changed since.
        """
        ...


async def merge_resolved(
    workspaces: ResolvingVerbs,
    sessions: Sessions,
    name: str,
    resolver: Resolver,
    *,
    every: bool,
    dry_run: bool,
    conflicts: Conflicts,
) -> list[MergedWorkspace]:
    """Merge workspaces one after the other, each once an agent has answered to its conflicts.

    Raises:
        PagentsError: as from `merge` and `resolve`; workspaces that were merged before stay merged.
    """
    done: list[MergedWorkspace] = []
    for each in await workspaces.merge(name, every=every, dry_run=True):
        resolving = await workspaces.resolve(each.session, resolver)
        answers, spend = None, Spend()
        if resolving.begun is not None:
            answers = resolving.begun.session_key
            await sessions.wait([resolving.begun.run_id])
            spend = (await sessions.team_result(answers)).spend
        merged = await workspaces.merge(
            each.session, dry_run=dry_run, conflicts=conflicts, answers=answers
        )
        done += [with_resolving(one, resolving, spend) for one in merged]
    return done


def with_resolving(merged: MergedWorkspace, resolving: Resolving, spend: Spend) -> MergedWorkspace:
    """A merge with what was spent on its conflicts, and why an agent was not asked about some."""
    why = {each.path: each.why for each in resolving.left_out}
    return replace(explained(merged, why), spend=spend)


def explained(merged: MergedWorkspace, why: Mapping[str, str]) -> MergedWorkspace:
    """A merge whose conflicts also say why they are not resolved, by their paths."""
    conflicts = [
        replace(each, why=f"{each.why}; {why[each.path]}") if each.path in why else each
        for each in merged.conflicts
    ]
    return replace(merged, conflicts=tuple(conflicts))
