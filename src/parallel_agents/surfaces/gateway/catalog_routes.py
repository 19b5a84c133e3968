"""Catalog routes: agents and teams, what sessions share, and what was sent to models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from pydantic import Field, JsonValue

from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.errors import NotFound, UnknownAgent
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS, Nothing, PageQuery, part_of
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.replies import Content, Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.catalog_documents import (
    agent_entry_json,
    agent_json,
    team_entry_json,
    team_json,
)
from parallel_agents.views.documents import SharedDocument, shared_json
from parallel_agents.views.graph_documents import GraphDocument, graph_json, plan_of_team
from parallel_agents.views.prompt_documents import PromptDocument, prompt_json
from parallel_agents.views.version_documents import Version, VersionDocument, versions_json


class AllQuery(PageQuery):
    """Which part of a list."""

    limit: int = Field(default=MOST_ITEMS, ge=1, le=MOST_ITEMS)
    """How many to return at most."""


def _catalog(call: Call) -> Catalog:
    """The files as they are now: the gateway may have been started before they were changed."""
    environment = call.gateway.environment
    return Catalog(environment.folders, environment.accept)


async def agents(call: Call, given: AllQuery) -> Page:
    """The agents of the project, the person's own, and the built-in ones, by name."""
    entries = await asyncio.to_thread(_catalog(call).agents)
    part = [entry for entry in entries if entry.name > given.after][: given.limit]
    return Page(
        schema="agents",
        items=[agent_entry_json(entry) for entry in part],
        as_of=call.client.now(),
        last=part[-1].name if part and part[-1] is not entries[-1] else "",
        total=len(entries),
    )


async def agent(call: Call, _: Nothing) -> Document:
    """One agent: its schemas, instructions and settings."""
    try:
        found = await asyncio.to_thread(_catalog(call).agent, call.name)
    except UnknownAgent as error:
        raise Refusal(error, HTTPStatus.NOT_FOUND) from error
    return Document(value=agent_json(found))


async def versions(call: Call, nothing: Nothing) -> Page:
    """The versions of an agent in the project or the home, the newest first."""
    environment = call.gateway.environment
    folders = [each for each in (environment.project, environment.home) if each is not None]
    items = await asyncio.to_thread(_versions, folders, call.name)
    if not items:
        await agent(call, nothing)  # refuses one that there is not
    return Page(schema="agent_versions", items=items, as_of=call.client.now(), total=len(items))


def _versions(folders: Sequence[Path], name: str) -> list[VersionDocument]:
    """Those in the first folder that has some."""
    for folder in folders:
        registry = AgentRegistry(folder)
        found = registry.history(name)
        if found.records:
            every = [
                Version(record, registry.version(name, record.version)[1])
                for record in found.records
            ]
            return versions_json(name, every, found.in_effect)
    return []


async def teams(call: Call, given: AllQuery) -> Page:
    """The teams of the project, the person's own, and the built-in ones, by name."""
    entries = await asyncio.to_thread(_catalog(call).teams)
    part = [entry for entry in entries if entry.name > given.after][: given.limit]
    return Page(
        schema="teams",
        items=[team_entry_json(entry) for entry in part],
        as_of=call.client.now(),
        last=part[-1].name if part and part[-1] is not entries[-1] else "",
        total=len(entries),
    )


def _no_team(name: str) -> NotFound:
    return NotFound(f"there is no team {name[:80]!r}", hint="GET /api/v1/teams lists their names")


async def team(call: Call, _: Nothing) -> Document:
    """One team: its inputs and tasks."""
    name = call.name
    if "/" in name or "." in name:
        raise _no_team(name)
    return Document(value=team_json(await asyncio.to_thread(_catalog(call).team, name)))


async def team_graph(call: Call, given: Nothing) -> Document:
    """The tasks of a team as steps on levels."""
    del given
    name = call.name
    if "/" in name or "." in name:
        raise _no_team(name)
    found = await asyncio.to_thread(_catalog(call).team, name)
    return Document(value=graph_json(plan_of_team(found)))


async def artifacts(call: Call, given: PageQuery) -> Page:
    """The artifacts of the tree of a session, the oldest first."""
    client = call.client
    root = (await client.sessions.find(call.name)).session.root
    records = await client.sharing.artifacts(root).list()
    part, following = part_of(records, given)
    return Page(
        schema="artifacts",
        items=[shared_json(record) for record in part],
        as_of=client.now(),
        last=following,
        total=len(records),
    )


async def artifact(call: Call, _: Nothing) -> Content:
    """The content of an artifact, as a file to save."""
    client = call.client
    root = (await client.sessions.find(call.name)).session.root
    shared = client.sharing.artifacts(root)
    found = await shared.find(call.names["artifact"])
    body = await shared.read(found)
    return Content(body=body, media_type=_safe(found.media_type), name=quote(found.name, safe=""))


def _safe(media_type: str) -> str:
    """A type that no browser executes or renders as a page."""
    is_plain = media_type.startswith("image/") and "svg" not in media_type
    return media_type if is_plain or media_type == "application/pdf" else "application/octet-stream"


class PromptsQuery(PageQuery):
    """Which requests."""

    limit: int = Field(default=10, ge=1, le=50)
    """How many to return at most."""


async def prompts(call: Call, given: PromptsQuery) -> Page:
    """The requests of a session that models answered, as they were sent, oldest first."""
    sent = await call.client.sent.of(call.name)
    part, following = part_of(sent, given)
    return Page(
        schema="prompts",
        items=[prompt_json(each) for each in part],
        as_of=call.client.now(),
        last=following,
        total=len(sent),
    )


ROUTES = (
    Route(
        method="GET",
        path="/agents",
        name="agents",
        does="The agents of the project, the person's own, and the built-in ones, by name.",
        takes=AllQuery,
        gives=dict[str, JsonValue],
        form=Form.PAGE,
        answer=handled(AllQuery, agents),
    ),
    Route(
        method="GET",
        path="/agents/{name}",
        name="agent",
        does="One agent: its schemas, instructions and settings.",
        takes=Nothing,
        gives=dict[str, JsonValue],
        form=Form.DOCUMENT,
        answer=handled(Nothing, agent),
    ),
    Route(
        method="GET",
        path="/agents/{name}/versions",
        name="agentVersions",
        does="The versions of an agent, the newest first, each with what it changed.",
        takes=Nothing,
        gives=VersionDocument,
        form=Form.PAGE,
        answer=handled(Nothing, versions),
    ),
    Route(
        method="GET",
        path="/teams",
        name="teams",
        does="The teams of the project, the person's own, and the built-in ones, by name.",
        takes=AllQuery,
        gives=dict[str, JsonValue],
        form=Form.PAGE,
        answer=handled(AllQuery, teams),
    ),
    Route(
        method="GET",
        path="/teams/{name}",
        name="team",
        does="One team: its inputs and tasks.",
        takes=Nothing,
        gives=dict[str, JsonValue],
        form=Form.DOCUMENT,
        answer=handled(Nothing, team),
    ),
    Route(
        method="GET",
        path="/teams/{name}/graph",
        name="teamGraph",
        does="The tasks of a team as steps on levels, with what each needs.",
        takes=Nothing,
        gives=GraphDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, team_graph),
    ),
    Route(
        method="GET",
        path="/runs/{name}/artifacts",
        name="artifacts",
        does="The artifacts of the tree of a session, the oldest first.",
        takes=PageQuery,
        gives=SharedDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, artifacts),
    ),
    Route(
        method="GET",
        path="/runs/{name}/artifacts/{artifact}",
        name="artifact",
        does="The content of an artifact, as a file to save.",
        takes=Nothing,
        gives=bytes,
        form=Form.CONTENT,
        answer=handled(Nothing, artifact),
    ),
    Route(
        method="GET",
        path="/runs/{name}/prompts",
        name="prompts",
        does="The requests of a session that models answered, as they were sent, oldest first.",
        takes=PromptsQuery,
        gives=PromptDocument,
        form=Form.PAGE,
        answer=handled(PromptsQuery, prompts),
    ),
)
