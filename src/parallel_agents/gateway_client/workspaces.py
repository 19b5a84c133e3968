"""Workspaces: the copies that sessions worked in, tended at a distance; see `core.workspace_verbs`."""

from __future__ import annotations

import binascii
import builtins
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.resolving import MERGE_RESOLVER, Resolver, Resolving, merge_resolved
from parallel_agents.core.workspace_verbs import (
    Conflicts,
    Difference,
    DiffForm,
    KeptWorkspace,
    LeftOut,
    MergedWorkspace,
    ResolvedFile,
    check_forced,
)
from parallel_agents.errors import Conflict
from parallel_agents.gateway_client.bodies import resolver_body
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import DiffForm as Part
from parallel_agents.gateway_client.verbs import RemoteSessions, spawned_of
from parallel_agents.gateway_client.wire import DIFF, MERGED, RESOLVING, WORKSPACES, Asked

_MOST_BYTES = 1 << 30
_MOST_TRIES = 3


@checked_methods
class RemoteWorkspaces:
    """See `core.workspace_verbs.WorkspaceVerbs`; folders are those of the gateway's machine."""

    def __init__(self, exchange: Exchange, sessions: RemoteSessions) -> None:
        self._exchange = exchange
        self._sessions = sessions

    async def list(self) -> builtins.list[KeptWorkspace]:
        """All workspaces of the gateway's home."""
        return await self._exchange.look(WORKSPACES, Asked(look=WORKSPACES.name))

    async def diff(self, name: str, *, form: DiffForm | str = DiffForm.PATCH) -> Difference:
        """What a session changed in its workspace so far, as a patch that `git apply` takes.

        Args:
            name: the session, or a team of which one member has a workspace.
            form: a whole `patch`; `text` without the contents of files that are not text; the lines of a
                `stat`; or the `names` of files.

        Raises:
            NotFound: it has no workspace.
            Conflict: it was changed again and again while it was fetched.
        """
        for _ in range(_MOST_TRIES):
            found = await self._diff(name, DiffForm(form))
            if found is not None:
                return found
        raise Conflict(
            f"the workspace of {name} changes while its difference is fetched",
            why="a run is at work in it",
            hint=f"wait for it first: pagents wait {name}",
        )

    async def _diff(self, name: str, form: DiffForm) -> Difference | None:
        """All parts of a difference; None if it changed in between."""
        content = bytearray()
        while True:
            part = await self._part(name, form, len(content))
            content += self._bytes(part)
            if len(content) > part.size or part.size > _MOST_BYTES:
                raise self._exchange.mismatch("a difference is longer than it says")
            if len(content) == part.size:
                break
            if not part.part:
                return None
        whole = bytes(content)
        if sha256(whole).hexdigest() != part.digest:
            return None
        return Difference(content=whole, not_shown=part.not_shown, is_hidden=part.is_hidden)

    async def _part(self, name: str, form: DiffForm, after: int) -> Part:
        asked = Asked(look=DIFF.name, name=name, place=form.value, after=after)
        return await self._exchange.look(DIFF, asked)

    def _bytes(self, part: Part) -> bytes:
        try:
            return b64decode(part.part, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._exchange.mismatch("a difference is not base64") from error

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
        """Bring what a session changed into the folder of the gateway's machine that it was made from.

        Args:
            name: the session, or a team of which one member has a workspace.
            every: whether also what all that it spawned changed, one after the other.
            dry_run: whether to say what would happen, and change nothing; a `resolver` is asked all the same.
            conflicts: `leave` keeps a file that both sides changed, `markers` writes both versions into it.
            answers: the session of the team that `resolve` has begun, whose answers resolve conflicts.
            resolver: the agent there that is asked about conflicts now.

        Raises:
            NotFound: it has no workspace.
            OnlyReads: the token only reads.
            InvalidInput: a run is still at work there, or several members of the team have one.
            WorkspaceError: the folder is gone, or a file cannot be written.
        """
        if resolver is not None:
            return await merge_resolved(
                self,
                self._sessions,
                name,
                resolver,
                every=every,
                dry_run=dry_run,
                conflicts=Conflicts(conflicts),
            )
        body = {"every": every, "dry_run": dry_run, "conflicts": Conflicts(conflicts).value}
        if answers is not None:
            body["answers"] = answers
        send = self._exchange.ask if dry_run else self._exchange.change
        answer = await send(f"{_runs(name)}/merge", body)
        return [
            MergedWorkspace(
                id=each.id,
                session=each.session_key,
                label=each.label,
                source=each.source,
                workspace=each.workspace,
                changed=each.changed,
                conflicts=tuple(LeftOut(path=one.path, why=one.why) for one in each.conflicts),
                already_merged=each.already_merged,
                was_broken_off=each.was_broken_off,
                resolved=tuple(ResolvedFile(path=one.path, diff=one.diff) for one in each.resolved),
            )
            for each in self._exchange.read_value(MERGED, answer.get("workspaces"))
        ]

    async def resolve(
        self, name: str, resolver: Resolver = MERGE_RESOLVER, *, key: Name | None = None
    ) -> Resolving:
        """Begin to have an agent there resolve what a merge would leave in conflict; nothing is written.

        Args:
            name: the session, or a team of which one member has a workspace.
            resolver: the agent, and what it may spend.
            key: names what is begun, so that the same again is the same team.

        Raises:
            NotFound: it has no workspace.
            OnlyReads: the token only reads.
            UnknownAgent, InvalidInput: there is no such agent, or it cannot resolve conflicts.
            Conflict: the key was used for other conflicts: a file was changed since.
        """
        answer = await self._exchange.change(
            f"{_runs(name)}/resolve", resolver_body(resolver), key=key
        )
        found = self._exchange.read_value(RESOLVING, answer)
        left = tuple(LeftOut(path=each.path, why=each.why) for each in found.left_out)
        return Resolving(None if found.begun is None else spawned_of(found.begun), left)

    async def clean(
        self,
        names: Sequence[str] = (),
        *,
        everything: bool = False,
        force: bool = False,
        dry_run: bool = False,
    ) -> builtins.list[KeptWorkspace]:
        """Remove workspaces whose changes are merged, or that have none; those that stay say why.

        Args:
            names: sessions or teams; none for all that are old enough by the settings there.
            everything: whether, without names, also younger ones.
            force: whether also those with changes that are not merged.
            dry_run: whether to say what would be removed, and remove nothing.

        Raises:
            InvalidInput: nothing says which ones `force` is about.
            NotFound: a session has no workspace.
        """
        check_forced(names, everything=everything, force=force)
        body = {"names": [*names], "everything": everything, "force": force, "dry_run": dry_run}
        send = self._exchange.ask if dry_run else self._exchange.change
        answer = await send("/workspaces/clean", body)
        return self._exchange.read_value(WORKSPACES, answer.get("workspaces"))


def _runs(name: str) -> str:
    return f"/runs/{quote(name, safe=':')}"
