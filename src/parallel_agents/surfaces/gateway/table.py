"""Table: all routes of the API, in the order of its description."""

from __future__ import annotations

from parallel_agents.surfaces.gateway import event_routes, session_routes, verb_routes

ROUTES = (*session_routes.ROUTES, *verb_routes.ROUTES, *event_routes.ROUTES)
