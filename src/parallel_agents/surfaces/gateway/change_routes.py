"""Change routes: what sessions changed in their copies of a folder, as `pagents diff` shows it; nothing is merged here."""

from __future__ import annotations

import asyncio

from typing_extensions import TypedDict

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.workspace import Changes
from parallel_agents.errors import NotFound
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing, PageQuery
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.workspace_parts import Part, find_part, find_parts
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


def _workspace_json(part: Part) -> WorkspaceDocument:
    session = part.row.session
    return {
        "id": format.name(part.row),
        "session_key": session.key,
        "label": session.label,
        "agent": session.agent.name,
        "status": part.row.run.status.value,
        "source": part.record.source,
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
        "not_shown": not_in_trees(found),
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
)
