"""Codec: events and agents as JSON bytes, rows as values."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import AnyBody, Body
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.core.store import OwnerState, Row
from parallel_agents.core.unicode import whole_value
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.stores.database import SqlRow

_DEFAULT_OPTIONS = SessionOptions()
# The sessions of a team, and of most stores, share a few.
_MOST_OPTIONS = 1024


class Encoded(NamedTuple):
    """An agent's definition as JSON, and the digest that names it."""

    digest: str
    body: bytes


@cache
def _body_adapter() -> TypeAdapter[Body]:
    return TypeAdapter(AnyBody)


@cache
def _agent_adapter() -> TypeAdapter[Agent]:
    return TypeAdapter(Agent)


@cache
def _options_adapter() -> TypeAdapter[SessionOptions]:
    return TypeAdapter(SessionOptions)


@lru_cache(maxsize=_MOST_OPTIONS)
def encode_options(options: SessionOptions) -> str:
    return "{}" if options == _DEFAULT_OPTIONS else orjson.dumps(options).decode()


@lru_cache(maxsize=_MOST_OPTIONS)
def decode_options(stored: str) -> SessionOptions:
    return _DEFAULT_OPTIONS if stored == "{}" else _options_adapter().validate_json(stored)


def encode_body(body: Body) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        # Half a character, from whatever text found its way here: the store holds Unicode only.
        plain: Json = _body_adapter().dump_python(body, mode="python")
        return orjson.dumps(whole_value(plain))


def decode_body(stored: bytes) -> Body:
    return _body_adapter().validate_json(stored)


def encode_agent(agent: Agent) -> Encoded:
    body = orjson.dumps(agent)
    return Encoded(hashlib.sha256(body).hexdigest()[:32], body)


def decode_agent(stored: bytes) -> Agent:
    return _agent_adapter().validate_json(stored)


def row_from(columns: SqlRow, agent: Agent) -> Row:
    """A row from the columns of the query `session_rows`."""
    owner_state = columns[32]
    return Row(
        session=_session_from(columns[:10], agent),
        run=_run_from(columns[0], columns[10:32]),
        owner_state=None if owner_state is None else OwnerState(owner_state),
    )


def spend_from(columns: SqlRow) -> Spend:
    """A spend from its columns, in the order of the query `session_rows`."""
    calls, sent, received, cache_read, cache_write, cost, unpriced = columns
    return Spend(Usage(sent, received, cache_read, cache_write), calls, cost, unpriced)


def _session_from(columns: SqlRow, agent: Agent) -> Session:
    key, _, label, parent, spawn_key, root, depth, killed, created_at, options = columns
    return Session(
        key=SessionKey(key),
        agent=agent,
        label=label,
        spawn_key=spawn_key,
        parent=SessionKey(parent) if parent else None,
        root=SessionKey(root),
        depth=depth,
        options=decode_options(options),
        killed=bool(killed),
        created_at=created_at,
    )


def _run_from(session: str, columns: SqlRow) -> Run:
    identity, number, kind, status, title, model, priority, owner, epoch, attempts = columns[:10]
    created_at, started_at, finished_at, error_code, idle_seconds = columns[17:]
    return Run(
        id=RunId(identity),
        session=SessionKey(session),
        number=number,
        kind=RunnerKind(kind),
        status=RunStatus(status),
        title=title,
        model=model,
        priority=priority,
        owner=None if owner is None else OwnerId(owner),
        epoch=epoch,
        attempts=attempts,
        spend=spend_from(columns[10:17]),
        created_at=created_at,
        started_at=started_at,
        finished_at=finished_at,
        error_code=error_code,
        idle_seconds=idle_seconds,
    )
