"""Lane routes: what all sessions of a run did when, in one answer that grows with the run."""

from __future__ import annotations

import orjson

from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.kept_lanes import MOST_EVENTS
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views import format
from parallel_agents.views.lane_events import KINDS, LanesDocument


async def lanes(call: Call, _: Nothing) -> Document:
    """What each session of a team did when, without its texts."""
    journal = call.client.journal
    tree = (await call.client.sessions.find(call.name)).session.key
    found = await call.gateway.lanes.of(call.client, tree)
    left = 0
    if found.count >= MOST_EVENTS:
        before = await journal.count_events(before=found.seq + 1, tree=tree)
        left = await journal.count_events(tree=tree) - before
    value = {
        "began_at": None if found.base is None else format.iso(found.base),
        "seq": found.seq,
        "sessions": list(found.sessions),
        "kinds": list(KINDS),
        "events": orjson.Fragment(b"[%b]" % found.encoded),
        "left": left,
    }
    return Document(value=value)


ROUTES = (
    Route(
        method="GET",
        path="/runs/{name}/lanes",
        name="lanes",
        does="What each session of a team did when, without its texts, in short lists.",
        takes=Nothing,
        gives=LanesDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, lanes),
        by_journal=True,
    ),
)
