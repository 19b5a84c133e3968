"""Slots: which waiting run goes next, so that no scope ever holds more than its bound.

A scope is anything with a bound of its own: the process, a team, an agent, a model. Runs that
share their scopes wait in one lane; the best of all lanes with room goes first.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from parallel_agents.core.engine import Scope

T = TypeVar("T")


class Waiting(NamedTuple, Generic[T]):
    """An entry of a lane: higher priority first, then first come, first served."""

    urgency: int
    arrival: int
    item: T


@dataclass(slots=True)
class Slots(Generic[T]):
    """The queue. It holds no clock and no task: `take` is called when a place may be free."""

    _bounds: dict[Scope, int | None] = field(default_factory=dict[Scope, int | None])
    _used: Counter[Scope] = field(default_factory=Counter[Scope])
    _lanes: dict[tuple[Scope, ...], list[Waiting[T]]] = field(
        default_factory=dict[tuple[Scope, ...], list[Waiting[T]]]
    )
    _arrivals: int = 0

    def bound(self, scope: Scope, at_most: int | None) -> None:
        """Hold at most so many runs of `scope` at once; a lower bound waits, it ends nothing."""
        self._bounds[scope] = at_most

    def has_bound(self, scope: Scope) -> bool:
        """Whether something was said of it, be it that there is no bound."""
        return scope in self._bounds

    def wait(self, item: T, scopes: Sequence[Scope], *, priority: int = 0) -> None:
        lane = self._lanes.setdefault(tuple(scopes), [])
        self._arrivals += 1
        heapq.heappush(lane, Waiting(-priority, self._arrivals, item))

    def take(self) -> tuple[T, tuple[Scope, ...]] | None:
        """The next item that has room in all its scopes, with the places that it now holds."""
        open_lanes = [scopes for scopes in self._lanes if self._full_scope(scopes) is None]
        if not open_lanes:
            return None
        scopes = min(open_lanes, key=lambda scopes: self._lanes[scopes][0][:2])
        lane = self._lanes[scopes]
        item = heapq.heappop(lane).item
        if not lane:
            del self._lanes[scopes]
        self._used.update(scopes)
        return item, scopes

    def give_back(self, scopes: Sequence[Scope]) -> None:
        for scope in scopes:
            self._used[scope] -= 1
            if not self._used[scope]:
                del self._used[scope]

    def clear(self) -> list[T]:
        """Empty the queue; what was in it."""
        dropped = [waiting.item for lane in self._lanes.values() for waiting in lane]
        self._lanes.clear()
        return dropped

    def _full_scope(self, scopes: Sequence[Scope]) -> Scope | None:
        for scope in scopes:
            bound = self._bounds.get(scope)
            if bound is not None and self._used[scope] >= bound:
                return scope
        return None
