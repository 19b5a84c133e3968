"""Throttles in the store: one row for each model that has a limit or has refused a call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import orjson

from parallel_agents.core.throttle import Throttle
from parallel_agents.stores.codec import Undecodable, decode_throttle
from parallel_agents.stores.database import Database
from parallel_agents.stores.rows import readable

_T = TypeVar("_T")


def read_throttles(database: Database) -> list[Throttle]:
    return readable("limit", lambda row: decode_throttle(row[0]), database.all("throttles"))


class ThrottleRows:
    """The rows; each change is part of its caller's transaction.

    A throttle that is still as this object wrote it is not decoded again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written: dict[str, tuple[bytes, Throttle]] = {}

    def change(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, _T]]
    ) -> tuple[Throttle, _T]:
        before = self._get(model)
        after, answer = change(before)
        self._put(before, after)
        return after, answer

    def remove(self, process: str) -> None:
        """End every in-flight call and probe of a process that has ended."""
        for throttle in read_throttles(self._database):
            self._put(throttle, throttle.without(process))

    def _get(self, model: str) -> Throttle:
        found = self._database.one("throttle", (model,))
        if found is None:
            return Throttle(model=model)
        body, written = found[0], self._written.get(model)
        if written and written[0] == body:
            return written[1]
        with suppress(Undecodable):
            return decode_throttle(body)
        return Throttle(model=model)  # what was learned is learned again

    def _put(self, before: Throttle, after: Throttle) -> None:
        if after != before:
            body = orjson.dumps(after)
            self._database.run("put_throttle", (after.model, body))
            self._written[after.model] = (body, after)
