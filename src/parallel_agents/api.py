"""The Python face: `open` for the verbs, `arun` and `run` for a team from start to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TypedDict

from typing_extensions import Unpack

from parallel_agents.app.client import App
from parallel_agents.app.models import ModelFactory
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.run import TeamResult
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.core.tool import Tool
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import in_thread, unless
from parallel_agents.sessions.open_sessions import OpenSessions
from parallel_agents.settings import load, read_environment
from parallel_agents.tools.function import FunctionTool

_log = logging.getLogger("parallel_agents")


class Options(TypedDict, total=False):
    """What `open`, `arun` and `run` take beside their own parameters.

    Keys:
        home: the folder of the store; `PARALLEL_AGENTS_HOME` or `~/.parallel-agents` without it.
        tools: functions or tools that agents may name.
        agents: definitions that go before those of the catalog.
        gates: functions that agents may name as gates.
        models: makers of models by provider, such as `{"scripted": lambda name: model}`.
        settings: settings by name, over those of files and environment.
    """

    home: Path | str | None
    tools: Sequence[Tool | Callable[..., object]]
    agents: Sequence[Agent]
    gates: Sequence[Callable[..., object]]
    models: Mapping[str, ModelFactory]
    settings: Mapping[str, object]


class TeamOptions(Options, total=False):
    """What `arun` and `run` take beside that.

    Keys:
        budget: what all tasks and all that they spawn may spend together; never more.
        on_failure: what becomes of the other tasks when one fails; they go on without it.
        min_done: with fewer tasks than that in done the team has failed.
    """

    budget: Budget
    on_failure: OnFailure | str
    min_done: int | None


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", type(function).__name__)


@asynccontextmanager
async def open(
    *, model: str | None = None, max_parallel: int | None = None, **options: Unpack[Options]
) -> AsyncGenerator[OpenSessions]:
    """The seven verbs on the store of this user, carried out in this process.

    Leaving the block admits nothing new and lets model calls in flight end; what is unfinished
    stays in the store and goes on when it is spawned again under the same key.

    Args:
        model: `provider/model` for agents that name none.
        max_parallel: runs at once in this process.
        **options: see `Options`.

    Raises:
        ConfigError, StoreError: what stands in the way.
    """
    _check_known(options, Options)
    async with _open(model, max_parallel, options) as app:
        yield OpenSessions(app.sessions)


@asynccontextmanager
async def _open(
    model: str | None, max_parallel: int | None, options: Options
) -> AsyncGenerator[App]:
    home = options.get("home")
    environment = read_environment(Path(home) if home else None)
    flags = {**options.get("settings", {}), "model": model, "max_parallel": max_parallel}
    tools = [t if isinstance(t, Tool) else FunctionTool(t) for t in options.get("tools", ())]
    parts = Parts(
        agents={agent.name: agent for agent in options.get("agents", ())},
        tools={tool.spec.name: tool for tool in tools},
        models=options.get("models", {}),
        gates={_name(gate): gate for gate in options.get("gates", ())},
    )
    async with open_app(environment, load(environment, flags).settings, parts) as app:
        yield app


async def arun(
    tasks: Sequence[Task],
    *,
    key: str | None = None,
    model: str | None = None,
    max_parallel: int | None = None,
    timeout: float | None = None,
    **options: Unpack[TeamOptions],
) -> TeamResult:
    """Run tasks side by side and give every result back, in the order of the tasks.

    A task that fails, is killed or runs out of time is a result with that status, never an
    exception, and touches the others only where `on_failure` says so.

    Args:
        tasks: what to do, by whom.
        key: a name for the run; the same key and tasks again go on where they were.
        model: `provider/model` for tasks that name none.
        max_parallel: runs at once.
        timeout: seconds for the whole; what is not over by then ends timed out, with what it has.
        **options: see `TeamOptions` and `Options`.

    Raises:
        CallerError: a task that cannot be accepted; then none is.
        ConfigError, StoreError: what stands in the way.
    """
    team = _team(tasks, model, timeout, options)
    async with _open(None, max_parallel, options) as app:
        return await _see_through(app, team, key)


def run(
    tasks: Sequence[Task],
    *,
    key: str | None = None,
    model: str | None = None,
    max_parallel: int | None = None,
    timeout: float | None = None,
    **options: Unpack[TeamOptions],
) -> TeamResult:
    """`arun` for code that is not async, also inside a running loop such as a notebook's.

    Ctrl-C once lets model calls in flight end and keeps everything; twice stops at once. Both
    raise KeyboardInterrupt, and the same key goes on where it was.
    """
    team = _team(tasks, model, timeout, options)

    async def until_asked_to_stop(stop: asyncio.Event) -> TeamResult | None:
        async with _open(None, max_parallel, options) as app:
            return await unless(stop, _see_through(app, team, key))

    return in_thread(until_asked_to_stop)


def _check_known(given: Options, known: type[Options]) -> None:
    """Refuse a misspelt option as a function of Python does: it would be left out in silence."""
    for name in given.keys() - known.__annotations__.keys():
        raise TypeError(f"unexpected keyword argument {name!r}")


def _team(
    tasks: Sequence[Task], model: str | None, timeout: float | None, options: TeamOptions
) -> TeamTask:
    _check_known(options, TeamOptions)
    asked = options.get("on_failure", OnFailure.KEEP_GOING)
    try:
        on_failure = OnFailure(asked)
    except ValueError as error:
        raise InvalidInput(
            f"on_failure is {asked!r}", hint=f"give one of {', '.join(OnFailure)}"
        ) from error
    return TeamTask(
        tasks=tuple(tasks),
        model=model,
        timeout_seconds=timeout,
        budget=options.get("budget", NO_BUDGET),
        on_failure=on_failure,
        min_done=options.get("min_done"),
    )


async def _see_through(app: App, team: TeamTask, key: str | None) -> TeamResult:
    is_open = app.settings.model is None and team.model is None
    if is_open and app.is_embedded_by_default(team, app.sessions.resolve(team)):
        note_embedded()
    sessions = OpenSessions(app.sessions)
    return await sessions.team_result(await sessions.spawn_team(team, key=key))


@cache
def note_embedded() -> None:
    """Say once in a process, by the log, which model it is that nobody has chosen."""
    _log.warning(
        "no model was chosen and no key is set, so the embedded model is used; set a key such as "
        'ANTHROPIC_API_KEY, or pass model="provider/model", for better answers'
    )
