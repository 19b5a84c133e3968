"""Responses routes: programs for OpenAI's API see each agent and each team as a model.

A response is a run: it is stored, a worker executes it, and it continues when the client leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Annotated
from uuid import UUID

import orjson
from pydantic import Field, JsonValue

from parallel_agents.catalog.team import Team
from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, is_group_key, make_keyed_run_id
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, NotFound, NotOffered
from parallel_agents.surfaces.gateway.chat_prompts import ROLES, Said, prompt_of
from parallel_agents.surfaces.gateway.event_routes import EVENT_STREAM
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.replies import JSON, Document, Reply, Stream
from parallel_agents.surfaces.gateway.responses_stream import (
    end_of,
    event_pieces,
    whole_pieces,
)
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.talking import (
    Foreign,
    MessagePart,
    NamedId,
    Wishes,
    begin,
    catalog_of,
    check_continues,
    check_no_tools,
    found,
    text_of,
)
from parallel_agents.surfaces.responses.documents import (
    PREFIX,
    Asked,
    ResponseDocument,
    response_document,
    response_id,
)
from parallel_agents.surfaces.responses.run import ResponseRun
from parallel_agents.surfaces.responses.streamed import StreamedResponse

_MOST_ITEMS = 10_000
_TEXTS = frozenset({"input_text", "output_text", "text"})


class ResponseItem(Foreign):
    """A message of the conversation."""

    type: NamedId = "message"
    """Messages are read, and `reasoning` is left out."""
    role: str = ""
    """Whose it is."""
    content: str | list[MessagePart] = ""
    """What it says."""


class ResponseBody(Foreign):
    """A message to an agent or a team. Settings of models are those of the agent, whatever is sent."""

    model: NamedId
    """The name of an agent or a team."""
    input: str | Annotated[list[ResponseItem], Field(max_length=_MOST_ITEMS)]
    """The message, or the conversation."""
    instructions: str | None = None
    """What the agent is told besides, with this message."""
    previous_response_id: NamedId | None = None
    """Continue the session of this response, whose last one it is."""
    stream: bool | None = None
    """Tell what happens as events."""
    background: bool | None = None
    """Return at once."""
    metadata: dict[str, str] | None = None
    """Is returned with the response."""
    tools: list[JsonValue] | None = None
    """Tools of the client, which cannot be called: an empty list, or none."""
    text: JsonValue = None
    """The form of the answer; only text, since agents have a schema of their own."""
    conversation: JsonValue = None
    """None: `previous_response_id` continues a session."""
    pagents: Wishes = Wishes()
    """`input`, `model`, `budget_usd` and `timeout_seconds`."""


async def respond(call: Call, given: ResponseBody) -> Reply:
    """Start a run of an agent or a team, and answer with what comes of it."""
    _check_offered(given)
    call = _named(call, given)
    call.client.catalog.forget()  # the gateway may be older than the files
    partner = await asyncio.to_thread(found, catalog_of(call), given.model)
    text = prompt_of(_said(given))
    if given.previous_response_id is None:
        spawned = await _begin(call, partner, given, text)
    else:
        async with call.gateway.beginning:  # of two that continue it at once, one does
            spawned = await _continue(call, partner, given, text)
    await call.client.hand_to_worker()
    (row,) = await call.client.sessions.rows_of([spawned.run_id])
    asked = Asked(
        spawned.run_id,
        given.model,
        row.run.created_at,
        given.previous_response_id,
        given.instructions,
        given.metadata,
        bool(given.background),
    )
    if given.stream:
        streamed = StreamedResponse(asked, is_told_live=_is_told_live(partner, given))
        pieces = event_pieces(call, spawned.session_key, streamed)
        return Stream(pieces=pieces, media_type=EVENT_STREAM)
    if given.background:
        return Document(value=response_document(asked, status="queued"))
    return Stream(pieces=whole_pieces(call, spawned.session_key, asked), media_type=JSON)


async def response(call: Call, _: Nothing) -> Document:
    """A response as it is now."""
    row = await _row_of(call, call.names["id"])
    asked = Asked(row.run.id, row.session.agent.name, row.run.created_at)
    if not row.run.status.is_over:
        return Document(value=response_document(asked))
    end = await end_of(call, ResponseRun(row.session.key, row.run.id))
    return Document(value=response_document(asked, end))


def _is_told_live(partner: Agent | Team, given: ResponseBody) -> bool:
    """Whether text is told while it is written: what nothing then refuses or forms anew is the answer."""
    if not given.stream or isinstance(partner, Team) or partner.output_schema is not None:
        return False
    return not (partner.gates or partner.refine)


async def _begin(call: Call, partner: Agent | Team, given: ResponseBody, text: str) -> Spawned:
    key = _key(call.key)
    if key is None or not _is_told_live(partner, given):
        return await begin(call, partner, text, given.pagents, key=key)
    async with call.gateway.live.expecting(key):
        spawned = await begin(call, partner, text, given.pagents, key=key)
        await call.gateway.live.want(spawned.run_id)
    return spawned


async def _continue(call: Call, partner: Agent | Team, given: ResponseBody, text: str) -> Spawned:
    """Start the next run of the session of a response.

    Raises:
        NotFound: there is no such response.
        NotOffered: it is not the last of a session of this agent.
    """
    previous = given.previous_response_id or ""
    row = await _row_of(call, previous)
    if is_group_key(row.session.key) or isinstance(partner, Team):
        raise NotOffered(
            "a team remembers nothing of what it has done", hint="leave out previous_response_id"
        )
    if row.session.agent.name != partner.name:
        raise NotOffered(
            f"{previous} is of the agent {row.session.agent.name}, not of {partner.name}",
            hint=f'send "model": "{row.session.agent.name}"',
        )
    (latest,) = await call.client.sessions.list(Filter(session=row.session.key))
    wishes = given.pagents
    await check_continues(call, row.session.key, wishes)
    run = None
    if call.key:
        work = orjson.dumps([text, wishes.input, wishes.model], option=orjson.OPT_SORT_KEYS)
        run = make_keyed_run_id(f"{row.session.key}\0{call.key}".encode(), work)
    if latest.run.id not in (row.run.id, run):
        raise NotOffered(
            f"{previous} is not the last of its session",
            why="the agent would remember what was said after it too",
            hint=f"continue {response_id(latest.run.id)}, or send the whole conversation",
        )
    if run is not None and _is_told_live(partner, given):
        await call.gateway.live.want(run)
    return await call.verbs.send(
        row.session.key, text, input=wishes.input, run=run, model=wishes.model
    )


def _named(call: Call, given: ResponseBody) -> Call:
    """The request with a key, by which it is known if the client sends it again."""
    if call.key:
        return call
    content = blake2b(given.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()
    is_again = call.retries > 0
    return replace(
        call, key=call.gateway.resent.key_of(content, call.client.now(), is_again=is_again)
    )


def _key(given: str) -> str | None:
    """What work is stored under for an `Idempotency-Key`, which may have any characters."""
    return f"resp-{blake2b(given.encode(), digest_size=10).hexdigest()}" if given else None


async def _row_of(call: Call, name: str) -> Row:
    """The run of a response.

    Raises:
        NotFound: there is none.
    """
    try:
        run = RunId(str(UUID(name.removeprefix(PREFIX))))
        (row,) = await call.client.sessions.rows_of([run])
    except (ValueError, NotFound) as error:
        raise NotFound(
            f"there is no response {name[:80]!r}",
            why="it may have been removed from the store",
            hint="send the whole conversation without previous_response_id",
        ) from error
    return row


def _check_offered(given: ResponseBody) -> None:
    """Refuse what would silently be left undone.

    Raises:
        NotOffered: it is asked for.
    """
    check_no_tools(given.tools)
    if given.conversation is not None:
        raise NotOffered("there are no conversations", hint="use previous_response_id")
    form = given.text.get("format") if isinstance(given.text, Mapping) else None
    if isinstance(form, Mapping) and form.get("type") != "text":
        raise NotOffered(
            "the form of the answer cannot be chosen",
            why="an agent has a schema of its own",
            hint="leave out text.format",
        )


def _said(given: ResponseBody) -> list[Said]:
    """The conversation.

    Raises:
        InvalidInput: a message is of nobody.
        NotOffered: there is something else than text in it.
    """
    said = [Said("system", given.instructions or "")]
    if isinstance(given.input, str):
        return [*said, Said("user", given.input)]
    for item in given.input:
        if item.type == "reasoning":
            continue
        if item.type != "message":
            raise NotOffered(
                f"the conversation has an item of the type {item.type[:40]!r}",
                why="only messages can be said here",
                hint="leave it out",
            )
        if item.role not in ROLES:
            raise InvalidInput(
                f"there is no role {item.role[:40]!r}",
                hint=f"use one of {', '.join(sorted(ROLES))}",
            )
        said.append(Said(item.role, text_of(item.content, _TEXTS)))
    return said


ROUTES = (
    Route(
        method="POST",
        path="/responses",
        name="respond",
        does="Start a run of an agent or a team, and answer with what comes of it, as OpenAI does.",
        takes=ResponseBody,
        gives=ResponseDocument,
        form=Form.DOCUMENT,
        answer=handled(ResponseBody, respond),
        prefix="/v1",
    ),
    Route(
        method="GET",
        path="/responses/{id}",
        name="response",
        does="A response as it is now.",
        takes=Nothing,
        gives=ResponseDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, response),
        prefix="/v1",
    ),
)
