"""`pagents limits`: how fast each model may be called, what holds it back, and limits set live."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.opening import open_client
from parallel_agents.app.reading import open_reader
from parallel_agents.core.circuit import AGENTS, MODELS, CircuitState, Rule
from parallel_agents.core.cutting import head
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.throttle import Throttle, name_of_agent
from parallel_agents.errors import InvalidInput, UnknownModel
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.lessons import describe_change
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import ANY_MODEL, Provider
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.views import format

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


class _Line(NamedTuple):
    """A model's throttle, the limit in force, and the source of the limit."""

    throttle: Throttle
    limit: RateLimit
    source: str


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
    lines = _lines(context, run_cancellable(_read(context)))
    now = time.time()
    if json:
        render.envelope("limits", now, [_json(line, now) for line in lines])
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
    _check(model, context)
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
    (line,) = _lines(context, [kept], only=model) or [_Line(kept, NO_LIMIT, _NONE)]
    none = "circuit closed" if name_of_agent(model) else "no limit"
    shown = f"{_of(line.limit)} ({line.source})" if line.limit.is_bound else none
    render.line(f"{model}: {shown}")


async def _read(context: CliContext) -> list[Throttle]:
    async with open_reader(context.environment, context.settings) as client:
        return await client.limits.throttles()


async def _set(context: CliContext, model: str, limit: RateLimit | None) -> Throttle:
    async with open_client(context.environment, context.settings) as client:
        if limit is None:
            return await client.limits.reset_limit(model)
        return await client.limits.set_limit(model, limit)


def _check(model: str, context: CliContext) -> None:
    if name_of_agent(model):
        return
    provider, _, name = model.partition("/")
    if not name:
        raise UnknownModel(
            f"no model {head(model, 80)!r}",
            why="a model's name has the form provider/model",
            hint="use that form; `pagents models list` shows the providers",
        )
    if provider != LOCAL and provider not in read_providers(context.settings.providers):
        raise UnknownModel(
            f"no model {head(model, 80)!r}",
            why=f"there is no provider {head(provider, 80)!r} that takes limits",
            hint="name a different one; `pagents models list` shows the providers",
        )


def _lines(context: CliContext, kept: list[Throttle], *, only: str | None = None) -> list[_Line]:
    """The throttles in the store and the configured limits of other models, by name."""
    providers = read_providers(context.settings.providers)
    found = {throttle.model: throttle for throttle in kept}
    named = {
        f"{provider.name}/{model}": Throttle(model=f"{provider.name}/{model}")
        for provider in providers.values()
        for model in provider.limits
    }
    lines = [_line(throttle, providers) for _, throttle in sorted({**named, **found}.items())]
    return [line for line in lines if _is_shown(line, only)]


def _is_shown(line: _Line, only: str | None) -> bool:
    if only is not None:
        return line.throttle.model == only
    now = time.time()
    circuit = line.throttle.circuit
    is_well = circuit.is_closed and not circuit.failures(now, _rule(line.throttle))
    is_free = line.throttle.is_free(now) and is_well
    return line.limit.is_bound or bool(line.throttle.learned) or not is_free


def _line(throttle: Throttle, providers: Mapping[str, Provider]) -> _Line:
    if throttle.limit is not None:
        return _Line(throttle, throttle.limit, "set")
    provider, _, model = throttle.model.partition("/")
    configured = providers[provider].limit(model) if provider in providers else NO_LIMIT
    return _Line(throttle, configured, "configuration" if configured.is_bound else _NONE)


def _cells(line: _Line, now: float) -> tuple[str, ...]:
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


def _rule(throttle: Throttle) -> Rule:
    return AGENTS if name_of_agent(throttle.model) else MODELS


def _circuit(throttle: Throttle, now: float) -> str:
    circuit, rule = throttle.circuit, _rule(throttle)
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


def _json(line: _Line, now: float) -> dict[str, object]:
    throttle, limit = line.throttle.at(now), line.limit
    minute, circuit = throttle.minute, throttle.circuit
    seconds = throttle.seconds_closed(now)
    closed = now + seconds if seconds else None
    return {
        "model": throttle.model,
        "requests": minute.requests,
        "requests_per_minute": limit.requests_per_minute,
        "tokens": minute.tokens,
        "tokens_per_minute": limit.tokens_per_minute,
        "source": None if line.source == _NONE else line.source,
        "in_flight": throttle.in_flight(),
        "window": throttle.window,
        "waiting": throttle.waiting(),
        "closed_until": format.iso(closed),
        "failures": circuit.failures(now, _rule(throttle)),
        "breaker": circuit.state(now).value,
        "breaker_open_until": format.iso(circuit.open_until),
        "learned": throttle.learned,
    }
