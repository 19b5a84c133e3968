"""Limits: how fast each model may be called, where that is from, and what holds calls back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from typing_extensions import TypedDict

from parallel_agents.core.circuit import AGENTS, MODELS, Rule
from parallel_agents.core.cutting import head
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.throttle import Throttle, name_of_agent
from parallel_agents.errors import UnknownAgent, UnknownModel
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.providers import ANY_MODEL, Provider
from parallel_agents.models.registry import Registry
from parallel_agents.views import format

_NONE = "-"


class LimitDocument(TypedDict):
    """How fast a model may be called, and how fast it is; null is unlimited or never."""

    model: str
    requests: int
    requests_per_minute: int | None
    tokens: int
    tokens_per_minute: int | None
    source: str | None
    in_flight: int
    window: int | None
    waiting: int
    closed_until: str | None
    failures: int
    breaker: str
    breaker_open_until: str | None
    learned: Mapping[str, Json]


class LimitLine(NamedTuple):
    """A model's throttle, the limit in force, and the source of the limit."""

    throttle: Throttle
    limit: RateLimit
    source: str


def limited_name(name: str, models: Registry) -> str:
    """The name under which a model or an agent is limited; that of a local model in full.

    Raises:
        UnknownModel: no model can have the name, or it stands for many.
    """
    if name_of_agent(name):
        return name
    provider, _, model = name.partition("/")
    if model == ANY_MODEL:
        table = f'[providers.{provider}.limits."{ANY_MODEL}"]'
        of_all = f", or set {table} in config.toml" if provider in models.providers else ""
        raise UnknownModel(
            f"no model {head(name, 80)!r}",
            why="a limit that is set live is of one model",
            hint=f"name a model{of_all}",
        )
    models.check_name(name)
    return models.get(name).name if provider == LOCAL else name


def check_limited_agent(name: str, kept: Sequence[Throttle], agents: Iterable[str]) -> None:
    """Refuse the name of an agent that has no file, and of which the store knows no failed run.

    Raises:
        UnknownAgent: it is one.
    """
    agent = name_of_agent(name)
    failed = {name_of_agent(throttle.model) for throttle in kept} - {""}
    known = failed.union(agents)
    if agent and agent not in known:
        raise UnknownAgent(
            f"there is no agent {head(agent, 80)!r}",
            hint=did_you_mean(agent, sorted(known), "`pagents agents list` shows all"),
        )


def limit_lines(
    kept: Sequence[Throttle],
    providers: Mapping[str, Provider],
    now: float,
    *,
    only: str | None = None,
) -> list[LimitLine]:
    """The throttles in the store and the configured limits of other models, by name."""
    found = {throttle.model: throttle for throttle in kept}
    named = {
        f"{provider.name}/{model}": Throttle(model=f"{provider.name}/{model}")
        for provider in providers.values()
        for model in provider.limits
    }
    lines = [_line(throttle, providers) for _, throttle in sorted({**named, **found}.items())]
    return [line for line in lines if _is_shown(line, now, only)]


def _is_shown(line: LimitLine, now: float, only: str | None) -> bool:
    if only is not None:
        return line.throttle.model == only
    circuit = line.throttle.circuit
    is_well = circuit.is_closed and not circuit.failures(now, rule_of(line.throttle))
    is_free = line.throttle.is_free(now) and is_well
    return line.limit.is_bound or bool(line.throttle.learned) or not is_free


def _line(throttle: Throttle, providers: Mapping[str, Provider]) -> LimitLine:
    if throttle.limit is not None:
        return LimitLine(throttle, throttle.limit, "set")
    provider, _, model = throttle.model.partition("/")
    configured = providers[provider].limit(model) if provider in providers else NO_LIMIT
    return LimitLine(throttle, configured, "configuration" if configured.is_bound else _NONE)


def rule_of(throttle: Throttle) -> Rule:
    """When the circuit of a throttle opens."""
    return AGENTS if name_of_agent(throttle.model) else MODELS


def limit_json(line: LimitLine, now: float) -> LimitDocument:
    """A limit and how much of it is used, for machines."""
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
        "failures": circuit.failures(now, rule_of(throttle)),
        "breaker": circuit.state(now).value,
        "breaker_open_until": format.iso(circuit.open_until),
        "learned": throttle.learned,
    }
