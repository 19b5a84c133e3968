"""Pause routes: a session and all below it start nothing, until they may go on."""

from __future__ import annotations

from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId
from parallel_agents.core.pause import Paused, left_alone
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled


class PausedDocument(TypedDict):
    """The live runs that are paused now, or may go on, and how many others of the tree are live."""

    runs: list[RunId]
    unchanged: int


async def pause(call: Call, _: Nothing) -> Document:
    """Let a session and all below it start no call and no child."""
    return _told(await call.verbs.pause(call.name))


async def unpause(call: Call, _: Nothing) -> Document:
    """Let a session and all below it go on; a worker takes up what no process has."""
    paused = await call.verbs.unpause(call.name)
    rows = await call.client.sessions.rows_of([run.id for run in paused.runs])
    if (row := left_alone(rows)) is not None:
        await call.client.workers.ensure(row.session.key, row.run.id)
    return _told(paused)


def _told(paused: Paused) -> Document:
    value: PausedDocument = {
        "runs": [run.id for run in paused.runs],
        "unchanged": paused.unchanged,
    }
    return Document(value=value)


ROUTES = (
    Route(
        method="POST",
        path="/runs/{name}/pause",
        name="pause",
        does="Let a session and all below it start no call and no child; what is in flight ends.",
        takes=Nothing,
        gives=PausedDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, pause),
    ),
    Route(
        method="POST",
        path="/runs/{name}/unpause",
        name="unpause",
        does="Let a session and all below it go on, whoever paused them.",
        takes=Nothing,
        gives=PausedDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, unpause),
    ),
)
