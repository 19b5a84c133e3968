"""Opening: `open` gives a program the verbs, on the store of its user."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from parallel_agents.app.client import App
from parallel_agents.app.farewell import Farewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.app.open_sessions import OpenSessions
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts, agents_by_name, gates_by_name, tools_by_name
from parallel_agents.core.agent import Agent
from parallel_agents.core.annotations import Count, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.async_use import opening
from parallel_agents.core.tags import check_tags
from parallel_agents.core.tool import Tool
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.function import FlowFunction
from parallel_agents.flows.functions import Functions
from parallel_agents.models.local.fetch import Progress
from parallel_agents.other_threads import cancelled_at_the_end, threads_to_the_end
from parallel_agents.setting_sources import load
from parallel_agents.settings import read_environment
from parallel_agents.signals import noted_interrupts
from parallel_agents.tracing import chosen_trace, tracing

LOG = logging.getLogger("parallel_agents")
_TAKEN = {"ladder": "lists of models", "sim": "simulated models, which must be known as such"}
# Where settings are from that a program passes, as errors name it.
_GIVEN = "settings= or an argument of the program"


class Options(TypedDict, total=False):
    """What a program passes in: the arguments that whatever opens a store takes.

    Keys:
        home: the folder of the store; by default `PARALLEL_AGENTS_HOME` or `~/.parallel-agents`.
        tools: typed functions or `Tool` objects that agents can name under `tools`.
        agents: definitions that override those of the catalog.
        gates: functions that a `FunctionGate` or `ScoreGate` can name.
        flows: the functions of flows, so that those that a former process left continue here.
        models: factories of models by provider, such as `{"scripted": lambda name: model}`.
        settings: settings by name; they override files and environment variables.
        tags: words by which `pagents cost` tells what the work cost.
    """

    home: Path | Name | None
    tools: Iterable[Tool | Callable[..., object]]
    agents: Iterable[Agent[Any]]
    gates: Iterable[Callable[..., object]]
    flows: Iterable[Callable[..., Awaitable[object]]]
    models: Mapping[str, ModelFactory]
    settings: Mapping[str, object]
    tags: Iterable[Name]


@checked
@opening
async def open(  # noqa: PLR0913 - what a program passes in
    *,
    model: Name | None = None,
    max_parallel: Count | None = None,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
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
        home: the folder of the store; by default `PARALLEL_AGENTS_HOME` or `~/.parallel-agents`.
        tools: typed functions or `Tool` objects that agents can name under `tools`.
        agents: definitions that override those of the catalog.
        gates: functions that a `FunctionGate` or `ScoreGate` can name.
        flows: the functions of flows, so that those that a former process left continue here.
        models: factories of models by provider, such as `{"scripted": lambda name: model}`.
        settings: settings by name; they override files and environment variables.
        tags: words by which `pagents cost` tells what the work cost.

    Yields:
        The verbs: spawn, send, steer, kill, wait, list and history, and more on top of them.

    Raises:
        InvalidInput: a function cannot be a tool or a gate, or two tools, agents or gates have one name.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    async with open_parts(model, max_parallel, options) as app, letting_calls_end(app, Farewell()):
        yield OpenSessions(
            app.sessions,
            app.journal,
            app.sharing,
            app.flows,
            app.now,
            app.sent,
            app.care,
            app.tended,
        )


def given_options(  # noqa: PLR0913 - what a program passes in
    home: Path | str | None,
    tools: Iterable[Tool | Callable[..., object]],
    agents: Iterable[Agent[Any]],
    gates: Iterable[Callable[..., object]],
    models: Mapping[str, ModelFactory] | None,
    settings: Mapping[str, object] | None,
    flows: Iterable[Callable[..., Awaitable[object]]],
    tags: Iterable[str],
) -> Options:
    """What a program passes in, as `Options`."""
    return Options(
        home=home,
        tools=tools,
        agents=agents,
        gates=gates,
        flows=flows,
        models=models or {},
        settings=settings or {},
        tags=tags,
    )


@asynccontextmanager
async def open_parts(
    model: str | None,
    max_parallel: int | None,
    options: Options,
    functions: Iterable[FlowFunction[Any]] = (),
) -> AsyncGenerator[App]:
    """Open this user's store with what a program passes in."""
    home = options.get("home")
    environment = read_environment(Path(home) if home else None)
    tags = check_tags(options.get("tags", ())) or None
    flags = _flags(options.get("settings", {}), model=model, max_parallel=max_parallel, tags=tags)
    models = options.get("models", {})
    _check_providers(models)
    parts = Parts(
        agents=agents_by_name(options.get("agents", ())),
        tools=tools_by_name(options.get("tools", ())),
        models=models,
        gates=gates_by_name(options.get("gates", ())),
        flows=Functions([*map(FlowFunction, options.get("flows", ())), *functions]),
        on_embedded=note_embedded,
        on_fetch=note_fetch,
        say_left=LOG.warning,
    )
    loaded = load(environment, flags, given=_GIVEN).settings
    with (
        threads_to_the_end(),
        tracing(chosen_trace(environment.variables), _print_to_stderr) as on_events,
    ):
        heard = replace(parts, on_events=on_events)
        async with open_app(environment, loaded, heard) as app:
            yield app


def _print_to_stderr(line: str) -> None:
    with suppress(OSError, ValueError):  # of a stream that is closed
        sys.stderr.write(f"{line}\n")


@asynccontextmanager
async def letting_calls_end(app: App, farewell: Farewell) -> AsyncGenerator[None]:
    """After a Ctrl-C of the caller's loop, let calls in flight end; a second one ends the loop.

    A caller that gave up, as by `asyncio.timeout`, does not wait for them.

    Raises:
        KeyboardInterrupt: a Ctrl-C came while another thread's loop was at work.
    """
    with noted_interrupts() as is_interrupted, cancelled_at_the_end() as is_ending:
        try:
            yield
        except asyncio.CancelledError:
            if is_interrupted() or is_ending():
                try:
                    await farewell.let_calls_end(app)
                finally:
                    farewell.say()
            if is_ending():
                raise KeyboardInterrupt from None
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


@cache
def note_embedded() -> None:
    """Log, once in a process, which model is used because nobody has chosen one."""
    LOG.warning(
        "no model was chosen and no key is set, so the embedded model is used; for better answers "
        'set a key such as ANTHROPIC_API_KEY, or pass model="provider/model"'
    )


def note_fetch(fetched: Progress) -> None:
    """Log, once in a process for each model, that it is being fetched."""
    if fetched.left_bytes:
        _note_fetch(fetched.model, fetched.total_bytes)


@cache
def _note_fetch(model: str, total_bytes: int) -> None:
    LOG.warning(
        "%s is fetched now, once (%.1f GB); `pagents models pull` does it beforehand",
        model,
        total_bytes / 1e9,
    )
