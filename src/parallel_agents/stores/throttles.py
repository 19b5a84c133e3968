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
    """The rows of one connection; each change is part of its caller's transaction.

    A throttle that is read as it was written here is not decoded again.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._written: dict[str, tuple[bytes, Throttle]] = {}

    def change(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, _T]]
    ) -> tuple[Throttle, _T]:
        before = self._get(model)
        after, given = change(before)
        self._put(before, after)
        return after, given

    def let_go(self, process: str) -> None:
        """Take from a process that works no more what it holds of any model."""
        for throttle in read_throttles(self._sql):
            self._put(throttle, throttle.without(process))

    def _get(self, model: str) -> Throttle:
        found = self._sql.execute(query("throttle"), (model,)).fetchone()
        if found is None:
            return Throttle(model=model)
        body, written = found[0], self._written.get(model)
        return written[1] if written and written[0] == body else _adapter().validate_json(body)

    def _put(self, before: Throttle, after: Throttle) -> None:
        if after != before:
            body = orjson.dumps(after)
            self._sql.execute(query("put_throttle"), (after.model, body))
            self._written[after.model] = (body, after)
