"""Running: `run` and `arun` run a team to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from parallel_agents.api.asking import telling_questions
from parallel_agents.api.child_imports import note_child_import
from parallel_agents.api.held_loop import note_held_loop
from parallel_agents.api.opening import given_options, letting_calls_end, open_parts
from parallel_agents.api.progress import progress_bar
from parallel_agents.api.team_calls import TeamCall, Tell, begin, listed, team_of, tell_each
from parallel_agents.app.client import App
from parallel_agents.app.farewell import TeamFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.core.task import OnFailure, OnFailureName, Task
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.tool import Tool
from parallel_agents.interrupts import in_thread, unless
from parallel_agents.other_threads import finished_before_the_end
from parallel_agents.sessions.typed import typed_team


@checked
async def arun(  # noqa: PLR0913 - each is a decision of its own, and editors show them
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
) -> TeamResult[T]:
    """Run tasks in parallel, and return their results in the order of the tasks.

        tea, rain = (await pa.arun([pa.Task("poet", "Tea"), pa.Task("poet", "Rain")])).results

    A task that fails, is killed or times out has a result with that status; it raises nothing and
    affects the other tasks only as `on_failure` says.

    Args:
        tasks: what the agents are to do; one task may stand for a list of one.
        key: identifies the run. The same key and tasks continue where an earlier run stopped, and you do
            not pay again for tasks that are done.
        model: `provider/model` for tasks that name none.
        max_parallel: the most runs at once in this process.
        timeout: seconds for all tasks together; tasks still live by then end timed out.
        budget: the most that all tasks may spend together, with everything they spawn; a number is
            dollars.
        on_failure: what happens to the other tasks when one fails; by default they continue.
        min_done: how many tasks must end in done, or the team has failed.
        progress: whether a bar shows how far they are, if stderr is a terminal or a notebook.
        home: see `Options`.
        tools: see `Options`.
        agents: see `Options`.
        gates: see `Options`.
        flows: see `Options`.
        models: see `Options`.
        settings: see `Options`.
        tags: see `Options`.

    Raises:
        CallerError: a task cannot be accepted; then none of them starts.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    given = listed(tasks)
    team = team_of(given, model, timeout, budget, on_failure, min_done)
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    return await arun_call(TeamCall(given, team, key, max_parallel, options, progress))


@checked
def run(  # noqa: PLR0913 - as `arun`
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
) -> TeamResult[T]:
    """`arun` for code that is not async; it also works in a running event loop, as in a notebook.

        team = pa.run([pa.Task("poet", "Tea"), pa.Task("poet", "Rain")], key="poems-1")

    Parameters, result and errors are those of `arun`. The first Ctrl-C lets model calls in flight
    finish, so that nothing paid for is lost; the second stops at once. SIGTERM and SIGHUP count as a
    Ctrl-C. All raise KeyboardInterrupt, after stderr has said how to continue where the run stopped.
    """
    given = listed(tasks)
    team = team_of(given, model, timeout, budget, on_failure, min_done)
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    return run_call(TeamCall(given, team, key, max_parallel, options, progress))


async def arun_call(call: TeamCall[T]) -> TeamResult[T]:
    """Do what `arun` was asked for."""
    farewell = call.farewell
    async with (
        open_parts(None, call.max_parallel, call.options) as app,
        letting_calls_end(app, farewell),
    ):
        with progress_bar(len(call.tasks), is_wanted=call.has_progress) as tell:
            return await _result(app, call, farewell, tell)


def run_call(call: TeamCall[T]) -> TeamResult[T]:
    """Do what `run` was asked for.

    Raises:
        KeyboardInterrupt: it was stopped.
    """
    note_child_import()
    note_held_loop("`await pa.arun(...)`")
    farewell = call.farewell

    async def run_until(stop: asyncio.Event) -> TeamResult[T] | None:
        async with open_parts(None, call.max_parallel, call.options) as app:
            result = await unless(stop, _result(app, call, farewell, tell))
            if result is None:
                await farewell.let_calls_end(app)
            return result

    with finished_before_the_end():
        try:
            with progress_bar(len(call.tasks), is_wanted=call.has_progress) as tell:
                return in_thread(run_until)
        except KeyboardInterrupt:
            farewell.say()
            raise


async def _result(
    app: App, call: TeamCall[T], farewell: TeamFarewell, tell: Tell[T] | None
) -> TeamResult[T]:
    spawned = await begin(app, call, farewell)
    if tell is None:
        async with telling_questions(app, spawned):
            await app.sessions.wait([spawned.run_id])
    else:
        await tell_each(app, call, spawned, tell)
    result = await app.sessions.team_result(spawned.session_key)
    return await typed_team(
        app.sessions, dict(zip(call.team.keys, call.tasks, strict=True)), result
    )
