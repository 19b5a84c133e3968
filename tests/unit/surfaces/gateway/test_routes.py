"""Routes: which requests change the store, so that one that takes long goes on without its client."""

from __future__ import annotations

from parallel_agents.surfaces.gateway.table import ROUTES


def test_what_changes_the_store_is_known_by_its_path() -> None:
    changing = {route.name for route in ROUTES if route.changes}

    assert {
        "spawn",
        "kill",
        "answer",
        "merge",
        "writeState",
        "beginInPool",
    } - changing == set()
    assert changing & {"wait", "listRuns", "beginMap", "callTool", "price", "metrics"} == set()
