"""Totals: the metrics of all spans so far, which are sent as they are, as often as one likes.

They only grow with the place in the journal, so that whoever gets the same totals twice counts
nothing twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from parallel_agents.telemetry.records import Attribute, Operation, Span

MOST_SERIES = 500
_OVERFLOW = (("otel.metric.overflow", "true"),)
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4.0**power for power in range(14))
# Runs take longer than calls: up to a day.
_RUN_SECONDS = (
    0.1,
    0.5,
    1.0,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    600.0,
    1800.0,
    3600.0,
    21_600.0,
    86_400.0,
)


class Metric(StrEnum):
    """The metrics that are exported, by the names that they are exported by."""

    TOKENS = "gen_ai.client.token.usage"
    CALL_SECONDS = "gen_ai.client.operation.duration"
    AGENT_SECONDS = "gen_ai.invoke_agent.duration"
    WORKFLOW_SECONDS = "gen_ai.workflow.duration"
    TOOL_SECONDS = "gen_ai.execute_tool.duration"
    COST = "pagents.cost"


class Form(NamedTuple):
    """What a metric is; without bounds, a sum."""

    unit: str
    sentence: str
    bounds: tuple[float, ...] = ()


FORMS: Mapping[Metric, Form] = {
    Metric.TOKENS: Form("{token}", "Number of input and output tokens used.", _TOKENS),
    Metric.CALL_SECONDS: Form("s", "GenAI operation duration.", _SECONDS),
    Metric.AGENT_SECONDS: Form("s", "Duration of agent runs.", _RUN_SECONDS),
    Metric.WORKFLOW_SECONDS: Form("s", "Duration of teams and flows.", _RUN_SECONDS),
    Metric.TOOL_SECONDS: Form("s", "Duration of tool calls.", _SECONDS),
    Metric.COST: Form("USD", "Cost of model calls whose price is known."),
}
_DURATIONS = {
    Operation.CHAT: Metric.CALL_SECONDS,
    Operation.INVOKE_AGENT: Metric.AGENT_SECONDS,
    Operation.INVOKE_WORKFLOW: Metric.WORKFLOW_SECONDS,
    Operation.EXECUTE_TOOL: Metric.TOOL_SECONDS,
}
_LABELS = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.agent.name",
    "gen_ai.workflow.name",
    "gen_ai.tool.name",
)
_CALL_LABELS = _LABELS[:3]


class Series(BaseModel):
    """One metric for one set of attributes; `counts` has one more number than there are bounds."""

    model_config = ConfigDict(extra="forbid")

    metric: Metric
    attributes: dict[str, str]
    count: int = 0
    total: float = 0.0
    counts: list[int] = []


@dataclass(slots=True)
class Totals:
    """All series, at most `MOST_SERIES`; what would be a further one counts in one for the rest."""

    series: dict[tuple[Metric, tuple[tuple[str, str], ...]], Series] = field(default_factory=dict)

    @classmethod
    def of(cls, series: list[Series]) -> Totals:
        return cls({(each.metric, tuple(sorted(each.attributes.items()))): each for each in series})

    def add(self, span: Span) -> None:
        """Count a span."""
        given = span.attributes
        operation = Operation(str(given["gen_ai.operation.name"]))
        is_call = operation is Operation.CHAT
        labels = _labels(span, _CALL_LABELS if is_call else _LABELS)
        if is_call and given.get("pagents.cached"):
            return  # no call was made
        self._record(_DURATIONS[operation], labels, max(span.ended_at - span.began_at, 0.0))
        if not is_call:
            return
        if not given.get("pagents.is_estimated"):
            for kind in ("input", "output"):
                tokens = _number(given.get(f"gen_ai.usage.{kind}_tokens"))
                self._record(Metric.TOKENS, {**labels, "gen_ai.token.type": kind}, tokens)
        if "pagents.cost_usd" in given:
            self._record(Metric.COST, labels, _number(given["pagents.cost_usd"]))

    def by_metric(self) -> Iterator[tuple[Metric, list[Series]]]:
        """The series of each metric that has some."""
        for metric in Metric:
            found = [each for each in self.series.values() if each.metric is metric]
            if found:
                yield metric, found

    def _record(self, metric: Metric, labels: Mapping[str, str], value: float) -> None:
        bounds = FORMS[metric].bounds
        key = (metric, tuple(sorted(labels.items())))
        if key not in self.series and len(self.series) >= MOST_SERIES:
            key = (metric, _OVERFLOW)
        series = self.series.get(key)
        if series is None:
            counts = [0] * (len(bounds) + 1) if bounds else []
            series = Series(metric=metric, attributes=dict(key[1]), counts=counts)
            self.series[key] = series
        series.count += 1
        series.total += value
        if bounds:
            series.counts[bisect_left(bounds, value)] += 1


def _labels(span: Span, names: tuple[str, ...]) -> dict[str, str]:
    found = {name: str(span.attributes[name]) for name in names if name in span.attributes}
    return {**found, "error.type": span.error} if span.error else found


def _number(value: Attribute | None) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
