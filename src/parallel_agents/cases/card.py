"""Card: what the tests of an agent that are stored say about it, by version and by model."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.cases.interval import Interval, wilson
from parallel_agents.cases.report import CaseTry, TestReport, TryStatus
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.case import Case, digest_of


class EndedTest(NamedTuple):
    """A test that has ended.

    Attributes:
        at: when, in seconds since the epoch.
    """

    report: TestReport
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one version of an agent does on one model.

    Attributes:
        tried: how many tries there were; those that were not tried are apart.
        seconds: the median of the tries; None without any.
        cost_usd: the median; None if a price is unknown, or nothing was tried.
        is_simulated: the model is simulated, and so are its costs: the rest says nothing.
        failing: the cases that did not pass each time, and how often they did.
        not_tried: why tries were not made, each reason once.
        not_judged: why rubrics were not judged, each reason once.
        at: when the latest test ended, in seconds since the epoch.
    """

    model: str
    passed: int
    tried: int
    seconds: float | None
    cost_usd: float | None
    is_simulated: bool
    failing: tuple[str, ...]
    not_tried: tuple[str, ...]
    not_judged: tuple[str, ...]
    at: float

    @property
    def interval(self) -> Interval:
        return wilson(self.passed, self.tried)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCard:
    """What an agent's tests say about it.

    Attributes:
        version: of its definition and its cases as they are now; only tests of it count.
        cases: how many cases it has.
        examples: how many examples its model is shown.
        told: the cases that are also examples, so that the model was told their answers.
        models: by name.
        other_versions: how many tests there are of other versions, or of some of the cases.
    """

    agent: str
    description: str
    version: str
    cases: int
    models: tuple[ModelCard, ...]
    other_versions: int
    examples: int = 0
    told: tuple[str, ...] = ()


def card_of(agent: AnyAgent, cases: Sequence[Case], tests: Iterable[EndedTest]) -> AgentCard:
    """The card of an agent, from all tests of agents that are stored."""
    version = digest_of(agent, cases)
    of_agent = [test for test in tests if test.report.agent == agent.name]
    now = [test for test in of_agent if test.report.version == version]
    tries: defaultdict[str, list[CaseTry]] = defaultdict(list)
    latest: dict[str, float] = {}
    for test in now:
        for each in test.report.tries:
            tries[each.model].append(each)
            latest[each.model] = max(test.at, latest.get(each.model, 0.0))
    return AgentCard(
        agent=agent.name,
        description=agent.description,
        version=version,
        cases=len(cases),
        examples=len(agent.examples),
        told=tuple(case.id for case in cases if _is_told(case, agent)),
        models=tuple(_of_model(model, tries[model], latest[model]) for model in sorted(tries)),
        other_versions=len(of_agent) - len(now),
    )


def _is_told(case: Case, agent: AnyAgent) -> bool:
    return any(
        (case.text.strip(), case.input) == (example.text.strip(), example.input)
        for example in agent.examples
    )


def _of_model(model: str, tries: Sequence[CaseTry], at: float) -> ModelCard:
    tried = [each for each in tries if each.status is not TryStatus.NOT_TRIED]
    costs = [each.cost_usd for each in tried if each.cost_usd is not None]
    return ModelCard(
        model=model,
        passed=sum(each.status is TryStatus.PASSED for each in tried),
        tried=len(tried),
        seconds=statistics.median(each.seconds for each in tried) if tried else None,
        cost_usd=statistics.median(costs) if costs and len(costs) == len(tried) else None,
        is_simulated=any(each.simulated_usd for each in tries),
        failing=tuple(_failing(tried)),
        not_tried=_reasons(e.why for e in tries if e.status is TryStatus.NOT_TRIED),
        not_judged=_reasons(each.rubric_not_judged for each in tried),
        at=at,
    )


def _failing(tried: Sequence[CaseTry]) -> Iterable[str]:
    for case in dict.fromkeys(each.case for each in tried):
        of_case = [each.status is TryStatus.PASSED for each in tried if each.case == case]
        if not all(of_case):
            yield f"{case} ({sum(of_case)} of {len(of_case)} passed)"


def _reasons(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
