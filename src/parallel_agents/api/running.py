"""Running: `run` and `arun` run a team to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from typing_extensions import Unpack

from parallel_agents.api.opening import LOG, Options, letting_calls_end, open_parts
from parallel_agents.app.client import App
from parallel_agents.app.farewell import TeamFarewell
from parallel_agents.core.agent import T
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.run import TeamResult
from parallel_agents.core.task import AnyTask, OnFailure, Task, TeamTask
from parallel_agents.core.verbs import Spawned
from parallel_agents.interrupts import in_thread, to_its_end, unless
from parallel_agents.sessions.kept_options import describe_kept
from parallel_agents.sessions.typed import typed_team


class TeamOptions(Options, total=False):
    """Further options of `arun` and `run`.

    Keys:
        budget: the most that all tasks may spend together, with everything they spawn.
        on_failure: what happens to the other tasks when one fails; by default they continue.
        min_done: how many tasks must end in done, or the team has failed.
    """

    budget: Budget
    on_failure: OnFailure | str
    min_done: Count | None


@checked
async def arun(
    tasks: Sequence[Task[T]] | Task[T],
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    **options: Unpack[TeamOptions],
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
        **options: see `TeamOptions` and `Options`.

    Raises:
        CallerError: a task cannot be accepted; then none of them starts.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    given = (tasks,) if isinstance(tasks, Task) else tuple(tasks)
    team = _team(given, model, timeout, options)
    farewell = _farewell(options)
    async with open_parts(None, max_parallel, options) as app, letting_calls_end(app, farewell):
        result = await _run_team(app, team, key, farewell)
        return await typed_team(app.sessions, dict(zip(team.keys, given, strict=True)), result)


@checked
def run(
    tasks: Sequence[Task[T]] | Task[T],
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    **options: Unpack[TeamOptions],
) -> TeamResult[T]:
    """`arun` for code that is not async; it also works in a running event loop, as in a notebook.

        team = pa.run([pa.Task("poet", "Tea"), pa.Task("poet", "Rain")], key="poems-1")

    Parameters, result and errors are those of `arun`. The first Ctrl-C lets model calls in flight
    finish, so that nothing paid for is lost; the second stops at once. SIGTERM and SIGHUP count as a
    Ctrl-C. All raise KeyboardInterrupt, after stderr has said how to continue where the run stopped.
    """
    given = (tasks,) if isinstance(tasks, Task) else tuple(tasks)
    team = _team(given, model, timeout, options)
    farewell = _farewell(options)

    async def run_until(stop: asyncio.Event) -> TeamResult[T] | None:
        async with open_parts(None, max_parallel, options) as app:
            result = await unless(stop, _run_team(app, team, key, farewell))
            if result is None:
                await farewell.let_calls_end(app)
                return None
            return await typed_team(app.sessions, dict(zip(team.keys, given, strict=True)), result)

    try:
        return in_thread(run_until)
    except KeyboardInterrupt:
        farewell.say()
        raise


def _farewell(options: Options) -> TeamFarewell:
    # Another process has none of what this one passes in.
    own = ("home", "tools", "gates", "models", "settings")
    return TeamFarewell(is_resumable=not any(options.get(name) for name in own))


def _team(
    tasks: tuple[AnyTask, ...], model: str | None, timeout: float | None, options: TeamOptions
) -> TeamTask:
    return TeamTask(
        tasks=tasks,
        model=model,
        timeout_seconds=timeout,
        budget=options.get("budget", NO_BUDGET),
        on_failure=OnFailure(options.get("on_failure", OnFailure.KEEP_GOING)),
        min_done=options.get("min_done"),
    )


async def _run_team(
    app: App, team: TeamTask, key: str | None, farewell: TeamFarewell
) -> TeamResult:
    plans = await app.sessions.plan_team(team, key=key)

    async def start() -> Spawned:
        farewell.started(spawned := await app.sessions.start(plans))
        return spawned

    spawned = await to_its_end(start())
    if kept := describe_kept(spawned):
        LOG.warning(kept)
    await app.sessions.wait([spawned.run_id])
    return await app.sessions.team_result(spawned.session_key)
