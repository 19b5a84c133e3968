"""Models routes: agents and teams in OpenAI's list of models."""

from __future__ import annotations

import asyncio
from typing import Literal

from typing_extensions import TypedDict

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.talking import Listed, catalog_of, found, listed


class ModelDocument(TypedDict):
    """An agent or a team; `created` is when its file was changed."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsDocument(TypedDict):
    """All agents and teams."""

    object: Literal["list"]
    data: list[ModelDocument]


async def models(call: Call, _: Nothing) -> Document:
    """All agents and teams, as models."""
    value: ModelsDocument = {
        "object": "list",
        "data": await asyncio.to_thread(_models, catalog_of(call)),
    }
    return Document(value=value)


async def model(call: Call, _: Nothing) -> Document:
    """One agent or team, as a model."""
    name = call.name
    await asyncio.to_thread(found, catalog_of(call), name)
    known = await asyncio.to_thread(_models, catalog_of(call))
    bare = name.rpartition(":")[2]
    return Document(value=next(each for each in known if each["id"] in (name, bare)))


def _models(catalog: Catalog) -> list[ModelDocument]:
    return [_model(each) for each in listed(catalog)]


def _model(each: Listed) -> ModelDocument:
    try:
        created = int(each.file.stat().st_mtime)
    except OSError:
        created = 0
    return {"id": each.name, "object": "model", "created": created, "owned_by": each.kind}


ROUTES = (
    Route(
        method="GET",
        path="/models",
        name="models",
        does="All agents and teams, as models of OpenAI's API.",
        takes=Nothing,
        gives=ModelsDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, models),
        prefix="/v1",
    ),
    Route(
        method="GET",
        path="/models/{name}",
        name="model",
        does="One agent or team, as a model of OpenAI's API.",
        takes=Nothing,
        gives=ModelDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, model),
        prefix="/v1",
    ),
)
