"""Description: the route of the OpenAPI document, which is published with the pages."""

from __future__ import annotations

import asyncio
from functools import cache

import orjson
from pydantic import JsonValue

from parallel_agents._version import __version__
from parallel_agents.surfaces.doc_files import docs_folder
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled


@cache
def _published() -> orjson.Fragment:
    """The published document with the version of this package."""
    found = orjson.loads((docs_folder() / "openapi.json").read_bytes())
    found["info"]["version"] = __version__
    return orjson.Fragment(orjson.dumps(found))


async def _describe(_: Call, __: Nothing) -> Document:
    return Document(value=await asyncio.to_thread(_published))


ROUTES = (
    Route(
        method="GET",
        path="/openapi.json",
        name="description",
        does="This description.",
        takes=Nothing,
        gives=dict[str, JsonValue],
        form=Form.DOCUMENT,
        answer=handled(Nothing, _describe),
    ),
)
