"""Replies: the cache of model replies in the store."""

from __future__ import annotations

from functools import cache

import orjson
from pydantic import TypeAdapter

from parallel_agents.core.model import ModelReply
from parallel_agents.stores.database import Database


@cache
def _adapter() -> TypeAdapter[ModelReply]:
    return TypeAdapter(ModelReply)


def read_reply(database: Database, key: str, *, seconds: float, now: float) -> ModelReply | None:
    values = {"key": key, "oldest": now - seconds, "now": now}
    found = database.one("cached_reply", values)
    return None if found is None else _adapter().validate_json(found[0])


def keep_reply(
    database: Database, key: str, reply: ModelReply, *, seconds: float, now: float
) -> None:
    """Store a reply, and delete expired ones."""
    database.run("drop_expired_replies", (now,))
    values = {"key": key, "body": orjson.dumps(reply), "now": now, "expires_at": now + seconds}
    database.run("keep_reply", values)
