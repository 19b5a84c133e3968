"""Throttles in the store: one row for each model that was limited or refused a call."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import orjson
from pydantic import TypeAdapter

from parallel_agents.core.throttle import Throttle
from parallel_agents.stores.queries import query

_T = TypeVar("_T")


@cache
def _adapter() -> TypeAdapter[Throttle]:
    return TypeAdapter(Throttle)


def read_throttles(sql: sqlite3.Connection) -> list[Throttle]:
    return [_adapter().validate_json(body) for (body,) in sql.execute(query("throttles"))]


class ThrottleRows:
    """The rows of one connection; each change is part of its caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def change(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, _T]]
    ) -> tuple[Throttle, _T]:
        found = self._sql.execute(query("throttle"), (model,)).fetchone()
        before = Throttle(model=model) if found is None else _adapter().validate_json(found[0])
        after, given = change(before)
        self._put(before, after)
        return after, given

    def let_go(self, process: str) -> None:
        """Take from a process that works no more what it holds of any model."""
        for throttle in read_throttles(self._sql):
            self._put(throttle, throttle.without(process))

    def _put(self, before: Throttle, after: Throttle) -> None:
        if after != before:
            self._sql.execute(query("put_throttle"), (after.model, orjson.dumps(after)))
