"""Replies: the cache of models' replies, as a table of one connection."""

from __future__ import annotations

import sqlite3
from functools import cache

import orjson
from pydantic import TypeAdapter

from parallel_agents.core.model import ModelReply
from parallel_agents.stores.queries import query


@cache
def _adapter() -> TypeAdapter[ModelReply]:
    return TypeAdapter(ModelReply)


def read_reply(
    sql: sqlite3.Connection, key: str, *, seconds: float, now: float
) -> ModelReply | None:
    values = {"key": key, "oldest": now - seconds, "now": now}
    found = sql.execute(query("cached_reply"), values).fetchone()
    return None if found is None else _adapter().validate_json(found[0])


def keep_reply(
    sql: sqlite3.Connection, key: str, reply: ModelReply, *, seconds: float, now: float
) -> None:
    """Keep a reply, and let go of what has expired."""
    sql.execute(query("drop_expired_replies"), (now,))
    values = {"key": key, "body": orjson.dumps(reply), "now": now, "expires_at": now + seconds}
    sql.execute(query("keep_reply"), values)
