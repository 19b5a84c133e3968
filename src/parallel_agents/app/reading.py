"""Reading: opens a store only to look at it; whoever only looks loads neither models nor tools."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from parallel_agents.app.missing import STORE_NAME as STORE_NAME, tell_missing
from parallel_agents.app.secrets import know
from parallel_agents.app.sharing import sharing_of
from parallel_agents.artifacts import ArtifactFolder
from parallel_agents.core.inspection import Journal, ModelLimits
from parallel_agents.core.owner import Role
from parallel_agents.core.row import Row
from parallel_agents.core.shared_reads import SharedReads
from parallel_agents.core.store import Store
from parallel_agents.core.transcript_search import TranscriptSearch
from parallel_agents.core.verbs import Listens, SessionReads
from parallel_agents.engines.ownership import DeathWatch, mark_dead, this_process
from parallel_agents.errors import NotFound
from parallel_agents.files import make_private_folders
from parallel_agents.gateway_client.refusals import not_at_distance
from parallel_agents.live_text.folder import LiveTextFolder
from parallel_agents.live_text.home_listening import HomeListening
from parallel_agents.other_threads import threads_to_the_end
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.inspection import StoreJournal, StoreLimits
from parallel_agents.sessions.reading import StoreReads
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_reading import Form, ReadingStore, look_at

if TYPE_CHECKING:
    from parallel_agents.app.readiness import Readiness
    from parallel_agents.searching.store_search import StoreSearch

_log = logging.getLogger(__name__)
_OTHER_VERSION = {
    Form.OLDER: "store %s has version %d: it is read as it is; the first command that writes upgrades"
    " it, and keeps a copy",
    Form.NEWER: "store %s has version %d: a newer version of pagents wrote it, and what this one does"
    " not know is shown as unknown",
}


class Reader:
    """What can be seen of a store.

    Attributes:
        sessions: the verbs that only look.
        journal: the events, and how sessions are doing.
        limits: how fast models may be called.
        now: seconds since 1970 on the store's clock.
        listening: hears what models write; None where nobody may.
    """

    listening: Listens | None = None

    def __init__(
        self,
        sessions: SessionReads,
        journal: Journal,
        limits: ModelLimits,
        now: Callable[[], float],
        shared: SharedReads,
        transcripts: Callable[[], TranscriptSearch],
    ) -> None:
        self._shared = shared
        self._made = transcripts
        self.sessions = sessions
        self.journal = journal
        self.limits = limits
        self.now = now
        self._search: TranscriptSearch | None = None

    @property
    def sharing(self) -> SharedReads:
        """What the sessions of each tree share."""
        return self._shared

    @property
    def transcripts(self) -> TranscriptSearch:
        """Finds texts in all sessions; made when it is first asked for."""
        if self._search is None:
            self._search = self._made()
        return self._search

    def lacks(self, row: Row) -> str:
        """What this process lacks to continue a run; empty if nothing."""
        del row
        return ""

    def needs_program(self, row: Row) -> bool:
        """Whether only a Python program that passes what is lacking can continue a run."""
        del row
        return False

    async def notice_deaths(self) -> None:
        """Mark the processes that have died, so that what they executed is seen to be left."""


class StoreReader(Reader):
    """What can be seen of a store of this machine."""

    def __init__(
        self, environment: Environment, settings: Settings, store: Store, *, keeps_index: bool
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._readiness: Readiness | None = None
        self._store = store
        self._deaths = DeathWatch(this_process(Role.SCRIPT))
        self.completions = Completions(store)
        self._keeps_index = keeps_index
        self._transcripts: StoreSearch | None = None
        super().__init__(
            StoreReads(store, self.completions),
            StoreJournal(store, store.now, settings.stuck_rules),
            StoreLimits(store),
            store.now,
            sharing_of(settings, store, ArtifactFolder(environment.home)),
            self._search_of_store,
        )

    def _search_of_store(self) -> TranscriptSearch:
        from parallel_agents.searching.store_search import StoreSearch  # noqa: PLC0415 - few ask

        self._transcripts = StoreSearch(
            self._store, self._environment.home, keeps_index=self._keeps_index
        )
        return self._transcripts

    @override
    def lacks(self, row: Row) -> str:
        return self._ready().lacks(row)

    @override
    def needs_program(self, row: Row) -> bool:
        return self._ready().needs_program(row)

    def _ready(self) -> Readiness:
        if self._readiness is None:
            # Models take longer to load than all the rest, and few runs wait for anything.
            from parallel_agents.app.readiness import make_readiness  # noqa: PLC0415 - heavy

            self._readiness = make_readiness(self._environment, self._settings)
        return self._readiness

    @override
    async def notice_deaths(self) -> None:
        await mark_dead(self._store, self._deaths)

    async def aclose(self) -> None:
        """Release what was loaded."""
        self.completions.close()
        if self._transcripts is not None:
            self._transcripts.close()
        if self._readiness is not None:
            await self._readiness.models.aclose()


@asynccontextmanager
async def open_reader(environment: Environment, settings: Settings) -> AsyncGenerator[Reader]:
    """The verbs that only read, on any store that can be read; creates and upgrades none.

    A store that is not there reads as an empty one, and the log says so. One that this process
    cannot write, or that another version wrote, is read as it is.

    Raises:
        StoreError: the store cannot be read.
    """
    if environment.gateway:
        async with _open_distant(environment) as reader:
            yield reader
        return
    async with AsyncExitStack() as stack:
        stack.enter_context(threads_to_the_end())
        await asyncio.to_thread(know, environment, settings)
        path = environment.home / STORE_NAME
        found = await asyncio.to_thread(look_at, path)
        if found.form is Form.WRITABLE:
            store: Store = await open_and_look(stack, environment, settings)
        elif found.form is Form.MISSING:
            tell_missing(environment)
            store = MemoryStore()
        else:
            kept = settings.dead_letter_seconds
            store = reading = await ReadingStore.open(path, dead_letter_seconds=kept)
            stack.push_async_callback(reading.aclose)
            if found.form is not Form.READ_ONLY:
                _log.warning(_OTHER_VERSION[found.form], path, found.version)
        is_writable = found.form is Form.WRITABLE
        yield _reader(stack, environment, settings, store, keeps_index=is_writable)


@asynccontextmanager
async def open_follower(environment: Environment, settings: Settings) -> AsyncGenerator[Reader]:
    """Like `open_reader`, for a store that is there and in which something may still happen.

    Raises:
        NotFound: there is no store.
        StoreError: it cannot be written.
    """
    if environment.gateway:
        async with _open_distant(environment) as reader:
            yield reader
        return
    check_exists(environment)
    async with AsyncExitStack() as stack:
        stack.enter_context(threads_to_the_end())
        await asyncio.to_thread(know, environment, settings)
        store = await open_and_look(stack, environment, settings)
        reader = _reader(stack, environment, settings, store, keeps_index=True)
        listening = HomeListening(LiveTextFolder(environment.home))
        reader.listening = await stack.enter_async_context(listening)
        yield reader


def _reader(
    stack: AsyncExitStack,
    environment: Environment,
    settings: Settings,
    store: Store,
    *,
    keeps_index: bool,
) -> StoreReader:
    reader = StoreReader(environment, settings, store, keeps_index=keeps_index)
    stack.callback(store.on_failure(reader.completions.fail))
    stack.push_async_callback(reader.aclose)
    return reader


@asynccontextmanager
async def _open_distant(environment: Environment) -> AsyncGenerator[Reader]:
    from parallel_agents.app.distant import open_distant  # noqa: PLC0415 - few ask another machine

    async with open_distant(environment) as distant:
        reader = Reader(
            distant.sessions,
            distant.journal,
            distant.limits,
            distant.now,
            distant.sharing,
            lambda: distant.transcripts,
        )
        reader.listening = distant.sessions
        yield reader


def check_is_here(environment: Environment) -> None:
    """Refuse to use the store of this machine while a distant gateway is named.

    Raises:
        NotAtDistance: one is.
    """
    if environment.gateway:
        raise not_at_distance(
            "using the store of this machine",
            "do it on the machine on which the gateway runs; or leave --url out and unset PARALLEL_AGENTS_URL, to do it on this machine",
        )


def check_exists(environment: Environment) -> None:
    """Refuse to look for something in a store that is not there.

    Raises:
        NotFound: there is no store.
        NotAtDistance: a distant gateway is named.
    """
    check_is_here(environment)
    if not (environment.home / STORE_NAME).exists():
        raise NotFound(
            f"there is no store in {environment.home}",
            why="nothing has run there yet; nothing was created",
            hint="check --home, in Python home=, and PARALLEL_AGENTS_HOME; `pagents run` and `pagents spawn` make a store",
        )


async def open_and_look(
    stack: AsyncExitStack, environment: Environment, settings: Settings
) -> SqliteStore:
    """The store of a home folder, in which the processes that have died are marked dead.

    Without an engine, nobody else may look.
    """
    store = await open_store(stack, environment, settings)
    await mark_dead(store, DeathWatch(this_process(Role.SCRIPT)))
    return store


def _make(home: Path) -> bool:
    """Make a home folder, and return whether this call did; if it cannot be made, the store says why."""
    try:
        return make_private_folders(home)
    except OSError:
        return False


async def open_store(
    stack: AsyncExitStack, environment: Environment, settings: Settings
) -> SqliteStore:
    """The store of a home folder, made or brought up to date if necessary.

    Raises:
        NotAtDistance: a distant gateway is named.
        StoreError: it cannot be opened.
    """
    check_is_here(environment)
    is_new = not environment.home.exists() and await asyncio.to_thread(_make, environment.home)
    store = await SqliteStore.open(
        environment.home / STORE_NAME,
        is_full_sync=settings.full_sync,
        dead_letter_seconds=settings.dead_letter_seconds,
    )
    if is_new and environment.is_home_chosen:
        _log.warning("made the folder %s, with a new store", environment.home)
    stack.push_async_callback(store.aclose)
    return store
