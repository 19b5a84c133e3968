"""AG-UI routes: a user interface of agents starts a run, and is told of it as it happens.

The run is stored, and a worker executes it: it continues when the client leaves. The same request
again finds the run, and with `Last-Event-ID` the answer begins after that event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b
from typing import Annotated, NamedTuple

import orjson
from pydantic import ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from parallel_agents.catalog.team import Team
from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Queued
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey, make_keyed_run_id, make_team_key
from parallel_agents.core.row import Row
from parallel_agents.errors import Conflict, InvalidInput, NotOffered
from parallel_agents.surfaces.agui.events import PROTOCOL_VERSION
from parallel_agents.surfaces.agui.resuming import known_by
from parallel_agents.surfaces.agui.translation import Asking
from parallel_agents.surfaces.gateway.agui_earlier import earlier_messages, with_own
from parallel_agents.surfaces.gateway.agui_stream import (
    RunStream,
    Telling,
    kept_messages,
)
from parallel_agents.surfaces.gateway.chat_prompts import ROLES, Known, Said, prompt_of
from parallel_agents.surfaces.gateway.event_routes import EVENT_STREAM, check_cursor
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import wrong
from parallel_agents.surfaces.gateway.replies import Stream, encode
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
    first_row,
    found,
    meant,
    text_of,
)

_MOST_MESSAGES = 10_000
_OURS = "pagents"


class _CamelCased(Foreign):
    """What clients send, by names in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class AguiPart(MessagePart):
    """A part of a message, as it is sent again in a snapshot."""

    model_config = ConfigDict(extra="allow")


class AguiMessage(_CamelCased):
    """A message of the conversation, as it is sent again in a snapshot."""

    model_config = ConfigDict(extra="allow")

    id: NamedId | None = None
    """Names it; without one in each message, text is told once it is stored, and not while it is written."""
    role: NamedId
    """Whose it is."""
    content: str | list[AguiPart] | None = None
    """What it says."""


class AguiContext(_CamelCased):
    """Something that the agent should know."""

    description: str
    """What it is."""
    value: str
    """The value."""


class RunAgentInput(_CamelCased):
    """A run that is asked for; the same run again is told from its beginning."""

    thread_id: NamedId
    """The conversation; an agent remembers what was said in it before."""
    run_id: NamedId
    """Names the run in the conversation."""
    parent_run_id: NamedId | None = None
    """The run that asked for this one."""
    protocol_version: NamedId | None = None
    """The version of the protocol."""
    messages: Annotated[list[AguiMessage], Field(max_length=_MOST_MESSAGES)]
    """The conversation. An agent that knows it already is sent only the last message."""
    state: JsonValue = None
    """An object; it is returned with what the run adds under `pagents`."""
    tools: list[JsonValue] | None = None
    """Tools of the client, which cannot be called: an empty list, or none."""
    context: Annotated[list[AguiContext], Field(max_length=1000)] | None = None
    """What the agent should know besides."""
    forwarded_props: JsonValue = None
    """`pagents` in it has `input`, `model`, `budget_usd` and `timeout_seconds`."""
    resume: list[JsonValue] | None = None
    """Answers to interrupts, of which there are none: an empty list, or nothing."""


class _Begun(NamedTuple):
    session: SessionKey
    run: RunId


async def run_agent(call: Call, given: RunAgentInput) -> Stream:
    """Start a run, or find the one that this request has started, and tell what happens in it."""
    known = known_by(call.last_event)
    _check_offered(given)
    await check_cursor(call.client.journal, call.gateway.hub.seq, max(known.place.seq, 0))
    state = _state(given.state)
    call.client.catalog.forget()  # the gateway may be older than the files
    partner = await asyncio.to_thread(found, catalog_of(call), call.name)
    async with call.gateway.beginning:
        begun = await _begun(call, partner, given)
    await call.client.hand_to_worker()
    asking = Asking(given.thread_id, given.run_id, given.parent_run_id, state)
    kept = await _kept(call, partner, begun, given)
    told = Telling(asking, begun.session, begun.run, partner.name, known, kept)
    return Stream(pieces=RunStream(call, told).pieces(), media_type=EVENT_STREAM)


async def _begun(call: Call, partner: Agent | Team, given: RunAgentInput) -> _Begun:
    """The run of this request: the one that it has started before, or else a new one."""
    thread = _digest(partner.name, given.thread_id)
    key = f"agui-{_digest(thread, given.run_id)}"
    wishes, live = _wishes(given), call.gateway.live
    stored = await first_row(call, key)
    if stored is not None:
        await _check_same(call, stored, partner, given)
        return _Begun(stored.session.key, stored.run.id)
    if isinstance(partner, Team):
        await live.want(make_team_key(partner.name, key))
        spawned = await begin(call, partner, _prompt(given, _said(given)), wishes, key=key)
        return _Begun(spawned.session_key, spawned.run_id)
    label = f"agui-{thread}"
    top = await _session_of(call, partner.name, label)
    if top is None:
        async with live.expecting(key):
            spawned = await begin(
                call, partner, _prompt(given, _said(given)), wishes, key=key, label=label
            )
            await live.want(spawned.session_key)
        return _Begun(spawned.session_key, spawned.run_id)
    await check_continues(call, top.session.key, wishes)
    last = _prompt(given, _said(given)[-1:])
    work = orjson.dumps([last, wishes.input, wishes.model], option=orjson.OPT_SORT_KEYS)
    run = make_keyed_run_id(f"{top.session.key}\0{key}".encode(), work)
    await live.want(top.session.key)
    spawned = await call.verbs.send(
        top.session.key, last, input=wishes.input, run=run, model=wishes.model
    )
    return _Begun(spawned.session_key, spawned.run_id)


async def _check_same(call: Call, row: Row, partner: Agent | Team, given: RunAgentInput) -> None:
    """Refuse a request for another work than the one that is stored under its names.

    The agent may have been changed since: that makes it no other work.

    Raises:
        Conflict: it is another one.
    """
    if isinstance(partner, Team):
        return
    (queued,) = await call.client.journal.events(
        after=0, tree=row.session.key, kinds=("queued",), limit=1
    )
    text, values = meant(partner, _prompt(given, _said(given)), _wishes(given))
    body = queued.body
    if isinstance(body, Queued) and (body.text, dict(body.input)) != (text, dict(values)):
        raise Conflict(
            f"the run {given.run_id[:80]!r} is there already, with another message",
            hint="give each run an id of its own",
        )


async def _session_of(call: Call, agent: str, label: str) -> Row | None:
    """The session of a conversation with an agent; None before its first run."""
    rows = await call.client.sessions.list(Filter(agent=agent, labels=(label,), roots_only=True))
    return next((row for row in rows if row.session.label == label), None)


def _check_offered(given: RunAgentInput) -> None:
    """Refuse what would silently be left undone.

    Raises:
        NotOffered: it is asked for.
    """
    check_no_tools(given.tools)
    if given.resume:
        raise NotOffered(
            "there are no interrupts to resume from",
            why="a run that asks a person waits, and continues by itself",
            hint="answer the question: POST /api/v1/questions/{id}/answer",
        )
    version = given.protocol_version or PROTOCOL_VERSION
    if version.partition(".")[0] != PROTOCOL_VERSION.partition(".")[0]:
        raise NotOffered(
            f"the gateway does not speak AG-UI {version[:20]}", hint=f"use {PROTOCOL_VERSION}"
        )


def _state(given: JsonValue) -> dict[str, JsonValue]:
    """The state of the client, which it gets back.

    Raises:
        InvalidInput: it is not an object, or has a number that no JSON of ours can have.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidInput("state is not an object", hint="send an object, or leave it out")
    try:
        encode(given)
    except orjson.JSONEncodeError as error:
        raise InvalidInput(
            "state cannot be returned", why=str(error), hint="write large numbers as text"
        ) from error
    return given


def _said(given: RunAgentInput) -> list[Said]:
    """What people and models said; what tools did is left out, as it is in the answers.

    Raises:
        NotOffered: there is more in a message of a person than text.
    """
    return [said for message in given.messages if (said := _said_by(message)) is not None]


def _said_by(message: AguiMessage) -> Said | None:
    if message.role not in ROLES:
        return None
    return Said(message.role, text_of(message.content, {"text"}))


def _prompt(given: RunAgentInput, said: Sequence[Said]) -> str:
    known = [Known(each.description, each.value) for each in given.context or ()]
    return prompt_of(said, known)


def _wishes(given: RunAgentInput) -> Wishes:
    props = given.forwarded_props
    ours = props.get(_OURS) if isinstance(props, dict) else None
    try:
        return Wishes.model_validate(ours if ours is not None else {}, strict=True)
    except ValidationError as error:
        raise wrong(error, Wishes, f"forwardedProps.{_OURS}") from error


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


async def _kept(
    call: Call, partner: Agent | Team, begun: _Begun, given: RunAgentInput
) -> list[orjson.Fragment] | None:
    """The messages of the client, which a snapshot repeats; None if it could not take them for its own.

    One that sends no message of the agent sends only what is new; of a team, nothing is older.
    """
    if any(message.id is None for message in given.messages):
        return None
    own = [message.model_dump(by_alias=True, exclude_unset=True) for message in given.messages]
    if isinstance(partner, Team) or any(each.role == "assistant" for each in given.messages):
        return kept_messages(own)
    earlier = await earlier_messages(call, begun.session, begun.run, partner.name)
    said = [_said_by(each) for each in given.messages]
    return kept_messages(with_own(earlier, own, said))


ROUTES = (
    Route(
        method="POST",
        path="/agui/{name}",
        name="runAgent",
        does="Start a run of an agent or a team, or find it again, and tell what happens in it as AG-UI.",
        takes=RunAgentInput,
        gives=str,
        form=Form.STREAM,
        answer=handled(RunAgentInput, run_agent),
        prefix="",
    ),
)
