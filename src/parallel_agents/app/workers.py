"""Workers: background processes that execute what other processes leave in the store."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Thread

from parallel_agents.app.rules import RunRules
from parallel_agents.core.engine import Scope
from parallel_agents.core.event import Event, Finished, Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, is_group_key
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter, Store
from parallel_agents.engines.ownership import find_workers, this_process
from parallel_agents.engines.team_bounds import kept_bound
from parallel_agents.files import open_private
from parallel_agents.interpreter import python_command
from parallel_agents.lock import hold, is_held

LOG_NAME = "worker.log"
_CLAIM_SECONDS = 1.0
_LOCK = re.compile(r"worker(-[0-9a-f]{16})?\.lock")
# A log that is larger when a worker starts becomes `worker.log.1`, in place of an earlier one.
_LOG_BYTES = 8 << 20


class Workers:
    """The workers of a store.

    Args:
        rules: decide whether a worker has a free slot for a run; workers have the same settings.
        home: the folder that a new worker opens.
        project: the project folder that this process uses; empty for none.
        linger_seconds: how long a worker that is started here stays when it has nothing to do; None
            for as long as workers do by themselves.
    """

    def __init__(
        self,
        store: Store,
        rules: RunRules,
        home: Path,
        project: str = "",
        *,
        linger_seconds: float | None = None,
    ) -> None:
        self._store = store
        self._rules = rules
        self._home = home
        self._project = project
        self._linger_seconds = linger_seconds

    def lingering(self, seconds: float) -> Workers:
        """These workers, of which those that are started stay that long when they have nothing to do."""
        return Workers(self._store, self._rules, self._home, self._project, linger_seconds=seconds)

    async def ensure(self, session: SessionKey, run: RunId) -> bool:
        """Make sure that a worker executes a run; return whether one was started for it.

        The run must be in the store already: a worker that is about to leave looks once more after
        it has announced that. A live worker may lack what the run needs, such as a key that was set
        later. So if it has a free slot and has not claimed the run within about a second, another
        one starts.
        """
        project = await self._project_of(run)
        folder = None if project == self._project else _folder_of(project, self._home)
        if await self._is_served(session, run, project):
            return False
        # Who else has just started a worker holds the lock until that one is at work.
        async with hold(self._home / _lock_name(project)) as lock:
            if await self._is_served(session, run, project):
                return False
            await asyncio.to_thread(_start, self._home, folder, lock, self._linger_seconds)
        return True

    async def _is_served(self, session: SessionKey, run: RunId, project: str) -> bool:
        """Whether a live worker executes the run, or will once it can."""
        claim = _ClaimListener(self._store, run)
        try:
            here = this_process(Role.SCRIPT, project)
            workers = await find_workers(self._store, here, self._store.now())
            return bool(workers) and await self._is_taken_care_of(session, run, workers, claim)
        finally:
            claim.close()

    async def _project_of(self, run: RunId) -> str:
        """The project folder that a run needs; only workers that use it can execute the run."""
        (row,) = await self._store.rows(Filter(run=run))
        needs = row.session.options.needs
        return self._project if needs is None else needs.project

    async def hand_over(self, owner: OwnerId) -> int:
        """Release the runs of a process that has ended, and have a worker continue them.

        Without this they would wait until somebody asks for them by name.

        Returns:
            The number of these runs.
        """
        left = await self._store.rows(Filter(owner=owner))
        await self._store.release(owner, [row.run.id for row in left])
        if left:
            await self.ensure(left[0].session.key, left[0].run.id)
        return len(left)

    async def _is_taken_care_of(
        self, session: SessionKey, run: RunId, workers: Sequence[Owner], claim: _ClaimListener
    ) -> bool:
        """Whether the run is claimed, or will be once another run has ended."""
        chosen = Filter(session=session, is_live=True, every_run=True)
        of_session = await self._store.rows(chosen)
        if any(row.owner_state is OwnerState.LIVE for row in of_session):
            return True
        asked = next((row for row in of_session if row.run.id == run), None)
        if asked is None or not await self._can_begin(asked, workers):
            return True
        # Slots that were free may be taken by others meanwhile.
        return await claim.comes_soon() or not await self._can_begin(asked, workers)

    async def _can_begin(self, asked: Row, workers: Sequence[Owner]) -> bool:
        """Whether one of the workers has a free slot for a run, as far as slots go."""
        live = await self._store.rows(Filter(is_live=True, every_run=True))
        bounds = await self._bounds_of(asked)
        return any(self._has_free_slot(worker, bounds, live) for worker in workers)

    async def _bounds_of(self, asked: Row) -> Mapping[Scope, int | None]:
        """The scopes in which a run takes a slot, with their limits, including that of its team."""
        bounds = self._rules.scopes_of(asked)
        team = Scope("team", asked.session.root)
        if team in bounds and is_group_key(asked.session.root):
            bounds[team] = await kept_bound(self._store, asked.session.root)
        return bounds

    def _has_free_slot(
        self, worker: Owner, bounds: Mapping[Scope, int | None], live: Sequence[Row]
    ) -> bool:
        """Whether a worker has a free slot in each scope, given its running runs."""
        used: Counter[Scope] = Counter()
        for row in live:
            is_running = row.run.status is RunStatus.RUNNING and not row.session.paused_by
            if row.run.owner == worker.id and is_running:
                used.update(self._rules.scopes_of(row).keys())
        return all(bound is None or used[scope] < bound for scope, bound in bounds.items())


class _ClaimListener:
    """Hears from the store when a run is claimed, from its construction on."""

    def __init__(self, store: Store, run: RunId) -> None:
        self._run = run
        self._claimed = asyncio.Event()
        self.close = store.subscribe(self._hear)

    def _hear(self, events: Sequence[Event]) -> None:
        if any(e.run == self._run and isinstance(e.body, Started | Finished) for e in events):
            self._claimed.set()

    async def comes_soon(self) -> bool:
        try:
            async with asyncio.timeout(_CLAIM_SECONDS):
                await self._claimed.wait()
        except TimeoutError:
            return False
        return True


def _folder_of(project: str, home: Path) -> Path:
    """Where a process finds this project around it, or none."""
    return Path(project).parent if project else home


def _lock_name(project: str) -> str:
    """The file that is locked while a worker of a project folder starts."""
    return f"worker-{sha256(project.encode()).hexdigest()[:16]}.lock" if project else "worker.lock"


def is_starting(home: Path) -> bool:
    """Whether a worker of this home has been started that is not at work yet."""
    return any(_LOCK.fullmatch(file.name) and is_held(file) for file in home.glob("worker*.lock"))


def _start(home: Path, folder: Path | None, lock: int, linger_seconds: float | None) -> None:
    """Start a worker in a folder, or in this process's own, that holds `lock` until it is at work."""
    command = python_command("parallel_agents", "work", "--home", str(home))
    if linger_seconds is not None:
        command += ["--linger", str(linger_seconds)]
    inherited: tuple[int, ...] = ()
    if os.name == "posix":
        inherited = (lock,)
        command += ["--lock", str(lock)]
    with suppress(FileNotFoundError):
        if (home / LOG_NAME).stat().st_size > _LOG_BYTES:
            (home / LOG_NAME).replace(home / f"{LOG_NAME}.1")
    with open_private(home / LOG_NAME) as log:
        process = subprocess.Popen(  # noqa: S603 - our own command, in a session of its own
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,
            pass_fds=inherited,
        )
    # It outlives this process, unless it ends first: then the system wants it waited for.
    Thread(target=process.wait, name="pagents-worker", daemon=True).start()
