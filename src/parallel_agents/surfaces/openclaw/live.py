"""Live: the verbs for code that is not async, on one loop in a thread that the process shares.

It opens on first use. When the interpreter exits, model calls in flight can finish and are stored;
a background worker continues unfinished runs, so that nothing is lost.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from parallel_agents.app.client import App
from parallel_agents.app.farewell import say
from parallel_agents.app.opening import open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.ending import before_executors_end
from parallel_agents.errors import PagentsError
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.local.fetch import Progress
from parallel_agents.session_tools.context import Requester
from parallel_agents.setting_sources import load
from parallel_agents.settings import (
    Environment,
    Settings,
    read_environment,
)
from parallel_agents.signals import result_of
from parallel_agents.surfaces.openclaw.identity import requester_of

T = TypeVar("T")
_PATIENCE_SECONDS = 1.0


class Live:
    """An open app on a loop of its own; every call waits for its answer.

    Raises:
        ConfigError, StoreError: from `__init__`; the settings or the store cannot be used.
    """

    def __init__(self, environment: Environment, settings: Settings) -> None:
        self._environment = environment
        self._settings = settings
        self._opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, App]] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, name="pagents-live", daemon=True)
        self._thread.start()
        self._loop, self._closing, self._app = result_of(self._opened)

    @property
    def requester(self) -> Requester:
        """The caller: the session that this process was started for, or a client."""
        return requester_of(self._environment, self._settings.parent_session)

    def call(self, name: str, arguments: JsonObject) -> JsonObject:
        """Call a session tool, and return its result.

        Raises:
            KeyError: there is no such tool.
            StoreError, LeftRun: the store failed, or this process is ending.
        """
        return self.do(lambda app: app.session_tools.call(name, arguments, self.requester))

    def do(self, work: Callable[[App], Coroutine[None, None, T]]) -> T:
        """Run `work` on the loop; Ctrl-C interrupts the wait, not what was spawned."""
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "this is the event loop's own thread: await the async functions instead"
            )
        future = asyncio.run_coroutine_threadsafe(work(self._app), self._loop)
        try:
            return result_of(future)
        except KeyboardInterrupt:
            future.cancel()
            raise

    def close(self) -> None:
        """Let calls in flight end, and leave unfinished runs to a worker; Ctrl-C stops waiting."""
        if self._ended.done():
            return
        self._loop.call_soon_threadsafe(self._closing.set)
        try:
            with suppress(TimeoutError):
                result_of(self._ended, _PATIENCE_SECONDS)
            if not self._ended.done():
                say("waiting for model calls in flight; Ctrl-C stops waiting")
            # Not with `join`: after an interrupt it takes a running thread for one that has ended.
            result_of(self._ended)
        except KeyboardInterrupt:
            self._loop.call_soon_threadsafe(self._app.cancel_all)
            result_of(self._ended)

    def _serve(self) -> None:
        try:
            asyncio.run(self._work())
        except Exception as error:  # noqa: BLE001 - the thread's edge: its opener raises it
            if self._opened.done():
                say(f"the store could not be closed cleanly: {error}")
            else:
                self._opened.set_exception(error)
        finally:
            self._ended.set_result(None)

    async def _work(self) -> None:
        parts = Parts(on_fetch=_FetchNote(), client=self.requester.client)
        async with open_app(self._environment, self._settings, parts) as app:
            await _say_embedded(app)
            closing = asyncio.Event()
            self._opened.set_result((asyncio.get_running_loop(), closing, app))
            await closing.wait()
            owner, is_over = app.owner, app.is_idle
        if not is_over:
            async with open_client(self._environment, self._settings) as client:
                count = await client.workers.hand_over(owner)
            if count:
                say(f"{count} unfinished: continuing in the background; see `pagents list`")


class _Shared:
    """The process's own Live; a fork of the process opens another.

    Attributes:
        guard: guards `current`, so that two threads open only one.
    """

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.current: Live | None = None
        self.process = 0

    def get(self) -> Live:
        with self.guard:
            if self.current is None or self.process != os.getpid():
                self.current = _open()
                self.process = os.getpid()
                if not before_executors_end(self.close):
                    atexit.register(self.close)
            return self.current

    def close(self) -> None:
        if self.current is not None and self.process == os.getpid():
            self.current.close()
            self.current = None


def _open() -> Live:
    environment = read_environment()
    return Live(environment, load(environment).settings)


_shared = _Shared()


def live() -> Live:
    """The `Live` of this process, opened on first use.

    Raises:
        ConfigError, StoreError: the settings or the store cannot be used.
    """
    return _shared.get()


async def _say_embedded(app: App) -> None:
    """Print a note if nobody chose a model and no key is set."""
    with suppress(PagentsError):
        plan = await app.sessions.plan_task(Task(app.settings.default_agent, "-"))
        if app.settings.model is None and plan.model.startswith(LOCAL):
            say("no model was chosen and no key is set: using the embedded one")


class _FetchNote:
    """Prints once that the embedded model is being fetched."""

    def __init__(self) -> None:
        self._has_printed = False

    def __call__(self, fetched: Progress) -> None:
        if not self._has_printed and fetched.total_bytes:
            self._has_printed = True
            gigabytes = fetched.total_bytes / 1e9
            say(
                f"fetching {fetched.model}, {gigabytes:.1f} GB, once; `pagents models pull` shows it"
            )
