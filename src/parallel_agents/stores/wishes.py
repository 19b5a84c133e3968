"""Wishes: which notifications sessions want, and which are sent for sessions that want none."""

from __future__ import annotations

import orjson

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.notification import Notify
from parallel_agents.stores.database import Database


class Wishes:
    """The wishes of the sessions of a store.

    Attributes:
        unasked: the wish for sessions at the top of a tree that have none, in the work of this process,
            as JSON; None for none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.unasked: str | None = None

    def tell_unasked(self, notify: Notify) -> None:
        """From now on, notify of the work of this process that has no other target."""
        self.unasked = _as_json(notify)

    def put(self, session: SessionKey, notify: Notify) -> None:
        """From now on, notify of a session and all below it in this way."""
        self._database.run("put_wish", {"session": session, "wish": _as_json(notify)})


def _as_json(notify: Notify) -> str:
    return orjson.dumps({"to": notify.to, "on": notify.on}).decode()
