"""The Python interface: `run` and `arun` run a team to its end; `open` gives you the verbs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from typing_extensions import Unpack

from parallel_agents.app.client import App
from parallel_agents.app.farewell import Farewell, TeamFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts, agents_by_name, gates_by_name, tools_by_name
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.run import TeamResult
from parallel_agents.core.task import AnyTask, OnFailure, Task, TeamTask
from parallel_agents.core.tool import Tool
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import in_thread, to_its_end, unless
from parallel_agents.sessions.kept_options import describe_kept
from parallel_agents.sessions.open_sessions import OpenSessions
from parallel_agents.sessions.typed import typed_team
from parallel_agents.setting_sources import load
from parallel_agents.settings import read_environment
from parallel_agents.signals import noted_interrupts

_log = logging.getLogger("parallel_agents")
_TAKEN = {"ladder": "lists of models", "sim": "simulated models, which must be known as such"}
# Where settings are from that a program passes, as errors name it.
_GIVEN = "settings= or an argument of the program"


class Options(TypedDict, total=False):
    """Options of `open`, `arun` and `run`.

    Keys:
        home: the folder of the store; by default `PARALLEL_AGENTS_HOME` or `~/.parallel-agents`.
        tools: typed functions or `Tool` objects that agents can name under `tools`.
        agents: definitions that override those of the catalog.
        gates: functions that a `FunctionGate` or `ScoreGate` can name.
        models: factories of models by provider, such as `{"scripted": lambda name: model}`.
        settings: settings by name; they override files and environment variables.
    """

    home: Path | Name | None
    tools: Sequence[Tool | Callable[..., object]]
    agents: Sequence[Agent[Any]]
    gates: Sequence[Callable[..., object]]
    models: Mapping[str, ModelFactory]
    settings: Mapping[str, object]


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
@asynccontextmanager
async def open(
    *, model: Name | None = None, max_parallel: Count | None = None, **options: Unpack[Options]
) -> AsyncGenerator[OpenSessions]:
    """Open this user's store, and execute runs in this process until the block ends.

        async with pa.open() as sessions:
            session = await sessions.spawn(pa.Task("writer", "Write a haiku", key="haiku-1"))
            result = await session.wait()

    At the end of the block no new model call starts, and calls in flight may finish, even after the
    first Ctrl-C under `asyncio.run`. Unfinished runs stay in the store. They continue when they are
    spawned again under the same key.

    Args:
        model: `provider/model` for agents that name none.
        max_parallel: the most runs at once in this process.
        **options: see `Options`.

    Yields:
        The verbs: spawn, send, steer, kill, wait, list and history, and more on top of them.

    Raises:
        InvalidInput: a function cannot be a tool or a gate, or two tools, agents or gates have one name.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    async with _open(model, max_parallel, options) as app, _letting_calls_end(app, Farewell()):
        yield OpenSessions(app.sessions, app.sharing)


@asynccontextmanager
async def _open(
    model: str | None, max_parallel: int | None, options: Options
) -> AsyncGenerator[App]:
    home = options.get("home")
    environment = read_environment(Path(home) if home else None)
    flags = _flags(options.get("settings", {}), model=model, max_parallel=max_parallel)
    models = options.get("models", {})
    _check_providers(models)
    parts = Parts(
        agents=agents_by_name(options.get("agents", ())),
        tools=tools_by_name(options.get("tools", ())),
        models=models,
        gates=gates_by_name(options.get("gates", ())),
    )
    async with open_app(environment, load(environment, flags, given=_GIVEN).settings, parts) as app:
        yield app


@asynccontextmanager
async def _letting_calls_end(app: App, farewell: Farewell) -> AsyncGenerator[None]:
    """After a Ctrl-C of the caller's loop, let calls in flight end; a second one ends the loop.

    A caller that gave up, as by `asyncio.timeout`, does not wait for them.
    """
    with noted_interrupts() as is_interrupted:
        try:
            yield
        except asyncio.CancelledError:
            if is_interrupted():
                try:
                    await farewell.let_calls_end(app)
                finally:
                    farewell.say()
            raise


def _flags(settings: Mapping[str, object], **given: object) -> dict[str, object]:
    """The settings that a program passes; those that are arguments too may be passed in one way.

    Raises:
        InvalidInput: an argument and `settings` name different values.
    """
    flags = dict(settings)
    for name, value in given.items():
        if value is None:
            continue
        if flags.get(name, value) != value:
            raise InvalidInput(
                f"{name} is {value!r}, and settings[{name!r}] is {flags[name]!r}",
                hint=f"pass {name} in one of the two ways",
            )
        flags[name] = value
    return flags


def _check_providers(models: Mapping[str, ModelFactory]) -> None:
    """Refuse a factory that no model's name could reach.

    Raises:
        InvalidInput: its key is not a provider's name.
    """
    for name in models:
        if name in _TAKEN:
            raise InvalidInput(
                f"models={{{name!r}: ...}} would hide what {name}/ stands for",
                why=f"{name}/ names {_TAKEN[name]}",
                hint="choose another name for the provider",
            )
        if not name or "/" in name:
            raise InvalidInput(
                f"models={{{name!r}: ...}} is not by the name of a provider",
                why="a factory makes all models of its provider, from the names `provider/model`",
                hint=f"write models={{{name.partition('/')[0] or 'mine'!r}: ...}}",
            )


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
    async with _open(None, max_parallel, options) as app, _letting_calls_end(app, farewell):
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
        async with _open(None, max_parallel, options) as app:
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
    if app.is_embedded_by_default(team, plans):
        note_embedded()

    async def start() -> Spawned:
        farewell.started(spawned := await app.sessions.start(plans))
        return spawned

    spawned = await to_its_end(start())
    if kept := describe_kept(spawned):
        _log.warning(kept)
    await app.sessions.wait([spawned.run_id])
    return await app.sessions.team_result(spawned.session_key)


@cache
def note_embedded() -> None:
    """Log, once in a process, which model is used because nobody has chosen one."""
    _log.warning(
        "no model was chosen and no key is set, so the embedded model is used; for better answers "
        'set a key such as ANTHROPIC_API_KEY, or pass model="provider/model"'
    )
