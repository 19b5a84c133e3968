"""Flow calls: a flow is started and waited for, also by code that is not async."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from parallel_agents.api.asking import telling_questions
from parallel_agents.api.child_imports import note_child_import
from parallel_agents.api.held_loop import note_held_loop
from parallel_agents.api.opening import LOG, Options, open_parts
from parallel_agents.api.progress import open_bar
from parallel_agents.api.watching import Watch
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.edited import Edited
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.verbs import Spawned
from parallel_agents.flows.function import FlowFunction
from parallel_agents.interrupts import in_thread, to_its_end, unless
from parallel_agents.other_threads import finished_before_the_end
from parallel_agents.sessions.kept_options import describe_kept

V = TypeVar("V")


async def flow_result(
    app: App,
    farewell: FlowFarewell,
    spawning: Awaitable[Spawned],
    watch: Watch | None = None,
    agents: Sequence[AnyAgent] = (),
) -> Result[Any]:
    """The result of a flow that is being spawned; its start is never broken off halfway.

    Args:
        app: where it is spawned.
        farewell: is told of it.
        spawning: spawns it.
        watch: shows it on a bar; None for no bar.
        agents: those that its function names.
    """

    async def start() -> Spawned:
        farewell.started(spawned := await spawning)
        return spawned

    spawned = await to_its_end(start())
    if kept := describe_kept(spawned):
        LOG.warning(kept)
    edited = await _told_edited(app, spawned, agents)
    with open_bar(is_wanted=watch is not None) as bar:
        async with telling_questions(app, spawned):
            if watch is not None and bar is not None:
                await watch(app, spawned, bar)
            (result,) = await app.sessions.wait([spawned.run_id])
    return replace(result, notices=(*result.notices, *edited)) if edited else result


async def _told_edited(app: App, spawned: Spawned, agents: Sequence[AnyAgent]) -> Sequence[str]:
    """Tell of a flow that is done, and so is not called again, which agents of its steps were edited since."""
    if spawned.is_new or not agents:
        return ()
    row = await app.sessions.find(spawned.session_key)
    if row.run.status is not RunStatus.DONE:
        return ()  # it is called, and says so itself
    edited, named = Edited(), {agent.name: agent for agent in agents}
    for member in await app.sessions.members(row):
        edited.compare(member, named.get(member.session.agent.name))
    for notice in edited.notices:
        LOG.warning(notice)
    return edited.notices


def in_opened(
    options: Options,
    farewell: FlowFarewell,
    work: Callable[[App], Coroutine[None, None, V]],
    functions: Iterable[FlowFunction[Any]] = (),
) -> V:
    """What `work` returns in an open store, for code that is not async; a Ctrl-C says how to continue."""
    note_child_import()
    note_held_loop("`await` and an a before the function's name, as in `await pa.arun_flow(...)`")

    async def run_until(stop: asyncio.Event) -> V | None:
        async with open_parts(None, None, options, functions) as app:
            result = await unless(stop, work(app))
            if result is None:
                await farewell.let_calls_end(app)
            return result

    with finished_before_the_end():
        try:
            return in_thread(run_until)
        except KeyboardInterrupt:
            farewell.say()
            raise
