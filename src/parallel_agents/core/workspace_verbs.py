"""Workspace verbs: what a person does with the copies that sessions worked in, the same here and at a distance."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.usage import Spend
from parallel_agents.core.workspace import Changes
from parallel_agents.errors import InvalidInput


class DiffForm(StrEnum):
    """What of a difference is told.

    `patch` is complete, `text` leaves out the contents of files that are not text, `stat` has a line
    for each file, and `names` only their names.
    """

    PATCH = "patch"
    TEXT = "text"
    STAT = "stat"
    NAMES = "names"


class Conflicts(StrEnum):
    """What is done with files that both sides changed in one place.

    `leave` leaves the source's file as it is, `markers` writes both versions into it.
    """

    LEAVE = "leave"
    MARKERS = "markers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a session changed in its workspace.

    Attributes:
        content: the difference in the form that was asked for; a patch is complete, with files that
            are not text, so that `git apply` takes it.
        not_shown: the files that git takes into no patch.
        is_hidden: whether a secret is hidden in it, so that it does not apply there.
    """

    content: bytes
    not_shown: tuple[str, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWorkspace:
    """A workspace that a home has.

    Attributes:
        id: the start of its session's key, or the name of its folder.
        session: None if it was not made to its end.
        label: of the session; None if that is gone.
        source: the folder that it was made from; empty if that is not known.
        folder: where its files are.
        state: `at work`, `unmerged`, `merged or unchanged`, `half made` or `unreadable`.
        unmerged: what is not in the source yet; None if that cannot be told.
        bytes: the size on the disk.
        made_at: seconds since the epoch; None if that is not known.
        why_kept: what spoke against removing it, when that was asked for; empty if nothing.
    """

    id: str
    session: SessionKey | None
    label: str | None
    source: str
    folder: str
    state: str
    unmerged: Changes | None
    bytes: int
    made_at: float | None
    why_kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that a merge left as it is, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFile:
    """A file in conflict that an agent resolved, and what that changes in the source's version; empty for nothing.

    A file that had conflict marks and has none any more was resolved by who edited it, and nothing changes.
    """

    path: str
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedWorkspace:
    """What a merge of one workspace did, or would do.

    Attributes:
        id: what lists call the session.
        source: the folder into which the changes went.
        workspace: where the workspace's files are.
        changed: the files that were written or removed in the source.
        conflicts: the files in conflict: those that were left out, and those of `marked`.
        already_merged: how many files were in the source before, or were brought there by an earlier merge.
        was_broken_off: whether an earlier merge had been killed, and was finished first.
        resolved: the files whose conflicts are resolved, by an agent or by who edited their conflict marks; one
            that is not in `changed` stays as it was.
        spend: what that agent used.
    """

    id: str
    session: SessionKey
    label: str
    source: str
    workspace: str
    changed: tuple[str, ...]
    conflicts: tuple[LeftOut, ...]
    already_merged: int
    was_broken_off: bool
    resolved: tuple[ResolvedFile, ...] = ()
    spend: Spend = Spend()

    @property
    def marked(self) -> frozenset[str]:
        """The files in conflict that were written: they have both versions between conflict marks."""
        return frozenset(self.changed).intersection(each.path for each in self.conflicts)


class WorkspaceVerbs(Protocol):
    """What can be done with workspaces; a `name` is as in `core.verbs.SessionReads`.

    Raises:
        NotFound, Ambiguous: from each verb that takes a name: there is no such session, or it has no workspace.
        WorkspaceError: a folder cannot be read or written.
    """

    async def list(self) -> builtins.list[KeptWorkspace]:
        """All workspaces."""
        ...

    async def diff(self, name: str, *, form: DiffForm = DiffForm.PATCH) -> Difference:
        """What a session changed so far."""
        ...

    async def merge(
        self,
        name: str,
        *,
        every: bool = False,
        dry_run: bool = False,
        conflicts: Conflicts = Conflicts.LEAVE,
        answers: str | None = None,
    ) -> builtins.list[MergedWorkspace]:
        """Bring what a session changed into the folder that its workspace was made from.

        With `every`, also what all that it spawned changed, one after the other. `answers` names the
        team that `resolve` has begun: conflicts become what it answered, as far as that can be.

        Raises:
            InvalidInput: a run is still at work there.
        """
        ...

    async def clean(
        self,
        names: Sequence[str] = (),
        *,
        everything: bool = False,
        force: bool = False,
        dry_run: bool = False,
    ) -> builtins.list[KeptWorkspace]:
        """Remove workspaces whose changes are merged, or that have none; those that stay say why.

        Without names, those that are old enough by the settings, or `everything`. With `force`, also
        those with changes that are not merged.

        Raises:
            InvalidInput: nothing says which ones `force` is about.
        """
        ...


def check_forced(names: Sequence[str], *, everything: bool, force: bool) -> None:
    """Refuse to remove what is not merged of workspaces that nobody named.

    Raises:
        InvalidInput: that is asked for.
    """
    if force and not names and not everything:
        raise InvalidInput(
            "force removes work that is not merged",
            why="no workspace is named",
            hint="name the workspaces, or add --all, in Python everything=True, to remove every one",
        )
