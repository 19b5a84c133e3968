"""`pagents limits`: how fast each model may be called, what holds it back, and limits set live."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from parallel_agents.app.distant import open_distant
from parallel_agents.app.models import make_registry
from parallel_agents.app.opening import open_client
from parallel_agents.app.reading import open_reader
from parallel_agents.core.circuit import MODELS, CircuitState
from parallel_agents.core.inspection import ModelLimits
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.throttle import Throttle, name_of_agent
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.lessons import describe_change
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import ANY_MODEL, Provider
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.views import format
from parallel_agents.views.limits import (
    LimitLine,
    check_limited_agent,
    limit_json,
    limit_lines,
    limited_name,
    rule_of,
)

app = typer.Typer(invoke_without_command=True)

_NONE = "-"
Which = Annotated[str, typer.Argument(help="provider/model, or agent:NAME.", metavar="MODEL")]
Rpm = Annotated[int | None, typer.Option("--rpm", help="Requests per minute.", min=1)]
Tpm = Annotated[int | None, typer.Option("--tpm", help="Tokens per minute.", min=1)]
Off = Annotated[
    bool,
    typer.Option(
        "--off", help="Remove the limits that were set, and forget refusals and failures."
    ),
]


@app.callback()
def limits(context: typer.Context, json: AsJson = False, home: Home = None) -> None:
    """List the limits of models, or set them."""
    if context.invoked_subcommand is None:
        list_limits(json=json, home=home)
    elif json or home is not None:
        given = "--json" if home is None else "--home"
        raise InvalidInput(
            f"{given} comes before {context.invoked_subcommand}, which would not see it",
            hint=f"write pagents limits {context.invoked_subcommand} ... {given}",
        )


@app.command("list")
def list_limits(json: AsJson = False, home: Home = None) -> None:
    """List models that have a limit or were refused calls, and agents whose runs failed."""
    context = find_store(home)
    now = time.time()
    lines = limit_lines(run_cancellable(_read(context)), _providers(context), now)
    if json:
        render.envelope("limits", now, [limit_json(line, now) for line in lines])
        return
    if not lines:
        render.note("No model has a limit or was refused a call.")
        return
    titles = ("MODEL", "REQUESTS/MIN", "TOKENS/MIN", "FROM", "AT ONCE", "WAITING", "STATE")
    right = ("REQUESTS/MIN", "TOKENS/MIN", "AT ONCE", "WAITING")
    render.table(titles, [_cells(line, now) for line in lines], right=right)


@app.command("set")
def set_limit(
    model: Which, rpm: Rpm = None, tpm: Tpm = None, off: Off = False, home: Home = None
) -> None:
    """Set a model's limits for all processes at once; a limit that is not given stays as it is.

    --off forgets what was set, so that the configured limits apply again. It also ends a pause that
    a provider asked for, and lets an agent that kept failing run again.
    """
    context = find_store(home)
    if not context.environment.gateway:  # which has models of its own, and checks them itself
        model = limited_name(model, make_registry(context.environment, context.settings))
    if off == (rpm is not None or tpm is not None):
        raise InvalidInput(
            "nothing to set" if not off else "--off cannot be used with a limit",
            hint="use --rpm, --tpm or both, or only --off",
        )
    if name_of_agent(model) and not off:
        raise InvalidInput(
            f"{model} is an agent, and agents have no limits", hint="use --off, or name a model"
        )
    limit = None if off else RateLimit(requests_per_minute=rpm, tokens_per_minute=tpm)
    kept = run_cancellable(_set(context, model, limit))
    (line,) = limit_lines([kept], _providers(context), time.time(), only=kept.model) or [
        LimitLine(kept, NO_LIMIT, _NONE)
    ]
    none = "circuit closed" if name_of_agent(model) else "no limit"
    shown = f"{_of(line.limit)} ({line.source})" if line.limit.is_bound else none
    render.line(f"{kept.model}: {shown}")


def _providers(context: CliContext) -> Mapping[str, Provider]:
    return read_providers(context.settings.providers)


async def _read(context: CliContext) -> list[Throttle]:
    async with open_reader(context.environment, context.settings) as client:
        return await client.limits.throttles()


async def _set(context: CliContext, model: str, limit: RateLimit | None) -> Throttle:
    async with _limits_of(context, model) as limits:
        if limit is None:
            return await limits.reset_limit(model)
        return await limits.set_limit(model, limit)


@asynccontextmanager
async def _limits_of(context: CliContext, model: str) -> AsyncGenerator[ModelLimits]:
    """The limits of the home, in which an agent must be known; or of a gateway, which looks itself."""
    if context.environment.gateway:
        async with open_distant(context.environment) as distant:
            yield distant.limits
        return
    async with open_client(context.environment, context.settings) as client:
        check_limited_agent(model, await client.limits.throttles(), client.catalog.agent_names())
        yield client.limits


def _cells(line: LimitLine, now: float) -> tuple[str, ...]:
    throttle, limit = line.throttle.at(now), line.limit
    minute = throttle.minute
    if name_of_agent(throttle.model):
        used = (_NONE, _NONE)
    elif throttle.model.endswith(f"/{ANY_MODEL}"):
        used = (_number(limit.requests_per_minute), _number(limit.tokens_per_minute))
    else:
        used = (
            f"{minute.requests:,} of {_number(limit.requests_per_minute)}",
            f"{minute.tokens:,} of {_number(limit.tokens_per_minute)}",
        )
    at_once, waiting = _NONE, _NONE
    if not name_of_agent(throttle.model):
        at_once = f"{throttle.in_flight()} of {_number(throttle.window)}"
        waiting = str(throttle.waiting())
    return (throttle.model, *used, line.source, at_once, waiting, _state(throttle, now))


def _state(throttle: Throttle, now: float) -> str:
    states: list[str] = []
    if seconds := throttle.seconds_closed(now):
        states.append(f"paused for {format.seconds(seconds)}")
    if circuit := _circuit(throttle, now):
        states.append(circuit)
    if throttle.learned:
        states.append(f"learned: {describe_change(throttle.learned)}")
    return ", ".join(states) or _NONE


def _circuit(throttle: Throttle, now: float) -> str:
    circuit, rule = throttle.circuit, rule_of(throttle)
    uses = "calls" if rule is MODELS else "runs"
    match circuit.state(now):
        case CircuitState.OPEN:
            return f"circuit open for {format.seconds(circuit.seconds_left(now, rule))}"
        case CircuitState.HALF_OPEN:
            return "next call is a trial"
        case CircuitState.CLOSED:
            failures, counted = circuit.failures(now, rule), len(circuit.counted(now, rule))
            return f"{failures} of its last {counted} {uses} failed" if failures else ""


def _of(limit: RateLimit) -> str:
    requests, tokens = _number(limit.requests_per_minute), _number(limit.tokens_per_minute)
    return f"{requests} requests, {tokens} tokens per minute"


def _number(value: int | None) -> str:
    return _NONE if value is None else f"{value:,}"
