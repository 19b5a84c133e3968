"""Replies: the cache of model replies in the store."""

from __future__ import annotations

import orjson

from parallel_agents.core.model import ModelReply
from parallel_agents.stores.codec import Undecodable, decode_reply
from parallel_agents.stores.database import Database


def read_reply(database: Database, key: str, *, seconds: float, now: float) -> ModelReply | None:
    values = {"key": key, "oldest": now - seconds, "now": now}
    found = database.one("cached_reply", values)
    try:
        return None if found is None else decode_reply(found[0])
    except Undecodable:
        return None  # the model is asked again, and its reply replaces this one


def keep_reply(
    database: Database, key: str, reply: ModelReply, *, seconds: float, now: float
) -> None:
    """Store a reply, and delete expired ones."""
    database.run("drop_expired_replies", (now,))
    values = {"key": key, "body": orjson.dumps(reply), "now": now, "expires_at": now + seconds}
    database.run("keep_reply", values)
