"""Sent: the requests of a session as they went to models, made again by what makes and encodes them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import orjson

from parallel_agents.core.message import File
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.row import Row
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.sent import SentRequest
from parallel_agents.core.store import Store
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.verbs import SessionReads, whole_history
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.local.sent import encode_local_request
from parallel_agents.models.registry import Registry
from parallel_agents.models.wires.model import encode_request
from parallel_agents.runners.agent.offering import offered_names
from parallel_agents.runners.agent.requests import answered_requests
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.secrets.known import KNOWN


class StoredRequests:
    """Makes the requests of sessions again.

    Args:
        sessions: finds sessions and their events.
        store: knows what refusals taught about models.
        models: the providers.
        tooling: the tools that this process knows.
    """

    def __init__(
        self, sessions: SessionReads, store: Store, models: Registry, tooling: Tooling
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._models = models
        self._tooling = tooling

    async def of(self, name: str) -> Sequence[SentRequest]:
        """The requests of a session that were answered, oldest first.

        Raises:
            NotFound, Ambiguous: the name is not that of one session.
            InvalidInput: it is a team or a flow, which sends nothing itself.
        """
        row = await self._sessions.find(name)
        _check_sends(row)
        names = self._offered(row)
        tools = await asyncio.to_thread(self._specs, names)
        known = {each.name for each in tools}
        events = await whole_history(self._sessions, row.session.key)
        learned = {each.model: each.learned for each in await self._store.throttles()}
        found: list[SentRequest] = []
        for each in answered_requests(row.session, events, tools):
            named = _with_names(each.request, learned.get(each.model, {}))
            found.append(
                SentRequest(
                    run=each.run,
                    turn=each.turn,
                    at=each.at,
                    model=each.model,
                    request=each.request,
                    body=await self._body(each.model, named),
                    unknown_tools=tuple(name for name in names if name not in known),
                )
            )
        return found

    def _specs(self, names: Sequence[str]) -> tuple[ToolSpec, ...]:
        """What models are told of these tools, as far as this process has them; it loads them."""
        tools = self._tooling.tools
        return tuple(tools[each].spec for each in names if each in tools)

    def _offered(self, row: Row) -> list[str]:
        try:
            capabilities = self._models.get(row.run.model).capabilities
        except PagentsError:  # it cannot be called here, which is not asked for
            capabilities = Capabilities()
        return offered_names(row.session, capabilities, self._tooling.session_tools, {})

    async def _body(self, model: str, request: ModelRequest) -> JsonObject | None:
        provider, _, model_id = model.partition("/")
        if provider == LOCAL:
            return _hidden(await encode_local_request(model, request))
        known = self._models.providers.get(provider)
        if known is None or self._models.is_made_by_program(provider):
            return None
        return _hidden(encode_request(model, known.endpoint(model_id), request))


def _check_sends(row: Row) -> None:
    """Refuse a team or a flow."""
    if row.run.kind.is_group:
        kind, name = row.run.kind.value, row.session.name
        raise InvalidInput(
            f"{name} is a {kind}, which sends nothing to a model itself",
            why="its agents do, each in its own session",
            hint=f"name one of its agents: {name}/LABEL; `pagents list {name}` shows them",
        )


def _with_names(request: ModelRequest, learned: JsonObject) -> ModelRequest:
    """The request with the names of files for their contents, and with what is learned of the model."""
    files: Sequence[File] = [file for message in request.messages for file in message.files]
    told = {file.id: f"({file.called}: its content is not shown)" for file in files}
    return replace(request, files=told, learned=learned)


def _hidden(body: bytes) -> JsonObject:
    found: JsonObject = orjson.loads(KNOWN.hide_json(body))
    return found
