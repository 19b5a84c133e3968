"""Metrics routes: the state of the store as Prometheus reads it."""

from __future__ import annotations

from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.replies import PlainText
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.health_look import look
from parallel_agents.views.metrics import CONTENT_TYPE, metrics_text


async def metrics(call: Call, _: Nothing) -> PlainText:
    """What is live, what needs a person and what it cost; what `pagents metrics` prints."""
    client = call.client
    seen = await look(call.gateway.environment.home, client.settings, client)
    costs = await client.journal.costs()
    unanswered = await client.journal.count_unanswered()
    return PlainText(text=metrics_text(seen, costs, unanswered), media_type=CONTENT_TYPE)


ROUTES = (
    Route(
        method="GET",
        path="/metrics",
        name="metrics",
        does="What is live, what needs a person and what it cost, as Prometheus reads it.",
        takes=Nothing,
        gives=str,
        form=Form.TEXT,
        answer=handled(Nothing, metrics),
        prefix="",
    ),
)
