"""Top work: reads the store and gives the verbs in a thread of its own, so that keys never wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Event as Flag, Thread
from typing import TypeVar

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.dead_letter import DeadLetter
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.pause import PAUSE, UNPAUSE
from parallel_agents.surfaces.answering import check_is_person, given_answer
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.health_signs import signs_of
from parallel_agents.surfaces.cli.kill import count
from parallel_agents.surfaces.cli.pause import told, unpaused
from parallel_agents.surfaces.cli.steer import receipt_of
from parallel_agents.surfaces.cli.top_page import page_of
from parallel_agents.views import format
from parallel_agents.views.health import Sign
from parallel_agents.views.liveness import Liveness
from parallel_agents.views.sessions import is_paused

T = TypeVar("T")


class TopWork:
    """A loop in a thread, with a store that is open to look at."""

    def __init__(self, context: CliContext) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="pagents-top", daemon=True)
        self._is_closing = Flag()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the loop; what it has begun in the store is whole or not there."""
        if not self._is_closing.is_set():
            self._is_closing.set()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        finally:
            self._loop.close()

    async def do(self, work: Coroutine[None, None, T]) -> T:
        """The result of `work`, which runs in the thread."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[Reader]:
        """A store to look at; only for work in the thread."""
        async with open_reader(self._context.environment, self._context.settings) as reader:
            yield reader

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[Acting]:
        async with open_acting(self._context.environment, self._context.settings) as client:
            yield client

    async def steer(self, session: SessionKey, text: str, tell: Callable[[str], None]) -> str:
        """Send a message to the run of a session; what became of it within a few seconds."""
        async with self._client() as client:
            row = await client.sessions.find(session)
            receipt = await client.sessions.steer(session, text)
            tell("queued: it is read before the next model call")
            (reached,) = await client.sessions.list(Filter(run=receipt.run_id))
            told = await receipt_of(client, reached, receipt)
            return f"{row.session.label}: {told}"

    async def answer(self, question: str, text: str) -> str:
        """Answer a question; what was answered."""
        check_is_person(self._context.environment)
        async with self._client() as client:
            waiting = {each.id: each for each in await client.sessions.questions()}
            given = given_answer(waiting.get(question), text)
            answered = await client.sessions.answer(question, given)
            await _continue(client, answered.session, answered.run)
            return f"{answered.id} answered: {format.cut(text, 60)}"

    async def kill(self, session: SessionKey, *, dry_run: bool) -> tuple[str, bool]:
        """End a session and all below it, or say what would end; and whether that is anything."""
        async with self._client() as client:
            liveness = Liveness.of(await client.journal.owners(), client.now())
            killed = await client.sessions.kill(session, dry_run=dry_run)
            verb = "would end" if dry_run else "ended"
            told = count(killed.runs, liveness)
            return f"{verb} {told}; {killed.already_over} had ended already", bool(killed.runs)

    async def pause(self, session: SessionKey) -> str:
        """Pause a session and all below it; or let them go on, if it is paused."""
        async with self._client() as client:
            row = await client.sessions.find(session)
            if is_paused(row):
                return told(UNPAUSE, row.session.label, await unpaused(client, session))
            return told(PAUSE, row.session.label, await client.sessions.pause(session))

    async def retry(self, letter: DeadLetter) -> str:
        """Run the task of a dead letter again."""
        async with self._client() as client:
            spawned = await client.sessions.retry(letter)
            await _continue(client, spawned.session_key, spawned.run_id)
            return f"{letter.session.label} runs again"

    async def page(self, session: SessionKey) -> str:
        """The address of the page of a session."""
        return await page_of(self._context.environment, session)

    def connection(self, lost: str) -> str:
        """Over a gateway, whether it answers; `lost` is of when what is shown is, if it does not."""
        if not self._context.environment.gateway:
            return ""
        return f"reconnecting, as of {lost}" if lost else "live"

    async def health(self) -> Sequence[Sign]:
        """What runs, and what of it needs a person."""
        return await signs_of(self._context)


async def _continue(client: Acting, session: SessionKey, run: RunId) -> None:
    """Have a worker execute a run, unless a living process has it."""
    (row,) = await client.sessions.rows_of([run])
    if row.owner_state is not OwnerState.LIVE:
        await client.ensure_worker(session, run)
