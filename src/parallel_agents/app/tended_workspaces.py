"""Tended workspaces: what a person does with the workspaces of a home that is on this machine."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents import clock
from parallel_agents.app.resolving import NO_ANSWERS, Answers, answers_of
from parallel_agents.app.workspace_parts import Part, find_part, find_parts
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.resolving import explained
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionReads
from parallel_agents.core.workspace import Changes
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
from parallel_agents.errors import InvalidInput
from parallel_agents.lock import hold
from parallel_agents.secrets.known import KNOWN
from parallel_agents.workspaces.comparing import changes_of, not_in_trees, patch_of
from parallel_agents.workspaces.foretold import Foretold
from parallel_agents.workspaces.resolving import Clash, Resolution
from parallel_agents.workspaces.returning import Merged, merge as merge_one, sole_writer
from parallel_agents.workspaces.tending import Kept, finish_removals, remove, workspaces_in

_MOST_NAMED = 20
_FORMS = {
    DiffForm.TEXT: ("-p",),
    DiffForm.PATCH: ("-p", "--binary", "--full-index"),
    DiffForm.STAT: ("--stat",),
    DiffForm.NAMES: ("--name-status",),
}


class Tended(NamedTuple):
    """A workspace with the latest run of its session, if the store has it."""

    kept: Kept
    row: Row | None

    @property
    def is_live(self) -> bool:
        return self.row is not None and not self.row.run.status.is_over

    @property
    def name(self) -> str:
        if self.row is not None:
            return self.row.session.name
        session = self.kept.room.session
        return short(session) if session else self.kept.room.folder.name

    @property
    def made_at(self) -> float | None:
        return None if self.kept.record is None else self.kept.record.made_at

    @property
    def state(self) -> str:
        if self.is_live:
            return "at work"
        if self.kept.record is None:
            return "half made"
        if self.kept.unmerged is None:
            return "unreadable"
        return "unmerged" if self.kept.unmerged.files else "merged or unchanged"

    def told(self, why_kept: str = "") -> KeptWorkspace:
        """The workspace as faces show it."""
        room, record = self.kept.room, self.kept.record
        return KeptWorkspace(
            id=self.name,
            session=SessionKey(room.session) if room.session else None,
            label=self.row.session.label if self.row else None,
            source=record.source if record else "",
            folder=str(room.files(record)) if record else str(room.folder),
            state=self.state,
            unmerged=self.kept.unmerged,
            bytes=self.kept.size,
            made_at=self.made_at,
            why_kept=why_kept,
        )


@checked_methods
class TendedWorkspaces:
    """The workspaces of an open home.

    Args:
        sessions: which sessions there are.
        home: the folder of the store.
        least_seconds: how long one that was not named is kept.
        note: tells the journal who merged or removed what; None if nobody may write it.
        by: who does.
    """

    def __init__(
        self,
        sessions: SessionReads,
        home: Path,
        least_seconds: float,
        note: Callable[..., Awaitable[None]] | None = None,
        by: str = "",
    ) -> None:
        self._sessions = sessions
        self._home = home
        self._least_seconds = least_seconds
        self._note = note
        self._by = by

    def on_behalf(self, via: str) -> TendedWorkspaces:
        """The same for somebody who acts through this process; the journal says so."""
        by = f"{self._by} by {via}"
        return TendedWorkspaces(self._sessions, self._home, self._least_seconds, self._note, by)

    async def list(self) -> builtins.list[KeptWorkspace]:
        """All workspaces of the home."""
        return [each.told() for each in await self._all()]

    async def diff(self, name: str, *, form: DiffForm | str = DiffForm.PATCH) -> Difference:
        """What a session changed in its workspace so far, as a patch that `git apply` takes.

        Args:
            name: the session, or a team of which one member has a workspace.
            form: a whole `patch`; `text` without the contents of files that are not text; the lines of a
                `stat`; or the `names` of files.

        Raises:
            NotFound: it has no workspace.
            InvalidInput: several members of the team have one.
        """
        part = await find_part(self._sessions, self._home, name)
        return await asyncio.to_thread(difference_of, part, *_FORMS[DiffForm(form)])

    async def merge(
        self,
        name: str,
        *,
        every: bool = False,
        dry_run: bool = False,
        conflicts: Conflicts | str = Conflicts.LEAVE,
        answers: Name | None = None,
    ) -> builtins.list[MergedWorkspace]:
        """Bring what a session changed into the folder that its workspace was made from.

        Args:
            name: the session, or a team of which one member has a workspace.
            every: whether also what all that it spawned changed, one after the other.
            dry_run: whether to say what would happen, and change nothing; each workspace is compared with what
                those before it would have left.
            conflicts: `leave` keeps a file that both sides changed, `markers` writes both versions into it.
            answers: the team of agents that was asked about the conflicts, whose answers resolve them.

        Raises:
            NotFound: it has no workspace.
            InvalidInput: a run is still at work there, or several members of the team have one.
            WorkspaceError: the folder is gone, or a file cannot be written.
        """
        foretold = Foretold() if dry_run else None
        done: builtins.list[MergedWorkspace] = []
        for part in await parts_to_merge(self._sessions, self._home, name, every=every):
            found = await self._answers(part, answers)
            merged = await merged_in(
                self._home, part, Conflicts(conflicts), found.files, foretold=foretold
            )
            if not dry_run and (merged.changed or merged.conflicts):
                await self._tell(part.row.session.key, "merge", _merge_told(part, merged))
            done.append(merged_of(part, merged, found))
        return done

    async def _answers(self, part: Part, team: str | None) -> Answers:
        if team is None:
            return NO_ANSWERS
        clashes = await clashes_of(self._home, part)
        return await answers_of(self._sessions, part, clashes, team)

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
            names: sessions or teams; none for all that are old enough by the settings.
            everything: whether, without names, also younger ones.
            force: whether also those with changes that are not merged.
            dry_run: whether to say what would be removed, and remove nothing.

        Raises:
            InvalidInput: nothing says which ones `force` is about.
            NotFound: a session has no workspace.
        """
        check_forced(names, everything=everything, force=force)
        tended = await self._all()
        chosen = await self._folders(names) if names else None
        oldest = None if everything or names else clock.wall() - self._least_seconds
        if not dry_run:
            await asyncio.to_thread(finish_removals, self._home)
        found: builtins.list[KeptWorkspace] = []
        for each in tended:
            if chosen is not None and each.kept.room.folder not in chosen:
                continue
            why = why_kept(each, tended, oldest=oldest, force=force)
            if not why and not dry_run:
                async with hold(each.kept.room.lock):
                    await asyncio.to_thread(remove, each.kept.room)
                if each.row is not None:
                    text = f"removed its workspace, {each.kept.size:,} bytes"
                    await self._tell(each.row.session.key, "remove", text)
            found.append(each.told(why))
        return found

    async def _tell(self, session: SessionKey, what: str, text: str) -> None:
        if self._note is not None:
            await self._note(session, by=self._by, what=what, text=text)

    async def _all(self) -> builtins.list[Tended]:
        found = await asyncio.to_thread(workspaces_in, self._home)
        return [Tended(kept, await self._row_of(kept)) for kept in found]

    async def _row_of(self, kept: Kept) -> Row | None:
        if not kept.room.session:
            return None
        rows = await self._sessions.list(Filter(session=SessionKey(kept.room.session)))
        return rows[0] if rows else None

    async def _folders(self, names: Sequence[str]) -> set[Path]:
        return {
            part.room.folder
            for name in names
            for part in await find_parts(self._sessions, self._home, name)
        }


def difference_of(part: Part, *options: str) -> Difference:
    """What differs in a workspace, as git writes it with these options, without secrets."""
    _, room, record = part
    changes = changes_of(room, record, room.read_base())
    if not changes:
        return Difference(content=b"")
    patch = patch_of(room.blobs, changes, *options)
    text = patch.decode("utf-8", "surrogateescape")
    hidden = KNOWN.hide(text)
    return Difference(
        content=patch if hidden == text else hidden.encode("utf-8", "surrogateescape"),
        not_shown=tuple(not_in_trees(changes)),
        is_hidden=hidden != text,
    )


async def parts_to_merge(
    sessions: SessionReads, home: Path, name: str, *, every: bool
) -> Sequence[Part]:
    """The workspaces to merge, in order.

    Raises:
        InvalidInput: a run is still at work in one.
        NotFound: there is none.
    """
    if every:
        parts = await find_parts(sessions, home, name)
    else:
        parts = [await find_part(sessions, home, name)]
    for part in parts:
        _refuse_live(part.row)
    return parts


def _refuse_live(row: Row) -> None:
    if not row.run.status.is_over:
        name = row.session.name
        raise InvalidInput(
            f"{row.session.label} {name} is still at work in its workspace",
            why="half of its work would be merged",
            hint=f"wait for it: `pagents wait {name}`; `pagents diff {name}` shows what there is",
        )


def why_kept(each: Tended, others: Sequence[Tended], *, oldest: float | None, force: bool) -> str:
    """What speaks against removing a workspace; empty if nothing does."""
    kept = each.kept
    if each.is_live:
        return "a run is at work in it"
    above = [
        other.name
        for other in others
        if other.kept.record
        and other.kept.record.parent == kept.room.session
        and not other.kept.may_go
    ]
    if above and not force:
        return f"changes of {above[0]} are to be merged into it"
    if not kept.may_go and not force:
        if kept.unmerged is None:
            return "it cannot be told whether all is merged; --force removes it"
        return f"{_counted(kept.unmerged)}, not merged; --force removes it"
    if oldest is not None and each.made_at is not None and _ended_at(each) > oldest:
        return "it is younger than workspace_seconds; --all removes it"
    return ""


def _counted(changes: Changes) -> str:
    files = "1 file" if changes.files == 1 else f"{changes.files:,} files"
    return f"{files} changed, +{changes.added:,} −{changes.removed:,}"  # noqa: RUF001 - a minus sign


def _ended_at(each: Tended) -> float:
    ended = each.row.run.finished_at if each.row is not None else None
    return ended or each.made_at or 0.0


async def clashes_of(home: Path, part: Part) -> Mapping[str, Clash]:
    """The conflicts of a merge that would be now, as far as new content for a file resolves them."""
    return (await merged_in(home, part, Conflicts.LEAVE, {}, foretold=Foretold())).clashes


async def merged_in(
    home: Path,
    part: Part,
    conflicts: Conflicts,
    resolved: Mapping[str, Resolution],
    *,
    foretold: Foretold | None,
) -> Merged:
    """Merge one workspace, or foretell what that would do after what was foretold, while no other merge writes to the folder."""
    async with sole_writer(home, part.record.source):
        return await asyncio.to_thread(
            merge_one, part.room, part.record, conflicts, foretold=foretold, resolved=resolved
        )


def merged_of(part: Part, merged: Merged, answers: Answers) -> MergedWorkspace:
    """What became of one workspace, as faces show it."""
    left = {path for path, _ in merged.conflicts}
    diffs = [(path, diff) for path, diff in answers.diffs.items() if path not in left]
    told = MergedWorkspace(
        id=part.row.session.name,
        session=part.row.session.key,
        label=part.row.session.label,
        source=part.record.source,
        workspace=str(part.files),
        changed=tuple(merged.changed),
        conflicts=tuple(LeftOut(path=path, why=why) for path, why in merged.conflicts),
        already_merged=merged.same,
        was_broken_off=merged.was_broken_off,
        resolved=tuple(
            ResolvedFile(path=path, diff=diff)
            for path, diff in (*diffs, *((path, "") for path in sorted(merged.edited)))
        ),
    )
    return explained(told, answers.left)


def _merge_told(part: Part, merged: Merged) -> str:
    """A merge as the history tells it, of names that may be anything."""
    named = [*merged.changed[:_MOST_NAMED], *(["…"] if len(merged.changed) > _MOST_NAMED else [])]
    count = "1 file" if len(merged.changed) == 1 else f"{len(merged.changed)} files"
    in_conflict = {path for path, _ in merged.conflicts}
    marked = in_conflict.intersection(merged.changed)
    with_marks = f", {len(marked)} with conflict marks" if marked else ""
    left = f", {len(in_conflict - marked)} left out" if in_conflict - marked else ""
    text = f"merged {count} into {part.record.source}{with_marks}{left}: {', '.join(named)}"
    return text.encode("utf-8", "replace").decode()
