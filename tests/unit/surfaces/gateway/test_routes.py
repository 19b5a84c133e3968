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


def test_every_whole_number_of_a_query_has_a_bound() -> None:
    numbers = [
        (route.name, name, form)
        for route in ROUTES
        if route.method == "GET"
        for name, field in route.takes.model_json_schema().get("properties", {}).items()
        for form in field.get("anyOf", [field])
        if form.get("type") == "integer"
    ]

    assert len(numbers) > 10
    assert [(route, name) for route, name, form in numbers if "maximum" not in form] == []
