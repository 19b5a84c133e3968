"""Resolve routes: agents that are asked about the conflicts of a merge, and what that would cost."""

from __future__ import annotations

from typing_extensions import TypedDict

from parallel_agents.app.foreseeing import Foresight
from parallel_agents.app.resolving_workspaces import asked_about
from parallel_agents.app.stored_work import foresee_team
from parallel_agents.core.resolving import Resolver
from parallel_agents.core.task import TeamTask
from parallel_agents.surfaces.gateway.bodies import ResolveBody
from parallel_agents.surfaces.gateway.change_routes import LeftOutDocument, left_json
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.price_routes import PriceDocument, price_of
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.verb_routes import SpawnedDocument, name_of_key, spawned_json


class ResolvingDocument(TypedDict):
    """The team that was asked about conflicts, if there is a file to ask about; and the other files.

    `price` is what asking it would cost, where nothing else was wanted.
    """

    begun: SpawnedDocument | None
    left_out: list[LeftOutDocument]
    price: PriceDocument | None


async def resolve(call: Call, given: ResolveBody) -> Document:
    """Have a worker ask an agent about what a merge would leave in conflict; nothing is merged."""
    tended = call.client.tended.on_behalf(call.actor.via)
    call.client.catalog.forget()  # the gateway may be older than the files
    call.client.catalog.agent(given.agent)  # a name of the catalog, of which no path is made
    if given.dry_run:
        return Document(value=await _price_of_resolving(call, given.resolver))
    key = name_of_key(call.key or None)
    asked = await tended.resolve(call.name, given.resolver, key=key)
    value: ResolvingDocument = {
        "begun": None if asked.begun is None else await spawned_json(call, asked.begun),
        "left_out": [left_json(each) for each in asked.left_out],
        "price": None,
    }
    return Document(value=value)


async def _price_of_resolving(call: Call, resolver: Resolver) -> ResolvingDocument:
    client, home = call.client, call.gateway.environment.home
    asked = await asked_about(client.sessions, client.catalog, home, call.name, resolver)
    price = None
    if asked.team is not None:
        price = await price_of(call, _foreseen(call, asked.team))
    left_out = [left_json(each) for each in asked.left_out]
    return {"begun": None, "left_out": left_out, "price": price}


async def _foreseen(call: Call, asked: TeamTask) -> Foresight:
    return await foresee_team(call.client, await call.client.sessions.plan_team(asked))


ROUTES = (
    Route(
        method="POST",
        path="/runs/{name}/resolve",
        name="resolve",
        does="Have an agent resolve what a merge would leave in conflict, or say what that would cost;"
        " `merge` takes its answers.",
        takes=ResolveBody,
        gives=ResolvingDocument,
        form=Form.DOCUMENT,
        answer=handled(ResolveBody, resolve),
        is_named_by_key=True,
    ),
)
