"""Care: what a person does for a store: look at its size, prune it, copy it, and shrink its file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app.missing import STORE_NAME
from parallel_agents.app.reading import check_exists, open_and_look
from parallel_agents.app.unreferenced import Unreferenced
from parallel_agents.artifacts import ArtifactFolder
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.limits import DAY_SECONDS
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter, Store
from parallel_agents.core.store_care import (
    Pages,
    PrunePlan,
    Retention,
    Size,
    Step,
    StoreSizes,
    Tree,
)
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import InvalidInput, PruneRefused, StoreInUse, StoreUnreachable
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.reading import StoreReads
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.sqlite_copies import Copied, copy_store
from parallel_agents.stores.sqlite_file import wal_of
from parallel_agents.stores.sqlite_reading import ReadingStore
from parallel_agents.stores.sqlite_vacuum import check_room, empty_log, find_damage, write_anew
from parallel_agents.workspaces.names import rooms
from parallel_agents.workspaces.tending import size_of

_USUAL = Retention(older_than=30 * DAY_SECONDS)
_MOST_FAULTS = 10
_TREES_AT_ONCE = 200
_PERSON = "asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a home holds.

    Attributes:
        log: the bytes of SQLite's write-ahead log.
        contents: the contents of artifacts as files, and the bytes that they take up.
        workspaces: the copies that sessions work in.
        backups: the copies of the store that upgrades have left beside it.
        retention: by which `prunable` was found: that of the settings, or 30 days.
    """

    sizes: StoreSizes
    log: int
    contents: Size
    workspaces: Size
    backups: Size
    retention: Retention
    prunable: PrunePlan


class Pruning(NamedTuple):
    """What a pruning removed.

    Attributes:
        contents: the contents of artifacts that nothing refers to any more.
        workspaces: those of sessions that are gone.
        pages: of the store afterwards.
    """

    step: Step
    contents: Size
    workspaces: Size
    pages: Pages


class Vacuumed(NamedTuple):
    """The bytes of a store's file before and after, and whether it was written anew as a whole."""

    before: int
    after: int
    is_anew: bool


@asynccontextmanager
async def open_care(environment: Environment, settings: Settings) -> AsyncGenerator[Care]:
    """The care of a store that is there.

    Raises:
        NotFound: there is no store.
        StoreError: it cannot be written.
    """
    check_exists(environment)
    async with AsyncExitStack() as stack:
        store = await open_and_look(stack, environment, settings)
        yield _care(stack, store, environment, settings)


@asynccontextmanager
async def open_care_reading(environment: Environment, settings: Settings) -> AsyncGenerator[Care]:
    """The same, only to look at the store or to copy it: nothing is written into it.

    Raises:
        NotFound: there is no store.
        StoreError: it cannot be read.
    """
    check_exists(environment)
    path = environment.home / STORE_NAME
    async with AsyncExitStack() as stack:
        store = await ReadingStore.open(path, dead_letter_seconds=settings.dead_letter_seconds)
        stack.push_async_callback(store.aclose)
        yield _care(stack, store, environment, settings)


def _care(
    stack: AsyncExitStack, store: Store, environment: Environment, settings: Settings
) -> Care:
    completions = Completions(store)
    stack.callback(completions.close)
    return Care(store, StoreReads(store, completions), environment, settings)


@checked_methods
class Care:
    """The care of one store.

    Args:
        store: the open store.
        sessions: finds the trees that are named.
        environment: says where the store is, and who cares for it.
    """

    def __init__(
        self, store: Store, sessions: SessionReads, environment: Environment, settings: Settings
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._home = environment.home
        self._user = environment.user
        self._settings = settings
        self._files = Unreferenced(store, environment.home)

    @property
    def _path(self) -> Path:
        path = self._home / STORE_NAME
        if not path.exists():
            raise StoreUnreachable(
                f"there is no file {path}",
                why="the store is only in this process's memory",
                hint="open a store in a home folder",
            )
        return path

    async def stats(self) -> Stats:
        """What the home holds, and what a pruning would free; reads every page that has events."""
        path = self._home / STORE_NAME
        retention = self._settings.retention if self._settings.retention.is_set else _USUAL
        return Stats(
            sizes=await self._store.sizes(),
            log=_size(wal_of(path)),
            contents=await self.contents(),
            workspaces=await asyncio.to_thread(_workspaces, self._home),
            backups=_backups(path),
            retention=retention,
            prunable=await self.plan(retention),
        )

    async def contents(self) -> Size:
        """The contents of artifacts as files, and the bytes that they take up."""
        return await asyncio.to_thread(_contents, self._home)

    async def plan(self, retention: Retention) -> PrunePlan:
        """What a pruning would remove now, and what is old enough and stays."""
        return await self._store.plan_pruning(retention, await self._files.unmerged_trees())

    async def named(self, names: Sequence[str]) -> Sequence[Tree]:
        """The trees with these names, with why they stay.

        Raises:
            NotFound, Ambiguous: a name is not that of one tree.
            PruneRefused: one has to stay.
            InvalidInput: a name is that of a session below a tree's root.
        """
        rows = [await self._sessions.find(name) for name in names]
        below = next((row for row in rows if row.session.parent), None)
        if below is not None:
            raise InvalidInput(
                f"{below.session.label} is a part of {below.session.root}",
                why="a tree leaves the store as a whole",
                hint="name the tree",
            )
        roots = list(dict.fromkeys(row.session.key for row in rows))
        trees = await self._store.trees(roots, await self._files.unmerged_trees())
        for tree in trees:
            if tree.held is not None and tree.held.is_final:
                raise PruneRefused(
                    f"{tree.label or tree.key} {tree.held.text}",
                    hint="see `pagents show`; wait for it, or end it with `pagents kill`",
                )
        return trees

    async def prune(
        self,
        trees: Sequence[Tree],
        *,
        is_named: bool = False,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> Pruning:
        """Remove trees, and what was left of an earlier pruning, in small steps; then files.

        Whoever else writes waits for no more than one step. A process that dies on the way leaves
        a store that is intact, and the next pruning removes the rest.

        Args:
            trees: as `plan` or `named` returned them.
            is_named: whether they were named, so that dead letters and flows keep none.
            on_step: called after each step that removed something, with all that was removed so far.

        Raises:
            PruneRefused: what would go does not match the chain; see `pagents audit --verify`.
        """
        keys = [tree.key for tree in trees]
        done = Step()
        while not done.is_done or keys:
            part, keys = keys[:_TREES_AT_ONCE], keys[_TREES_AT_ONCE:]
            step = await self._store.prune_step(part, by=self._user, why=_PERSON, is_named=is_named)
            if part and step == Step():
                keys = [*part, *keys]  # it shared a transaction with another step
            done = done.plus(step)
            if step.runs:
                on_step(done)
        contents, workspaces = await self._files.clear()
        return Pruning(done, contents, workspaces, await self._store.pages())

    async def backup(
        self, target: Path, on_progress: Callable[[int, int], None] = lambda left, all: None
    ) -> Copied:
        """Copy the store into a new file, as it is at one moment, and check the copy.

        Runs continue meanwhile. The contents of artifacts are not in it: copy their folder after it.

        Raises:
            InvalidInput: the file exists, or its folder does not.
            NoRoom, BackupFailed: the copy was not made.
        """
        path, is_over = self._path, threading.Event()

        def progress(left: int, pages: int) -> None:
            if is_over.is_set():
                raise InterruptedError("the copy was interrupted")
            on_progress(left, pages)

        try:
            return await asyncio.to_thread(copy_store, path, target, progress)
        except asyncio.CancelledError:
            is_over.set()
            raise

    async def vacuum(
        self,
        *,
        while_running: bool = False,
        on_pages: Callable[[Pages], None] = lambda pages: None,
    ) -> Vacuumed:
        """Give the space that prunings left back to the disk.

        A store that was made by an earlier version is written anew as a whole, once.

        Args:
            while_running: do that even if runs are being executed, which wait meanwhile.
            on_pages: called with what is left, after each part.

        Raises:
            StoreInUse: runs are being executed.
            NoRoom: the disk has too little room to write the store anew.
        """
        path, pages = self._path, await self._store.pages()
        before, is_anew = pages.file, not pages.can_shrink
        if is_anew:
            if not while_running:
                await self._check_idle()
            check_room(path, pages)
            await asyncio.to_thread(write_anew, path)
        while not is_anew and pages.free:
            left = await self._store.shrink_step()
            if left.free >= pages.free:
                break
            pages = left
            on_pages(pages)
        await asyncio.to_thread(empty_log, path)
        return Vacuumed(before, (await self._store.pages()).file, is_anew)

    async def _check_idle(self) -> None:
        rows = await self._store.rows(Filter(is_live=True, statuses=(RunStatus.RUNNING,)))
        running = sum(row.owner_state is OwnerState.LIVE for row in rows)
        if running:
            raise StoreInUse(
                f"{running:,} runs are being executed, and could store nothing meanwhile",
                why="an earlier version made this store, so it has to be written anew as a whole, once",
                hint="wait until they have ended, or let them wait with --while-running, in Python while_running=True",
            )

    async def check(self) -> Sequence[str]:
        """What is wrong with the file, with its journal, and with the contents of artifacts.

        Returns:
            The first faults in words; empty if all is intact.
        """
        damage = await asyncio.to_thread(find_damage, self._path, _MOST_FAULTS)
        if damage:
            return damage
        audit = await self._store.verify_new()
        faults = [] if audit.is_intact else list(audit.faults)
        return (*faults, *await self._missing_contents())

    async def _missing_contents(self) -> Sequence[str]:
        stored = await asyncio.to_thread(ArtifactFolder(self._home).older_than, 0.0)
        there = {each.id for each in stored}
        records = await self._store.artifacts()
        gone = {r.artifact.id: r for r in records if r.artifact.id not in there}
        return [
            f"the content of the artifact {record.artifact.name} of {record.tree} is gone"
            for record in list(gone.values())[:_MOST_FAULTS]
        ]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _contents(home: Path) -> Size:
    stored = ArtifactFolder(home).older_than(0.0)
    return Size(len(stored), sum(each.size for each in stored))


def _workspaces(home: Path) -> Size:
    folder = rooms(home)
    if not folder.is_dir():
        return Size()
    return Size(sum(each.is_dir() for each in folder.iterdir()), size_of(folder))


def _backups(path: Path) -> Size:
    found = list(path.parent.glob(f"{path.name}.v*.bak"))
    return Size(len(found), sum(map(_size, found)))
