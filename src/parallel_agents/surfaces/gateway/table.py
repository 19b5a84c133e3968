"""Table: all routes of the API, in the order of its description."""

from __future__ import annotations

from parallel_agents.surfaces.gateway import (
    access_routes,
    agui_routes,
    board_routes,
    catalog_routes,
    change_routes,
    client_routes,
    compare_routes,
    event_routes,
    fork_routes,
    goal_routes,
    lane_routes,
    map_routes,
    metrics_routes,
    models_routes,
    person_routes,
    pool_routes,
    price_routes,
    resolve_routes,
    responses_routes,
    search_routes,
    session_routes,
    share_routes,
    tool_routes,
    verb_routes,
    view_routes,
)
from parallel_agents.surfaces.gateway.openapi import description_route
from parallel_agents.surfaces.gateway.routes import Route

_ANSWERED = (
    *session_routes.ROUTES,
    *board_routes.ROUTES,
    *lane_routes.ROUTES,
    *change_routes.ROUTES,
    *resolve_routes.ROUTES,
    *compare_routes.ROUTES,
    *share_routes.ROUTES,
    *search_routes.ROUTES,
    *verb_routes.ROUTES,
    *fork_routes.ROUTES,
    *goal_routes.ROUTES,
    *map_routes.ROUTES,
    *pool_routes.ROUTES,
    *price_routes.ROUTES,
    *person_routes.ROUTES,
    *view_routes.ROUTES,
    *catalog_routes.ROUTES,
    *event_routes.ROUTES,
    *agui_routes.ROUTES,
    *models_routes.ROUTES,
    *responses_routes.ROUTES,
    *metrics_routes.ROUTES,
    *client_routes.ROUTES,
    *tool_routes.ROUTES,
    *access_routes.ROUTES,
)
ROUTES: tuple[Route, ...] = (*_ANSWERED, description_route(_ANSWERED))
