"""Retry keys: the keys that further tries of a task are spawned under, and what they are tries of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from parallel_agents.core.ids import function_of
from parallel_agents.core.session import Session

_MARK = "/retry-"


def next_key(spawn_key: str) -> tuple[str, int]:
    """The key and the number of the next retry; the task itself counts as number 1.

    >>> next_key("tea"), next_key("tea/retry-2")
    (('tea/retry-2', 2), ('tea/retry-3', 3))
    """
    name, number = _parts(spawn_key)
    return f"{name}{_MARK}{number + 1}", number + 1


def name_of(spawn_key: str) -> str:
    """What a child was spawned for, by the key that it was spawned under, even if it is a retry.

    >>> name_of("tea"), name_of("tea/retry-2")
    ('tea', 'tea')
    """
    return _parts(spawn_key)[0]


def step_of(spawn_key: str) -> str:
    """The name of the step of a flow that a child is for, also after the work of the step has changed.

    >>> step_of("draft"), step_of("draft/retry-2"), step_of("draft@0c41f2ab9d3e")
    ('draft', 'draft', 'draft')
    """
    return name_of(spawn_key).partition("@")[0]


def task_of(session: Session) -> tuple[str, str]:
    """What a session is a try of: a task of one flow, as the flow's key and the task's name; or itself alone.

    Nested flows have tasks of the same names, and each has its own.
    """
    parent = session.parent
    if parent is None or not function_of(parent):
        return "", session.key
    return parent, name_of(session.spawn_key)


def is_same_task(one: Session, other: Session) -> bool:
    """Whether two sessions are tries of one task, or one and the same."""
    return one.parent == other.parent and name_of(one.spawn_key) == name_of(other.spawn_key)


def earlier_tries(keys: Iterable[str], *, task: Callable[[str], str] = step_of) -> list[bool]:
    """For the children of a flow, in the order of their spawns, whether a later one is of the same step.

    Args:
        keys: those that they were spawned under.
        task: what a key is for; of a map, whose rows may have an `@` in their names, `name_of`.
    """
    steps = [task(key) for key in keys]
    latest = {step: number for number, step in enumerate(steps)}
    return [latest[step] != number for number, step in enumerate(steps)]


def _parts(spawn_key: str) -> tuple[str, int]:
    name, mark, number = spawn_key.rpartition(_MARK)
    return (name, int(number)) if mark and number.isdecimal() else (spawn_key, 1)
