"""Change routes: what sessions changed in their copies of a folder, merged into the folders that they came from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from parallel_agents.app.workspace_parts import Part, find_part, find_parts
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.workspace import Changes
from parallel_agents.core.workspace_verbs import (
    Conflicts,
    DiffForm,
    KeptWorkspace,
    LeftOut,
    MergedWorkspace,
)
from parallel_agents.errors import NotFound
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given, Nothing, PageQuery
from parallel_agents.surfaces.gateway.replies import Content, Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views import format
from parallel_agents.views.documents import ChangesDocument, changes_json
from parallel_agents.workspaces.comparing import changes_of, count, not_in_trees, patch_of

_MOST_BYTES, _MOST_LINES = 500_000, 100_000


class WorkspaceDocument(TypedDict):
    """A session that works in a copy of a folder, and which folder that is."""

    id: str
    session_key: SessionKey
    label: str
    agent: str
    status: str
    source: str


class PatchDocument(TypedDict):
    """What a session changed so far: how much, and as a unified diff.

    `patch` is empty if so much has changed that it is not made here, and `left_bytes` says how much of it
    is left out; `pagents diff` has all. `not_shown` are the files that git takes into no patch.
    """

    changes: ChangesDocument | None
    patch: str
    left_bytes: int
    is_too_much: bool
    not_shown: list[str]


class DiffQuery(Given):
    """In which form a difference is told."""

    form: Annotated[DiffForm, Field(strict=False)] = DiffForm.PATCH
    """`patch` is complete, `text` leaves out what is not text, `stat` counts lines, `names` has names."""


class MergeBody(Given):
    """How the changes of a workspace are brought back."""

    every: bool = False
    """Also those of everything that the session spawned, one after the other."""
    dry_run: bool = False
    """Only say what would happen."""
    conflicts: Annotated[Conflicts, Field(strict=False)] = Conflicts.LEAVE
    """`leave` keeps a file that both sides changed, `markers` writes both versions into it."""
    answers: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """The session of the team that `resolve` has begun: its answers resolve conflicts."""


class CleanBody(Given):
    """Which workspaces to remove."""

    names: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=1000)
    ] = Field(default_factory=list[str])
    """Sessions or teams; none for all that are old enough by the settings."""
    everything: bool = False
    """Without names, also younger ones."""
    force: bool = False
    """Also those with changes that are not merged."""
    dry_run: bool = False
    """Only say what would be removed."""


class LeftOutDocument(TypedDict):
    """A file that a merge left as it is, and why."""

    path: str
    why: str


class ResolvedDocument(TypedDict):
    """A file in conflict that an agent resolved, and what that changes in the source's version."""

    path: str
    diff: str


class MergedDocument(TypedDict):
    """What a merge of one workspace did, or would do, in the folder that it was made from."""

    id: str
    session_key: SessionKey
    label: str
    source: str
    workspace: str
    changed: list[str]
    conflicts: list[LeftOutDocument]
    already_merged: int
    was_broken_off: bool
    resolved: list[ResolvedDocument]


class MergeDocument(TypedDict):
    """What became of each workspace."""

    dry_run: bool
    workspaces: list[MergedDocument]


class KeptDocument(TypedDict):
    """A workspace; `why_kept` says what spoke against removing it."""

    id: str
    session: SessionKey | None
    label: str | None
    source: str
    folder: str
    state: str
    unmerged: ChangesDocument | None
    bytes: int
    made_at: float | None
    why_kept: str


class CleanDocument(TypedDict):
    """The workspaces that were looked at: those without `why_kept` are gone, or would be."""

    dry_run: bool
    workspaces: list[KeptDocument]


async def changes(call: Call, given: PageQuery) -> Page:
    """The sessions of a team, or a session itself, that work in a copy of a folder."""
    home = call.gateway.environment.home
    try:
        parts = list(await find_parts(call.client.sessions, home, call.name))
    except NotFound:
        await call.client.sessions.find(call.name)  # of a name that nothing has, that is said
        parts = []
    keys = [part.row.session.key for part in parts]
    start = keys.index(SessionKey(given.after)) + 1 if given.after in keys else 0
    part = parts[start : start + given.limit]
    return Page(
        schema="changes",
        items=[_workspace_json(each) for each in part],
        as_of=call.client.now(),
        last=part[-1].row.session.key if start + len(part) < len(parts) else "",
        total=len(parts),
    )


async def patch(call: Call, _: Nothing) -> Document:
    """What a session changed in its copy of a folder so far."""
    home = call.gateway.environment.home
    part = await find_part(call.client.sessions, home, call.name)
    return Document(value=await asyncio.to_thread(_patch_json, part))


async def diff(call: Call, given: DiffQuery) -> Content:
    """What a session changed so far, whole, as `git apply` takes it."""
    found = await call.client.tended.diff(call.name, form=given.form)
    return Content(body=found.content, media_type="text/x-diff", name="changes.diff")


async def merge(call: Call, given: MergeBody) -> Document:
    """Bring what a session changed into the folder of this machine that its workspace was made from."""
    tended = call.client.tended.on_behalf(call.actor.via)
    done = await tended.merge(
        call.name,
        every=given.every,
        dry_run=given.dry_run,
        conflicts=given.conflicts,
        answers=given.answers,
    )
    value: MergeDocument = {
        "dry_run": given.dry_run,
        "workspaces": [_merged_json(each) for each in done],
    }
    return Document(value=value)


async def workspaces(call: Call, given: PageQuery) -> Page:
    """The workspaces of the home, with what is not merged yet."""
    found = await call.client.tended.list()
    ids = [each.id for each in found]
    start = ids.index(given.after) + 1 if given.after in ids else 0
    part = found[start : start + given.limit]
    return Page(
        schema="workspaces",
        items=[_kept_json(each) for each in part],
        as_of=call.client.now(),
        last=part[-1].id if start + len(part) < len(found) else "",
        total=len(found),
    )


async def clean(call: Call, given: CleanBody) -> Document:
    """Remove workspaces whose changes are merged, or that have none."""
    tended = call.client.tended.on_behalf(call.actor.via)
    found = await tended.clean(
        given.names, everything=given.everything, force=given.force, dry_run=given.dry_run
    )
    value: CleanDocument = {
        "dry_run": given.dry_run,
        "workspaces": [_kept_json(each) for each in found],
    }
    return Document(value=value)


def _merged_json(done: MergedWorkspace) -> MergedDocument:
    return {
        "id": done.id,
        "session_key": done.session,
        "label": done.label,
        "source": told(done.source),
        "workspace": told(done.workspace),
        "changed": told_all(done.changed),
        "conflicts": [left_json(each) for each in done.conflicts],
        "already_merged": done.already_merged,
        "was_broken_off": done.was_broken_off,
        "resolved": [{"path": told(each.path), "diff": each.diff} for each in done.resolved],
    }


def left_json(left: LeftOut) -> LeftOutDocument:
    return {"path": told(left.path), "why": told(left.why)}


def _kept_json(found: KeptWorkspace) -> KeptDocument:
    return {
        "id": found.id,
        "session": found.session,
        "label": found.label,
        "source": told(found.source),
        "folder": told(found.folder),
        "state": found.state,
        "unmerged": changes_json(found.unmerged),
        "bytes": found.bytes,
        "made_at": found.made_at,
        "why_kept": found.why_kept,
    }


def told(path: str) -> str:
    """A path as JSON can have it; bytes that are not UTF-8 are told by their numbers."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def told_all(paths: Sequence[str]) -> list[str]:
    return [told(path) for path in paths]


def _workspace_json(part: Part) -> WorkspaceDocument:
    session = part.row.session
    return {
        "id": format.name(part.row),
        "session_key": session.key,
        "label": session.label,
        "agent": session.agent.name,
        "status": part.row.run.status.value,
        "source": told(part.record.source),
    }


def _patch_json(part: Part) -> PatchDocument:
    _, room, record = part
    found = changes_of(room, record, room.read_base())
    counted = count(room.blobs, found) if found else Changes(files=0)
    is_too_much = counted.added + counted.removed > _MOST_LINES
    whole = b"" if is_too_much or not found else patch_of(room.blobs, found, "-p")
    shown = whole[:_MOST_BYTES]
    if len(shown) < len(whole):
        shown = shown[: shown.rfind(b"\n") + 1]
    return {
        "changes": changes_json(counted),
        "patch": shown.decode(errors="replace"),
        "left_bytes": len(whole) - len(shown),
        "is_too_much": is_too_much,
        "not_shown": told_all(not_in_trees(found)),
    }


ROUTES = (
    Route(
        method="GET",
        path="/runs/{name}/changes",
        name="changes",
        does="The sessions of a team, or a session itself, that work in a copy of a folder.",
        takes=PageQuery,
        gives=WorkspaceDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, changes),
    ),
    Route(
        method="GET",
        path="/runs/{name}/patch",
        name="patch",
        does="What a session changed in its copy of a folder so far, as a unified diff.",
        takes=Nothing,
        gives=PatchDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, patch),
    ),
    Route(
        method="GET",
        path="/runs/{name}/diff",
        name="diff",
        does="What a session changed in its copy of a folder so far, whole, as `git apply` takes it.",
        takes=DiffQuery,
        gives=str,
        form=Form.CONTENT,
        answer=handled(DiffQuery, diff),
    ),
    Route(
        method="POST",
        path="/runs/{name}/merge",
        name="merge",
        does="Bring what a session changed into the folder of the gateway's machine that it came from.",
        takes=MergeBody,
        gives=MergeDocument,
        form=Form.DOCUMENT,
        answer=handled(MergeBody, merge),
    ),
    Route(
        method="GET",
        path="/workspaces",
        name="workspaces",
        does="The copies of folders that sessions worked in, with what of them is not merged yet.",
        takes=PageQuery,
        gives=KeptDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, workspaces),
    ),
    Route(
        method="POST",
        path="/workspaces/clean",
        name="cleanWorkspaces",
        does="Remove workspaces whose changes are merged, or that have none.",
        takes=CleanBody,
        gives=CleanDocument,
        form=Form.DOCUMENT,
        answer=handled(CleanBody, clean),
    ),
)
