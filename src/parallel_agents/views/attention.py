"""Attention: sessions in groups by what they need of a person, each group in an order that does not jump."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Generic, TypeVar

from parallel_agents.core.run import RunStatus
from parallel_agents.views.sessions import SessionLine

K = TypeVar("K")


class Group(IntEnum):
    """What a session needs of a person; those that need most come first."""

    NEEDS_YOU = 0
    FAILED = 1
    STOPPED = 2
    WORKING = 3
    QUEUED = 4
    DONE = 5

    @property
    def is_problem(self) -> bool:
        """Whether a person should look."""
        return self <= Group.STOPPED


def group_of(line: SessionLine) -> Group:
    """The group of a session; one below which somebody needs a person needs one itself."""
    status = line.row.run.status
    if line.needed:
        return Group.NEEDS_YOU
    if line.is_stopped:
        return Group.STOPPED
    if status is RunStatus.QUEUED:
        return Group.QUEUED
    if status is RunStatus.RUNNING:
        return Group.WORKING
    return Group.DONE if status in (RunStatus.DONE, RunStatus.KILLED) else Group.FAILED


class FixedOrder(Generic[K]):
    """Places that are kept: what is new comes after what was there, whatever changes in it."""

    def __init__(self) -> None:
        self._places: dict[K, int] = {}
        self._next = 0

    def place(self, key: K) -> int:
        """The place of a key, the same each time."""
        if key not in self._places:
            self._places[key] = self._next
            self._next += 1
        return self._places[key]

    def keep(self, keys: Iterable[K]) -> None:
        """Forget all other keys."""
        kept = set(keys)
        self._places = {key: place for key, place in self._places.items() if key in kept}


def arranged(lines: Sequence[SessionLine], order: FixedOrder[str]) -> list[SessionLine]:
    """The lines by group, and in a group as they were first seen."""
    for line in lines:
        order.place(line.row.session.key)
    return sorted(lines, key=lambda line: (group_of(line), order.place(line.row.session.key)))
