"""Letters: the dead letters of a task, whichever of its tries has failed last."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.retry_keys import is_same_task, next_key
from parallel_agents.core.row import Row
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Store


async def letters_of(store: Store, chosen: DeadLetterFilter) -> list[DeadLetter]:
    """Those that a filter selects; by a session that has none any more, those of later tries of its task.

    A retry that fails replaces the dead letter that it was a retry of.
    """
    letters = await store.dead_letters(chosen)
    if letters or chosen.tree is None:
        return letters
    found = await store.rows(Filter(session=chosen.tree))
    tasks = [row.session for row in found if not row.run.kind.is_group]
    return await _of_task(store, tasks[0], chosen) if tasks else []


async def latest_of(store: Store, letter: DeadLetter) -> DeadLetter | None:
    """The dead letter as it is now, or the one that has replaced it; None if its task has none any more."""
    chosen = DeadLetterFilter(run=letter.run.id, killed=bool(letter.killed_by))
    letters = await store.dead_letters(chosen)
    letters = letters or await _of_task(store, letter.session, DeadLetterFilter())
    return letters[0] if letters else None


async def last_retry(store: Store, session: Session) -> Row | None:
    """The latest retry of the task that a session was a try of; None without any."""
    latest, key = None, session.spawn_key
    while True:
        key, _ = next_key(key)
        if session.parent is None:
            chosen = Filter(prefix=key, roots_only=True)
        else:
            children = await store.children_named(session.parent, [key])
            chosen = Filter(sessions=tuple(child.session for child in children))
        rows = [row for row in await store.rows(chosen) if row.session.spawn_key == key]
        if not rows:
            return latest
        latest = rows[0]


async def _of_task(store: Store, session: Session, chosen: DeadLetterFilter) -> list[DeadLetter]:
    agent = chosen.agent or session.agent.name  # a retry is by the same one
    letters = await store.dead_letters(replace(chosen, tree=None, agent=agent))
    return [letter for letter in letters if is_same_task(letter.session, session)]
