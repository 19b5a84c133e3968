"""OpenAPI: the published description is the one that the table gives, and its references lead somewhere.

`python -m tests.unit.surfaces.gateway.test_openapi` writes it anew.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import orjson

from parallel_agents.surfaces.gateway.guard import is_api
from parallel_agents.surfaces.gateway.openapi import description
from parallel_agents.surfaces.gateway.table import ROUTES

PUBLISHED = Path(__file__).parents[4] / "docs" / "openapi.json"


@cache  # it takes two seconds
def written() -> bytes:
    return (
        orjson.dumps(description(ROUTES), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    )


def test_the_published_description_is_up_to_date() -> None:
    assert PUBLISHED.read_bytes() == written()


def test_each_reference_leads_to_a_schema() -> None:
    text = written().decode()
    schemas = orjson.loads(text)["components"]["schemas"]

    assert set(re.findall(r'"#/components/schemas/([^"]+)"', text)) <= schemas.keys()


def test_each_route_is_described_under_a_name_of_its_own() -> None:
    found = orjson.loads(written())
    names = [each["operationId"] for path in found["paths"].values() for each in path.values()]

    assert sorted(names) == sorted([*(route.name for route in ROUTES), "mcp"])
    assert len(set(names)) == len(names)
    assert all(is_api({"path": path}) for path in found["paths"])


if __name__ == "__main__":
    PUBLISHED.write_bytes(written())
