"""Left to workers: what dead processes left, in a process that stays only for its own work.

A call that such a process begins for somebody else would hold back its end, or be cut off by it and paid
for again. So workers get all that a worker can execute. What needs the tools or models of a program is
taken over by the next program that has them, which lets a call in flight end before it leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from parallel_agents.app.readiness import Readiness, make_readiness
from parallel_agents.app.workers import Workers
from parallel_agents.core.ids import RunId, short
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter, Store
from parallel_agents.engines.adoption import Adopted, sort_orphans
from parallel_agents.errors import PagentsError
from parallel_agents.setting_sources import load
from parallel_agents.settings import Environment

_SHOWN = 5


class LeftToWorkers:
    """Which orphans workers get.

    Args:
        environment: where workers find their settings, which are not those of a program.
        say: tells a person who executes what.

    Attributes:
        adopted: what this process takes over itself; it knows the trees that this one is asked for.
    """

    def __init__(
        self,
        environment: Environment,
        store: Store,
        workers: Workers,
        say: Callable[[str], None],
    ) -> None:
        self._environment = environment
        self._store = store
        self._workers = workers
        self.adopted = Adopted(self.choose)
        self._say = say
        self._readiness: Readiness | None = None
        self._told: set[tuple[RunId, int]] = set()  # by their runs and epochs

    async def choose(self, orphans: Sequence[Row]) -> Sequence[Row]:
        """Those that no worker can execute."""
        left = {row.run.id for row in await self._for_workers(orphans)}
        return [row for row in orphans if row.run.id not in left]

    async def sweep(self) -> None:
        """Have workers execute what is theirs, and say so once of what a dead process left."""
        orphans = await self._store.rows(Filter(orphaned=True))
        left = await self._for_workers(
            [row for row in orphans if not self.adopted.is_asked_for(row)]
        )
        new = [row for row in left if (row.run.id, row.run.epoch) not in self._told]
        if not new:
            return
        self._told.update((row.run.id, row.run.epoch) for row in new)
        dead = [row for row in new if row.owner_state is OwnerState.DEAD]
        try:
            for row in {_project_of(row): row for row in reversed(new)}.values():
                await self._workers.ensure(row.session.key, row.run.id)
        except (OSError, PagentsError) as error:
            self._say(
                f"No worker could be started for what was left, {_names_of(new)} ({error}); "
                "`pagents work` executes it."
            )
        else:
            if dead:
                names = _names_of(dead)
                self._say(f"A dead process had left {names}; a background worker continues it now.")

    async def finish(self) -> None:
        """The same at the end, and say for whom this process still waits."""
        await self.sweep()
        if rows := self.adopted.rows:
            self._say(
                f"Letting a call of {_names_of(rows)} end, which was taken over from a dead process."
            )

    async def aclose(self) -> None:
        if self._readiness is not None:
            await self._readiness.models.aclose()

    async def _for_workers(self, orphans: Sequence[Row]) -> Sequence[Row]:
        if not orphans:
            return []
        if self._readiness is None:
            try:
                self._readiness = await asyncio.to_thread(_of_workers, self._environment)
            except PagentsError:  # nor could a worker start with these settings
                return []
        return sort_orphans(orphans, self._readiness.lacks).able


def _of_workers(environment: Environment) -> Readiness:
    return make_readiness(environment, load(environment).settings)


def _project_of(row: Row) -> str | None:
    """The project folder that a run needs, which has a worker of its own."""
    needs = row.session.options.needs
    return None if needs is None else needs.project


def _names_of(rows: Sequence[Row]) -> str:
    roots = {row.session.key: row.session.name for row in rows}
    trees = [roots.get(row.session.root, short(row.session.root)) for row in rows]
    names = list(dict.fromkeys(trees))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
