"""Streaming: `stream` gives each result as soon as its task has ended."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
)
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, NoReturn, Self

from parallel_agents.api.child_imports import note_child_import
from parallel_agents.api.held_loop import note_held_loop
from parallel_agents.api.opening import given_options, letting_calls_end, open_parts
from parallel_agents.api.progress import progress_bar
from parallel_agents.api.team_calls import TeamCall, Tell, begin, listed, team_of, tell_each
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.core.run import Result
from parallel_agents.core.task import OnFailure, OnFailureName, Task
from parallel_agents.core.tool import Tool
from parallel_agents.core.tracebacks import CALLERS_FRAMES
from parallel_agents.errors import AsyncMisused, InvalidInput
from parallel_agents.interrupts import unless
from parallel_agents.iterating import iterate


@checked
def stream(  # noqa: PLR0913 - as `run`
    tasks: Iterable[Task[T]] | Task[T],
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    on_failure: OnFailureName = OnFailure.KEEP_GOING,
    min_done: Count | None = None,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> Stream[T]:
    """Run tasks in parallel, and give each result as soon as its task has ended.

        for result in pa.stream(tasks):
            print(result.label, result.output)

    In async code it is `async for`. A task that fails has a result like any other, and the others
    continue. Nothing starts before the first result is asked for.

    A loop that is left begins nothing new; calls in flight end, and are stored. The same key and tasks
    continue with the rest, after they have given the results that are there.

    Args:
        tasks: see `run`; no tasks have no results.
        key: see `run`.
        model: see `run`.
        max_parallel: see `run`.
        timeout: see `run`.
        budget: see `run`.
        on_failure: see `run`.
        min_done: see `run`.
        progress: see `run`.
        home: see `Options`.
        tools: see `Options`.
        agents: see `Options`.
        gates: see `Options`.
        flows: see `Options`.
        models: see `Options`.
        settings: see `Options`.
        tags: see `Options`.

    Raises:
        InvalidInput: an argument is not valid. All other errors of `run` come with the first result.
    """
    given = listed(tasks)
    team = team_of(given, model, timeout, budget, on_failure, min_done)
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    return Stream(TeamCall(given, team, key, max_parallel, options, progress))


class Stream(Generic[T]):
    """The results of tasks in the order in which they end, for one `for` or `async for`.

    To be sure when it ends, even if the loop is left: `with pa.stream(tasks) as results`, or
    `async with`.
    """

    def __init__(self, call: TeamCall[T]) -> None:
        self._call = call
        self._is_read = False
        # Whoever leaves a `for` drops its generator, and so ends the work, unless it is kept here.
        self._sync: weakref.ref[Generator[Result[T]]] | None = None
        self._async: AsyncGenerator[Result[T]] | None = None

    def __iter__(self) -> Generator[Result[T]]:
        with CALLERS_FRAMES:
            self._check_unused()
        each = _each(self._call)
        self._sync = weakref.ref(each)
        return each

    def __aiter__(self) -> AsyncGenerator[Result[T]]:
        with CALLERS_FRAMES:
            self._check_unused()
        self._async = _aeach(self._call)
        return self._async

    def __await__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise AsyncMisused(
                "stream() is for `async for`",
                why="it gives each result as it comes; nothing was begun or paid for",
                hint="write `async for result in pa.stream(...)`, or `await pa.arun(...)` for all at once",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._sync is not None and (each := self._sync()) is not None:
            each.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._async is not None:
            await self._async.aclose()

    def _check_unused(self) -> None:
        """Refuse a second loop, which would pay for the tasks again unless they have a key.

        Raises:
            InvalidInput: it is the second.
        """
        if self._is_read:
            raise InvalidInput(
                "this stream has been iterated already",
                why="its results come once, as they end",
                hint="keep them in a list, or call stream() again with the same key",
            )
        self._is_read = True


# Neither generator knows its stream: a cycle would keep the work of a loop that is left.
def _each(call: TeamCall[T]) -> Generator[Result[T]]:
    if not call.tasks:
        return
    farewell, is_left = call.farewell, False

    async def work(stop: asyncio.Event, tell: Tell[T]) -> None:
        async with open_parts(None, call.max_parallel, call.options) as app:

            async def tell_all() -> bool:
                spawned = await begin(app, call, farewell)
                await tell_each(app, call, spawned, tell)
                return True

            if await unless(stop, tell_all()) is None and not is_left:
                await farewell.let_calls_end(app)

    note_child_import()

    note_held_loop("`async for` in place of `for`")
    results = iterate(work)
    try:
        with (
            CALLERS_FRAMES,
            progress_bar(len(call.tasks), is_wanted=call.has_progress) as show,
        ):
            for result in results:
                if show is not None:
                    show(result)
                yield result
    except GeneratorExit:
        is_left = True
        raise
    except KeyboardInterrupt:
        results.close()
        farewell.say()
        raise
    finally:
        results.close()


async def _aeach(call: TeamCall[T]) -> AsyncGenerator[Result[T]]:
    if not call.tasks:
        return
    farewell = call.farewell
    ended: asyncio.Queue[Result[T] | None] = asyncio.Queue()
    stop = asyncio.Event()

    async def work() -> None:
        async with (
            open_parts(None, call.max_parallel, call.options) as app,
            letting_calls_end(app, farewell),
        ):
            spawned = await begin(app, call, farewell)
            await unless(stop, tell_each(app, call, spawned, ended.put_nowait))

    # In a task of its own, since a loop that is left closes this generator in another one.
    working = asyncio.create_task(work())
    working.add_done_callback(lambda _: ended.put_nowait(None))
    try:
        with progress_bar(len(call.tasks), is_wanted=call.has_progress) as show:
            while (result := await ended.get()) is not None:
                if show is not None:
                    show(result)
                yield result
        with CALLERS_FRAMES:
            await working
    except asyncio.CancelledError:
        working.cancel()
        raise
    finally:
        stop.set()
        await _end(working)


async def _end(working: asyncio.Task[None]) -> None:
    """Wait for work that was told to end; a caller that gives up cancels it."""
    try:
        await asyncio.wait({working})
    except asyncio.CancelledError:
        working.cancel()
        await asyncio.wait({working})
        raise
    finally:
        if working.done() and not working.cancelled():
            working.exception()  # it was raised, or its reader has left
