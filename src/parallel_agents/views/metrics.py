"""Metrics: the state of a store as text for Prometheus, a pure function of what was counted.

No label names a run, a session or a text. Of agents, models and errors the first are labels, and the
rest is one label more, so that no work makes series without end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from parallel_agents._version import __version__
from parallel_agents.core.circuit import CircuitState
from parallel_agents.core.overview import Cost
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend
from parallel_agents.views.health import Level, Seen, live_states, signs

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_LABELS = 100
REST = "(other)"
_GAUGE, _COUNTER = "gauge", "counter"


class Sample(NamedTuple):
    """A number, with its labels."""

    value: float
    labels: Mapping[str, str] = {}


class Family(NamedTuple):
    """A metric with its samples."""

    name: str
    kind: str
    sentence: str
    samples: Sequence[Sample]


def metrics_text(seen: Seen, costs: Sequence[Cost], unanswered: int) -> str:
    """All metrics, as Prometheus reads them."""
    return "".join(map(_text, families(seen, costs, unanswered)))


def families(seen: Seen, costs: Sequence[Cost], unanswered: int) -> list[Family]:
    """All metrics.

    Args:
        seen: as for `signs` of health.
        costs: of all runs.
        unanswered: how many calls brought no reply and may have been billed.
    """
    return [*_state(seen), *_last_hour(seen), *_place(seen), *_work(costs, unanswered)]


def _state(seen: Seen) -> Iterator[Family]:
    vitals = seen.vitals
    roles = Counter(each.role.value for each in seen.owners if each.state is OwnerState.LIVE)
    problems = Counter(sign.about for sign in signs(seen) if sign.level is Level.PROBLEM)
    yield _gauge("build_info", "The version that made this.", [Sample(1, {"version": __version__})])
    yield _gauge(
        "runs_live",
        "Live runs of agents; no process works on stopped ones.",
        _by("state", {state.value: runs for state, runs in live_states(seen).items()}),
    )
    yield _gauge(
        "processes",
        "Processes that work on the store.",
        _by("role", {"worker": 0, "script": 0} | roles),
    )
    yield _gauge("questions", "Questions that wait for a person.", [Sample(len(seen.questions))])
    yield _gauge(
        "dead_letters", "Failed tasks to run again or to drop.", [Sample(vitals.dead_letters)]
    )
    yield _gauge("problems", "What needs a person, by what it is about.", _by("about", problems))
    paused = {
        each.model: 1
        for each in seen.throttles
        if each.circuit.state(seen.now) is not CircuitState.CLOSED
    }
    closed = {each.model: s for each in seen.throttles if (s := each.seconds_closed(seen.now)) > 0}
    yield _gauge(
        "paused",
        "Models and agents that are paused because they kept failing.",
        _by("model", paused),
    )
    yield _gauge(
        "rate_limited_seconds", "Seconds until a model accepts calls again.", _by("model", closed)
    )


def _last_hour(seen: Seen) -> Iterator[Family]:
    failures: Counter[str] = Counter()
    for each in seen.vitals.failures:
        failures[each.code or each.status.value] += each.runs
    yield _gauge(
        "failures_last_hour",
        "Runs that failed in the last hour and were not tried again, by error.",
        _by("code", failures),
    )
    yield _gauge(
        "notifications_unsent_last_hour",
        "Notifications that were given up in the last hour.",
        [Sample(seen.unsent.number)],
    )


def _place(seen: Seen) -> Iterator[Family]:
    yield _gauge("store_bytes", "The size of the store's files.", [Sample(seen.store_bytes)])
    yield _gauge("disk_free_bytes", "What its disk has left.", [Sample(seen.room.free)])
    yield _gauge("disk_bytes", "The size of its disk.", [Sample(seen.room.total)])
    yield _gauge(
        "clock_ahead_seconds",
        "How far the wall clock is ahead of the store's, which nothing sets.",
        [Sample(round(seen.wall_ahead, 3))],
    )


def _work(costs: Sequence[Cost], unanswered: int) -> Iterator[Family]:
    """What all runs came to. A run of a judge or a refiner counts to its own agent."""
    ended: Counter[tuple[str, str]] = Counter()
    accepted: Counter[tuple[str, str]] = Counter()
    spent: dict[tuple[str, str], Spend] = defaultdict(Spend)
    for cost in costs:
        at = (cost.agent, cost.model)
        ended[at] += cost.ended
        accepted[at] += cost.accepted
        spent[at] += cost.spend
    kept = _most_used(spent)

    def counter(name: str, sentence: str, values: Mapping[tuple[str, str], float]) -> Family:
        sums: dict[tuple[str, str], float] = defaultdict(float)
        for at, value in values.items():
            sums[at if at in kept else (REST, REST)] += value
        samples = [Sample(value, {"agent": a, "model": m}) for (a, m), value in sums.items()]
        return Family(f"pagents_{name}_total", _COUNTER, sentence, samples)

    def of(value: str) -> dict[tuple[str, str], float]:
        return {at: float(getattr(spend.usage, value)) for at, spend in spent.items()}

    yield counter("runs_ended", "Runs that have ended.", ended)
    yield counter("runs_accepted", "Runs whose answer was accepted.", accepted)
    yield counter("model_calls", "Calls of models.", {at: s.calls for at, s in spent.items()})
    yield counter(
        "cost_usd",
        "US dollars of calls whose price is known.",
        {at: s.cost_nanousd / NANOUSD_PER_USD for at, s in spent.items()},
    )
    yield counter(
        "unpriced_calls",
        "Calls whose price is not known.",
        {at: s.unpriced_calls for at, s in spent.items()},
    )
    yield counter(
        "input_tokens", "Tokens of requests, without those of a cache.", of("input_tokens")
    )
    yield counter("output_tokens", "Tokens of replies.", of("output_tokens"))
    yield counter("cache_read_tokens", "Tokens read from a cache.", of("cache_read_tokens"))
    yield counter("cache_write_tokens", "Tokens written to a cache.", of("cache_write_tokens"))
    yield Family(
        "pagents_unanswered_calls_total",
        _COUNTER,
        "Calls that brought no reply and may have been billed.",
        [Sample(unanswered)],
    )


def _most_used(spent: Mapping[tuple[str, str], Spend]) -> set[tuple[str, str]]:
    """The pairs of agent and model that have labels of their own: those with the most calls."""
    ordered = sorted(spent, key=lambda at: (-spent[at].calls, at))
    return set(ordered[:MOST_LABELS])


def _gauge(name: str, sentence: str, samples: Sequence[Sample]) -> Family:
    return Family(f"pagents_{name}", _GAUGE, sentence, samples)


def _by(label: str, values: Mapping[str, float]) -> list[Sample]:
    """A sample for each value, and one for all beyond the first of them."""
    ordered = sorted(values.items(), key=lambda each: (-each[1], each[0]))
    samples = [Sample(value, {label: name}) for name, value in sorted(ordered[:MOST_LABELS])]
    rest = ordered[MOST_LABELS:]
    return [*samples, Sample(sum(value for _, value in rest), {label: REST})] if rest else samples


def _text(family: Family) -> str:
    lines = [f"# HELP {family.name} {family.sentence}", f"# TYPE {family.name} {family.kind}"]
    for value, labels in family.samples:
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        lines.append(f"{family.name}{f'{{{pairs}}}' if pairs else ''} {_number(value)}")
    return "".join(f"{line}\n" for line in lines)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
